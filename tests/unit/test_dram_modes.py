"""The mode of the DRAM: where it can be said, what carries it, what is refused."""

import json

import numpy as np
import pytest

from scanfuse.cli import main
from scanfuse.dram import DramConfig, DramConfigError, read_trace, replay, write_trace
from scanfuse.hardware import HardwareError, load_hardware

PART = "DDR3_micron_32M_8B_x8_sg15"


def test_the_mode_is_part_of_a_configuration():
    default, strict = DramConfig.from_ini(PART), DramConfig.from_ini(PART, mode="strict")
    assert (default.mode, strict.mode) == ("dramsim2", "strict")
    assert default != strict
    assert DramConfig.from_dict(strict.to_dict()) == strict
    saved = default.to_dict()
    del saved["mode"]  # as it was before there were two
    assert DramConfig.from_dict(saved) == default


def test_other_modes_are_refused():
    with pytest.raises(
        DramConfigError, match=r"mode='stricter': must be dramsim2 or strict .did you mean strict"
    ):
        DramConfig.from_ini(PART, mode="stricter")
    with pytest.raises(HardwareError, match=r"dram.mode: must be one of dramsim2, strict, got 'exact'"):
        load_hardware("paper", ["dram.mode=exact"])


def test_overrides_reach_the_mapping_in_strict_mode():
    """Quirk Q1."""
    addresses = np.arange(64) << 27
    for mode, channels in (("dramsim2", {0}), ("strict", {0, 1})):
        cfg = DramConfig.from_ini(PART, capacity_mib=8192, overrides={"NUM_CHANS": 2}, mode=mode)
        assert set(cfg.map_address(addresses).channel.tolist()) == channels
    strict = DramConfig.from_ini(PART, overrides={"BL": 4}, mode="strict")
    assert strict.transaction_bytes == 32


def test_energies_are_signed_in_strict_mode():
    """Quirk Q10: the ST parts draw less in a burst than in standby."""
    for mode, kind in (("dramsim2", np.uint64), ("strict", np.int64)):
        result = replay([0], [0], [False], DramConfig.from_ini("ST-1.2x", mode=mode), epochs=True)
        step = (230 - 1310) * 4 // 2 * 8
        expected = step if mode == "strict" else step % (1 << 32)
        assert result.energy["burst"].dtype == kind
        assert result.energy["burst"].tolist() == [expected]
        assert result.owners["burst"].tolist() == [expected]
        assert result.epochs["burst"].tolist() == [expected]
        assert result.energy["total_nj"].iloc[0] == pytest.approx(
            sum(int(result.energy[name].iloc[0]) for name in ("background", "burst", "actpre", "refresh"))
            * result.config.nj_per_unit
        )


def test_traces_carry_the_mode(tmp_path):
    path = tmp_path / "t.npz"
    cfg = DramConfig.from_ini(PART, mode="strict")
    write_trace(path, [0, 1], [0, 64], [False, True], cfg=cfg)
    assert read_trace(path).config == cfg


def test_a_locked_write_is_a_write_in_strict_mode(tmp_path):
    """Quirk Q15."""
    path = tmp_path / "k6_t.trc"
    path.write_text("0x0 P_LOCK_RD 0\n0x40 P_LOCK_WR 5\n")
    assert read_trace(path).is_write.tolist() == [False, False]
    assert read_trace(path, cfg=DramConfig.from_ini(PART)).is_write.tolist() == [False, False]
    assert read_trace(path, cfg=DramConfig.from_ini(PART, mode="strict")).is_write.tolist() == [False, True]


def run(arguments, capsys):
    assert main([str(each) for each in arguments]) == 0
    return capsys.readouterr().out


def test_replay_takes_the_mode(tmp_path, capsys):
    path = tmp_path / "k6_t.trc"
    path.write_text("0x0 P_LOCK_RD 0\n0x40 P_LOCK_WR 5\n")
    arguments = ["replay", path, "--dram", PART, "--format", "json"]
    for mode, writes in (("dramsim2", 0), ("strict", 1)):
        found = json.loads(run([*arguments, "--dram-mode", mode], capsys))
        assert (found["dram"]["mode"], found["counters"]["writes"]) == (mode, writes)


def test_run_takes_the_mode_and_its_folder_repeats_it(tmp_path, capsys):
    arguments = ["run", "mobilenet_v2", "--resolution", 32, "--width", 0.25, "--format", "json"]
    saved = ["--out", tmp_path / "a", "--save-trace", tmp_path / "t.npz"]
    by_option = json.loads(run([*arguments, "--dram-mode", "strict", *saved], capsys))
    by_setting = json.loads(run([*arguments, "--set", "dram.mode=strict", "--out", tmp_path / "b"], capsys))
    again = json.loads(
        run(["run", tmp_path / "a/config.toml", "--out", tmp_path / "c", "--format", "json"], capsys)
    )
    assert by_option == by_setting == again
    assert 'mode = "strict"' in (tmp_path / "a/config.toml").read_text()
    default = json.loads(run([*arguments, "--out", tmp_path / "d"], capsys))
    assert default["total"]["dram_nj"] != by_option["total"]["dram_nj"]
    checked = ["replay", tmp_path / "t.npz", "--verify-against", tmp_path / "a/summary.json"]
    run(checked, capsys)

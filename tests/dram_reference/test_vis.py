"""Is the `.vis` file DRAMSim2's, and are the tables by epoch what it says?

The powers are rebuilt from the reference's own accumulators of each epoch, bandwidths and latencies from the
ticks in which the requests completed; both by formulas written here a second time.
"""

import struct

import numpy as np
import pytest
from dram_golden import CASES, load

from scanfuse.dram import DramConfig, replay

WITHOUT_EPOCHS = {"public-hits-00021", "public-trace-00070"}  # in their golden files
PATHS = [path for path in sorted(CASES.glob("*.json")) if path.stem not in WITHOUT_EPOCHS]
FIRST_OF_FAMILY = {path.stem.split("-")[1]: path for path in reversed(PATHS)}
SYSTEM_KEYS = (
    "NUM_CHANS JEDEC_DATA_BUS_BITS TRANS_QUEUE_DEPTH CMD_QUEUE_DEPTH EPOCH_LENGTH USE_LOW_POWER "
    "TOTAL_ROW_ACCESSES ROW_BUFFER_POLICY SCHEDULING_POLICY ADDRESS_MAPPING_SCHEME QUEUING_STRUCTURE "
    "DEBUG_TRANS_Q DEBUG_CMD_Q DEBUG_ADDR_MAP DEBUG_BANKSTATE DEBUG_BUS DEBUG_BANKS DEBUG_POWER "
    "VIS_FILE_OUTPUT VERIFICATION_OUTPUT NUM_RANKS"
).split()
DEVICE_KEYS = (
    "NUM_BANKS NUM_ROWS NUM_COLS DEVICE_WIDTH REFRESH_PERIOD tCK CL AL BL tRAS tRCD tRRD tRC tRP tCCD tRTP "
    "tWTR tWR tRTRS tRFC tFAW tCKE tXP tCMD IDD0 IDD1 IDD2P IDD2Q IDD2N IDD3Pf IDD3Ps IDD3N IDD4W IDD4R IDD5 "
    "IDD6 IDD6L IDD7 Vdd"
).split()


def single(value):
    """Rounded to a 32-bit float."""
    return struct.unpack("f", struct.pack("f", value))[0]


def shown(value):
    return "-nan" if value != value else f"{value:.6g}"


def replayed(case):
    meta, run = case.meta, case.meta["run"]
    cfg = DramConfig.from_ini(meta["device"], meta["system"], meta["megs"], meta["overrides"])
    return cfg, replay(
        case.cycles,
        case.addresses,
        case.flags & 1,
        cfg,
        feed=run["offer"],
        force=case.flags & 2,
        per_cycle=run["per_cycle"],
        cpu_hz=run["cpu_hz"],
        extra=run["extra"],
        epochs=True,
    )


def sections(path):
    text = path.read_text()
    head, data = text.split("!!EPOCH_DATA\n")
    assert text.endswith("\n")
    system, device = head.removeprefix("!!SYSTEM_INI\n").split("!!DEVICE_INI\n")
    columns, *lines = data.split("\n")
    return system.splitlines(), device.splitlines(), columns, lines


@pytest.mark.parametrize("family", FIRST_OF_FAMILY)
def test_powers_are_the_references(family, tmp_path):
    case = load(FIRST_OF_FAMILY[family])
    cfg, result = replayed(case)
    result.write_vis(tmp_path / "out.vis")
    system, device, columns, lines = sections(tmp_path / "out.vis")
    assert [line.split("=")[0] for line in system] == SYSTEM_KEYS
    assert [line.split("=")[0] for line in device] == DEVICE_KEYS
    assert f"NUM_RANKS={case.meta['expected']['cfg']['NUM_RANKS']}" in system
    assert columns.endswith(",")
    names = columns.split(",")[:-1]

    length, vdd, tck = cfg["EPOCH_LENGTH"], single(cfg["Vdd"]), single(cfg["tCK"])
    epochs = {}
    for end, channel, rank, *figures in case.meta["epochs"]:
        epochs.setdefault(end, {})[channel, rank] = dict(
            zip(("Background", "Burst", "Refresh", "ACT_PRE"), figures, strict=True)
        )
    ends = sorted(epochs)
    whole = len(ends) == case.meta["expected"]["epochs"]
    if cfg.num_channels > 1 and whole:
        ends.pop()  # its line is broken by the first channel's histogram
    assert ends or cfg.num_channels > 1
    for end, line in zip(ends, lines, strict=False):
        values = line.replace("!!HISTOGRAM_DATA", "").split(",")
        assert values.pop() == ""
        found = dict(zip(names, values, strict=True))
        assert found["ms"] == shown(single(single(end) * tck) * 1e-6)
        for (channel, rank), figures in epochs[end].items():
            for name, accumulated in figures.items():
                power = accumulated / ((end - 1) % length + 1) * vdd / 1000.0
                assert found[f"{name}_Power[{channel}][{rank}]"] == shown(power), (end, channel, rank, name)


@pytest.mark.parametrize("family", ["refresh", "multichan", "override", "default", "timing"])
def test_bandwidths_and_latencies_by_brute_force(family, tmp_path):
    case = load(FIRST_OF_FAMILY[family])
    assert case.meta["run"]["cpu_hz"] == 0 and case.meta["run"]["offer"] == "accept"
    case.flags &= 1
    case.meta["overrides"] = {**case.meta["overrides"], "EPOCH_LENGTH": 777}
    cfg, result = replayed(case)
    place = cfg.map_address(case.addresses)
    write = case.flags == 1
    happens = np.where(write, result.completed - cfg["BL"] // 2, result.completed)
    epoch = happens // 777
    banks = (place.channel * cfg.num_ranks + place.rank) * cfg.num_banks + place.bank
    count = cfg.num_channels * cfg.num_ranks * cfg.num_banks
    epochs = -(-result.ticks // 777)

    def by_bank(chosen, weights):
        flat = np.bincount((epoch * count + banks)[chosen], weights[chosen], epochs * count)
        return flat.astype(np.int64)

    table = result.epoch_banks
    ones = np.ones(len(write), np.int64)
    latencies = result.completed - result.accepted
    assert table["reads"].tolist() == by_bank(~write, ones).tolist()
    assert table["writes"].tolist() == by_bank(write, ones).tolist()
    assert table["latency_sum_ticks"].tolist() == by_bank(~write, latencies).tolist()
    assert (
        table["end_tick"].tolist()
        == np.repeat([min((e + 1) * 777, result.ticks) for e in range(epochs)], count).tolist()
    )

    result.write_vis(tmp_path / "out.vis")
    columns, lines = sections(tmp_path / "out.vis")[2:]
    tck, burst_bytes = single(cfg["tCK"]), cfg["JEDEC_DATA_BUS_BITS"] * cfg["BL"] // 8
    for number in range(epochs - 1):
        found = dict(zip(columns.split(","), lines[number].split(","), strict=True))
        rows = table[table["end_tick"] == (number + 1) * 777]
        totals = dict.fromkeys(range(cfg.num_channels), 0.0)
        for c, r, b, reads, writes, latency, gib_per_s, mean_ns in rows.iloc[:, 1:].itertuples(index=False):
            bandwidth = (reads + writes) * burst_bytes / 2**30 / (777 * tck * 1e-9)
            totals[c] += bandwidth
            assert found[f"Bandwidth[{c}][{r}][{b}]"] == shown(bandwidth) == shown(gib_per_s)
            mean = single(single(single(latency) / single(reads)) * tck) if reads else float("nan")
            assert found[f"Average_Latency[{c}][{r}][{b}]"] == shown(mean) == shown(mean_ns)
        for c, total in totals.items():
            assert float(found[f"Aggregate_Bandwidth[{c}]"]) == pytest.approx(total, rel=1e-5)
            average = total / (cfg.num_ranks * cfg.num_banks)
            assert float(found[f"Average_Bandwidth[{c}]"]) == pytest.approx(average, rel=1e-5)


def test_the_end_of_the_file_is_the_references_sic(tmp_path):
    """Two channels: each histogram follows its channel's values on the last line (quirk Q14)."""
    cfg = DramConfig.from_ini("DDR3_micron_16M_8B_x8_sg15", {**_small(), "NUM_CHANS": 2}, 2048)
    result = replay([0, 0, 40], [0, 64, 1 << 30], [0, 1, 0], cfg, epochs=True)
    result.write_vis(tmp_path / "out.vis")
    lines = sections(tmp_path / "out.vis")[3]
    values = 1 + 2 * (4 + 8 * 2 + 2 + 2)
    assert lines[0].endswith(",!!HISTOGRAM_DATA") and lines[0].count(",") == values // 2 + 1
    assert lines[1] == "20=1"
    assert lines[2].endswith(",!!HISTOGRAM_DATA") and lines[2].count(",") == values // 2
    assert lines[3:] == ["20=1", "", ""]


def _small():
    return {
        key: value for key, value in DramConfig.from_ini("DDR3_micron_16M_8B_x8_sg15").files if key.isupper()
    }


def test_without_epochs_it_says_so(tmp_path):
    result = replay([0], [0], [0], DramConfig.from_ini("DDR3_micron_16M_8B_x8_sg15"))
    for ask in (lambda: result.write_vis(tmp_path / "x.vis"), lambda: result.epoch_banks):
        with pytest.raises(RuntimeError, match=r"call replay\(\.\.\., epochs=True\)"):
            ask()
    assert not (tmp_path / "x.vis").exists()


def test_settings_about_printing_are_kept_for_the_file(tmp_path):
    cfg = DramConfig.from_ini(
        "DDR3_micron_16M_8B_x8_sg15", {**_small(), "DEBUG_BUS": "true", "VIS_FILE_OUTPUT": "false"}
    )
    replay([], [], [], cfg, epochs=True).write_vis(tmp_path / "out.vis")
    system, _, _, lines = sections(tmp_path / "out.vis")
    assert {"DEBUG_BUS=true", "DEBUG_BANKS=false", "VIS_FILE_OUTPUT=true", "NUM_RANKS=2"} <= set(system)
    assert lines[0].startswith("0,0,0,0,0,0,-nan,") and lines[0].endswith("!!HISTOGRAM_DATA")

"""`scanfuse run`: what it prints, what it writes, and that both can be had again."""

import importlib
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from scanfuse.network import load
from scanfuse.results import COLUMNS, TOTAL_COLUMNS

SMALL = "run mobilenet_v2 --resolution 32 --schedule raster"
FILES = {
    "config.toml",
    "DDR3_micron_32M_8B_x8_sg15.ini",
    "layers.csv",
    "layers.parquet",
    "tensors.csv",
    "timeline.csv",
    "walks.csv",
    "mapping.toml",
    "summary.json",
    "system.ini",
}
SUMMED = [name for name in TOTAL_COLUMNS if name.endswith(("_bytes", "_cycles", "_nj", "_us"))]


def folder_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_table_has_a_row_per_layer_and_the_total(scanfuse):
    done = scanfuse(SMALL)
    assert done.status == 0
    lines = done.out.splitlines()
    for layer in load("mobilenet_v2").layers:
        assert sum(f" {layer.name} " in line for line in lines) == 1
    assert sum(line.split()[0] == "total" for line in lines) == 1
    assert done.err == "scanfuse: wrote runs/mobilenet_v2_1_32-raster\n"


def test_time_is_shown_instead_of_energies(scanfuse):
    done = scanfuse(f"{SMALL} --time")
    total = scanfuse(f"{SMALL} --format json").json["total"]
    lines = done.out.splitlines()
    assert "bound" in lines[1] and "uJ" not in lines[1]
    assert len(lines[1]) <= 120
    shown = next(line.split() for line in lines if line.split()[0] == "total")
    assert shown[1] == total["bound"]
    wanted = [total[f"{part}_us"] for part in ("compute", "memory", "overlap", "stall")]
    assert [float(cell.replace(",", "")) for cell in shown[2:6]] == pytest.approx(wanted, abs=0.06)


def test_the_roofs_are_in_the_summary(scanfuse, tmp_path):
    scanfuse(f"{SMALL} --out here --set pe_array.rows=16")
    roofs = json.loads((tmp_path / "here" / "summary.json").read_text())["roofline"]
    assert roofs["peak_gmacs_per_s"] == 16 * 32 * 0.5
    assert roofs["peak_dram_gb_s"] == pytest.approx(64 / 6)
    assert roofs["ridge_macs_per_dram_byte"] == pytest.approx(256 / (64 / 6))


def test_json_is_layers_and_total_and_nothing_else(scanfuse):
    done = scanfuse(f"{SMALL} --format json")
    assert done.json.keys() == {"layers", "total"}
    assert [list(row) for row in done.json["layers"]] == [list(COLUMNS)] * 64
    total = done.json["total"]
    assert list(total) == list(TOTAL_COLUMNS)
    for name in SUMMED:
        assert total[name] == pytest.approx(sum(row[name] for row in done.json["layers"]), rel=1e-12)
    assert total["peak_buffer_entries"] == max(row["peak_buffer_entries"] for row in done.json["layers"])


def test_csv_is_that_of_the_folder(scanfuse, tmp_path):
    done = scanfuse(f"{SMALL} --format csv --out here")
    assert done.out == (tmp_path / "here" / "layers.csv").read_text()
    assert list(pd.read_csv(io.StringIO(done.out)).columns) == list(COLUMNS)


def test_layers_restrict_what_is_printed_and_its_total(scanfuse, tmp_path):
    whole = scanfuse(f"{SMALL} --format json").json["layers"]
    done = scanfuse(f"{SMALL} --layers 3-5,12,classifier --format json --out some")
    assert [row["index"] for row in done.json["layers"]] == [3, 4, 5, 12, 63]
    assert done.json["layers"] == [whole[index] for index in (3, 4, 5, 12, 63)]
    assert done.json["total"]["cycles"] == sum(row["cycles"] for row in done.json["layers"])
    assert len(pd.read_csv(tmp_path / "some" / "layers.csv")) == 64


def test_folder_holds_whole_files(scanfuse, tmp_path):
    scanfuse(f"{SMALL} --out a/b")
    folder = tmp_path / "a" / "b"
    assert {path.name for path in folder.iterdir()} == FILES
    text, columns = pd.read_csv(folder / "layers.csv"), pd.read_parquet(folder / "layers.parquet")
    pd.testing.assert_frame_equal(text, columns, check_dtype=False, check_exact=True)


def test_a_trace_may_go_into_the_folder(scanfuse, tmp_path):
    done = scanfuse(f"{SMALL} --out out --save-trace out/requests.npz")
    assert done.status == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*FILES, "requests.npz"}


def test_summary_lets_anyone_check_the_sums(scanfuse, tmp_path):
    scanfuse(f"{SMALL} --out out")
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    for name, engine in summary["accumulators"].items():
        assert sum(layer[name] for layer in summary["layers"]) == engine
    total, counters = summary["total"], summary["counters"]
    assert total["dram_requests"] == counters["reads"] + counters["writes"]
    assert sum(layer["unused_bytes"] for layer in summary["layers"]) == summary["unused_bytes"]
    useful = sum(total[f"{cause}_bytes"] for cause in ("ifmap", "weight", "ofmap", "psum", "residual"))
    assert total["dram_read_bytes"] + total["dram_write_bytes"] - summary["unused_bytes"] == useful
    assert useful == summary["entries"] * 2
    raw = sum(summary["accumulators"].values())
    assert total["dram_nj"] == raw * summary["nj_per_accumulator_unit"]


RERUNS = {
    "plain": "",
    "scaled": "--width 0.5 --schedule fused",
    "settings": "--set buffer.entries=20000 --set dma.prefetch=false --set layout.order=nchw",
    "part": "--dram DDR3_micron_16M_8B_x8_sg15 --set dram.capacity_mib=512",
    "overrides": "--set dram.overrides.TOTAL_ROW_ACCESSES=16 --set dram.overrides.USE_LOW_POWER=false",
    "ini": "--dram own.ini --set energy.mac_pj=0.1",
    "energies": "--set energy.source=own.toml",
}


@pytest.mark.parametrize("options", RERUNS.values(), ids=RERUNS)
def test_config_repeats_the_run_to_the_bit(scanfuse, tmp_path, options, monkeypatch):
    from scanfuse.dram.parts import part_path
    from scanfuse.hardware import energy

    part = part_path("DDR3_micron_32M_8B_x8_sg15").read_text()
    (tmp_path / "own.ini").write_text(part.replace("IDD0=130", "IDD0=131"))
    table = Path(energy.__file__).with_name("horowitz_2014.toml").read_text()
    (tmp_path / "own.toml").write_text(table.replace("8192 = 10", "8192 = 11"))
    first = scanfuse(f"{SMALL} {options} --out first --format json")
    assert first.status == 0
    files = folder_bytes(tmp_path / "first")
    shutil.move(tmp_path / "first", tmp_path / "moved")
    for name in ("own.ini", "own.toml"):
        (tmp_path / name).unlink()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    again = scanfuse("run ../moved/config.toml --out again --format json")
    assert again.out == first.out
    assert folder_bytes(tmp_path / "elsewhere" / "again") == files


def test_config_can_be_changed_by_options(scanfuse):
    changes = "--schedule fixed --set buffer.entries=9000 --dram DDR3_micron_16M_8B_x8_sg15"
    scanfuse(f"{SMALL} --out first")
    done = scanfuse(f"run first/config.toml {changes} --out b")
    direct = scanfuse(f"run mobilenet_v2 --resolution 32 {changes} --out c")
    rows = [done.out.splitlines()[1:], direct.out.splitlines()[1:]]  # below the title, which names settings
    assert rows[0] == rows[1]


def test_config_serves_as_hardware_too(scanfuse):
    scanfuse(f"{SMALL} --set buffer.entries=9000 --out first")
    own = scanfuse(f"{SMALL} --hardware first/config.toml --format csv")
    assert own.out == scanfuse(f"{SMALL} --set buffer.entries=9000 --format csv").out


def test_two_processes_give_the_same_bytes(tmp_path):
    for seed in "12":
        subprocess.run(
            [sys.executable, "-m", "scanfuse", *SMALL.split(), "--schedule", "fused", "--out", seed],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path), "PATH": ""},
        )
    assert folder_bytes(tmp_path / "1") == folder_bytes(tmp_path / "2")


def test_verify_says_what_was_proved(scanfuse):
    done = scanfuse(f"{SMALL} --verify --out proved")
    assert done.status == 0
    assert "outputs of 64 layers equal the network's; at most " in done.err
    found = json.loads(Path("proved/summary.json").read_text())
    assert found["verified"]["layers"] == 64
    assert max(found["verified"]["peak_entries"]) == found["total"]["peak_buffer_entries"]


def test_wrong_values_fail_with_one_line(scanfuse, monkeypatch, tmp_path):
    execute = importlib.import_module("scanfuse.execute")  # the room, not the function of that name

    def fail(*args, **kwargs):
        raise execute.ExecutionError("step 3 (stem): stem[0, 0, 0] is 5, expected 4")

    monkeypatch.setattr(execute, "execute", fail)
    done = scanfuse(f"{SMALL} --verify --out out")
    assert (done.status, done.out) == (1, "")
    assert done.err == "scanfuse: error: step 3 (stem): stem[0, 0, 0] is 5, expected 4\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["requests.csv", "requests.npz", "requests.parquet"])
@pytest.mark.parametrize("options", ["", "--set dram.overrides.JEDEC_DATA_BUS_BITS=16 --schedule fused"])
def test_saved_trace_replays_to_the_run_s_ticks_and_energy(scanfuse, tmp_path, name, options):
    scanfuse(f"{SMALL} {options} --save-trace {name} --out out")
    done = scanfuse(f"replay {name} --format json --verify-against out/summary.json")
    assert done.status == 0, done.err
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    for figure in ("dram_ticks", "accumulators", "counters"):
        assert done.json[figure] == summary[figure]
    assert done.json["dram_nj"] == summary["total"]["dram_nj"]

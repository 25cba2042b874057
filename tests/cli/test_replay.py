"""`scanfuse replay`: other DRAMs, files of results, verification."""

import json

import numpy as np
import pandas as pd
import pytest

from scanfuse.dram import DramConfig, replay, write_trace
from scanfuse.dram.parts import default_system_path

PART = "DDR3_micron_32M_8B_x8_sg15"


@pytest.fixture
def stream():
    """A few hundred requests, some of them near each other."""
    random = np.random.default_rng(7)
    cycles = np.sort(random.integers(0, 4000, 300))
    return cycles, random.integers(0, 1 << 20, 300).astype(np.uint64) * 64, random.random(300) < 0.3


@pytest.fixture
def trace(stream, tmp_path):
    write_trace(tmp_path / "mase_own.trc", *stream)


def test_a_plain_trace_goes_to_the_named_part(scanfuse, stream, trace):
    done = scanfuse(f"replay mase_own.trc --dram {PART} --format json")
    direct = replay(*stream, DramConfig.from_ini(PART))
    assert done.json["dram_ticks"] == direct.ticks
    assert done.json["requests"] == 300
    for name, total in done.json["accumulators"].items():
        assert total == direct.energy[name].sum() == sum(rank[name] for rank in done.json["ranks"])
    assert done.err == ""


def test_without_a_part_it_says_which_it_takes(scanfuse, trace):
    done = scanfuse("replay mase_own.trc")
    assert done.status == 0
    assert done.err == f"scanfuse: the trace names no DRAM; taking {PART}\n"
    assert "300 requests" in done.out


def test_settings_and_feed_change_the_result(scanfuse, trace):
    plain, policy, feed, chips = (
        scanfuse(f"replay mase_own.trc --dram {PART} --format json {options}").json
        for options in (
            "",
            "--set ROW_BUFFER_POLICY=close_page",
            "--feed trace",
            "--capacity-mib 8192 --set NUM_CHANS=1",
        )
    )
    assert policy["counters"] != plain["counters"]
    assert feed["feed"] == "trace"
    assert len(chips["ranks"]) == 4 * len(plain["ranks"])


def test_a_trace_s_own_dram_can_be_changed_in_part(scanfuse, stream, tmp_path):
    own = DramConfig.from_ini(PART, overrides={"tRCD": 11})
    write_trace(tmp_path / "own.npz", *stream, cfg=own)
    kept = scanfuse("replay own.npz --format json").json["dram"]
    changed = scanfuse("replay own.npz --set tRP=11 --capacity-mib 4096 --format json").json["dram"]
    assert DramConfig.from_dict(kept) == own
    assert changed["overrides"] == {"tRCD": 11, "tRP": 11}
    assert (changed["capacity_mib"], changed["name"]) == (4096, PART)
    other = scanfuse("replay own.npz --dram DDR3_micron_16M_8B_x8_sg15 --format json").json["dram"]
    assert (other["name"], other["overrides"]) == ("DDR3_micron_16M_8B_x8_sg15", {})


def test_options_replace_the_device_or_the_system_of_a_trace_and_nothing_else(scanfuse, stream, tmp_path):
    own = DramConfig.from_ini(
        PART, overrides={"tRCD": 11, "TRANS_QUEUE_DEPTH": 4, "ROW_BUFFER_POLICY": "close_page"}
    )
    write_trace(tmp_path / "own.npz", *stream, cfg=own)
    (tmp_path / "system.ini").write_text("TRANS_QUEUE_DEPTH=8\n" + default_system_path().read_text())

    def dram(options):
        return DramConfig.from_dict(scanfuse(f"replay own.npz --format json {options}").json["dram"])

    device, system = dram("--dram DDR3_micron_16M_8B_x8_sg15"), dram("--system system.ini")
    assert dict(device.overrides) == {"TRANS_QUEUE_DEPTH": 4, "ROW_BUFFER_POLICY": "close_page"}
    assert (system.name, dict(system.overrides)) == (PART, {"tRCD": 11})
    assert dram(f"--dram {PART} --set tRCD=11") == dram("") == own


def test_a_capacity_of_nothing_is_refused(scanfuse, trace):
    done = scanfuse("replay mase_own.trc --capacity-mib 0")
    assert done.status == 2 and "capacity_mib=0" in done.err


def test_files_of_results(scanfuse, stream, trace, tmp_path):
    done = scanfuse(
        f"replay mase_own.trc --dram {PART} --format json "
        "--requests-out requests.csv --summary-out summary.json"
    )
    assert json.loads((tmp_path / "summary.json").read_text()) == done.json
    table = pd.read_csv(tmp_path / "requests.csv")
    direct = replay(*stream, DramConfig.from_ini(PART))
    assert list(table.columns) == ["request", "cycle", "address", "rw", "accepted", "completed"]
    assert table["accepted"].to_numpy().tolist() == direct.accepted.tolist()
    assert table["completed"].to_numpy().tolist() == direct.completed.tolist()
    assert (table["rw"] == "W").to_numpy().tolist() == stream[2].tolist()


def test_verification_names_what_differs(scanfuse, trace):
    scanfuse(f"replay mase_own.trc --dram {PART} --summary-out before.json")
    same = scanfuse(f"replay mase_own.trc --dram {PART} --verify-against before.json")
    assert same.status == 0
    other = scanfuse(
        f"replay mase_own.trc --dram {PART} --set tCCD=5 --verify-against before.json --format json"
    )
    assert other.status == 1
    assert other.json["requests"] == 300
    assert "accumulators" in other.err and "figures are not those of before.json" in other.err


def test_vis_file_is_that_of_the_replay(scanfuse, stream, trace, tmp_path):
    done = scanfuse(f"replay mase_own.trc --dram {PART} --set EPOCH_LENGTH=1000 --vis out.vis")
    assert done.status == 0
    direct = replay(*stream, DramConfig.from_ini(PART, overrides={"EPOCH_LENGTH": 1000}), epochs=True)
    direct.write_vis(tmp_path / "direct.vis")
    assert (tmp_path / "out.vis").read_bytes() == (tmp_path / "direct.vis").read_bytes()
    assert scanfuse(f"replay mase_own.trc --dram {PART} --vis nowhere/out.vis").status == 2

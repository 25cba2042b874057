"""`scanfuse convert`, and `scanfuse replay` on the formats of others."""

import gzip
import json

import numpy as np
import pytest

from scanfuse.dram import DramConfig, read_trace, replay, trace_formats, write_trace

NO_CYCLES = ("misc", "ramulator", "ramulator2-loadstore", "ramulator2-readwrite")
PART = "DDR3_micron_32M_8B_x8_sg15"


@pytest.fixture
def own(tmp_path):
    cfg = DramConfig.from_ini(PART)
    write_trace(
        tmp_path / "own.npz", [0, 7, 7, 30], [0, 64, 128, 1 << 20], [0, 1, 0, 0], cfg=cfg, total_ticks=99
    )
    return cfg


@pytest.mark.parametrize("name", trace_formats())
def test_every_format_and_back(scanfuse, own, tmp_path, name):
    there = scanfuse(f"convert own.npz there.trc.gz --to {name}")
    assert (there.status, there.out) == (0, "")
    assert there.err.startswith("scanfuse: 4 requests to there.trc.gz")
    assert ("no place for cycles" in there.err) == (name in NO_CYCLES)
    assert ("the record of the run" in there.err) == (name not in ("npz", "parquet", "csv"))
    mapping = f"--dram {PART}" if name == "ramulator2-readwrite" else ""
    back = scanfuse(f"convert there.trc.gz back.csv --from {name} {mapping}")
    assert back.status == 0
    trace = read_trace(tmp_path / "back.csv")
    assert trace.addresses.tolist() == [0, 64, 128, 1 << 20]
    assert trace.is_write.tolist() == [False, True, False, False]
    if name not in NO_CYCLES:
        assert trace.cycles.tolist() == ([0, 0, 7, 30] if name == "ramulator-cpu" else [0, 7, 7, 30])
    if name in ("npz", "parquet", "csv"):
        assert (trace.config, trace.total_ticks) == (own, 99)
    if mapping:
        assert trace.config == own


def test_another_dram_drops_the_length_of_the_run(scanfuse, own, tmp_path):
    scanfuse("convert own.npz other.csv --dram DDR3_micron_16M_8B_x8_sg15 --capacity-mib 1024")
    trace = read_trace(tmp_path / "other.csv")
    assert (trace.config.name, trace.config.capacity_mib) == ("DDR3_micron_16M_8B_x8_sg15", 1024)
    assert trace.total_ticks == 0


def test_errors_are_a_line(scanfuse, own, tmp_path):
    (tmp_path / "a.trace").write_text("0x40 R\n0x80 Q\n0xc0 W\n")
    bad = scanfuse("convert a.trace b.csv --from ramulator")
    assert bad.status == 2
    assert bad.err == (
        "scanfuse: error: a.trace:2: found '0x80 Q': expected ADDRESS decimal or 0x..., then R|W\n"
    )
    assert not (tmp_path / "b.csv").exists()
    skipped = scanfuse("convert a.trace b.csv --from ramulator --skip-bad")
    assert skipped.status == 0
    assert "a.trace: 1 malformed lines skipped" in skipped.err
    assert len(read_trace(tmp_path / "b.csv")) == 2
    (tmp_path / "late.dramsim3").write_text(f"0x40 READ 1\n0x40 READ {1 << 48}\n")
    for line, what in (
        ("convert a.trace b.csv", "cannot tell the kind of trace"),
        ("convert none.npz b.csv", "none.npz"),
        ("convert own.npz none/b.csv", "there is no folder"),
        ("convert own.npz b.csv --to mace", "invalid choice"),
        ("replay own.npz --ticks 0", "--ticks 0: must be"),
        (
            "replay late.dramsim3",
            "late.dramsim3: request 1 in cycle 281474976710656: expected cycles below 2^48",
        ),
    ):
        done = scanfuse(line)
        assert (done.status, done.out) == (2, "")
        assert what in done.err and done.err.count("\n") == 1


def test_replay_as_the_tool_of_dramsim2(scanfuse, tmp_path):
    text = "\n0x40 READ 3\n0x80 WRITE 3\nnonsense\n0x100000 READ 900\n"
    (tmp_path / "mase_a.trc.gz").write_bytes(gzip.compress(text.encode()))
    done = scanfuse(
        f"replay mase_a.trc.gz --dram {PART} --feed dramsim2 --ticks 905 --skip-bad --format json "
        "--requests-out requests.csv"
    )
    assert done.status == 0
    assert done.err == "scanfuse: mase_a.trc.gz: 1 malformed lines skipped\n"
    direct = replay(
        [3, 3, 900],
        [64, 128, 1 << 20],
        [False, True, False],
        DramConfig.from_ini(PART),
        feed="trace",
        idle=[1, 0, 0],
        stop_tick=905,
    )
    assert direct.accepted.tolist() == [3, 4, 900]
    assert done.json["dram_ticks"] == 905
    assert (done.json["requests"], done.json["accepted"], done.json["completed"]) == (3, 3, 2)
    assert done.json["accumulators"]["background"] == direct.energy["background"].sum()
    assert (tmp_path / "requests.csv").read_text().splitlines()[-1] == "2,900,1048576,R,900,"
    table = scanfuse(f"replay mase_a.trc.gz --dram {PART} --feed dramsim2 --ticks 905 --skip-bad")
    assert table.out.startswith(f"3 requests on {PART} (1 of them not completed): 905 ticks")


def test_replay_takes_vectors_through_the_mapping(scanfuse, tmp_path):
    (tmp_path / "a.trace").write_text("R 0,0,3,9,5\nW 0,0,3,9,6\n")
    done = scanfuse(
        f"replay a.trace --from ramulator2-readwrite --dram {PART} --format json --requests-out r.csv"
    )
    assert done.status == 0
    addresses = np.loadtxt(tmp_path / "r.csv", delimiter=",", skiprows=1, usecols=2, dtype=np.uint64)
    places = DramConfig.from_ini(PART).map_address(addresses)
    assert [level.tolist() for level in places] == [[0, 0], [0, 0], [3, 3], [9, 9], [5, 6]]
    assert json.loads(done.out)["row_hit_rate"] == 0.5

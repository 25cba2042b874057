"""Traces on disk: every format goes round, and a damaged one is named."""

import os

import numpy as np
import pytest

from scanfuse.dram import DramConfig, RequestPort, TraceError, read_trace, replay, write_trace

NAMES = ["run.npz", "run.parquet", "run.csv", "mase_run.trc", "k6_run.trc"]
CYCLES = np.array([0, 0, 7, 1 << 40])
ADDRESSES = np.array([0, 64, (1 << 64) - 64, 0x1234], np.uint64)
IS_WRITE = np.array([False, True, False, True])


@pytest.mark.parametrize("name", NAMES)
def test_round_trip(tmp_path, name):
    cfg = DramConfig.from_ini("DDR3_micron_32M_8B_x8_sg15", overrides={"CL": 9})
    path = tmp_path / name
    write_trace(path, CYCLES, ADDRESSES, IS_WRITE, cfg=cfg, total_ticks=99, metadata={"network": "none"})
    trace = read_trace(path)
    assert len(trace) == 4
    for ours, theirs in ((trace.cycles, CYCLES), (trace.addresses, ADDRESSES), (trace.is_write, IS_WRITE)):
        assert ours.tolist() == theirs.tolist()
        assert ours.dtype == theirs.dtype
    if name.startswith("run"):
        assert trace.config == cfg
        assert (trace.total_ticks, trace.metadata["network"]) == (99, "none")
    else:
        assert (trace.config, trace.total_ticks) == (None, 0)
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_trace_is_a_trace(tmp_path, name):
    write_trace(tmp_path / name, [], [], [])
    assert len(read_trace(tmp_path / name)) == 0


def test_a_saved_run_repeats_itself(tmp_path):
    cfg = DramConfig.from_ini("DDR3_micron_16M_8B_x8_sg15")
    port = RequestPort(cfg, log=True)
    port.submit(np.arange(500) * 64, is_write=False)
    port.submit(np.arange(300) * 64 + (1 << 24), is_write=True)
    while port.unfinished:
        port.advance(1 << 40)
    write_trace(tmp_path / "run.npz", *port.log(), cfg=cfg, total_ticks=port.tick)
    trace = read_trace(tmp_path / "run.npz")
    again = replay(trace.cycles, trace.addresses, trace.is_write, trace.config, total_ticks=trace.total_ticks)
    assert again.ticks == port.tick
    assert again.energy.equals(port.energy())


@pytest.mark.parametrize(
    ("name", "text", "line", "expected"),
    [
        ("mase_a.trc", "0x40 READ 1\n0x40 FETCH 2\n", 2, r"0xADDRESS IFETCH\|READ\|WRITE CYCLE"),
        ("mase_a.trc", "0x40 READ\n", 1, "0xADDRESS"),
        ("mase_a.trc", "40 READ 1\n", 1, "0xADDRESS"),
        ("k6_a.trc", "\n0x40 P_MEM_RD -1\n", 2, "0xADDRESS"),
        ("k6_a.trc", "0x10000000000000000 P_MEM_RD 1\n", 1, "0xADDRESS"),
        ("a.csv", "cycle,address\n", 1, "the header cycle,address,rw"),
        ("a.csv", "# x\ncycle,address,rw\n1,0x40,Q\n", 3, r"CYCLE,ADDRESS,R\|W"),
        ("a.csv", "cycle,address,rw\n1,0x40,R,9\n", 2, r"CYCLE,ADDRESS,R\|W"),
        ("a.csv", "# metadata {oops\ncycle,address,rw\n", 1, "a JSON object"),
    ],
)
def test_a_bad_line_is_named(tmp_path, name, text, line, expected):
    (tmp_path / name).write_text(text)
    with pytest.raises(TraceError, match=rf"{name}:{line}: found .*: expected .*{expected}"):
        read_trace(tmp_path / name)


@pytest.mark.parametrize("name", ["run.npz", "run.parquet"])
@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9, 0.99])
def test_half_a_file_is_named(tmp_path, name, keep):
    path = tmp_path / name
    write_trace(path, CYCLES, ADDRESSES, IS_WRITE)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])
    with pytest.raises(TraceError, match=f"{name}: not a whole"):
        read_trace(path)


def test_columns_of_the_wrong_kind_are_named(tmp_path):
    np.savez(tmp_path / "a.npz", cycle=np.array([0.5]), address=np.array([1]), is_write=np.array([True]))
    with pytest.raises(TraceError, match=r"a.npz: found float64\[1\].*: expected whole-number columns"):
        read_trace(tmp_path / "a.npz")
    late = np.array([1 << 63], np.uint64)
    np.savez(tmp_path / "c.npz", cycle=late, address=np.array([1]), is_write=np.array([True]))
    with pytest.raises(
        TraceError, match=r"c.npz: found a cycle of 9223372036854775808: expected cycles below"
    ):
        read_trace(tmp_path / "c.npz")
    np.savez(tmp_path / "b.npz", cycle=np.array([1]))
    with pytest.raises(TraceError, match=r"b.npz: not a whole npz"):
        read_trace(tmp_path / "b.npz")


def test_unknown_kinds_and_missing_places(tmp_path):
    with pytest.raises(TraceError, match=r"cannot tell the kind of trace: expected a suffix .npz"):
        read_trace(tmp_path / "run.trc")
    with pytest.raises(FileNotFoundError):
        read_trace(tmp_path / "none.npz")
    with pytest.raises(FileNotFoundError):
        write_trace(tmp_path / "none" / "run.npz", [], [], [])
    with pytest.raises(ValueError, match="one length"):
        write_trace(tmp_path / "run.csv", [1], [], [])
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "run.csv"
    write_trace(path, [1], [64], [True])
    before = path.read_bytes()
    with pytest.raises(TypeError):
        write_trace(path, [1], [64], [True], metadata={"what": object()})
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["run.csv"]

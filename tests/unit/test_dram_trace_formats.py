"""Formats of traces: what each holds survives any way through them; hostile files are refused in words."""

import gzip
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanfuse.commands.options import TRACE_FORMATS
from scanfuse.dram import DramConfig, TraceError, read_trace, trace_formats, write_trace
from scanfuse.dram.trace_names import FORMATS

CFG = DramConfig.from_ini("DDR3_micron_32M_8B_x8_sg15", capacity_mib=4096)
CAPACITY = CFG.capacity_bytes
TEXT = [name for name in trace_formats() if name not in ("npz", "parquet")]
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_the_command_line_knows_the_formats_that_there_are():
    assert {name: each.title for name, each in FORMATS.items()} == TRACE_FORMATS


@st.composite
def streams(draw):
    """Requests that every format holds but for cycles: bursts within the DRAM, each write after a read."""
    size = draw(st.integers(0, 20))
    is_write = np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)), bool)
    for i in range(size):
        is_write[i] = is_write[i] and i > 0 and not is_write[i - 1]
    bursts = draw(st.lists(st.integers(0, CAPACITY // 64 - 1), min_size=size, max_size=size))
    steps = draw(st.lists(st.integers(0, 1 << 40), min_size=size, max_size=size))
    cycles = np.cumsum(np.array(steps, np.int64))
    return cycles, np.array(bursts, np.uint64) * 64, is_write


@QUICK
@given(stream=streams(), first=st.sampled_from(trace_formats()), second=st.sampled_from(trace_formats()))
def test_what_a_format_holds_survives_any_two(tmp_path, stream, first, second):
    cycles, addresses, is_write = stream
    one, two = tmp_path / "one", tmp_path / "two"
    write_trace(one, cycles, addresses, is_write, cfg=CFG, total_ticks=5, format=first)
    between = read_trace(one, first, cfg=CFG)
    write_trace(
        two,
        between.cycles,
        between.addresses,
        between.is_write,
        metadata=between.metadata,
        cfg=CFG,
        format=second,
    )
    found = read_trace(two, second, cfg=CFG)
    assert found.addresses.tolist() == addresses.tolist()
    assert found.is_write.tolist() == is_write.tolist()
    if not (FORMATS[first].holds_cycles and FORMATS[second].holds_cycles):
        if "ramulator-cpu" not in (first, second):
            assert not found.cycles.any()
    elif "ramulator-cpu" not in (first, second):
        assert found.cycles.tolist() == cycles.tolist()
    if FORMATS[first].holds_metadata and FORMATS[second].holds_metadata:
        assert (found.config, found.total_ticks) == (CFG, 5)


@pytest.mark.parametrize("name", trace_formats())
@pytest.mark.parametrize("packing", ["", ".gz", ".zst"])
def test_packed_files(tmp_path, name, packing):
    if packing == ".zst":
        pytest.importorskip("zstandard")
    path = tmp_path / f"{name}_run.trc{packing}"
    addresses = np.arange(5000, dtype=np.uint64) * 64
    write_trace(path, np.arange(5000), addresses, addresses < 0, cfg=CFG, format=name)
    whole = path.read_bytes()
    assert read_trace(path, name, cfg=CFG).addresses.tolist() == addresses.tolist()
    if packing:
        for keep in (0.1, 0.6, 0.99):
            path.write_bytes(whole[: int(len(whole) * keep)])
            with pytest.raises(TraceError, match=rf"{name}_run.trc{packing}: not a whole {packing[1:]} file"):
                read_trace(path, name, cfg=CFG)


def test_packed_files_of_several_members(tmp_path):
    line = b"0x40 READ 1\n"
    (tmp_path / "mase_a.gz").write_bytes(gzip.compress(line) + gzip.compress(line))
    assert len(read_trace(tmp_path / "mase_a.gz")) == 2
    zstandard = pytest.importorskip("zstandard")
    (tmp_path / "mase_a.zst").write_bytes(zstandard.compress(line) + zstandard.compress(line))
    assert len(read_trace(tmp_path / "mase_a.zst")) == 2


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="zstd is in the standard library")
def test_without_the_package_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "zstandard", None)
    (tmp_path / "mase_a.trc.zst").write_bytes(b"")
    with pytest.raises(TraceError, match=r"pip install 'scanfuse\[zstd\]'"):
        read_trace(tmp_path / "mase_a.trc.zst")
    with pytest.raises(TraceError, match=r"pip install 'scanfuse\[zstd\]'"):
        write_trace(tmp_path / "mase_b.trc.zst", [], [], [])
    assert [path.name for path in tmp_path.iterdir()] == ["mase_a.trc.zst"]


GOOD = {
    "csv": (b"cycle,address,rw\n 3 , 0x80 ,w\n", [(3, 128, True)]),
    "mase": (b"0x40 IFETCH 1\r\n0XfF WRITE 2", [(1, 64, False), (2, 255, True)]),
    "k6": (b"0x40 P_LOCK_WR 1\n0x80 BOFF 2\n", [(1, 64, False), (2, 128, True)]),
    "misc": (b"0x40 read\n0x80 write 0xdeadbeef and more\n", [(0, 64, False), (0, 128, True)]),
    "dramsim3": (b"0x40 READ 1\n80 WRITE 2\n", [(1, 64, False), (2, 128, True)]),
    "ramulator": (b"0x40 R\n128 W\n", [(0, 64, False), (0, 128, True)]),
    "ramulator-cpu": (b"3 64\n0 0x80 0x100\n2 64\n", [(3, 64, 0), (4, 128, 0), (4, 256, 1), (7, 64, 0)]),
    "ramulator2-loadstore": (b"LD 0x40\n\nST 128\n", [(0, 64, False), (0, 128, True)]),
    "ramulator2-readwrite": (b"R 0,0,0,0,1\nW 0 1 2 3 4\n", None),
}
BAD = {
    "csv": [b"1,0x40\n", b"1,0x40,R,2\n", b"1,0x,R\n", b"-1,0,R\n", b"1 0x40 R\n"],
    "mase": [
        b"0x40 READ\n",
        b"40 READ 1\n",
        b"0x40 READ 1 2\n",
        b"0x40 read 1\n",
        b"0x40 READ 9223372036854775808\n",
    ],
    "k6": [b"0x40 P_INT_ACK 1\n", b"0x40 P_MEM_RD 1.5\n"],
    "misc": [b"0x40 READ\n", b"0x40\n", b"64 read\n"],
    "dramsim3": [b"0x40 READ\n", b"0x40 RD 1\n", b"0x1ffffffffffffffff READ 1\n"],
    "ramulator": [b"0x40\n", b"R 0x40\n", b"0x40 R 7\n", b"18446744073709551616 R\n"],
    "ramulator-cpu": [b"3\n", b"0x3 64\n", b"3 64 65 66\n", b"3 64 x\n"],
    "ramulator2-loadstore": [b"LD\n", b"R 0x40\n", b"0x40 LD\n", b"LD 40x\n"],
    "ramulator2-readwrite": [
        b"R 0,0,0,0\n",
        b"R 0,0,0,0,0,0\n",
        b"R 0,9,0,0,0\n",
        b"R 0,0,0,32768,0\n",
        b"R 0,0,0,0,128\n",
    ],
}


@pytest.mark.parametrize("name", TEXT)
def test_lines_as_the_pages_describe_them(tmp_path, name):
    text, expected = GOOD[name]
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbf" + text)
    trace = read_trace(tmp_path / "a", name, cfg=CFG)
    rows = list(zip(trace.cycles.tolist(), trace.addresses.tolist(), trace.is_write.tolist(), strict=True))
    if expected is not None:
        assert rows == expected
    else:
        places = CFG.map_address(trace.addresses)
        assert [tuple(int(level[i]) for level in places) for i in (0, 1)] == [
            (0, 0, 0, 0, 1),
            (0, 1, 2, 3, 4),
        ]


@pytest.mark.parametrize(("name", "line"), [(name, line) for name, lines in BAD.items() for line in lines])
def test_malformed_lines_are_named_or_counted(tmp_path, name, line):
    good, _ = GOOD[name]
    good = good.rstrip() + b"\n"
    (tmp_path / "a").write_bytes(good + b"\n" + line + good.removeprefix(b"cycle,address,rw\n"))
    number = good.count(b"\n") + 2
    with pytest.raises(TraceError) as caught:
        read_trace(tmp_path / "a", name, cfg=CFG)
    shown = str(caught.value).split(":", 2)
    assert shown[0].endswith("/a") and shown[1] == str(number)
    assert repr(line.decode().strip()) in shown[2] and "expected" in shown[2]
    trace = read_trace(tmp_path / "a", name, skip_bad=True, cfg=CFG)
    (tmp_path / "b").write_bytes(good)
    assert trace.skipped == 1
    assert len(trace) == 2 * len(read_trace(tmp_path / "b", name, cfg=CFG))


@pytest.mark.parametrize("skip_bad", [False, True])
@QUICK
@given(data=st.data())
def test_any_bytes_are_a_trace_or_a_trace_error(tmp_path, skip_bad, data):
    name = data.draw(st.sampled_from(trace_formats()))
    packing = data.draw(st.sampled_from(["", ".gz"]))
    seed = data.draw(st.sampled_from([b"", *(text for text, _ in GOOD.values())]))
    junk = data.draw(st.binary(max_size=60))
    at = data.draw(st.integers(0, len(seed)))
    path = tmp_path / f"a{packing}"
    whole = seed[:at] + junk + seed[at:]
    path.write_bytes(gzip.compress(whole) if packing and data.draw(st.booleans()) else whole)
    try:
        trace = read_trace(path, name, skip_bad=skip_bad, cfg=CFG)
    except TraceError as error:
        assert str(path) in str(error)
    else:
        assert len(trace.cycles) == len(trace.addresses) == len(trace.is_write)
        assert not len(trace) or trace.cycles.min() >= 0


@QUICK
@given(data=st.data())
def test_damaged_columns_are_a_trace_or_a_trace_error(tmp_path, data):
    name = data.draw(st.sampled_from(["npz", "parquet"]))
    path = tmp_path / f"a.{name}"
    write_trace(path, [1, 2, 3], [64, 128, 192], [True, False, True], cfg=CFG)
    whole = bytearray(path.read_bytes())
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=4)):
        whole[at] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(whole))
    try:
        read_trace(path)
    except TraceError as error:
        assert str(path) in str(error)


def test_the_fast_parser_reads_what_a_plain_one_reads(tmp_path):
    """The slow twin: a line at a time, in Python."""

    def twin(text):
        for line in text.splitlines():
            address, command, cycle = line.split()
            yield int(cycle), int(address, 16), command == "WRITE"

    random = np.random.default_rng(3)
    addresses = random.integers(0, 1 << 63, 20_000).astype(np.uint64) >> random.integers(
        0, 60, 20_000
    ).astype(np.uint64)
    path = tmp_path / "mase_a.trc"
    write_trace(path, np.sort(random.integers(0, 1 << 62, 20_000)), addresses, random.random(20_000) < 0.5)
    trace = read_trace(path)
    rows = zip(trace.cycles.tolist(), trace.addresses.tolist(), trace.is_write.tolist(), strict=True)
    assert list(rows) == list(twin(path.read_text()))


def test_pieces_join_where_a_line_is_cut(tmp_path, monkeypatch):
    monkeypatch.setattr("scanfuse.dram.trace_files._PIECE", 37)
    monkeypatch.setattr("scanfuse.dram.trace_files._LONGEST_LINE", 37)
    path = tmp_path / "mase_a.trc"
    path.write_bytes(b"".join(b"0x%x READ %d\n\n" % (i * 64, i) for i in range(100)))
    trace = read_trace(path)
    assert trace.cycles.tolist() == list(range(100))
    assert trace.idle.tolist() == [0] + [1] * 99
    with open(path, "ab") as file:
        file.write(b"x" * 10 + b"\n")
    with pytest.raises(TraceError, match=r"mase_a.trc:201: found 'xxxxxxxxxx'"):
        read_trace(path)
    path.write_bytes(b"x" * 200)
    with pytest.raises(TraceError, match="a line of more than 37 bytes"):
        read_trace(path, skip_bad=True)


def test_a_write_alone_does_not_fit_on_a_cpu_line(tmp_path):
    with pytest.raises(TraceError, match="request 2 is a write with no read before it"):
        write_trace(tmp_path / "a", [0, 0, 0], [0, 64, 128], [False, True, True], format="ramulator-cpu")
    assert not list(tmp_path.iterdir())


def test_vectors_need_a_dram(tmp_path):
    for go in (
        lambda: write_trace(tmp_path / "a", [0], [0], [True], format="ramulator2-readwrite"),
        lambda: read_trace(tmp_path / "a", "ramulator2-readwrite"),
    ):
        with pytest.raises(TraceError, match=r"name it \(--dram PART, or cfg=\)"):
            go()


def test_formats_are_told_by_name(tmp_path):
    for name in ("a.dramsim3.gz", "dramsim3_a.trc", "a.b.dramsim3", "DRAM.DRAMSIM3"):
        (tmp_path / name).write_bytes(gzip.compress(b"") if name.endswith(".gz") else b"")
        assert len(read_trace(tmp_path / name)) == 0
    with pytest.raises(TraceError, match=r"no trace format .did you mean dramsim3\?.; the formats are npz"):
        read_trace(tmp_path / "a", "dramsim33")

"""A trace read a piece at a time is the trace, in every format, and a piece is all that is held."""

import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanfuse.dram import DramConfig, TraceError, read_trace, read_trace_chunks, trace_formats, write_trace

CFG = DramConfig.from_ini("DDR3_micron_32M_8B_x8_sg15")
TEXT = [name for name in trace_formats() if name not in ("npz", "parquet")]
SIZE = 500


def write_one(path, name):
    random = np.random.default_rng(5)
    cycles = np.cumsum(random.integers(0, 9, SIZE))
    addresses = random.integers(0, CFG.capacity_bytes // 64, SIZE).astype(np.uint64) * np.uint64(64)
    write_trace(path, cycles, addresses, np.arange(SIZE) % 3 == 2, cfg=CFG, total_ticks=9999, format=name)


def small_pieces(monkeypatch, rows, text_bytes):
    monkeypatch.setattr("scanfuse.dram.trace_npz.ROWS", rows)
    monkeypatch.setattr("scanfuse.dram.trace_parquet.ROWS", rows)
    monkeypatch.setattr("scanfuse.dram.trace_files._PIECE", text_bytes)


@pytest.mark.parametrize("packing", ["", ".gz"])
@pytest.mark.parametrize("name", trace_formats())
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=st.integers(1, 600), text_bytes=st.integers(60, 6000))
def test_chunks_add_up(tmp_path, monkeypatch, name, packing, rows, text_bytes):
    path = tmp_path / f"{name}_run.trc{packing}"
    write_one(path, name)
    whole = read_trace(path, name, cfg=CFG)
    small_pieces(monkeypatch, rows, text_bytes)
    parts = list(read_trace_chunks(path, name, cfg=CFG))
    for column in ("cycles", "addresses", "is_write"):
        joined = np.concatenate([getattr(part, column) for part in parts])
        assert joined.dtype == getattr(whole, column).dtype
        assert joined.tolist() == getattr(whole, column).tolist()
    assert all(part.metadata == whole.metadata for part in parts)
    shares = [part.progress for part in parts]
    assert shares == sorted(shares) and shares[-1] == 1.0
    if name in TEXT:
        assert max(map(len, parts)) < text_bytes
    else:
        assert [len(part) for part in parts[:-1]] == [rows] * (len(parts) - 1)
    again = read_trace(path, name, cfg=CFG)
    assert again.cycles.tolist() == whole.cycles.tolist() and again.metadata == whole.metadata
    monkeypatch.undo()


def test_blank_lines_are_counted_across_pieces(tmp_path, monkeypatch):
    (tmp_path / "mase_a.trc").write_bytes(b"\n0x0 READ 1\n\n\n\n\n\n0x40 READ 2\n0x80 READ 3\n\n\n")
    small_pieces(monkeypatch, 1, 14)
    parts = list(read_trace_chunks(tmp_path / "mase_a.trc"))
    assert len(parts) > 3
    idle = [ticks for part in parts for ticks in ([0] * len(part) if part.idle is None else part.idle)]
    assert idle == [1, 5, 0]
    assert read_trace(tmp_path / "mase_a.trc").idle.tolist() == idle


def test_lines_are_numbered_and_counted_across_pieces(tmp_path, monkeypatch):
    lines = [b"0x40 READ %d\n" % i for i in range(60)]
    lines[50] = b"oops\n"
    (tmp_path / "mase_a.trc").write_bytes(b"".join(lines))
    small_pieces(monkeypatch, 1, 40)
    with pytest.raises(TraceError, match=r"mase_a.trc:51: found 'oops'"):
        list(read_trace_chunks(tmp_path / "mase_a.trc"))
    parts = list(read_trace_chunks(tmp_path / "mase_a.trc", skip_bad=True))
    assert sum(part.skipped for part in parts) == 1 and sum(map(len, parts)) == 59


def stored(path, **changes):
    arrays = {"cycle": np.arange(SIZE), "address": np.arange(SIZE) * 64, "is_write": np.arange(SIZE) % 2}
    np.savez(path, **{**arrays, **changes})
    return path


def test_stored_arrays_are_mapped_and_held_to_their_checksum(tmp_path, monkeypatch):
    path = stored(tmp_path / "a.npz")
    small_pieces(monkeypatch, 60, 1)
    first = next(read_trace_chunks(path))
    base = first.cycles
    while isinstance(base.base, np.ndarray):
        base = base.base
    assert isinstance(base, np.memmap)
    assert read_trace(path).addresses.tolist() == [64 * i for i in range(SIZE)]
    whole = bytearray(path.read_bytes())
    whole[whole.rindex((300 * 64).to_bytes(8, "little"))] ^= 1
    path.write_bytes(whole)
    with pytest.raises(TraceError, match=r"a.npz: not a whole npz file \(bad checksum\)"):
        read_trace(path)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("count", [SIZE - 1, SIZE + 1, 1 << 60])
def test_an_array_of_another_length_than_it_says_is_refused(tmp_path, compression, count):
    with zipfile.ZipFile(stored(tmp_path / "a.npz")) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    wrong = {name: data.replace(b"(500,)", b"(%d,)" % count) for name, data in members.items()}
    with zipfile.ZipFile(tmp_path / "b.npz", "w", compression) as archive:
        for name, data in wrong.items():
            archive.writestr(name, data)
    with pytest.raises(TraceError, match=r"b.npz: not a whole npz file \(an array is not as long as it says"):
        read_trace(tmp_path / "b.npz")


def test_arrays_that_do_not_fit_are_refused(tmp_path):
    for changes, found in (
        ({"cycle": np.arange(3)}, r"found int64\[3\], int64\[500\]"),
        ({"address": np.zeros((SIZE, 1), int)}, r"found int64\[500\], int64\[500, 1\]"),
        ({"is_write": np.zeros(SIZE)}, r"found int64\[500\], int64\[500\], float64\[500\]"),
        ({"cycle": np.array(5)}, r"found int64\[\], "),
        ({"address": np.full(SIZE, -64)}, "found address -64: expected"),
    ):
        with pytest.raises(TraceError, match=found):
            read_trace(stored(tmp_path / "a.npz", **changes))


def test_bytes_that_are_no_bool_are_writes(tmp_path):
    path = stored(tmp_path / "a.npz", is_write=np.array([0, 1, 2, 255] * 125, np.uint8).view(np.bool_))
    assert read_trace(path).is_write.tolist() == [False, True, True, True] * 125

"""Is any file met with a reading or with the error that is promised, and in no time?

Whole files of every kind, damaged: bytes changed, cut out, put in, doubled; cut short at any place; and
columns of any kind in the binary ones. `make fuzz` does it guided by coverage, for as long as one likes.
"""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import readers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

COMMON = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": [HealthCheck.function_scoped_fixture],
}
CUT = ["ini", "csv", "csv.gz", "csv.zst", "mase.gz", "misc.zst", "npz", "npz.zst", "parquet", "parquet.gz"]
pytestmark = pytest.mark.filterwarnings("ignore::scanfuse.dram.DramConfigWarning")


@st.composite
def damages(draw):
    """What happens to a file: (kind, place as a share of its length, length, bytes)."""
    kind = draw(st.sampled_from(["change", "change", "cut", "put in", "double", "end"]))
    place = draw(st.floats(0, 1))
    return (
        kind,
        place,
        draw(st.integers(1, 40)),
        draw(st.binary(min_size=1, max_size=8) | st.sampled_from(WORDS)),
    )


WORDS = [b"\n", b"\r\n", b"=", b" = ", b";", b"\0", b"\xff", b"-1", b"1e999", b"nan", b"0x", b",", b"{", b'"']
WORDS += [
    b"4294967295",
    b"18446744073709551616",
    b"9" * 40,
    b"[]",
    b"null",
    b"dram",
    b"total_ticks",
    b"tCK=0",
]


def damaged(whole, what):
    data = bytearray(whole)
    for kind, share, length, junk in what:
        at = min(int(share * len(data)), max(len(data) - 1, 0))
        if kind == "change":
            data[at : at + len(junk)] = junk
        elif kind == "cut":
            del data[at : at + length]
        elif kind == "put in":
            data[at:at] = junk
        elif kind == "double":
            data[at:at] = data[at : at + length]
        else:
            del data[at:]
    return bytes(data)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    return {target: readers.samples(target, folder) for target in readers.targets()}


@settings(max_examples=200, **COMMON)
@given(st.data())
def test_a_damaged_file_is_read_or_refused_in_words(tmp_path, whole, data):
    target = data.draw(st.sampled_from(readers.targets()))
    sample = data.draw(st.sampled_from(whole[target]))
    what = data.draw(st.lists(damages(), min_size=1, max_size=4))
    readers.read(target, damaged(sample, what), tmp_path, data.draw(st.booleans()))


@pytest.mark.slow
@pytest.mark.parametrize("target", readers.targets())
@settings(max_examples=500, **COMMON)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_at_length(tmp_path, whole, target, data):
    sample = data.draw(st.sampled_from(whole[target]))
    what = data.draw(st.lists(damages(), min_size=1, max_size=8))
    readers.read(target, damaged(sample, what), tmp_path, data.draw(st.booleans()))


@pytest.mark.parametrize("target", CUT)
def test_a_file_cut_short_is_never_read_as_a_whole_binary_one(tmp_path, whole, target):
    sample = whole[target][1]
    binary = "." in target or target in ("npz", "parquet")
    for length in range(0, len(sample), max(len(sample) // 80, 1)):
        found = readers.read(target, sample[:length], tmp_path)
        assert found is None or not binary
    assert readers.read(target, sample, tmp_path) is not None or target == "ini"


def numpy_columns():
    """Arrays of any kind and shape."""
    kinds = ["i1", "u8", "i8", "f4", "f8", "c8", "?", "S3", "U2", "M8[s]", "m8[ns]", "V4", "i4,f8", ">u8"]
    shape = st.sampled_from([(3,), (3,), (0,), (), (2, 2), (3, 1)])
    return st.builds(lambda kind, shape: np.zeros(shape, kind), st.sampled_from(kinds), shape)


def arrow_columns():
    values = [
        [1, 2, 3],
        [1, None, 3],
        [-1, 0, 2**62],
        ["a", "b", "c"],
        [b"a", b"", b"c"],
        [True, False, None],
    ]
    values += [[[1], [], [2]], [{"a": 1}] * 3, [0.5, float("nan"), 2.0], [None] * 3]
    arrays = [pyarrow.array(each) for each in values]
    return st.sampled_from([*arrays, pyarrow.array([2**63, 1, 2], pyarrow.uint64())])


@settings(max_examples=80, **COMMON)
@given(
    arrays=st.lists(numpy_columns(), min_size=3, max_size=3),
    record=st.binary(max_size=9)
    | st.sampled_from([b"{}", b'{"dram": 1}', b'{"total_ticks": 1e999}', b"[" * 9000]),
)
def test_columns_of_any_kind_in_an_npz(tmp_path, arrays, record):
    out = io.BytesIO()
    names = ("cycle", "address", "is_write")
    np.savez(out, metadata=np.frombuffer(record, np.uint8), **dict(zip(names, arrays, strict=True)))
    readers.read("npz", out.getvalue(), tmp_path)


@settings(max_examples=80, **COMMON)
@given(
    columns=st.lists(arrow_columns(), min_size=3, max_size=3),
    record=st.binary(max_size=9) | st.sampled_from([b'{"dram": {}}', b'{"total_ticks": -1}', b"[" * 9000]),
)
def test_columns_of_any_kind_in_a_parquet(tmp_path, columns, record):
    table = pyarrow.table(columns, names=["cycle", "address", "is_write"])
    out = io.BytesIO()
    pyarrow.parquet.write_table(table.replace_schema_metadata({"scanfuse": record}), out)
    readers.read("parquet", out.getvalue(), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["ini", "csv", "mase.gz", "ramulator-cpu", "npz", "parquet"])
def test_guided_by_coverage(tmp_path, target):
    pytest.importorskip("atheris", reason="pip install atheris")
    script = Path(__file__).with_name("fuzz_readers.py")
    options = ["-max_total_time=40", "-timeout=20", f"-artifact_prefix={tmp_path}/"]
    done = subprocess.run(
        [sys.executable, script, target, tmp_path, *options], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]

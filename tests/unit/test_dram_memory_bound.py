"""Is memory bounded by what is under way? The peak of a process of its own, for streams of different lengths.

The peak is read from /proc, as that of getrusage is at least its parent's.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from scanfuse.dram import write_trace

PART = "DDR3_micron_16M_8B_x8_sg15"
STATUS = Path("/proc/self/status")
pytestmark = pytest.mark.skipif(not STATUS.exists(), reason="needs /proc")

ENDING = """
import re
print(count, re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())[1])
"""


def peak_kib(code, *arguments, count):
    """The peak of a program that ends with so many requests in its variable `count`."""
    done = subprocess.run(
        [sys.executable, "-c", code + ENDING, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    found, kib = map(int, done.stdout.split()[-2:])
    assert found == count
    return kib


STREAM = """
import sys
import numpy as np
from scanfuse.dram import DramConfig, ReplayStream
stream, count, size = ReplayStream(DramConfig.from_ini("DDR3_micron_16M_8B_x8_sg15")), 0, 4096
for start in range(0, int(sys.argv[1]), size):
    lines = np.arange(start, start + size, dtype=np.uint64)
    for part in stream.feed(np.zeros(size, np.int64), lines * 64, lines % 3 == 2):
        count += len(part.completed)
count += sum(len(part.completed) for part in stream.finish())
"""


def stream_peak_kib(requests):
    return peak_kib(STREAM, requests, count=requests)


def test_a_stream():
    """Kept whole, a million requests would take 33 bytes each: 32 MiB."""
    assert stream_peak_kib(1 << 20) < stream_peak_kib(1 << 14) + 2048


@pytest.mark.slow
def test_a_stream_of_a_hundred_million():
    assert stream_peak_kib(24415 * 4096) < stream_peak_kib(1 << 14) + 2048


FILE = """
import sys
from scanfuse.dram import read_trace_chunks
count = sum(len(part) for part in read_trace_chunks(sys.argv[1]))
"""
REPLAY = """
import json, sys
from scanfuse.cli import main
assert main(["replay", sys.argv[1], "--requests-out", "rows.csv", "--summary-out", "summary.json"]) == 0
count = json.load(open("summary.json"))["completed"]
"""


def write_one(path, size):
    lines = np.random.default_rng(1).integers(0, 1 << 25, size).astype(np.uint64)
    columns = {"cycle": np.arange(size) * 4, "address": lines * np.uint64(64), "is_write": lines % 3 == 0}
    if path.name.endswith("stored.npz"):
        np.savez(path, **columns)
    elif path.suffix == ".parquet":
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.table(columns), path, row_group_size=size)
    else:
        write_trace(path, *columns.values())


@pytest.mark.parametrize("kind", ["stored.npz", "parquet", "dramsim3"])
def test_a_file(tmp_path, kind):
    """Whole, a million requests more would take 17 MiB more, and twice that where they are put together."""
    peaks = []
    for size in (1 << 20, 1 << 21):
        write_one(tmp_path / f"{size}.{kind}", size)
        peaks.append(peak_kib(FILE, tmp_path / f"{size}.{kind}", count=size))
    assert peaks[1] < peaks[0] + (10 << 10)


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    peaks = []
    for size in (1 << 20, 1 << 21):  # whole, a million more would take 33 MiB more
        write_one(tmp_path / f"{size}.stored.npz", size)
        peaks.append(peak_kib(REPLAY, f"{size}.stored.npz", count=size))
        assert Path("rows.csv").read_bytes().count(b"\n") == size + 1
    assert peaks[1] < peaks[0] + 6144


WAITING = """
import sys
import numpy as np
from scanfuse.dram import DramConfig, DramSystem, ReplayStream
count, way = int(sys.argv[1]), sys.argv[2]
cfg = DramConfig.from_ini("DDR3_micron_16M_8B_x8_sg15", overrides={"TRANS_QUEUE_DEPTH": max(count, 1)})
if way == "system":
    memory = DramSystem(cfg)
    for tag in range(count):
        memory.add(tag * 64, False, tag)
else:
    stream = ReplayStream(cfg, feed=way)
    size = 1 << 12
    for start in range(0, count, size):
        addresses = np.arange(start, start + size, dtype=np.uint64) * 64
        assert not stream.feed(np.zeros(size, np.int64), addresses, np.zeros(size, bool))
"""


@pytest.mark.parametrize(("way", "most_bytes"), [("system", 160), ("accept", 192), ("pend", 320)])
def test_a_request_under_way(way, most_bytes):
    """The bounds that docs/dram.md states. Tables grow by doubling, so just above a power of two is worst."""
    few, many = 1 << 12, (1 << 19) + (1 << 12)
    peaks = [peak_kib(WAITING, count, way, count=count) for count in (few, many)]
    assert (peaks[1] - peaks[0]) * 1024 < most_bytes * (many - few)

"""Many memories in one process, in threads at once, share nothing; each is for one thread at a time."""

import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from scanfuse.dram import DramConfig, DramSystem, ReplayStream, RequestPort, replay

ROOT = Path(__file__).parents[2]
PART = "DDR3_micron_16M_8B_x8_sg15"
SIZE = 2000
MEMORIES = [
    DramConfig.from_ini(part, mode=mode, overrides={"ROW_BUFFER_POLICY": rows})
    for part in (PART, "DDR2_micron_16M_8b_x8_sg3E")
    for mode in ("dramsim2", "strict")
    for rows in ("open_page", "close_page")
]


def stream_of(number):
    random = np.random.default_rng(number)
    cycles = np.cumsum(random.choice([0, 0, 0, 1, 40], SIZE))
    return cycles, random.integers(0, 1 << 22, SIZE).astype(np.uint64) * 64, random.random(SIZE) < 0.3


def in_chunks(number, cfg):
    stream, arrays = ReplayStream(cfg, epochs=True), stream_of(number)
    for start in range(0, SIZE, 130):
        yield [part.completed.tolist() for part in stream.feed(*(a[start : start + 130] for a in arrays))]
    yield [part.completed.tolist() for part in stream.finish()]
    yield stream.figures.energy.to_numpy().tolist(), stream.figures.epochs.to_numpy().tolist()


def by_request(number, cfg):
    memory = DramSystem(cfg)
    _, addresses, is_writes = (array.tolist() for array in stream_of(number))
    for tag, (address, is_write) in enumerate(zip(addresses, is_writes, strict=True)):
        while not memory.can_accept(address):
            yield [array.tolist() for array in memory.advance(memory.tick + 10)]
        memory.add(address, is_write, tag)
    yield [array.tolist() for array in memory.advance(1 << 30)]
    yield memory.energy().to_numpy().tolist()


def by_transfer(number, cfg):
    port, (_, addresses, is_write) = RequestPort(cfg), stream_of(number)
    for start in range(0, SIZE, 100):
        port.submit(addresses[start : start + 100], bool(is_write[start]))
        yield port.advance(port.tick + 300)
    while port.unfinished:
        yield port.advance(1 << 30)
    yield port.energy().to_numpy().tolist()


def whole(number, cfg):
    result = replay(*stream_of(number), cfg, commands=True)
    yield result.completed.tolist(), result.commands.to_numpy().tolist()


def runs():
    """Sixteen memories, driven in four ways, each a generator of what it tells on the way."""
    ways = (in_chunks, by_request, by_transfer, whole)
    return [ways[number % 4](number, MEMORIES[number // 2]) for number in range(16)]


def in_turn(some):
    """All figures of some runs, advanced by turns."""
    told, going = [[] for _ in some], list(enumerate(some))
    while going:
        for each in going.copy():
            try:
                told[each[0]].append(next(each[1]))
            except StopIteration:
                going.remove(each)
    return told


def test_sixteen_memories_in_four_threads():
    alone = [list(run) for run in runs()]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(in_turn, (runs()[first::4] for first in range(4))))
    assert len({str(told) for told in alone}) == 16
    for number, told in enumerate(alone):
        assert together[number % 4][number // 4] == told, number


def test_one_thread_at_a_time():
    """A memory that works in one thread refuses another, instead of being torn between the two."""
    memory = DramSystem(DramConfig.from_ini(PART), commands=True)
    worker = threading.Thread(target=memory.advance, args=(1 << 30,))
    worker.start()
    refused = 0
    while worker.is_alive():
        for ask in (lambda: memory.tick, lambda: memory.advance(1 << 31), memory.energy):
            try:
                ask()
            except RuntimeError as error:
                assert "in use by another thread" in str(error)
                refused += 1
    worker.join()
    assert refused > 0
    assert memory.tick in (1 << 30, 1 << 31)


def cmake_tools():
    """cmake and ctest of the developer's extra, else the system's."""
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return [shutil.which(name, path=places) for name in ("cmake", "ctest")]


@pytest.mark.slow
def test_the_engine_under_the_thread_sanitizer(tmp_path):
    cmake, ctest = cmake_tools()
    if cmake is None or ctest is None or shutil.which("c++") is None:
        pytest.skip("needs cmake and a C++ compiler")
    for command in (
        [cmake, "-S", ROOT, "-B", tmp_path, "-DSCANFUSE_SANITIZE=thread"],
        [cmake, "--build", tmp_path, "--parallel", "2"],
        [ctest, "--test-dir", tmp_path, "--output-on-failure", "-R", "dram_threads"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "100% tests passed" in done.stdout

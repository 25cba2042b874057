"""How fast is the DRAM engine? Nanoseconds per request for four kinds of stream.

Goal: at most 500 ns per request for streams like a CNN's, default configuration, one core.

    python benchmarks/dram.py [--requests 200000] [--part DDR3_micron_32M_8B_x8_sg15] [--repeats 5]
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from scanfuse.dram import DramConfig, RequestPort, replay

LINE = 64
Stream = tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.bool_]]


def sequential(size: int, rng: np.random.Generator) -> Stream:
    """One long read of consecutive lines."""
    del rng
    return np.zeros(size, np.int64), np.arange(size, dtype=np.uint64) * LINE, np.zeros(size, bool)


def scattered(size: int, rng: np.random.Generator) -> Stream:
    """Reads and writes anywhere."""
    addresses = rng.integers(0, 1 << 25, size).astype(np.uint64) * LINE
    return np.zeros(size, np.int64), addresses, rng.random(size) < 1 / 3


def cnn(size: int, rng: np.random.Generator) -> Stream:
    """Runs of 64 to 256 lines from three regions: inputs and weights are read, outputs written."""
    place = [region << 28 for region in range(3)]
    addresses, is_write = [], []
    while sum(map(len, addresses)) < size:
        for region in range(3):
            lines = int(rng.integers(64, 257))
            addresses.append(place[region] + np.arange(lines, dtype=np.uint64) * LINE)
            is_write.append(np.full(lines, region == 2))
            place[region] += lines * LINE
    return np.zeros(size, np.int64), np.concatenate(addresses)[:size], np.concatenate(is_write)[:size]


def sparse(size: int, rng: np.random.Generator) -> Stream:
    """One request in 200 ticks: power-down, wake-up, activate, precharge for each."""
    _, addresses, is_write = scattered(size, rng)
    return np.arange(size, dtype=np.int64) * 200, addresses, is_write


def through_port(stream: Stream, cfg: DramConfig) -> int:
    """The same requests as transfers of 64 requests, at most four under way; returns the ticks."""
    _, addresses, is_write = stream
    port = RequestPort(cfg)
    for start in range(0, len(addresses), LINE):
        while port.unfinished >= 4:
            port.advance(1 << 62)
        port.submit(addresses[start : start + LINE], bool(is_write[start]))
    while port.unfinished:
        port.advance(1 << 62)
    return port.tick


def best_of(repeats: int, run: Callable[[], int]) -> tuple[float, int]:
    """The least CPU seconds of some runs, and what the run returned."""
    seconds, ticks = float("inf"), 0
    for _ in range(repeats):
        began = time.process_time()
        ticks = run()
        seconds = min(seconds, time.process_time() - began)
    return seconds, ticks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--part", default="DDR3_micron_32M_8B_x8_sg15")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    cfg = DramConfig.from_ini(options.part)
    print(f"{'stream':<12} {'feed':<8} {'ns/request':>10} {'ticks/request':>14}")
    for make in (sequential, scattered, cnn, sparse):
        stream = make(options.requests, np.random.default_rng(1))
        feeds: dict[str, Callable[[], int]] = {"replay": lambda s=stream: replay(*s, cfg).ticks}  # type: ignore[misc]
        if make is not sparse:
            feeds["port"] = lambda s=stream: through_port(s, cfg)  # type: ignore[misc]
        for feed, run in feeds.items():
            seconds, ticks = best_of(options.repeats, run)
            per_request = seconds / options.requests * 1e9
            print(f"{make.__name__:<12} {feed:<8} {per_request:>10.0f} {ticks / options.requests:>14.2f}")


if __name__ == "__main__":
    main()

"""How fast are trace files read and written? Nanoseconds of CPU per request, for every format.

Goal: at most 100 ns per line read.

    python benchmarks/trace_files.py [--requests 1000000] [--repeats 3]
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from scanfuse.dram import DramConfig, read_trace, trace_formats, write_trace

PART = "DDR3_micron_32M_8B_x8_sg15"


def cpu_ns(work: Callable[[], object]) -> float:
    began = time.process_time_ns()
    work()
    return float(time.process_time_ns() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    size, rng = args.requests, np.random.default_rng(1)
    cfg = DramConfig.from_ini(PART)
    cycles = np.cumsum(rng.integers(0, 20, size))
    addresses = rng.integers(0, cfg.capacity_bytes // 64, size).astype(np.uint64) * np.uint64(64)
    is_write = np.arange(size) % 3 == 2  # a read before each, as CPU traces need
    print(f"{'format':22}{'read ns':>9}{'write ns':>10}{'bytes':>8}   per request")
    with tempfile.TemporaryDirectory() as folder:
        for name in trace_formats():
            path = Path(folder) / name

            def write(path: Path = path, name: str = name) -> None:
                write_trace(path, cycles, addresses, is_write, cfg=cfg, format=name)

            def read(path: Path = path, name: str = name) -> None:
                read_trace(path, name, cfg=cfg)

            write_ns = cpu_ns(write) / size
            read_ns = min(cpu_ns(read) for _ in range(args.repeats)) / size
            print(f"{name:22}{read_ns:9.1f}{write_ns:10.1f}{path.stat().st_size / size:8.1f}")


if __name__ == "__main__":
    main()

"""Does a replay of any length fit in memory, and how fast is it? A hundred million requests like a CNN's,
made, replayed and forgotten a chunk at a time.

    python benchmarks/stream.py [--requests 100000000] [--chunk 65536] [--part DDR3_micron_16M_8B_x8_sg15]
    python benchmarks/stream.py --trace requests.npz      a trace of your own, from its file

Goal: the same peak of memory whatever the number of requests.
"""

import argparse
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from scanfuse.dram import DramConfig, ReplayStream, Trace, read_trace_chunks

LINE_BYTES = 64
RUN_LINES = 128  # read or written in a row


def cnn_chunks(requests: int, size: int) -> Iterator[Trace]:
    """Runs of lines from three regions in turn, two read and one written."""
    for start in range(0, requests, size):
        number = np.arange(start, min(start + size, requests), dtype=np.uint64)
        run, line = np.divmod(number, np.uint64(RUN_LINES))
        turn, region = np.divmod(run, np.uint64(3))
        addresses = (region << np.uint64(28)) + (turn * np.uint64(RUN_LINES) + line) * np.uint64(LINE_BYTES)
        yield Trace(np.zeros(len(number), np.int64), addresses, region == 2, progress=number[-1] / requests)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--requests", type=int, default=100_000_000)
    parser.add_argument("--chunk", type=int, default=65_536)
    parser.add_argument("--part", default="DDR3_micron_16M_8B_x8_sg15")
    parser.add_argument("--trace", type=Path)
    args = parser.parse_args()
    cfg = DramConfig.from_ini(args.part)
    chunks = read_trace_chunks(args.trace, cfg=cfg) if args.trace else cnn_chunks(args.requests, args.chunk)

    stream, completed, latency_ticks = ReplayStream(cfg), 0, 0
    began, engine_s = time.process_time(), 0.0
    layout = "{percentage:3.0f}%|{bar}| {elapsed}<{remaining}"
    with tqdm(total=1.0, bar_format=layout, leave=False, disable=None) as bar:
        for chunk in chunks:
            fed = time.process_time()
            served = stream.feed(chunk.cycles, chunk.addresses, chunk.is_write)
            engine_s += time.process_time() - fed
            for part in served:
                completed += len(part.completed)
                latency_ticks += int((part.completed - part.accepted).sum())
            bar.update(chunk.progress - bar.n)
    for part in stream.finish():
        completed += len(part.completed)
        latency_ticks += int((part.completed - part.accepted).sum())
    total_s = time.process_time() - began
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # KiB on Linux
    print(
        f"{completed:,} requests, {stream.figures.ticks:,} ticks, mean latency "
        f"{latency_ticks / completed:.1f} ticks: {total_s / completed * 1e9:.0f} ns of CPU per request, "
        f"{engine_s / completed * 1e9:.0f} of them to feed the engine; peak {peak_mib:.0f} MiB"
    )


if __name__ == "__main__":
    main()

"""How fast is the DRAM engine? CPU nanoseconds and instructions per request of its replay, for four kinds of
stream on two parts under both row policies and both queue structures.

Instructions are counted by valgrind where it is installed; they hardly depend on the machine, nanoseconds do.

    python benchmarks/dram.py [--requests 20000] [--repeats 20] [--write]
"""

import argparse
import itertools
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from scanfuse.dram import DramConfig

ROOT = Path(__file__).parent.parent
TABLE = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- benchmarks/dram.py --write -->\n", "<!-- end -->\n"
LINE_BYTES = 64
PARTS = {"DDR3_micron_16M_8B_x8_sg15": 1024, "DDR3_micron_32M_8B_x8_sg15": 2048}  # capacity in MiB: one rank
Stream = tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.bool_]]


def sequential(size: int, rng: np.random.Generator) -> Stream:
    """One long read of consecutive lines."""
    del rng
    return np.zeros(size, np.int64), np.arange(size, dtype=np.uint64) * LINE_BYTES, np.zeros(size, bool)


def random(size: int, rng: np.random.Generator) -> Stream:
    """Reads and writes anywhere, two to one."""
    addresses = rng.integers(0, 1 << 24, size).astype(np.uint64) * LINE_BYTES
    return np.zeros(size, np.int64), addresses, rng.random(size) < 1 / 3


def cnn(size: int, rng: np.random.Generator) -> Stream:
    """Runs of 64 to 256 lines from three regions: inputs and weights are read, outputs written."""
    place = [region << 28 for region in range(3)]
    addresses, is_write = [], []
    while sum(map(len, addresses)) < size:
        for region in range(3):
            lines = int(rng.integers(64, 257))
            addresses.append(place[region] + np.arange(lines, dtype=np.uint64) * LINE_BYTES)
            is_write.append(np.full(lines, region == 2))
            place[region] += lines * LINE_BYTES
    return np.zeros(size, np.int64), np.concatenate(addresses)[:size], np.concatenate(is_write)[:size]


def sparse(size: int, rng: np.random.Generator) -> Stream:
    """One request in 200 ticks: power-down, wake-up, activate, precharge for each."""
    _, addresses, is_write = random(size, rng)
    return np.arange(size, dtype=np.int64) * 200, addresses, is_write


STREAMS: tuple[Callable[[int, np.random.Generator], Stream], ...] = (sequential, random, cnn, sparse)


class Case(NamedTuple):
    stream: str
    part: str
    row_policy: str
    queues: str


class Cost(NamedTuple):
    nanoseconds: float
    instructions: int | None
    ticks: float


def build() -> Path:
    """The native part, which needs cmake and a C++ compiler."""
    folder = ROOT / "build" / "benchmarks"
    configure = ["cmake", "-S", str(ROOT), "-B", str(folder), "-DSCANFUSE_BENCHMARKS=ON"]
    for command in (configure, ["cmake", "--build", str(folder), "--parallel", "2"]):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder / "replay_stream"


def cases() -> Iterator[Case]:
    for stream, part, policy, queues in itertools.product(
        STREAMS, PARTS, ("open_page", "close_page"), ("per_rank", "per_rank_per_bank")
    ):
        yield Case(stream.__name__, part, policy, queues)


def settings(case: Case) -> list[str]:
    """The configuration as the native part takes it."""
    cfg = DramConfig.from_ini(
        case.part,
        capacity_mib=PARTS[case.part],
        overrides={"ROW_BUFFER_POLICY": case.row_policy, "QUEUING_STRUCTURE": case.queues},
    )
    skipped = ("mapped", "strict")
    return [f"{key}={value:d}" if isinstance(value, bool) else f"{key}={value}"
            for key, value in cfg._engine_values.items() if key not in skipped]  # fmt: skip


def measure(program: Path, stream: Path, case: Case, requests: int, repeats: int) -> Cost:
    command = [str(program), str(stream), str(repeats), *settings(case)]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    instructions = None
    if shutil.which("valgrind"):
        with tempfile.NamedTemporaryFile() as profile:
            counted = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={profile.name}",
                       "--toggle-collect=*replayStream*", *command]  # fmt: skip
            counted[counted.index(str(stream)) + 1] = "1"
            log = subprocess.run(counted, check=True, capture_output=True, text=True).stderr
        found = re.search(r"Collected : (\d+)", log)
        if found is None:
            raise RuntimeError(f"valgrind counted nothing:\n{log}")
        instructions = round(int(found[1]) / requests)
    return Cost(float(out[0]), instructions, int(out[1]) / requests)


def table(costs: dict[Case, Cost]) -> str:
    head = "| stream | part | row policy | queues | ns | instructions | ticks |\n"
    head += "|---|---|---|---|--:|--:|--:|\n"
    rows = (
        f"| {case.stream} | {case.part} | {case.row_policy} | {case.queues} | {cost.nanoseconds:.0f} | "
        f"{'' if cost.instructions is None else cost.instructions} | {cost.ticks:.1f} |\n"
        for case, cost in costs.items()
    )
    return head + "".join(rows)


def write(text: str) -> None:
    before, rest = TABLE.read_text().split(BEGIN)
    TABLE.write_text(before + BEGIN + "\n" + text + "\n" + END + rest.split(END)[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/README.md")
    options = parser.parse_args()
    program = build()
    costs = {}
    with tempfile.TemporaryDirectory() as folder:
        for make in STREAMS:
            cycles, addresses, is_write = make(options.requests, np.random.default_rng(1))
            with (Path(folder) / make.__name__).open("wb") as out:
                for array in (np.uint64(options.requests), cycles, addresses, is_write):
                    out.write(array.tobytes())
        for case in tqdm(list(cases()), file=sys.stderr, unit="case"):
            stream = Path(folder) / case.stream
            costs[case] = measure(program, stream, case, options.requests, options.repeats)
    print(table(costs), end="")
    if options.write:
        write(table(costs))


if __name__ == "__main__":
    main()

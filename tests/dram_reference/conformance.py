"""The conformance table of third_party/DRAMSim2/README.md: golden cases of the reference, by family.

Replays every case and writes the table anew:

    python tests/dram_reference/conformance.py [--measured DIR]

`DIR` holds the `.npz` of all cases that were measured; `cases/` keeps a third of them, as text.
Without it, what the table says of all stays as it is.
"""

import argparse
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from dram_golden import CASES, differences, load

README = Path(__file__).resolve().parents[2] / "third_party" / "DRAMSim2" / "README.md"
MARKS = ("<!-- conformance: made by tests/dram_reference/conformance.py -->", "<!-- end of conformance -->")
ABOUT = {
    "big": "streams of 12,000 requests and more",
    "bus": "data buses of 32, 128 and 256 bits",
    "clock": "a CPU clock other than the DRAM's",
    "conflict": "row conflicts in few banks",
    "default": "the example system settings as they are",
    "hits": "row hits, caps of 1 to 64",
    "lowpower": "pauses with power-down",
    "mixed": "everything drawn at random",
    "multichan": "2, 4 and 8 channels",
    "override": "`-o` overrides, quirk Q1 among them",
    "pend": "requests added without asking for room",
    "posted": "additive latency",
    "refresh": "refresh periods down to a few rows' time",
    "tightq": "transaction queues of 1 to 5, command queues of 2 to 8",
    "timing": "other delays than any part's",
    "tiny": "small queues and short bursts, up to 4 ranks and more",
    "trace": "fed as by the reference's own trace tool",
}
HEAD = (
    "| family | what it is about | cases kept here | of them equal | requests | commands | ticks | "
    "cases measured | of them equal | requests | commands | ticks |\n"
    "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
)
COUNTS = 5  # cases, equal, requests, commands, ticks


def family(path):
    return path.stem.split("-")[1]


def counts(path):
    """Of one case: requests, commands, ticks."""
    case = load(path)
    return [len(case.cycles), case.meta["cmds"]["total"], case.meta["expected"]["cycles"]]


def is_equal(path):
    """Whether the engine gives every figure of a case."""
    warnings.simplefilter("ignore")  # of energies that wrap
    return differences(load(path)) == []


def by_family(paths):
    """Of each family: cases, cases that are equal, requests, commands, ticks."""
    paths = sorted(paths)
    with ProcessPoolExecutor() as pool:
        equal = list(pool.map(is_equal, paths, chunksize=8))
    return added({path: [1, int(good), *counts(path)] for path, good in zip(paths, equal, strict=True)})


def added(rows):
    """Sums by family of rows by path."""
    found = {name: [0] * COUNTS for name in ABOUT}
    for path, row in rows.items():
        found[family(path)] = [a + b for a, b in zip(found[family(path)], row, strict=True)]
    return found


def read_table(text):
    """The table in a text: family to its two rows of counts, of cases kept and of all."""
    body = text.split(MARKS[0])[1].split(MARKS[1])[0]
    rows = [line.strip("| ").split(" | ") for line in body.strip().splitlines()[2:-1]]
    numbers = {name: [int(cell.replace(",", "")) for cell in cells] for name, _, *cells in rows}
    return {name: (row[:COUNTS], row[COUNTS:]) for name, row in numbers.items()}


def table(kept, measured):
    rows = [(name, about, *kept[name], *measured[name]) for name, about in ABOUT.items()]
    sums = [sum(column) for column in list(zip(*rows, strict=True))[2:]]
    lines = [
        "| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else cell for cell in row) + " |\n"
        for row in (*rows, ("all", "", *sums))
    ]
    return HEAD + "".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--measured", type=Path, metavar="DIR")
    measured = parser.parse_args().measured
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(MARKS[0])
    old, after = rest.split(MARKS[1])
    kept = by_family(CASES.glob("*.json"))
    if measured is None:
        every = {name: rows[1] for name, rows in read_table(text).items()}
    else:
        every = by_family(measured.glob("*.npz"))
    new = f"\n{table(kept, every)}"
    README.write_text(f"{before}{MARKS[0]}{new}{MARKS[1]}{after}", encoding="utf-8")
    unequal = [name for rows in (kept, every) for name, row in rows.items() if row[0] != row[1]]
    print("as before" if new == old else "updated", *unequal)
    return 1 if unequal else 0


if __name__ == "__main__":
    sys.exit(main())

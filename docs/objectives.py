"""Writes the tables of docs/objectives.md; all figures come from runs through the DRAM engine.

    python docs/objectives.py            # print the tables
    python docs/objectives.py --write    # put them into the page
    python docs/objectives.py --check    # does the page show what comes out? exit 1 where it does not

About twenty minutes on one core the first time. What has been run is kept under build/objectives by the
content of the sources.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from difflib import unified_diff
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from experiments.estimates import SLOW, Compared, compare, measured, points
from experiments.markdown import fill, table
from experiments.store import sources_digest
from scanfuse.results.files import write_whole

PAGE = Path(__file__).with_suffix(".md")
CACHE = Path(__file__).parent.parent / "build" / "objectives"
SEARCHED = ("raster", "fused", "resident", "deep")
WANTED = ("traffic", "energy", "latency", "edp")


def main() -> int:
    options = parser().parse_args()
    page = PAGE.read_text(encoding="utf-8")
    with ProcessPoolExecutor(options.jobs) as pool:
        kept = Kept(options.cache, pool)
        blocks = {name: TABLES[name](kept) for name in options.tables}
    whole = fill(page, blocks)
    if options.write:
        write_whole(PAGE, whole)
    elif options.check:
        sys.stdout.writelines(
            unified_diff(page.splitlines(True), whole.splitlines(True), str(PAGE), "what comes out", n=0)
        )
        return int(whole != page)
    else:
        print("\n".join(f"## {name}\n\n{text}" for name, text in blocks.items()), end="")
    return 0


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ways = found.add_mutually_exclusive_group()
    ways.add_argument("--write", action="store_true", help="write the page")
    ways.add_argument("--check", action="store_true", help="compare with the page")
    found.add_argument("--tables", nargs="+", choices=list(TABLES), default=list(TABLES), metavar="NAME")
    found.add_argument("--jobs", type=int, default=1, metavar="N", help="processes; 1")
    found.add_argument("--cache", type=Path, default=CACHE, metavar="DIR", help="where runs are kept")
    return found


class Kept:
    """Runs made once for the sources as they are."""

    def __init__(self, folder: Path, pool: ProcessPoolExecutor) -> None:
        self.folder, self.pool = folder, pool
        folder.mkdir(parents=True, exist_ok=True)

    def all(self, make: Callable[..., Any], asked: Iterable[Sequence[Any]]) -> list[Any]:
        """What `make` returns for each of some arguments, as plain data, in order."""
        every = [(one, self._file(make, one)) for one in asked]
        waiting = {file: self.pool.submit(make, *one) for one, file in every if not file.exists()}
        for file, future in waiting.items():
            write_whole(file, json.dumps(future.result()))
        return [json.loads(file.read_text(encoding="utf-8")) for _, file in every]

    def _file(self, make: Callable[..., Any], asked: Sequence[Any]) -> Path:
        text = json.dumps([make.__name__, list(asked)]) + sources_digest()
        return self.folder / f"{sha256(text.encode()).hexdigest()[:32]}.json"


def compared(network: tuple[str, int, float | None], schedule: str, machine: str) -> dict[str, Any] | None:
    found = compare(network, schedule, machine)
    return None if found is None else asdict(found)


def errors(kept: Kept) -> list[Compared]:
    return [Compared(**one) for one in kept.all(compared, points()) if one is not None]


def estimate_table(kept: Kept) -> str:
    """All points, and what they have in common."""
    every = errors(kept)
    rows = [("all", *_row(every))]
    for name in ("network", "schedule", "machine"):
        for value in dict.fromkeys(getattr(one, name) for one in every):
            rows.append((value, *_row([one for one in every if getattr(one, name) == value])))
    head = ("points", "number", "energy: median %", "90 %", "worst", "latency: median %", "90 %", "worst")
    return table(head, rows)


def _row(some: list[Compared]) -> tuple[int | float, ...]:
    found: list[int | float] = [len(some)]
    for name in ("dram_energy", "time"):
        off = 100 * np.abs([getattr(one, name) for one in some])
        found += [float(np.median(off)), float(np.quantile(off, 0.9)), float(off.max())]
    return tuple(found)


def figures_table(kept: Kept) -> str:
    return measured_table(kept, product(SEARCHED, WANTED, [()]))


def measured_table(kept: Kept, some: Iterable[tuple[str, str, tuple[str, ...]]]) -> str:
    asked, rows = list(some), []
    for (schedule, objective, _), one in zip(asked, kept.all(measured, asked), strict=True):
        figures = (one["dram_uj"], one["ms"], one["dram_uj"] * one["ms"] * 1e-3)
        rows.append(
            (
                schedule,
                objective,
                one["entries"],
                one["bursts"],
                f"{figures[0]:,.0f}",
                f"{figures[1]:.3f}",
                f"{figures[2]:,.2f}",
                f"{one['extra_macs'] / 1e6:.1f}",
            )
        )
    head = ("schedule", "objective", "entries", "bursts", "DRAM uJ", "ms", "uJ s", "extra MMACs")
    return table(head, rows, 2)


def slow_table(kept: Kept) -> str:
    return measured_table(kept, product(("fused", "deep"), ("traffic", "energy"), [SLOW]))


TABLES: dict[str, Callable[[Kept], str]] = {
    "figures": figures_table,
    "slow": slow_table,
    "estimates": estimate_table,
}

if __name__ == "__main__":
    sys.exit(main())

"""Writes the tables and figures of docs/reproduction.md; all come from runs through the DRAM engine.

    python docs/reproduction.py            # print the tables
    python docs/reproduction.py --write    # put them into the page, draw the figures (with matplotlib)
    python docs/reproduction.py --check    # does the page show what comes out? exit 1 where it does not

A few minutes on two cores the first time. Runs are kept under build/reproduction by the content of the
sources that they depend on, so that the next time only what can have changed is run.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from difflib import unified_diff
from pathlib import Path

from experiments.figures import FIGURES, draw
from experiments.markdown import block_names, fill
from experiments.point import NOTHING, Figures, Point
from experiments.store import measure_all
from experiments.tables import TABLES, Get
from scanfuse.results.files import write_whole

PAGE = Path(__file__).with_suffix(".md")
CACHE = Path(__file__).parent.parent / "build" / "reproduction"


def main() -> int:
    options = parser().parse_args()
    page = PAGE.read_text(encoding="utf-8")
    unknown = sorted(set(block_names(page)) ^ set(TABLES))
    if unknown:
        raise SystemExit(f"{PAGE}: blocks without a table, or tables without a block: {', '.join(unknown)}")
    made: list[Callable[[Get], object]] = [TABLES[name] for name in options.tables]
    if options.write:
        made += FIGURES.values()
    figures = measure_all(wanted(made), options.cache, options.jobs)
    blocks = {name: TABLES[name](figures.__getitem__) for name in options.tables}
    if options.check:
        return report(page, blocks)
    if not options.write:
        print("\n".join(f"## {name}\n\n{text}" for name, text in blocks.items()), end="")
        return 0
    write_whole(PAGE, fill(page, blocks))
    draw(figures.__getitem__, PAGE.parent / "figures")
    return 0


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ways = found.add_mutually_exclusive_group()
    ways.add_argument("--write", action="store_true", help="write the page and its figures")
    ways.add_argument("--check", action="store_true", help="compare with the page")
    found.add_argument(
        "--tables", nargs="+", choices=list(TABLES), default=list(TABLES), metavar="NAME",
        help=f"only these: {', '.join(TABLES)}",
    )  # fmt: skip
    found.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N", help="processes; all cores")
    found.add_argument("--cache", type=Path, default=CACHE, metavar="DIR", help="where runs are kept")
    return found


def wanted(made: Sequence[Callable[[Get], object]]) -> list[Point]:
    """The points that tables and figures ask for."""
    points: list[Point] = []

    def note(point: Point) -> Figures:
        points.append(point)
        return NOTHING

    for make in made:
        make(note)
    return points


def report(page: str, blocks: dict[str, str]) -> int:
    """Print how the page's blocks differ from what came out."""
    whole = fill(page, blocks)
    sys.stdout.writelines(
        unified_diff(page.splitlines(True), whole.splitlines(True), str(PAGE), "what comes out", n=0)
    )
    return int(whole != page)


if __name__ == "__main__":
    sys.exit(main())

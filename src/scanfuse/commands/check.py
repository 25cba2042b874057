"""`scanfuse check`: have figures moved?"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scanfuse.commands.errors import CHECK_FAILED
from scanfuse.commands.progress import show_progress
from scanfuse.commands.text import Column, table_text

if TYPE_CHECKING:
    from scanfuse.results import Difference

HELP = "run again and compare with golden figures saved earlier"
DESCRIPTION = """Run again what golden files ask for and compare with the figures they hold: counts,
cycles and raw energy accumulators exactly, other energies and rates to 1e-9. Exit status 1 and a table of
what moved, by layer and figure, where they differ.

A golden file is TOML. To make one, write a file with only the first table, and have it filled in by --update:

  [run]                           or    [replay]
  network = "mobilenet_v2"              trace = "requests.csv"
  schedule = "fused"
  settings = ["buffer.entries=16384"]"""
EPILOG = """examples:
  scanfuse check tests/golden/mobilenet_v2_fused.toml
  scanfuse check tests/golden/*.toml traces/*.toml
  scanfuse check --update tests/golden/mobilenet_v2_fused.toml     then read the diff
"""
MOST_ROWS = 60  # of the table of what moved
COLUMNS = (
    Column("where", "where"),
    Column("figure", "figure"),
    Column("golden", "old"),
    Column("now", "new"),
    Column("delta", "delta"),
    Column("relative", "relative"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "golden", nargs="+", type=Path, metavar="GOLDEN", help="a TOML file of golden figures"
    )
    parser.add_argument("--update", action="store_true", help="write the figures of now into the file")


def main(args: argparse.Namespace) -> int:
    from scanfuse.results import compare_golden, load_golden, update_golden
    from scanfuse.results.files import check_writable_file

    goldens = [load_golden(path) for path in args.golden]
    if args.update:
        for path in args.golden:
            check_writable_file(path)
    moved = 0
    for golden in goldens:
        compare = update_golden if args.update else compare_golden
        found = compare(golden, show_progress)
        moved += bool(found)
        made = args.update and not golden.figures
        verdict = "made" if made else f"{len(found)} figures moved" if found else "as before"
        print(f"{golden.path}: {verdict}{', updated' if args.update and not made else ''}")
        if found and not made:
            print(differences_text(found))
    if moved and not args.update:
        print("scanfuse: figures moved; if that is meant, scanfuse check --update", file=sys.stderr)
    return CHECK_FAILED if moved and not args.update else 0


def differences_text(found: list[Difference]) -> str:
    """A table of what moved."""
    rows = [
        {
            "where": one.where or "whole",
            "figure": one.figure,
            "old": figure_text(one.old),
            "new": figure_text(one.new),
            "delta": ""
            if one.delta is None
            else f"{one.delta:+.6g}"
            if isinstance(one.delta, float)
            else f"{one.delta:+,}",
            "relative": f"{one.delta / one.old:+.3%}" if one.delta is not None and one.old else "",
        }
        for one in found[:MOST_ROWS]
    ]
    text = table_text(COLUMNS, rows)
    return text if len(found) <= MOST_ROWS else f"{text}\n... and {len(found) - MOST_ROWS} more"


def figure_text(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)

"""`scanfuse check`: have figures moved?"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanfuse.commands.errors import CHECK_FAILED, BadInput, asked_by
from scanfuse.commands.progress import show_progress
from scanfuse.commands.text import Column, table_text

if TYPE_CHECKING:
    from scanfuse.results import Difference, Golden

HELP = "run again and compare with golden figures saved earlier"
DESCRIPTION = """Run again what golden files ask for and compare with the figures they hold: counts,
cycles and raw energy accumulators exactly, energies in nJ and rates to the file's relative_tolerance
(1e-9 unless it says another). What a run is made of is compared too: hardware and DRAM settings, tiles,
layouts. Exit status 1 and a table of what moved, by layer and figure, where they differ.

A golden file is TOML. To make one, write a file with only the first table, and have it filled in by --update:

  [run]                           or    [replay]
  network = "mobilenet_v2"              trace = "requests.csv"
  schedule = "fused"
  settings = ["buffer.entries=16384"]"""
EPILOG = """examples:
  scanfuse check tests/golden/mobilenet_v2_fused.toml
  scanfuse check tests/golden/*.toml traces/*.toml
  scanfuse check --format markdown energy.toml >> "$GITHUB_STEP_SUMMARY"
  scanfuse check --update --reason "wider tiles for b3" energy.toml      then read the diff
"""
MOST_ROWS = 60  # of the table of what moved
MADE_OF = ("hardware", "dram", "mapping", "layouts")  # tables of what is run
MOST_NAMED = 3
HEADLINES = {  # a run's figures or a replay's
    "DRAM energy": (("total", "dram_nj"), ("figures", "dram_nj")),
    "time": (("figures", "time_ps"),),
}
FORMATS = ("table", "markdown", "json")
COLUMNS = (
    Column("where", "where"),
    Column("figure", "figure"),
    Column("golden", "golden"),
    Column("now", "now"),
    Column("delta", "delta"),
    Column("relative", "relative"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "golden", nargs="+", type=Path, metavar="GOLDEN", help="a TOML file of golden figures"
    )
    parser.add_argument("--update", action="store_true", help="write the figures of now into the file")
    parser.add_argument(
        "--reason", metavar="TEXT", help="why figures are written anew; the file keeps it with what moved"
    )
    parser.add_argument(
        "--format", choices=FORMATS, default="table", help="how to print what moved (default: table)"
    )


def main(args: argparse.Namespace) -> int:
    from scanfuse.results import compare_golden, load_golden, update_golden

    goldens = [load_golden(path) for path in args.golden]
    reason = reason_of(args, goldens)
    reports = []
    moved = 0
    for golden in goldens:
        with asked_by(golden.path):
            if args.update:
                found = update_golden(golden, reason, show_progress)
            else:
                found = compare_golden(golden, show_progress)
                check_made(golden)
        moved += bool(found)
        made = args.update and not golden.figures
        verdict = "made" if made else headline(found) if found else "as before"
        verdict += "; updated" if args.update and found and not made else ""
        reports.append(report(golden.path, verdict, [] if made else found))
        if args.format != "json":
            print(told(reports[-1], args.format))
    if args.format == "json":
        print(json.dumps(reports, indent=1))
    if moved and not args.update:
        print("scanfuse: figures moved; if that is meant, scanfuse check --update --reason", file=sys.stderr)
    return CHECK_FAILED if moved and not args.update else 0


def reason_of(args: argparse.Namespace, goldens: list[Golden]) -> str:
    """Why figures are to be written. Raises BadInput where none is given and one is needed, OSError."""
    from scanfuse.results.files import check_writable_file

    reason = (args.reason or "").strip()
    if not args.update:
        if args.reason is not None:
            raise BadInput("--reason tells why figures are written: give --update too")
        return reason
    for golden in goldens:
        if golden.figures and not reason:
            raise BadInput(f"{golden.path} has figures: say why they are to be written anew, with --reason")
        check_writable_file(golden.path)
    return reason


def check_made(golden: Golden) -> None:
    """Raise BadInput for a golden file that only says what to run."""
    if not golden.figures:
        raise BadInput(f"{golden.path}: has no figures yet: scanfuse check --update {golden.path}")


def report(golden: Path, verdict: str, found: list[Difference]) -> dict[str, Any]:
    """What is printed of a golden file, as plain data."""
    return {"golden": str(golden), "verdict": verdict, "moved": [row_of(one) for one in found]}


def headline(found: list[Difference]) -> str:
    """How much moved: settings, tiles and layouts by name, then energy and time."""
    made_of = [one for one in found if one.where.split(".")[0] in MADE_OF]
    named = [
        f"{one.where} {one.figure} {figure_text(one.old)} -> {figure_text(one.new)}"
        for one in made_of[:MOST_NAMED]
    ]
    if len(made_of) > MOST_NAMED:
        named.append(f"{len(made_of) - MOST_NAMED} more of what it is made of")
    told = {(one.where, one.figure): one.relative for one in found}
    for name, figures in HEADLINES.items():
        moved = [told[figure] for figure in figures if told.get(figure) is not None]
        named += [f"{name} {change:+.3%}" for change in moved[:1]]
    plural = "figure" if len(found) == 1 else "figures"
    return "; ".join([f"{len(found)} {plural} moved", *named])


def row_of(one: Difference) -> dict[str, Any]:
    return {
        "where": one.where or "whole",
        "figure": one.figure,
        "golden": one.old,
        "now": one.new,
        "delta": one.delta,
        "relative": one.relative,
    }


def told(report: dict[str, Any], form: str) -> str:
    """The verdict on a golden file, and a table of what moved."""
    title, moved = f"{report['golden']}: {report['verdict']}", report["moved"]
    if form == "markdown":
        return f"\n**{title}**\n\n{moved_markdown(moved)}" if moved else f"* {title}"
    return f"{title}\n{moved_table(moved)}" if moved else title


def moved_table(moved: list[dict[str, Any]]) -> str:
    """A table of what moved, aligned."""
    return shortened(table_text(COLUMNS, [shown(row) for row in moved[:MOST_ROWS]]), moved)


def moved_markdown(moved: list[dict[str, Any]]) -> str:
    """The same as Markdown."""
    heads = [column.heading for column in COLUMNS]
    rows = [[row[head].replace("|", "\\|") for head in heads] for row in map(shown, moved[:MOST_ROWS])]
    lines = [heads, ["---"] * len(heads), *rows]
    return shortened("\n".join(f"| {' | '.join(line)} |" for line in lines), moved)


def shortened(text: str, moved: list[dict[str, Any]]) -> str:
    surplus = len(moved) - MOST_ROWS
    return text if surplus <= 0 else f"{text}\n... and {surplus} more"


def shown(row: dict[str, Any]) -> dict[str, str]:
    """A row as texts."""
    delta, relative = row["delta"], row["relative"]
    change = "" if delta is None else f"{delta:+.6g}" if isinstance(delta, float) else f"{delta:+,}"
    return {
        "where": row["where"],
        "figure": row["figure"],
        "golden": figure_text(row["golden"]),
        "now": figure_text(row["now"]),
        "delta": change,
        "relative": "" if relative is None else f"{relative:+.3%}",
    }


def figure_text(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)

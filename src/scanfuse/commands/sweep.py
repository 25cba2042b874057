"""`scanfuse sweep`: many runs."""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanfuse.commands import options
from scanfuse.commands.errors import CHECK_FAILED, BadInput
from scanfuse.commands.progress import show_progress
from scanfuse.commands.text import Column, table_text

if TYPE_CHECKING:
    import pandas as pd

HELP = "many runs: every combination of some values, as one table"
DESCRIPTION = """Run every point of a sweep: each combination of networks, schedules, buffers, arrays, clocks,
DRAM parts, layouts or any other figures of the hardware, as a TOML file gives them (docs/sweeps.md), or a
list of points.

The folder (--out; sweeps/NAME if not given) gets results.csv and results.parquet, a row per point: its
parameters, its figures under the names of layers.csv, its error. It keeps each point as soon as it is
finished: a sweep that was stopped, or whose file has grown, carries on where it was. A point that fails has
its error in the table, and the rest goes on; the exit status is then 1.

The points run on all cores (--jobs), on a Dask cluster (--cluster), or in parts on a batch system (--shard):
the figures are the same to the bit. Printed are the points that no other of the same network beats in energy,
latency and buffer size; --plot draws all and these."""
EPILOG = """examples:
  scanfuse sweep buffers.toml
  scanfuse sweep buffers.toml --plot
  scanfuse sweep buffers.toml --out here --jobs 2 --format csv
  scanfuse sweep buffers.toml --cluster tcp://head:8786
  scanfuse sweep buffers.toml --shard 3/16
"""
COLUMNS = (
    Column("point", lambda row: str(row["point"])),
    Column("network", "workload"),
    Column("schedule", "schedule"),
    Column("array", lambda row: f"{row['pe_array.rows']}x{row['pe_array.columns']}"),
    Column("clock MHz", "pe_array.clock_hz", 0, 1e-6),
    Column("buffer", "buffer.entries"),
    Column("DRAM part", "dram.part"),
    Column("time ms", "latency_us", 3, 1e-3),
    Column("DRAM uJ", "dram_nj", 1, 1e-3),
    Column("total uJ", "total_nj", 1, 1e-3),
)
PLOT_FORMATS = ("png", "svg", "pdf")  # said here too so that help imports no room


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("spec", metavar="SPEC.toml", type=Path, help="what to run (docs/sweeps.md)")
    parser.add_argument("--out", type=options.folder, metavar="DIR", help="the folder for the results")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes on this machine; one per core")
    parser.add_argument(
        "--cluster", metavar="ADDRESS", help="run on the Dask cluster whose scheduler has this address"
    )
    parser.add_argument(
        "--shard",
        metavar="I/N",
        default="1/1",
        help="run the I-th of N parts; once all have run into one folder, a sweep without --shard makes the "
        "table of all",
    )
    parser.add_argument(
        "--plot", action="store_true", help="draw the Pareto fronts, into the folder (extra plot)"
    )
    parser.add_argument("--plot-format", choices=PLOT_FORMATS, default="png", help="of the drawing; png")
    options.add_format(parser)


def main(args: argparse.Namespace) -> int:
    from scanfuse import sweeps

    if args.jobs is not None and args.cluster is not None:
        raise BadInput("--jobs is of this machine, --cluster another place: give one of them")
    shard = parse_shard(args.shard)
    spec = sweeps.load_spec(args.spec)
    if args.plot:
        sweeps.matplotlib_figure()  # rather told now than after hours
    folder = args.out or Path("sweeps") / spec.name
    done = sweeps.run_sweep(spec, folder, args.jobs, args.cluster, shard, show_progress)
    options.warn_of_overrides(*done.configs)
    table, failed = done.table, done.table[done.table["error"].notna()]
    print_sweep(table, args.format)
    sys.stdout.flush()
    if args.plot and len(failed) < len(table):
        sweeps.plot_fronts(table, folder / f"pareto.{args.plot_format}")
    kept = f", {done.kept:,} of them kept from before" if done.kept else ""
    print(f"scanfuse: wrote {folder}: {len(table):,} points{kept}", file=sys.stderr)
    for point, error in zip(failed["point"][:1], failed["error"][:1], strict=True):
        told = f"{len(failed):,} points failed" if len(failed) > 1 else "1 point failed"
        print(f"scanfuse: {told}; point {point}: {error}", file=sys.stderr)
    return CHECK_FAILED if len(failed) else 0


def parse_shard(text: str) -> tuple[int, int]:
    """Shard i of n as `i/n`. Raises BadInput."""
    found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
    if found is None:
        raise BadInput(f"--shard {text}: give I/N, such as 1/4")
    return int(found[1]), int(found[2])


def print_sweep(table: pd.DataFrame, form: str) -> None:
    """The whole table as CSV or JSON, or the points on the front as text."""
    from scanfuse.sweeps import pareto_front, workload_name

    if form == "csv":
        print(table.to_csv(index=False, lineterminator="\n"), end="")
    elif form == "json":
        print(json.dumps({"points": records(table)}, indent=1))
    else:
        front = pareto_front(table)
        named = records(front.assign(workload=[workload_name(row) for _, row in front.iterrows()]))
        print(f"{len(front):,} of {len(table):,} points are on the front of energy, time and buffer size:\n")
        print(table_text(COLUMNS, named))


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain data; what is missing is None."""
    plain = table.astype(object).where(table.notna(), None)
    return [dict(zip(table.columns, row, strict=True)) for row in plain.itertuples(index=False)]

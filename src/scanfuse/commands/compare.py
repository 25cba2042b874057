"""`scanfuse compare`: one network under several schedules."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanfuse.commands import options
from scanfuse.commands.progress import show_progress
from scanfuse.commands.text import Column, table_text

if TYPE_CHECKING:
    from scanfuse.hardware import Accelerator
    from scanfuse.results import Comparison, Run

HELP = "run a network under several schedules: the table of savings"
DESCRIPTION = """Run a network under several schedules and print what each costs and saves: entries moved
between DRAM and buffer, DRAM energy by kind, time, total energy. Savings are in DRAM
energy, against raster and fixed where those are among the schedules. The last table tells what the
time is spent on: the array computes, DRAM has requests, both, the array waits (stall); the share of
DRAM's peak bandwidth over all and while the array waits; MACs per byte moved and per second."""
EPILOG = """examples:
  scanfuse compare mobilenet_v2
  scanfuse compare mobilenet_v2 --schedules raster,fused --per-layer
  scanfuse compare mobilenet_v2 --buffer-policy lru --set buffer.lru_order=nmk
  scanfuse compare mobilenet_v1 --set buffer.entry_bits=8 --set pe_array.rows=16
  scanfuse compare mobilenet_v2 --objective energy --set pe_array.clock_hz="200 MHz"
  scanfuse compare mobilenet_v2 --format json > figures.json
  scanfuse compare mobilenet_v2 --report savings.html
"""
SCHEDULES = "fixed,raster,scan,fused,resident,deep"
CACHED = "fixed,raster,scan"  # those that an LRU buffer can run
SAVINGS = (
    Column("schedule", "schedule"),
    Column("entries", "entries"),
    Column("below l-b-l %", "below_percent", 1),
    Column("DRAM MB", "dram_bytes", 2, 1e-6),
    Column("DRAM uJ", "dram_nj", 1, 1e-3),
    Column("vs raster %", "vs_raster_percent", 1),
    Column("vs fixed %", "vs_fixed_percent", 1),
    Column("time ms", "latency_us", 3, 1e-3),
    Column("total uJ", "total_nj", 1, 1e-3),
)
DRAM_ENERGY = (
    Column("schedule", "schedule"),
    Column("activate uJ", "dram_act_nj", 1, 1e-3),
    Column("burst uJ", "dram_burst_nj", 1, 1e-3),
    Column("refresh uJ", "dram_refresh_nj", 1, 1e-3),
    Column("background uJ", "dram_background_nj", 1, 1e-3),
    Column("row hit %", "row_hit_rate", 1, 100),
    Column("PE use %", "pe_utilization", 1, 100),
    Column("extra MACs", "extra_macs"),
)

TIME = (
    Column("schedule", "schedule"),
    Column("compute ms", "compute_us", 3, 1e-3),
    Column("memory ms", "memory_us", 3, 1e-3),
    Column("both ms", "overlap_us", 3, 1e-3),
    Column("stall ms", "stall_us", 3, 1e-3),
    Column("of peak %", "bandwidth_utilization", 1, 100),
    Column("in stalls %", "stall_bandwidth_utilization", 1, 100),
    Column("act/MB", "activations_per_mb", 0),
    Column("MACs/byte", "macs_per_dram_byte", 1),
    Column("GMACs/s", "gmacs_per_s", 1),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    options.add_network(parser)
    parser.add_argument(
        "--schedules",
        metavar="A,B,...",
        help=f"which (scanfuse list schedules); {SCHEDULES}, with --buffer-policy lru {CACHED}",
    )
    options.add_objective(parser)
    options.add_no_cache(parser)
    options.add_hardware(parser)
    parser.add_argument("--per-layer", action="store_true", help="also DRAM energy and time of every layer")
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="also write a page (HTML): the comparison, and the figures of the schedule of least DRAM energy",
    )
    options.add_format(parser)


def main(args: argparse.Namespace) -> int:
    from scanfuse import results
    from scanfuse.results.files import check_writable_file

    accelerator = options.load_accelerator(args)
    usual = CACHED if accelerator.buffer.policy == "lru" else SCHEDULES
    asked = usual if args.schedules is None else args.schedules
    names = list(dict.fromkeys(name.strip() for name in asked.split(",")))
    options.check_schedules(names)
    network = options.load_network(args)
    config = results.dram_config(accelerator)
    if args.report is not None:
        check_writable_file(args.report)
    found = results.compare(
        network,
        names,
        accelerator,
        config,
        objective=args.objective or "traffic",
        cache=not args.no_cache,
        progress=show_progress,
    )
    runs = list(found.runs)
    options.warn_of_overrides(config)
    if args.report is not None:
        write_report(args, found)
    if args.format == "json":
        print(json.dumps(document(runs, accelerator, args.per_layer), indent=1))
    elif args.format == "csv":
        print_csv(runs, args.per_layer)
    else:
        print(f"{options.title(network.name, accelerator, config, options.hardware_settings(args))}\n")
        print_tables(found, args.per_layer)
    return 0


def write_report(args: argparse.Namespace, found: Comparison) -> None:
    """The page of the comparison, and of the run that takes least DRAM energy."""
    from scanfuse.report import comparison_page
    from scanfuse.results import Setup, record
    from scanfuse.results.files import write_whole

    best = min(found.runs, key=lambda run: run.total["dram_nj"])
    setup = Setup(args.network, best.schedule, args.resolution, args.width, best.accelerator)
    write_whole(args.report, comparison_page(found.rows, record(best, setup)))
    print(f"scanfuse: wrote {args.report}", file=sys.stderr)


def document(runs: list[Run], accelerator: Accelerator, per_layer: bool) -> dict[str, Any]:
    """The comparison as plain data; with per_layer, each schedule's rows under `layers`."""
    from scanfuse.results.comparison import figures

    return {
        "network": runs[0].network.name,
        "hardware": accelerator.name,
        "bounds": runs[0].bounds,
        "schedules": {
            run.schedule: {
                **figures(run),
                **({"layers": run.layers.to_dict("records")} if per_layer else {}),
            }
            for run in runs
        },
    }


def print_csv(runs: list[Run], per_layer: bool) -> None:
    """A row per schedule, or with per_layer per schedule and layer."""
    import pandas as pd

    from scanfuse.results.comparison import figures

    if per_layer:
        table = pd.concat([run.layers.assign(schedule=run.schedule) for run in runs])
        table = table[["schedule", *table.columns[:-1]]]
    else:
        table = pd.DataFrame([{"schedule": run.schedule, **figures(run)} for run in runs])
    print(table.to_csv(index=False, lineterminator="\n"), end="")


def print_tables(found: Comparison, per_layer: bool) -> None:
    runs, rows = list(found.runs), found.rows
    bounds = runs[0].bounds
    print(table_text(SAVINGS, rows))
    least = bounds["layer_by_layer_entries"]
    print(
        f"\nleast entries: {least:,} layer by layer (l-b-l), {bounds['network_entries']:,} for any schedule\n"
    )
    print(table_text(DRAM_ENERGY, rows))
    print()
    print(table_text(TIME, rows))
    if per_layer:
        print()
        print(table_text(layer_columns(runs), layer_rows(runs)))


def layer_rows(runs: list[Run]) -> list[dict[str, Any]]:
    """A row per layer with the DRAM energy and the time of every run side by side."""
    rows = []
    for index, layer in enumerate(runs[0].network.layers):
        row: dict[str, Any] = {"index": str(index), "layer": layer.name, "kind": layer.kind}
        for run in runs:
            mine = run.layers.iloc[index]
            row[f"{run.schedule}_nj"] = mine["dram_nj"]
            row[f"{run.schedule}_us"] = mine["latency_us"]
        rows.append(row)
    return rows


def layer_columns(runs: list[Run]) -> list[Column]:
    energy = [Column(f"{run.schedule} DRAM uJ", f"{run.schedule}_nj", 2, 1e-3) for run in runs]
    time = [Column(f"{run.schedule} us", f"{run.schedule}_us", 1) for run in runs]
    return [Column("#", "index"), Column("layer", "layer"), Column("kind", "kind"), *energy, *time]

"""`scanfuse map`: how a network is mapped, printed and saved, without running it."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanfuse.commands import options
from scanfuse.commands.errors import blamed_on
from scanfuse.commands.explain import explanations_text, print_ways
from scanfuse.commands.progress import show_progress
from scanfuse.commands.text import Column, moved_text, span_text, table_text

if TYPE_CHECKING:
    from scanfuse.dram import DramConfig
    from scanfuse.hardware import Accelerator
    from scanfuse.mapping import Mapping

HELP = "search for a mapping, print it, save it to edit by hand"
DESCRIPTION = """Search for the mapping of a network under a schedule, prove its program right, and print a
row per group of layers that run together: how they are cut, what they move and the least that they could
move, the most entries that live in the buffer (peak), what is computed again. With --mapping, the same of a
mapping in a file.

Cuts: tile PxQxNxK of one layer, with its loop order; block, a fused block in bands and steps of output rows,
a chunk of channels at a time; rows (of a band) and chunks, the two walks of a cascade, with the channels that
each of its units makes at a time, and those whose weights are pinned in the buffer (all where none are told).

Least: the layers' weights, and what they read from and make for other layers, once; for a single matrix
multiplication also what it must move through a buffer of this size (Smith, Lowery, Langou and van de Geijn,
2017).

--output saves the mapping as TOML or JSON, which docs/mapping.md describes; edit it, and try it again with
scanfuse map --mapping FILE and scanfuse run --mapping FILE. --explain tells of every group why it was chosen:
the next best ways to run its layers, and what they would cost (with --format csv, a row for each way)."""
EPILOG = """examples:
  scanfuse map mobilenet_v2
  scanfuse map mobilenet_v2 --schedule scan --set buffer.entries=16384 -o mine.toml
  scanfuse map --mapping mine.toml --set buffer.entries=16384
  scanfuse map resnet50 --explain
  scanfuse map mobilenet_v2 --schedule deep --objective energy -o cheap.toml
  scanfuse map mobilenet_v1 --format json > mapping.json
"""
COLUMNS = (
    Column("#", lambda row: str(row["group"]) if "group" in row else ""),
    Column("layers", lambda row: span_text(row["layers"]) if "group" in row else "total"),
    Column("cut", "cut"),
    Column("entries", "entries"),
    Column("least", "least_entries"),
    Column("bursts", "bursts"),
    Column("peak", "live_entries"),
    Column("extra MACs", "extra_macs"),
)
FIGURES = (
    "entries", "least_entries", "compulsory_entries", "matmul_io_entries", "bursts", "live_entries",
    "extra_macs", "steps",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    options.add_network_or_mapping(parser, options.NETWORK, "print the mapping in a file instead")
    options.add_objective(parser)
    options.add_no_cache(parser)
    options.add_hardware(parser)
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="save the mapping, as .toml or .json"
    )
    parser.add_argument("--explain", action="store_true", help="also why each group was chosen")
    options.add_format(parser)


def main(args: argparse.Namespace) -> int:
    from scanfuse import results
    from scanfuse.results.files import check_writable_file

    options.check_one_network(args, "map")
    options.check_schedules([args.schedule or "fused"])
    accelerator = options.load_accelerator(args)
    if args.output is not None:
        results.mapping_format(args.output)
        check_writable_file(args.output)
    config = results.dram_config(accelerator)
    options.warn_of_overrides(config)
    if args.mapping is None:
        mapping = search(args, accelerator, config)
        program = results.prove(mapping, accelerator)
    else:
        mapping = results.load_mapping(args.mapping)
        with blamed_on(args.mapping):
            program = results.prove(mapping, accelerator)
    document = results.mapping_summary(program, accelerator, config)
    found = []
    if args.explain:
        objective = args.objective or "traffic"
        found = results.explain_mapping(mapping, accelerator, config, show_progress, objective)
    if args.output is not None:
        results.save_mapping(args.output, mapping)
    if args.format == "json":
        if args.explain:
            document["explanations"] = [results.explanation_document(mapping, one) for one in found]
        print(json.dumps(document, indent=1))
    elif args.format == "csv" and args.explain:
        print_ways(mapping, found)
    elif args.format == "csv":
        print_csv(mapping, document["groups"])
    else:
        given = "" if args.mapping is None else f" ({args.mapping})"
        name = f"{mapping.network.name}, {mapping.schedule}{given},"
        print(f"{options.title(name, accelerator, config, options.hardware_settings(args))}\n")
        print_table(mapping, document)
        if args.explain:
            print(f"\n{explanations_text(mapping, found)}")
    if args.output is not None:
        sys.stdout.flush()  # first the table, where both go to one place
        print(f"scanfuse: wrote {args.output}", file=sys.stderr)
    return 0


def search(args: argparse.Namespace, accelerator: Accelerator, config: DramConfig) -> Mapping:
    """The mapping that a schedule finds."""
    from scanfuse import results

    network = options.load_network(args)
    schedule, objective = args.schedule or "fused", args.objective or "traffic"
    return results.map_network(
        network, schedule, accelerator, config, show_progress, objective, cache=not args.no_cache
    )


def rows_of(mapping: Mapping, groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    from scanfuse.commands.cuts import cut_text

    pairs = zip(groups, mapping.groups, strict=True)
    return [{**row, "cut": cut_text(group, mapping.network)} for row, group in pairs]


def print_table(mapping: Mapping, document: dict[str, Any]) -> None:
    total = {key: value for key, value in document.items() if key not in ("groups", "schedule")}
    print(table_text(COLUMNS, rows_of(mapping, document["groups"]), total))
    bounds = document["bounds"]
    layer_by_layer, network = bounds["layer_by_layer_entries"], bounds["network_entries"]
    print(f"\nleast entries: {layer_by_layer:,} layer by layer, {network:,} for any schedule")
    print(moved_text(document["entries"], bounds["layer_by_layer_entries"], document["extra_macs"]))


def print_csv(mapping: Mapping, groups: list[dict[str, Any]]) -> None:
    import pandas as pd

    rows = [
        {
            "group": row["group"],
            "kind": row["kind"],
            "layers": " ".join(row["layers"]),
            "cut": row["cut"],
            **{name: row[name] for name in FIGURES},
        }
        for row in rows_of(mapping, groups)
    ]
    table = pd.DataFrame(rows).astype({"matmul_io_entries": "Int64"})
    print(table.to_csv(index=False, lineterminator="\n"), end="")

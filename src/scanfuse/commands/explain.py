"""`scanfuse explain`: why each group of a run was mapped as it was."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanfuse.commands.errors import BadInput, blamed_on
from scanfuse.commands.options import add_format
from scanfuse.commands.progress import show_progress
from scanfuse.commands.text import Column, span_text, table_text

if TYPE_CHECKING:
    from scanfuse.mapping import Explanation, Mapping, Way

HELP = "why each group of a run was mapped as it was, and what the next best would cost"
DESCRIPTION = """Tell of every group of a run why its mapping was chosen: the next best ways to run its layers
on the same hardware, and what they would cost. Ways: runners-up are other tiles, bands and loop orders; a
schedule's name stands for the groups that it makes of the same layers; fused, for a block whose layers run
alone, is its best cut as one.

Of a cascade, the ways are other walks, its chain split in two with the map between stored or kept, the group
joined with the next one, its result stored where it is kept or kept where it is stored; where squeeze-excite
is computed twice, its expanded map computed once, and stored or kept. Of ways that do not fit, those that
would be better are told, with the entries of buffer that they lack.

Entries, extra MACs (computed again) and peak (entries live in the buffer) are closed forms; what a way
changes in other groups is counted in, and told apart as elsewhere. Bursts are an estimate, and so is the
cost, by which the search chooses among ways that move as few entries and compute as few MACs: bursts plus
latency, in bursts. In a run with another --objective than traffic, the cost estimates what that makes least
(bursts; nJ; ps; for edp energy and latency as shares of the whole), and the search compares costs first."""
EPILOG = """examples:
  scanfuse explain runs/mobilenet_v2-fused
  scanfuse explain runs/mobilenet_v2-fused --format json > why.json
"""
COLUMNS = (
    Column("way", "name"),
    Column("cut", "cut"),
    Column("entries", "entries"),
    Column("elsewhere", lambda row: row["elsewhere_entries"] or None),
    Column("extra MACs", "extra_macs"),
    Column("cost", "cost", 0),
    Column("peak", "live_entries"),
    Column("lacks", lambda row: row["missing_entries"] or None),
)
ALWAYS = ("way", "cut", "entries", "extra MACs", "cost", "peak")
FIGURES = (
    "entries", "elsewhere_entries", "extra_macs", "live_entries", "missing_entries", "estimated_bursts",
    "estimated_cost",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, metavar="RUN_DIR", help="the folder of a run")
    add_format(parser)


def main(args: argparse.Namespace) -> int:
    from scanfuse import results

    path = args.run / "config.toml"
    setup = results.load_setup(path, [])
    if setup.mapping is None:
        raise BadInput(f"{path}: run.mapping: missing: repeat the run, scanfuse run {path}")
    mapping = results.load_mapping(setup.mapping, setup.load_network())
    config = results.dram_config(setup.hardware)
    with blamed_on(setup.mapping):
        results.prove(mapping, setup.hardware)
    objective = setup.objective or "traffic"
    found = results.explain_mapping(mapping, setup.hardware, config, show_progress, objective)
    if args.format == "json":
        document: dict[str, Any] = {"network": mapping.network.name, "schedule": mapping.schedule}
        document["explanations"] = [results.explanation_document(mapping, one) for one in found]
        print(json.dumps(document, indent=1))
    elif args.format == "csv":
        print_ways(mapping, found)
    else:
        print(explanations_text(mapping, found))
    return 0


def explanations_text(mapping: Mapping, explanations: list[Explanation]) -> str:
    """Each as a line that says why, and a table of the ways."""
    parts = []
    for one in explanations:
        first, last = one.numbers[0], one.numbers[-1]
        what = f"group {first}" if first == last else f"groups {first} to {last}"
        layers = [mapping.network.layers[index].name for group in one.chosen.groups for index in group.layers]
        rows = [{**vars(way), "cut": way_text(way, mapping)} for way in (one.chosen, *one.others)]
        columns = [each for each in COLUMNS if each.heading in ALWAYS or any(map(each.show, rows))]
        parts.append(f"{what}, {span_text(layers)}: {one.reason}\n{table_text(columns, rows)}")
    return "\n\n".join(parts)


def way_text(way: Way, mapping: Mapping) -> str:
    from scanfuse.commands.cuts import cut_text

    several = len(way.groups) > 1
    return f"{len(way.groups)} groups" if several else cut_text(way.groups[0], mapping.network)


def print_ways(mapping: Mapping, explanations: list[Explanation]) -> None:
    """All ways as one csv, a row each."""
    import pandas as pd

    from scanfuse import results

    rows = []
    for one in explanations:
        document = results.explanation_document(mapping, one)
        for way, told in zip((one.chosen, *one.others), document["ways"], strict=True):
            rows.append(
                {
                    "groups": " ".join(map(str, one.numbers)),
                    "layers": " ".join(document["layers"]),
                    "way": way.name,
                    "cut": way_text(way, mapping),
                    **{name: told[name] for name in FIGURES},
                }
            )
    print(pd.DataFrame(rows).to_csv(index=False, lineterminator="\n"), end="")

"""`scanfuse list`: what comes with scanfuse, by name."""

from __future__ import annotations

import argparse
import json
from typing import Any

from scanfuse.commands.options import add_format
from scanfuse.commands.text import Column, table_text

HELP = "networks, parts, presets or schedules that can be named"
DESCRIPTION = """List what comes with scanfuse, a name per line (schedules with what they are); DRAM
parts as a table of organisation, speed and currents."""
EPILOG = """examples:
  scanfuse list networks
  scanfuse list parts
  scanfuse list parts --names
  scanfuse list parts --format csv > parts.csv
"""
PART_COLUMNS = (
    Column("part", "part"),
    Column("Mbit", "density_mbit"),
    Column("width", "width_bits"),
    Column("banks", "banks"),
    Column("burst B", "burst_bytes"),
    Column("MT/s", "speed_mt_s"),
    Column("CL-tRCD-tRP", lambda row: f"{row['cl_ticks']}-{row['trcd_ticks']}-{row['trp_ticks']}"),
    *(
        Column(f"{name} mA", f"{name.lower()}_ma")
        for name in ("IDD0", "IDD2N", "IDD3N", "IDD4R", "IDD4W", "IDD5")
    ),
    Column("Vdd V", "vdd_v", 2),
    Column("currents", "currents"),
)
KINDS = ("networks", "parts", "presets", "schedules")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=KINDS, metavar="|".join(KINDS), help="what to list")
    parser.add_argument("--names", action="store_true", help="only the names, one per line")
    add_format(parser)


def main(args: argparse.Namespace) -> int:
    names = listing(args.what)
    if args.names:
        print("\n".join(names))
        return 0
    if args.what == "parts":
        print(parts_text(args.format, list(names)))
        return 0
    if args.format == "csv":
        import pandas as pd

        table = pd.DataFrame({"name": list(names), "meaning": list(names.values())})
        print(table.to_csv(index=False, lineterminator="\n"), end="")
        return 0
    if args.format == "json":
        print(json.dumps(names if any(names.values()) else list(names), indent=1))
        return 0
    width = max(map(len, names), default=0)
    for name, meaning in names.items():
        print(f"{name.ljust(width)}  {meaning}".rstrip())
    return 0


def parts_text(format: str, names: list[str]) -> str:
    """The parts with their figures: a table, csv, or a JSON object by name."""
    from scanfuse.dram.parts import part_table

    table = part_table(names)
    if format == "csv":
        return str(table.to_csv(index=False, lineterminator="\n")).removesuffix("\n")
    rows = [{str(name): plain(value) for name, value in row.items()} for row in table.to_dict("records")]
    if format == "json":
        return json.dumps({row.pop("part"): row for row in rows}, indent=1)
    return table_text(PART_COLUMNS, rows)


def plain(value: Any) -> Any:
    """A figure as JSON takes it."""
    return value.item() if hasattr(value, "item") else value


def listing(what: str) -> dict[str, str]:
    """Names, each with what it means where that is known."""
    if what == "networks":
        from scanfuse.network import zoo_names

        return dict.fromkeys(zoo_names(), "")
    if what == "parts":
        from scanfuse.dram import parts

        return dict.fromkeys(parts(), "")
    if what == "presets":
        from scanfuse.hardware import preset_names

        return dict.fromkeys(preset_names(), "")
    from scanfuse.mapping import SCHEDULES

    return dict(SCHEDULES)

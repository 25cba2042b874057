"""`scanfuse list`: what comes with scanfuse, by name."""

from __future__ import annotations

import argparse
import json

from scanfuse.commands.options import add_format

HELP = "networks, parts, presets or schedules that can be named"
DESCRIPTION = "List what comes with scanfuse, a name per line (schedules with what they are)."
EPILOG = """examples:
  scanfuse list networks
  scanfuse list parts --format json
"""
KINDS = ("networks", "parts", "presets", "schedules")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=KINDS, metavar="|".join(KINDS), help="what to list")
    add_format(parser, ("table", "json"))


def main(args: argparse.Namespace) -> int:
    names = listing(args.what)
    if args.format == "json":
        print(json.dumps(names if any(names.values()) else list(names), indent=1))
        return 0
    width = max(map(len, names), default=0)
    for name, meaning in names.items():
        print(f"{name.ljust(width)}  {meaning}".rstrip())
    return 0


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

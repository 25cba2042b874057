"""A golden file: what is to be run, and the figures it came to, as text to be kept and reviewed in diffs.

A golden file is TOML. Either a `[run]` table says what to run:

    [run]
    network = "mobilenet_v2"        # or a file's path, relative to the golden file
    schedule = "fused"              # or mapping = "own.toml", which names its network
    resolution = 224                # optional, as are width, objective and skip_unsupported
    hardware = "paper"              # or the path of a TOML file, relative to the golden file
    settings = ["buffer.entries=16384"]     # optional
    relative_tolerance = 1e-9               # of figures that are not whole numbers

or a `[replay]` table names a trace (relative to the golden file) with, if need be, the DRAM it goes to:

    [replay]
    trace = "requests.csv"
    part = "DDR3_micron_32M_8B_x8_sg15"     # optional where the trace has its own
    feed = "accept"                         # optional

`[[updates]]` tables tell why figures were written anew. All other tables are written by `scanfuse check
--update`: first what the figures were made of, then the figures.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scanfuse.results.difference import RELATIVE_TOLERANCE
from scanfuse.results.files import write_whole

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HEAD = "# Golden figures. Written by `scanfuse check --update {name}`; review what moved before committing.\n"
RUN_KEYS: dict[str, type] = {
    "network": str,
    "schedule": str,
    "mapping": str,
    "objective": str,
    "resolution": int,
    "width": float,
    "skip_unsupported": bool,
    "hardware": str,
    "settings": list,
    "relative_tolerance": float,
}
REPLAY_KEYS: dict[str, type] = {"trace": str, "part": str, "feed": str, "relative_tolerance": float}
FEEDS = ("accept", "pend", "trace")
OF_A_SEARCH = ("network", "schedule", "objective", "resolution", "width", "skip_unsupported")
Figures = dict[str, Any]


class GoldenError(ValueError):
    """A golden file that cannot be read: the text says where and what is expected."""


@dataclass(frozen=True)
class Golden:
    """A golden file: where it lies, what it asks for, the figures it holds, and why those were written anew
    (a table of texts each time)."""

    path: Path
    kind: str  # run or replay
    asked: dict[str, Any]
    figures: Figures
    updates: tuple[dict[str, str], ...] = ()

    @property
    def relative_tolerance(self) -> float:
        return float(self.asked.get("relative_tolerance", RELATIVE_TOLERANCE))

    def place(self, name: str) -> Path:
        """A file that it names."""
        return self.path.parent / name


def load_golden(path: Path) -> Golden:
    """Read a golden file. Raises GoldenError, OSError."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise GoldenError(f"{path}: not valid TOML: {error}") from None
    kinds = [kind for kind in ("run", "replay") if isinstance(table.get(kind), dict)]
    if len(kinds) != 1:
        raise GoldenError(f"{path}: expected one table [run] or [replay] that says what to check")
    asked, updates = table.pop(kinds[0]), table.pop("updates", [])
    if not isinstance(updates, list) or not all(isinstance(update, dict) for update in updates):
        raise GoldenError(f"{path}: updates: expected [[updates]] tables")
    _check_asked(path, kinds[0], asked)
    return Golden(path, kinds[0], asked, table, tuple(updates))


def save_golden(golden: Golden) -> None:
    """Write a golden file, a line for every layer, group and figure. Raises OSError."""
    asked = {**golden.asked, "relative_tolerance": golden.relative_tolerance}
    tables = [_table_text(f"[{golden.kind}]", asked)]
    tables += [_table_text(f"[{name}]", values) for name, values in golden.figures.items()]
    tables += [_table_text("[[updates]]", update) for update in golden.updates]
    write_whole(golden.path, HEAD.format(name=golden.path.name) + "\n" + "\n".join(tables))


def with_figures(golden: Golden, figures: Figures, update: dict[str, str] | None) -> Golden:
    """The same with other figures; with `update` if there is a reason to be told."""
    updates = golden.updates if update is None else (*golden.updates, update)
    return replace(golden, figures=figures, updates=updates)


def by_figure(figures: Figures) -> Figures:
    """Figures with each layer's row under the names of its columns."""
    columns = figures.get("columns", {}).get("by_layer", [])
    layers = {
        layer: dict(zip(columns, row, strict=False)) if isinstance(row, list) else row
        for layer, row in figures.get("layers", {}).items()
    }
    rest = {name: table for name, table in figures.items() if name not in ("columns", "layers")}
    return {**rest, **({"layers": layers} if layers else {})}


def _table_text(head: str, values: Mapping[str, Any]) -> str:
    """A TOML table, a line per entry, so that a diff shows what moved."""
    return "\n".join([head, *(f"{_key(key)} = {_value(value)}" for key, value in values.items())]) + "\n"


def _key(key: str) -> str:
    plain = key.replace("_", "a").replace("-", "a")
    return key if plain.isalnum() and key.isascii() else _value(key)


def _value(value: Any) -> str:
    import tomli_w

    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(_value(item) for item in value)}]"
    return tomli_w.dumps({"value": value}).removeprefix("value = ").rstrip("\n")


def _check_asked(path: Path, kind: str, asked: dict[str, Any]) -> None:
    keys = RUN_KEYS if kind == "run" else REPLAY_KEYS
    for key, value in asked.items():
        if key not in keys:
            raise GoldenError(f"{path}: {kind}.{key}: unknown key; the keys are {', '.join(keys)}")
        number = keys[key] is float and isinstance(value, int) and not isinstance(value, bool)
        if not (isinstance(value, keys[key]) or number) or (keys[key] is int and isinstance(value, bool)):
            raise GoldenError(f"{path}: {kind}.{key}: expected {keys[key].__name__}, got {value!r}")
    if not all(isinstance(setting, str) for setting in asked.get("settings", [])):
        raise GoldenError(f"{path}: run.settings: expected texts, got {asked['settings']!r}")
    if not 0 <= asked.get("relative_tolerance", 0) < 1:
        found = asked["relative_tolerance"]
        raise GoldenError(f"{path}: {kind}.relative_tolerance: must be from 0 to less than 1, got {found!r}")
    if asked.get("feed", "accept") not in FEEDS:
        raise GoldenError(f"{path}: replay.feed: must be one of {', '.join(FEEDS)}, got {asked['feed']!r}")
    if "mapping" in asked:
        for key in OF_A_SEARCH:
            if key in asked:
                raise GoldenError(f"{path}: run.{key}: the mapping says how its network runs: leave it out")
        return
    for key in ("network", "schedule") if kind == "run" else ("trace",):
        if key not in asked:
            raise GoldenError(f"{path}: {kind}.{key} is missing")

"""What a sweep is to run, from TOML: every combination of some values, or a list of points, or both.

    [base]                      # what every point has unless it says otherwise
    network = "mobilenet_v2"

    [grid]                      # every combination; one value where there is no choice
    schedule = ["raster", "fused"]
    buffer.entries = [32768, 65536]

    [[points]]                  # each a point of its own
    schedule = "deep"
    clock = "1 GHz"

A key is one of `RUN_KEYS`, any `section.key` of the hardware, or a short name: `array` ("32x32"), `clock`,
`part`, `layout`, `buffer`. The values are checked one by one before anything runs; what does not go together
is found when a point is made ready. Relative paths are those of the file they stand in.
"""

from __future__ import annotations

import itertools
import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec

from scanfuse.hardware import HardwareError
from scanfuse.hardware.errors import did_you_mean
from scanfuse.hardware.read import PATHS, SECTIONS, check_key, is_path
from scanfuse.hardware.toml import parse_toml
from scanfuse.network import is_file_name
from scanfuse.sweeps.errors import SweepError

RUN_KEYS: dict[str, Any] = {
    "network": str,
    "resolution": Annotated[int, msgspec.Meta(gt=0, le=1_000_000)],
    "width": Annotated[float, msgspec.Meta(gt=0, le=1000)],
    "skip_unsupported": bool,
    "schedule": str,
    "objective": str,
    "hardware": str,
}
SHORT = {
    "clock": "pe_array.clock_hz",
    "part": "dram.part",
    "layout": "layout.order",
    "buffer": "buffer.entries",
}
ARRAY = re.compile(r"\s*([0-9]{1,9})\s*[xX]\s*([0-9]{1,9})\s*")
TABLES = ("base", "grid", "points")
MOST_POINTS = 100_000

Settings = tuple[tuple[str, Any], ...]


class Document(msgspec.Struct, forbid_unknown_fields=True):
    """The file as it stands."""

    base: dict[str, Any] = {}
    grid: dict[str, Any] = {}
    points: list[dict[str, Any]] = []


@dataclass(frozen=True)
class Spec:
    """A sweep: where it was read, and each point's settings, in order; `RUN_KEYS` and `section.key`s."""

    name: str
    where: str
    points: tuple[Settings, ...]
    values: tuple[tuple[str, str, Any], ...]
    """Each value once, with its table and its key, for checking."""


def load_spec(source: str | Path | Mapping[str, Any]) -> Spec:
    """A sweep from a TOML file, or from a table as it would stand in one. Raises SweepError, OSError."""
    if isinstance(source, Mapping):
        return _spec(dict(source), "sweep", "sweep", Path.cwd())
    path = Path(source)
    try:
        table = parse_toml(path.read_text(encoding="utf-8"), str(path))
    except HardwareError as error:
        raise SweepError(str(error)) from None
    except UnicodeDecodeError as error:
        raise SweepError(f"{path}: not valid TOML: {error}") from None
    return _spec(table, path.stem, str(path), path.resolve().parent)


def _spec(table: dict[str, Any], name: str, where: str, folder: Path) -> Spec:
    for key in table:
        if key not in TABLES:
            raise SweepError(f"{where}: {key}: unknown table{did_you_mean(key, TABLES)}; {_allowed()}")
    try:
        document = msgspec.convert(table, Document)
    except msgspec.ValidationError as error:
        place, told = _told(error)
        raise SweepError(f"{where}: {place}: {told}; {_allowed()}") from None
    reader = _Reader(where, folder)
    base = reader.settings(document.base, "base")
    grid = reader.axes(document.grid, "grid")
    listed = [reader.settings(one, f"points[{number}]") for number, one in enumerate(document.points)]
    if not grid and not listed:
        raise SweepError(f"{where}: no points; {_allowed()}")
    count = len(listed) + (math.prod(map(len, grid)) if grid else 0)
    if count > MOST_POINTS:
        raise SweepError(f"{where}: {count:,} points, and {MOST_POINTS:,} is the most: leave some values out")
    points = [_merged(base, *some) for some in itertools.product(*grid)] if grid else []
    points += [_merged(base, one) for one in listed]
    for settings in points:
        if "network" not in dict(settings):
            raise SweepError(
                f"{where}: a point without network; set it in base, in grid, or in each of points"
            )
    return Spec(name, where, tuple(points), tuple(reader.values))


def _told(error: msgspec.ValidationError) -> tuple[str, str]:
    """The place that an error names, and what it says of it."""
    told, _, place = str(error).partition(" - at `$")
    return place.strip("`."), f"{told[:1].lower()}{told[1:]}".replace("`", "")


def _allowed() -> str:
    return "give [grid], every combination of some values, or [[points]], each its own; and [base] for all"


def _merged(*some: Settings) -> Settings:
    """Settings together; the later of equal keys holds, in the place of the first."""
    return tuple({key: value for settings in some for key, value in settings}.items())


class _Reader:
    """Reads tables of keys and values, and remembers each value for checking."""

    def __init__(self, where: str, folder: Path) -> None:
        self.where, self.folder = where, folder
        self.values: list[tuple[str, str, Any]] = []

    def settings(self, table: dict[str, Any], name: str) -> Settings:
        """Those of a table with one value for each key."""
        for key, value in _flat(table):
            if isinstance(value, list):
                raise SweepError(
                    f"{self.where}: {name}.{key}: one value here, got {value!r}; a list goes into [grid]"
                )
        return _merged(*(settings for (settings,) in self.axes(table, name)))

    def axes(self, table: dict[str, Any], name: str) -> list[list[Settings]]:
        """For each key the settings of each of its values."""
        found: list[list[Settings]] = []
        seen: dict[str, str] = {}
        for key, value in _flat(table):
            where = f"{self.where}: {name}.{key}"
            self._check_key(key, name)
            choices = value if isinstance(value, list) else [value]
            if not choices:
                raise SweepError(f"{where}: an empty list: give one value or more")
            axis = [self._settings(key, choice, where) for choice in choices]
            if len(set(axis)) < len(axis):
                pairs = zip(choices, axis, strict=True)
                twice = next(value for value, settings in pairs if axis.count(settings) > 1)
                raise SweepError(f"{where}: {twice!r} twice")
            self.values += [(name, full, value) for settings in axis for full, value in settings]
            for full, _ in axis[0]:
                if full in seen:
                    raise SweepError(f"{where}: sets {full}, as {seen[full]} does: leave out one")
                seen[full] = key
            found.append(axis)
        return found

    def _check_key(self, key: str, name: str) -> None:
        if key in RUN_KEYS or key in SHORT or key == "array":
            return
        if "." not in key:
            known = list(dict.fromkeys([*RUN_KEYS, *SHORT, "array", *SECTIONS]))  # buffer is both
            hint = did_you_mean(key, known) or f"; the keys are {', '.join(known)}"
            raise SweepError(f"{self.where}: {name}.{key}: unknown key{hint}")
        try:
            check_key(key, f"{self.where}: {name}")
        except HardwareError as error:
            raise SweepError(str(error)) from None

    def _settings(self, key: str, value: Any, where: str) -> Settings:
        if key == "array":
            found = ARRAY.fullmatch(value) if isinstance(value, str) else None
            if found is None:
                raise SweepError(f'{where}: expected rows x columns such as "32x32", got {value!r}')
            return ("pe_array.rows", int(found[1])), ("pe_array.columns", int(found[2]))
        if key in RUN_KEYS:
            try:
                value = msgspec.convert(value, RUN_KEYS[key])
            except msgspec.ValidationError as error:
                raise SweepError(f"{where}: {_told(error)[1]}, got {value!r}") from None
            return ((key, self._place(value) if _is_place(key, value) else value),)
        full = SHORT.get(key, key)
        if not isinstance(value, (bool, int, float, str)):
            raise SweepError(f"{where}: expected a number, a text, true or false, got {value!r}")
        if full in PATHS and isinstance(value, str) and is_path(full, value):
            value = self._place(value)
        return ((full, value),)

    def _place(self, path: str) -> str:
        return os.path.realpath(self.folder / path)


def _is_place(key: str, value: Any) -> bool:
    """Whether a value of `RUN_KEYS` names a file."""
    if key == "network":
        return is_file_name(value)
    return key == "hardware" and (is_path(key, value) or value.lower().endswith(".cfg"))


def _flat(table: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys, however the tables are nested."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value

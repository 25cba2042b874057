"""The points of a sweep, made ready: each with all that its figures depend on, and nothing that is in files.

A point that is ready can be sent anywhere. Its key is a hash of what decides its figures, so that a figure
that is kept under it is never stale. Points that share work are put where they meet: those whose mapping has
the same parts to search for run close to each other, and those with one and the same search one after the
other's turn, so that whoever comes later finds it on disk.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from scanfuse.dram import DramConfig, DramConfigError
from scanfuse.hardware import DRAM, Accelerator, Energy, HardwareError
from scanfuse.hardware.errors import did_you_mean
from scanfuse.hardware.read import hardware_with
from scanfuse.mapping import OBJECTIVES, SCHEDULES
from scanfuse.network import Network, NetworkError, load
from scanfuse.results.mapping_cache import digest_of
from scanfuse.results.setup import dram_config
from scanfuse.sweeps.errors import SweepError
from scanfuse.sweeps.spec import RUN_KEYS, Settings, Spec

DEFAULTS = {"schedule": "fused", "objective": "traffic", "hardware": "paper"}
CHOICES = {"schedule": tuple(SCHEDULES), "objective": tuple(OBJECTIVES)}
NOWHERE = Path("/")  # all paths of a specification are absolute


@dataclass(frozen=True)
class Ready:
    """A point that can be run anywhere.

    key: of all that decides its figures; search: of what decides its mapping; family: of the points that
    differ in clock, DRAM and energies alone.
    """

    index: int
    network: Network
    schedule: str
    objective: str
    accelerator: Accelerator
    config: DramConfig
    key: str
    search: str
    family: str


@dataclass(frozen=True)
class Unready:
    """A point that cannot be made ready, and why."""

    index: int
    error: str


def error_text(error: Exception) -> str:
    """An error in one line, as it stands in the table."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def check_values(spec: Spec) -> None:
    """Try each value by itself, so that what is misspelt is found before anything runs. Raises SweepError."""
    first: dict[Any, str] = {}
    for table, key, value in spec.values:
        first.setdefault((key, type(value), value), table)
    for (key, _, value), table in first.items():
        where = f"{spec.where}: {table}"
        if key in CHOICES and value not in CHOICES[key]:
            hint = did_you_mean(value, CHOICES[key])
            raise SweepError(
                f"{where}: {key}: unknown {key} {value!r}{hint}; there are {', '.join(CHOICES[key])}"
            )
        try:
            _try(key, value, where)
        except (HardwareError, NetworkError, DramConfigError, OSError) as error:
            told = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)
            raise SweepError(told if told.startswith(where) else f"{where}: {key}: {told}") from None


def _try(key: str, value: Any, where: str) -> None:
    if key == "network":
        load(value)
    elif key == "hardware":
        dram_config(hardware_with(value, {}, where, NOWHERE))
    elif key not in RUN_KEYS:
        hardware = hardware_with("paper", {key: value}, where, NOWHERE)
        if key in ("dram.part", "dram.system"):
            dram_config(hardware)


def make_ready(spec: Spec) -> list[Ready | Unready]:
    """Every point in its place."""
    make = _Maker(spec.where)
    return [make.point(index, settings) for index, settings in enumerate(spec.points)]


class _Maker:
    """Makes points ready; what many of them share is made once."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.network = lru_cache(maxsize=None)(_load_network)
        self.config = lru_cache(maxsize=None)(_load_config)

    def point(self, index: int, settings: Settings) -> Ready | Unready:
        asked: dict[str, Any] = {**DEFAULTS, **dict(settings)}
        try:
            scaled = (asked.get("resolution"), asked.get("width"), asked.get("skip_unsupported", False))
            network = self.network(asked["network"], *scaled)
            values = {key: value for key, value in settings if key not in RUN_KEYS}
            accelerator = hardware_with(asked["hardware"], values, self.where, NOWHERE)
            config = self.config(accelerator.dram, json.dumps(accelerator.dram.overrides, sort_keys=True))
        except (HardwareError, NetworkError, DramConfigError, OSError) as error:
            return Unready(index, error_text(error))
        schedule, objective = asked["schedule"], asked["objective"]
        search = digest_of(network, schedule, accelerator, config, objective)
        rest = (repr(replace(accelerator, name="any")), json.dumps(config.to_dict(), sort_keys=True))
        energies = (repr(accelerator.mac_pj), repr(accelerator.buffer_access_pj))
        any_clock = replace(accelerator.pe_array, clock_hz=1)
        alike = replace(accelerator, name="any", pe_array=any_clock, dram=DRAM(), energy=Energy())
        return Ready(
            index,
            network,
            schedule,
            objective,
            accelerator,
            config,
            key=_hash(search, *rest, *energies),
            search=search,
            family=_hash(repr(network), schedule, objective, repr(alike)),
        )


def _load_network(name: str, resolution: int | None, width: float | None, skip_unsupported: bool) -> Network:
    return load(name, resolution, width, skip_unsupported=skip_unsupported)


def _load_config(dram: DRAM, overrides: str) -> DramConfig:
    """overrides: those of the DRAM again, as a DRAM is hashed without them."""
    return dram_config(Accelerator(dram=dram))


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]


def in_order(points: Iterable[Ready]) -> list[Ready]:
    """The order in which points run, whoever runs them.

    Families stay together, but which comes first is left to their hashes, so that a part of the points is
    like the whole: shards take equally long, and the time left can be told from the time taken. In a family,
    first one point of every search, then the second of every search, and so on.
    """
    turns: Counter[str] = Counter()
    placed = []
    for point in points:
        placed.append((point.family, turns[point.search], point.index, point))
        turns[point.search] += 1
    return [point for *_, point in sorted(placed, key=lambda each: each[:3])]


def of_shard(points: Sequence[Ready], shard: tuple[int, int]) -> list[Ready]:
    """The points of shard i of n, both counted from 1."""
    number, count = shard
    return list(points[number - 1 :: count])

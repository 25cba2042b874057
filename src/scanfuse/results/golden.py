"""Golden figures: what a run or a replay came to earlier, kept as text and held to.

A golden file is TOML. Either a `[run]` table says what to run:

    [run]
    network = "mobilenet_v2"        # or a file's path, relative to the golden file
    schedule = "fused"
    resolution = 224                # optional, as is width
    hardware = "paper"              # or the path of a TOML file, relative to the golden file
    settings = ["buffer.entries=16384"]     # optional

or a `[replay]` table names a trace (relative to the golden file) with, if need be, the DRAM it goes to:

    [replay]
    trace = "requests.csv"
    part = "DDR3_micron_32M_8B_x8_sg15"     # optional where the trace has its own
    feed = "accept"                         # optional

All other tables are figures, written by `scanfuse check --update`. Counts, cycles and raw accumulators are
held exactly, energies and rates to 1e-9.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanfuse.dram import DramConfig, TraceError, read_trace, replay
from scanfuse.hardware import load_hardware
from scanfuse.network import is_file_name
from scanfuse.results.difference import Difference, differences
from scanfuse.results.files import write_whole
from scanfuse.results.replay import Tally, check_whole, replay_summary
from scanfuse.results.run import Progress, Run, run
from scanfuse.results.setup import Setup
from scanfuse.results.table import SUMMED, layer_counts, on_chip_nj

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HEAD = "# Golden figures. Written by `scanfuse check --update {name}`; review what moved before committing.\n"
RUN_KEYS: dict[str, type] = {
    "network": str,
    "schedule": str,
    "resolution": int,
    "width": float,
    "hardware": str,
    "settings": list,
}
REPLAY_KEYS: dict[str, type] = {"trace": str, "part": str, "feed": str}
FEEDS = ("accept", "pend", "trace")
EXACT_BY_LAYER = (
    *SUMMED, "row_hits", "actpre", "burst", "refresh", "background", "computed_macs", "buffer_accesses",
    "unused_bytes", "peak_buffer_entries", "memory_ps", "overlap_ps", "bursts", "waiting_bursts",
)  # fmt: skip
ENERGIES_BY_LAYER = ("buffer_nj", "mac_nj")


class GoldenError(ValueError):
    """A golden file that cannot be read: the text says where and what is expected."""


@dataclass(frozen=True)
class Golden:
    """A golden file: where it lies, what it asks for, and the figures it holds."""

    path: Path
    kind: str  # run or replay
    asked: dict[str, Any]
    figures: dict[str, Any]


def load_golden(path: Path) -> Golden:
    """Read a golden file. Raises GoldenError, OSError."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise GoldenError(f"{path}: not valid TOML: {error}") from None
    kinds = [kind for kind in ("run", "replay") if isinstance(table.get(kind), dict)]
    if len(kinds) != 1:
        raise GoldenError(f"{path}: expected one table [run] or [replay] that says what to check")
    asked = table.pop(kinds[0])
    _check_asked(path, kinds[0], asked)
    return Golden(path, kinds[0], asked, table)


def compare_golden(golden: Golden, progress: Progress | None = None) -> list[Difference]:
    """Run again and tell what moved: an empty list where nothing did. Raises the errors of a run."""
    return differences(by_figure(golden.figures), by_figure(measure(golden, progress)))


def update_golden(golden: Golden, progress: Progress | None = None) -> list[Difference]:
    """Run again, write the figures of now, and tell what moved. Raises the errors of a run, OSError."""
    import tomli_w

    found = measure(golden, progress)
    tables = [tomli_w.dumps({golden.kind: golden.asked})]
    tables += [table_text(name, values) for name, values in found.items()]
    write_whole(golden.path, HEAD.format(name=golden.path.name) + "\n" + "\n".join(tables))
    return differences(by_figure(golden.figures), by_figure(found))


def measure(golden: Golden, progress: Progress | None = None) -> dict[str, Any]:
    """The figures of now, in the form of a golden file."""
    return _measure_run(golden, progress) if golden.kind == "run" else _measure_replay(golden)


def golden_figures(done: Run) -> dict[str, Any]:
    """The figures of a run that a golden file holds."""
    simulation, accelerator = done.simulation, done.accelerator
    counts = layer_counts(simulation)
    layers = {}
    for index, layer in enumerate(done.network.layers):
        mine = {name: int(values[index]) for name, values in counts.items()}
        energies = on_chip_nj(accelerator, mine)
        exact = [mine[name] for name in EXACT_BY_LAYER]
        layers[layer.name] = [*exact, *(energies[name] for name in ENERGIES_BY_LAYER)]
    return {
        "figures": {
            "layout": done.mapping.layout,
            "layouts": ", ".join(f"{placed.map} {placed.layout}" for placed in done.mapping.layouts),
            "entries": done.entries,
            "extra_macs": done.extra_macs,
            "time_ps": simulation.time_ps,
            "dram_ticks": simulation.ticks,
            "peak_claimed_entries": simulation.peak_claimed_entries,
        },
        "total": dict(done.total),
        "accumulators": dict(simulation.accumulators),
        "counters": dict(simulation.counters),
        "columns": {"by_layer": [*EXACT_BY_LAYER, *ENERGIES_BY_LAYER]},
        "layers": layers,
    }


def table_text(name: str, values: Mapping[str, Any]) -> str:
    """A TOML table, a line per entry, so that a diff shows what moved."""
    lines = [f"[{name}]", *(f"{key_text(key)} = {value_text(value)}" for key, value in values.items())]
    return "\n".join(lines) + "\n"


def key_text(key: str) -> str:
    return key if key.replace("_", "a").isalnum() and key.isascii() else f'"{key}"'


def value_text(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(value_text(entry) for entry in value)}]"
    return f'"{value}"' if isinstance(value, str) else repr(value)


def by_figure(figures: dict[str, Any]) -> dict[str, Any]:
    """Figures with each layer's row under the names of its columns."""
    columns = figures.get("columns", {}).get("by_layer", [])
    layers = {
        layer: dict(zip(columns, row, strict=False)) if isinstance(row, list) else row
        for layer, row in figures.get("layers", {}).items()
    }
    rest = {name: table for name, table in figures.items() if name not in ("columns", "layers")}
    return {**rest, **({"layers": layers} if layers else {})}


def _measure_run(golden: Golden, progress: Progress | None) -> dict[str, Any]:
    asked, folder = golden.asked, golden.path.parent
    hardware = asked.get("hardware", "paper")
    place = folder / hardware if hardware.endswith(".toml") else hardware
    accelerator = load_hardware(place, asked.get("settings", []))
    if accelerator.dram.backend != "engine":
        raise GoldenError(f"{golden.path}: dram.backend={accelerator.dram.backend}: must be engine")
    network = str(folder / asked["network"]) if is_file_name(asked["network"]) else asked["network"]
    scaled = (asked.get("resolution"), asked.get("width"))
    setup = Setup(network, asked["schedule"], *scaled, hardware=accelerator)
    return golden_figures(run(setup.load_network(), asked["schedule"], accelerator, progress=progress))


def _measure_replay(golden: Golden) -> dict[str, Any]:
    path = golden.path.parent / golden.asked["trace"]
    trace = read_trace(path)
    check_whole(trace, str(path))
    feed, part = golden.asked.get("feed", "accept"), golden.asked.get("part")
    config = DramConfig.from_ini(part) if part else trace.config
    if config is None:
        raise TraceError(f"{path}: has no DRAM of its own: give part in [replay] of {golden.path}")
    own_ticks = 0 if part else trace.total_ticks
    replayed = replay(trace.cycles, trace.addresses, trace.is_write, config, feed=feed, total_ticks=own_ticks)
    tally = Tally()
    tally.add(trace.is_write, replayed.accepted, replayed.completed)
    found = replay_summary(replayed, tally, feed)
    tables = {name: found.pop(name) for name in ("accumulators", "counters")}
    del found["schema"], found["backend"]
    plain = {name: value for name, value in found.items() if not isinstance(value, (dict, list))}
    return {"figures": plain, **tables}


def _check_asked(path: Path, kind: str, asked: dict[str, Any]) -> None:
    keys = RUN_KEYS if kind == "run" else REPLAY_KEYS
    for key, value in asked.items():
        if key not in keys:
            raise GoldenError(f"{path}: {kind}.{key}: unknown key; the keys are {', '.join(keys)}")
        if not isinstance(value, (int, float) if keys[key] is float else keys[key]):
            raise GoldenError(f"{path}: {kind}.{key}: expected {keys[key].__name__}, got {value!r}")
    if not all(isinstance(setting, str) for setting in asked.get("settings", [])):
        raise GoldenError(f"{path}: run.settings: expected texts, got {asked['settings']!r}")
    if asked.get("feed", "accept") not in FEEDS:
        raise GoldenError(f"{path}: replay.feed: must be one of {', '.join(FEEDS)}, got {asked['feed']!r}")
    for key in ("network", "schedule") if kind == "run" else ("trace",):
        if key not in asked:
            raise GoldenError(f"{path}: {kind}.{key} is missing")

"""Golden figures: what a run or a replay came to earlier, held to (see `golden_file` for their text).

Counts, cycles and raw energy accumulators are held exactly, energies in nJ and rates to the file's relative
tolerance. What a run is made of is held as well: settings of the hardware and the DRAM, tiles and layouts. So
where a figure has moved, the table says what moved it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import scanfuse
from scanfuse.dram import DramConfig, TraceError, read_trace, replay
from scanfuse.hardware import Accelerator, load_hardware, to_toml
from scanfuse.mapping import Mapping, mapping_document
from scanfuse.network import is_file_name
from scanfuse.results.difference import Difference, differences
from scanfuse.results.golden_file import Figures, Golden, GoldenError, by_figure, save_golden, with_figures
from scanfuse.results.mapping_file import load_mapping
from scanfuse.results.replay import Tally, check_whole, replay_summary
from scanfuse.results.run import Progress, Run, run, run_mapping
from scanfuse.results.setup import Setup
from scanfuse.results.table import SUMMED, layer_counts, on_chip_nj

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

EXACT_BY_LAYER = (
    *SUMMED, "row_hits", "actpre", "burst", "refresh", "background", "computed_macs", "buffer_accesses",
    "unused_bytes", "peak_buffer_entries", "memory_ps", "overlap_ps", "bursts", "waiting_bursts",
)  # fmt: skip
ENERGIES_BY_LAYER = ("buffer_nj", "mac_nj")
TOLD = ("dram_nj", "time_ps")  # of an update: how far these have moved


def compare_golden(golden: Golden, progress: Progress | None = None) -> list[Difference]:
    """Run again and tell what moved: an empty list where nothing did. Raises the errors of a run."""
    return _moved(golden, measure(golden, progress))


def update_golden(golden: Golden, reason: str, progress: Progress | None = None) -> list[Difference]:
    """Run again, write the figures of now with the reason why they moved, and tell what moved.

    A file without figures is filled in; where nothing has moved the file stays. Raises the errors of a run,
    OSError.
    """
    found = measure(golden, progress)
    moved = _moved(golden, found)
    if not golden.figures:
        save_golden(with_figures(golden, found, None))
    elif moved:
        told = [f"{len(moved)} {'figure' if len(moved) == 1 else 'figures'}"]
        for one in moved:
            if one.figure in TOLD and one.where in ("total", "figures") and one.relative is not None:
                told.append(f"{one.figure} {one.relative:+.3%}")
        update = {"reason": reason, "moved": ", ".join(told), "version": scanfuse.__version__}
        save_golden(with_figures(golden, found, update))
    return moved


def measure(golden: Golden, progress: Progress | None = None) -> Figures:
    """The figures of now, in the form of a golden file."""
    return _measure_run(golden, progress) if golden.kind == "run" else _measure_replay(golden)


def golden_figures(done: Run) -> Figures:
    """What a golden file holds of a run: what it is made of, and its figures."""
    simulation, accelerator = done.simulation, done.accelerator
    counts = layer_counts(simulation)
    layers = {}
    for index, layer in enumerate(done.network.layers):
        mine = {name: int(values[index]) for name, values in counts.items()}
        energies = on_chip_nj(accelerator, mine)
        exact = [mine[name] for name in EXACT_BY_LAYER]
        layers[layer.name] = [*exact, *(energies[name] for name in ENERGIES_BY_LAYER)]
    return {
        "hardware": hardware_settings(accelerator),
        "dram": dram_settings(simulation.config),
        "mapping": mapping_lines(done.mapping),
        "layouts": {"layout": done.mapping.layout, **{p.map: p.layout for p in done.mapping.layouts}},
        "figures": {
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


def hardware_settings(accelerator: Accelerator) -> dict[str, Any]:
    """Every setting under its key of `--set`; those of the DRAM apart (`dram_settings`)."""
    tables = tomllib.loads(to_toml(accelerator))
    found: dict[str, Any] = {}
    for section, settings in tables.items():
        if isinstance(settings, dict) and section != "dram":
            found |= {f"{section}.{key}": value for key, value in settings.items()}
    if accelerator.energy.source.endswith(".toml"):  # wherever that lies
        found["energy.source"] = Path(accelerator.energy.source).name
    return found


def dram_settings(config: DramConfig) -> dict[str, Any]:
    """Every setting of a DRAM under its name in the ini files, whatever file or override it comes from."""
    plain = config.to_dict()
    settings = plain.pop("files") | plain.pop("overrides")
    return {**plain, **settings}


def mapping_lines(mapping: Mapping) -> dict[str, Any]:
    """Every group by its first layer."""
    found: dict[str, Any] = {}
    for group, told in zip(mapping.groups, mapping_document(mapping)["groups"], strict=True):
        name = first = mapping.network.layers[group.layers[0]].name
        number = 1
        while name in found:  # a layer that is computed twice
            number += 1
            name = f"{first} ({number})"
        found[name] = told
    return {"kept": list(mapping.kept), **found}


def _moved(golden: Golden, found: Figures) -> list[Difference]:
    return differences(by_figure(golden.figures), by_figure(found), golden.relative_tolerance)


def _measure_run(golden: Golden, progress: Progress | None) -> Figures:
    asked = golden.asked
    hardware = asked.get("hardware", "paper")
    place = golden.place(hardware) if hardware.endswith(".toml") else hardware
    accelerator = load_hardware(place, asked.get("settings", []))
    if accelerator.dram.backend != "engine":
        raise GoldenError(f"{golden.path}: dram.backend={accelerator.dram.backend}: must be engine")
    if "mapping" in asked:
        mapping = load_mapping(golden.place(asked["mapping"]))
        return golden_figures(run_mapping(mapping, accelerator, progress=progress))
    name = asked["network"]
    setup = Setup(
        str(golden.place(name)) if is_file_name(name) else name,
        asked["schedule"],
        asked.get("resolution"),
        asked.get("width"),
        accelerator,
        skip_unsupported=asked.get("skip_unsupported", False),
    )
    objective = asked.get("objective", "traffic")
    done = run(setup.load_network(), asked["schedule"], accelerator, objective=objective, progress=progress)
    return golden_figures(done)


def _measure_replay(golden: Golden) -> Figures:
    path = golden.place(golden.asked["trace"])
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
    return {"dram": dram_settings(config), "figures": plain, **tables}

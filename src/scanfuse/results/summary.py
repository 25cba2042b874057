"""The summary of a run: everything that is not a row per layer, as plain data for JSON."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Any

import scanfuse
from scanfuse.results.graph import edge_rows, group_rows
from scanfuse.results.run import Run
from scanfuse.results.setup import Setup
from scanfuse.results.table import ACCUMULATORS, layer_counts, roofline, total_counts
from scanfuse.results.tile_walks import tile_walks

SCHEMA = 1
EXACT = (
    *ACCUMULATORS.values(), "row_hits", "computed_macs", "buffer_accesses", "unused_bytes", "memory_ps",
    "overlap_ps", "bursts", "waiting_bursts",
)  # fmt: skip


def summary(run: Run, setup: Setup) -> dict[str, Any]:
    """What a run was and what came out.

    `accumulators` are the engine's own (mA x ticks x devices), `layers` each layer's share of them and of
    other counts that the table does not show, as far as they are told: the sum over layers equals the
    engine's exactly.
    """
    simulation = run.simulation
    counts = layer_counts(simulation)
    totals = total_counts(counts)
    return {
        "schema": SCHEMA,
        "network": run.network.name,
        "schedule": run.schedule,
        "layout": run.mapping.layout,
        "layouts": {placed.map: placed.layout for placed in run.mapping.layouts},
        "hardware": run.accelerator.name,
        "entries": run.entries,
        "bounds": run.bounds,
        "extra_macs": run.extra_macs,
        "unused_bytes": totals["unused_bytes"],
        "buffer_entries": run.accelerator.buffer.entries,
        "peak_claimed_entries": simulation.peak_claimed_entries,
        "time_ps": simulation.time_ps,
        "dram_ticks": simulation.ticks,
        "roofline": roofline(run.accelerator, simulation.config),
        "total": run.total,
        "accumulators": dict(simulation.accumulators),
        "counters": dict(simulation.counters) or None,
        "nj_per_accumulator_unit": simulation.config.nj_per_unit,
        "layers": [
            {"layer": layer.name, **{name: int(counts[name][index]) for name in EXACT if name in counts}}
            for index, layer in enumerate(run.network.layers)
        ],
        "groups": group_rows(simulation),
        "edges": edge_rows(run.network),
        "walks": tile_walks(run.mapping, run.accelerator),
        "verified": verified(run),
        "run": {"network": setup.network, "resolution": setup.resolution, "width": setup.width},
        "dram": simulation.config.to_dict(),
        "versions": versions(),
    }


def verified(run: Run) -> dict[str, Any] | None:
    """What an execution on integers has shown, and the live entries it measured at the peak of each group."""
    found = run.execution
    if found is None:
        return None
    return {"layers": found.layers, "outputs": found.elements, "peak_entries": list(found.peak_entries)}


def versions() -> dict[str, str]:
    packages = {name: version(name) for name in ("numpy", "pandas", "simpy")}
    return {"scanfuse": scanfuse.__version__, "python": platform.python_version(), **packages}

"""The table of a mapping: a row per group, before anything is simulated.

`entries`, `bursts` and `extra_macs` are counted in the program, `live_entries` is the most it holds in the
group. `compulsory_entries` is what the group's layers move at least, `matmul_io_entries` what one matrix
multiplication moves at least through a buffer of this size (None for all else), `least_entries` the larger.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scanfuse.dram import DramConfig
from scanfuse.hardware import Accelerator
from scanfuse.mapping import (
    Explanation,
    Group,
    Mapping,
    TilingCost,
    Way,
    compulsory_entries,
    group_document,
    group_entries,
    inside,
    layer_matmul_entries,
)
from scanfuse.program import AddressLayout, Program
from scanfuse.results.run import bounds
from scanfuse.simulate.plan import Plan

SUMMED = ("entries", "least_entries", "bursts", "extra_macs", "steps")


def mapping_summary(program: Program, accelerator: Accelerator, config: DramConfig) -> dict[str, Any]:
    """A mapping as plain data: what it is for, its totals and bounds, and under `groups` its rows."""
    mapping = program.mapping
    groups = mapping_rows(program, accelerator, config)
    return {
        "network": mapping.network.name,
        "hardware": accelerator.name,
        "schedule": mapping.schedule,
        "layout": mapping.layout,
        "layouts": {placed.map: placed.layout for placed in mapping.layouts},
        "psum_entries": mapping.psum_entries,
        "buffer_entries": accelerator.buffer.entries,
        "bounds": bounds(mapping.network),
        **{name: sum(row[name] for row in groups) for name in SUMMED},
        "live_entries": max(row["live_entries"] for row in groups),
        "groups": groups,
    }


def mapping_rows(program: Program, accelerator: Accelerator, config: DramConfig) -> list[dict[str, Any]]:
    """A row per group: number, the group as in a mapping's file, its layers, and its figures."""
    mapping, buffer = program.mapping, accelerator.buffer
    layers = mapping.network.layers
    burst_bytes, capacity_bytes = config.transaction_bytes, config.capacity_bytes
    layout = AddressLayout(program, buffer.entry_bytes, burst_bytes, capacity_bytes)
    plan = Plan(program, layout.bursts(), accelerator)
    transfers = program.transfers
    group_of_transfer = program.groups[program.moves["step"][transfers]]
    entries = _by_group(mapping, group_of_transfer, program.sizes[transfers])
    bursts = _by_group(mapping, group_of_transfer, plan.bursts.counts)
    macs = _by_group(mapping, program.groups[program.ops["step"]], plan.op_macs)
    live = program.peaks
    steps = np.bincount(program.groups, minlength=len(mapping.groups))
    return [
        {
            "group": number,
            **group_document(mapping, group),
            "layers": [layers[index].name for index in group.layers],
            "entries": int(entries[number]),
            **_least(mapping, group, buffer.entries),
            "bursts": int(bursts[number]),
            "live_entries": int(live[number]),
            "extra_macs": int(macs[number]) - _first_macs(mapping, group),
            "steps": int(steps[number]),
        }
        for number, group in enumerate(mapping.groups)
    ]


def _first_macs(mapping: Mapping, group: Group) -> int:
    """MACs of the layers that no group before has computed."""
    layers = set(group.layers) - mapping.held[group].again
    return sum(mapping.network.layers[index].macs for index in layers)


def _by_group(mapping: Mapping, groups: np.ndarray, counts: np.ndarray) -> np.ndarray:
    found = np.zeros(len(mapping.groups), dtype=np.int64)
    np.add.at(found, groups, counts)
    return found


def _least(mapping: Mapping, group: Group, buffer_entries: int) -> dict[str, int | None]:
    network, cost = mapping.network, mapping.cost(group)
    io = layer_matmul_entries(cost.nest, buffer_entries) if isinstance(cost, TilingCost) else None
    return {
        "least_entries": group_entries(network, [group], buffer_entries),
        "compulsory_entries": compulsory_entries(network, group.layers, inside(network, group)),
        "matmul_io_entries": io,
    }


def explanation_document(mapping: Mapping, explanation: Explanation) -> dict[str, Any]:
    """An explanation as plain data: the groups it is of, why, and the ways to run their layers."""
    layers = sorted({index for group in explanation.chosen.groups for index in group.layers})
    return {
        "groups": list(explanation.numbers),
        "layers": [mapping.network.layers[index].name for index in layers],
        "least_entries": explanation.least_entries,
        "reason": explanation.reason,
        "ways": [_way_document(mapping, way) for way in (explanation.chosen, *explanation.others)],
    }


def _way_document(mapping: Mapping, way: Way) -> dict[str, Any]:
    return {
        "name": way.name,
        "groups": [group_document(mapping, group) for group in way.groups],
        "kept": list(way.kept),
        "elsewhere": [{"group": number, **group_document(mapping, group)} for number, group in way.elsewhere],
        "entries": way.entries,
        "elsewhere_entries": way.elsewhere_entries,
        "extra_macs": way.extra_macs,
        "live_entries": way.live_entries,
        "fits": way.fits,
        "missing_entries": way.missing_entries,
        "estimated_bursts": way.bursts,
        "estimated_cost": way.cost,
    }

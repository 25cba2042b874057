"""Room in the buffer for loads ahead: what of a group's next loads fits while a step computes.

The DMA claims space for loads in program order, each as soon as it is free; so of the loads of a step those
run ahead that fit beside what is live, up to the first that does not.
"""

from __future__ import annotations

from typing import Any

from scanfuse.mapping.cascade import CascadeCost
from scanfuse.mapping.lines import span_length
from scanfuse.mapping.tiling import TilingCost


def tile_loads(cost: TilingCost, axes: dict[str, tuple[Any, Any, Any]]) -> list[int]:
    """Entries of the loads of a typical step: of what depends on the innermost loop that turns."""
    trips = {"m": axes["p"][0] * axes["q"][0], "n": axes["n"][0], "k": axes["k"][0]}
    inner = next((axis for axis in reversed(cost.tiling.order) if trips[axis] > 1), None)
    loaded = "ABC" if cost.traffic.psum_read else "AB"
    return [operand_entries(cost, operand) for operand in loaded if inner != cost.nest.free_axis[operand]]


def operand_entries(cost: TilingCost, operand: str) -> int:
    """Entries of a tile of an operand; of those that a step brings in, where they roll on."""
    size = cost.nest.coefficient[operand] * (cost.psum_entries if operand == "C" else 1)
    for axis in "mnk":
        if axis != cost.nest.free_axis[operand]:
            cut = cost.cuts[operand][axis]
            rolls = cost.tiling.rolling and operand == "A" and axis == "m"
            size *= -(-int(cut.total) // int(cut.trips)) if rolls else int(cut.largest)
    return size


def share_of_rows(cost: CascadeCost, capacity: int) -> float:
    """The share of its loads that a walk by rows has room for while the step before computes."""
    free = [capacity - entries for entries in cost.unit_entries]
    row = span_length(cost.widest[0].ifmap) * cost.ifmap.channels
    loads = []  # entries, and the share of them that there is room for
    for number, (start, stop) in cost.input_loads.items() if cost.traffic.ifmap else ():
        entries = (stop - start) * row * len(cost.columns)
        before = free[cost.pieces[number - 1].unit] if number else capacity
        loads.append((entries, share_that_fits([entries], before)))
    for unit, shape in enumerate(cost.shapes):
        pinned, tiles = cost.cascade.pinned[unit], chunk_loads(cost, unit)
        often = cost.events[unit] * len(cost.columns)
        streamed = (shape.channels - pinned) * shape.weights_per_channel * often
        before = free[unit - 1] if unit else capacity
        loads.append((streamed, share_that_fits(tiles, free[unit])))
        loads.append((pinned * shape.weights_per_channel, share_that_fits(tiles, before)))
    total = sum(entries for entries, _ in loads)
    return sum(entries * share for entries, share in loads) / total if total else 1.0


def chunk_loads(cost: CascadeCost, unit: int) -> list[int]:
    """Entries of the loads of a unit's next chunk, in their order."""
    shape, chunk = cost.shapes[unit], cost.cascade.chunks[unit]
    parts = len(cost.part_spans) if cost.cascade.parts > 1 else 1
    layers = (shape.lead, shape.middle, shape.side)
    per_channel = [layer.weight_entries // shape.channels for layer in layers if layer is not None]
    if cost.by_chunk:  # its rows come before the next chunk's weights
        per_channel.insert(0, cost.ifmap.height * cost.ifmap.width)
    if shape.last is not None:
        per_channel.append(-(-shape.last.K // parts))
    return [chunk * entries for entries in per_channel]


def share_that_fits(tiles: list[int], room: int) -> float:
    """The share of some loads, that come in this order, for which there is room."""
    fitting = total = 0
    for entries in tiles:
        total += entries
        if total <= room:
            fitting = total
    return fitting / total if total else 1.0

"""The cascade that runs some units with what room there is: chunks as large as pay, as little recomputed as fits."""

from __future__ import annotations

from dataclasses import replace

from scanfuse.mapping.cascade import Cascade, CascadeCost, Held, Walk
from scanfuse.mapping.estimate import Target
from scanfuse.mapping.units import Unit, UnitShape
from scanfuse.network import Network

STEP_ROWS = (1, 2)  # rows of a unit's result made at once, in a walk by rows


def fit_cascade(network: Network, units: tuple[Unit, ...], held: Held, target: Target) -> CascadeCost | None:
    """The cascade of least traffic, then least recomputation, or None where none fits the buffer."""
    found = [fit_chunks(network, units[0], held, target)] if len(units) == 1 else []
    if not found or found[0] is None or found[0].extra_macs:
        found += [fit_rows(network, units, held, target, step) for step in STEP_ROWS]
    fitting = [cost for cost in found if cost is not None]
    return min(fitting, key=lambda cost: (cost.traffic.total, cost.extra_macs), default=None)


def fit_chunks(network: Network, unit: Unit, held: Held, target: Target) -> CascadeCost | None:
    """One unit with its weights streamed past its map: the larger the chunk the better, with room for the next
    chunk's weights where there is any."""
    shape = UnitShape(network, unit)
    best = None
    for step_rows in _step_rows(shape):
        cost = _cost(network, (unit,), (1,), "chunks", step_rows, held, target)
        base, per_chunk, _ = cost.demand
        room = target.buffer_entries - held.over_entries - base[0]
        if room < per_chunk[0]:
            continue
        most = min(room // max(per_chunk[0], 1), shape.channels)
        ahead = room // max(per_chunk[0] + shape.weights_per_channel, 1)
        chunk = _even(min(most, ahead) if ahead else most, shape.channels, target.array.columns)
        best = replace(cost, cascade=replace(cost.cascade, chunks=(chunk,)))
        if chunk >= min(target.array.columns, shape.channels):
            break
    return best


def _step_rows(shape: UnitShape) -> list[int]:
    """Rows of a step, the wanted number first: enough pixels to fill an array, else fewer."""
    rows, width = shape.final.P, shape.final.Q
    wanted = min(rows, -(-64 // width))
    return sorted({wanted, 1}, reverse=True)


def _even(most: int, channels: int, columns: int) -> int:
    """A chunk of at most `most` channels: whole columns of the array, chunks of about one size."""
    if most >= channels:
        return channels
    if most >= columns:
        most -= most % columns
        return most
    trips = -(-channels // most)
    return -(-channels // trips)


def fit_rows(
    network: Network, units: tuple[Unit, ...], held: Held, target: Target, step_rows: int
) -> CascadeCost | None:
    """A walk by rows: every unit's chunk as large as there is room for; windows roll where all channels fit."""
    cost = _cost(network, units, (1,) * len(units), "rows", step_rows, held, target)
    chunks = largest_chunks(cost, target.buffer_entries)
    if chunks is None:
        return None
    cost = replace(cost, cascade=replace(cost.cascade, chunks=chunks))
    return roll_windows(cost, target.buffer_entries)


def largest_chunks(cost: CascadeCost, buffer_entries: int) -> tuple[int, ...] | None:
    """Per unit, the most channels at a time whose events fit without a window that rolls on."""
    base, per_chunk, _ = cost.demand
    room = buffer_entries - cost.held.over_entries
    found = []
    for shape, entries, each in zip(cost.shapes, base, per_chunk, strict=True):
        limit = shape.channels - 1 if shape.recomputes and shape.channels > 1 else shape.channels
        chunk = limit if not each else min((room - entries) // each, limit)
        if chunk < 1 or entries > room:
            return None
        trips = -(-shape.channels // chunk)
        found.append(-(-shape.channels // trips))
    return tuple(found)


def roll_windows(cost: CascadeCost, buffer_entries: int) -> CascadeCost:
    """Lets windows roll on, those first that save most, as long as there is room; what rolls is not recomputed."""
    shapes = cost.shapes
    order = sorted(
        (unit for unit, shape in enumerate(shapes) if shape.recomputes),
        key=lambda unit: -shapes[unit].lead.macs if shapes[unit].lead is not None else 0,  # type: ignore[union-attr]
    )
    for unit in order:
        chunks = list(cost.cascade.chunks)
        chunks[unit] = shapes[unit].channels
        rolled = replace(cost, cascade=replace(cost.cascade, chunks=tuple(chunks)))
        rolled = _shrunk(rolled, buffer_entries)
        if rolled is not None and rolled.extra_macs < cost.extra_macs:
            cost = rolled
    return cost


def _shrunk(cost: CascadeCost, buffer_entries: int) -> CascadeCost | None:
    """The same with the chunks of the units that do not roll made small enough, or None."""
    base, per_chunk, rolling = cost.demand
    room = buffer_entries - cost.held.over_entries
    room -= sum(rolling[unit] for unit in range(len(base)) if cost.rolls(unit))
    chunks = []
    for unit, shape in enumerate(cost.shapes):
        chunk = cost.cascade.chunks[unit]
        if not cost.rolls(unit) and per_chunk[unit]:
            chunk = min(chunk, (room - base[unit]) // per_chunk[unit])
        if chunk < 1 or base[unit] + per_chunk[unit] * chunk > room:
            return None
        chunks.append(chunk)
    return replace(cost, cascade=replace(cost.cascade, chunks=tuple(chunks)))


def _cost(
    network: Network, units: tuple[Unit, ...], chunks: tuple[int, ...], walk: Walk, step_rows: int, held: Held,
    target: Target,
) -> CascadeCost:  # fmt: skip
    return CascadeCost(network, Cascade(units, chunks, walk, step_rows), held, target.psum_entries)

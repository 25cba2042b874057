"""The cascade that runs some units with what room there is: chunks as large as pay, as many weights pinned
and as little recomputed as fits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, product

from scanfuse.mapping.cascade import Cascade, CascadeCost, Held
from scanfuse.mapping.errors import MappingError
from scanfuse.mapping.estimate import Target
from scanfuse.mapping.forecast import forecast_phases
from scanfuse.mapping.objective import Goal
from scanfuse.mapping.units import Unit, UnitShape, least_read, unit_shape
from scanfuse.mapping.work import phases
from scanfuse.network import Network

STEP_ROWS = (1, 2)  # rows of a unit's result made at once, where all weights stay
MORE_STEP_ROWS = (3, 4, 6, 8)  # where rows computed again cost
LEAVING = (0.1, 0.25, 0.5)  # shares of the buffer left for the loads of what comes next
STRIPES = (1, 2, 3, 4, 6, 8, 12, 16)
PARTS = (1, 2, 3, 4, 5, 6, 8, 12, 16)
BANDS = (1, 2, 3, 4, 5, 6, 8, 10, 14, 20, 28, 40, 56)
BLOCK = 8  # channels of which chunks are made up, where they are larger
LEAST_CHUNK = 8  # channels whose weights are streamed at a time, where there is room


def fit_cascade(network: Network, units: tuple[Unit, ...], held: Held, target: Target) -> CascadeCost | None:
    """The cascade of least traffic, then least recomputation, or with a goal that comes nearest to it.

    None where none fits the buffer, or where factors that it scales by are not kept there.
    """
    factors = (unit_shape(network, unit).factors for unit in units)
    if any(each is not None and each.name not in held.kept for each in factors):
        return None
    found = _candidates(network, units, held, target)
    if target.goal is None:
        return min(found, key=lambda cost: key(cost, target), default=None)
    return _nearest(chain(found, _variants(network, units, held, target)), target.goal, target)


def _nearest(found: Iterator[CascadeCost], goal: Goal, target: Target) -> CascadeCost | None:
    """The cascade that comes nearest to a goal. Those that cannot, as they move or compute too much, are not
    looked at closely."""
    best: tuple[tuple[float, int, int], CascadeCost] | None = None
    per_cycle = target.array.rows * target.array.columns
    for cost in found:
        if best is not None:
            bursts = int(cost.traffic.total) * target.entry_bytes / target.burst_bytes
            macs = cost.extra_macs + sum(cost.network.layers[index].macs for index in cost.cascade.layers)
            if goal.least(bursts, macs / per_cycle * target.cycle_ps) > best[0][0]:
                continue
        mine = key(cost, target)
        if best is None or mine < best[0]:
            best = mine, cost
    return None if best is None else best[1]


def key(cost: CascadeCost, target: Target) -> tuple[float, int, int]:
    """What the search minimises: entries moved, or the goal's score; then MACs computed again; then steps."""
    least = int(cost.traffic.total) if target.goal is None else score(cost, target.goal, target)
    return least, cost.extra_macs, cost.steps


def score(cost: CascadeCost, goal: Goal, target: Target) -> float:
    """What a goal thinks of a cascade."""
    return float(goal.score(forecast_phases(phases(cost, goal.layouts, target), target, goal.memory)))


def _variants(network: Network, units: tuple[Unit, ...], held: Held, target: Target) -> Iterator[CascadeCost]:
    """Walks that compute fewer rows again, or leave room for what comes next, for more traffic or none."""
    for step in MORE_STEP_ROWS:
        found = fit_rows(network, units, held, target, step)
        if found is None:
            break  # more rows only take more room
        yield found
    if len(units) == 1:
        for share in LEAVING:
            room = replace(target, buffer_entries=int(target.buffer_entries * (1 - share)))
            cost = fit_chunks(network, units[0], held, room)
            if cost is not None:
                yield cost


def _candidates(
    network: Network, units: tuple[Unit, ...], held: Held, target: Target
) -> Iterator[CascadeCost]:
    """Until nothing can move less any more."""
    if len(units) == 1:
        cost = fit_chunks(network, units[0], held, target)
        if cost is not None:
            yield cost
            if not cost.extra_macs:
                return
    whole = False
    for step in STEP_ROWS:
        found = fit_rows(network, units, held, target, step)
        if found is not None:
            whole = True
            yield found
    if whole:  # everything moves once
        return
    yield from _streamed(network, units, held, target)


def fit_chunks(network: Network, unit: Unit, held: Held, target: Target) -> CascadeCost | None:
    """One unit with its weights streamed past its map: the fewest parts that fit, and of chunks the largest,
    with room for the next chunk's weights where there is any."""
    shape = UnitShape(network, unit)
    for parts in PARTS:
        for step_rows in _step_rows(shape):
            cascade = Cascade((unit,), (1,), (0,), "chunks", step_rows=step_rows, parts=parts)
            try:
                cost = CascadeCost(network, cascade, held, target.psum_entries)
            except MappingError:  # parts are not for this one
                return None
            base, per_chunk, _ = cost.demand
            room = target.buffer_entries - held.over_entries - base[0]
            if room < per_chunk[0]:
                continue
            most = min(room // per_chunk[0], shape.channels) if per_chunk[0] else shape.channels
            ahead = room // max(per_chunk[0] + shape.weights_per_channel, 1)
            chunk = _even(min(most, ahead) if ahead else most, shape.channels, target.array.columns)
            best = replace(cost, cascade=replace(cascade, chunks=(chunk,)))
            if chunk >= min(target.array.columns, shape.channels) or step_rows == 1:
                return best
    return None


def _step_rows(shape: UnitShape) -> list[int]:
    """Rows of a step, the wanted number first: enough pixels to fill an array, else fewer."""
    rows, width = shape.walked.P, shape.walked.Q
    return sorted({min(rows, -(-64 // width)), 1}, reverse=True)


def _even(most: int, channels: int, columns: int) -> int:
    """A chunk of at most `most` channels: whole columns of the array, or chunks of about one size, in which
    maps can lie in blocks."""
    if most >= channels:
        return channels
    if most >= columns:
        return most - most % columns
    return _whole_blocks(-(-channels // -(-channels // most)))


def _whole_blocks(channels: int) -> int:
    return channels - channels % BLOCK if channels > BLOCK else channels


def fit_rows(
    network: Network, units: tuple[Unit, ...], held: Held, target: Target, step_rows: int
) -> CascadeCost | None:
    """A walk row by row with all weights in the buffer: every unit's chunk as large as there is room for;
    windows roll where all channels fit."""
    shapes = [unit_shape(network, unit) for unit in units]
    channels = tuple(shape.channels for shape in shapes)
    step_rows = min(step_rows, max(shape.walked.P for shape in shapes))
    cascade = Cascade(units, (1,) * len(units), channels, "rows", 1, step_rows)
    cost = CascadeCost(network, cascade, held, target.psum_entries)
    if sum(shape.weight_entries for shape in cost.shapes[-1:]) > target.buffer_entries:
        return None
    chunks = _largest_chunks(cost, target.buffer_entries)
    if chunks is None:
        return None
    return _roll_windows(replace(cost, cascade=replace(cascade, chunks=chunks)), target.buffer_entries)


def _largest_chunks(cost: CascadeCost, buffer_entries: int) -> tuple[int, ...] | None:
    """Per unit, the most channels at a time whose events fit without a window that rolls on, as one channel's
    always does."""
    base, per_chunk, rolling = cost.demand
    room = buffer_entries - cost.held.over_entries - sum(rolling)
    found = []
    for shape, entries, each in zip(cost.shapes, base, per_chunk, strict=True):
        limit = shape.channels - 1 if shape.recomputes and shape.channels > 1 else shape.channels
        chunk = limit if not each else min((room - entries) // each, limit)
        if chunk < 1 or entries > room:
            return None
        even = -(-shape.channels // -(-shape.channels // chunk))
        found.append(even if even == shape.channels else _whole_blocks(even))
    return tuple(found)


def _roll_windows(cost: CascadeCost, buffer_entries: int) -> CascadeCost:
    """Lets windows roll on, those first that save most, as long as there is room; what rolls is not
    recomputed."""
    shapes = cost.shapes
    leads = {
        unit: shape.lead.macs
        for unit, shape in enumerate(shapes)
        if shape.recomputes and shape.lead is not None
    }
    for unit in sorted(leads, key=lambda unit: -leads[unit]):
        chunks = list(cost.cascade.chunks)
        chunks[unit] = shapes[unit].channels
        rolled = _shrunk(replace(cost, cascade=replace(cost.cascade, chunks=tuple(chunks))), buffer_entries)
        if rolled is not None and rolled.extra_macs < cost.extra_macs:
            cost = rolled
    return cost


def _shrunk(cost: CascadeCost, buffer_entries: int) -> CascadeCost | None:
    """The same with the chunks of the units that do not roll made small enough, or None."""
    base, per_chunk, rolling = cost.demand
    room = buffer_entries - cost.held.over_entries
    room -= sum(rolling[unit] for unit in range(len(base)) if cost.rolls(unit))
    chunks = []
    for unit, most in enumerate(cost.cascade.chunks):
        chunk = most
        if not cost.rolls(unit) and per_chunk[unit]:
            chunk = min(most, (room - base[unit]) // per_chunk[unit])
        if chunk < 1 or base[unit] + per_chunk[unit] * chunk > room:
            return None
        chunks.append(chunk)
    return replace(cost, cascade=replace(cost.cascade, chunks=tuple(chunks)))


def _streamed(network: Network, units: tuple[Unit, ...], held: Held, target: Target) -> Iterator[CascadeCost]:
    """Walks in bands of rows, or stripes of columns, or both: weights that are not pinned come for each
    again."""
    shapes = [UnitShape(network, unit) for unit in units]
    rows, width = shapes[-1].walked.P, shapes[-1].walked.Q
    tallest = max(shape.walked.P for shape in shapes)  # all rows that are missing at once
    touched = {shapes[0].ifmap.name, shapes[-1].output.name}
    weights = sum(shape.weight_entries for shape in shapes)
    maps = _maps_moved(shapes, held)
    least = limit = maps + weights
    limit = sum(shape.ifmap.entries + shape.output.entries + shape.weight_entries for shape in shapes)
    limit *= 8  # even tiles that fit badly move less
    best = limit
    pools = shapes[-1].pool is not None
    stripes = (1,) if pools or touched & held.kept else tuple(count for count in STRIPES if count <= width)
    for again, count in product(_input_again(shapes, held), stripes):
        for bands in (each for each in BANDS if each <= rows):
            if least + (bands * count - 1) * max(weights - target.buffer_entries, 0) >= best:
                break  # more bands only move more
            cascade = Cascade(
                units,
                (1,) * len(units),
                (0,) * len(units),
                "rows",
                -(-rows // bands),
                tallest,
                count,
                again,
            )
            cost = CascadeCost(network, cascade, held, target.psum_entries)
            found = pin_weights(cost, target.buffer_entries)
            if found is None:
                continue
            best = min(best, int(found.traffic.total))
            yield found
            if best == least:
                return
            if found.weights_again_in_all == 0:
                break  # more bands only recompute more


def _maps_moved(shapes: list[UnitShape], held: Held) -> int:
    """Entries of maps that move at the least."""
    first, result = shapes[0], shapes[-1].output
    ends = {first.ifmap.name: least_read(first.first), result.name: result.entries}
    return sum(entries for name, entries in ends.items() if name not in held.kept)


def _input_again(shapes: list[UnitShape], held: Held) -> tuple[bool, ...]:
    """Whether a later unit's addition could read the input of the first one again."""
    ifmap = shapes[0].ifmap.name
    added = any(shape.residual is not None and shape.residual.name == ifmap for shape in shapes[1:])
    return (False, True) if added and ifmap not in held.kept else (False,)


def pin_weights(cost: CascadeCost, buffer_entries: int) -> CascadeCost | None:
    """The walk with chunks of some size and as many weights pinned as there is room for."""
    base, per_chunk, _ = cost.demand
    room = buffer_entries - cost.held.over_entries
    chunks = []
    for shape, entries, each in zip(cost.shapes, base, per_chunk, strict=True):
        most = (room - entries) // max(each, 1)
        if most < 1 or entries > room:
            return None
        chunks.append(min(shape.channels, LEAST_CHUNK, most))
    need = max(entries + each * chunk for entries, each, chunk in zip(base, per_chunk, chunks, strict=True))
    left, pinned = room - need, []
    for unit in sorted(range(len(chunks)), key=lambda unit: -cost.events[unit]):
        shape = cost.shapes[unit]
        channels = shape.channels if not shape.weights_per_channel else min(
            shape.channels, left // shape.weights_per_channel
        )  # fmt: skip
        left -= channels * shape.weights_per_channel
        pinned.append((unit, channels))
    cascade = replace(
        cost.cascade, chunks=tuple(chunks), pinned=tuple(channels for _, channels in sorted(pinned))
    )
    found = replace(cost, cascade=cascade)
    return found if found.live_entries <= buffer_entries else None  # windows of few channels roll on

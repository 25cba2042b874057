"""What a group asks of the memory and of the PE array, by closed forms: the estimate's view of a group.

A group is one phase or a few, each of equal steps. Fields may be arrays over candidates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import singledispatch
from itertools import chain
from typing import Any

import numpy as np

from scanfuse.hardware import PEArray
from scanfuse.mapping.cascade import CascadeCost
from scanfuse.mapping.estimate import Target, box_runs, fused_cycles, reduction, tile_cycles, tiling_cycles
from scanfuse.mapping.fusion import FusedCost
from scanfuse.mapping.layouts import GroupLayouts
from scanfuse.mapping.lru import CachedCost
from scanfuse.mapping.nest import Nest, even_cut
from scanfuse.mapping.room import chunk_loads, operand_entries, share_of_rows, share_that_fits, tile_loads
from scanfuse.mapping.tiling import TilingCost
from scanfuse.mapping.traffic import Traffic
from scanfuse.mapping.units import UnitShape


@dataclass(frozen=True)
class Flow:
    """Bursts that go one way in so many transfers, each of runs of some length that start some pitch apart,
    in bursts."""

    bursts: Any
    run_bursts: Any
    pitch_bursts: Any
    transfers: Any
    write: bool = False


@dataclass(frozen=True)
class Phase:
    """Equal steps of a group.

    ahead: the share of its loads that the buffer has room for while the step before computes. room_entries:
    free entries meanwhile, for loads of what comes after. waits: the loads need what was stored just before.
    stores_ahead: the share of its stores that need not be complete for the next step to compute.
    """

    flows: tuple[Flow, ...]
    cycles: Any
    steps: Any
    ahead: Any
    room_entries: Any = 0
    waits: bool = True
    stores_ahead: Any = 1.0

    @property
    def bursts(self) -> Any:
        return sum(flow.bursts for flow in self.flows)


@singledispatch
def phases(cost: Any, layouts: GroupLayouts, target: Target) -> tuple[Phase, ...]:
    """The phases of a group. Each kind of group registers its own."""
    raise TypeError(f"no kind of group: {cost!r}")


def weight_flow(tiles: Iterable[tuple[Any, Any]], target: Target) -> Flow:
    """Weights in tiles of (entries, how many), each of which starts at a burst, one after the other."""
    bursts: Any = 0
    transfers: Any = 0
    for entries, times in tiles:
        bursts = bursts + times * np.ceil(entries * target.entry_bytes / target.burst_bytes)
        transfers = transfers + times
    run = bursts / np.maximum(transfers, 1)
    return Flow(bursts, run, run, transfers)


# --- a layer alone ------------------------------------------------------------------------------------


def tiling_phase(
    nest: Nest,
    tiles: dict[str, Any],
    spans_a: tuple[Any, Any],
    traffic: Traffic,
    axes: dict[str, tuple[Any, Any, Any]],
    ahead: Any,
    room_entries: Any,
    layouts: GroupLayouts,
    target: Target,
    residual_step: int = 0,
) -> Phase:
    """A tiled layer; for the arguments see `estimate.tiling_bursts`, `tiling_cycles` and `LayerTiling`."""
    layer = nest.layer
    ins, outs = nest.coefficient["A"], nest.coefficient["C"]
    shape_a = (max(layer.C, nest.stores[0]), *layer.ifmap.shape[1:])
    shape_c = (max(layer.K, nest.stores[1]), *layer.output.shape[1:])
    if nest.flat:
        shape_a = (shape_a[0], 1, shape_a[1] * shape_a[2])
        shape_c = (shape_c[0], 1, shape_c[1] * shape_c[2])
    rows_a, columns_a = (np.maximum(span, 1) for span in spans_a)
    if nest.sums_rows:
        rows_a = tiles["k"]
    box_a = (tiles["n"] * ins if nest.channelwise else tiles["k"], rows_a, columns_a)
    box_c = (tiles["n"] * outs, tiles["p"], tiles["q"])
    piece = box_c
    if residual_step:
        rows, columns = (residual_step, tiles["q"]) if tiles["p"] > 1 else (1, residual_step)
        piece = (box_c[0], np.minimum(rows, tiles["p"]), np.minimum(columns, tiles["q"]))
    psums = (traffic.psum_read, traffic.psum_written)
    steps = axes["p"][0] * axes["q"][0] * axes["n"][0] * axes["k"][0]
    flows = [
        _box_flow(shape_a, box_a, traffic.ifmap, layouts.read, target),
        *(
            _box_flow(shape_c, box_c, psums[write], layouts.made, target, bool(write))
            for write in (False, True)
        ),
        _box_flow(shape_c, piece, traffic.residual, layouts.added, target),
        _box_flow(shape_c, piece, traffic.ofmap, layouts.made, target, True),
    ]
    tile_b = nest.coefficient["B"] * tiles["n"] * (1 if nest.channelwise else tiles["k"])
    if layer.weight_entries:
        tile_b = np.minimum(tile_b, layer.weight_entries)
        flows.append(weight_flow([(tile_b, traffic.weight / tile_b)], target))
    cycles = tiling_cycles(nest, axes, target.array)
    return Phase(tuple(flows), cycles, steps, ahead, room_entries, stores_ahead=ahead)


def _box_flow(
    shape: tuple[int, int, int], box: tuple[Any, Any, Any], entries: Any, order: str, target: Target,
    write: bool = False,
) -> Flow:  # fmt: skip
    runs = box_runs(shape, box, order, target)
    several = np.asarray(runs.count) > 1
    close = several & (runs.pitch - runs.length < 1)  # then every burst in between is touched, once
    bursts = np.where(close, np.minimum(runs.pitch, runs.bursts), runs.bursts)
    transfers = entries / (box[0] * box[1] * box[2])
    pitch = np.where(several, runs.pitch, bursts)
    return Flow(transfers * bursts * runs.count, bursts, pitch, transfers, write)


@phases.register
def _(cost: TilingCost, layouts: GroupLayouts, target: Target) -> tuple[Phase, ...]:
    nest, tiling = cost.nest, cost.tiling
    tiles = {"p": tiling.tile_p, "q": tiling.tile_q, "n": tiling.tile_n, "k": tiling.tile_k}
    spans = {axis: nest.span_cuts(axis, tiles[axis]) for axis in "pq"}
    cuts = {axis: spans[axis][1] for axis in "pq"}
    cuts |= {axis: even_cut(nest.extent[axis], tiles[axis]) for axis in "nk"}
    axes = {axis: (np.asarray(cut.trips), cut.first, cut.last) for axis, cut in cuts.items()}
    rows = nest.rolling_cut(tiling.tile_p) if tiling.rolling else None
    extents = [spans[axis][0].largest for axis in "pq"]
    if rows is not None:
        extents[0] = max(rows.total // (rows.trips * extents[1]), 1)  # what is new in a band
    room = target.capacity - cost.live_entries
    loads = tile_loads(cost, axes)
    ahead = share_that_fits(loads, room)
    traffic = cost.traffic
    spans_a, step = (extents[0], extents[1]), tiling.residual_step
    phase = tiling_phase(nest, tiles, spans_a, traffic, axes, ahead, room, layouts, target, step)
    return (replace(phase, stores_ahead=step > 0 or room >= sum(loads) + operand_entries(cost, "C")),)


@phases.register
def _(cost: CachedCost, layouts: GroupLayouts, target: Target) -> tuple[Phase, ...]:
    nest, tiling, grid = cost.nest, cost.cached.tiling, cost.grid
    tiles = {"p": tiling.tile_p, "q": tiling.tile_q, "n": tiling.tile_n, "k": tiling.tile_k}
    cuts = {axis: nest.span_cuts(axis, tiles[axis])[1] for axis in "pq"}
    cuts |= {axis: even_cut(nest.extent[axis], tiles[axis]) for axis in "nk"}
    axes = {axis: (np.asarray(cut.trips), cut.first, cut.last) for axis, cut in cuts.items()}
    rows, columns = (int(np.diff(grid.input_edges[axis]).max(initial=1)) for axis in "pq")
    room = target.capacity - cost.live_entries
    return (tiling_phase(nest, tiles, (rows, columns), cost.traffic, axes, False, room, layouts, target),)


# --- a fused block ------------------------------------------------------------------------------------


@phases.register
def _(cost: FusedCost, layouts: GroupLayouts, target: Target) -> tuple[Phase, ...]:
    """One chunk: input rows stream through. Several: input rows come with a band's first chunk, weights with
    each, and the result leaves with the last."""
    shape, fused, traffic = cost.shape, cost.fused, cost.traffic
    first = shape.expand or shape.depthwise
    cycles = fused_cycles(cost, target.array)
    bands, chunks = len(cost.bands), len(cost.chunks)
    pieces = cost.steps // chunks
    room = target.capacity - cost.live_entries
    step_rows = min(fused.step_rows, fused.band_rows)
    fresh = min(step_rows * shape.depthwise.stride[0], first.ifmap.height)
    box = (fused.chunk if fused.input_by_chunk else first.C, fresh, first.ifmap.width)
    loads = _box_flow(first.ifmap.shape, box, traffic.ifmap, layouts.read, target)
    out = (shape.project.K, step_rows, shape.project.Q)
    stores = _box_flow(shape.project.output.shape, out, traffic.ofmap, layouts.made, target, True)
    again = _box_flow(shape.project.output.shape, out, traffic.residual, layouts.added, target)
    per_channel = [shape.depthwise.R * shape.depthwise.S]
    per_channel += [shape.project.K] + ([] if shape.expand is None else [shape.expand.C])
    visits = traffic.weight / (shape.depthwise.C * shape.weights_per_channel)
    widths = Counter(stop - start for start, stop in cost.chunks)
    tiles = [(width * each, count * visits) for width, count in widths.items() for each in per_channel]
    weights = weight_flow(tiles, target)
    working = fused.chunk * (fresh * shape.depthwise.ifmap.width * (shape.expand is not None))
    working += fused.chunk * step_rows * shape.depthwise.Q
    result = step_rows * shape.project.Q * shape.project.K * cost.psum_entries if chunks == 1 else 0
    streams = room >= working + fresh * box[0] * first.ifmap.width + result
    ahead = room >= working + fused.chunk * shape.weights_per_channel
    if chunks == 1 or fused.input_by_chunk:
        return (Phase((loads, weights, again, stores), cycles, cost.steps, streams, room),)
    opening = Phase((loads, _part(weights, 1 / chunks)), cycles / chunks, pieces, streams, room)
    middle = Phase(
        (_part(weights, 1 - 1 / chunks),),
        cycles * (1 - 2 / chunks),
        max(bands * (chunks - 2), 1),
        ahead,
        room,
        False,
    )
    closing = Phase((again, stores), cycles / chunks, pieces, True, room, False)
    return opening, middle, closing


def _part(flow: Flow, share: float) -> Flow:
    return replace(flow, bursts=flow.bursts * share, transfers=flow.transfers * share)


# --- a cascade ----------------------------------------------------------------------------------------


@phases.register
def _(cost: CascadeCost, layouts: GroupLayouts, target: Target) -> tuple[Phase, ...]:
    cascade, traffic = cost.cascade, cost.traffic
    by_unit, steps = unit_cycles(cost, target.array), cost.steps
    cycles = sum(by_unit)
    room = target.capacity - cost.live_entries
    last = cost.shapes[-1]
    channels = cascade.chunks[0] if cost.by_chunk else cost.ifmap.channels
    width = _width(cost.widest[0].ifmap)
    rows = max(sum(b - a for a, b in cost.input_loads.values()) // max(len(cost.input_loads), 1), 1)
    ifmap = _box_flow(cost.ifmap.shape, (channels, rows, width), traffic.ifmap, layouts.read, target)
    out_rows = 1 if cost.pools else max(cost.made_rows[-1] // cost.events[-1], 1)
    made = cost.part_spans[0][1] if cascade.parts > 1 else last.output.channels
    if not last.sums:  # each chunk makes some channels of the result
        made = min(cascade.chunks[-1], last.channels) * last.output.channels // last.channels
    out = (made, out_rows, 1 if cost.pools else _width(cost.widest[-1].result))
    stores = _box_flow(last.output.shape, out, traffic.ofmap, layouts.made, target, True)
    again = _box_flow(last.output.shape, out, traffic.residual, layouts.added, target)
    tiles = [list(_weight_tiles(cost, unit)) for unit in range(len(cost.shapes))]
    waits = traffic.ifmap > 0
    if cascade.walk == "rows" and set(cost.events) == {1} and len(cost.columns) == 1:
        return _one_by_one(cost, (ifmap,), tiles, (again, stores), by_unit, target)
    weights = weight_flow(chain(*tiles), target)
    if cascade.walk == "rows":
        ahead = share_of_rows(cost, target.capacity)
        return (Phase((ifmap, weights, again, stores), cycles, steps, ahead, room, waits),)
    trips = len(cost.chunk_spans[0]) * len(cost.part_spans if cascade.parts > 1 else (1,))
    ahead = share_that_fits(chunk_loads(cost, 0), room)
    if cost.by_chunk or trips == 1:
        return (Phase((ifmap, weights, again, stores), cycles, steps, ahead, room, waits),)
    opening = Phase(
        (ifmap, _part(weights, 1 / trips)), cycles / trips, max(steps // trips, 1), True, room, waits
    )
    rest = Phase(
        (_part(weights, 1 - 1 / trips),), cycles * (1 - 2 / trips), max(trips - 2, 1), ahead, room, False
    )
    closing = Phase((again, stores), cycles / trips, max(steps // trips, 1), True, room, False)
    return opening, rest, closing


def _one_by_one(
    cost: CascadeCost, ins: tuple[Flow, ...], tiles: list[list[tuple[int, int]]], outs: tuple[Flow, ...],
    cycles: list[int], target: Target,
) -> tuple[Phase, ...]:  # fmt: skip
    """A walk by rows in which each unit makes all its rows at once: a phase for each."""
    found = []
    last = len(cost.shapes) - 1
    for unit, entries in enumerate(cost.unit_entries):
        room = target.capacity - entries
        flows = (
            *(ins if unit == 0 else ()),
            weight_flow(tiles[unit], target),
            *(outs if unit == last else ()),
        )
        steps, ahead = len(cost.chunk_spans[unit]), share_that_fits(chunk_loads(cost, unit), room)
        waits = unit == 0 and cost.traffic.ifmap > 0
        found.append(Phase(flows, cycles[unit], steps, ahead, room, waits))
    return tuple(found)


def _weight_tiles(cost: CascadeCost, unit: int) -> Iterator[tuple[int, int]]:
    """Tiles of a unit's weights of some size (in entries), and how often such a tile comes."""
    shape, pinned = cost.shapes[unit], cost.cascade.pinned[unit]
    parts = len(cost.part_spans) if cost.cascade.parts > 1 else 1
    again = 1 if cost.cascade.walk == "chunks" else cost.events[unit] * len(cost.columns)
    chunks = Counter((stop - start, stop <= pinned) for start, stop in cost.chunk_spans[unit])
    for (width, stays), count in chunks.items():
        times = count if stays else count * again
        for layer in (shape.lead, shape.middle, shape.side):
            if layer is not None and layer.weight_entries:
                often = times * parts if layer is shape.middle else times
                yield width * (layer.weight_entries // shape.channels), often
        if shape.last is not None:
            yield width * -(-shape.last.K // parts), times * parts


def _width(span: tuple[int, int]) -> int:
    return span[1] - span[0]


def unit_cycles(cost: CascadeCost, array: PEArray) -> list[int]:
    """PE-array cycles of a cascade, unit by unit, as its program takes them."""
    found = []
    events = _events(cost)
    for unit, shape in enumerate(cost.shapes):
        widths = Counter(
            (_width(stripe[unit].result), _width(stripe[unit].window)) for stripe in cost.columns
        )
        chunks = Counter(stop - start for start, stop in cost.chunk_spans[unit])
        total = 0
        for (width, window_width), stripes in widths.items():
            for (rows, fresh), times in events[unit].items():
                pixels = rows * width
                seen = fresh * window_width if shape.middle is not None else pixels
                for chunk, trips in chunks.items():
                    one = _unit_cycles(cost, shape, chunk, pixels, seen, array)
                    if shape.pool is not None:
                        one += int(tile_cycles(shape.pool, 1, chunk, rows, array))
                    total += stripes * times * trips * one
        found.append(total)
    return found


def _events(cost: CascadeCost) -> list[Counter[tuple[int, int]]]:
    """Per unit, how many events make so many (rows of the result, rows of the lead's)."""
    shapes = cost.shapes
    rolling = [cost.cascade.walk == "chunks" or cost.rolls(unit) for unit in range(len(shapes))]
    held = [0] * len(shapes)
    found: list[Counter[tuple[int, int]]] = [Counter() for _ in shapes]
    for piece in cost.pieces:
        unit, shape = piece.unit, shapes[piece.unit]
        start, stop = shape.window_rows(piece.start, piece.stop)
        if rolling[unit] and shape.recomputes:
            start = max(start, held[unit])
        held[unit] = max(held[unit], stop)
        found[unit][piece.stop - piece.start, max(stop - start, 0)] += 1
    return found


def _unit_cycles(
    cost: CascadeCost, shape: UnitShape, chunk: int, pixels: int, seen: int, array: PEArray
) -> int:
    """Cycles of an event that makes `pixels` of the result for a chunk of channels, from `seen` of the
    lead's."""
    parts = cost.part_spans if cost.cascade.parts > 1 else ((0, 0 if shape.last is None else shape.last.K),)
    total = 0
    if shape.lead is not None and seen:
        total += int(tile_cycles(shape.lead, seen, chunk, reduction(shape.lead), array))
    for layer in (shape.middle, shape.gate, shape.side):
        if layer is not None:
            total += int(tile_cycles(layer, pixels, chunk, reduction(layer), array))
    if shape.last is not None:
        total *= len(parts)
        total += sum(
            int(tile_cycles(shape.last, pixels, stop - start, chunk, array)) for start, stop in parts
        )
    return total

"""The best tiles of one layer and the best bands of one block, by search over the closed forms.

Least traffic first, exactly: every distinct way to cut an axis is tried. Among tilings of equal traffic the
one with the least estimated bursts and latency is taken (see `estimate`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from scanfuse.mapping.cascade import Cascade
from scanfuse.mapping.errors import MappingError
from scanfuse.mapping.estimate import (
    Target,
    fused_cycles,
    latency_slots,
    tiling_bursts,
    tiling_cycles,
)
from scanfuse.mapping.forecast import forecast_phases
from scanfuse.mapping.fusion import BlockShape, FusedBlock, FusedCost
from scanfuse.mapping.layouts import block_of
from scanfuse.mapping.lru import CachedTiling
from scanfuse.mapping.nest import Nest
from scanfuse.mapping.objective import Goal
from scanfuse.mapping.tile_space import (
    Candidates,
    TileSpace,
    Walk,
    coarse_tiles,
    distinct_tiles,
    enumerate_tiles,
    live_entries,
    taken,
)
from scanfuse.mapping.tiling import (
    LayerTiling,
    TilingCost,
    residual_line,
)
from scanfuse.mapping.traffic import Scan, Traffic
from scanfuse.mapping.work import phases, tiling_phase

LEAST_CHUNK = 8  # fewer expanded channels at a time leave most of the array idle and make short transfers
MOST_JUDGED = 512  # tiles of a walk, those that move least, among which a goal chooses
MOST_STEPS = 1 << 15  # finer tilings of equal traffic cost simulation time and save nothing


@dataclass(frozen=True)
class Found:
    """The outcome of a search: a mapping of one layer or block and its closed-form figures."""

    choice: LayerTiling | FusedBlock | Cascade | CachedTiling
    traffic: int
    bursts: float
    score: float

    def rank(self, target: Target) -> tuple[float, float]:
        """What the search compares: traffic, then the score; with a goal, its score first."""
        return (self.traffic, self.score) if target.goal is None else (self.score, self.traffic)


def search_tiling(
    space: TileSpace, layer: int, add: int | None, scans: tuple[Scan, ...], layout: str, target: Target
) -> Found:
    """The tiling of one layer that moves least, over all tiles, loop orders and the given scans.

    Raises MappingError where no tile fits the buffer.
    """
    best = search_in_blocks(space, layer, add, scans, layout, target)
    if best is None:
        smallest = LayerTiling(layer, add, 1, 1, 1, 1, "mnk", "raster")
        needed = TilingCost(space.nest, smallest, space.psum_entries).live_entries
        raise MappingError(
            f"layer {space.nest.layer.name}: no tile fits a buffer of {space.buffer_entries} entries; "
            f"the smallest needs {needed}"
        )
    return best


def search_in_blocks(
    space: TileSpace, layer: int, add: int | None, scans: tuple[Scan, ...], layout: str, target: Target
) -> Found | None:
    """The same, or None where no tile fits, or none that moves least has whole blocks of the layout."""
    best = None
    for grid in range(len(space.GRIDS)):
        found = _best_of(space.nest, space.walks(grid, scans), layer, add, layout, target)
        if found is not None and (best is None or found.rank(target) < best.rank(target)):
            best = found
        moved = space.least_of(grid, scans) if best is None else best.traffic
        if moved is not None and moved <= space.least_entries:
            break
    return best


def _best_of(
    nest: Nest, walks: list[Walk], layer: int, add: int | None, layout: str, target: Target
) -> Found | None:
    if target.goal is not None:
        some = [one for walk in walks for one in best_of_walk(walk, nest, layer, add, layout, target)]
        return min(some, key=lambda one: one.rank(target), default=None)
    least = min((walk.least for walk in walks), default=0)
    best = (walk for walk in walks if walk.least == least)
    found = [one for walk in best for one in best_of_walk(walk, nest, layer, add, layout, target)]
    return min(found, key=lambda one: one.score, default=None)


def best_of_walk(
    walk: Walk, nest: Nest, layer: int, add: int | None, layout: str, target: Target, count: int = 1
) -> list[Found]:
    """The `count` tiles that move least; of equals, those of the least estimated bursts and latency. Of a
    layout in blocks just those of whole blocks."""
    count = min(count, len(walk.live))
    looked_at = count if target.goal is None else min(MOST_JUDGED, len(walk.live))
    cutoff = walk.least if looked_at == 1 else np.partition(walk.totals, looked_at - 1)[looked_at - 1]
    index = np.flatnonzero((walk.totals <= cutoff) & in_blocks(nest, walk.tiles, layout))
    some, totals = walk.tiles.take(index), walk.totals[index]
    bursts, score = _scores(nest, some, walk.order, walk.traffic_of(index), walk.live[index], layout, target)
    found = []
    keys = (score, totals) if target.goal is None else (totals, score)
    for at in np.lexsort(keys)[:count]:
        p, q, n, k = (int(some.tiles[axis][at]) for axis in "pqnk")
        choice = LayerTiling(layer, add, p, q, n, k, walk.order, walk.scan)
        choice = replace(choice, residual_step=residual_step(nest, choice, target))
        found.append(Found(choice, int(totals[at]), float(bursts[at]), float(score[at])))
    return found


def in_blocks(nest: Nest, tiles: Candidates, layout: str) -> Any:
    """Whether tiles cut maps between blocks of channels, where a map has whole ones."""
    block = block_of(layout)
    if block < 2:
        return True
    layer, ins, outs = nest.layer, nest.coefficient["A"], nest.coefficient["C"]
    read = tiles.tiles["n"] * ins if nest.channelwise else tiles.tiles["k"]
    sides = ((layer.C, read), (layer.K, tiles.tiles["n"] * outs))
    return np.logical_and.reduce(
        [(tile % block == 0) | (tile >= channels) for channels, tile in sides if channels % block == 0]
        or [np.ones(len(read), dtype=bool)]
    )


def residual_step(nest: Nest, tiling: LayerTiling, target: Target) -> int:
    """How much of a tile's residual there is room for at a time: 0 for all of it (see `LayerTiling`)."""
    if (
        nest.residual is None
        or TilingCost(nest, tiling, target.psum_entries).live_entries <= target.buffer_entries
    ):
        return 0
    one = TilingCost(nest, replace(tiling, residual_step=1), target.psum_entries).live_entries
    unit = nest.coefficient["C"] * tiling.tile_n * int(residual_line(tiling.tile_p, tiling.tile_q))
    return 1 + (target.buffer_entries - one) // unit


def _scores(
    nest: Nest, some: Candidates, order: str, traffic: Traffic, live: np.ndarray, layout: str, target: Target
) -> tuple[np.ndarray, np.ndarray]:
    bursts = tiling_bursts(nest, some.tiles, some.spans_a, traffic, layout, target)
    cycles = tiling_cycles(nest, some.axes, target.array)
    steps = some.cuts["C"]["m"].trips * some.cuts["C"]["n"].trips * some.cuts["C"]["k"].trips
    overlaps = live + _changing(nest, some, order, target) <= target.capacity
    if target.goal is not None:
        goal = target.goal
        phase = tiling_phase(
            nest, some.tiles, some.spans_a, traffic, some.axes, overlaps, 0, goal.layouts, target
        )
        score = goal.score(forecast_phases((phase,), target, goal.memory))
        return bursts, np.where(steps > MOST_STEPS, np.inf, score)
    score = bursts + latency_slots(bursts, cycles, steps, overlaps, target) + steps
    return bursts, np.where(steps > MOST_STEPS, score + steps * 1e3, score)


def _changing(nest: Nest, some: Candidates, order: str, target: Target) -> Any:
    """Entries that a typical step brings in: the operands that depend on the innermost loop that turns."""
    total: Any = 0
    inner = np.full(len(some.tiles["p"]), "?")
    for axis in order:
        inner = np.where(some.cuts["C"][axis].trips > 1, axis, inner)
    for operand in "ABC":
        size: Any = nest.coefficient[operand] * (target.psum_entries if operand == "C" else 1)
        for axis in "mnk":
            if axis != nest.free_axis[operand]:
                size = size * some.cuts[operand][axis].largest
        total = total + np.where(inner == nest.free_axis[operand], 0, size)
    return total


def judge_tiling(cost: TilingCost, layout: str, target: Target) -> Found:
    """What the search thinks of one tiling; `judge_rolling` is for rolling bands."""
    nest, tiling = cost.nest, cost.tiling
    sizes = (tiling.tile_p, tiling.tile_q, tiling.tile_n, tiling.tile_k)
    one = enumerate_tiles(nest, *(np.array([size]) for size in sizes))
    traffic = taken(cost.traffic, np.array([0]), 1)
    live = live_entries(nest, one, target.psum_entries)
    bursts, score = _scores(nest, one, tiling.order, traffic, live, layout, target)
    return Found(tiling, int(cost.traffic.total), float(bursts[0]), float(score[0]))


def search_block(shape: BlockShape, target: Target) -> Found | None:
    """The best cut of a fused block, or None where none fits the buffer.

    Least traffic first, then least recomputation, then the least estimated bursts and latency.
    """
    chunks = coarse_tiles(shape.depthwise.C)
    wide = chunks >= LEAST_CHUNK
    if target.goal is not None:
        goal = target.goal
        return _search_goal(shape, chunks[wide], goal, target) or _search_goal(
            shape, chunks[~wide], goal, target
        )
    return _search_chunks(shape, chunks[wide], target) or _search_chunks(shape, chunks[~wide], target)


def _search_chunks(shape: BlockShape, chunks: np.ndarray, target: Target) -> Found | None:
    least: tuple[int, int] | None = None
    kept: list[FusedCost] = []
    for options in block_options(shape, chunks, target):
        for cost in options:  # growing steps: traffic and recomputation never fall, space runs out
            key = int(cost.traffic.total), cost.extra_macs
            if least is not None and key > least:
                break
            if least is None or key < least:
                least, kept = key, []
            kept.append(cost)
    if not kept:
        return None
    return min((judge_block(cost, target) for cost in kept), key=lambda found: found.score)


def _search_goal(shape: BlockShape, chunks: np.ndarray, goal: Goal, target: Target) -> Found | None:
    """The cut that comes nearest to a goal."""
    best: Found | None = None
    per_burst = target.entry_bytes / target.burst_bytes
    for options in block_options(shape, chunks, target):
        for cost in options:  # growing steps: traffic never falls
            if best is not None and goal.least(int(cost.traffic.total) * per_burst, 0.0) > best.score:
                break
            found = judge_block(cost, target)
            if best is None or found.rank(target) < best.rank(target):
                best = found
    return best


def block_options(shape: BlockShape, chunks: np.ndarray, target: Target) -> Iterator[Iterator[FusedCost]]:
    """Per chunk and band, the steps that fit, each holding as many chunks of weights as there is room for."""
    rows, channels = shape.depthwise.P, shape.depthwise.C
    for chunk in chunks.tolist():
        bands = [rows] if chunk == channels else distinct_tiles(rows).tolist()[::-1]
        splits = shape.block.expand is None and chunk < channels and not shape.adds_own_input
        by_chunk = (False, True) if splits else (False,)
        for band, split in product(bands, by_chunk):
            yield _steps_that_fit(shape, band, chunk, split, target)


def _steps_that_fit(
    shape: BlockShape, band: int, chunk: int, split: bool, target: Target
) -> Iterator[FusedCost]:
    block, channels = shape.block, shape.depthwise.C
    expand = None if block.expand is None else block.expand.layer
    project = block.project
    for step in distinct_tiles(band).tolist():
        fused = FusedBlock(
            expand, block.depthwise.layer, project.layer, project.add, band, step, chunk, 1, split
        )
        cost = FusedCost(shape, fused, target.psum_entries)
        room = target.buffer_entries - cost.live_entries
        if room < 0:
            return
        held = min(-(-channels // chunk), 1 + room // (chunk * shape.weights_per_channel))
        if held > 1 and len(cost.bands) > 1:
            cost = FusedCost(shape, replace(fused, held_chunks=held), target.psum_entries)
        yield cost


def judge_block(cost: FusedCost, target: Target) -> Found:
    """What the search thinks of one cut of a block."""
    shape, fused = cost.shape, cost.fused
    traffic = int(cost.traffic.total)
    if target.goal is not None:
        known = forecast_phases(phases(cost, target.goal.layouts, target), target, target.goal.memory)
        return Found(fused, traffic, float(known.bursts), float(target.goal.score(known)))
    bursts = traffic * target.entry_bytes / target.burst_bytes
    step_share = fused.step_rows * shape.depthwise.stride[0] * shape.row_entries
    step_share += fused.chunk * fused.step_rows * shape.depthwise.stride[0] * shape.depthwise.ifmap.width
    if len(cost.bands) == 1 and len(cost.chunks) > 1:
        step_share = fused.chunk * shape.weights_per_channel
    overlaps = cost.live_entries + step_share <= target.capacity
    cycles = fused_cycles(cost, target.array)
    score = bursts + float(
        latency_slots(bursts, cycles, len(cost.bands) * len(cost.chunks) + 1, overlaps, target)
    )
    return Found(fused, traffic, bursts, score + cost.steps / 4)

"""The best tiles of one layer and the best bands of one block, by search over the closed forms.

Least traffic first, exactly: every distinct way to cut an axis is tried. Among tilings of equal traffic the
one with the least estimated bursts and latency is taken (see `estimate`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from math import isqrt
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
from scanfuse.mapping.lru import CachedTiling
from scanfuse.mapping.nest import Cut, Nest, even_cut
from scanfuse.mapping.objective import Goal
from scanfuse.mapping.tiling import (
    LayerTiling,
    TilingCost,
    layer_traffic,
    residual_line,
    tile_entries,
)
from scanfuse.mapping.traffic import ORDERS, Scan, Traffic
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


def distinct_tiles(extent: int) -> np.ndarray:
    """Every tile size that is the smallest for its number of trips, increasing: about 2 sqrt(extent)
    sizes."""
    small = np.arange(1, isqrt(extent - 1) + 1)  # ceil(e / t) = (e - 1) // t + 1
    return np.unique(np.concatenate([[1], small + 1, (extent - 1) // small + 1]))


def spatial_tiles(nest: Nest, axis: str) -> np.ndarray:
    """Sizes along output rows or columns, increasing: per number of trips the smallest, and each larger one
    that reads less halo than all smaller ones, as happens where windows reach into the padding."""
    least: dict[int, int] = {}
    sizes = []
    for size in range(1, (nest.rows if axis == "p" else nest.columns) + 1):
        cut, _ = nest.span_cuts(axis, size)
        if cut.total < least.get(cut.trips, cut.total + 1):
            least[cut.trips] = cut.total
            sizes.append(size)
    return np.array(sizes)


def coarse_tiles(extent: int) -> np.ndarray:
    """A few dozen sizes: whole multiples of 32 (the array's width, a burst's worth) and even cuts."""
    powers = [
        size
        for size in (1, 2, 4, 8, 16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048)
        if size < extent
    ]
    even = [-(-extent // parts) for parts in range(1, 9)]
    return np.unique(np.array(powers + even))


@dataclass(frozen=True)
class Candidates:
    """All combinations of candidate tile sizes of a nest, as parallel arrays."""

    tiles: dict[str, np.ndarray]  # p, q, n, k
    cuts: dict[str, dict[str, Cut]]  # operand -> axis -> Cut of arrays
    axes: dict[str, tuple[Any, Any, Any]]  # p, q, n, k -> trips, first, last in output extents
    spans_a: tuple[np.ndarray, np.ndarray]  # A's largest rows and columns

    def take(self, index: np.ndarray) -> Candidates:
        def pick(cut: Cut) -> Cut:
            return Cut(*(np.broadcast_to(field, len(self.tiles["p"]))[index] for field in vars(cut).values()))

        return Candidates(
            {axis: tile[index] for axis, tile in self.tiles.items()},
            {operand: {axis: pick(cut) for axis, cut in cuts.items()} for operand, cuts in self.cuts.items()},
            {
                axis: tuple(np.broadcast_to(x, len(self.tiles["p"]))[index] for x in triple)
                for axis, triple in self.axes.items()
            },
            (self.spans_a[0][index], self.spans_a[1][index]),
        )


def enumerate_tiles(nest: Nest, p: np.ndarray, q: np.ndarray, n: np.ndarray, k: np.ndarray) -> Candidates:
    """The grid of candidate tile sizes with the cuts of every operand."""
    grid = np.indices((len(p), len(q), len(n), len(k))).reshape(4, -1)
    tiles = {axis: sizes[i] for axis, sizes, i in zip("pqnk", (p, q, n, k), grid, strict=True)}
    per_axis = {}
    for axis, sizes, index in (("p", p, grid[0]), ("q", q, grid[1])):
        pairs = [nest.span_cuts(axis, int(size)) for size in sizes]
        per_axis[axis] = [
            Cut(
                *(
                    np.array([getattr(pair[side], field) for pair in pairs])[index]
                    for field in vars(pairs[0][side])
                )
            )
            for side in (0, 1)
        ]
    pixels = [
        Cut(*(getattr(cut_p, field) * getattr(cut_q, field) for field in vars(cut_p)))
        for cut_p, cut_q in zip(per_axis["p"], per_axis["q"], strict=True)
    ]
    cut_n, cut_k = even_cut(nest.extent["n"], tiles["n"]), even_cut(nest.extent["k"], tiles["k"])
    cuts = {
        "A": {"m": pixels[0], "n": cut_n, "k": cut_k},
        "B": {"m": pixels[1], "n": cut_n, "k": cut_k},
        "C": {"m": pixels[1], "n": cut_n, "k": cut_k},
    }
    outs = {"p": per_axis["p"][1], "q": per_axis["q"][1], "n": cut_n, "k": cut_k}
    axes = {axis: (cut.trips, cut.first, cut.last) for axis, cut in outs.items()}
    return Candidates(tiles, cuts, axes, (per_axis["p"][0].largest, per_axis["q"][0].largest))


def least_entries(nest: Nest) -> int:
    """What no tiling of a layer moves less than; a stride may let small tiles skip part of the input."""
    layer = nest.layer
    residual = 0 if nest.residual is None else nest.residual.entries
    pixels = layer.ifmap.height * layer.ifmap.width
    if not nest.flat:
        totals = [
            min(nest.span_cuts(axis, int(size))[0].total for size in spatial_tiles(nest, axis))
            for axis in "pq"
        ]
        pixels = totals[0] * totals[1]
    factors = layer.inputs[1].entries if layer.kind == "scale" else 0
    return layer.weight_entries + factors + layer.C * pixels + layer.output.entries + residual


def tile_grids(nest: Nest) -> Iterator[Candidates]:
    """The tiles to try: a coarse choice, which most often holds one that moves least, then all of them."""
    for sizes in (coarse_tiles, distinct_tiles):
        if nest.flat:
            spatial = [sizes(nest.rows), sizes(nest.columns)]
        else:
            spatial = [spatial_tiles(nest, axis) for axis in "pq"]
        grids = [*spatial, sizes(nest.extent["n"]), sizes(nest.extent["k"])]
        yield enumerate_tiles(nest, *grids)


def search_tiling(
    nest: Nest, layer: int, add: int | None, scans: tuple[Scan, ...], layout: str, target: Target
) -> Found:
    """The tiling of one layer that moves least, over all tiles, loop orders and the given scans.

    Raises MappingError where no tile fits the buffer.
    """
    bound = least_entries(nest)
    best = None
    for every in tile_grids(nest):
        found = _best_of(nest, every, layer, add, scans, layout, target)
        if found is not None and (best is None or found.rank(target) < best.rank(target)):
            best = found
        if best is not None and best.traffic <= bound:
            break
    if best is None:
        smallest = TilingCost(nest, LayerTiling(layer, add, 1, 1, 1, 1, "mnk", "raster"), target.psum_entries)
        raise MappingError(
            f"layer {nest.layer.name}: no tile fits a buffer of {target.buffer_entries} entries; "
            f"the smallest needs {smallest.live_entries}"
        )
    return best


def _best_of(
    nest: Nest,
    every: Candidates,
    layer: int,
    add: int | None,
    scans: tuple[Scan, ...],
    layout: str,
    target: Target,
) -> Found | None:
    walks = fitting_walks(nest, every, scans, target)
    if target.goal is not None:
        some = [walk.best(nest, layer, add, layout, target)[0] for walk in walks]
        return min(some, key=lambda one: one.rank(target), default=None)
    least = min((walk.least for walk in walks), default=0)
    found = [walk.best(nest, layer, add, layout, target)[0] for walk in walks if walk.least == least]
    return min(found, key=lambda one: one.score, default=None)


@dataclass(frozen=True)
class Walk:
    """All tiles that fit the buffer, walked in one loop order and scan: parallel arrays."""

    order: str
    scan: Scan
    tiles: Candidates
    live: np.ndarray
    traffic: Traffic

    @cached_property
    def totals(self) -> np.ndarray:
        return np.broadcast_to(np.asarray(self.traffic.total), len(self.live))

    @cached_property
    def least(self) -> int:
        return int(self.totals.min())

    def best(
        self, nest: Nest, layer: int, add: int | None, layout: str, target: Target, count: int = 1
    ) -> list[Found]:
        """The `count` tiles that move least; of equals, those of the least estimated bursts and latency."""
        count = min(count, len(self.live))
        looked_at = count if target.goal is None else min(MOST_JUDGED, len(self.live))
        cutoff = self.least if looked_at == 1 else np.partition(self.totals, looked_at - 1)[looked_at - 1]
        index = np.flatnonzero(self.totals <= cutoff)
        some, totals = self.tiles.take(index), self.totals[index]
        traffic = _take_traffic(self.traffic, index, len(self.live))
        bursts, score = _scores(nest, some, self.order, traffic, self.live[index], layout, target)
        found = []
        keys = (score, totals) if target.goal is None else (totals, score)
        for at in np.lexsort(keys)[:count]:
            p, q, n, k = (int(some.tiles[axis][at]) for axis in "pqnk")
            choice = LayerTiling(layer, add, p, q, n, k, self.order, self.scan)
            choice = replace(choice, residual_step=residual_step(nest, choice, target))
            found.append(Found(choice, int(totals[at]), float(bursts[at]), float(score[at])))
        return found


def fitting_walks(nest: Nest, every: Candidates, scans: tuple[Scan, ...], target: Target) -> list[Walk]:
    """The tiles that fit the buffer in every loop order and scan; nothing where none fits."""
    live = _live_entries(nest, every, target)
    fits = np.flatnonzero(live <= target.buffer_entries)
    if not len(fits):
        return []
    fitting, live = every.take(fits), live[fits]
    return [
        Walk(order, scan, fitting, live, layer_traffic(nest, fitting.cuts, order, scan, target.psum_entries))
        for order, scan in product(ORDERS, scans)
    ]


def _live_entries(nest: Nest, every: Candidates, target: Target) -> np.ndarray:
    """What tiles hold, with the smallest piece of the residual that can be loaded alone."""
    live = np.asarray(tile_entries(nest, every.cuts, target.psum_entries))
    return live if nest.residual is None else live + residual_unit(nest, every)


def residual_unit(nest: Nest, every: Candidates) -> Any:
    """Entries of the smallest piece of a residual tile."""
    lines = residual_line(every.tiles["p"], every.tiles["q"])
    return nest.coefficient["C"] * every.cuts["C"]["n"].largest * lines


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


def _take_traffic(traffic: Traffic, index: np.ndarray, length: int) -> Traffic:
    return Traffic(*(np.broadcast_to(np.asarray(field), length)[index] for field in vars(traffic).values()))


def _scores(
    nest: Nest, some: Candidates, order: str, traffic: Traffic, live: np.ndarray, layout: str, target: Target
) -> tuple[np.ndarray, np.ndarray]:
    bursts = tiling_bursts(nest, some.tiles, some.spans_a, traffic, layout, target)
    cycles = tiling_cycles(nest, some.axes, target.array)
    steps = some.cuts["C"]["m"].trips * some.cuts["C"]["n"].trips * some.cuts["C"]["k"].trips
    overlaps = live + _changing(nest, some, order, target) <= target.capacity
    if target.goal is not None:
        phase = tiling_phase(nest, some.tiles, some.spans_a, traffic, some.axes, overlaps, 0, layout, target)
        score = target.goal.score(forecast_phases((phase,), target, target.goal.memory))
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
    traffic, live = _take_traffic(cost.traffic, np.array([0]), 1), _live_entries(nest, one, target)
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
        known = forecast_phases(phases(cost, target.goal.layout, target), target, target.goal.memory)
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

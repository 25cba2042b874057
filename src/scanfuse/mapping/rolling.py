"""The best bands of a layer whose halo rows stay in the buffer: full width, rolling down the map."""

from __future__ import annotations

from itertools import product

import numpy as np

from scanfuse.mapping.estimate import Target, latency_slots, tiling_bursts, tiling_cycles
from scanfuse.mapping.forecast import forecast_phases
from scanfuse.mapping.nest import Nest, even_cut
from scanfuse.mapping.search import Found
from scanfuse.mapping.tile_space import coarse_tiles, distinct_tiles
from scanfuse.mapping.tiling import LayerTiling, TilingCost
from scanfuse.mapping.work import phases


def search_rolling(nest: Nest, layer: int, add: int | None, layout: str, target: Target) -> Found | None:
    """The best full-width row bands with the halo rows kept, or None where none fits or no halo exists."""
    if nest.flat or nest.layer.P == 1 or nest.layer.kind in ("add", "scale"):
        return None
    best: Found | None = None
    channels = coarse_tiles(nest.extent["n"]) if not nest.channelwise else np.array([nest.extent["n"]])
    for tile_p, tile_n in product(distinct_tiles(nest.rows), channels):
        choice = LayerTiling(
            layer, add, int(tile_p), nest.columns, int(tile_n), nest.extent["k"], "mnk", "full", rolling=True
        )
        cost = TilingCost(nest, choice, target.psum_entries)
        if cost.live_entries > target.buffer_entries:
            continue
        found = judge_rolling(cost, layout, target)
        if best is None or found.rank(target) < best.rank(target):
            best = found
    return best


def judge_rolling(cost: TilingCost, layout: str, target: Target) -> Found:
    """What the search thinks of one tiling in rolling bands."""
    nest, choice = cost.nest, cost.tiling
    if target.goal is not None:
        known = forecast_phases(phases(cost, target.goal.layouts, target), target, target.goal.memory)
        score = float(target.goal.score(known))
        return Found(choice, int(cost.traffic.total), float(known.bursts), score)
    tiles = {"p": choice.tile_p, "q": choice.tile_q, "n": choice.tile_n, "k": choice.tile_k}
    span_p, span_q = nest.span_cuts("p", choice.tile_p), nest.span_cuts("q", choice.tile_q)
    cut_n, cut_k = even_cut(nest.extent["n"], choice.tile_n), even_cut(nest.extent["k"], choice.tile_k)
    bursts = float(
        tiling_bursts(nest, tiles, (span_p[0].largest, span_q[0].largest), cost.traffic, layout, target)
    )
    axes = {"p": span_p[1], "q": span_q[1], "n": cut_n, "k": cut_k}
    cycles = tiling_cycles(nest, {a: (c.trips, c.first, c.last) for a, c in axes.items()}, target.array)
    fresh = nest.coefficient["A"] * nest.extent["k"] * choice.tile_p
    fresh = fresh * nest.layer.stride[0] * nest.layer.ifmap.width
    fresh += choice.tile_p * nest.columns * choice.tile_n
    overlaps = cost.live_entries + fresh <= target.capacity
    score = bursts + float(latency_slots(bursts, cycles, cost.steps, overlaps, target)) + cost.steps
    return Found(choice, int(cost.traffic.total), bursts, score)

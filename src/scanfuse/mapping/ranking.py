"""Runners-up: what the searches of `search` leave behind, kept and put in order.

A search takes the best and forgets the rest; here the best of every way to walk a layer, and of every way to
cut a block, is kept. Not used by the search itself, which stays as fast as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from scanfuse.mapping.estimate import Target
from scanfuse.mapping.fusion import BlockShape, FusedCost
from scanfuse.mapping.nest import Nest
from scanfuse.mapping.rolling import search_rolling
from scanfuse.mapping.search import (
    LEAST_CHUNK,
    Found,
    best_of_walk,
    block_options,
    judge_block,
)
from scanfuse.mapping.tile_space import TileSpace, coarse_tiles
from scanfuse.mapping.tiling import LayerTiling
from scanfuse.mapping.traffic import SCANS


def rank_tilings(nest: Nest, layer: int, add: int | None, layout: str, target: Target) -> list[Found]:
    """The two best tilings of a layer for every loop order, raster or Scan, and rolling bands; best first.

    Ways that come to the same tiles and the same traffic appear once. Empty where nothing fits.
    """
    space = TileSpace(nest, target.buffer_entries, target.psum_entries)
    bound = space.least_entries
    found: list[Found] = []
    for grid in range(len(space.GRIDS)):
        for walk in space.walks(grid, SCANS):
            found += best_of_walk(walk, nest, layer, add, layout, target, 2)
        if min((one.traffic for one in found), default=bound + 1) <= bound:
            break
    rolling = search_rolling(nest, layer, add, layout, target)
    return _ranked(found if rolling is None else [*found, rolling])


def rank_blocks(shape: BlockShape, target: Target) -> list[Found]:
    """The two best cuts of a fused block of each kind, best first: one band or several, one chunk or several,
    input loaded by chunk or by band.

    Best is least traffic, then least recomputation, then the estimate; few channels at a time are for where
    no more of them fit, as in the search. Empty where nothing fits.
    """
    chunks = coarse_tiles(shape.depthwise.C)
    wide = chunks >= LEAST_CHUNK
    return _rank_chunks(shape, chunks[wide], target) or _rank_chunks(shape, chunks[~wide], target)


def _rank_chunks(shape: BlockShape, chunks: np.ndarray, target: Target) -> list[Found]:
    kinds: dict[tuple[bool, bool, bool], list[list[FusedCost]]] = {}
    for options in block_options(shape, chunks, target):
        fitting = list(options)  # of one band and chunk, with growing steps
        if fitting:
            cost = fitting[0]
            kind = len(cost.bands) == 1, len(cost.chunks) == 1, cost.fused.input_by_chunk
            kinds.setdefault(kind, []).append([other for other in fitting if _key(other) == _key(cost)])
    best = [found for cuts in kinds.values() for found in _best_two(cuts, target)]
    return [found for _, found in sorted(best, key=lambda one: (*one[0], one[1].score))]


def _best_two(cuts: list[list[FusedCost]], target: Target) -> list[tuple[tuple[int, int], Found]]:
    second = sorted(_key(cut[0]) for cut in cuts)[:2][-1]
    near = [cut for cut in cuts if _key(cut[0]) <= second]
    found = [
        (_key(cut[0]), min((judge_block(cost, target) for cost in cut), key=lambda one: one.score))
        for cut in near
    ]
    return sorted(found, key=lambda one: (*one[0], one[1].score))[:2]


def _key(cost: FusedCost) -> tuple[int, int]:
    return int(cost.traffic.total), cost.extra_macs


def _ranked(found: Iterable[Found]) -> list[Found]:
    """By traffic and estimate, without those that differ in the order of loops alone."""
    seen: dict[Any, Found] = {}
    for one in sorted(found, key=lambda one: (one.traffic, one.score)):
        seen.setdefault((one.traffic, same_tiles(one.choice)), one)
    return list(seen.values())


def same_tiles(choice: Any) -> Any:
    """What is equal for tilings that differ in nothing but the order in which their loops run."""
    return replace(choice, order="", scan="raster") if isinstance(choice, LayerTiling) else choice

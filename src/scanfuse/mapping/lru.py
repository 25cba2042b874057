"""A layer run alone through a buffer that is a cache of its tiles: least recently used, fully associative.

The mapping says what is computed in which order; what stays in the buffer is left to the cache. A tile comes
when a step touches it and it is not there, and goes, whole, when room is needed and every other tile there
was touched later. A step touches its output tile, then its inputs, its weights, and the residual that a
folded addition reads; they must fit together. Space counts entries: a tile at an edge takes what it has.

* Incomplete outputs are tiles like all others: written when they are pushed out, read when they are touched
  again. Complete outputs are written at once and give up their room, as the layer does not read them.
* Each layer starts with an empty buffer.

These are the conventions under which the pointwise and linear layers of MobileNet V2 move the published
numbers of entries; see `tests/published/test_lru.py`.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from scanfuse.mapping.nest import Nest
from scanfuse.mapping.tile_grid import OPERANDS, TileGrid
from scanfuse.mapping.tiling import LayerTiling
from scanfuse.mapping.traffic import Traffic

KNOWN_WALKS = 512  # remembered: search, `check` and the results ask for the same ones


@dataclass(frozen=True)
class CachedTiling:
    """A tiling of one layer whose tiles lie in an LRU cache of `entries`.

    tiling: neither rolling nor with a `residual_step`.
    """

    tiling: LayerTiling
    entries: int

    @property
    def layer(self) -> int:
        return self.tiling.layer

    @property
    def add(self) -> int | None:
        return self.tiling.add

    @property
    def layers(self) -> tuple[int, ...]:
        return self.tiling.layers


@dataclass(frozen=True)
class Stays:
    """Every stay of a tile in the cache, in the order in which they begin; int64 arrays.

    operand: index into OPERANDS; tile: its number (see `TileGrid`); enter, last: the steps in which it is
    touched first and last; size: entries that it takes. peak: the most entries in the cache at once.
    """

    operand: np.ndarray
    tile: np.ndarray
    enter: np.ndarray
    last: np.ndarray
    size: np.ndarray
    peak: int

    def of(self, operand: str) -> np.ndarray:
        """Indices of the stays of one operand's tiles."""
        return np.flatnonzero(self.operand == OPERANDS.index(operand))


@dataclass(frozen=True)
class CachedCost:
    """What a `CachedTiling` moves and holds on its `Nest`: no closed form, its walk is walked."""

    nest: Nest
    cached: CachedTiling
    psum_entries: int = 1

    @cached_property
    def grid(self) -> TileGrid:
        tiling = self.cached.tiling
        sizes = (tiling.tile_p, tiling.tile_q, tiling.tile_n, tiling.tile_k)
        return TileGrid(self.nest, *sizes, self.psum_entries)

    @property
    def extra_macs(self) -> int:
        """MACs computed more than once: none."""
        return 0

    @property
    def steps(self) -> int:
        return self.grid.steps

    @cached_property
    def stays(self) -> Stays:
        tiling = self.cached.tiling
        return stays_of(self.grid, tiling.order, tiling.scan, self.cached.entries)

    @cached_property
    def traffic(self) -> Traffic:
        """Entries moved: every stay of an input, a weight or a residual is loaded once; outputs are written
        once, and for each stay after the first they were written and read as partial sums."""
        stays, outputs = self.stays, self.nest.layer.output.entries
        moved = {operand: int(stays.size[stays.of(operand)].sum()) for operand in OPERANDS}
        if self.nest.layer.kind == "scale":  # its factors are a map that it reads, not weights
            moved["A"], moved["B"] = moved["A"] + moved["B"], 0
        spilled = moved["C"] - outputs * self.psum_entries
        return Traffic(moved["A"], moved["B"], outputs, spilled, spilled, moved["residual"])

    @property
    def live_entries(self) -> int:
        return self.stays.peak


@lru_cache(maxsize=KNOWN_WALKS)
def stays_of(grid: TileGrid, order: str, scan: str, capacity: int) -> Stays:
    """Walk a layer's tiles through a cache of `capacity` entries, which `grid.largest_step` must fit."""
    touches = grid.touches(order, scan)
    first = np.cumsum([0, *(len(grid.entries[operand]) for operand in OPERANDS)])
    entries = np.concatenate([grid.entries[operand] for operand in OPERANDS]).tolist()
    last_of_step = np.append(touches.step[1:] != touches.step[:-1], True)
    completes = (last_of_step & touches.finishing[touches.step]).tolist()
    held: OrderedDict[int, int] = OrderedDict()  # tile -> its stay, least recently used first
    stayed: list[int] = []
    enter: list[int] = []
    last: list[int] = []
    used = peak = output = 0
    rows = zip(
        touches.step.tolist(), (first[touches.operand] + touches.tile).tolist(), completes, strict=True
    )
    for step, tile, complete in rows:
        if tile < first[1]:
            output = tile
        if tile in held:
            last[held[tile]] = step
            held.move_to_end(tile)
        else:
            used += entries[tile]
            while used > capacity:
                used -= entries[held.popitem(last=False)[0]]
            peak = max(peak, used)
            held[tile] = len(stayed)
            stayed.append(tile)
            enter.append(step)
            last.append(step)
        if complete:
            del held[output]
            used -= entries[output]
    tiles = np.array(stayed)
    operand = np.searchsorted(first, tiles, side="right") - 1
    sizes = np.array(entries)[tiles]
    return Stays(operand, tiles - first[operand], np.array(enter), np.array(last), sizes, peak)

"""The tiles that a layer's search tries: the sizes along each axis, every combination of them with the cuts
of its operands, those that fit a buffer, and what each moves in a loop order."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import isqrt
from typing import Any, ClassVar

import numpy as np

from scanfuse.mapping.nest import Cut, Nest, even_cut
from scanfuse.mapping.tiling import layer_traffic, residual_line, tile_entries
from scanfuse.mapping.traffic import ORDERS, Scan, Traffic


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


BLOCK = 16  # channels that often lie together


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

    def traffic_of(self, index: np.ndarray) -> Traffic:
        """The traffic of some of the tiles."""
        return taken(self.traffic, index, len(self.live))


@dataclass(frozen=True)
class TileSpace:
    """The tiles of one layer that fit a buffer, in two grids: a coarse one, which most often holds one that
    moves least, and all. Worked out when asked for, then kept, for searches that differ in layout or scan."""

    nest: Nest
    buffer_entries: int
    psum_entries: int
    _walks: dict[tuple[int, Scan], list[Walk]] = field(default_factory=dict, compare=False, repr=False)
    _fitting: dict[int, tuple[Candidates, np.ndarray]] = field(
        default_factory=dict, compare=False, repr=False
    )
    GRIDS: ClassVar = (coarse_tiles, distinct_tiles)

    @cached_property
    def least_entries(self) -> int:
        return least_entries(self.nest)

    def walks(self, grid: int, scans: tuple[Scan, ...]) -> list[Walk]:
        """The tiles of a grid in every loop order and the given scans; nothing where none fits."""
        for scan in scans:
            if (grid, scan) not in self._walks:
                self._walks[grid, scan] = self._walk(grid, scan)
        alike = zip(*(self._walks[grid, scan] for scan in scans), strict=True)
        return [walk for order in alike for walk in order]

    def least_of(self, grid: int, scans: tuple[Scan, ...]) -> int | None:
        """What the tiles of a grid move at the least; None where none fits."""
        return min((walk.least for walk in self.walks(grid, scans)), default=None)

    def _walk(self, grid: int, scan: Scan) -> list[Walk]:
        if grid not in self._fitting:
            self._fitting[grid] = self._fit(self._grid(grid))
        tiles, live = self._fitting[grid]
        if not len(live):
            return []
        return [
            Walk(
                order, scan, tiles, live, layer_traffic(self.nest, tiles.cuts, order, scan, self.psum_entries)
            )
            for order in ORDERS
        ]

    def _fit(self, every: Candidates) -> tuple[Candidates, np.ndarray]:
        live = live_entries(self.nest, every, self.psum_entries)
        fits = np.flatnonzero(live <= self.buffer_entries)
        return every.take(fits), live[fits]

    def _grid(self, grid: int) -> Candidates:
        nest, sizes = self.nest, self.GRIDS[grid]
        if nest.flat:
            p, q = sizes(nest.rows), sizes(nest.columns)
        else:
            p, q = spatial_tiles(nest, "p"), spatial_tiles(nest, "q")
        n, k = (self._channels(grid, axis) for axis in "nk")
        if nest.sums_rows and nest.layer.R * nest.layer.S + self.psum_entries <= self.buffer_entries:
            k = k[-1:]  # rows are summed up some at a time only where a channel's do not fit
        return enumerate_tiles(nest, p, q, n, k)

    def _channels(self, grid: int, axis: str) -> np.ndarray:
        """Sizes along n or k, in the coarse grid those of whole blocks as well."""
        extent = self.nest.extent[axis]
        found = self.GRIDS[grid](extent)
        if grid:
            return found
        blocks = -(-found // BLOCK) * BLOCK
        return np.unique(np.concatenate([found, blocks[blocks < extent]]))


def taken(traffic: Traffic, index: np.ndarray, length: int) -> Traffic:
    """Some of the tiles' traffic, whose fields are arrays of `length` or broadcast to it."""
    return Traffic(*(np.broadcast_to(np.asarray(field), length)[index] for field in vars(traffic).values()))


def live_entries(nest: Nest, every: Candidates, psum_entries: int) -> np.ndarray:
    """What tiles hold, with the smallest piece of the residual that can be loaded alone."""
    live = np.asarray(tile_entries(nest, every.cuts, psum_entries))
    return live if nest.residual is None else live + residual_unit(nest, every)


def residual_unit(nest: Nest, every: Candidates) -> Any:
    """Entries of the smallest piece of a residual tile."""
    lines = residual_line(every.tiles["p"], every.tiles["q"])
    return nest.coefficient["C"] * every.cuts["C"]["n"].largest * lines

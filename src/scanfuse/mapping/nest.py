"""The loop nest of one layer: its axes M, N, K, its three operands, and how tiles cut them.

Matrix view (SCHEDULES: `C[M,N] += A[M,K] B[K,N]`), used only in this room:

* M runs over output pixels, N over output channels, K over input channels of the reduction.
* A is the ifmap tile (it carries the halo of the kernel), B the weights, C the ofmap or its partial sums.
* A layer without cross-channel reduction (depthwise, grouped, pooling, add) is *channelwise*: N counts
  groups, the K axis has one trip, and A follows N instead of K.
* An average over the whole map can be summed up some rows at a time: K counts the map's rows, and A depends
  on all axes.

But for that last case an operand is then independent of exactly one axis (A of N or K, B of M, C of K): the
one along which it can be used again.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from scanfuse.network import Layer, Tensor


@dataclass(frozen=True)
class Cut:
    """How a tile size cuts one axis, as one operand sees it; every field an int or an int64 array.

    trips: tiles along the axis; total: sum of the tile extents (more than the axis where tiles carry a
    halo); first, last, largest: extents of those tiles.
    """

    trips: Any
    total: Any
    first: Any
    last: Any
    largest: Any


def tile_edges(extent: int, tile: int) -> np.ndarray:
    """Start of each tile and the end of the last: `ceil(extent / tile) + 1` increasing ints."""
    return np.append(np.arange(0, extent, tile), extent)


@dataclass(frozen=True)
class Nest:
    """One layer as a loop nest; `residual` is the tensor a folded `add` reads while C is finished.

    stores: channels of the maps in DRAM of which the ifmap and the result are all or a part; (0, 0) for all.

    With `flat` pixels the spatial plane is one row of P*Q pixels, so that a tile is any run of pixels.
    """

    layer: Layer
    residual: Tensor | None = None
    stores: tuple[int, ...] = (0, 0)

    @cached_property
    def channelwise(self) -> bool:
        return self.layer.kind in ("depthwise", "pool", "add", "scale") or self.layer.groups > 1

    @cached_property
    def flat(self) -> bool:
        layer = self.layer
        if layer.kind in ("linear", "add"):
            return True
        return (
            layer.kind in ("conv", "pointwise")
            and layer.kernel == (1, 1)
            and layer.stride == (1, 1)
            and layer.padding == (0, 0, 0, 0)
            and not self.channelwise
        )

    @cached_property
    def sums_rows(self) -> bool:
        """Whether it is an average over the whole map."""
        layer = self.layer
        whole = layer.kernel == (layer.ifmap.height, layer.ifmap.width) and not any(layer.padding)
        return layer.kind == "pool" and layer.pool_kind == "average" and whole and layer.dilation == (1, 1)

    @property
    def shape(self) -> object:
        """What two nests that move the same have in common: all but names."""
        layer = self.layer
        shape = (layer.kind, layer.ifmap.shape, layer.output.shape, layer.kernel, layer.stride, layer.padding)
        return (*shape, layer.dilation, layer.groups, self.residual is not None, self.stores)

    @cached_property
    def groups(self) -> int:
        """Trips of the N axis at a tile of one, for a channelwise layer."""
        return self.layer.groups if self.layer.kind == "conv" else self.layer.C

    @cached_property
    def rows(self) -> int:
        return 1 if self.flat else self.layer.P

    @cached_property
    def columns(self) -> int:
        return self.layer.P * self.layer.Q if self.flat else self.layer.Q

    @cached_property
    def extent(self) -> dict[str, int]:
        layer = self.layer
        return {
            "m": layer.P * layer.Q,
            "n": self.groups if self.channelwise else layer.K,
            "k": (layer.R if self.sums_rows else 1) if self.channelwise else layer.C,
        }

    @cached_property
    def coefficient(self) -> dict[str, int]:
        """Entries of an operand per unit of the axes it depends on."""
        layer = self.layer
        taps = layer.R * layer.S
        if not self.channelwise:
            return {"A": 1, "B": taps, "C": 1}
        ins, outs = layer.C // self.groups, layer.K // self.groups
        weights = 0 if layer.kind in ("pool", "add") else outs * ins * taps  # B of a scale: its factors
        return {"A": ins, "B": weights, "C": outs}

    @cached_property
    def free_axis(self) -> dict[str, str]:
        """The one axis each operand does not depend on; "" where it depends on all."""
        of_input = "" if self.sums_rows else "k"
        return {"A": of_input if self.channelwise else "n", "B": "m", "C": "k"}

    def edges(self, tile_p: int, tile_q: int, tile_n: int, tile_k: int) -> dict[str, np.ndarray]:
        """Where tiles of these sizes cut the axes p (output rows), q (columns), n and k."""
        return {
            "p": tile_edges(self.rows, tile_p),
            "q": tile_edges(self.columns, tile_q),
            "n": tile_edges(self.extent["n"], tile_n),
            "k": tile_edges(self.extent["k"], tile_k),
        }

    def input_span(self, axis: str, start: int, stop: int) -> tuple[int, int]:
        """Clipped input rows ("p") or columns ("q") that the output range needs."""
        if self.flat:
            return start, stop
        return self.layer.input_rows(start, stop) if axis == "p" else self.layer.input_columns(start, stop)

    def span_cuts(self, axis: str, tile: int) -> tuple[Cut, Cut]:
        """The cut of output rows or columns as A sees it (with halo, but for rows that are summed up) and as
        C sees it."""
        extent = self.rows if axis == "p" else self.columns
        edges = tile_edges(extent, tile)
        outs = np.diff(edges)
        if self.flat or (self.sums_rows and axis == "p"):
            ins = outs
        else:
            spans = [self.input_span(axis, int(a), int(b)) for a, b in itertools.pairwise(edges)]
            ins = np.array([stop - start for start, stop in spans])
        return _cut(ins), _cut(outs)

    def pixel_cuts(self, tile_p: int, tile_q: int) -> tuple[Cut, Cut]:
        """The M axis cut into tile_p x tile_q pixels (row-major tiles): for A and for C."""
        cuts = []
        for p, q in zip(self.span_cuts("p", tile_p), self.span_cuts("q", tile_q), strict=True):
            cuts.append(
                Cut(
                    p.trips * q.trips,
                    p.total * q.total,
                    p.first * q.first,
                    p.last * q.last,
                    p.largest * q.largest,
                )
            )
        return cuts[0], cuts[1]

    def rolling_cut(self, tile_p: int) -> Cut:
        """The M axis cut into full-width row bands whose halo rows stay in the buffer, as A sees it."""
        cut, _ = self.span_cuts("p", tile_p)
        edges = tile_edges(self.rows, tile_p)
        held = fresh = 0
        for a, b in itertools.pairwise(edges):
            start, stop = self.input_span("p", int(a), int(b))
            fresh += stop - max(start, held)
            held = stop
        width = self.span_cuts("q", self.columns)[0].total
        return Cut(cut.trips, fresh * width, cut.first * width, cut.last * width, cut.largest * width)


def _cut(extents: np.ndarray) -> Cut:
    return Cut(len(extents), int(extents.sum()), int(extents[0]), int(extents[-1]), int(extents.max()))


def even_cut(extent: int, tile: Any) -> Cut:
    """An axis cut without halo; `tile` an int or an int64 array."""
    trips = -(-extent // tile)
    return Cut(trips, extent, tile, extent - (trips - 1) * tile, tile)

"""What a step computes: one op on the boxes it names, reading the buffer and nothing else.

A tile's window of the map is gathered with its own zero padding and unfolded into columns, so that one matrix
product does the whole tile. Entries that are not in the buffer are NaN and reach the result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import as_strided

from scanfuse.execute.values import LOWEST
from scanfuse.network import Layer, Tensor
from scanfuse.program.boxes import region
from scanfuse.program.program import View

MapInBuffer = Callable[[Tensor], np.ndarray]


@dataclass(frozen=True)
class Op:
    """One row of a program's `ops`: half-open output channels, rows, columns and input channels."""

    step: int
    layer: int
    view: View
    begin: bool
    finish: bool
    k0: int
    k1: int
    p0: int
    p1: int
    q0: int
    q1: int
    c0: int
    c1: int

    @property
    def output_box(self) -> tuple[int, ...]:
        return self.k0, self.k1, self.p0, self.p1, self.q0, self.q1

    @property
    def pixels(self) -> int:
        return (self.p1 - self.p0) * (self.q1 - self.q0)

    @property
    def output_shape(self) -> tuple[int, int, int]:
        return self.k1 - self.k0, self.p1 - self.p0, self.q1 - self.q0


def tile_sums(layer: Layer, op: Op, map_of: MapInBuffer, weights: np.ndarray | None) -> np.ndarray:
    """What an op contributes to its output box; `map_of` and `weights` give whole arrays of the buffer.

    For an addition this is its first input alone: the second comes in when the output is finished.
    """
    ifmap = map_of(layer.ifmap)
    if layer.kind == "add":
        return region(ifmap, op.view, op.output_box)
    if layer.kind == "scale":
        factors = map_of(layer.inputs[1])[op.k0 : op.k1]
        return region(ifmap, op.view, op.output_box) * factors
    if layer.kind == "pool":
        return pool_windows(layer, op, ifmap)
    assert weights is not None
    if layer.kind == "linear" or op.view == View.PIXELS:
        return matrix_product(layer, op, ifmap, weights)
    if layer.kind == "depthwise":
        return depthwise(layer, op, ifmap, weights)
    return convolve(layer, op, ifmap, weights)


def matrix_product(layer: Layer, op: Op, ifmap: np.ndarray, weights: np.ndarray) -> np.ndarray:
    view = View.CHANNELS if layer.kind == "linear" else View.PIXELS
    tile = region(ifmap, view, (op.c0, op.c1, op.p0, op.p1, op.q0, op.q1))
    product = weights[op.k0 : op.k1, op.c0 : op.c1, 0] @ tile.reshape(op.c1 - op.c0, -1)
    return np.asarray(product).reshape(op.output_shape)


def convolve(layer: Layer, op: Op, ifmap: np.ndarray, weights: np.ndarray) -> np.ndarray:
    if layer.groups == 1:
        columns = unfold(layer, op, ifmap, (op.c0, op.c1), 0).reshape(-1, op.pixels)
        kernels = weights[op.k0 : op.k1, op.c0 : op.c1].reshape(op.k1 - op.k0, -1)
        return np.asarray(kernels @ columns).reshape(op.output_shape)
    return grouped(layer, op, ifmap, weights)


def grouped(layer: Layer, op: Op, ifmap: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The groups that an op touches, whole; of their outputs those that it asks for."""
    ins, outs = layer.C // layer.groups, layer.K // layer.groups
    g0, g1 = op.k0 // outs, -(-op.k1 // outs)
    columns = unfold(layer, op, ifmap, (g0 * ins, g1 * ins), 0).reshape(g1 - g0, -1, op.pixels)
    kernels = weights[g0 * outs : g1 * outs].reshape(g1 - g0, outs, -1)
    every = np.matmul(kernels, columns).reshape(-1, *op.output_shape[1:])
    return np.asarray(every[op.k0 - g0 * outs : op.k1 - g0 * outs])


def depthwise(layer: Layer, op: Op, ifmap: np.ndarray, weights: np.ndarray) -> np.ndarray:
    windows = unfold(layer, op, ifmap, (op.k0, op.k1), 0)
    kernels = weights[op.k0 : op.k1, 0].reshape(-1, layer.R, layer.S)
    total = np.zeros(op.output_shape, dtype=ifmap.dtype)
    for r in range(layer.R):
        for s in range(layer.S):
            total += kernels[:, r, s, None, None] * windows[:, r, s]
    return total


def pool_windows(layer: Layer, op: Op, ifmap: np.ndarray) -> np.ndarray:
    """Sums or maxima of windows; a window of padding alone counts as 0 or as the least value. Of a window
    that covers the map, also some rows: c0 to c1."""
    if (op.c0, op.c1) != (0, layer.R):
        return np.asarray(ifmap[op.k0 : op.k1, op.c0 : op.c1].sum(axis=(1, 2), keepdims=True))
    if layer.pool_kind == "max":
        return np.asarray(unfold(layer, op, ifmap, (op.k0, op.k1), LOWEST).max(axis=(1, 2)))
    return np.asarray(unfold(layer, op, ifmap, (op.k0, op.k1), 0).sum(axis=(1, 2)))


def unfold(layer: Layer, op: Op, ifmap: np.ndarray, channels: tuple[int, int], fill: int) -> np.ndarray:
    """The windows under an op's output pixels: channels x R x S x rows x columns, a view of a padded copy."""
    (sh, sw), (dh, dw) = layer.stride, layer.dilation
    patch = padded(layer, op, ifmap, channels, fill)
    c, h, w = patch.strides
    shape = (len(patch), layer.R, layer.S, op.p1 - op.p0, op.q1 - op.q0)
    return as_strided(patch, shape, (c, h * dh, w * dw, h * sh, w * sw), writeable=False)


def padded(layer: Layer, op: Op, ifmap: np.ndarray, channels: tuple[int, int], fill: int) -> np.ndarray:
    """All positions under an op's windows, those outside the map filled."""
    c0, c1 = channels
    spans = []
    for axis, first, last in ((0, op.p0, op.p1), (1, op.q0, op.q1)):
        stride, before = layer.stride[axis], layer.padding[2 * axis]
        reach = layer.dilation[axis] * (layer.kernel[axis] - 1) + 1
        spans.append((first * stride - before, (last - 1) * stride - before + reach))
    (h0, h1), (w0, w1) = spans
    patch = np.full((c1 - c0, h1 - h0, w1 - w0), fill, dtype=ifmap.dtype)
    _, height, width = ifmap.shape
    top, bottom = max(h0, 0), min(h1, height)
    left, right = max(w0, 0), min(w1, width)
    if top < bottom and left < right:
        inside = ifmap[c0:c1, top:bottom, left:right]
        patch[:, top - h0 : bottom - h0, left - w0 : right - w0] = inside
    return patch

"""Boxes of tensors: the part of an array that a box names, and the input box that an output box needs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scanfuse.network import Layer
from scanfuse.program.program import View


def region(array: np.ndarray, view: View, box: Sequence[int]) -> np.ndarray:
    """The part of a C-contiguous (a, b, c) array that a box names, as a numpy view."""
    if view == View.PIXELS:
        array = array.reshape(array.shape[0], 1, -1)
    elif view == View.CHANNELS:
        array = array.reshape(-1, 1, 1)
    a0, a1, b0, b1, c0, c1 = box
    return array[a0:a1, b0:b1, c0:c1]


def input_box(layer: Layer, view: View, out_box: Sequence[int], channels: tuple[int, int]) -> tuple[int, ...]:
    """The ifmap box that an output box needs; `channels` are the input channels of the reduction, or the
    window's rows that a pool sums up.

    Layers without cross-channel reduction read the channels of their outputs' groups.
    """
    k0, k1, p0, p1, q0, q1 = out_box
    if layer.kind in ("depthwise", "pool", "add", "scale"):
        c0, c1 = k0, k1
    elif layer.groups > 1:
        ins, outs = layer.C // layer.groups, layer.K // layer.groups
        c0, c1 = k0 // outs * ins, -(-k1 // outs) * ins
    else:
        c0, c1 = channels
    if view == View.PIXELS:
        return c0, c1, p0, p1, q0, q1
    rows = layer.input_rows(p0, p1)
    if layer.kind == "pool" and channels != (0, layer.R):  # of a window that covers the map
        rows = channels
    return (c0, c1, *rows, *layer.input_columns(q0, q1))

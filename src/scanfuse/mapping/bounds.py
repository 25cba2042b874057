"""How little a group of layers can move through a buffer of S entries, whatever its tiles: lower bounds.

Beside the whole network's and the layers' own least data (`scanfuse.network.bounds`), which know no S.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isqrt

import numpy as np

from scanfuse.mapping.cascade import Cascade
from scanfuse.mapping.mapping import Group
from scanfuse.mapping.nest import Nest
from scanfuse.mapping.stages import Stage, layer_nest
from scanfuse.mapping.tiling import LayerTiling
from scanfuse.network import Layer, Network, Tensor


def matmul_entries(m: int, k: int, n: int, buffer_entries: int) -> int:
    """What `C[m,n] = A[m,k] B[k,n]` moves at least between DRAM and a buffer of S entries, loads and stores.

    The larger of two bounds:

    * compulsory: m k + k n + m n, every operand once.
    * 2 m n k / sqrt(S) - 2 S. Smith, Lowery, Langou, van de Geijn, "A Tight I/O Lower Bound for Matrix
      Multiplication", arXiv:1702.02017 (2017, 2019), whose constant 2 no schedule can better; the form
      goes back to Hong and Kung, "I/O complexity: the red-blue pebble game", STOC 1981. It bounds the loads
      of C += A B, C loaded too. Here C starts as zeros: m n loads fewer, but m n stores, so that loads and
      stores together are held to the same figure.

    Every product must be added up by multiply-accumulates of operands in the buffer (no Strassen) and none is
    made twice. Sizes are 1 or more.
    """
    return max(m * k + k * n + m * n, _root_bound(m * n * k, buffer_entries))


def _root_bound(products: int, buffer_entries: int) -> int:
    """ceil(2 products / sqrt(S) - 2 S), in integers: the root is the least y with y^2 S >= (2 products)^2."""
    square = -(-4 * products * products // buffer_entries)
    return isqrt(square - 1) + 1 - 2 * buffer_entries


def is_matmul(nest: Nest) -> bool:
    """Whether a layer run alone is one matrix multiplication, without halo or channels of their own."""
    return nest.flat and not nest.channelwise and nest.layer.weight_entries > 0


def layer_matmul_entries(nest: Nest, buffer_entries: int) -> int | None:
    """The bound of `matmul_entries` for a layer run alone and what its addition reads; None for others."""
    if not is_matmul(nest):
        return None
    m, n, k = (nest.extent[axis] for axis in "mnk")
    residual = 0 if nest.residual is None else nest.residual.entries
    return matmul_entries(m, k, n, buffer_entries) + residual


def group_entries(network: Network, groups: Sequence[Group], buffer_entries: int) -> int:
    """What the layers of some groups move at least, between DRAM and a buffer of S entries."""
    layers = sorted({index for group in groups for index in group.layers})
    inner = [name for group in groups for name in inside(network, group)]
    least = compulsory_entries(network, layers, inner)
    if len(groups) == 1 and isinstance(groups[0], LayerTiling):
        nest = layer_nest(network, Stage(groups[0].layer, groups[0].add))
        least = max(least, layer_matmul_entries(nest, buffer_entries) or 0)
    return least


def inside(network: Network, group: Group) -> list[str]:
    """Names of what a cascade makes for itself alone: others that read it make it again."""
    if not isinstance(group, Cascade):
        return []
    return [network.layers[index].output.name for index in group.layers[:-1]]


def compulsory_entries(network: Network, layers: Sequence[int], inner: Collection[str] = ()) -> int:
    """What some layers (by index) must move if what they read from other layers, and make for them, is in
    DRAM.

    Their weights, the entries of outside tensors that their windows touch, and what they make that is read
    outside or is the network's output, each once. inner: names of tensors that do not leave all the same.
    """
    needed: dict[Slice, np.ndarray] = {}
    mine = [network.layers[index] for index in layers]
    outside = {part for output in network.outputs for part in _slices(network, output)}
    others = set(range(len(network.layers))) - set(layers)
    for index in others:
        outside.update(part for tensor in network.layers[index].inputs for part in _slices(network, tensor))
    total = sum(layer.weight_entries for layer in mine)
    for layer in reversed(mine):
        windows = np.zeros(layer.output.shape[1:], dtype=bool)
        for part in _slices(network, layer.output):
            if part in outside and layer.output.name not in inner:
                needed[part] = _everything(layer.output)
                total += part.channels * layer.P * layer.Q
            windows |= needed.get(part, False)
        for position, tensor in enumerate(layer.inputs):
            mask = _everything(tensor) if position and layer.kind == "scale" else _touched(layer, windows)
            whole = network.maps[tensor.name]
            if whole.shape != tensor.shape:  # flattened
                mask = _everything(whole)
            for part in _slices(network, tensor):
                needed[part] = needed.get(part, False) | mask
    made = {part for layer in mine for part in _slices(network, layer.output)}
    return total + sum(part.channels * int(mask.sum()) for part, mask in needed.items() if part not in made)


@dataclass(frozen=True)
class Slice:
    """Channels of a store that belong to the same maps, so that they are read and written together."""

    store: Tensor
    first: int
    stop: int

    @property
    def channels(self) -> int:
        return self.stop - self.first


def _slices(network: Network, tensor: Tensor) -> list[Slice]:
    """A map, cut where maps that share its storage begin and end."""
    place = network.place(tensor)
    sharing = [network.places[name] for name in network.overlapping(tensor)]
    edges = {edge for each in sharing for edge in (each.first, each.stop)}
    inside = sorted(edge for edge in edges if place.first <= edge <= place.stop)
    return [Slice(place.store, first, stop) for first, stop in pairwise(inside)]


def _everything(tensor: Tensor) -> np.ndarray:
    return np.ones(tensor.shape[1:], dtype=bool)


def _touched(layer: Layer, windows: np.ndarray) -> np.ndarray:
    """The pixels of a layer's input that some windows (a mask of output pixels) read."""
    height, width = layer.ifmap.shape[1:]
    found = np.zeros((height, width), dtype=bool)
    for r in range(layer.R):
        rows = np.arange(layer.P) * layer.stride[0] - layer.padding[0] + r * layer.dilation[0]
        there_p = (rows >= 0) & (rows < height)
        for s in range(layer.S):
            columns = np.arange(layer.Q) * layer.stride[1] - layer.padding[2] + s * layer.dilation[1]
            there_q = (columns >= 0) & (columns < width)
            found[np.ix_(rows[there_p], columns[there_q])] |= windows[np.ix_(there_p, there_q)]
    return found

"""The network evaluated directly, a whole layer at a time: what every program must reproduce.

A weighted layer is a sum over kernel taps, each a product of the tap's weights with the shifted, strided map.
Nothing here is shared with the way the executor computes a tile.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scanfuse.execute.values import LOWEST, Values, exact_type, requantise
from scanfuse.network import Layer, Network


def evaluate(network: Network, seed: int = 0) -> dict[str, np.ndarray]:
    """Every map of a network by name, its input included: int8 arrays of C x H x W."""
    values, kind = Values(network, seed), exact_type(network)
    maps = {tensor.name: values.given(tensor.name) for tensor in network.at_start}
    for index, layer in enumerate(network.layers):
        join(network, maps)
        inputs = [maps[tensor.name].reshape(tensor.shape).astype(kind) for tensor in layer.inputs]
        weights = values.weights(index).astype(kind) if layer.weight_entries else None
        maps[layer.output.name] = requantise(layer_sums(layer, inputs, weights))
    join(network, maps)
    return maps


def join(network: Network, maps: dict[str, np.ndarray]) -> None:
    """Concatenate and split the maps there are, as far as the network's concats name others."""
    before = -1
    while before != len(maps):
        before = len(maps)
        for concat in network.concats:
            names = [part.name for part in concat.parts]
            if concat.output.name in maps:
                parts = np.split(maps[concat.output.name], concat.first_channels[1:])
                maps.update((name, part) for name, part in zip(names, parts, strict=True) if name not in maps)
            elif all(name in maps for name in names):
                maps[concat.output.name] = np.concatenate([maps[name] for name in names])


def layer_sums(layer: Layer, inputs: list[np.ndarray], weights: np.ndarray | None) -> np.ndarray:
    """What a layer computes before requantisation, K x P x Q."""
    if layer.kind == "add":
        return np.asarray(inputs[0] + inputs[1])
    if layer.kind == "scale":
        return np.asarray(inputs[0] * inputs[1])
    if layer.kind == "pool":
        return pooled(layer, inputs[0])
    assert weights is not None
    return convolved(layer, inputs[0], weights)


def pooled(layer: Layer, ifmap: np.ndarray) -> np.ndarray:
    """Sums of windows (an average without its division), or maxima; padding is 0 or the least value."""
    if layer.pool_kind == "max":
        return np.asarray(np.maximum.reduce([part for _, part in shifted(layer, ifmap, LOWEST)]))
    return np.asarray(sum(part for _, part in shifted(layer, ifmap, 0)))


def convolved(layer: Layer, ifmap: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """A convolution of any kernel, stride, padding, dilation and groups."""
    groups, pixels = layer.groups, layer.P * layer.Q
    by_group = weights.reshape(groups, layer.K // groups, layer.C // groups, -1)
    total = np.zeros((groups, layer.K // groups, pixels), dtype=ifmap.dtype)
    for tap, part in shifted(layer, ifmap, 0):
        columns = part.reshape(groups, layer.C // groups, pixels)
        if layer.C // groups == 1:
            total += by_group[..., 0, tap, None] * columns
        else:
            total += np.matmul(by_group[..., tap], columns)
    return total.reshape(layer.K, layer.P, layer.Q)


def shifted(layer: Layer, ifmap: np.ndarray, fill: int) -> Iterator[tuple[int, np.ndarray]]:
    """Per kernel tap, the C x P x Q entries of the padded map that it multiplies."""
    top, bottom, left, right = layer.padding
    padded = np.pad(ifmap, ((0, 0), (top, bottom), (left, right)), constant_values=fill)
    for r in range(layer.R):
        h = r * layer.dilation[0]
        rows = slice(h, h + (layer.P - 1) * layer.stride[0] + 1, layer.stride[0])
        for s in range(layer.S):
            w = s * layer.dilation[1]
            columns = slice(w, w + (layer.Q - 1) * layer.stride[1] + 1, layer.stride[1])
            yield r * layer.S + s, padded[:, rows, columns]

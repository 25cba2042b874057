"""The tensors of a program: every map of the network, every layer's weights, and spilled partial sums."""

from __future__ import annotations

from dataclasses import dataclass

from scanfuse.network import Layer, Network
from scanfuse.program.program import Stored


@dataclass(frozen=True)
class TensorTable:
    """All tensors of a network by index: maps first, then weights."""

    tensors: tuple[Stored, ...]
    maps: dict[str, int]
    weights: dict[int, int]

    @classmethod
    def of(cls, network: Network) -> TensorTable:
        """The table of a network; a tensor that a `linear` layer flattens keeps the shape of its producer."""
        tensors = [Stored(network.input.name, "map", network.input.shape, -1)]
        maps = {network.input.name: 0}
        for index, layer in enumerate(network.layers):
            maps[layer.output.name] = len(tensors)
            tensors.append(Stored(layer.output.name, "map", layer.output.shape, index))
        weights = {}
        for index, layer in enumerate(network.layers):
            if layer.weight_shape is not None and layer.weight_entries:
                k, c, r, s = layer.weight_shape
                weights[index] = len(tensors)
                tensors.append(Stored(f"{layer.name}.weight", "weight", (k, c, r * s), index))
        return cls(tuple(tensors), maps, weights)

    def flattened(self, layer: Layer) -> bool:
        """Whether the layer reads a map of more than one pixel as channels only."""
        return layer.kind == "linear" and self.tensors[self.maps[layer.ifmap.name]].shape != layer.ifmap.shape

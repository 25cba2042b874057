"""The tensors of a program: every store of the network's maps, and every layer's weights.

Maps that share their storage are one tensor here, of which each of them is a range of channels. While a
program is built, maps and weights go by numbers of their own, and boxes count the channels of the map;
`placed` turns both into those of the tensors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scanfuse.network import Layer, Network, Place, Tensor
from scanfuse.program.program import Stored


@dataclass(frozen=True)
class TensorTable:
    """All tensors of a network by index, stores first, then weights; and by number all maps, then weights.

    maps: the number of a map by its name; weights: that of a layer's weights by its index. home: per number,
    the index of its tensor and the first channel there. named: the maps, by number.
    """

    tensors: tuple[Stored, ...]
    maps: dict[str, int]
    weights: dict[int, int]
    home: tuple[tuple[int, int], ...]
    named: tuple[Tensor, ...]

    @classmethod
    def of(cls, network: Network) -> TensorTable:
        """The table of a network; a tensor that a `linear` layer flattens keeps the shape of its producer."""
        given = [network.place(tensor) for tensor in network.at_start]
        stores = list(dict.fromkeys(place.store for place in network.places.values()))
        tensors = [_stored(store, given) for store in stores]
        index_of = {store: index for index, store in enumerate(stores)}
        maps = {name: number for number, name in enumerate(network.maps)}
        home = [(index_of[place.store], place.first) for place in map(network.place, network.maps.values())]
        weights = {}
        for index, layer in enumerate(network.layers):
            if layer.weight_shape is not None and layer.weight_entries:
                k, c, r, s = layer.weight_shape
                weights[index] = len(home)
                home.append((len(tensors), 0))
                tensors.append(Stored(f"{layer.name}.weight", "weight", (k, c, r * s), index))
        return cls(tuple(tensors), maps, weights, tuple(home), tuple(network.maps.values()))

    def flattened(self, layer: Layer) -> bool:
        """Whether the layer reads a map of more than one pixel as channels only."""
        return layer.kind == "linear" and self.named[self.maps[layer.ifmap.name]].shape != layer.ifmap.shape

    def placed(self, moves: np.ndarray) -> np.ndarray:
        """Moves of maps and weights by number as moves of tensors by index."""
        index, first = np.array(self.home, dtype=np.int32)[moves["tensor"]].T
        found = moves.copy()
        found["tensor"] = index
        for edge in ("a0", "a1"):
            found[edge] += first
        return found

    def at(self, number: int, box: Sequence[int]) -> tuple[int, tuple[int, ...]]:
        """A box of a map, or of weights, by number, as one of a tensor by index."""
        index, first = self.home[number]
        return index, (box[0] + first, box[1] + first, *box[2:])

    def part(self, array: np.ndarray, number: int) -> np.ndarray:
        """Of the array of the tensor where a map lies, by number, the map: a numpy view."""
        first = self.home[number][1]
        return array[first : first + self.named[number].channels]


def _stored(store: Tensor, given: Sequence[Place]) -> Stored:
    """given: where the maps lie that are there from the start, one in a store at the most."""
    channels = next(((place.first, place.stop) for place in given if place.store == store), (0, 0))
    return Stored(store.name, "map", store.shape, given=channels)

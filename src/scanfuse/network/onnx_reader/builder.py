"""A network in the making: layers as operators are read, and which of them a map comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from scanfuse.network.concat import Concat, places
from scanfuse.network.errors import NetworkError
from scanfuse.network.layer import Layer, Tensor


class Builder:
    """Layers, and maps side by side in others. A layer's output has the layer's name."""

    def __init__(self, network_input: Tensor) -> None:
        self.input = network_input
        self.given: list[Tensor] = []
        self.layers: dict[str, Layer] = {}
        self.concats: list[Concat] = []
        self.maps: dict[str, Tensor] = {network_input.name: network_input}
        self.made_by: dict[str, tuple[str, ...]] = {network_input.name: ()}  # names of layers, by map

    def unused(self, name: str) -> str:
        """A name that no layer and no map has yet, this one if it can be."""
        found, number = name, 1
        while found in self.maps:
            number += 1
            found = f"{name}_{number}"
        return found

    def add(self, layer: Layer) -> Tensor:
        """Take up a layer, under a name of its own."""
        name = self.unused(layer.name)
        layer = replace(layer, name=name, output=replace(layer.output, name=name))
        self.layers[name] = layer
        self.maps[name] = layer.output
        self.made_by[name] = (name,)
        return layer.output

    def add_given(self, name: str, shape: tuple[int, int, int]) -> Tensor:
        """A map that is in DRAM from the start."""
        tensor = Tensor(self.unused(name), *shape)
        self.given.append(tensor)
        self.maps[tensor.name] = tensor
        self.made_by[tensor.name] = ()
        return tensor

    def part(self, whole: Tensor, first: int, stop: int) -> Tensor:
        """The channels [first, stop) of a map."""
        if (first, stop) == (0, whole.channels):
            return whole
        edges = [0, first, stop, whole.channels]
        parts = []
        for start, end in pairwise(edges):
            if start < end:
                name = f"{whole.name}[{start}:{end}]"
                tensor = self.maps.get(name) or Tensor(name, end - start, *whole.shape[1:])
                self.maps[name] = tensor
                self.made_by[name] = self.made_by[whole.name]
                parts.append(tensor)
        concat = Concat(whole, tuple(parts))
        if concat not in self.concats:
            self.concats.append(concat)
        return next(tensor for tensor in parts if tensor.name == f"{whole.name}[{first}:{stop}]")

    def concat(self, name: str, parts: Sequence[Tensor]) -> Tensor:
        """Maps as one; those that would have to lie in two places are copied."""
        output = Tensor(self.unused(name), sum(part.channels for part in parts), *parts[0].shape[1:])
        if not self._fits(output, parts):
            shared = {tensor.name for concat in self.concats for tensor in concat.tensors}
            seen: set[str] = set()
            found = []
            for part in parts:
                found.append(self._copy(part) if part.name in shared | seen else part)
                seen.add(part.name)
            parts = found
        self.maps[output.name] = output
        self.made_by[output.name] = tuple(
            dict.fromkeys(layer for part in parts for layer in self.made_by[part.name])
        )
        self.concats.append(Concat(output, tuple(parts)))
        return output

    def _fits(self, output: Tensor, parts: Sequence[Tensor]) -> bool:
        """Whether every part can lie in one place, where no other map is written."""
        concats = [*self.concats, Concat(output, tuple(parts))]
        try:
            found = places({**self.maps, output.name: output}, concats)
        except NetworkError:
            return False
        written = [self.input.name, *(tensor.name for tensor in self.given), *self.layers]
        mine = [name for name in written if found[name].store == found[output.name].store]
        return not any(
            found[one].overlaps(found[other]) for at, one in enumerate(mine) for other in mine[:at]
        )

    def _copy(self, tensor: Tensor) -> Tensor:
        copy = Tensor(f"{tensor.name}.copy", *tensor.shape)
        return self.add(Layer(copy.name, "pool", (tensor,), copy, pool_kind="max"))

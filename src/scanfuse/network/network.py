"""A network: layers in execution order over named tensors, batch 1.

The name of a tensor is its storage. A flatten needs no layer and moves nothing: a `linear` layer may name an
earlier C x H x W tensor as (C*H*W) x 1 x 1, which is the same storage under another shape (VGG-16's `fc6`
reads `pool5`, 512 x 7 x 7, as 25088 x 1 x 1). The entries are the same; only the order of the layer's weights
depends on the order in which the map is stored. `producer` and `consumers` therefore go by name.
"""

from dataclasses import dataclass
from functools import cached_property

from scanfuse.network.errors import NetworkError, did_you_mean
from scanfuse.network.layer import Layer, Tensor, shape_text


@dataclass(frozen=True)
class Origin:
    """What to ask `load` for to have a network again."""

    name: str
    resolution: int | None = None
    width: float | None = None


@dataclass(frozen=True)
class Network:
    """Layers in execution order. Checks on creation that every input is there when it is read.

    origin: where it came from; None for a network made by hand.
    """

    name: str
    layers: tuple[Layer, ...]
    input: Tensor
    output: Tensor
    origin: Origin | None = None

    def __post_init__(self) -> None:
        if not self.layers:
            raise NetworkError(f"network {self.name}: no layers")
        check_layer_names(self)
        check_wiring(self)

    @property
    def macs(self) -> int:
        return sum(layer.macs for layer in self.layers)

    @property
    def weight_entries(self) -> int:
        return sum(layer.weight_entries for layer in self.layers)

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The network's input, then every layer's output, in execution order."""
        return (self.input, *(layer.output for layer in self.layers))

    def layer(self, name: str) -> Layer:
        for layer in self.layers:
            if layer.name == name:
                return layer
        names = [layer.name for layer in self.layers]
        raise NetworkError(
            f"network {self.name}: no layer {name!r}{did_you_mean(name, names)}; "
            f"the layers are {', '.join(names)}"
        )

    def producer(self, tensor: Tensor) -> Layer | None:
        """The layer that writes this tensor, or None for the network's input."""
        self._check_known(tensor)
        return self._producers.get(tensor.name)

    def consumers(self, tensor: Tensor) -> tuple[Layer, ...]:
        """The layers that read this tensor, in execution order."""
        self._check_known(tensor)
        return self._consumers.get(tensor.name, ())

    def _check_known(self, tensor: Tensor) -> None:
        if tensor.name != self.input.name and tensor.name not in self._producers:
            names = [known.name for known in self.tensors]
            raise NetworkError(
                f"network {self.name}: no tensor {tensor.name!r}{did_you_mean(tensor.name, names)}"
            )

    @cached_property
    def _producers(self) -> dict[str, Layer]:
        return {layer.output.name: layer for layer in self.layers}

    @cached_property
    def _consumers(self) -> dict[str, tuple[Layer, ...]]:
        readers: dict[str, list[Layer]] = {}
        for layer in self.layers:
            for name in dict.fromkeys(tensor.name for tensor in layer.inputs):
                readers.setdefault(name, []).append(layer)
        return {name: tuple(layers) for name, layers in readers.items()}


def check_layer_names(network: Network) -> None:
    seen: dict[str, int] = {}
    for index, layer in enumerate(network.layers):
        if layer.name in seen:
            raise NetworkError(
                f"network {network.name}: layers {seen[layer.name]} and {index} are both named {layer.name}"
            )
        seen[layer.name] = index


def check_wiring(network: Network) -> None:
    written = {network.input.name: network.input}
    later = {layer.output.name: layer.name for layer in network.layers}
    for layer in network.layers:
        where = f"network {network.name}: layer {layer.name}"
        for tensor in layer.inputs:
            if tensor.name in written:
                check_same_storage(where, layer, written[tensor.name], tensor)
            elif tensor.name in later:
                raise NetworkError(
                    f"{where} reads {tensor.name} before layer {later[tensor.name]} writes it; "
                    "give the layers in execution order"
                )
            else:
                raise NetworkError(
                    f"{where} reads {tensor.name}, which no layer writes and which is not the network's "
                    f"input {network.input.name}{did_you_mean(tensor.name, [*written, *later])}"
                )
        if layer.output.name in written:
            raise NetworkError(f"{where} writes {layer.output.name}, which was written before")
        written[layer.output.name] = layer.output
    result = written.get(network.output.name)
    if result is None or result != network.output or network.output.name == network.input.name:
        raise NetworkError(
            f"network {network.name}: no layer writes the output {network.output.name} "
            f"({shape_text(network.output)}){did_you_mean(network.output.name, later)}"
        )


def check_same_storage(where: str, layer: Layer, written: Tensor, read: Tensor) -> None:
    flattens = layer.kind == "linear" and read.entries == written.entries
    if read.shape != written.shape and not flattens:
        raise NetworkError(
            f"{where} reads {read.name} as {shape_text(read)}, but it was written as {shape_text(written)}"
        )

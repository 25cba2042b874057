"""A network: layers in execution order over named tensors, batch 1.

The name of a tensor is its storage. A flatten needs no layer and moves nothing: a `linear` layer may name an
earlier C x H x W tensor as (C*H*W) x 1 x 1, which is the same storage under another shape (VGG-16's `fc6`
reads `pool5`, 512 x 7 x 7, as 25088 x 1 x 1). The entries are the same; only the order of the layer's weights
depends on the order in which the map is stored. `producer` therefore goes by name.

Maps may share their storage, channel by channel (`Concat`): a layer then writes or reads a range of the
channels of a larger map. Nothing is copied, and whoever reads a map reads what was written under any of its
names: `consumers` goes by channels.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from scanfuse.network.concat import Concat, Place, places
from scanfuse.network.errors import NetworkError, did_you_mean
from scanfuse.network.layer import Layer, Tensor, shape_text


@dataclass(frozen=True)
class Origin:
    """What to ask `load` for to have a network again.

    name: of the zoo, or the path of a file. sha256: of a file, what its content was.
    """

    name: str
    resolution: int | None = None
    width: float | None = None
    sha256: str | None = None
    skip_unsupported: bool | None = None


@dataclass(frozen=True)
class Network:
    """Layers in execution order. Checks on creation that every input is there when it is read.

    origin: where it came from; None for a network made by hand. concats: maps that lie in the channels of
    others. given: maps beside the input that are in DRAM from the start, none of them in a concat. A map that
    no layer reads leaves the network, like its output.
    """

    name: str
    layers: tuple[Layer, ...]
    input: Tensor
    output: Tensor
    origin: Origin | None = None
    concats: tuple[Concat, ...] = ()
    given: tuple[Tensor, ...] = ()

    def __post_init__(self) -> None:
        if not self.layers:
            raise NetworkError(f"network {self.name}: no layers")
        check_layer_names(self)
        check_given(self)
        check_concats(self)
        check_wiring(self)

    @property
    def macs(self) -> int:
        return sum(layer.macs for layer in self.layers)

    @property
    def weight_entries(self) -> int:
        return sum(layer.weight_entries for layer in self.layers)

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """What is written: the network's input, other given maps, then every layer's output, in execution
        order."""
        return (*self.at_start, *(layer.output for layer in self.layers))

    @property
    def at_start(self) -> tuple[Tensor, ...]:
        """The maps that are in DRAM before the first layer: the input, then the other given ones."""
        return (self.input, *self.given)

    @cached_property
    def outputs(self) -> tuple[Tensor, ...]:
        """The maps that must be in DRAM after the last layer: the output, and those that no layer reads."""
        unread = (layer.output for layer in self.layers if not self.consumers(layer.output))
        known = self.overlapping(self.output)
        return (self.output, *(tensor for tensor in unread if tensor.name not in known))

    @cached_property
    def maps(self) -> dict[str, Tensor]:
        """Every map by name, as it was written: `tensors`, then those that only a concat names."""
        named = [*self.tensors, *(tensor for concat in self.concats for tensor in concat.tensors)]
        found: dict[str, Tensor] = {}
        for tensor in named:
            found.setdefault(tensor.name, tensor)
        return found

    @cached_property
    def places(self) -> dict[str, Place]:
        """Where every map lies, by name."""
        return places(self.maps, self.concats)

    def place(self, tensor: Tensor) -> Place:
        """Where a map lies: a store of its own, or a range of the channels of one that it shares."""
        self._check_known(tensor)
        return self.places[tensor.name]

    def overlapping(self, tensor: Tensor) -> tuple[str, ...]:
        """The names of all maps that have entries in common with one, its own included."""
        self._check_known(tensor)
        return self._overlapping[tensor.name]

    def shares(self, tensor: Tensor) -> bool:
        """Whether a map has entries in common with one of another name."""
        return len(self.overlapping(tensor)) > 1

    def sources(self, name: str) -> frozenset[str]:
        """The names of the maps that have entries in common with one and are written: by layers, or the
        network's input."""
        return self._sources[name]

    @cached_property
    def _sources(self) -> dict[str, frozenset[str]]:
        written = {tensor.name for tensor in self.tensors}
        return {name: frozenset(written.intersection(others)) for name, others in self._overlapping.items()}

    def holds(self, name: str, others: Iterable[str]) -> bool:
        """Whether a map has all channels of some others that it overlaps."""
        place = self.places[name]
        return all(
            place.first <= self.places[other].first and self.places[other].stop <= place.stop
            for other in others
        )

    def leaves(self, tensor: Tensor) -> bool:
        """Whether a map has entries in common with the network's output, or is it, or is read by no layer."""
        return tensor.name in self.overlapping(self.output) or not self.consumers(tensor)

    @cached_property
    def _overlapping(self) -> dict[str, tuple[str, ...]]:
        by_store: dict[Tensor, list[str]] = {}
        for name, place in self.places.items():
            by_store.setdefault(place.store, []).append(name)
        return {
            name: tuple(other for other in by_store[place.store] if place.overlaps(self.places[other]))
            for name, place in self.places.items()
        }

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
        """The layer that writes this tensor by this name; None for the network's input and for a map that is
        written under other names."""
        self._check_known(tensor)
        return self._producers.get(tensor.name)

    def consumers(self, tensor: Tensor) -> tuple[Layer, ...]:
        """The layers that read any entry of this tensor, under any name, in execution order."""
        self._check_known(tensor)
        return self._consumers.get(tensor.name, ())

    def _check_known(self, tensor: Tensor) -> None:
        if tensor.name not in self.maps:
            raise NetworkError(
                f"network {self.name}: no tensor {tensor.name!r}{did_you_mean(tensor.name, self.maps)}"
            )

    @cached_property
    def _producers(self) -> dict[str, Layer]:
        return {layer.output.name: layer for layer in self.layers}

    @cached_property
    def _consumers(self) -> dict[str, tuple[Layer, ...]]:
        readers: dict[str, list[Layer]] = {}
        for layer in self.layers:
            read = (name for tensor in layer.inputs for name in self.overlapping(tensor))
            for name in dict.fromkeys(read):
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


def check_given(network: Network) -> None:
    known = {network.input.name}
    shared = {tensor.name for concat in network.concats for tensor in concat.tensors}
    for tensor in network.given:
        if tensor.name in known:
            raise NetworkError(f"network {network.name}: {tensor.name} is given twice")
        if tensor.name in shared:
            raise NetworkError(f"network {network.name}: {tensor.name} is given, and so can be in no concat")
        known.add(tensor.name)


def check_concats(network: Network) -> None:
    """A map has one shape and one place, and is written once."""
    where = f"network {network.name}"
    for concat in network.concats:
        for tensor in concat.tensors:
            made = network.maps[tensor.name]
            if tensor != made:
                raise NetworkError(
                    f"{where}: concat {concat.output.name} has {tensor.name} as {shape_text(tensor)}, but it "
                    f"is {shape_text(made)}"
                )
    try:
        found = network.places
    except NetworkError as error:
        raise NetworkError(f"{where}: {error}") from None
    if not network.concats:
        return
    written = dict.fromkeys(tensor.name for tensor in network.tensors)
    for name in written:
        writers = [other for other in network.overlapping(network.maps[name]) if other in written]
        if len(writers) > 1:
            raise NetworkError(
                f"{where}: {writers[0]} and {writers[1]} are both written, to the same channels of "
                f"{found[name].store.name}: that needs a copy, such as a pool of 1 x 1 windows makes"
            )
    known = known_maps(network, set(written))
    for name in network.maps:
        if name not in known:
            raise NetworkError(f"{where}: no layer writes all of {name}, or its parts")


def known_maps(network: Network, written: set[str]) -> set[str]:
    """The names of the maps that are known when some are written: outputs of concats whose parts all are, and
    parts of outputs that are."""
    found, before = set(written), -1
    while len(found) != before:
        before = len(found)
        for concat in network.concats:
            parts = {part.name for part in concat.parts}
            if concat.output.name in found:
                found |= parts
            elif parts <= found:
                found.add(concat.output.name)
    return found


def check_wiring(network: Network) -> None:
    known = known_maps(network, {tensor.name for tensor in network.at_start})
    later = {layer.output.name: layer.name for layer in network.layers}
    for layer in network.layers:
        where = f"network {network.name}: layer {layer.name}"
        for tensor in layer.inputs:
            if tensor.name not in network.maps:
                raise NetworkError(
                    f"{where} reads {tensor.name}, which no layer writes and which is not the network's "
                    f"input {network.input.name}{did_you_mean(tensor.name, network.maps)}"
                )
            if tensor.name not in known:
                raise NetworkError(
                    f"{where} reads {tensor.name} before {missing_text(network, tensor, known)}"
                )
            check_same_storage(where, layer, network, tensor)
        check_inputs_apart(where, layer, network)
        if layer.output.name in known:
            raise NetworkError(f"{where} writes {layer.output.name}, which was written before")
        known = known_maps(network, known | {layer.output.name})
    result = network.maps.get(network.output.name)
    if result != network.output or not later.keys() & network.overlapping(network.output):
        raise NetworkError(
            f"network {network.name}: no layer writes the output {network.output.name} "
            f"({shape_text(network.output)}){did_you_mean(network.output.name, later)}"
        )


def missing_text(network: Network, tensor: Tensor, known: set[str]) -> str:
    """What is still to be written of a map that a layer reads."""
    later = {layer.output.name: layer.name for layer in network.layers if layer.output.name not in known}
    name = next((name for name in network.overlapping(tensor) if name in later), "")
    if not name:
        return "all of the map that it is a part of is written: make it a part of what is"
    part = "it" if name == tensor.name else name
    return f"layer {later[name]} writes {part}; give the layers in execution order"


def check_same_storage(where: str, layer: Layer, network: Network, read: Tensor) -> None:
    known, store = network.maps[read.name], network.place(read).store
    flattens = layer.kind == "linear" and read.entries == known.entries
    if read.shape != known.shape and not flattens:
        raise NetworkError(
            f"{where} reads {read.name} as {shape_text(read)}, but it was written as {shape_text(known)}"
        )
    if read.shape != known.shape and store.channels != known.channels:
        raise NetworkError(
            f"{where} flattens {read.name}, which is a part of {store.name}: only a whole map can be "
            "flattened without a copy"
        )


def check_inputs_apart(where: str, layer: Layer, network: Network) -> None:
    names = {tensor.name for tensor in layer.inputs}
    first, second = layer.inputs[0], layer.inputs[-1]
    if len(names) == 2 and second.name in network.overlapping(first):
        raise NetworkError(
            f"{where} reads {first.name} and {second.name}, which have channels in common: give it maps that "
            "lie apart"
        )

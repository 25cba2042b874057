"""How little data a network can move: the two totals every schedule is measured against, in entries."""

from scanfuse.network.layer import Layer, Tensor
from scanfuse.network.network import Network


def network_entries(network: Network) -> int:
    """What must move even with a buffer without limit: the network's inputs, weights and outputs, once.

    Rows and columns of the input below and to the right of all windows are not read; what the output has of
    the input, as a part of a concatenation, is in DRAM already.
    """
    ends, given = network.place(network.output), network.place(network.input)
    made = network.output.entries - ends.common(given) * network.input.height * network.input.width
    made += sum(tensor.entries for tensor in network.outputs[1:])
    read = sum(_given_entries(network, tensor) for tensor in network.at_start)
    return read + network.weight_entries + made


def _given_entries(network: Network, given: Tensor) -> int:
    """Entries of a map that is there from the start, from its corner as far as the windows of its readers
    reach."""
    readers = network.consumers(given)
    if any(layer.kind == "linear" for layer in readers):  # which may flatten it
        return given.entries
    rows = max((_reach(layer, given)[0] for layer in readers), default=0)
    columns = max((_reach(layer, given)[1] for layer in readers), default=0)
    return given.channels * rows * columns


def _reach(layer: Layer, given: Tensor) -> tuple[int, int]:
    if given.shape[1:] != layer.ifmap.shape[1:]:  # the factors of a scale
        return given.shape[1:]
    return (layer.input_rows(0, layer.P)[1], layer.input_columns(0, layer.Q)[1])


def layer_by_layer_entries(network: Network) -> int:
    """What it must move when every layer starts from and ends in DRAM: the sum over its layers."""
    return sum(layer_entries(layer) for layer in network.layers)


def layer_entries(layer: Layer) -> int:
    """A layer's input and weights read once and its output written once.

    An `add` happens as its first input is made, so that input is written once, with the sum already in it:
    the only data of its own is the residual, read again. A `scale` is a layer like any other: its factors are
    known only when the whole map has been pooled.
    """
    if layer.kind == "add":
        return layer.inputs[1].entries
    return sum(tensor.entries for tensor in layer.inputs) + layer.weight_entries + layer.output.entries

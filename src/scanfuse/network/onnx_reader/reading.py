"""What is known while a graph is read: every value so far, and the network that grows from them."""

from __future__ import annotations

from dataclasses import dataclass, field

from scanfuse.network.errors import NetworkError
from scanfuse.network.layer import Layer, Tensor
from scanfuse.network.onnx_reader.arguments import Unmodelled
from scanfuse.network.onnx_reader.builder import Builder
from scanfuse.network.onnx_reader.graph import Constant, Graph, Node
from scanfuse.network.onnx_reader.view import NO_PADS, View


@dataclass(frozen=True)
class Rearranged:
    """What an operator that was passed over makes of a map, in more dimensions than a map has."""

    shape: tuple[int, ...]
    view: View


Value = Constant | View | Rearranged


@dataclass
class Reading:
    """The values by name, and the layers so far. skipped: nodes passed over, each as a text."""

    graph: Graph
    builder: Builder
    values: dict[str, Value]
    skipped: list[str] = field(default_factory=list)

    def inputs(self, node: Node) -> list[Value | None]:
        """A node's inputs; None for those that are absent."""
        for name in filter(None, node.inputs):
            if name not in self.values:
                raise NetworkError(
                    f"its input {name} is a further output of another node, which is not modelled"
                )
        return [self.values[name] if name else None for name in node.inputs]

    def view(self, node: Node, place: int = 0, *, padded: bool = False) -> View:
        """An input that is a map. padded: whether rows and columns of padding may be around it."""
        inputs = self.inputs(node)
        value = inputs[place] if place < len(inputs) else None
        if value is None:
            raise NetworkError(f"input {place} is missing")
        if not isinstance(value, View):
            raise Unmodelled(f"its input {node.inputs[place]} is a constant where a map is expected")
        if value.statistic:
            raise Unmodelled(f"its input {node.inputs[place]} is a statistic over the channels of a map")
        if value.pads != NO_PADS and not padded:
            raise Unmodelled("it reads a padded map; only a convolution or a pool can take the padding in")
        return value

    def constant(self, node: Node, place: int) -> Constant:
        """An input that is a constant, such as weights."""
        inputs = self.inputs(node)
        value = inputs[place] if place < len(inputs) else None
        if not isinstance(value, Constant):
            what = "missing" if value is None else "a map, where weights are expected"
            raise Unmodelled(f"its input {place} is {what}")
        return value

    def constants(self, node: Node) -> list[Constant | None]:
        """All inputs, maps left out as if they were absent."""
        return [value if isinstance(value, Constant) else None for value in self.inputs(node)]

    def add(self, layer: Layer) -> Tensor:
        return self.builder.add(layer)

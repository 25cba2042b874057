"""Networks from ONNX files, by their operators: shapes only, so that weights may be absent.

A graph is read node by node. Every value is a constant (`graph.Constant`) or a view of a map (`view.View`);
an operator either makes a layer or looks at a map in another way, which moves nothing. `order` then puts the
layers into the order in which the mapper fuses best.
"""

from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path

from scanfuse.network.errors import NetworkError, NetworkWarning
from scanfuse.network.layer import Layer, Tensor
from scanfuse.network.network import Network, Origin
from scanfuse.network.onnx_reader.arguments import Unmodelled
from scanfuse.network.onnx_reader.builder import Builder
from scanfuse.network.onnx_reader.folding import constant_node, folded, inferred, shape_constant
from scanfuse.network.onnx_reader.graph import MAP_RANKS, Constant, Graph, Node, read_graph
from scanfuse.network.onnx_reader.operators import OPERATORS
from scanfuse.network.onnx_reader.order import in_order
from scanfuse.network.onnx_reader.reading import Reading, Rearranged, Value
from scanfuse.network.onnx_reader.view import View, first_view


def read_onnx(
    path: str | Path,
    resolution: int | None = None,
    *,
    skip_unsupported: bool = False,
    origin: Origin | None = None,
) -> Network:
    """The network in an ONNX file, batch 1.

    resolution: height and width of the input, in pixels, in place of those in the file. skip_unsupported:
    pass over operators that move data and are not modelled, with a NetworkWarning that counts them. What such
    an operator makes is then a map that is in DRAM from the start; where it has the shape of the operator's
    input it is that input. Raises NetworkError that names the file and the node, OSError.
    """
    graph = read_graph(Path(path))
    name, where = Path(path).stem, graph.path
    view = input_view(graph, resolution)
    builder = Builder(view.tensor)
    reading = Reading(graph, builder, {**graph.constants, graph.input_name: view})
    for node in graph.nodes:
        try:
            results = read_node(reading, node, skip_unsupported)
        except NetworkError as error:
            if str(error).startswith(where):
                raise
            hint = "; --skip-unsupported passes over it" if isinstance(error, Unmodelled) else ""
            raise NetworkError(f"{where}: {node}: {error}{hint}") from None
        for made, value in zip(node.outputs, results, strict=False):
            if made and value is not None:
                reading.values[made] = value
    output = output_tensor(reading)
    if reading.skipped:
        warn_of_skipped(where, reading.skipped)
    layers = in_order(builder.layers, builder.made_by, output)
    try:
        return network_of(name, layers, builder, output, origin)
    except NetworkError as error:
        raise NetworkError(f"{where}: {error}") from None


def read_node(reading: Reading, node: Node, skip_unsupported: bool) -> list[Value | None]:
    """A node's results; None for those of which nothing is known."""
    inputs = reading.inputs(node)
    constants = [value for value in inputs if value is None or isinstance(value, Constant)]
    if any(attribute.HasField("g") or attribute.graphs for attribute in node.proto.attribute):
        raise NetworkError("it runs graphs of its own, which is not modelled")
    if node.operator == "Constant":
        return [constant_node(node, reading.graph.path)]
    if node.operator in ("Shape", "Size") and inputs[0] is not None:
        return [shape_constant(node, inputs[0].shape)]
    if len(constants) == len(inputs):
        return list(folded(node, constants, reading.graph))
    if node.operator == "CastLike" and isinstance(inputs[0], Constant):
        return [inputs[0]]  # of the map only the type is taken
    if any(isinstance(value, Rearranged) for value in inputs):
        return skipped(reading, node, "it reads what a node that was passed over makes")
    try:
        operator = OPERATORS.get(node.operator)
        if operator is None:
            raise Unmodelled("it moves data in a way that is not modelled")
        found = operator(reading, node)
    except Unmodelled as error:
        if not skip_unsupported:
            raise
        return skipped(reading, node, str(error))
    return [found] if isinstance(found, View) else list(found)


def skipped(reading: Reading, node: Node, why: str) -> list[Value | None]:
    """What stands for the results of an operator that is passed over."""
    inputs = reading.inputs(node)
    source = next(value for value in inputs if isinstance(value, (View, Rearranged)))
    view = source if isinstance(source, View) else source.view
    shapes = result_shapes(reading, node, inputs)
    reading.skipped.append(node.operator)
    return [
        stand_in(reading, name, shape, view, why)
        for name, shape in zip(node.outputs, shapes, strict=True)
        if name
    ]


def result_shapes(reading: Reading, node: Node, inputs: list[Value | None]) -> list[tuple[int, ...] | None]:
    """Shapes of a node's results by ONNX's rules, or else as the file tells them."""
    element = reading.graph.input_element
    known = {
        name: value if value is None or isinstance(value, Constant) else Constant(value.shape, None, element)
        for name, value in zip(node.inputs, inputs, strict=True)
    }
    found = inferred(node, known, reading.graph)
    return [
        reading.graph.told_shapes.get(name) if shape is None else shape.shape
        for name, shape in zip(node.outputs, found, strict=True)
    ]


def stand_in(reading: Reading, name: str, shape: tuple[int, ...] | None, view: View, why: str) -> Value:
    """What stands for one result: the map that was read where the shapes are the same, a map that is in DRAM
    from the start, or that map rearranged where the result has too many dimensions to be one."""
    if shape is None:
        raise NetworkError(f"{why}; nor can it be passed over, as the shape of {name} cannot be told")
    if shape == view.shape:
        return view
    if len(shape) > max(MAP_RANKS):
        return Rearranged(shape, view)
    if len(shape) not in MAP_RANKS or shape[0] != 1 or min(shape) < 1:
        raise NetworkError(f"{why}; nor can it be passed over: {name} is {list(shape)}, no map")
    channels, *plane = shape[1:]
    height, width = [1, 1, *plane][-2:]
    return first_view(reading.builder.add_given(name, (channels, height, width)), len(shape))


def input_view(graph: Graph, resolution: int | None) -> View:
    """The network's input as the graph sees it. Raises NetworkError for a shape that is not known."""
    where, shape = f"{graph.path}: input {graph.input_name}", list(graph.input_shape)
    told = " x ".join("?" if extent is None else str(extent) for extent in shape)
    if len(shape) not in MAP_RANKS:
        raise NetworkError(
            f"{where} is {told or 'a scalar'}: modelled are 1 x C, 1 x C x W and 1 x C x H x W"
        )
    if shape[0] not in (None, 1):
        raise NetworkError(f"{where} is {told}: the batch must be 1 or dynamic, not {shape[0]}")
    dims = input_dims(graph)
    if resolution is not None:
        if len(shape) == 2:
            raise NetworkError(f"{where} is {told}: it has no height and width to be resolution {resolution}")
        if resolution < 1:
            raise NetworkError(f"{where}: resolution {resolution}: give a number of pixels, 1 or more")
        shape = [resolution if dim in ("H", "W") else extent for dim, extent in zip(dims, shape, strict=True)]
    extents = {}
    for dim, extent in zip(dims[1:], shape[1:], strict=True):
        if extent is None:
            remedy = (
                "give --resolution" if dim in "HW" else "export the model with a fixed number of channels"
            )
            raise NetworkError(f"{where} is {told}, its {dim} is dynamic: {remedy}")
        extents[dim] = extent
    tensor = Tensor(graph.input_name, extents["C"], extents.get("H", 1), extents.get("W", 1))
    return View(tensor, ("", *dims[1:])).over(tensor)


def input_dims(graph: Graph) -> tuple[str, ...]:
    """Axes of the input: channels come last where all that reads it puts them first."""
    rank = len(graph.input_shape)
    readers = [node for node in graph.nodes if graph.input_name in node.inputs]
    turns = [node.operator == "Transpose" and node.attributes.get("perm") == [0, 3, 1, 2] for node in readers]
    if rank == 4 and turns and all(turns):
        return ("", "H", "W", "C")
    return {2: ("", "C"), 3: ("", "C", "W"), 4: ("", "C", "H", "W")}[rank]


def output_tensor(reading: Reading) -> Tensor:
    name, where = reading.graph.output_name, reading.graph.path
    value = reading.values.get(name)
    if value is None:
        raise NetworkError(f"{where}: output {name} is made by no node that is modelled")
    if not isinstance(value, View) or value.statistic or not reading.builder.made_by[value.tensor.name]:
        raise NetworkError(f"{where}: output {name} is not made by layers from the input")
    return value.tensor


def network_of(
    name: str, layers: tuple[Layer, ...], builder: Builder, output: Tensor, origin: Origin | None
) -> Network:
    """The network of some layers, with the maps that they need beside each other's."""
    made = {layer.name for layer in layers}
    read = {tensor.name for layer in layers for tensor in layer.inputs}
    concats = tuple(concat for concat in builder.concats if set(builder.made_by[concat.output.name]) <= made)
    named = read | {tensor.name for concat in concats for tensor in concat.tensors}
    given = tuple(tensor for tensor in builder.given if tensor.name in named)
    return Network(name, layers, builder.input, output, origin, concats, given)


def warn_of_skipped(where: str, operators: list[str]) -> None:
    counted = Counter(operators)
    number = "1 node" if len(operators) == 1 else f"{len(operators)} nodes"
    told = ", ".join(f"{count} {name}" for name, count in counted.items())
    warnings.warn(
        f"{where}: passed over {number} of operators not modelled ({told}): what they move is not counted",
        NetworkWarning,
        stacklevel=3,
    )

"""An ONNX file as plain data: its nodes in an order in which they can run, its constants, its one input.

Only shapes are read: weights may lie in a file that is not there, or be left out altogether.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanfuse.network.errors import NetworkError

if TYPE_CHECKING:
    import numpy as np
    import onnx

MOST_VALUES = 65_536  # of a constant: more are weights, of which only the shape counts
MAP_RANKS = (2, 3, 4)  # 1 x C, 1 x C x W, 1 x C x H x W
WEIGHTED = ("BatchNormalization", "Conv", "Gemm", "LayerNormalization", "MatMul", "PRelu")
DOMAINS = ("", "ai.onnx")  # both are ONNX's own


@dataclass(frozen=True, eq=False)
class Constant:
    """A value that does not depend on the input. array: None where only the shape is known."""

    shape: tuple[int, ...]
    array: np.ndarray | None
    element: int  # ONNX's number of the type

    @property
    def entries(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True, eq=False)
class Node:
    """An operator. inputs: "" where an optional one is absent."""

    name: str
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any] = field(repr=False)
    proto: onnx.NodeProto = field(repr=False)

    def __str__(self) -> str:
        return f"node {self.name} ({self.operator})"


@dataclass(frozen=True, eq=False)
class Graph:
    """A file's graph. input_shape: None for a dynamic extent; opsets: versions by domain; told_shapes: of
    values for which the file tells them in full, a dynamic batch being 1."""

    path: str
    nodes: tuple[Node, ...]
    constants: dict[str, Constant]
    input_name: str
    input_shape: tuple[int | None, ...]
    input_element: int
    output_name: str
    opsets: dict[str, int]
    ir_version: int
    told_shapes: dict[str, tuple[int, ...]]


def read_graph(path: Path) -> Graph:
    """Read an ONNX file. Raises NetworkError that names the file, and the node where one is to blame."""
    model = _load(path)
    where, graph = str(path), model.graph
    if not graph.node:
        raise NetworkError(f"{where}: the graph has no nodes")
    _check_names(graph, where)
    constants = _initializers(graph, where)
    constants |= _parameters(graph, constants)
    source = _only_input(graph, constants, where)
    if len(graph.output) != 1:
        outputs = ", ".join(value.name for value in graph.output) or "none"
        raise NetworkError(
            f"{where}: the graph has {len(graph.output)} outputs ({outputs}): one is modelled; "
            "export the model without the others"
        )
    shape = _shape_of(source)
    if shape is None:
        raise NetworkError(f"{where}: input {source.name} has no shape")
    nodes = _in_order(_nodes(graph, where), {source.name, *constants}, where)
    return Graph(
        where,
        nodes,
        constants,
        source.name,
        shape,
        source.type.tensor_type.elem_type,
        graph.output[0].name,
        {entry.domain: entry.version for entry in model.opset_import},
        model.ir_version,
        _told_shapes([*graph.value_info, *graph.output]),
    )


def _only_input(graph: onnx.GraphProto, constants: dict[str, Constant], where: str) -> onnx.ValueInfoProto:
    inputs = [value for value in graph.input if value.name not in constants]
    if len(inputs) != 1:
        names = ", ".join(value.name for value in inputs) or "none"
        raise NetworkError(f"{where}: the graph has {len(inputs)} inputs ({names}): one is modelled, a map")
    return inputs[0]


def _parameters(graph: onnx.GraphProto, constants: dict[str, Constant]) -> dict[str, Constant]:
    """The weights of a model that was saved without them, which are then further inputs."""
    inputs = [value for value in graph.input if value.name not in constants]
    if len(inputs) == 1:
        return {}
    return {
        value.name: Constant(_static(value), None, value.type.tensor_type.elem_type)
        for value in inputs
        if _is_parameter(value, graph)
    }


def _shape_of(value: onnx.ValueInfoProto) -> tuple[int | None, ...] | None:
    """The shape of a value, None for a dynamic extent, or in all where there is none."""
    kind = value.type
    if not kind.HasField("tensor_type") or not kind.tensor_type.HasField("shape"):
        return None
    return tuple(
        dim.dim_value if dim.HasField("dim_value") and dim.dim_value > 0 else None
        for dim in kind.tensor_type.shape.dim
    )


def _is_parameter(value: onnx.ValueInfoProto, graph: onnx.GraphProto) -> bool:
    """Whether an input has the shape of weights, and of no map of batch 1, or is read as weights alone."""
    shape = _shape_of(value)
    if shape is None or None in shape:
        return False
    places = [
        (node.op_type, place)
        for node in graph.node
        for place, name in enumerate(node.input)
        if name == value.name
    ]
    weights = bool(places) and all(place > 0 and kind in WEIGHTED for kind, place in places)
    return weights or len(shape) not in MAP_RANKS or shape[0] != 1


def _static(value: onnx.ValueInfoProto) -> tuple[int, ...]:
    return tuple(extent for extent in _shape_of(value) or () if extent is not None)


def _told_shapes(values: Sequence[onnx.ValueInfoProto]) -> dict[str, tuple[int, ...]]:
    found = {}
    for value in values:
        batch, *rest = _shape_of(value) or (None, None)
        extents = [extent for extent in rest if extent is not None]
        if len(extents) == len(rest):
            found[value.name] = (batch or 1, *extents)
    return found


def _load(path: Path) -> onnx.ModelProto:
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError as error:
        if (error.name or "").split(".")[0] not in ("onnx", "google"):
            raise
        raise NetworkError(
            f"{path}: ONNX files are read with the package onnx: pip install scanfuse[onnx]"
        ) from None
    data = path.read_bytes()
    if not data:
        raise NetworkError(f"{path}: the file is empty")
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except (DecodeError, RecursionError, ValueError):
        raise NetworkError(f"{path}: not a whole ONNX file: it cannot be decoded") from None
    if not model.HasField("graph") or not model.opset_import:
        raise NetworkError(f"{path}: not an ONNX model: it has no graph, or says no version of its operators")
    if model.functions:
        from onnx.inliner import inline_local_functions

        try:
            model = inline_local_functions(model)
        except Exception as error:  # whatever the C++ library raises
            raise NetworkError(f"{path}: its functions cannot be put in place: {error}") from None
    return model


def _check_names(graph: onnx.GraphProto, where: str) -> None:
    """Raise NetworkError for names that are no UTF-8, which protobuf hands on as bytes."""
    names = [each.name for each in (*graph.input, *graph.output, *graph.initializer)]
    for node in graph.node:
        names += [node.name, node.op_type, node.domain, *node.input, *node.output]
        names += [attribute.name for attribute in node.attribute]
    bad = next((name for name in names if not isinstance(name, str)), None)
    if bad is not None:
        raise NetworkError(f"{where}: the name {bad!r} is not UTF-8 text")


def _initializers(graph: onnx.GraphProto, where: str) -> dict[str, Constant]:
    found: dict[str, Constant] = {}
    for tensor in graph.initializer:
        if tensor.name in found:
            raise NetworkError(f"{where}: initializer {tensor.name} is there twice: names must be unique")
        found[tensor.name] = constant_of(_with_values(tensor, where), f"{where}: initializer {tensor.name}")
    for sparse in graph.sparse_initializer:
        found[sparse.values.name] = Constant(tuple(sparse.dims), None, sparse.values.data_type)
    return found


def _with_values(tensor: onnx.TensorProto, where: str) -> onnx.TensorProto:
    """A tensor with its values, where they are whole numbers in a file beside that is there: shapes, say."""
    import onnx

    beside = tensor.data_location == onnx.TensorProto.EXTERNAL
    if not beside or tensor.data_type != onnx.TensorProto.INT64 or prod(tensor.dims) > MOST_VALUES:
        return tensor
    try:
        onnx.external_data_helper.load_external_data_for_tensor(tensor, str(Path(where).parent))
    except Exception:  # no such file, or not as large as it should be: the shape is what counts
        return tensor
    tensor.data_location = onnx.TensorProto.DEFAULT
    return tensor


def constant_of(tensor: onnx.TensorProto, where: str) -> Constant:
    """The constant in a tensor of a file: without its values where there are many, or they are not there."""
    import onnx

    shape = tuple(tensor.dims)
    if any(extent < 0 for extent in shape):
        raise NetworkError(f"{where}: shape {list(shape)}: no extent may be negative")
    found = Constant(shape, None, tensor.data_type)
    if found.entries > MOST_VALUES or tensor.data_location == onnx.TensorProto.EXTERNAL:
        return found
    try:
        return Constant(shape, onnx.numpy_helper.to_array(tensor), tensor.data_type)
    except Exception:  # values that are cut short or left out: the shape is what counts
        return found


def _nodes(graph: onnx.GraphProto, where: str) -> list[Node]:
    import onnx

    found = []
    for number, proto in enumerate(graph.node):
        name = proto.name or (proto.output[0] if proto.output else f"number {number}")
        operator = proto.op_type if proto.domain in DOMAINS else f"{proto.domain}.{proto.op_type}"
        try:
            attributes = {each.name: onnx.helper.get_attribute_value(each) for each in proto.attribute}
        except ValueError as error:
            raise NetworkError(f"{where}: node {name} ({operator}): {error}") from None
        found.append(Node(name, operator, tuple(proto.input), tuple(proto.output), attributes, proto))
    return found


def _in_order(nodes: Sequence[Node], known: set[str], where: str) -> tuple[Node, ...]:
    """Nodes in an order in which each has its inputs, that of the file as far as it can be."""
    makers: dict[str, Node] = {}
    for node in nodes:
        for name in filter(None, node.outputs):
            if name in makers or name in known:
                other = f"by {makers[name]} too" if name in makers else "and is an input or an initializer"
                raise NetworkError(f"{where}: {node}: {name} is made by it, {other}: names must be unique")
            makers[name] = node
    for node in nodes:
        for name in filter(None, node.inputs):
            if name not in makers and name not in known:
                raise NetworkError(f"{where}: {node}: its input {name} is made by no node")
    found: list[Node] = []
    state: dict[Node, bool] = {}  # False while what a node needs is looked for, then True
    for start in nodes:
        waiting = [start]
        while waiting:
            node = waiting[-1]
            if state.get(node):
                waiting.pop()
                continue
            needed = dict.fromkeys(makers[name] for name in node.inputs if name in makers)
            missing = [maker for maker in needed if not state.get(maker)]
            cyclic = [maker for maker in missing if maker in state]
            if cyclic:
                raise NetworkError(f"{where}: {cyclic[0]}: it needs its own result: the graph has a cycle")
            state[node] = not missing
            if not missing:
                found.append(node)
                waiting.pop()
            waiting.extend(reversed(missing))
    return tuple(found)

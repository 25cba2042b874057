"""Constants computed from constants, so that what exporters write to compute shapes is seen through."""

from __future__ import annotations

import warnings
from math import prod
from typing import TYPE_CHECKING, Any

from scanfuse.network.errors import NetworkError
from scanfuse.network.onnx_reader.arguments import integer
from scanfuse.network.onnx_reader.graph import MOST_VALUES, Constant, Graph, Node, constant_of

if TYPE_CHECKING:
    import onnx


# Operators whose result may be far larger than what they read.
GROWING = ("ConstantOfShape", "Expand", "OneHot", "Pad", "Range", "Resize", "Tile", "Upsample")


def shape_constant(node: Node, shape: tuple[int, ...]) -> Constant:
    """What `Shape` or `Size` tells of a value, whether that is known or not."""
    import numpy as np

    if node.operator == "Size":
        return _from_array(np.array(prod(shape), dtype=np.int64))
    start, end = integer(node, "start", 0), integer(node, "end", len(shape))
    return _from_array(np.array(shape[start:end], dtype=np.int64))


def constant_node(node: Node, where: str) -> Constant:
    """What a `Constant` node holds."""
    import numpy as np

    if "value" in node.attributes:
        return constant_of(node.attributes["value"], f"{where}: {node}")
    value = next(iter(node.attributes.values()), None)
    if isinstance(value, (str, bytes)) or value is None or "sparse_value" in node.attributes:
        raise NetworkError(f"{where}: {node}: its value is no array of numbers")
    kind = np.float32 if "float" in next(iter(node.attributes)) else np.int64
    return _from_array(np.array(value, dtype=kind))


def folded(node: Node, inputs: list[Constant | None], graph: Graph) -> list[Constant | None]:
    """The results of an operator on constants: values where they are few and known, else shapes.

    None where nothing can be said, as of an operator that is not ONNX's own.
    """
    shapes = inferred(node, dict(zip(node.inputs, inputs, strict=True)), graph)
    known = all(value is None or value.array is not None for value in inputs)
    grows = node.operator in GROWING and None in shapes
    if known and not grows and all(shape is None or shape.entries <= MOST_VALUES for shape in shapes):
        computed = _computed(node, inputs, graph)
        if computed is not None:
            return computed
    return shapes


def inferred(node: Node, inputs: dict[str, Constant | None], graph: Graph) -> list[Constant | None]:
    """The shapes of an operator's results by ONNX's own rules; None for those that they do not tell."""
    import onnx

    version, nothing = graph.opsets.get("", 1), [None for _ in node.outputs]
    types = {name: _type_of(value) for name, value in inputs.items() if value is not None}
    data = {
        name: onnx.numpy_helper.from_array(value.array, name)
        for name, value in inputs.items()
        if value is not None and value.array is not None
    }
    try:
        schema = onnx.defs.get_schema(node.proto.op_type, version, "")
        found = onnx.shape_inference.infer_node_outputs(
            schema,
            node.proto,
            types,
            data,
            opset_imports=[onnx.helper.make_opsetid("", version)],
            ir_version=graph.ir_version,
        )
    except Exception:  # whatever the C++ library raises: nothing is known of the results
        return list(nothing)
    return [_shape_in(found.get(name)) for name in node.outputs]


def _computed(node: Node, inputs: list[Constant | None], graph: Graph) -> list[Constant | None] | None:
    import onnx
    from onnx.reference import ReferenceEvaluator

    names = {name: value for name, value in zip(node.inputs, inputs, strict=True) if value is not None}
    outputs = [name for name in node.outputs if name]
    made = onnx.helper.make_graph(
        [node.proto],
        "folded",
        [onnx.helper.make_value_info(name, _type_of(value)) for name, value in names.items()],
        [onnx.helper.make_empty_tensor_value_info(name) for name in outputs],
    )
    model = onnx.helper.make_model(
        made,
        opset_imports=[onnx.helper.make_opsetid("", graph.opsets.get("", 1))],
        ir_version=graph.ir_version,
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = ReferenceEvaluator(model).run(None, {name: value.array for name, value in names.items()})
        results = iter([_from_array(value) for value in found])
    except Exception:  # an operator or a type that the evaluator does not know, or values out of range
        return None
    return [next(results) if name else None for name in node.outputs]


def _from_array(value: Any) -> Constant:
    import numpy as np
    import onnx

    array = np.asarray(value)
    return Constant(tuple(array.shape), array, onnx.helper.np_dtype_to_tensor_dtype(array.dtype))


def _type_of(value: Constant) -> onnx.TypeProto:
    import onnx

    return onnx.helper.make_tensor_type_proto(value.element, list(value.shape))


def _shape_in(kind: onnx.TypeProto | None) -> Constant | None:
    if kind is None or not kind.HasField("tensor_type") or not kind.tensor_type.HasField("shape"):
        return None
    dims = kind.tensor_type.shape.dim
    if not all(dim.HasField("dim_value") for dim in dims):
        return None
    return Constant(tuple(dim.dim_value for dim in dims), None, kind.tensor_type.elem_type)

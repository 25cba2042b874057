"""Matrix products with weights: fully connected layers, and pointwise ones where channels come last."""

from __future__ import annotations

from scanfuse.network.errors import NetworkError
from scanfuse.network.layer import Layer, Tensor
from scanfuse.network.onnx_reader.arguments import Unmodelled, integer
from scanfuse.network.onnx_reader.graph import Node
from scanfuse.network.onnx_reader.reading import Reading
from scanfuse.network.onnx_reader.view import View, plain

WEIGHTS = {"Gemm": 1, "MatMul": 1, "MatMulInteger": 1, "QLinearMatMul": 3}  # which input they are


def product(reading: Reading, node: Node) -> View:
    """A matrix product with weights: over the channels pointwise, over a flattened map linear."""
    view, weights = reading.view(node), reading.constant(node, WEIGHTS[node.operator])
    if node.operator == "Gemm" and integer(node, "transA", 0):
        raise Unmodelled("its first input is transposed")
    if len(weights.shape) != 2:
        raise Unmodelled(f"its weights {list(weights.shape)} have other than two dimensions")
    turned = node.operator == "Gemm" and integer(node, "transB", 0) != 0
    inner, channels = weights.shape[::-1] if turned else weights.shape
    if not view.dims or view.shape[-1] != inner:
        raise NetworkError(f"weights {list(weights.shape)} do not fit to a value of shape {list(view.shape)}")
    tensor = view.tensor
    pixels = "".join(view.dims[:-1])
    if tensor.entries == inner and not pixels:
        source = Tensor(tensor.name, inner, 1, 1)
        output = Tensor(node.name, channels, 1, 1)
        layer = Layer(node.name, "linear", (source,), output)
    elif view.dims[-1] == "C":
        output = Tensor(node.name, channels, *tensor.shape[1:])
        layer = Layer(node.name, "pointwise", (tensor,), output)
    else:
        raise Unmodelled(f"it mixes the rows or columns of a map, seen as {list(view.shape)}")
    made = reading.add(layer)
    return View(made, tuple(plain(dim, made) for dim in (*view.dims[:-1], "C")))

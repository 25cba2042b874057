"""Operators with a window: convolutions and pools, in one or two dimensions, and padding before them."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from scanfuse.network.errors import NetworkError
from scanfuse.network.layer import Kind, Layer, Tensor, windows
from scanfuse.network.onnx_reader.arguments import Unmodelled, axis_of, integer, integers, listed, text
from scanfuse.network.onnx_reader.graph import Node
from scanfuse.network.onnx_reader.reading import Reading
from scanfuse.network.onnx_reader.view import View

Pair = tuple[int, int]
WEIGHTS = {"Conv": 1, "ConvInteger": 1, "QLinearConv": 3}  # which input they are


def conv(reading: Reading, node: Node) -> View:
    """A convolution under its most special kind; one on a single pixel is a matrix product."""
    view = plane(reading, node)
    weights = reading.constant(node, WEIGHTS[node.operator])
    rank, groups = len(view.dims) - 2, integer(node, "group", 1)
    if len(weights.shape) != rank + 2:
        raise NetworkError(f"weights of {len(weights.shape)} dimensions for a map of {rank + 2}")
    kernel = pair(weights.shape[2:], 1)
    channels, tensor = weights.shape[0], view.tensor
    if weights.shape[1] * groups != tensor.channels:
        raise NetworkError(
            f"weights {list(weights.shape)} in {groups} group(s) read {weights.shape[1] * groups} channels, "
            f"the map {tensor.name} has {tensor.channels}"
        )
    stride, dilation, padding = window(node, view, kernel)
    single = kernel == (1, 1) and groups == 1 and not any(padding)
    kind: Kind = "conv"
    if single and tensor.shape[1:] == (1, 1):
        kind, stride = "linear", (1, 1)
    elif single and stride == (1, 1):
        kind = "pointwise"
    elif groups > 1 and groups == channels == tensor.channels:
        kind = "depthwise"
    plane_out = extents(tensor, kernel, stride, dilation, padding)
    output = Tensor(node.name, channels, *plane_out)
    made = reading.add(Layer(node.name, kind, (tensor,), output, kernel, stride, padding, dilation, groups))
    return view.over(made, ("", "C", "H", "W") if rank == 2 else ("", "C", "W"))


def max_pool(reading: Reading, node: Node) -> View:
    return pool(reading, node, "max")


def average_pool(reading: Reading, node: Node) -> View:
    return pool(reading, node, "average")


def pool(reading: Reading, node: Node, kind: Literal["average", "max"]) -> View:
    view = plane(reading, node)
    rank = len(view.dims) - 2
    if "kernel_shape" not in node.attributes:
        raise NetworkError("attribute kernel_shape is missing")
    kernel = pair(integers(node, "kernel_shape", rank, 1), 1)
    stride, dilation, padding = window(node, view, kernel, rounds_up=integer(node, "ceil_mode", 0) == 1)
    if (kernel, stride, padding) == ((1, 1), (1, 1), (0, 0, 0, 0)):
        return view
    tensor = view.tensor
    output = Tensor(node.name, tensor.channels, *extents(tensor, kernel, stride, dilation, padding))
    made = reading.add(
        Layer(node.name, "pool", (tensor,), output, kernel, stride, padding, dilation, pool_kind=kind)
    )
    return view.over(made, ("", "C", "H", "W") if rank == 2 else ("", "C", "W"))


def plane(reading: Reading, node: Node) -> View:
    """The map under a window: channels before rows and columns, or before columns alone."""
    view = reading.view(node, padded=True)
    if view.shows("", "C", "H", "W") or view.shows("", "C", "W"):
        return view
    raise Unmodelled(f"it reads a value of shape {list(view.shape)} that is no map of 1 x C x H x W")


def window(
    node: Node, view: View, kernel: Pair, *, rounds_up: bool = False
) -> tuple[Pair, Pair, tuple[int, int, int, int]]:
    """Stride, dilation and padding of a window, those of a Pad before it included."""
    rank = len(view.dims) - 2
    stride = pair(integers(node, "strides", rank, 1), 1)
    dilation = pair(integers(node, "dilations", rank, 1), 1)
    dilation = tuple(1 if size == 1 else step for size, step in zip(kernel, dilation, strict=True))  # type: ignore[assignment]
    given = integers(node, "pads", 2 * rank, 0)
    before, after = pair(given[:rank], 0), pair(given[rank:], 0)
    automatic = text(node, "auto_pad", "NOTSET")
    found = []
    for axis in (0, 1):
        extent = view.tensor.shape[1 + axis] + view.pads[2 * axis] + view.pads[2 * axis + 1]
        reach = dilation[axis] * (kernel[axis] - 1) + 1
        if min(kernel[axis], stride[axis], dilation[axis]) < 1:
            raise NetworkError(f"kernel {kernel}, stride {stride}, dilation {dilation}: must be 1 or more")
        first, last = before[axis], after[axis]
        if automatic in ("SAME_UPPER", "SAME_LOWER"):
            both = max((-(-extent // stride[axis]) - 1) * stride[axis] + reach - extent, 0)
            less, more = both // 2, both - both // 2
            first, last = (less, more) if automatic == "SAME_UPPER" else (more, less)
        elif automatic == "VALID":
            first = last = 0
        if rounds_up:
            last = last_padding(extent, reach, stride[axis], first, last)
        found += [first + view.pads[2 * axis], last + view.pads[2 * axis + 1]]
    if min(found) < 0:
        raise Unmodelled(f"pads {list(given)}: a negative padding cuts rows or columns off")
    return stride, dilation, (found[0], found[1], found[2], found[3])


def last_padding(extent: int, reach: int, stride: int, first: int, last: int) -> int:
    """Padding after a map with which windows are counted as rounded up, and none begins in it."""
    count = -(-(extent + first + last - reach) // stride) + 1
    if (count - 1) * stride >= extent + first:
        count -= 1
    least = (count - 1) * stride + reach - extent - first
    return min(max(last, least), least + stride - 1)


def extents(
    tensor: Tensor, kernel: Pair, stride: Pair, dilation: Pair, padding: tuple[int, int, int, int]
) -> Pair:
    rows, columns = (
        windows(
            tensor.shape[1 + axis],
            kernel[axis],
            stride[axis],
            padding=padding[2 * axis] + padding[2 * axis + 1],
            dilation=dilation[axis],
        )
        for axis in (0, 1)
    )
    if min(rows, columns) < 1:
        raise NetworkError(
            f"a window of {kernel} with dilation {dilation} does not fit into {tensor.height} x "
            f"{tensor.width} with padding {padding}"
        )
    return rows, columns


def pair(values: tuple[int, ...], missing: int) -> Pair:
    """Figures for rows and columns; those for rows where a map has only columns."""
    return (values[0], values[1]) if len(values) == 2 else (missing, *values)  # type: ignore[return-value]


def pad(reading: Reading, node: Node) -> View:
    """Padding of the plane, which the next window takes in."""
    view = reading.view(node, padded=True)
    constants = reading.constants(node)
    pads = listed(node, "pads", constants, 1)
    axes = listed(node, "axes", constants, 3)
    rank = len(view.dims)
    if pads is None:
        raise Unmodelled("its pads depend on the input of the network")
    if axes is None:
        axes = tuple(range(rank))
    if len(pads) != 2 * len(axes):
        raise NetworkError(f"{len(pads)} pads for {len(axes)} dimensions")
    if not any(pads):
        return view
    plane_dims = ("", "C", "H", "W") if rank == 4 else ("", "C", "W")
    if not view.shows(*plane_dims) or min(pads) < 0:
        raise Unmodelled(f"pads {list(pads)} of a value of shape {list(view.shape)}")
    found = list(view.pads)
    for number, axis in enumerate(axes):
        first, last = pads[number], pads[number + len(axes)]
        at = "HW".find(plane_dims[axis_of(axis, rank)] or "-")
        if at < 0 and (first or last):
            raise Unmodelled(f"pads {list(pads)}: only rows and columns can be padded without moving data")
        if at >= 0:
            found[2 * at] += first
            found[2 * at + 1] += last
    return replace(view, pads=(found[0], found[1], found[2], found[3]))

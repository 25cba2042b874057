"""Operators that work entry by entry, and reductions.

On one map, with constants and statistics of that map, they are activations and normalisations: they fold into
whoever makes the map. Two maps are added (a residual), or one scales the channels of the other.
"""

from __future__ import annotations

from dataclasses import replace

from scanfuse.network.layer import Layer, PoolKind, Tensor
from scanfuse.network.onnx_reader.arguments import Unmodelled, axis_of, integer, listed
from scanfuse.network.onnx_reader.graph import Constant, Node
from scanfuse.network.onnx_reader.reading import Reading
from scanfuse.network.onnx_reader.view import NO_PADS, View, plain

SUMS = ("Add", "Sum")
WHOLE_PLANE: dict[str, PoolKind] = {
    "ReduceMean": "average",
    "ReduceSum": "average",
    "ReduceMax": "max",
    "GlobalAveragePool": "average",
    "GlobalMaxPool": "max",
}


def first_input(reading: Reading, node: Node) -> View:
    """An operator that changes its first input entry by entry, with constants: folded."""
    inputs = reading.inputs(node)
    if any(isinstance(value, View) for value in inputs[1:]):
        raise Unmodelled("it has a map where a constant is expected")
    value = inputs[0]
    assert isinstance(value, View)  # as not all inputs are constants
    return value


def elementwise(reading: Reading, node: Node) -> View:
    """An operator on entries of the same place in all inputs."""
    inputs = reading.inputs(node)
    views = [value for value in inputs if isinstance(value, View)]
    maps: dict[str, View] = {}
    for view in views:
        if not view.statistic or view.tensor.name not in maps:
            maps[view.tensor.name] = view
    if len(maps) == 1:
        found = one_map(views)
    elif len(maps) == 2 and len(views) == len(inputs) == 2:
        found = two_maps(reading, node, views[0], views[1])
    elif node.operator == "Sum" and len(views) == len(inputs):
        found = views[0]
        for view in views[1:]:
            found = two_maps(reading, node, found, view)
    else:
        raise Unmodelled(f"it joins {len(maps)} maps in a way that no layer does")
    for value in inputs:
        if isinstance(value, Constant):
            found = with_constant(found, value)
    return found


def one_map(views: list[View]) -> View:
    """An activation or a normalisation: the map itself, if it is there, else a statistic of it."""
    found = max(views, key=lambda view: (not view.statistic, len(view.dims)))
    for view in views:
        missing = len(found.dims) - len(view.dims)
        same = view.dims == found.dims[missing:] and view.pads == found.pads
        if missing < 0 or not (same or view.statistic):
            raise Unmodelled(f"it joins views {list(view.shape)} and {list(found.shape)} of one map")
    return found


def with_constant(view: View, constant: Constant) -> View:
    """The map after an operation with a constant, which may differ from channel to channel only."""
    rank = max(len(view.dims), len(constant.shape))
    dims = (*("" for _ in range(rank - len(view.dims))), *view.dims)
    aligned = (*(1 for _ in range(rank - len(constant.shape))), *constant.shape)
    shape = replace(view, dims=dims).shape
    for extent, known, dim in zip(aligned, shape, dims, strict=True):
        if extent not in (1, known):
            raise Unmodelled(f"a constant {list(constant.shape)} spreads a value of shape {list(view.shape)}")
        if extent > 1 and dim != "C":
            raise Unmodelled(
                f"a constant {list(constant.shape)} differs from pixel to pixel of {list(view.shape)}: it is "
                "a map of its own"
            )
    return replace(view, dims=dims)


def two_maps(reading: Reading, node: Node, first: View, second: View) -> View:
    if first.statistic or second.statistic or first.pads != NO_PADS or second.pads != NO_PADS:
        raise Unmodelled("it joins a map with a statistic of another, or a padded map")
    if node.operator in SUMS:
        if first.dims != second.dims or first.tensor.shape != second.tensor.shape:
            raise Unmodelled(f"it adds maps of two shapes, {list(first.shape)} and {list(second.shape)}")
        output = Tensor(node.name, *first.tensor.shape)
        return first.over(reading.add(Layer(node.name, "add", (first.tensor, second.tensor), output)))
    if node.operator == "Mul":
        for scaled, factors in ((first, second), (second, first)):
            if scales(scaled, factors):
                output = Tensor(node.name, *scaled.tensor.shape)
                layer = Layer(node.name, "scale", (scaled.tensor, factors.tensor), output)
                return scaled.over(reading.add(layer))
    raise Unmodelled(
        f"it joins two maps, {list(first.shape)} and {list(second.shape)}: modelled are the sum of two of "
        "one shape, and a factor for each channel of one"
    )


def scales(scaled: View, factors: View) -> bool:
    """Whether one map has a factor for each channel of the other."""
    missing = len(scaled.dims) - len(factors.dims)
    if missing < 0 or factors.tensor.shape != (scaled.tensor.channels, 1, 1):
        return False
    return factors.dims == tuple(dim if dim == "C" else "" for dim in scaled.dims[missing:])


def global_pool(reading: Reading, node: Node) -> View:
    view = reading.view(node)
    return reduced(reading, node, view, range(2, len(view.dims)), keeps=True)


def reduce(reading: Reading, node: Node) -> View:
    """Over the plane a pool, over the channels a statistic, such as normalisations take."""
    view = reading.view(node)
    axes = listed(node, "axes", reading.constants(node), 1)
    if not axes:
        if integer(node, "noop_with_empty_axes", 0) == 1:
            return view
        axes = tuple(range(len(view.dims)))
    found = [axis_of(axis, len(view.dims)) for axis in axes]
    return reduced(reading, node, view, found, keeps=integer(node, "keepdims", 1) == 1)


def reduced(reading: Reading, node: Node, view: View, axes: list[int] | range, *, keeps: bool) -> View:
    over = "".join(view.dims[axis] for axis in axes)
    dims = tuple("" if at in axes else dim for at, dim in enumerate(view.dims) if keeps or at not in axes)
    if not over:
        return replace(view, dims=dims)
    if "C" in over:
        return replace(view, dims=dims, statistic=True)
    if node.operator not in WHOLE_PLANE:
        raise Unmodelled("it reduces the plane of a map by what is neither a mean nor a maximum")
    tensor = view.tensor
    kernel = (tensor.height if "H" in over else 1, tensor.width if "W" in over else 1)
    rows, columns = tensor.height // kernel[0], tensor.width // kernel[1]
    output = Tensor(node.name, tensor.channels, rows, columns)
    kind = WHOLE_PLANE[node.operator]
    made = reading.add(Layer(node.name, "pool", (tensor,), output, kernel, pool_kind=kind))
    return View(made, tuple(plain(dim, made) for dim in dims))

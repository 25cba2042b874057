"""Operators that only look at a map in another way, or at a part of its channels: none moves data."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from scanfuse.network.errors import NetworkError
from scanfuse.network.onnx_reader.arguments import Unmodelled, axis_of, integer, listed
from scanfuse.network.onnx_reader.graph import Node
from scanfuse.network.onnx_reader.reading import Reading
from scanfuse.network.onnx_reader.view import View, plain


def reshape(reading: Reading, node: Node) -> View:
    view = reading.view(node)
    wanted = listed(node, "shape", reading.constants(node), 1)
    if wanted is None:
        raise Unmodelled("its shape depends on the values of the input of the network")
    keeps_zero = integer(node, "allowzero", 0) == 1
    shape = [
        view.shape[at] if extent == 0 and not keeps_zero and at < len(view.shape) else extent
        for at, extent in enumerate(wanted)
    ]
    if shape.count(-1) == 1:
        rest = -prod(shape)
        whole = prod(view.shape)
        shape[shape.index(-1)] = whole // rest if rest > 0 else 0
    return as_shape(view, shape)


def flatten(reading: Reading, node: Node) -> View:
    view = reading.view(node)
    axis = integer(node, "axis", 1)
    axis = len(view.shape) if axis == len(view.shape) else axis_of(axis, len(view.shape))
    return as_shape(view, [prod(view.shape[:axis]), prod(view.shape[axis:])])


def as_shape(view: View, shape: list[int]) -> View:
    if prod(shape) != prod(view.shape) or min(shape, default=1) < 1:
        raise NetworkError(f"{list(view.shape)} cannot become {shape}: the entries are not as many")
    found = view.reshaped(shape)
    if found is None:
        raise Unmodelled(
            f"it cuts {list(view.shape)} into {shape}: that takes rows, columns or channels apart"
        )
    return found


def squeeze(reading: Reading, node: Node) -> View:
    view = reading.view(node)
    rank = len(view.shape)
    axes = listed(node, "axes", reading.constants(node), 1)
    if axes is None:
        axes = tuple(at for at, extent in enumerate(view.shape) if extent == 1)
    gone = {axis_of(axis, rank) for axis in axes}
    if any(view.shape[at] != 1 for at in gone):
        raise NetworkError(f"axes {list(axes)} of {list(view.shape)}: only those of extent 1 can go")
    return replace(view, dims=tuple(dim for at, dim in enumerate(view.dims) if at not in gone))


def unsqueeze(reading: Reading, node: Node) -> View:
    view = reading.view(node)
    axes = listed(node, "axes", reading.constants(node), 1)
    if axes is None:
        raise Unmodelled("its axes are not known")
    rank = len(view.shape) + len(axes)
    new = {axis_of(axis, rank) for axis in axes}
    rest = iter(view.dims)
    if len(new) != len(axes):
        raise NetworkError(f"axes {list(axes)}: one of them comes twice")
    return replace(view, dims=tuple("" if at in new else next(rest) for at in range(rank)))


def transpose(reading: Reading, node: Node) -> View:
    view = reading.view(node)
    rank = len(view.shape)
    order = node.attributes.get("perm", list(range(rank))[::-1])
    if not isinstance(order, list) or sorted(order) != list(range(rank)):
        raise NetworkError(f"attribute perm is {order!r}: expected an order of {rank} dimensions")
    return view.transposed(order)


def expand(reading: Reading, node: Node) -> View:
    view = reading.view(node)
    shape = listed(node, "shape", reading.constants(node), 1)
    if shape is None:
        raise Unmodelled("its shape depends on the values of the input of the network")
    added = ("",) * max(0, len(shape) - len(view.shape))
    padded = replace(view, dims=(*added, *view.dims))
    kept = padded.shape[len(padded.shape) - len(shape) :]
    if any(wanted not in (1, known) for wanted, known in zip(shape, kept, strict=True)):
        raise Unmodelled(f"it repeats {list(view.shape)} as {list(shape)}")
    return padded


def gather(reading: Reading, node: Node) -> View:
    """All entries of a dimension in their order, perhaps under another shape."""
    view, index = reading.view(node), reading.constant(node, 1)
    axis = axis_of(integer(node, "axis", 0), len(view.shape))
    extent = view.shape[axis]
    if index.array is None:
        raise Unmodelled(f"the values of its input {node.inputs[1]} are not in the file")
    values = [value % extent for value in index.array.reshape(-1).tolist()]
    if values != [*range(extent)]:
        raise Unmodelled(f"it picks entries of dimension {axis} of {list(view.shape)}")
    return as_shape(view, [*view.shape[:axis], *index.shape, *view.shape[axis + 1 :]])


def slice_channels(reading: Reading, node: Node) -> View:
    """A range of the channels of a map."""
    view, constants = reading.view(node), reading.constants(node)
    starts, ends = listed(node, "starts", constants, 1), listed(node, "ends", constants, 2)
    if starts is None or ends is None:
        raise Unmodelled("its range depends on the values of the input of the network")
    axes = listed(node, "axes", constants, 3) or tuple(range(len(starts)))
    steps = listed(node, "steps", constants, 4) or (1,) * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps):
        raise NetworkError("starts, ends, axes and steps are not as many")
    for start, end, number, step in zip(starts, ends, axes, steps, strict=True):
        axis = axis_of(number, len(view.shape))
        first, stop, _ = slice(start, end, step or 1).indices(view.shape[axis])
        if step == 1 and (first, stop) == (0, view.shape[axis]):
            continue
        if step != 1 or view.dims[axis] != "C" or first >= stop:
            raise Unmodelled(f"it takes [{start}:{end}:{step}] of dimension {axis} of {list(view.shape)}")
        view = part(reading, view, first, stop)
    return view


def part(reading: Reading, view: View, first: int, stop: int) -> View:
    made = reading.builder.part(view.tensor, first, stop)
    return replace(view, tensor=made, dims=tuple(plain(dim, made) for dim in view.dims))


def split(reading: Reading, node: Node) -> list[View]:
    """Parts of the channels of a map."""
    view = reading.view(node)
    axis = axis_of(integer(node, "axis", 0), len(view.shape))
    extent, count = view.shape[axis], len(node.outputs)
    sizes = listed(node, "split", reading.constants(node), 1)
    if sizes is None:
        each = -(-extent // count)
        sizes = tuple(max(0, min(each, extent - each * at)) for at in range(count))
    if sum(sizes) != extent or len(sizes) != count or min(sizes) < 1:
        raise NetworkError(f"{list(view.shape)} cannot be split into {list(sizes)} in dimension {axis}")
    if count == 1:
        return [view]
    if view.dims[axis] != "C":
        raise Unmodelled(f"it splits dimension {axis} of {list(view.shape)}, which is no channels")
    edges = [sum(sizes[:at]) for at in range(count + 1)]
    return [part(reading, view, edges[at], edges[at + 1]) for at in range(count)]


def concat(reading: Reading, node: Node) -> View:
    """Maps side by side in the channels of one."""
    views = [reading.view(node, at) for at in range(len(node.inputs))]
    first = views[0]
    axis = axis_of(integer(node, "axis", 0), len(first.shape))
    if len(views) == 1:
        return first
    for view in views:
        others = [dims[:axis] + dims[axis + 1 :] for dims in (view.dims, first.dims)]
        if (
            len(view.dims) != len(first.dims)
            or view.dims[axis] not in ("", "C")
            or "C" in "".join(others[0])
            or others[0] != others[1]
            or view.tensor.shape[1:] != first.tensor.shape[1:]
        ):
            shapes = ", ".join(str(list(view.shape)) for view in views)
            raise Unmodelled(
                f"it joins {shapes} in dimension {axis}: only channels of maps of one size can be"
            )
    made = reading.builder.concat(node.name, [view.tensor for view in views])
    return View(made, (*first.dims[:axis], plain("C", made), *first.dims[axis + 1 :]))

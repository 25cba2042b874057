"""How an ONNX value looks at a map: which axes of the map each of its dimensions runs over.

A map is C x H x W wherever it is stored; ONNX has it as 1 x C x H x W, as 1 x H x W x C after a Transpose, as
1 x (C H W) after a Flatten, and so on. None of these moves data here: they are views of one map. A dimension
is a text of axes, outermost first ("CHW", "HW", "C"), and "" where its extent is 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from scanfuse.network.layer import Tensor

Pads = tuple[int, int, int, int]
NO_PADS: Pads = (0, 0, 0, 0)


@dataclass(frozen=True)
class View:
    """A map as an ONNX value.

    pads: zeros around the plane, for the window that reads it next. statistic: a figure of the map over its
    channels, as a normalisation takes; it is not stored.
    """

    tensor: Tensor
    dims: tuple[str, ...]
    pads: Pads = NO_PADS
    statistic: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape that ONNX sees, pads included."""
        padded = {
            "C": self.tensor.channels,
            "H": self.tensor.height + self.pads[0] + self.pads[1],
            "W": self.tensor.width + self.pads[2] + self.pads[3],
        }
        return tuple(prod(padded[axis] for axis in dim) for dim in self.dims)

    def shows(self, *dims: str) -> bool:
        """Whether the dimensions run over these axes, where axes of extent 1 count for nothing."""
        return self.dims == tuple(plain(dim, self.tensor) for dim in dims)

    def over(self, tensor: Tensor, dims: Sequence[str] | None = None) -> View:
        """Another map seen in the same way, or through other dimensions."""
        return View(tensor, tuple(plain(dim, tensor) for dim in (self.dims if dims is None else dims)))

    def transposed(self, order: Sequence[int]) -> View:
        return replace(self, dims=tuple(self.dims[index] for index in order))

    def reshaped(self, shape: Sequence[int]) -> View | None:
        """The same entries under another shape; None where an axis of the map would have to be cut."""
        rest, dims = [axis for dim in self.dims for axis in dim], []
        for wanted in shape:
            dim, extent = "", 1
            while extent < wanted and rest:
                dim += rest.pop(0)
                extent = prod(extent_of(axis, self.tensor) for axis in dim)
            if extent != wanted:
                return None
            dims.append(dim)
        return None if rest else replace(self, dims=tuple(dims))


def extent_of(axis: str, tensor: Tensor) -> int:
    return tensor.shape["CHW".index(axis)]


def plain(dim: str, tensor: Tensor) -> str:
    """A dimension without its axes of extent 1."""
    return "".join(axis for axis in dim if extent_of(axis, tensor) > 1)


def first_view(tensor: Tensor, rank: int) -> View:
    """A map of the outside as ONNX has it: 1 x C x H x W, 1 x C x W or 1 x C."""
    dims = {2: ("", "C"), 3: ("", "C", "W"), 4: ("", "C", "H", "W")}[rank]
    return View(tensor, tuple(plain(dim, tensor) for dim in dims))

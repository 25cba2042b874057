"""A layer and the tensors it reads and writes.

The loop dimensions are N K C P Q R S: batch (always 1), output channels, input channels, output rows and
columns, kernel rows and columns. Bias, batch norm and activation are folded into the layer that produces the
values: they move no data and are not counted, neither as weights nor as MACs.

Which kind to use when:

- `pointwise`: 1 x 1, stride 1, no padding, one group: a plain matrix product over all pixels. A 1 x 1 with a
  stride is a `conv`, as it skips pixels.
- `depthwise`: one filter per channel, as many outputs as inputs. Anything else with groups is a `conv`.
- `linear`: (C, 1, 1) to (K, 1, 1). It may flatten: see `Network`.
- `add`: elementwise, of two tensors of one shape: the branch just computed first, the residual second.
- `scale`: a map times one factor per channel (squeeze-excite): the map first, the (C, 1, 1) factors second.
- `pool`: average or maximum over windows; global pooling has a kernel as large as the map.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from scanfuse.network.errors import NetworkError, did_you_mean

Kind = Literal["conv", "depthwise", "pointwise", "linear", "add", "pool", "scale"]
PoolKind = Literal["average", "max"]

KINDS: tuple[str, ...] = get_args(Kind)
POOL_KINDS: tuple[str, ...] = get_args(PoolKind)
WEIGHTED: frozenset[str] = frozenset({"conv", "depthwise", "pointwise", "linear"})
MOST_ENTRIES = 1 << 32  # of a map, or of a layer's weights: far beyond any network, and counts stay exact
TWO_INPUTS: frozenset[str] = frozenset({"add", "scale"})


@dataclass(frozen=True)
class Tensor:
    """A named map of channels x height x width; the name is the storage."""

    name: str
    channels: int
    height: int
    width: int

    def __post_init__(self) -> None:
        if not self.name:
            raise NetworkError("a tensor needs a name")
        if min(self.shape) < 1:
            raise NetworkError(
                f"tensor {self.name}: shape {shape_text(self)}: every extent must be 1 or more"
            )
        if self.entries > MOST_ENTRIES:
            raise NetworkError(
                f"tensor {self.name}: shape {shape_text(self)}: more than {MOST_ENTRIES:,} entries"
            )

    @property
    def shape(self) -> tuple[int, int, int]:
        return (self.channels, self.height, self.width)

    @property
    def entries(self) -> int:
        return self.channels * self.height * self.width


@dataclass(frozen=True)
class Layer:
    """One step of a network. Checks on creation that its shapes agree."""

    name: str
    kind: Kind
    inputs: tuple[Tensor, ...]
    output: Tensor
    kernel: tuple[int, int] = (1, 1)  # R, S
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)  # top, bottom, left, right
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1
    pool_kind: PoolKind | None = None

    def __post_init__(self) -> None:
        check_kind(self)
        check_window(self)
        check_channels(self)
        expected = (self.output.channels, *output_plane(self))
        if self.output.shape != expected:
            raise NetworkError(
                f"layer {self.name}: output {self.output.name} is {shape_text(self.output)}, but {self.kind} "
                f"of {shape_text(self.ifmap)} with kernel {self.kernel}, stride {self.stride}, padding "
                f"{self.padding} and dilation {self.dilation} gives {' x '.join(map(str, expected))}"
            )
        if self.weight_entries > MOST_ENTRIES:
            raise NetworkError(f"layer {self.name}: more than {MOST_ENTRIES:,} weights")

    @property
    def ifmap(self) -> Tensor:
        return self.inputs[0]

    @property
    def N(self) -> int:
        return 1

    @property
    def K(self) -> int:
        return self.output.channels

    @property
    def C(self) -> int:
        return self.inputs[0].channels

    @property
    def P(self) -> int:
        return self.output.height

    @property
    def Q(self) -> int:
        return self.output.width

    @property
    def R(self) -> int:
        return self.kernel[0]

    @property
    def S(self) -> int:
        return self.kernel[1]

    @property
    def weight_shape(self) -> tuple[int, int, int, int] | None:
        """(K, C / groups, R, S), or None for a layer without weights."""
        if self.kind not in WEIGHTED:
            return None
        return (self.K, self.C // self.groups, self.R, self.S)

    @property
    def weight_entries(self) -> int:
        if self.kind not in WEIGHTED:
            return 0
        return self.K * (self.C // self.groups) * self.R * self.S

    @property
    def macs(self) -> int:
        """Multiply-accumulates; 0 for pooling, add and scale. Padding zeros are multiplied too, as usual."""
        return self.weight_entries * self.P * self.Q

    def input_rows(self, p0: int, p1: int) -> tuple[int, int]:
        """The rows [h0, h1) of the input map that output rows [p0, p1) need, clipped to the map.

        Positions skipped by a stride or a dilation inside the range count: a range is what a load moves.
        """
        return self._input_extent(0, p0, p1)

    def input_columns(self, q0: int, q1: int) -> tuple[int, int]:
        """The columns [w0, w1) of the input map that output columns [q0, q1) need, clipped to the map."""
        return self._input_extent(1, q0, q1)

    def _input_extent(self, axis: int, first: int, last: int) -> tuple[int, int]:
        extent, windows_there = self.ifmap.shape[1 + axis], self.output.shape[1 + axis]
        if not 0 <= first <= last <= windows_there:
            raise NetworkError(
                f"layer {self.name}: output {('rows', 'columns')[axis]} [{first}, {last}) do not lie within "
                f"[0, {windows_there})"
            )
        stride, before = self.stride[axis], self.padding[2 * axis]
        start = min(max(first * stride - before, 0), extent)
        if first == last:
            return (start, start)
        stop = (last - 1) * stride - before + self.dilation[axis] * (self.kernel[axis] - 1) + 1
        return (start, max(start, min(stop, extent)))


def windows(extent: int, kernel: int, stride: int, *, padding: int, dilation: int = 1) -> int:
    """How many whole windows fit along one axis with this padding in all; 0 or less when none does."""
    return (extent + padding - dilation * (kernel - 1) - 1) // stride + 1


def shape_text(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape))


def check_kind(layer: Layer) -> None:
    if not layer.name:
        raise NetworkError("a layer needs a name")
    if layer.kind not in KINDS:
        raise NetworkError(
            f"layer {layer.name}: unknown kind {layer.kind!r}{did_you_mean(layer.kind, KINDS)}; "
            f"the kinds are {', '.join(KINDS)}"
        )
    needed = 2 if layer.kind in TWO_INPUTS else 1
    if len(layer.inputs) != needed:
        raise NetworkError(
            f"layer {layer.name}: {layer.kind} takes {needed} input(s), got {len(layer.inputs)}"
        )
    if layer.kind == "pool" and layer.pool_kind not in POOL_KINDS:
        raise NetworkError(
            f"layer {layer.name}: pool_kind is {layer.pool_kind!r}; the pools are {', '.join(POOL_KINDS)}"
        )
    if layer.kind != "pool" and layer.pool_kind is not None:
        raise NetworkError(f"layer {layer.name}: pool_kind is for pools, not for {layer.kind}")


def check_window(layer: Layer) -> None:
    for what, pair in (("kernel", layer.kernel), ("stride", layer.stride), ("dilation", layer.dilation)):
        if len(pair) != 2 or min(pair) < 1:
            raise NetworkError(f"layer {layer.name}: {what} {pair}: give two numbers, each 1 or more")
    if len(layer.padding) != 4 or min(layer.padding) < 0:
        raise NetworkError(
            f"layer {layer.name}: padding {layer.padding}: give (top, bottom, left, right), each 0 or more"
        )
    plain = (layer.kernel, layer.stride, layer.dilation) == ((1, 1), (1, 1), (1, 1)) and not any(
        layer.padding
    )
    if layer.kind not in {"conv", "depthwise", "pool"} and not plain:
        raise NetworkError(
            f"layer {layer.name}: {layer.kind} has no window (a 1 x 1 with a stride or padding is a "
            f"conv), got kernel {layer.kernel}, stride {layer.stride}, padding {layer.padding}, dilation "
            f"{layer.dilation}"
        )
    if min(output_plane(layer)) < 1:
        raise NetworkError(
            f"layer {layer.name}: a window of {layer.kernel} with dilation {layer.dilation} does not fit "
            f"into {shape_text(layer.ifmap)} with padding {layer.padding}"
        )


def output_plane(layer: Layer) -> tuple[int, int]:
    rows, columns = (
        windows(
            layer.ifmap.shape[1 + axis],
            layer.kernel[axis],
            layer.stride[axis],
            padding=layer.padding[2 * axis] + layer.padding[2 * axis + 1],
            dilation=layer.dilation[axis],
        )
        for axis in (0, 1)
    )
    return (rows, columns)


def check_channels(layer: Layer) -> None:
    name, kind, C, K, groups = layer.name, layer.kind, layer.C, layer.K, layer.groups
    if groups < 1 or C % groups or K % groups:
        raise NetworkError(f"layer {name}: groups {groups} must divide the {C} input and {K} output channels")
    if kind == "depthwise" and not C == K == groups:
        raise NetworkError(
            f"layer {name}: depthwise has as many groups and outputs as inputs (else it is a conv), got "
            f"{C} inputs, {K} outputs, {groups} groups"
        )
    if kind not in {"conv", "depthwise"} and groups != 1:
        raise NetworkError(f"layer {name}: {kind} has no groups, got {groups}")
    if kind in {"pool", "add", "scale"} and C != K:
        raise NetworkError(f"layer {name}: {kind} keeps the channels, got {C} inputs and {K} outputs")
    if kind == "linear" and layer.ifmap.shape != (C, 1, 1):
        raise NetworkError(
            f"layer {name}: linear reads C x 1 x 1, got {shape_text(layer.ifmap)}; to flatten, name the same "
            f"tensor as {layer.ifmap.entries} x 1 x 1"
        )
    if kind == "add" and layer.inputs[1].shape != layer.ifmap.shape:
        raise NetworkError(
            f"layer {name}: add needs two equal shapes, got {shape_text(layer.ifmap)} and "
            f"{shape_text(layer.inputs[1])}"
        )
    if kind == "scale" and layer.inputs[1].shape != (C, 1, 1):
        raise NetworkError(
            f"layer {name}: scale needs {C} x 1 x 1 factors for {shape_text(layer.ifmap)}, got "
            f"{shape_text(layer.inputs[1])}"
        )

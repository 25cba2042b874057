"""A network in the making: a stage of a zoo file, and the chain of layers that blocks append to.

A stage is one line of the table in a paper: a block, its output channels, how often it is repeated, and the
stride of the first repetition. Padding is symmetric and keeps the size at stride 1 unless a stage says
otherwise, as in the PyTorch versions of these networks (TensorFlow's SAME pads a strided layer on one side
only; sizes and counts are the same).
"""

from dataclasses import dataclass
from typing import Literal

from scanfuse.network.concat import Concat
from scanfuse.network.errors import NetworkError
from scanfuse.network.layer import Kind, Layer, PoolKind, Tensor, windows

Widening = Literal["scaled", "not_below", "fixed"]
Padding = Literal["same", "none", "last"]
Squeeze = Literal["", "input", "inner"]


@dataclass(frozen=True)
class Stage:
    """A line of a zoo file; what a block does not use stays at its default."""

    block: str
    name: str = ""
    channels: int = 0
    repeats: int = 1
    stride: int = 1
    kernel: int = 1
    expand: float = 1
    inner: int = 0  # channels inside the block, where they are no multiple of its input
    pool: PoolKind = "average"
    padding: Padding = "same"  # "last": below and to the right, where a window would not be whole
    squeeze: Squeeze = ""  # squeeze-excite down to a quarter of the block's input or inner channels
    width: Widening = "scaled"  # how the width multiplier acts on `channels`


def make_divisible(channels: float, divisor: int = 8) -> int:
    """The nearest multiple of the divisor, at least one, and not below 90 % of what was asked.

    The rule of MobileNet V2 (`_make_divisible` in the authors' tensorflow/models slim/nets/mobilenet).
    """
    nearest = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return nearest if nearest >= 0.9 * channels else nearest + divisor


def pad(extent: int, kernel: int, stride: int, padding: Padding) -> tuple[int, int]:
    """Rows (or columns) of padding before and after a map."""
    if padding == "same":
        return ((kernel - 1) // 2, (kernel - 1) // 2)
    return (0, (kernel - extent) % stride if padding == "last" and extent >= kernel else 0)


class Chain:
    """The layers made so far, and the tensor the next one reads. A layer's output has the layer's name."""

    def __init__(self, network_input: Tensor, width: float) -> None:
        self.input = network_input
        self.current = network_input
        self.layers: list[Layer] = []
        self.concats: list[Concat] = []
        self.width = width
        self.blocks = 0

    def channels(self, stage: Stage) -> int:
        if stage.width == "fixed":
            return stage.channels
        if stage.width == "not_below" and self.width < 1:
            return stage.channels
        return self.scaled(stage.channels)

    def scaled(self, channels: int) -> int:
        """A number of channels under the width multiplier."""
        return channels if self.width == 1 else make_divisible(channels * self.width)

    def next_block(self) -> str:
        self.blocks += 1
        return f"b{self.blocks}"

    def layer(
        self,
        name: str,
        kind: Kind,
        channels: int,
        kernel: tuple[int, int] = (1, 1),
        *,
        stride: int = 1,
        padding: Padding = "same",
        pool_kind: PoolKind | None = None,
    ) -> Tensor:
        """Add a layer that reads the current tensor; its output becomes the current one."""
        source = self.current
        pads = [
            pad(extent, size, stride, padding) for extent, size in zip(source.shape[1:], kernel, strict=True)
        ]
        rows, columns = (
            windows(extent, size, stride, padding=sum(both))
            for extent, size, both in zip(source.shape[1:], kernel, pads, strict=True)
        )
        if min(rows, columns) < 1:
            raise NetworkError(
                f"layer {name}: a window of {kernel} does not fit into {source.height} x {source.width}; "
                "take a higher resolution"
            )
        return self.add_layer(
            Layer(
                name,
                kind,
                (source,),
                Tensor(name, channels, rows, columns),
                kernel,
                (stride, stride),
                (*pads[0], *pads[1]),
                groups=channels if kind == "depthwise" else 1,
                pool_kind=pool_kind,
            )
        )

    def add_layer(self, layer: Layer) -> Tensor:
        self.layers.append(layer)
        self.current = layer.output
        return layer.output

    def conv(self, name: str, channels: int, kernel: int, stride: int, padding: Padding = "same") -> Tensor:
        """A convolution under its most special kind: a 1 x 1 that skips no pixel is pointwise."""
        kind: Kind = "pointwise" if kernel == stride == 1 else "conv"
        return self.layer(name, kind, channels, (kernel, kernel), stride=stride, padding=padding)

    def depthwise(self, name: str, kernel: int, stride: int) -> Tensor:
        return self.layer(name, "depthwise", self.current.channels, (kernel, kernel), stride=stride)

    def pool(
        self, name: str, kernel: tuple[int, int], stride: int, kind: PoolKind, padding: Padding
    ) -> Tensor:
        channels = self.current.channels
        return self.layer(name, "pool", channels, kernel, stride=stride, padding=padding, pool_kind=kind)

    def global_pool(self, name: str, kind: PoolKind = "average") -> Tensor:
        """Pooling over the whole map."""
        return self.pool(name, (self.current.height, self.current.width), 1, kind, "none")

    def concat(self, name: str, parts: tuple[Tensor, ...]) -> Tensor:
        """Make the channels of some maps one map, which becomes the current one."""
        channels = sum(part.channels for part in parts)
        self.current = Tensor(name, channels, *self.current.shape[1:])
        self.concats.append(Concat(self.current, parts))
        return self.current

    def residual(self, name: str, residual: Tensor) -> Tensor:
        """Add a tensor to the current one."""
        branch = self.current
        return self.add_layer(Layer(name, "add", (branch, residual), Tensor(name, *branch.shape)))

"""How a stage of a zoo file becomes layers.

A stage is one line of the table in a paper: a block, its output channels, how often it is repeated, and the
stride of the first repetition. Blocks that hold several layers are numbered through the network: `b1`, `b2`,
... Padding is symmetric and keeps the size at stride 1, as in the PyTorch versions of these networks
(TensorFlow's SAME pads a strided layer on one side only; sizes and counts are the same).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from scanfuse.network.errors import NetworkError, did_you_mean
from scanfuse.network.layer import Kind, Layer, PoolKind, Tensor, windows

Widening = Literal["scaled", "not_below", "fixed"]


@dataclass(frozen=True)
class Stage:
    """A line of a zoo file; what a block does not use stays at its default."""

    block: str
    name: str = ""
    channels: int = 0
    repeats: int = 1
    stride: int = 1
    kernel: int = 1
    expand: int = 1
    pool: PoolKind = "average"
    width: Widening = "scaled"  # how the width multiplier acts on `channels`


def make_divisible(channels: float, divisor: int = 8) -> int:
    """The nearest multiple of the divisor, at least one, and not below 90 % of what was asked.

    The rule of MobileNet V2 (`_make_divisible` in the authors' tensorflow/models slim/nets/mobilenet).
    """
    nearest = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return nearest if nearest >= 0.9 * channels else nearest + divisor


class Chain:
    """The layers made so far, and the tensor the next one reads. A layer's output has the layer's name."""

    def __init__(self, network_input: Tensor, width: float) -> None:
        self.input = network_input
        self.current = network_input
        self.layers: list[Layer] = []
        self.width = width
        self.blocks = 0

    def append(self, stage: Stage) -> None:
        if stage.block not in BLOCKS:
            raise NetworkError(f"unknown block {stage.block!r}{did_you_mean(stage.block, BLOCKS)}")
        BLOCKS[stage.block](self, stage)

    def channels(self, stage: Stage) -> int:
        if stage.width == "fixed" or self.width == 1:
            return stage.channels
        factor = max(1.0, self.width) if stage.width == "not_below" else self.width
        return make_divisible(stage.channels * factor)

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
        pad: int | None = None,
        pool_kind: PoolKind | None = None,
    ) -> Tensor:
        """Add a layer that reads the current tensor; its output becomes the current one."""
        source = self.current
        pad = kernel[0] // 2 if pad is None else pad
        rows = windows(source.height, kernel[0], stride, padding=2 * pad)
        columns = windows(source.width, kernel[1], stride, padding=2 * pad)
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
                (pad, pad, pad, pad),
                groups=channels if kind == "depthwise" else 1,
                pool_kind=pool_kind,
            )
        )

    def add_layer(self, layer: Layer) -> Tensor:
        self.layers.append(layer)
        self.current = layer.output
        return layer.output

    def conv(self, name: str, channels: int, kernel: int, stride: int) -> Tensor:
        """A convolution under its most special kind: a 1 x 1 that skips no pixel is pointwise."""
        kind: Kind = "pointwise" if kernel == stride == 1 else "conv"
        return self.layer(name, kind, channels, (kernel, kernel), stride=stride)

    def depthwise(self, name: str, kernel: int, stride: int) -> Tensor:
        return self.layer(name, "depthwise", self.current.channels, (kernel, kernel), stride=stride)

    def residual(self, name: str, residual: Tensor) -> Tensor:
        branch = self.current
        return self.add_layer(Layer(name, "add", (branch, residual), Tensor(name, *branch.shape)))


def conv(chain: Chain, stage: Stage) -> None:
    """A plain convolution; repeated, `conv1` becomes `conv1_1`, `conv1_2`, ..."""
    for index in range(stage.repeats):
        name = stage.name if stage.repeats == 1 else f"{stage.name}_{index + 1}"
        chain.conv(name, chain.channels(stage), stage.kernel, stage.stride if index == 0 else 1)


def depthwise_separable(chain: Chain, stage: Stage) -> None:
    """Depthwise and pointwise (MobileNet V1)."""
    for index in range(stage.repeats):
        block = chain.next_block()
        chain.depthwise(f"{block}.depthwise", stage.kernel, stage.stride if index == 0 else 1)
        chain.conv(f"{block}.pointwise", chain.channels(stage), 1, 1)


def inverted_residual(chain: Chain, stage: Stage) -> None:
    """Expand, depthwise, project, and add the input where the shapes allow (MobileNet V2)."""
    for index in range(stage.repeats):
        block, entry = chain.next_block(), chain.current
        if stage.expand != 1:
            chain.conv(f"{block}.expand", entry.channels * stage.expand, 1, 1)
        chain.depthwise(f"{block}.depthwise", stage.kernel, stage.stride if index == 0 else 1)
        chain.conv(f"{block}.project", chain.channels(stage), 1, 1)
        if chain.current.shape == entry.shape:
            chain.residual(f"{block}.add", entry)


def bottleneck(chain: Chain, stage: Stage) -> None:
    """Reduce, convolve, expand, add (ResNet). The stride is in the first 1 x 1, as in the paper.

    Where the shape changes the residual is a 1 x 1 convolution of its own, `downsample`, made before the
    branch so that the add follows the layer whose output it is added to.
    """
    for index in range(stage.repeats):
        block, entry, channels = chain.next_block(), chain.current, chain.channels(stage)
        stride = stage.stride if index == 0 else 1
        residual = entry
        if stride != 1 or entry.channels != channels * stage.expand:
            residual = chain.conv(f"{block}.downsample", channels * stage.expand, 1, stride)
            chain.current = entry
        chain.conv(f"{block}.reduce", channels, 1, stride)
        chain.conv(f"{block}.conv", channels, stage.kernel, 1)
        chain.conv(f"{block}.expand", channels * stage.expand, 1, 1)
        chain.residual(f"{block}.add", residual)


def pool(chain: Chain, stage: Stage) -> None:
    """Pooling over windows: even kernels are not padded."""
    pad = (stage.kernel - 1) // 2
    window = (stage.kernel, stage.kernel)
    channels = chain.current.channels
    chain.layer(stage.name, "pool", channels, window, stride=stage.stride, pad=pad, pool_kind=stage.pool)


def global_pool(chain: Chain, stage: Stage) -> None:
    """Average over the whole map."""
    window = (chain.current.height, chain.current.width)
    chain.layer(stage.name, "pool", chain.current.channels, window, pad=0, pool_kind=stage.pool)


def linear(chain: Chain, stage: Stage) -> None:
    """Fully connected; a map is flattened by naming the same tensor in another shape."""
    chain.current = Tensor(chain.current.name, chain.current.entries, 1, 1)
    chain.layer(stage.name, "linear", chain.channels(stage))


BLOCKS: dict[str, Callable[[Chain, Stage], None]] = {
    "conv": conv,
    "depthwise_separable": depthwise_separable,
    "inverted_residual": inverted_residual,
    "bottleneck": bottleneck,
    "pool": pool,
    "global_pool": global_pool,
    "linear": linear,
}

"""The blocks of the zoo: how a stage becomes layers.

Blocks that hold several layers are numbered through the network: `b1`, `b2`, ...
"""

from collections.abc import Callable

from scanfuse.network.errors import NetworkError, did_you_mean
from scanfuse.network.layer import Layer, Tensor
from scanfuse.network.zoo.chain import Chain, Stage, make_divisible


def append(chain: Chain, stage: Stage) -> None:
    """Append the layers of a stage."""
    if stage.block not in BLOCKS:
        raise NetworkError(f"unknown block {stage.block!r}{did_you_mean(stage.block, BLOCKS)}")
    BLOCKS[stage.block](chain, stage)


def conv(chain: Chain, stage: Stage) -> None:
    """A plain convolution; repeated, `conv1` becomes `conv1_1`, `conv1_2`, ..."""
    for index in range(stage.repeats):
        name = stage.name if stage.repeats == 1 else f"{stage.name}_{index + 1}"
        stride = stage.stride if index == 0 else 1
        chain.conv(name, chain.channels(stage), stage.kernel, stride, stage.padding)


def depthwise_separable(chain: Chain, stage: Stage) -> None:
    """Depthwise and pointwise (MobileNet V1)."""
    for index in range(stage.repeats):
        block = chain.next_block()
        chain.depthwise(f"{block}.depthwise", stage.kernel, stage.stride if index == 0 else 1)
        chain.conv(f"{block}.pointwise", chain.channels(stage), 1, 1)


def inverted_residual(chain: Chain, stage: Stage) -> None:
    """Expand, depthwise, perhaps squeeze and excite, project, and add the input where the shapes allow.

    MobileNet V2; with `squeeze` MobileNet V3 and EfficientNet.
    """
    for index in range(stage.repeats):
        block, entry = chain.next_block(), chain.current
        inner = make_divisible(entry.channels * stage.expand)
        stride = stage.stride if index == 0 else 1
        if inner != entry.channels:
            chain.conv(f"{block}.expand", inner, 1, 1)
        chain.depthwise(f"{block}.depthwise", stage.kernel, stride)
        if stage.squeeze == "inner":  # MobileNet V3, to a multiple of 8
            squeeze_excite(chain, block, make_divisible(inner // 4))
        elif stage.squeeze == "input":  # EfficientNet, to any number
            squeeze_excite(chain, block, max(1, entry.channels // 4))
        chain.conv(f"{block}.project", chain.channels(stage), 1, 1)
        if stride == 1 and chain.current.channels == entry.channels:
            chain.residual(f"{block}.add", entry)


def squeeze_excite(chain: Chain, block: str, channels: int) -> None:
    """Scale every channel by a factor made of all channels' averages."""
    scaled = chain.current
    chain.global_pool(f"{block}.pool")
    chain.layer(f"{block}.squeeze", "linear", channels)
    factors = chain.layer(f"{block}.excite", "linear", scaled.channels)
    made = Tensor(f"{block}.scale", *scaled.shape)
    chain.add_layer(Layer(made.name, "scale", (scaled, factors), made))


def bottleneck(chain: Chain, stage: Stage) -> None:
    """Reduce, convolve, expand, add (ResNet). The stride is in the first 1 x 1, as in the paper.

    Where the shape changes the residual is a 1 x 1 convolution of its own, `downsample`, made before the
    branch so that the add follows the layer whose output it is added to.
    """
    for index in range(stage.repeats):
        block, entry, channels = chain.next_block(), chain.current, chain.channels(stage)
        expanded = int(channels * stage.expand)
        stride = stage.stride if index == 0 else 1
        residual = entry
        if stride != 1 or entry.channels != expanded:
            residual = chain.conv(f"{block}.downsample", expanded, 1, stride)
            chain.current = entry
        chain.conv(f"{block}.reduce", channels, 1, stride)
        chain.conv(f"{block}.conv", channels, stage.kernel, 1)
        chain.conv(f"{block}.expand", expanded, 1, 1)
        chain.residual(f"{block}.add", residual)


def xception(chain: Chain, stage: Stage) -> None:
    """Depthwise separable convolutions with a residual around them (Xception).

    With a stride two of them, the first with `inner` channels, and a pooling; the residual is then a 1 x 1
    convolution, `shortcut`, made after the branch so that the sum is formed as its result leaves the array.
    Without a stride three, and the residual is the block's input.
    """
    for _ in range(stage.repeats):
        block, entry, channels = chain.next_block(), chain.current, chain.channels(stage)
        inner = chain.scaled(stage.inner) if stage.inner else channels
        widths = (inner, channels) if stage.stride != 1 else (inner, inner, channels)
        for number, width in enumerate(widths, 1):
            chain.depthwise(f"{block}.depthwise{number}", stage.kernel, 1)
            chain.conv(f"{block}.pointwise{number}", width, 1, 1)
        residual = entry
        if stage.stride != 1:
            window = (stage.kernel, stage.kernel)
            residual = chain.pool(f"{block}.pool", window, stage.stride, stage.pool, stage.padding)
            chain.current = entry
            chain.conv(f"{block}.shortcut", channels, 1, stage.stride)
        chain.residual(f"{block}.add", residual)


def fire(chain: Chain, stage: Stage) -> None:
    """Squeeze to `inner` channels, then expand side by side by a 1 x 1 and a larger kernel, each to half of
    `channels` (SqueezeNet)."""
    half = chain.scaled(stage.channels // 2)
    squeezed = chain.conv(f"{stage.name}.squeeze", chain.scaled(stage.inner), 1, 1)
    expanded = []
    for kernel in (1, stage.kernel):
        chain.current = squeezed
        expanded.append(chain.conv(f"{stage.name}.expand{kernel}x{kernel}", half, kernel, 1))
    chain.concat(f"{stage.name}.concat", tuple(expanded))


def pool(chain: Chain, stage: Stage) -> None:
    """Pooling over windows: even kernels are not padded."""
    chain.pool(stage.name, (stage.kernel, stage.kernel), stage.stride, stage.pool, stage.padding)


def global_pool(chain: Chain, stage: Stage) -> None:
    """Pooling over the whole map."""
    chain.global_pool(stage.name, stage.pool)


def linear(chain: Chain, stage: Stage) -> None:
    """Fully connected; a map is flattened by naming the same tensor in another shape."""
    chain.current = Tensor(chain.current.name, chain.current.entries, 1, 1)
    chain.layer(stage.name, "linear", chain.channels(stage))


BLOCKS: dict[str, Callable[[Chain, Stage], None]] = {
    "conv": conv,
    "depthwise_separable": depthwise_separable,
    "inverted_residual": inverted_residual,
    "bottleneck": bottleneck,
    "xception": xception,
    "fire": fire,
    "pool": pool,
    "global_pool": global_pool,
    "linear": linear,
}

"""Which layers run as one: residual additions folded into their producer, and the blocks that fuse."""

from __future__ import annotations

from dataclasses import dataclass

from scanfuse.mapping.nest import Nest
from scanfuse.network import Layer, Network, Tensor


@dataclass(frozen=True)
class Stage:
    """A layer and, where its output goes straight into an addition, that addition (indices)."""

    layer: int
    add: int | None = None


@dataclass(frozen=True)
class Block:
    """Stages that fuse: an optional expansion, a depthwise layer, a projection (indices of stages)."""

    expand: Stage | None
    depthwise: Stage
    project: Stage

    @property
    def members(self) -> tuple[Stage, ...]:
        return tuple(stage for stage in (self.expand, self.depthwise, self.project) if stage is not None)


def stages(network: Network) -> tuple[Stage, ...]:
    """The network's layers in order, each addition folded into the layer right before it where it can be.

    It can where that layer computes with weights and reads nothing of the other summand itself, its output is
    read by the addition alone, and it is not the network's output: the sum is then formed as the layer's
    result leaves the PE array.
    """
    found: list[Stage] = []
    layers = network.layers
    for index, layer in enumerate(layers):
        if layer.kind == "add" and found and _folds(network, layers[index - 1], layer):
            found[-1] = Stage(index - 1, index)
        else:
            found.append(Stage(index))
    return tuple(found)


def _folds(network: Network, previous: Layer, add: Layer) -> bool:
    names = [tensor.name for tensor in add.inputs]
    if names.count(previous.output.name) != 1 or set(names) & set(network.overlapping(previous.ifmap)):
        return False  # what the layer itself reads is cut into other tiles than the sum is
    if network.leaves(previous.output):
        return False
    return previous.weight_entries > 0 and network.consumers(previous.output) == (add,)


def residual_of(network: Network, stage: Stage) -> Tensor | None:
    """The tensor that the stage's folded addition reads again, or None."""
    if stage.add is None:
        return None
    made = network.layers[stage.layer].output.name
    return next(tensor for tensor in network.layers[stage.add].inputs if tensor.name != made)


def stored_tensor(network: Network, stage: Stage) -> Tensor:
    """The tensor a stage leaves behind: the sum where an addition is folded in, else the layer's output."""
    return network.layers[stage.layer if stage.add is None else stage.add].output


def layer_nest(network: Network, stage: Stage) -> Nest:
    """The loop nest of a stage run alone; an addition that folds nowhere reads its second input as
    residual."""
    layer = network.layers[stage.layer]
    residual = residual_of(network, stage)
    if layer.kind == "add":
        residual = layer.inputs[1]
    stores = (network.place(tensor).store.channels for tensor in (layer.ifmap, stored_tensor(network, stage)))
    return Nest(layer, residual, tuple(stores))


def fuses(network: Network, block: Block) -> bool:
    """Whether the stages of a block are an inverted residual or a depthwise separable block."""
    if block.expand is None:
        return _separable(network, [block.depthwise, block.project]) is not None
    return _inverted_residual(network, [block.expand, block.depthwise, block.project]) is not None


def blocks(network: Network) -> tuple[Block | Stage, ...]:
    """The stages, with every depthwise separable and inverted residual block made one, from the front on."""
    found: list[Block | Stage] = []
    rest = list(stages(network))
    while rest:
        block = _inverted_residual(network, rest[:3]) or _separable(network, rest[:2])
        if block is None:
            found.append(rest.pop(0))
        else:
            found.append(block)
            del rest[: 2 if block.expand is None else 3]
    return tuple(found)


def _inverted_residual(network: Network, candidates: list[Stage]) -> Block | None:
    if len(candidates) < 3:
        return None
    expand, depthwise, project = candidates
    together = chained(network, expand, depthwise) and _separable(network, [depthwise, project]) is not None
    if not together or expand.add is not None or network.layers[expand.layer].kind != "pointwise":
        return None
    if not lie_apart(network, network.layers[expand.layer].ifmap, residual_of(network, project)):
        return None
    return Block(expand, depthwise, project)


def _separable(network: Network, candidates: list[Stage]) -> Block | None:
    if len(candidates) < 2:
        return None
    depthwise, project = candidates
    kinds = network.layers[depthwise.layer].kind, network.layers[project.layer].kind
    if kinds != ("depthwise", "pointwise") or depthwise.add is not None:
        return None
    layer = network.layers[depthwise.layer]
    if not lie_apart(network, layer.ifmap, residual_of(network, project)):
        return None
    if layer.stride[0] > (layer.R - 1) * layer.dilation[0] + 1:  # rows between windows: no rolling window
        return None
    return Block(None, depthwise, project) if chained(network, depthwise, project) else None


def chained(network: Network, first: Stage, second: Stage) -> bool:
    """Whether the second stage is the only reader of what the first one makes."""
    made, reader = stored_tensor(network, first), network.layers[second.layer]
    return reader.ifmap == made and network.consumers(made) == (reader,) and not network.leaves(made)


def lie_apart(network: Network, *tensors: Tensor | None) -> bool:
    """Whether of some maps no two of different names have entries in common, so that a group can hold rows of
    each."""
    names = {tensor.name: tensor for tensor in tensors if tensor is not None}
    return all(names.keys() & network.overlapping(tensor) == {name} for name, tensor in names.items())

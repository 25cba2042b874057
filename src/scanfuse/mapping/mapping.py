"""A mapping: which layers run together, and how each group is tiled and ordered. Plain data."""

from __future__ import annotations

from dataclasses import dataclass

from scanfuse.mapping.errors import MappingError
from scanfuse.mapping.fusion import BlockShape, FusedBlock, FusedCost
from scanfuse.mapping.nest import Nest
from scanfuse.mapping.stages import Block, Stage, residual_of
from scanfuse.mapping.tiling import LayerTiling, TilingCost
from scanfuse.mapping.traffic import Traffic
from scanfuse.network import Network

Group = LayerTiling | FusedBlock


@dataclass(frozen=True)
class Mapping:
    """How a network runs: groups in execution order, and the order in which feature maps lie in DRAM.

    layout: "nhwc" (channels innermost) or "nchw". Raises MappingError unless the groups cover the layers of
    the network once and in order.
    """

    network: Network
    schedule: str
    groups: tuple[Group, ...]
    layout: str
    psum_entries: int = 1

    def __post_init__(self) -> None:
        covered = [index for group in self.groups for index in group.layers]
        if covered != list(range(len(self.network.layers))):
            raise MappingError(
                f"mapping {self.schedule}: its groups cover layers {covered}, "
                f"not 0 to {len(self.network.layers) - 1} of {self.network.name} once and in order"
            )

    def cost(self, group: Group) -> TilingCost | FusedCost:
        """The closed forms of one group: `.traffic`, `.live_entries`, `.steps`."""
        if isinstance(group, FusedBlock):
            expand = None if group.expand is None else Stage(group.expand)
            block = Block(expand, Stage(group.depthwise), Stage(group.project, group.add))
            return FusedCost(BlockShape(self.network, block), group, self.psum_entries)
        return TilingCost(layer_nest(self.network, Stage(group.layer, group.add)), group, self.psum_entries)

    def traffic(self, group: Group) -> Traffic:
        """Closed-form traffic of one group, entries."""
        return self.cost(group).traffic

    @property
    def entries(self) -> int:
        """Entries moved between DRAM and the buffer, by the closed forms."""
        return sum(int(self.traffic(group).total) for group in self.groups)

    @property
    def extra_macs(self) -> int:
        """MACs of rows computed more than once."""
        costs = [self.cost(group) for group in self.groups if isinstance(group, FusedBlock)]
        return sum(cost.extra_macs for cost in costs if isinstance(cost, FusedCost))


def layer_nest(network: Network, stage: Stage) -> Nest:
    """The loop nest of a stage run alone; an addition that folds nowhere reads its second input as
    residual."""
    layer = network.layers[stage.layer]
    residual = residual_of(network, stage)
    if layer.kind == "add":
        residual = layer.inputs[1]
    return Nest(layer, residual)

"""A mapping: which layers run together, and how each group is tiled and ordered. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from scanfuse.mapping.cascade import Cascade, CascadeCost, Held
from scanfuse.mapping.errors import MappingError
from scanfuse.mapping.fusion import BlockShape, FusedBlock, FusedCost
from scanfuse.mapping.groups import check_groups
from scanfuse.mapping.held import held_around
from scanfuse.mapping.layouts import GroupLayouts, Placed, check_layouts
from scanfuse.mapping.lru import CachedCost, CachedTiling
from scanfuse.mapping.stages import Block, Stage, layer_nest
from scanfuse.mapping.tiling import LayerTiling, TilingCost
from scanfuse.mapping.traffic import Traffic
from scanfuse.network import Network
from scanfuse.network.errors import did_you_mean

Group = LayerTiling | FusedBlock | Cascade | CachedTiling


@dataclass(frozen=True)
class Mapping:
    """How a network runs: groups in execution order, and the order in which feature maps lie in DRAM.

    layout: "nhwc" (channels innermost) or "nchw"; layouts: maps that lie otherwise. kept: names of maps that
    stay in the buffer from the group that makes them to the last one that reads them, and never go to DRAM;
    those groups are cascades. Raises MappingError unless the groups cover the layers of the network in order,
    each cut within its layers' extents.
    """

    network: Network
    schedule: str
    groups: tuple[Group, ...]
    layout: str
    psum_entries: int = 1
    kept: tuple[str, ...] = ()
    layouts: tuple[Placed, ...] = ()

    def __post_init__(self) -> None:
        check_groups(self.network, self.groups)
        check_kept(self.network, self.groups, self.kept)
        check_layouts(self.network, self.layouts)
        for number, group in enumerate(self.groups):
            try:
                self.cost(group)
            except MappingError as error:
                field = "." if isinstance(group, Cascade) else ": "
                raise MappingError(f"groups[{number}]{field}{error}") from None

    @cached_property
    def held(self) -> dict[Group, Held]:
        """Per group, what the mapping keeps in the buffer around it."""
        return held_by_group(self.network, self.groups, frozenset(self.kept))

    def cost(self, group: Group) -> TilingCost | FusedCost | CascadeCost | CachedCost:
        """The closed forms of one group: `.traffic`, `.live_entries`, `.steps`."""
        if isinstance(group, Cascade):
            return CascadeCost(self.network, group, self.held[group], self.psum_entries)
        if isinstance(group, FusedBlock):
            expand = None if group.expand is None else Stage(group.expand)
            block = Block(expand, Stage(group.depthwise), Stage(group.project, group.add))
            return FusedCost(BlockShape(self.network, block), group, self.psum_entries)
        nest = layer_nest(self.network, Stage(group.layer, group.add))
        if isinstance(group, CachedTiling):
            return CachedCost(nest, group, self.psum_entries)
        return TilingCost(nest, group, self.psum_entries)

    def layout_of(self, store: str) -> str:
        """The layout of a map that has a place of its own, by name."""
        return self._layouts.get(store, self.layout)

    def layouts_of(self, group: Group) -> GroupLayouts:
        """How the maps of a group lie (see `ends_of`)."""
        return GroupLayouts(*(self.layout_of(name) for name in self.ends_of(group)))

    def ends_of(self, group: Group) -> tuple[str, str, str]:
        """The stores of three maps of a group: the first that it reads, the last that it makes, the last from
        elsewhere that comes in."""
        layers = [self.network.layers[index] for index in group.layers]
        made = {layer.output.name for layer in layers}
        outside = [tensor for layer in layers for tensor in layer.inputs if tensor.name not in made]
        from_dram = [tensor for tensor in outside if tensor.name not in self.kept] or [layers[0].ifmap]
        first, last, other = (
            self.network.place(end).store.name for end in (from_dram[0], layers[-1].output, from_dram[-1])
        )
        return first, last, other

    @cached_property
    def _layouts(self) -> dict[str, str]:
        return {placed.map: placed.layout for placed in self.layouts}

    def live_entries(self, group: Group) -> int:
        """Entries live at the peak of a group, with the maps that are held over it."""
        live = int(self.cost(group).live_entries)
        return live if isinstance(group, Cascade) else live + self.held[group].over_entries

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
        return sum(self.cost(group).extra_macs for group in self.groups)


def check_kept(network: Network, groups: tuple[Group, ...], kept: tuple[str, ...]) -> None:
    """Raise MappingError where a map that stays in the buffer is not one from cascade to later cascades."""
    for number, name in enumerate(kept):
        if name not in network.maps:
            hint = did_you_mean(name, list(network.maps))
            raise MappingError(f"kept[{number}]: the network has no map {name!r}{hint}")
        if name in kept[:number]:
            raise MappingError(f"kept[{number}]: {name} stands twice")
        makes = [at for at, group in enumerate(groups) if name in _made(network, group)]
        reads = [at for at, group in enumerate(groups) if name in _sources(network, group)]
        if not makes or not reads or reads[0] <= makes[0] or network.leaves(network.maps[name]):
            raise MappingError(f"kept[{number}]: {name} is no map that one group makes and later ones read")
        strange = [at for at in makes + reads if not isinstance(groups[at], Cascade)]
        if strange:
            where = f"groups[{strange[0]}], which is no cascade"
            raise MappingError(f"kept[{number}]: {name} is made or read by {where}")


def _made(network: Network, group: Group) -> set[str]:
    return {network.layers[index].output.name for index in group.layers}


def _read(network: Network, group: Group) -> set[str]:
    return {tensor.name for index in group.layers for tensor in network.layers[index].inputs}


def _sources(network: Network, group: Group) -> set[str]:
    """The maps that a group reads, by the names by which they are written."""
    return {source for name in _read(network, group) for source in network.sources(name)}


def held_by_group(network: Network, groups: tuple[Group, ...], kept: frozenset[str]) -> dict[Group, Held]:
    """What is held in the buffer around each group when the maps `kept` never leave it.

    Raises MappingError where a group reads a map of which a part is kept and a part is in DRAM, or goes.
    """
    made_in = {name: number for number, group in enumerate(groups) for name in _made(network, group)}
    read_last = {name: number for number, group in enumerate(groups) for name in _sources(network, group)}
    computed: set[int] = set()
    found = {}
    for number, group in enumerate(groups):
        before = frozenset(name for name in kept if made_in[name] < number <= read_last[name])
        after = frozenset(name for name in kept if made_in[name] <= number < read_last[name])
        held = held_around(network, _read(network, group), _made(network, group), before, after)
        if held is None:
            raise MappingError(
                f"kept: groups[{number}] reads a map of which only a part is kept, or a part is read later: "
                "keep all of its parts or none"
            )
        found[group] = replace(held, again=frozenset(computed.intersection(group.layers)))
        computed.update(group.layers)
    return found

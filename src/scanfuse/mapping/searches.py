"""What the searches of layers and blocks have found, by shape: equal layers are searched for once, and so are
those that several schedules, or several objectives, of one network have in common."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from scanfuse.mapping.estimate import Target
from scanfuse.mapping.fusion import BlockShape, FusedBlock
from scanfuse.mapping.layouts import GroupLayouts, fitting
from scanfuse.mapping.nest import Nest
from scanfuse.mapping.rolling import search_rolling
from scanfuse.mapping.search import Found, search_block, search_in_blocks, search_tiling
from scanfuse.mapping.stages import Block, Stage, layer_nest
from scanfuse.mapping.tile_space import TileSpace
from scanfuse.mapping.tiling import LayerTiling
from scanfuse.mapping.traffic import Scan
from scanfuse.network import Network

RASTER: tuple[Scan, ...] = ("raster",)
SCAN: tuple[Scan, ...] = ("inner", "full")


@dataclass
class Searches:
    """Give the same one to several calls of `make_mapping` to let them share what they find."""

    _found: dict[object, Found | None] = field(default_factory=dict)
    _space: TileSpace | None = None  # of the layer before, which most often comes again for another layout

    def tiling(
        self, network: Network, stage: Stage, scans: tuple[Scan, ...], layout: str, target: Target
    ) -> Found:
        """The best tiling of a layer alone. Raises MappingError where no tile fits."""
        nest = layer_nest(network, stage)
        key = "tiling", nest.shape, scans, layout, target
        if key not in self._found:
            space = self._space_of(nest, target)
            self._found[key] = search_tiling(space, stage.layer, stage.add, scans, layout, target)
        known = self._found[key]
        assert known is not None
        return _for_stage(known, stage)

    def in_blocks(
        self, network: Network, stage: Stage, scans: tuple[Scan, ...], layout: str, target: Target
    ) -> Found | None:
        """The best tiling of a layer alone whose maps lie in `layout`, or in `nhwc` where they have no whole
        blocks of it; None where no tiling that moves least has whole blocks."""
        nest = layer_nest(network, stage)
        if target.goal is not None:
            target = replace(target, goal=replace(target.goal, layouts=layouts_of(nest, layout)))
        key = "in blocks", nest.shape, scans, layout, target
        if key not in self._found:
            space = self._space_of(nest, target)
            self._found[key] = search_in_blocks(space, stage.layer, stage.add, scans, layout, target)
        known = self._found[key]
        return None if known is None else _for_stage(known, stage)

    def in_scan_order(self, network: Network, stage: Stage, layout: str, target: Target) -> Found:
        """The best of a layer alone: tiles in Scan order, or bands that roll."""
        found = self.tiling(network, stage, SCAN, layout, target)
        nest = layer_nest(network, stage)
        key = "rolling", nest.shape, layout, target
        if key not in self._found:
            self._found[key] = search_rolling(nest, stage.layer, stage.add, layout, target)
        rolling = self._found[key]
        better = rolling is not None and rolling.rank(target) < found.rank(target)
        return _for_stage(rolling, stage) if rolling is not None and better else found

    def block(self, network: Network, block: Block, target: Target) -> Found | None:
        """The best cut of a fused block, or None where none fits the buffer."""
        shapes = (layer_nest(network, stage).shape for stage in block.members)
        key = "block", target, *shapes
        if key not in self._found:
            self._found[key] = search_block(BlockShape(network, block), target)
        known = self._found[key]
        if known is None:
            return None
        assert isinstance(known.choice, FusedBlock)
        choice = replace(
            known.choice,
            expand=None if block.expand is None else block.expand.layer,
            depthwise=block.depthwise.layer,
            project=block.project.layer,
            add=block.project.add,
        )
        return replace(known, choice=choice)

    def _space_of(self, nest: Nest, target: Target) -> TileSpace:
        space = self._space
        wanted = nest.shape, target.buffer_entries, target.psum_entries
        if space is None or (space.nest.shape, space.buffer_entries, space.psum_entries) != wanted:
            self._space = space = TileSpace(nest, target.buffer_entries, target.psum_entries)
        return space


def layouts_of(nest: Nest, layout: str) -> GroupLayouts:
    """All maps of a layer in a layout, as far as they have whole blocks of it."""
    read, made = (
        fitting(layout, max(channels, store))
        for channels, store in zip((nest.layer.C, nest.layer.K), nest.stores, strict=True)
    )
    return GroupLayouts(read, made, made)


def _for_stage(found: Found, stage: Stage) -> Found:
    assert isinstance(found.choice, LayerTiling)
    return replace(found, choice=replace(found.choice, layer=stage.layer, add=stage.add))

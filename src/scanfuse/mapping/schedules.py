"""The named schedules: what each one runs together, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from scanfuse.hardware import Accelerator
from scanfuse.mapping.cached_schedules import cached_mapping
from scanfuse.mapping.errors import MappingError
from scanfuse.mapping.estimate import Target, tiling_bursts
from scanfuse.mapping.fixed_tiles import tiling_of_size
from scanfuse.mapping.forecast import forecast
from scanfuse.mapping.fusion import BlockShape, FusedBlock, FusedCost
from scanfuse.mapping.grouping import Cost, GroupingSearch
from scanfuse.mapping.layout_choice import choose_together
from scanfuse.mapping.layouts import GroupLayouts
from scanfuse.mapping.mapping import Group, Mapping
from scanfuse.mapping.memory_costs import MemoryCosts
from scanfuse.mapping.nest import Nest
from scanfuse.mapping.objective import check_objective, goal_of
from scanfuse.mapping.search import Found, judge_tiling, search_tiling
from scanfuse.mapping.searches import RASTER, SCAN, Searches
from scanfuse.mapping.stages import Block, Stage, blocks, layer_nest, stages
from scanfuse.mapping.tile_space import TileSpace
from scanfuse.mapping.tiling import LayerTiling, TilingCost
from scanfuse.network import Network

SCHEDULES: dict[str, str] = {
    "fixed": "layer by layer, one tile of 128 x 128 x 128 for every matrix, raster order",
    "raster": "layer by layer, the best tiles and loop order of each layer, raster order",
    "scan": "layer by layer, the best tiles and loop order of each layer, Scan (serpentine) order",
    "fused": "Scan order, every depthwise separable and inverted residual block fused",
    "resident": "fused, stem with first block and head with pooling too; maps that fit stay on chip",
    "deep": "depth-first fusion of any run of layers, with rolling line buffers; maps that fit stay on chip",
}
GROUPED = ("resident", "deep")  # by dynamic programming
LAYOUTS = ("nhwc", "nchw")
FIXED_TILES = (128, 64, 32, 16, 8, 4, 2, 1)

Progress = Callable[[str], None]


def make_mapping(
    network: Network,
    schedule: str,
    accelerator: Accelerator,
    *,
    burst_bytes: int = 64,
    burst_ps: int = 6000,
    objective: str = "traffic",
    memory: MemoryCosts | None = None,
    searches: Searches | None = None,
    progress: Progress | None = None,
) -> Mapping:
    """Map `network` by a named schedule onto `accelerator`.

    burst_bytes, burst_ps: bytes of a DRAM burst and the time the bus needs for it, for choosing among
    tilings of equal traffic. objective: one of OBJECTIVES, what the search makes least by its estimates; all
    but `traffic` need the prices of the memory (`scanfuse.results.memory_costs`). To have the best few
    simulated too, and held against simpler schedules, see `scanfuse.results.map_network`. searches: what
    earlier calls have found, to be shared and added to; the mapping is the same without.

    Raises MappingError for an unknown schedule or objective, or where a layer fits no tile.
    """
    check_schedule(schedule)
    check_objective(objective)
    target = Target.of(accelerator, burst_bytes, burst_ps)
    searches = Searches() if searches is None else searches
    if objective != "traffic":
        if memory is None:
            raise MappingError(f"objective {objective}: give the prices of the memory")
        near = None
        if objective == "edp":
            first = search_mapping(network, schedule, accelerator, target, searches, progress)
            near = forecast(first, target, memory)
        target = replace(target, goal=goal_of(objective, memory, near))
    return search_mapping(network, schedule, accelerator, target, searches, progress)


def check_schedule(name: str) -> None:
    """Raise MappingError for a name that is no schedule."""
    if name not in SCHEDULES:
        raise MappingError(f"unknown schedule {name!r}; the schedules are {', '.join(SCHEDULES)}")


def search_mapping(
    network: Network,
    schedule: str,
    accelerator: Accelerator,
    target: Target,
    searches: Searches,
    progress: Progress | None,
) -> Mapping:
    """What the search of a schedule finds for a target, all maps laid out alike."""
    order = accelerator.layout.order
    layouts = LAYOUTS if order == "auto" else (order,)
    if accelerator.buffer.policy == "lru":
        return cached_mapping(network, schedule, accelerator.buffer, layouts, target, progress)
    if schedule in GROUPED:
        rows = "nhwc" if order == "auto" else order
        return _grouped(network, schedule, rows, _laid_out(target, rows), searches, progress)
    groups = _groups(network, schedule, layouts, target, searches, progress or (lambda name: None))

    def cost(layout: str) -> float:
        return sum(group.bursts if target.goal is None else group.score for group in groups[layout])

    best = min(layouts, key=cost)
    choices = tuple(group.choice for group in groups[best])
    return Mapping(network, schedule, choices, best, target.psum_entries)


def lay_out_together(
    mapping: Mapping, accelerator: Accelerator, target: Target, searches: Searches
) -> Mapping:
    """What a search has found with tiles and layouts of all maps chosen together (see `layout_choice`), where
    the hardware leaves the layouts open."""
    if accelerator.layout.order != "auto" or accelerator.buffer.policy == "lru":
        return mapping
    scans = {"fixed": (), "raster": RASTER}.get(mapping.schedule, SCAN)
    return choose_together(mapping, scans, target, searches)


def _laid_out(target: Target, layout: str) -> Target:
    if target.goal is None:
        return target
    return replace(target, goal=replace(target.goal, layouts=GroupLayouts.same(layout)))


def _groups(
    network: Network,
    schedule: str,
    layouts: tuple[str, ...],
    target: Target,
    searches: Searches,
    progress: Progress,
) -> dict[str, list[Found]]:
    """Per layout, a network's layers or blocks in order."""
    targets = {layout: _laid_out(target, layout) for layout in layouts}
    if schedule == "fixed":
        return {layout: _fixed(network, layout, aim) for layout, aim in targets.items()}
    found: dict[str, list[Found]] = {layout: [] for layout in layouts}
    for item in blocks(network) if schedule == "fused" else stages(network):
        progress(network.layers[item.depthwise.layer if isinstance(item, Block) else item.layer].name)
        for layout, aim in targets.items():
            if isinstance(item, Block):
                found[layout] += _best_block(network, item, layout, aim, searches)
            elif schedule == "fused":
                found[layout].append(searches.in_scan_order(network, item, layout, aim))
            else:
                scans = RASTER if schedule == "raster" else SCAN
                found[layout].append(searches.tiling(network, item, scans, layout, aim))
    return found


def _grouped(
    network: Network,
    schedule: str,
    layout: str,
    target: Target,
    searches: Searches,
    progress: Progress | None,
) -> Mapping:
    """The best grouping; cascades move whole rows of all channels, for which `nhwc` is one stretch of
    DRAM."""
    parts = stages(network)
    starts = {}
    for item in blocks(network):
        if isinstance(item, Block):
            first = item.depthwise if item.expand is None else item.expand
            starts[parts.index(first)] = item

    def alone(start: int, length: int, entries: int) -> tuple[Group, Cost] | None:
        room = replace(target, buffer_entries=entries)
        if length == 1:
            if progress:
                progress(network.layers[parts[start].layer].name)
            try:
                found = searches.in_scan_order(network, parts[start], layout, room)
            except MappingError:
                if entries == target.buffer_entries:
                    raise
                return None
            assert isinstance(found.choice, LayerTiling)
            nest = layer_nest(network, parts[start])
            spent = found.rank(target)[0]
            return found.choice, (spent, 0, TilingCost(nest, found.choice, target.psum_entries).steps)
        block = starts.get(start)
        if block is None or length != (2 if block.expand is None else 3):
            return None
        fused = searches.block(network, block, room)
        if fused is None:
            return None
        assert isinstance(fused.choice, FusedBlock)
        cost = FusedCost(BlockShape(network, block), fused.choice, target.psum_entries)
        return fused.choice, (fused.rank(target)[0], cost.extra_macs, cost.steps)

    found = GroupingSearch(network, target, alone, depth_first=schedule == "deep").run()
    return Mapping(network, schedule, found.groups, layout, target.psum_entries, found.kept)


def _best_block(
    network: Network, block: Block, layout: str, target: Target, searches: Searches
) -> list[Found]:
    """The block fused, or its layers alone where that moves less or fusing does not fit."""
    alone = [searches.in_scan_order(network, stage, layout, target) for stage in block.members]
    fused = searches.block(network, block, target)
    spent = sum(found.rank(target)[0] for found in alone)
    return alone if fused is None or fused.rank(target)[0] > spent else [fused]


def _fixed(network: Network, layout: str, target: Target) -> list[Found]:
    """One tile size for the whole network: 128, or the next smaller one that fits every matrix."""
    nests = [(stage, layer_nest(network, stage)) for stage in stages(network)]
    for size in FIXED_TILES:
        tilings = [fixed_tiling(nest, stage, size, target) for stage, nest in nests]
        if all(tiling is not None for tiling in tilings):
            break
    else:
        return [
            _tightest(nest, target) for _, nest in nests
        ]  # raises, naming the first layer that fits no tile
    found = []
    for (_, nest), tiling in zip(nests, tilings, strict=True):
        assert tiling is not None
        cost = TilingCost(nest, tiling, target.psum_entries)
        tiles = {"p": tiling.tile_p, "q": tiling.tile_q, "n": tiling.tile_n, "k": tiling.tile_k}
        extents = tuple(nest.span_cuts(axis, tiles[axis])[0].largest for axis in "pq")
        bursts = float(tiling_bursts(nest, tiles, (extents[0], extents[1]), cost.traffic, layout, target))
        spent = bursts if target.goal is None else judge_tiling(cost, layout, target).score
        found.append(Found(tiling, int(cost.traffic.total), bursts, spent))
    return found


def _tightest(nest: Nest, target: Target) -> Found:
    space = TileSpace(nest, target.buffer_entries, target.psum_entries)
    return search_tiling(space, 0, None, ("raster",), "nhwc", target)


def fixed_tiling(nest: Nest, stage: Stage, size: int, target: Target) -> LayerTiling | None:
    """The tiling of one layer under a fixed tile of `size`, or None where it does not fit the buffer.

    Matrices: size x size x size. Kernels and depthwise layers: about `size` output pixels by up to `size`
    channels (fewer where a large kernel leaves no room), channels outermost where each has its own kernel.
    """
    channels = size
    while channels:
        tiling = tiling_of_size(nest, stage, size, channels)
        if TilingCost(nest, tiling, target.psum_entries).live_entries <= target.buffer_entries:
            return tiling
        channels = 0 if nest.flat else channels // 2
    return None

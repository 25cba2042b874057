"""The layer-by-layer schedules through a buffer that is an LRU cache of small tiles (see `lru`).

Every layer is cut into fixed tiles of one size. `fixed` visits them in the order of the explicit `fixed`;
`raster` in the order that `buffer.lru_order` says, or in that of each layer that moves least; `scan`
likewise, with the middle and the inner loop turning round (full Scan).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from scanfuse.hardware import Buffer
from scanfuse.mapping.errors import MappingError
from scanfuse.mapping.estimate import Target, tiling_bursts
from scanfuse.mapping.fixed_tiles import tiling_of_size
from scanfuse.mapping.lru import CachedCost, CachedTiling
from scanfuse.mapping.mapping import Mapping
from scanfuse.mapping.nest import Nest
from scanfuse.mapping.stages import Stage, layer_nest, stages
from scanfuse.mapping.tile_grid import TileGrid
from scanfuse.mapping.traffic import ORDERS, Scan
from scanfuse.network import Network

CACHED_SCHEDULES: dict[str, Scan] = {"fixed": "raster", "raster": "raster", "scan": "full"}


def cached_mapping(
    network: Network,
    schedule: str,
    buffer: Buffer,
    layouts: tuple[str, ...],
    target: Target,
    progress: Callable[[str], None] | None,
) -> Mapping:
    """Every stage of a network alone, in the layout of the fewest expected bursts."""
    groups = cached_groups(network, schedule, buffer, progress or (lambda name: None))

    def bursts(layout: str) -> float:
        costs = (
            CachedCost(layer_nest(network, Stage(group.layer, group.add)), group, buffer.psum_entries)
            for group in groups
        )
        return sum(cached_bursts(cost, layout, target) for cost in costs)

    layout = layouts[0] if len(layouts) == 1 else min(layouts, key=bursts)
    return Mapping(network, schedule, groups, layout, buffer.psum_entries)


def cached_groups(
    network: Network, schedule: str, buffer: Buffer, progress: Callable[[str], None]
) -> tuple[CachedTiling, ...]:
    """Every stage of a network alone. Raises MappingError where tiles do not fit, or for a schedule that is
    not layer by layer."""
    if schedule not in CACHED_SCHEDULES:
        raise MappingError(
            f'schedule {schedule}: with buffer.policy = "lru" a network runs layer by layer: choose '
            f'{", ".join(CACHED_SCHEDULES)}, or buffer.policy = "explicit"'
        )
    found: list[CachedTiling] = []
    known: dict[object, CachedTiling] = {}  # layers of one shape are cut alike
    for stage in stages(network):
        progress(network.layers[stage.layer].name)
        nest = layer_nest(network, stage)
        key = nest.shape
        if key not in known:
            start = cached_tiling(nest, stage, buffer)
            orders = ORDERS if buffer.lru_order == "auto" else (buffer.lru_order,)
            if schedule == "fixed":
                orders = (start.tiling.order,)
            known[key] = best_order(nest, start, orders, CACHED_SCHEDULES[schedule], buffer.psum_entries)
        tiling = replace(known[key].tiling, layer=stage.layer, add=stage.add)
        found.append(replace(known[key], tiling=tiling))
    return tuple(found)


def cached_tiling(nest: Nest, stage: Stage, buffer: Buffer) -> CachedTiling:
    """A layer in tiles of `buffer.lru_tile` in the order of `fixed`.

    A kernel or depthwise layer takes fewer channels at a time where a step's tiles leave no room. Raises
    MappingError where they still leave none.
    """
    size = channels = buffer.lru_tile
    while True:
        tiling = tiling_of_size(nest, stage, size, channels)
        if nest.sums_rows:
            tiling = replace(tiling, tile_k=nest.extent["k"])  # tiles of the cache hold whole windows
        sizes = tiling.tile_p, tiling.tile_q, tiling.tile_n, tiling.tile_k
        needed = TileGrid(nest, *sizes, buffer.psum_entries).largest_step
        if needed <= buffer.mapped_entries:
            return CachedTiling(tiling, buffer.mapped_entries)
        if nest.flat or channels == 1:
            raise MappingError(
                f"layer {nest.layer.name}: tiles of buffer.lru_tile = {size} do not fit a buffer of "
                f"{buffer.mapped_entries} entries; a step needs {needed}"
            )
        channels //= 2


def best_order(
    nest: Nest, start: CachedTiling, orders: tuple[str, ...], scan: Scan, psum_entries: int
) -> CachedTiling:
    """The tiling in the loop order that moves least; of equal ones the first."""
    trips = CachedCost(nest, start, psum_entries).grid.trips
    walks: dict[str, str] = {}  # loops that run once change no walk
    for order in orders:
        walks.setdefault("".join(axis for axis in order if trips[axis] > 1), order)
    choices = [
        replace(start, tiling=replace(start.tiling, order=order, scan=scan)) for order in walks.values()
    ]
    return min(choices, key=lambda choice: int(CachedCost(nest, choice, psum_entries).traffic.total))


def cached_bursts(cost: CachedCost, layout: str, target: Target) -> float:
    """Expected bursts of a layer."""
    tiling, edges = cost.cached.tiling, cost.grid.input_edges
    tiles = {"p": tiling.tile_p, "q": tiling.tile_q, "n": tiling.tile_n, "k": tiling.tile_k}
    rows, columns = (int(np.diff(edges[axis]).max(initial=1)) for axis in "pq")
    return float(tiling_bursts(cost.nest, tiles, (rows, columns), cost.traffic, layout, target))

"""The order in which the tiles of a layer are visited, raster beside Scan: the same tiles, and what moves.

Each layer is walked both ways, its loops run forwards only (raster), or turned round (scan: as in the run,
else the better of `inner` and `full`). Its tiles are its own where it runs alone and two of its loops have
several, so that their order matters; else those of the schedule `fixed`. `tile_walks` sums up both walks;
`walk_table` has a row per visit to a tile, from the first on, in the plane of the two innermost loops with
more than one tile, and at most MOST_VISITS. Entries are those moved between DRAM and the buffer. Left out are
layers whose order never matters, those of more than MOST_TILES, and all where the buffer is a cache.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from scanfuse.hardware import Accelerator
from scanfuse.mapping import LayerTiling, Mapping, MappingError, TilingCost, make_mapping
from scanfuse.mapping.stages import Stage, stored_tensor
from scanfuse.program import Program, TensorTable
from scanfuse.program.unroll_tiling import TilingUnroller
from scanfuse.results.table import CAUSE_COLUMNS

MOST_VISITS = 144
MOST_TILES = 20_000
MOVED = tuple(f"{cause.name.lower()}_entries" for cause in CAUSE_COLUMNS.values())
WALKS = ("raster", "scan")
WALK_COLUMNS = ("index", "layer", "walk", "visit", "m", "n", "k", *MOVED, "moved_entries")


@dataclass(frozen=True)
class TileWalk:
    """One layer's tiles visited in one order."""

    mapping: Mapping
    tiling: LayerTiling

    @cached_property
    def unroller(self) -> TilingUnroller:
        network, tiling = self.mapping.network, self.tiling
        cost = self.mapping.cost(tiling)
        assert isinstance(cost, TilingCost)
        output = stored_tensor(network, Stage(tiling.layer, tiling.add)).name
        return TilingUnroller(cost.nest, tiling, TensorTable.of(network), output)

    @property
    def entries(self) -> int:
        """What it moves in all."""
        return int(self.mapping.traffic(self.tiling).total)

    @cached_property
    def trips(self) -> dict[str, int]:
        """Tiles along each loop, from the outermost inwards."""
        index = self.unroller.index
        return {axis: int(index[axis].max()) + 1 for axis in self.tiling.order}

    @property
    def plane(self) -> tuple[str, str]:
        """The two innermost loops with more than one tile."""
        outer, inner = [axis for axis in self.tiling.order if self.trips[axis] > 1][-2:]
        return outer, inner

    @property
    def visits(self) -> int:
        """Visits of the first plane, or as many as are told."""
        outer, inner = self.plane
        return min(self.trips[outer] * self.trips[inner], MOST_VISITS)

    def table(self) -> pd.DataFrame:
        """What each of these visits moves, by cause."""
        unroller = self.unroller
        tables = unroller.unroll()
        moves = unroller.table.placed(tables.moves)
        alone = np.zeros(tables.steps, dtype=np.int32)
        program = Program(self.mapping, unroller.table.tensors, alone, tables.ops, moves)
        moved = program.moves[program.transfers]
        visit = np.searchsorted(unroller.last_step, moved["step"])
        by_cause = np.zeros((unroller.visits, len(MOVED)), dtype=np.int64)
        np.add.at(by_cause, (visit, moved["cause"]), program.sizes[program.transfers])
        found = pd.DataFrame({axis: unroller.index[axis][: self.visits] for axis in "mnk"})
        found[list(MOVED)] = by_cause[: self.visits]
        found["moved_entries"] = by_cause[: self.visits].sum(axis=1)
        return found.assign(visit=np.arange(self.visits))


def walks_of(mapping: Mapping, accelerator: Accelerator) -> list[dict[str, TileWalk]]:
    """Both walks of every layer that can be walked, in order."""
    own = {group.layer: group for group in mapping.groups if isinstance(group, LayerTiling)}
    found = []
    for layer, fixed in _fixed_tilings(mapping, accelerator).items():
        for tiling in (own.get(layer), fixed):
            if tiling is not None and _has_order(mapping, tiling):
                found.append(_both(mapping, tiling))
                break
    return found


def _fixed_tilings(mapping: Mapping, accelerator: Accelerator) -> dict[int, LayerTiling]:
    """The tilings of the schedule `fixed`, by layer; none where a layer fits no such tile."""
    if accelerator.buffer.policy == "lru":
        return {}
    try:
        fixed = make_mapping(mapping.network, "fixed", accelerator)
    except MappingError:
        return {}
    return {group.layer: group for group in fixed.groups if isinstance(group, LayerTiling)}


def _has_order(mapping: Mapping, tiling: LayerTiling) -> bool:
    trips = TileWalk(mapping, tiling).trips.values()
    return sum(each > 1 for each in trips) > 1 and mapping.cost(tiling).steps <= MOST_TILES


def _both(mapping: Mapping, tiling: LayerTiling) -> dict[str, TileWalk]:
    scans = ("inner", "full") if tiling.scan == "raster" else (tiling.scan,)
    turned = [TileWalk(mapping, replace(tiling, scan=scan)) for scan in scans]  # type: ignore[arg-type]
    raster = TileWalk(mapping, replace(tiling, scan="raster"))
    return {"raster": raster, "scan": min(turned, key=lambda walk: walk.entries)}


def tile_walks(mapping: Mapping, accelerator: Accelerator) -> list[dict[str, Any]]:
    """Per layer of `walks_of`: whose tiles they are (own or fixed), how many along each loop, the two loops
    that `walk_table` has, and what each walk moves."""
    found = []
    for both in walks_of(mapping, accelerator):
        raster, scan = both["raster"], both["scan"]
        outer, inner = scan.plane
        own = {raster.tiling, scan.tiling} & set(mapping.groups)
        found.append(
            {
                "index": scan.tiling.layer,
                "layer": mapping.network.layers[scan.tiling.layer].name,
                "tiles": "own" if own else "fixed",
                "scan": scan.tiling.scan,
                "trips": scan.trips,
                "outer": outer,
                "inner": inner,
                "visits": scan.visits,
                "raster_entries": raster.entries,
                "scan_entries": scan.entries,
            }
        )
    return found


def walk_table(mapping: Mapping, accelerator: Accelerator) -> pd.DataFrame:
    """A row per layer, walk and visit under WALK_COLUMNS."""
    tables = []
    for both in walks_of(mapping, accelerator):
        for name, walk in both.items():
            index = walk.tiling.layer
            layer = mapping.network.layers[index].name
            tables.append(walk.table().assign(index=index, layer=layer, walk=name))
    found = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(WALK_COLUMNS))
    return found[list(WALK_COLUMNS)]

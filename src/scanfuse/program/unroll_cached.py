"""A layer through an LRU cache of tiles, unrolled: every step is one tile of outputs and reduction.

A tile enters the buffer in the step that misses it. Where it is pushed out later, it leaves after its last
touch: what moves is the same, and a DMA that runs ahead can use the room. So at every step the buffer holds
what the cache holds, less what will be pushed out before it is touched again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scanfuse.mapping import CachedCost
from scanfuse.program.program import BOX, Cause, Move, View
from scanfuse.program.tables import GroupTables
from scanfuse.program.unroll_tiling import TilingUnroller

Box = dict[str, np.ndarray]


@dataclass(frozen=True)
class CachedUnroller(TilingUnroller):
    """Unrolls one `CachedTiling`: `cost` knows the stays of its tiles, all else is as for its tiling."""

    cost: CachedCost

    def unroll(self) -> GroupTables:
        """The tables of the group."""
        tables, layer = GroupTables(steps=self.visits), self.nest.layer
        self._move_inputs(tables, "A", Cause.IFMAP, self.ifmap_tensor, self.ifmap_view)
        if self.tiling.layer in self.table.weights:
            weights = self.table.weights[self.tiling.layer]
            self._move_inputs(tables, "B", Cause.WEIGHT, weights, View.MAP)
        elif layer.kind == "scale":
            factors = self.table.maps[layer.inputs[1].name]
            self._move_inputs(tables, "B", Cause.IFMAP, factors, View.MAP)
        if self.nest.residual is not None:
            residual = self.table.maps[self.nest.residual.name]
            self._move_inputs(tables, "residual", Cause.RESIDUAL, residual, self.view)
        self._move_outputs(tables)
        self._compute(tables)
        return tables

    def _box(self, operand: str, stays: np.ndarray) -> Box:
        """The boxes of some stays: that of the visit in which each began, or a tile of the input."""
        visits = self.cost.stays.enter[stays]
        if operand == "A":
            columns = len(self.cost.grid.input_edges["q"]) - 1
            place = self.cost.stays.tile[stays] % self.cost.grid.input_places
            box = {edge: self.ifmap_box[edge][visits] for edge in ("a0", "a1")}
            for letter, axis, at in zip("bc", "pq", np.divmod(place, columns), strict=True):
                edges = self.cost.grid.input_edges[axis]
                box[f"{letter}0"], box[f"{letter}1"] = edges[at], edges[at + 1]
            return box
        every = self.weight_box if operand == "B" else self.output_box
        return {edge: every[edge][visits] for edge in BOX}

    def _move_inputs(self, tables: GroupTables, operand: str, cause: Cause, tensor: int, view: View) -> None:
        stays, index = self.cost.stays, self.cost.stays.of(operand)
        box = self._box(operand, index)
        layer = self.owner if cause == Cause.RESIDUAL else self.tiling.layer
        tables.add_moves(stays.enter[index], Move.LOAD, cause, layer, tensor, view, box)
        tables.add_moves(stays.last[index], Move.FREE, cause, layer, tensor, view, box)

    def _move_outputs(self, tables: GroupTables) -> None:
        """Room is made for an output when its tile first comes; it is complete when it last goes."""
        stays, index = self.cost.stays, self.cost.stays.of("C")
        enter, last = stays.enter[index], stays.last[index]
        fresh, complete = self.beginning[enter], self.finishing[last]
        tensor, layer = self.table.maps[self.output], self.tiling.layer
        box = self._box("C", index)
        for move, cause, by, steps, mask in (
            (Move.ALLOC, Cause.PSUM, layer, enter, fresh),
            (Move.LOAD, Cause.PSUM, layer, enter, ~fresh),
            (Move.STORE, Cause.PSUM, layer, last, ~complete),
            (Move.STORE, Cause.OFMAP, self.owner, last, complete),
            (Move.FREE, Cause.PSUM, layer, last, fresh | True),
        ):
            picked = {edge: values[mask] for edge, values in box.items()}
            tables.add_moves(steps[mask], move, cause, by, tensor, self.view, picked)

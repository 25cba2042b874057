"""A layer run alone, unrolled: every step is one tile; what changes from tile to tile is moved.

Where a folded addition has no room for the residual of a whole tile, the tile that completes an output is
computed in pieces, a step each: the residual of a piece comes, the piece is finished, stored and freed.
Below, a *visit* is a tile in the order of the loops; it is one step, or as many as it has pieces.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from scanfuse.mapping import LayerTiling, Nest
from scanfuse.mapping.estimate import reduction
from scanfuse.mapping.walk import visit
from scanfuse.program.program import BOX, OPS, Cause, Move, View
from scanfuse.program.tables import GroupTables
from scanfuse.program.tensors import TensorTable


@dataclass(frozen=True)
class TilingUnroller:
    """Unrolls one `LayerTiling`. `output` is the tensor it leaves behind (the sum, with a folded
    addition)."""

    nest: Nest
    tiling: LayerTiling
    table: TensorTable
    output: str

    def unroll(self) -> GroupTables:
        """The tables of the group."""
        tables = GroupTables(steps=int(self.pieces.sum()))
        if self.tiling.rolling:
            self._move_rolling(tables)
        else:
            self._move_tiles(tables, "A", Cause.IFMAP, self.ifmap_tensor, self.ifmap_view, self.ifmap_box)
        if self.tiling.layer in self.table.weights:
            tensor = self.table.weights[self.tiling.layer]
            self._move_tiles(tables, "B", Cause.WEIGHT, tensor, View.MAP, self.weight_box)
        elif self.nest.layer.kind == "scale":
            tensor = self.table.maps[self.nest.layer.inputs[1].name]
            self._move_tiles(tables, "B", Cause.IFMAP, tensor, View.MAP, self.weight_box)
        self._move_outputs(tables)
        self._compute(tables)
        return tables

    @cached_property
    def edges(self) -> dict[str, np.ndarray]:
        tiling = self.tiling
        return self.nest.edges(tiling.tile_p, tiling.tile_q, tiling.tile_n, tiling.tile_k)

    @cached_property
    def index(self) -> dict[str, np.ndarray]:
        """Tile indices at every visit, with the M axis split into rows p and columns q."""
        trips = {axis: len(edges) - 1 for axis, edges in self.edges.items()}
        visited = visit(
            {"m": trips["p"] * trips["q"], "n": trips["n"], "k": trips["k"]},
            self.tiling.order,
            self.tiling.scan,
        )
        p, q = np.divmod(visited["m"], trips["q"])
        return {"m": visited["m"], "p": p, "q": q, "n": visited["n"], "k": visited["k"]}

    @property
    def visits(self) -> int:
        return len(self.index["m"])

    @property
    def owner(self) -> int:
        """The layer that leaves the outputs behind: the addition, where one is folded in."""
        return self.tiling.layer if self.tiling.add is None else self.tiling.add

    @cached_property
    def beginning(self) -> np.ndarray:
        """Per visit, whether it begins its outputs: the first one to their tile."""
        return np.isin(np.arange(self.visits), np.unique(self.key("C"), return_index=True)[1])

    @cached_property
    def finishing(self) -> np.ndarray:
        """Per visit, whether it completes its outputs: the last one to their tile."""
        last = self.visits - 1 - np.unique(self.key("C")[::-1], return_index=True)[1]
        return np.isin(np.arange(self.visits), last)

    @cached_property
    def piece_axis(self) -> str:
        """The output axis along which a tile is cut into pieces."""
        return "p" if self.tiling.tile_p > 1 else "q"

    @cached_property
    def pieces(self) -> np.ndarray:
        """Per visit, its number of steps."""
        size = self.tiling.residual_step
        start, stop = self.span(self.piece_axis)
        cut = -(-(stop - start) // size) if size else 1
        return np.where(self.finishing, cut, 1)

    @cached_property
    def first_step(self) -> np.ndarray:
        return np.asarray(np.cumsum(self.pieces) - self.pieces)

    @cached_property
    def last_step(self) -> np.ndarray:
        return np.asarray(np.cumsum(self.pieces) - 1)

    def in_pieces(self, visits: np.ndarray) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
        """The steps of some visits: for each, its visit, its step, and the output box of its piece."""
        counts = self.pieces[visits]
        visit = np.repeat(visits, counts)
        number = np.arange(len(visit)) - np.repeat(np.cumsum(counts) - counts, counts)
        box = {edge: values[visit] for edge, values in self.output_box.items()}
        low, high = ("b0", "b1") if self.piece_axis == "p" else ("c0", "c1")
        size = self.tiling.residual_step
        cut = self.finishing[visit] & (size > 0)
        start = np.where(cut, box[low] + number * size, box[low])
        box[high] = np.where(cut, np.minimum(start + size, box[high]), box[high])
        box[low] = start
        return visit, self.first_step[visit] + number, box

    def span(self, axis: str) -> tuple[np.ndarray, np.ndarray]:
        """Start and stop along one axis of the output at every visit."""
        index, edges = self.index[axis], self.edges[axis]
        return edges[index], edges[index + 1]

    def key(self, operand: str) -> np.ndarray:
        """A number that tells an operand's tiles apart."""
        free = self.nest.free_axis[operand]
        total = np.zeros(self.visits, dtype=np.int64)
        for axis in "mnk":
            if axis != free:
                total = total * (int(self.index[axis].max()) + 1) + self.index[axis]
        return total

    @cached_property
    def view(self) -> View:
        return View.PIXELS if self.nest.flat else View.MAP

    @cached_property
    def ifmap_view(self) -> View:
        return View.CHANNELS if self.table.flattened(self.nest.layer) else self.view

    @cached_property
    def ifmap_tensor(self) -> int:
        return self.table.maps[self.nest.layer.ifmap.name]

    @cached_property
    def ifmap_box(self) -> dict[str, np.ndarray]:
        rows, columns = ((*self._input_edges(axis)[:, self.index[axis]],) for axis in "pq")
        if self.nest.sums_rows:
            rows = self.span("k")
        if self.nest.channelwise:
            c0, c1 = (edge * self.nest.coefficient["A"] for edge in self.span("n"))
        else:
            c0, c1 = self.span("k")
        return dict(zip(("a0", "a1", "b0", "b1", "c0", "c1"), (c0, c1, *rows, *columns), strict=True))

    def _input_edges(self, axis: str) -> np.ndarray:
        """Clipped input start and stop of every tile along p or q: shape (2, tiles)."""
        edges = self.edges[axis]
        pairs = [self.nest.input_span(axis, int(a), int(b)) for a, b in itertools.pairwise(edges)]
        return np.array(pairs, dtype=np.int64).T

    @cached_property
    def weight_box(self) -> dict[str, np.ndarray]:
        layer = self.nest.layer
        n0, n1 = self.span("n")
        taps = np.full(self.visits, layer.R * layer.S)
        zero = np.zeros(self.visits, dtype=np.int64)
        if self.nest.channelwise:
            outs = self.nest.coefficient["C"]
            inner = (zero, np.full(self.visits, self.nest.coefficient["A"]))
            return dict(
                zip(
                    ("a0", "a1", "b0", "b1", "c0", "c1"),
                    (n0 * outs, n1 * outs, *inner, zero, taps),
                    strict=True,
                )
            )
        return dict(
            zip(("a0", "a1", "b0", "b1", "c0", "c1"), (n0, n1, *self.span("k"), zero, taps), strict=True)
        )

    @cached_property
    def output_box(self) -> dict[str, np.ndarray]:
        outs = self.nest.coefficient["C"]
        n0, n1 = self.span("n")
        edges = (n0 * outs, n1 * outs, *self.span("p"), *self.span("q"))
        return dict(zip(("a0", "a1", "b0", "b1", "c0", "c1"), edges, strict=True))

    def _changes(self, operand: str) -> tuple[np.ndarray, np.ndarray]:
        """Visits at which an operand's tile comes in, and the visits after which it goes."""
        key = self.key(operand)
        enters = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
        return enters, np.append(enters[1:] - 1, self.visits - 1)

    def _move_tiles(
        self,
        tables: GroupTables,
        operand: str,
        cause: Cause,
        tensor: int,
        view: View,
        box: dict[str, np.ndarray],
    ) -> None:
        """Load an operand's tile where it changes, and free it before the next one.

        A tile whose windows lie in the padding alone has no input and moves nothing.
        """
        enters, leaves = self._changes(operand)
        some = (box["b1"] > box["b0"]) & (box["c1"] > box["c0"])
        enters, leaves = enters[some[enters]], leaves[some[enters]]
        tile = {edge: values[enters] for edge, values in box.items()}
        layer = self.tiling.layer
        tables.add_moves(self.first_step[enters], Move.LOAD, cause, layer, tensor, view, tile)
        tables.add_moves(self.last_step[leaves], Move.FREE, cause, layer, tensor, view, tile)

    def _move_rolling(self, tables: GroupTables) -> None:
        """Load only the input rows that the band before did not leave, and free those the next one skips."""
        enters, leaves = self._changes("A")
        band = {edge: values[enters] for edge, values in self.ifmap_box.items()}
        start, stop = band["b0"], band["b1"]
        fresh = np.concatenate([start[:1], np.maximum(start[1:], stop[:-1])])
        kept = np.append(np.minimum(start[1:], stop[:-1]), stop[-1])
        layer, tensor, view = self.tiling.layer, self.ifmap_tensor, self.ifmap_view
        for steps, move, rows in (
            (self.first_step[enters], Move.LOAD, {**band, "b0": fresh}),
            (self.last_step[leaves], Move.FREE, {**band, "b1": kept}),
        ):
            some = rows["b1"] > rows["b0"]
            tables.add_moves(
                steps[some],
                move,
                Cause.IFMAP,
                layer,
                tensor,
                view,
                {edge: values[some] for edge, values in rows.items()},
            )

    def _move_outputs(self, tables: GroupTables) -> None:
        """Partial sums come and go with their tile; complete outputs are stored once, piece by piece."""
        enters, leaves = self._changes("C")
        fresh = self.beginning[enters]
        spilled = ~self.finishing[leaves]
        tensor, layer = self.table.maps[self.output], self.tiling.layer
        box = {edge: values[enters] for edge, values in self.output_box.items()}

        def some(move: Move, steps: np.ndarray, mask: np.ndarray) -> None:
            picked = {edge: values[mask] for edge, values in box.items()}
            tables.add_moves(steps[mask], move, Cause.PSUM, layer, tensor, self.view, picked)

        some(Move.ALLOC, self.first_step[enters], fresh)
        some(Move.LOAD, self.first_step[enters], ~fresh)
        some(Move.STORE, self.last_step[leaves], spilled)
        some(Move.FREE, self.last_step[leaves], spilled)
        self._finish_outputs(tables)

    def _finish_outputs(self, tables: GroupTables) -> None:
        tensor, layer, owner = self.table.maps[self.output], self.tiling.layer, self.owner
        _, steps, box = self.in_pieces(np.flatnonzero(self.finishing))
        tables.add_moves(steps, Move.STORE, Cause.OFMAP, owner, tensor, self.view, box)
        tables.add_moves(steps, Move.FREE, Cause.PSUM, layer, tensor, self.view, box)
        if self.nest.residual is not None:
            residual = self.table.maps[self.nest.residual.name]
            for move in (Move.LOAD, Move.FREE):
                tables.add_moves(steps, move, Cause.RESIDUAL, owner, residual, self.view, box)

    def _compute(self, tables: GroupTables) -> None:
        visit, steps, box = self.in_pieces(np.arange(self.visits))
        rows = np.zeros(len(steps), dtype=OPS)
        rows["step"], rows["layer"], rows["view"] = steps, self.tiling.layer, self.view
        for edge, box_edge in zip(("k0", "k1", "p0", "p1", "q0", "q1"), BOX, strict=True):
            rows[edge] = box[box_edge]
        if self.nest.channelwise and not self.nest.sums_rows:
            rows["c0"], rows["c1"] = 0, reduction(self.nest.layer)
        else:
            rows["c0"], rows["c1"] = (edge[visit] for edge in self.span("k"))
        rows["begin"] = self.beginning[visit]
        rows["finish"] = self.finishing[visit]
        tables.add_ops(rows)

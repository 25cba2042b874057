"""A fused block unrolled: bands of rows, chunks of expanded channels, a few output rows per step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from scanfuse.mapping import FusedBlock, FusedCost
from scanfuse.mapping.fusion import boustrophedon, spans
from scanfuse.network import Layer
from scanfuse.program.program import Cause, Move
from scanfuse.program.tables import GroupTables
from scanfuse.program.tensors import TensorTable

Span = tuple[int, int]


@dataclass(frozen=True)
class FusedUnroller:
    """Unrolls one `FusedBlock`. `output` is the tensor it leaves behind, `residual` what its addition
    reads."""

    cost: FusedCost
    fused: FusedBlock
    table: TensorTable
    output: str
    residual: str | None

    @cached_property
    def first_layer(self) -> int:
        return self.fused.depthwise if self.fused.expand is None else self.fused.expand

    @cached_property
    def steps(self) -> list[tuple[int, int, Span]]:
        """(band, chunk, output rows) of every step, in Scan order."""
        cost = self.cost
        found = []
        for band, order in boustrophedon(len(cost.chunks), len(cost.bands)):
            p0, p1 = cost.bands[band]
            pieces = [(p0 + a, p0 + b) for a, b in spans(p1 - p0, self.fused.step_rows)]
            found += [(band, chunk, piece) for chunk in order for piece in pieces]
        return found

    def unroll(self) -> GroupTables:
        """The tables of the group."""
        tables = GroupTables(steps=len(self.steps))
        if self.fused.input_by_chunk:
            self._move_window(tables, Move.LOAD, Cause.IFMAP)
        else:
            self._move_inputs(tables)
        self._move_weights(tables)
        if self.fused.expand is not None:
            self._move_window(tables, Move.ALLOC, Cause.FUSED)
        self._move_depthwise(tables)
        self._move_outputs(tables)
        self._compute(tables)
        return tables

    @cached_property
    def _first_chunk(self) -> list[bool]:
        """Per step, whether it belongs to the first chunk of its band."""
        bands = [band for band, _, _ in self.steps]
        chunks = [chunk for _, chunk, _ in self.steps]
        opening = dict(reversed(list(zip(bands, chunks, strict=True))))
        return [opening[band] == chunk for band, chunk in zip(bands, chunks, strict=True)]

    @cached_property
    def _last_chunk(self) -> list[bool]:
        closing = {band: chunk for band, chunk, _ in self.steps}
        return [closing[band] == chunk for band, chunk, _ in self.steps]

    def _input_rows(self, rows: Span) -> Span:
        return self.cost.shape.depthwise.input_rows(*rows)

    def _rows_box(self, layer: Layer, rows: Span) -> tuple[int, int, int, int, int, int]:
        return 0, layer.C, rows[0], rows[1], 0, layer.ifmap.width

    def _move_inputs(self, tables: GroupTables) -> None:
        """Rows come in during a band's first chunk and go in its last, except those the next band needs."""
        layer = self.cost.shape.expand or self.cost.shape.depthwise
        tensor = self.table.maps[layer.ifmap.name]
        held_from = held_to = 0
        for step, (_, _, rows) in enumerate(self.steps):
            start, stop = self._input_rows(rows)
            if self._first_chunk[step] and stop > held_to:
                fresh = (max(start, held_to), stop)
                if held_to <= held_from:
                    held_from = fresh[0]
                tables.move(
                    step, Move.LOAD, Cause.IFMAP, self.first_layer, tensor, self._rows_box(layer, fresh)
                )
                held_to = stop
            if self._last_chunk[step]:
                upcoming = self._next_start(step)
                kept_from = held_to if upcoming is None else min(max(upcoming, held_from), held_to)
                if kept_from > held_from:
                    gone = (held_from, kept_from)
                    tables.move(
                        step, Move.FREE, Cause.IFMAP, self.first_layer, tensor, self._rows_box(layer, gone)
                    )
                    held_from = kept_from

    def _next_start(self, step: int) -> int | None:
        """The first input row that steps after this one of a band's last chunk still need."""
        if step + 1 == len(self.steps):
            return None
        return self._input_rows(self.steps[step + 1][2])[0]

    def _move_weights(self, tables: GroupTables) -> None:
        """A chunk's weights come with its first step in a band and go with its last, unless held over the
        turn."""
        held: set[int] = set()
        visits = self._visits()
        for (band, chunk), (first, last) in visits.items():
            if chunk not in held:
                self._move_chunk(tables, first, Move.LOAD, chunk)
            held.add(chunk)
            if band + 1 == len(self.cost.bands) or chunk not in self._kept_after(band):
                self._move_chunk(tables, last, Move.FREE, chunk)
                held.discard(chunk)

    def _visits(self) -> dict[tuple[int, int], Span]:
        """(band, chunk) -> first and last step, in the order of execution."""
        found: dict[tuple[int, int], Span] = {}
        for step, (band, chunk, _) in enumerate(self.steps):
            first, _ = found.get((band, chunk), (step, step))
            found[band, chunk] = (first, step)
        return found

    def _kept_after(self, band: int) -> set[int]:
        """Chunks whose weights stay in the buffer at the turn after `band`: the last ones visited in it."""
        order = list(range(len(self.cost.chunks)))
        if band % 2:
            order.reverse()
        return set(order[-self.fused.held_chunks :])

    def _move_chunk(self, tables: GroupTables, step: int, move: Move, chunk: int) -> None:
        x0, x1 = self.cost.chunks[chunk]
        shape, fused, weights = self.cost.shape, self.fused, self.table.weights
        taps = shape.depthwise.R * shape.depthwise.S
        if fused.expand is not None and shape.expand is not None:
            box = (x0, x1, 0, shape.expand.C, 0, 1)
            tables.move(step, move, Cause.WEIGHT, fused.expand, weights[fused.expand], box)
        tables.move(
            step, move, Cause.WEIGHT, fused.depthwise, weights[fused.depthwise], (x0, x1, 0, 1, 0, taps)
        )
        box = (0, shape.project.K, x0, x1, 0, 1)
        tables.move(step, move, Cause.WEIGHT, fused.project, weights[fused.project], box)

    @cached_property
    def window_rows(self) -> list[Span]:
        """Per step, the rows that are new in the depthwise layer's window; it holds those that came
        before."""
        found = []
        held_to, owner = 0, (-1, -1)
        for band, chunk, rows in self.steps:
            if (band, chunk) != owner and (len(self.cost.chunks) > 1 or owner == (-1, -1)):
                held_to = 0
            owner = (band, chunk)
            start, stop = self._input_rows(rows)
            found.append((min(max(start, held_to), stop), stop))
            held_to = max(held_to, stop)
        return found

    def _move_window(self, tables: GroupTables, enter: Move, cause: Cause) -> None:
        """The depthwise layer's input, a chunk of channels at a time: rows come as they are missing and
        go."""
        tensor = self.table.maps[self.cost.shape.depthwise.ifmap.name]
        width = self.cost.shape.depthwise.ifmap.width
        held_from = 0
        for step, (band, chunk, rows) in enumerate(self.steps):
            x0, x1 = self.cost.chunks[chunk]
            made = self.window_rows[step]
            start, stop = self._input_rows(rows)
            if made[1] > made[0]:
                if made[0] <= start or step == 0:
                    held_from = made[0]
                box = (x0, x1, *made, 0, width)
                tables.move(step, enter, cause, self.first_layer, tensor, box)
            kept_from = stop
            if step + 1 < len(self.steps):
                next_band, next_chunk, next_rows = self.steps[step + 1]
                if (next_band, next_chunk) == (band, chunk) or len(self.cost.chunks) == 1:
                    kept_from = min(self._input_rows(next_rows)[0], stop)
            if kept_from > held_from:
                box = (x0, x1, held_from, kept_from, 0, width)
                tables.move(step, Move.FREE, cause, self.first_layer, tensor, box)
                held_from = kept_from

    def _move_depthwise(self, tables: GroupTables) -> None:
        depthwise = self.cost.shape.depthwise
        tensor = self.table.maps[depthwise.output.name]
        for step, (_, chunk, rows) in enumerate(self.steps):
            box = (*self.cost.chunks[chunk], *rows, 0, depthwise.Q)
            for move in (Move.ALLOC, Move.FREE):
                tables.move(step, move, Cause.FUSED, self.fused.depthwise, tensor, box)

    def _move_outputs(self, tables: GroupTables) -> None:
        project = self.cost.shape.project
        tensor = self.table.maps[self.output]
        owner = self.fused.project if self.fused.add is None else self.fused.add
        for step, (_, _, rows) in enumerate(self.steps):
            box = (0, project.K, *rows, 0, project.Q)
            if self._first_chunk[step]:
                tables.move(step, Move.ALLOC, Cause.PSUM, self.fused.project, tensor, box)
            if self._last_chunk[step]:
                tables.move(step, Move.STORE, Cause.OFMAP, owner, tensor, box)
                tables.move(step, Move.FREE, Cause.PSUM, self.fused.project, tensor, box)
                if self.residual is not None and self.cost.shape.residual_reloaded:
                    again = self.table.maps[self.residual]
                    tables.move(step, Move.LOAD, Cause.RESIDUAL, owner, again, box)
                    tables.move(step, Move.FREE, Cause.RESIDUAL, owner, again, box)

    def _compute(self, tables: GroupTables) -> None:
        shape, fused = self.cost.shape, self.fused
        for step, (_, chunk, rows) in enumerate(self.steps):
            outs = self.cost.chunks[chunk]
            made = self.window_rows[step]
            if fused.expand is not None and shape.expand is not None and made[1] > made[0]:
                tables.op(
                    step, fused.expand, made, (0, shape.expand.Q), outs, (0, shape.expand.C), True, True
                )
            tables.op(step, fused.depthwise, rows, (0, shape.depthwise.Q), outs, (0, 1), True, True)
            begin, finish = self._first_chunk[step], self._last_chunk[step]
            tables.op(
                step, fused.project, rows, (0, shape.project.Q), (0, shape.project.K), outs, begin, finish
            )

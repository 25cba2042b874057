"""A cascade unrolled: every event of its walk is a step for each chunk of channels."""

from __future__ import annotations

from dataclasses import dataclass, field

from scanfuse.mapping.cascade import CascadeCost, Lines, Piece
from scanfuse.mapping.units import UnitShape
from scanfuse.network import Layer, Tensor
from scanfuse.program.program import Cause, Move
from scanfuse.program.tables import Box, GroupTables
from scanfuse.program.tensors import TensorTable

Span = tuple[int, int]


@dataclass
class CascadeUnroller:
    """Unrolls one `Cascade`."""

    cost: CascadeCost
    table: TensorTable
    tables: GroupTables = field(default_factory=GroupTables)

    def unroll(self) -> GroupTables:
        """The tables of the group."""
        if self.cost.cascade.walk == "rows":
            _Rows(self).unroll()
        else:
            _Chunks(self).unroll()
        return self.tables

    def new_step(self) -> int:
        self.tables.steps += 1
        return self.tables.steps - 1

    # --- moves ---
    def rows(self, step: int, move: Move, cause: Cause, layer: int, tensor: Tensor, rows: Span,
             channels: Span | None = None) -> None:  # fmt: skip
        """Moves full-width rows of a map, of all channels or some."""
        if rows[1] <= rows[0]:
            return
        box = (*(channels or (0, tensor.channels)), *rows, 0, tensor.width)
        self.tables.move(step, move, cause, layer, self.table.maps[tensor.name], box)

    def weights(self, step: int, move: Move, shape: UnitShape, channels: Span) -> None:
        """Moves what belongs to some of the unit's channels."""
        for index, layer in ((shape.unit.lead, shape.lead), (shape.unit.middle, shape.middle)):
            if index is not None and layer is not None and layer.weight_shape is not None:
                _, ins, *_ = layer.weight_shape
                self._weights(step, move, index, (*channels, 0, ins, 0, layer.R * layer.S))
        if shape.unit.last is not None and shape.last is not None:
            self._weights(step, move, shape.unit.last, (0, shape.last.K, *channels, 0, 1))

    def _weights(self, step: int, move: Move, index: int, box: Box) -> None:
        self.tables.move(step, move, Cause.WEIGHT, index, self.table.weights[index], box)

    # --- computing ---
    def make(self, step: int, shape: UnitShape, rows: Span, window: Span, channels: Span, begin: bool,
             finish: bool) -> None:  # fmt: skip
        """Makes rows of the unit's result for a chunk of channels; `window` are the rows that its lead makes
        for that. What the middle makes for the last comes and goes within the step."""
        unit = shape.unit
        if shape.lead is not None:
            lead_rows = rows if shape.middle is None else window
            if lead_rows[1] > lead_rows[0]:
                self._op(step, unit.lead, shape.lead, lead_rows, channels, (0, shape.lead.C), True, True)
        if shape.middle is not None:
            self._op(step, unit.middle, shape.middle, rows, channels, (0, 1), True, True)
        if shape.last is not None and shape.middle is not None:
            for move in (Move.ALLOC, Move.FREE):
                self.rows(step, move, Cause.FUSED, unit.final, shape.middle.output, rows, channels)
            self._op(step, unit.last, shape.last, rows, (0, shape.last.K), channels, begin, finish)

    def _op(self, step: int, index: int | None, layer: Layer, rows: Span, outs: Span, ins: Span, begin: bool,
            finish: bool) -> None:  # fmt: skip
        assert index is not None
        self.tables.op(step, index, rows, layer.Q, outs, ins, begin, finish)

    def finished(self, step: int, shape: UnitShape, rows: Span, stays: bool, channels: Span | None = None) -> None:
        """Rows of the result are complete: they stay in the buffer, or go to DRAM."""
        unit = shape.unit
        owner = unit.final if unit.add is None else unit.add
        if stays:
            self.rows(step, Move.KEEP, Cause.PSUM, unit.final, shape.output, rows, channels)
        else:
            self.rows(step, Move.STORE, Cause.OFMAP, owner, shape.output, rows, channels)
            self.rows(step, Move.FREE, Cause.PSUM, unit.final, shape.output, rows, channels)

    def residual(self, step: int, unit: int, shape: UnitShape, rows: Span, channels: Span | None = None) -> None:
        """What the unit's addition reads from DRAM comes and goes."""
        again = self.cost.reloaded(unit)
        if again is None or shape.unit.add is None:
            return
        for move in (Move.LOAD, Move.FREE):
            self.rows(step, move, Cause.RESIDUAL, shape.unit.add, again, rows, channels)

    def free_held(self, step: int) -> None:
        """Frees maps held from groups before that were read here for the last time, but the input."""
        freed = set()
        for shape in self.cost.shapes:
            residual = shape.residual
            if residual is None or residual.name not in self.cost.held.freed or residual.name in freed:
                continue
            if residual.name != self.cost.ifmap.name:
                freed.add(residual.name)
                self.rows(step, Move.FREE, Cause.FUSED, shape.unit.final, residual, (0, residual.height))


class _Rows:
    """The walk by rows."""

    def __init__(self, unroller: CascadeUnroller) -> None:
        self.to = unroller
        self.cost = unroller.cost
        self.lines = Lines(self.cost)
        self.window_stop = [0] * len(self.cost.shapes)
        self.window_first = [0] * len(self.cost.shapes)

    def unroll(self) -> None:
        step = 0
        for number, piece in enumerate(self.cost.pieces):
            step = self._event(number, piece)
        self.to.free_held(step)

    def _event(self, number: int, piece: Piece) -> int:
        to, unit, rows = self.to, piece.unit, (piece.start, piece.stop)
        shape, chunks = self.cost.shapes[unit], self.cost.chunk_spans[unit]
        first_layer = shape.unit.layers[0]
        held_before = list(self.lines.first)
        self.lines.during(number, piece)
        step = to.new_step()
        if number in self.lines.loads and not self.lines.input_kept:
            to.rows(step, Move.LOAD, Cause.IFMAP, first_layer, self.cost.ifmap, self.lines.loads[number])
            held_before[0] = self.lines.first[0]
        if piece.start == 0:
            to.weights(step, Move.LOAD, shape, (0, shape.channels))
        to.rows(step, Move.ALLOC, Cause.PSUM, shape.unit.final, shape.output, rows)
        for chunk, channels in enumerate(chunks):
            if chunk:
                step = to.new_step()
            window = self._open_window(step, unit, shape, rows, channels)
            begin, finish = chunk == 0 or not shape.sums, chunk + 1 == len(chunks) or not shape.sums
            to.make(step, shape, rows, window, channels, begin, finish)
            self._close_window(step, unit, shape, rows, channels)
        to.residual(step, unit, shape, rows)
        last = unit == len(self.cost.shapes) - 1
        to.finished(step, shape, rows, stays=not last or self.lines.output_kept)
        if piece.stop == self.lines.last_row[unit]:
            to.weights(step, Move.FREE, shape, (0, shape.channels))
        self.lines.after(number, piece)
        self._free_lines(step, held_before)
        return step

    def _open_window(self, step: int, unit: int, shape: UnitShape, rows: Span, channels: Span) -> Span:
        """Room for the expanded rows that are missing."""
        window = shape.window_rows(*rows)
        if not shape.recomputes or shape.lead is None:
            return window
        if self.cost.rolls(unit):
            fresh = (max(window[0], self.window_stop[unit]), window[1])
            if self.window_first[unit] == self.window_stop[unit]:
                self.window_first[unit] = fresh[0]
            self.window_stop[unit] = max(window[1], self.window_stop[unit])
            window = fresh
        self.to.rows(step, Move.ALLOC, Cause.FUSED, shape.unit.layers[0], shape.lead.output, window, channels)
        return window

    def _close_window(self, step: int, unit: int, shape: UnitShape, rows: Span, channels: Span) -> None:
        if not shape.recomputes or shape.lead is None:
            return
        if self.cost.rolls(unit):
            stop = self.window_stop[unit]
            kept = stop if rows[1] == self.lines.last_row[unit] else shape.window_rows(rows[1], rows[1] + 1)[0]
            gone = (self.window_first[unit], min(kept, stop))
            self.window_first[unit] = max(gone[1], gone[0])
        else:
            gone = shape.window_rows(*rows)
        self.to.rows(step, Move.FREE, Cause.FUSED, shape.unit.layers[0], shape.lead.output, gone, channels)

    def _free_lines(self, step: int, held_before: list[int]) -> None:
        for source, before in enumerate(held_before[:-1]):
            tensor = self.lines.maps[source]
            owner = self.cost.shapes[source].unit.layers[0]
            start = before
            if self.lines.first[source] > start:
                self.to.rows(step, Move.FREE, Cause.FUSED, owner, tensor, (start, self.lines.first[source]))


class _Chunks:
    """The walk by chunks, of one unit."""

    def __init__(self, unroller: CascadeUnroller) -> None:
        self.to = unroller
        self.cost = unroller.cost
        self.shape = self.cost.shapes[0]

    def unroll(self) -> None:
        to, cost, shape = self.to, self.cost, self.shape
        kept, freed = cost.held.kept, cost.held.freed
        chunks, pieces = cost.chunk_spans[0], cost.pieces
        stays = cost.output.name in kept
        input_kept = cost.ifmap.name in kept
        leaves = not input_kept or cost.ifmap.name in freed
        loads = {number: (start, stop) for number, start, stop in cost.input_loads}
        step = 0
        for chunk, channels in enumerate(chunks):
            first, last = chunk == 0, chunk + 1 == len(chunks)
            held = made = 0
            for number, piece in enumerate(pieces):
                rows = (piece.start, piece.stop)
                step = to.new_step()
                if first and number in loads and not input_kept:
                    to.rows(step, Move.LOAD, Cause.IFMAP, shape.unit.layers[0], cost.ifmap, loads[number])
                if number == 0:
                    to.weights(step, Move.LOAD, shape, channels)
                some = None if shape.sums else channels
                if first or not shape.sums:
                    to.rows(step, Move.ALLOC, Cause.PSUM, shape.unit.final, shape.output, rows, some)
                window = shape.window_rows(*rows)
                if shape.recomputes and shape.lead is not None:
                    fresh = (max(window[0], made), window[1])
                    to.rows(step, Move.ALLOC, Cause.FUSED, shape.unit.layers[0], shape.lead.output, fresh, channels)
                    held = held if held < made else fresh[0]
                    made = max(made, window[1])
                    window = fresh
                to.make(step, shape, rows, window, channels, first or not shape.sums, last or not shape.sums)
                end = number + 1 == len(pieces)
                if shape.recomputes and shape.lead is not None:
                    upto = made if end else min(shape.window_rows(piece.stop, piece.stop + 1)[0], made)
                    to.rows(step, Move.FREE, Cause.FUSED, shape.unit.layers[0], shape.lead.output, (held, upto), channels)
                    held = max(held, upto)
                if last or not shape.sums:
                    to.residual(step, 0, shape, rows, some)
                    to.finished(step, shape, rows, stays, some)
                if end:
                    to.weights(step, Move.FREE, shape, channels)
        if leaves:
            start = 0 if input_kept else min(start for start, _ in loads.values())
            stop = cost.ifmap.height if input_kept else max(stop for _, stop in loads.values())
            # rows that no window covers were never loaded
            for span in self._loaded(loads) if not input_kept else [(start, stop)]:
                to.rows(step, Move.FREE, Cause.FUSED, shape.unit.layers[0], cost.ifmap, span)
        to.free_held(step)

    @staticmethod
    def _loaded(loads: dict[int, Span]) -> list[Span]:
        return list(loads.values())

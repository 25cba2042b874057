"""A cascade unrolled: every event of its walk is a step for each chunk of channels."""

from __future__ import annotations

from dataclasses import dataclass, field

from scanfuse.mapping.cascade import CascadeCost, Columns, Piece
from scanfuse.mapping.estimate import reduction
from scanfuse.mapping.lines import Lines
from scanfuse.mapping.units import UnitShape
from scanfuse.network import Layer, Tensor
from scanfuse.program.program import Cause, Move
from scanfuse.program.tables import Box, GroupTables
from scanfuse.program.tensors import TensorTable

Span = tuple[int, int]
ONE_PIXEL = (0, 1), (0, 1)


@dataclass
class CascadeUnroller:
    """Unrolls one `Cascade`."""

    cost: CascadeCost
    table: TensorTable
    tables: GroupTables = field(default_factory=GroupTables)

    def unroll(self) -> GroupTables:
        """The tables of the group."""
        if self.cost.cascade.walk == "chunks":
            _Chunks(self).unroll()
        else:
            for number in range(len(self.cost.columns)):
                _Stripe(self, number).unroll()
        self._free_held()
        return self.tables

    def new_step(self) -> int:
        self.tables.steps += 1
        return self.tables.steps - 1

    # --- moves ---
    def rows(self, step: int, move: Move, cause: Cause, layer: int, tensor: Tensor, rows: Span, columns: Span,
             channels: Span | None = None) -> None:  # fmt: skip
        """Moves rows of a map, of all channels or some."""
        if rows[1] > rows[0]:
            box = (*(channels or (0, tensor.channels)), *rows, *columns)
            self.tables.move(step, move, cause, layer, self.table.maps[tensor.name], box)

    def weights(
        self, step: int, move: Move, shape: UnitShape, channels: Span, part: Span | None = None
    ) -> None:
        """Moves what belongs to some of the unit's channels, and of the last layer's to a part of its
        results."""
        unit = shape.unit
        for index, layer in (
            (unit.lead, shape.lead),
            (unit.middle, shape.middle),
            (unit.side, shape.side),
        ):
            if index is not None and layer is not None and layer.weight_shape is not None:
                _, ins, *_ = layer.weight_shape
                self._weights(step, move, index, (*channels, 0, ins, 0, layer.R * layer.S))
        if unit.last is not None and shape.last is not None:
            self._weights(step, move, unit.last, (*(part or (0, shape.last.K)), *channels, 0, 1))

    def _weights(self, step: int, move: Move, index: int, box: Box) -> None:
        self.tables.move(step, move, Cause.WEIGHT, index, self.table.weights[index], box)

    # --- computing ---
    def make(self, step: int, shape: UnitShape, rows: Span, window: Span, columns: Columns, channels: Span,
             begin: bool, finish: bool, part: Span | None = None) -> None:  # fmt: skip
        """Makes rows of the unit's result for a chunk of channels, or adds them to the sums of a pool;
        `window` are the rows that its lead makes for that. What the middle makes for others comes and goes
        within the step."""
        unit, result = shape.unit, columns.result
        for layer in (shape.middle, shape.gate)[: shape.passing]:
            assert layer is not None
            for move in (Move.ALLOC, Move.FREE):
                self.rows(step, move, Cause.FUSED, unit.final, layer.output, rows, result, channels)
        if shape.side is not None:
            for move in (Move.ALLOC, Move.FREE):
                self.rows(step, move, Cause.FUSED, unit.final, shape.side.output, rows, result, channels)
            self._op(step, unit.side, shape.side, rows, result, channels, (0, shape.side.C), True, True)
        if shape.lead is not None:
            lead_rows, lead_columns = (rows, result) if shape.middle is None else (window, columns.window)
            if lead_rows[1] > lead_rows[0]:
                ins = (0, shape.lead.C)
                self._op(step, unit.lead, shape.lead, lead_rows, lead_columns, channels, ins, True, True)
        if shape.middle is not None:
            whole = (0, reduction(shape.middle))
            self._op(step, unit.middle, shape.middle, rows, result, channels, whole, True, True)
        if shape.gate is not None:
            self._op(step, unit.gate, shape.gate, rows, result, channels, (0, 1), True, True)
        if shape.pool is not None:
            self._op(step, unit.pool, shape.pool, (0, 1), (0, 1), channels, rows, begin, finish)
        if shape.last is not None and shape.middle is not None:
            outs = part or (0, shape.last.K)
            self._op(step, unit.last, shape.last, rows, result, outs, channels, begin, finish)

    def _op(self, step: int, index: int | None, layer: Layer, rows: Span, columns: Span, outs: Span, ins:
    Span,
            begin: bool, finish: bool) -> None:  # fmt: skip
        assert index is not None
        self.tables.op(step, index, rows, columns, outs, ins, begin, finish)

    def finished(self, step: int, unit: int, rows: Span, columns: Span, stays: bool,
                 channels: Span | None = None) -> None:  # fmt: skip
        """Rows of the result are complete: they stay in the buffer, or go to DRAM. What the unit's addition
        reads from DRAM comes and goes."""
        shape = self.cost.shapes[unit]
        final, owner = shape.unit.final, shape.stage.layer if shape.unit.add is None else shape.unit.add
        again = self.cost.reloaded(unit)
        if again is not None:
            for move in (Move.LOAD, Move.FREE):
                self.rows(step, move, Cause.RESIDUAL, owner, again, rows, columns, channels)
        if stays:
            self.rows(step, Move.KEEP, Cause.PSUM, final, shape.output, rows, columns, channels)
        else:
            self.rows(step, Move.STORE, Cause.OFMAP, owner, shape.output, rows, columns, channels)
            self.rows(step, Move.FREE, Cause.PSUM, final, shape.output, rows, columns, channels)

    def _free_held(self) -> None:
        """At the end, maps held from groups before go that were added, or scaled by, here and are not read
        again."""
        step, names = self.tables.steps - 1, {self.cost.ifmap.name}
        for shape in self.cost.shapes:
            for tensor in (shape.residual, shape.factors):
                if tensor is not None and tensor.name in self.cost.held.freed and tensor.name not in names:
                    names.add(tensor.name)
                    whole = (0, tensor.height), (0, tensor.width)
                    self.rows(step, Move.FREE, Cause.FUSED, shape.unit.final, tensor, *whole)


class _Stripe:
    """The walk by rows of one stripe of columns."""

    def __init__(self, unroller: CascadeUnroller, number: int) -> None:
        self.to = unroller
        self.cost = unroller.cost
        self.columns = self.cost.columns[number]
        self.opening, self.closing = number == 0, number + 1 == len(self.cost.columns)
        self.lines = Lines(self.cost)
        self.window_first = [0] * len(self.cost.shapes)
        self.window_stop = [0] * len(self.cost.shapes)

    def unroll(self) -> None:
        for number, piece in enumerate(self.cost.pieces):
            self._event(number, piece)

    def _event(self, number: int, piece: Piece) -> None:
        to, lines, unit, rows = self.to, self.lines, piece.unit, (piece.start, piece.stop)
        shape, columns = self.cost.shapes[unit], self.columns[unit]
        lines.during(number, piece)
        held = list(lines.first)
        step = to.new_step()
        if number in lines.loads and not lines.input_kept:
            first_layer = shape.unit.layers[0]
            to.rows(
                step, Move.LOAD, Cause.IFMAP, first_layer, self.cost.ifmap, lines.loads[number], columns.ifmap
            )
        chunks = self.cost.chunk_spans[unit]
        stays = unit + 1 < len(self.cost.shapes) or lines.output_kept
        for chunk, channels in enumerate(chunks):
            if chunk:
                step = to.new_step()
            pinned = channels[1] <= self.cost.cascade.pinned[unit]
            if not pinned or (self.opening and piece.start == 0):
                to.weights(step, Move.LOAD, shape, channels)
            window = self._open_window(step, unit, rows, channels)
            begin, finish = chunk == 0 or not shape.sums, chunk + 1 == len(chunks) or not shape.sums
            result = rows, columns.result
            if shape.pool is not None:
                begin, finish = piece.start == 0, piece.stop == lines.last_row[unit]
                result = ONE_PIXEL
            some = None if shape.sums else channels
            if begin:
                to.rows(step, Move.ALLOC, Cause.PSUM, shape.unit.final, shape.output, *result, some)
            to.make(step, shape, rows, window, columns, channels, begin, finish)
            self._close_window(step, unit, rows, channels)
            if finish:
                to.finished(step, unit, *result, stays, some)
            if not pinned or (self.closing and piece.stop == lines.last_row[unit]):
                to.weights(step, Move.FREE, shape, channels)
        lines.after(piece)
        self._free_lines(step, held)

    def _open_window(self, step: int, unit: int, rows: Span, channels: Span) -> Span:
        """Room for the expanded rows that are missing."""
        shape = self.cost.shapes[unit]
        window = shape.window_rows(*rows)
        if not shape.recomputes or shape.lead is None:
            return window
        if self.cost.rolls(unit):
            fresh = (max(window[0], self.window_stop[unit]), window[1])
            if self.window_first[unit] == self.window_stop[unit]:
                self.window_first[unit] = fresh[0]
            self.window_stop[unit] = max(window[1], self.window_stop[unit])
            window = fresh
        self._move_window(step, Move.ALLOC, unit, window, channels)
        return window

    def _close_window(self, step: int, unit: int, rows: Span, channels: Span) -> None:
        shape = self.cost.shapes[unit]
        if not shape.recomputes:
            return
        gone = shape.window_rows(*rows)
        if self.cost.rolls(unit):
            stop = self.window_stop[unit]
            done = rows[1] == self.lines.last_row[unit]
            kept = stop if done else min(shape.window_rows(rows[1], rows[1] + 1)[0], stop)
            gone = (self.window_first[unit], kept)
            self.window_first[unit] = max(gone)
        self._move_window(step, Move.FREE, unit, gone, channels)

    def _move_window(self, step: int, move: Move, unit: int, rows: Span, channels: Span) -> None:
        shape, columns = self.cost.shapes[unit], self.columns[unit]
        assert shape.lead is not None
        self.to.rows(
            step, move, Cause.FUSED, shape.unit.layers[0], shape.lead.output, rows, columns.window, channels
        )

    def _free_lines(self, step: int, held: list[int]) -> None:
        widths = [self.columns[0].ifmap, *(columns.result for columns in self.columns)]
        for source, start in enumerate(held[:-1]):
            owner = self.cost.shapes[source].unit.layers[0]
            gone = (start, self.lines.first[source])
            self.to.rows(step, Move.FREE, Cause.FUSED, owner, self.lines.maps[source], gone, widths[source])


class _Chunks:
    """The walk by chunks, of one unit."""

    def __init__(self, unroller: CascadeUnroller) -> None:
        self.to = unroller
        self.cost = unroller.cost
        self.shape = self.cost.shapes[0]
        self.columns = self.cost.columns[0][0]
        self.step = 0

    def unroll(self) -> None:
        chunks = self.cost.chunk_spans[0]
        input_kept = self.cost.ifmap.name in self.cost.held.kept
        for part in self.cost.part_spans if self.shape.sums else (None,):
            for chunk, channels in enumerate(chunks):
                self._chunk(channels, part, chunk == 0, chunk + 1 == len(chunks), input_kept)
        gone = [] if self.cost.by_chunk else list(self.cost.input_loads.values())
        if input_kept:
            gone = [(0, self.cost.ifmap.height)] if self.cost.ifmap.name in self.cost.held.freed else []
        for rows in gone:
            self._input(Move.FREE, Cause.FUSED, rows, None)

    def _input(self, move: Move, cause: Cause, rows: Span, channels: Span | None) -> None:
        layer, columns = self.shape.unit.layers[0], self.columns.ifmap
        self.to.rows(self.step, move, cause, layer, self.cost.ifmap, rows, columns, channels)

    def _chunk(self, channels: Span, part: Span | None, first: bool, last: bool, input_kept: bool) -> None:
        to, cost, shape = self.to, self.cost, self.shape
        result, stays = self.columns.result, cost.output.name in cost.held.kept
        begin, finish = first or not shape.sums, last or not shape.sums
        some = part if shape.sums else channels
        held = made = came_from = came = 0
        for number, piece in enumerate(cost.pieces):
            rows, end = (piece.start, piece.stop), number + 1 == len(cost.pieces)
            target = rows, result
            if cost.pools:
                begin, finish, target = number == 0, end, ONE_PIXEL
            step = self.step = to.new_step()
            if number in cost.input_loads and not input_kept and (first or cost.by_chunk):
                load = cost.input_loads[number]
                self._input(Move.LOAD, Cause.IFMAP, load, channels if cost.by_chunk else None)
                came_from = came_from if came_from < came else load[0]
                came = load[1]
            if number == 0:
                to.weights(step, Move.LOAD, shape, channels, part)
            if begin:
                to.rows(step, Move.ALLOC, Cause.PSUM, shape.unit.final, shape.output, *target, some)
            window = shape.window_rows(*rows)
            if shape.recomputes:
                window = (max(window[0], made), window[1])
                self._window(Move.ALLOC, window, channels)
                held = held if held < made else window[0]
                made = max(made, window[1])
            to.make(step, shape, rows, window, self.columns, channels, begin, finish, part)
            upcoming = None if end else shape.window_rows(piece.stop, piece.stop + 1)[0]
            if shape.recomputes:
                upto = made if upcoming is None else min(upcoming, made)
                self._window(Move.FREE, (held, upto), channels)
                held = max(held, upto)
            if cost.by_chunk:
                upto = came if upcoming is None else min(upcoming, came)
                self._input(Move.FREE, Cause.FUSED, (came_from, upto), channels)
                came_from = max(came_from, upto)
            if finish:
                to.finished(step, 0, *target, stays, some)
            if end:
                to.weights(step, Move.FREE, shape, channels, part)

    def _window(self, move: Move, rows: Span, channels: Span) -> None:
        assert self.shape.lead is not None
        layer, columns = self.shape.unit.layers[0], self.columns.window
        self.to.rows(self.step, move, Cause.FUSED, layer, self.shape.lead.output, rows, columns, channels)

"""A cascade: consecutive units run depth-first, or one unit with its weights streamed past a map on the chip.

* Walk `rows`: for every row of the last unit's result, each unit before it makes just the rows still missing
  (at most `step_rows` at a time). Between two units only the rows still needed are kept, residual inputs as
  long as the addition needs them. Weights come when their unit first runs and stay until it has finished. A
  unit's expanded channels are made `chunk` at a time: rows of the expanded tensor under several windows are
  made again, unless one chunk holds all channels and its window rolls on.
* Walk `chunks`: one unit. Its whole input comes once, its weights a chunk at a time, each chunk runs over the
  whole map; partial sums of the whole result stay. Nothing is read or computed twice.

The input, the result, and what an addition reads may be kept in the buffer between groups (`Held`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from scanfuse.mapping.fusion import spans
from scanfuse.mapping.traffic import Traffic
from scanfuse.mapping.units import Unit, UnitShape
from scanfuse.network import Network, Tensor

Walk = Literal["rows", "chunks"]


@dataclass(frozen=True)
class Cascade:
    """How consecutive units are walked. `chunks`: per unit, the channels made at a time."""

    units: tuple[Unit, ...]
    chunks: tuple[int, ...]
    walk: Walk = "rows"
    step_rows: int = 1

    @property
    def layers(self) -> tuple[int, ...]:
        return tuple(index for unit in self.units for index in unit.layers)


@dataclass(frozen=True)
class Held:
    """Maps that stay in the buffer between groups, as one group sees them (names of tensors).

    kept: every map that never goes to DRAM; freed: those of them that this group reads last; over_entries: of
    those that it neither reads nor makes, but which take room meanwhile.
    """

    kept: frozenset[str] = frozenset()
    freed: frozenset[str] = frozenset()
    over_entries: int = 0


NOTHING_HELD = Held()


@dataclass(frozen=True)
class Piece:
    """One event of a walk: a unit makes rows [start, stop) of its result, for one chunk or for all in turn."""

    unit: int
    start: int
    stop: int


@dataclass(frozen=True)
class CascadeCost:
    """Closed forms of a cascade, by walking its rows without their contents."""

    network: Network
    cascade: Cascade
    held: Held = NOTHING_HELD
    psum_entries: int = 1

    @cached_property
    def shapes(self) -> tuple[UnitShape, ...]:
        return tuple(UnitShape(self.network, unit) for unit in self.cascade.units)

    @cached_property
    def chunk_spans(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """Per unit, its channels cut into chunks."""
        return tuple(
            spans(shape.channels, chunk) for shape, chunk in zip(self.shapes, self.cascade.chunks, strict=True)
        )

    @property
    def ifmap(self) -> Tensor:
        return self.shapes[0].ifmap

    @property
    def output(self) -> Tensor:
        return self.shapes[-1].output

    def rolls(self, unit: int) -> bool:
        """Whether the unit's window of expanded rows is kept from one event to the next."""
        return self.shapes[unit].recomputes and len(self.chunk_spans[unit]) == 1

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The events in order."""
        if self.cascade.walk == "chunks":
            rows = spans(self.shapes[0].final.P, self.cascade.step_rows)
            return tuple(Piece(0, start, stop) for start, stop in rows)
        return tuple(self._walk_rows())

    def _walk_rows(self) -> Iterator[Piece]:
        made = [0] * len(self.shapes)

        def make(unit: int, upto: int) -> Iterator[Piece]:
            while made[unit] < upto:
                start = made[unit]
                stop = min(start + self.cascade.step_rows, upto)
                if unit:
                    yield from make(unit - 1, self.shapes[unit].input_rows(start, stop)[1])
                made[unit] = stop
                yield Piece(unit, start, stop)

        last = len(self.shapes) - 1
        for row in range(self.shapes[last].final.P):
            yield from make(last, row + 1)

    @cached_property
    def made_rows(self) -> tuple[int, ...]:
        """Per unit, the rows of its result that are made; rows nothing reads are not."""
        found = [0] * len(self.shapes)
        for piece in self.pieces:
            found[piece.unit] = piece.stop
        return tuple(found)

    def residual_source(self, unit: int) -> int | None:
        """Where the rows lie that the unit's addition reads: -1 for the group's input, the number of the unit
        that made them, or None where they come from elsewhere or there is no addition."""
        residual = self.shapes[unit].residual
        if residual is None:
            return None
        if residual.name == self.ifmap.name:
            return -1
        made = [number for number in range(unit) if self.shapes[number].output.name == residual.name]
        return made[0] if made else None

    def reloaded(self, unit: int) -> Tensor | None:
        """What the unit's addition reads from DRAM."""
        residual = self.shapes[unit].residual
        if residual is None or residual.name in self.held.kept or self.residual_source(unit) is not None:
            return None
        return residual

    @cached_property
    def input_loads(self) -> tuple[tuple[int, int, int], ...]:
        """(event, start, stop): rows of the input that come in before an event."""
        found, held = [], 0
        for number, piece in enumerate(self.pieces):
            if piece.unit:
                continue
            start, stop = self.shapes[0].input_rows(piece.start, piece.stop)
            if self._reads_input_as_residual:
                start, stop = min(start, held), max(stop, self._residual_rows_of_input(number))
            if stop > held:
                found.append((number, max(start, held), stop))
                held = stop
        return tuple(found)

    @cached_property
    def _reads_input_as_residual(self) -> bool:
        return any(self.residual_source(unit) == -1 for unit in range(len(self.shapes)))

    def _residual_rows_of_input(self, number: int) -> int:
        piece = self.pieces[number]
        return piece.stop if self.residual_source(piece.unit) == -1 else 0

    @cached_property
    def traffic(self) -> Traffic:
        row = self.ifmap.channels * self.ifmap.width
        rows = sum(stop - start for _, start, stop in self.input_loads)
        return Traffic(
            ifmap=0 if self.ifmap.name in self.held.kept else rows * row,
            weight=sum(shape.weight_entries for shape in self.shapes),
            ofmap=0 if self.output.name in self.held.kept else self.output.entries,
            psum_written=0,
            psum_read=0,
            residual=sum(
                tensor.entries for unit in range(len(self.shapes)) if (tensor := self.reloaded(unit)) is not None
            ),
        )

    @cached_property
    def extra_macs(self) -> int:
        """MACs of rows computed more than once, less those of rows that nothing reads and that are not made."""
        total = 0
        for unit, shape in enumerate(self.shapes):
            for layer, rows in ((shape.lead, self._lead_rows(unit)), (shape.middle, self.made_rows[unit]),
                                (shape.last, self.made_rows[unit])):  # fmt: skip
                if layer is not None and layer.macs:
                    total += (rows - layer.P) * (layer.macs // layer.P)
        return total

    def _lead_rows(self, unit: int) -> int:
        """Rows that the unit's lead computes, again and again counted."""
        shape = self.shapes[unit]
        if not shape.recomputes:
            return self.made_rows[unit]
        rolling = self.cascade.walk == "chunks" or self.rolls(unit)
        rows = held = 0
        for piece in self.pieces:
            if piece.unit == unit:
                start, stop = shape.window_rows(piece.start, piece.stop)
                rows += stop - (max(start, held) if rolling else start)
                held = stop
        return rows

    @cached_property
    def steps(self) -> int:
        return sum(len(self.chunk_spans[piece.unit]) for piece in self.pieces)

    @cached_property
    def live_entries(self) -> int:
        """Entries live at the peak, of this group and of what is held over it: what the program holds."""
        base, per_chunk, rolling = self.demand
        live = [
            base[unit] + (rolling[unit] if self.rolls(unit) else 0) + per_chunk[unit] * self._chunk(unit)
            for unit in range(len(self.shapes))
        ]
        windows = sum(rolling[unit] for unit in range(len(self.shapes)) if self.rolls(unit))
        return self.held.over_entries + max(
            peak + windows - (rolling[unit] if self.rolls(unit) else 0) for unit, peak in enumerate(live)
        )

    def _chunk(self, unit: int) -> int:
        return max(stop - start for start, stop in self.chunk_spans[unit])

    @cached_property
    def demand(self) -> tuple[list[int], list[int], list[int]]:
        """Per unit, what its events need at the most: entries whatever the chunk, entries per channel of a
        chunk, and entries of a window that rolls on."""
        return self._demand_of_chunks() if self.cascade.walk == "chunks" else self._demand_of_rows()

    def _demand_of_chunks(self) -> tuple[list[int], list[int], list[int]]:
        shape, final = self.shapes[0], self.shapes[0].final
        step = min(self.cascade.step_rows, final.P)
        kept_output = self.output.name in self.held.kept
        whole_input = self.ifmap.entries
        residual = 0
        if shape.residual is not None and shape.residual.name in self.held.kept:
            residual = shape.residual.entries if shape.residual.name != self.ifmap.name else 0
        elif self.reloaded(0) is not None:
            residual = step * final.Q * final.K
        row, per_chunk = final.Q * final.K, shape.weights_per_channel
        if shape.sums:
            result = final.P * row * self.psum_entries
        else:  # the result comes a chunk of channels at a time
            result = self.output.entries if kept_output else 0
            pieces = step * final.Q
            per_chunk += pieces * self.psum_entries - (pieces if kept_output else 0)
        per_chunk += self._temporary(0, step)
        return [whole_input + result + residual], [per_chunk], [0]

    def _temporary(self, unit: int, rows: int) -> int:
        """Entries per channel of a chunk while `rows` of the result are made, but for a window that rolls on."""
        shape = self.shapes[unit]
        total = 0
        if shape.middle is not None and shape.last is not None:
            total += rows * shape.middle.Q
        if shape.recomputes and shape.middle is not None:
            total += self._window(shape, rows) * shape.middle.ifmap.width
        return total

    @staticmethod
    def _window(shape: UnitShape, rows: int) -> int:
        """The most rows under `rows` rows of the result."""
        layer = shape.middle
        assert layer is not None
        return min(layer.ifmap.height, (rows - 1) * layer.stride[0] + (layer.R - 1) * layer.dilation[0] + 1)

    def _demand_of_rows(self) -> tuple[list[int], list[int], list[int]]:
        count = len(self.shapes)
        base, window_rows, most_rows = [0] * count, [0] * count, [0] * count
        for piece, lines in self.lines():
            base[piece.unit] = max(base[piece.unit], lines)
            most_rows[piece.unit] = max(most_rows[piece.unit], piece.stop - piece.start)
            start, stop = self.shapes[piece.unit].window_rows(piece.start, piece.stop)
            window_rows[piece.unit] = max(window_rows[piece.unit], stop - start)
        per_chunk, rolling = [0] * count, [0] * count
        for unit, shape in enumerate(self.shapes):
            if shape.middle is not None and shape.last is not None:
                per_chunk[unit] += most_rows[unit] * shape.middle.Q
            if shape.recomputes and shape.middle is not None:
                window = window_rows[unit] * shape.middle.ifmap.width
                if self.rolls(unit):
                    rolling[unit] = window * shape.channels
                else:
                    per_chunk[unit] += window
        return base, per_chunk, rolling

    def lines(self) -> Iterator[tuple[Piece, int]]:
        """Per event, the entries live while it runs: weights, rows between units, rows being made, residuals."""
        keep = Lines(self)
        for number, piece in enumerate(self.pieces):
            yield piece, keep.during(number, piece)
            keep.after(number, piece)


class Lines:
    """The rows that are in the buffer while a cascade is walked by rows, and the weights.

    Map -1 is the group's input, map u the result of unit u; `first` and `stop` bound the rows held of each.
    """

    def __init__(self, cost: CascadeCost) -> None:
        self.cost = cost
        shapes, kept = cost.shapes, cost.held.kept
        self.maps = [cost.ifmap, *(shape.output for shape in shapes)]
        self.row = [tensor.channels * tensor.width for tensor in self.maps]
        self.first = [0] * len(self.maps)
        self.stop = [0] * len(self.maps)
        self.input_kept, self.output_kept = cost.ifmap.name in kept, cost.output.name in kept
        if self.input_kept:
            self.stop[0] = cost.ifmap.height
        self.made = [0] * len(shapes)
        self.weights = 0
        self.loads = {number: (start, stop) for number, start, stop in cost.input_loads}
        self.readers = [
            [unit for unit in range(len(shapes)) if cost.residual_source(unit) == source]
            for source in range(-1, len(shapes))
        ]
        self.last_row = cost.made_rows
        self.elsewhere = sum(
            residual.entries
            for unit, shape in enumerate(shapes)
            if (residual := shape.residual) is not None
            and residual.name in kept
            and cost.residual_source(unit) is None
        )

    def during(self, number: int, piece: Piece) -> int:
        shape = self.cost.shapes[piece.unit]
        if number in self.loads and not self.input_kept:
            start, stop = self.loads[number]
            if self.first[0] == self.stop[0]:
                self.first[0] = start
            self.stop[0] = stop
        if piece.start == 0:
            self.weights += shape.weight_entries
        rows = (piece.stop - piece.start) * self.row[piece.unit + 1]
        live = self.weights + rows * self.cost.psum_entries + self.elsewhere
        if self.cost.reloaded(piece.unit) is not None:
            live += rows
        return live + sum(
            (stop - first) * row for first, stop, row in zip(self.first, self.stop, self.row, strict=True)
        )

    def after(self, number: int, piece: Piece) -> None:
        unit = piece.unit
        self.made[unit] = piece.stop
        own = unit + 1
        last = unit == len(self.cost.shapes) - 1
        if not last or self.output_kept:
            if self.first[own] == self.stop[own]:
                self.first[own] = piece.start
            self.stop[own] = piece.stop
        if piece.stop == self.last_row[unit]:
            self.weights -= self.cost.shapes[unit].weight_entries
        for source in range(len(self.maps) - 1):
            self.first[source] = min(max(self.first[source], self.needed_from(source)), self.stop[source])

    def needed_from(self, source: int) -> int:
        """The first row of a map that is still needed; `source` counts the input as 0."""
        if source == 0 and self.input_kept and self.cost.ifmap.name not in self.cost.held.freed:
            return 0
        needed = self.cost.ifmap.height if source == 0 else self.maps[source].height
        made = self.made[source]
        if made < self.last_row[source]:
            needed = self.cost.shapes[source].input_rows(made, made + 1)[0]
        for unit in self.readers[source]:
            needed = min(needed, self.made[unit] if self.made[unit] < self.last_row[unit] else needed)
        return needed

"""Line buffers: the rows of each map of a cascade that are in the buffer while it is walked by rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scanfuse.mapping.cascade import CascadeCost, Piece


def span_length(span: tuple[int, int]) -> int:
    return span[1] - span[0]


class Lines:
    """The rows that are in the buffer while a stripe is walked by rows, and the pinned weights.

    Map 0 is the group's input, map u + 1 the result of unit u; `first` and `stop` bound the rows held of
    each.
    """

    def __init__(self, cost: CascadeCost) -> None:
        self.cost = cost
        shapes, kept = cost.shapes, cost.held.kept
        self.maps = [cost.ifmap, *(shape.output for shape in shapes)]
        widths = [span_length(cost.widest[0].ifmap), *(span_length(each.result) for each in cost.widest)]
        self.row = [tensor.channels * width for tensor, width in zip(self.maps, widths, strict=True)]
        self.first = [0] * len(self.maps)
        self.stop = [0] * len(self.maps)
        self.input_kept, self.output_kept = cost.ifmap.name in kept, cost.output.name in kept
        if self.input_kept:
            self.stop[0] = cost.ifmap.height
        self.made = [0] * len(shapes)
        self.rows_held = self.stop[0] * self.row[0]
        self.pooled, self.sums = cost.pools, 0
        pinned = zip(shapes, cost.cascade.pinned, strict=True)
        self.pinned = [shape.weights_per_channel * channels for shape, channels in pinned]
        # In several stripes the weights stay from the first to the last.
        self.weights = sum(self.pinned) if cost.cascade.stripes > 1 else 0
        self.loads = cost.input_loads
        sources = [cost.residual_source(unit) for unit in range(len(shapes))]
        self.readers = [
            [unit for unit, found in enumerate(sources) if found == source]
            for source in range(-1, len(shapes))
        ]
        self.sides = [
            [unit for unit in range(len(shapes)) if cost.side_source(unit) == source]
            for source in range(-1, len(shapes))
        ]
        self.last_row = cost.made_rows
        self.reloads = [cost.reloaded(unit) is not None for unit in range(len(shapes))]
        self.elsewhere = cost.factor_entries + sum(
            residual.entries
            for shape, source in zip(shapes, sources, strict=True)
            if (residual := shape.residual) is not None and residual.name in kept and source is None
        )

    def during(self, number: int, piece: Piece) -> int:
        """Entries live in an event, but for those that depend on the chunk. Its input rows have come."""
        unit = piece.unit
        if number in self.loads and not self.input_kept:
            start, stop = self.loads[number]
            self._grow(0, start, stop)
        if piece.start == 0 and self.cost.cascade.stripes == 1:
            self.weights += self.pinned[unit]
        rows = (piece.stop - piece.start) * self.row[unit + 1]
        if self.pooled and unit + 1 == len(self.cost.shapes):  # from now on to the end
            self.sums, rows = self.cost.output.entries * self.cost.psum_entries, 0
        if self.cost.leaves_by_chunk(unit):
            rows = 0
        live = self.weights + rows * self.cost.psum_entries + self.elsewhere + self.rows_held + self.sums
        return live + (rows if self.reloads[unit] else 0)

    def after(self, piece: Piece) -> None:
        """The event's rows are made; what is not needed any more has gone."""
        unit = piece.unit
        self.made[unit] = piece.stop
        if unit + 1 < len(self.cost.shapes) or (self.output_kept and not self.pooled):
            self._grow(unit + 1, piece.start, piece.stop)
        if piece.stop == self.last_row[unit] and self.cost.cascade.stripes == 1:
            self.weights -= self.pinned[unit]
        self._shrink(unit)
        for source in range(len(self.maps) - 1):
            if unit in self.readers[source] + self.sides[source] and source != unit:
                self._shrink(source)

    def _grow(self, source: int, start: int, stop: int) -> None:
        if self.first[source] == self.stop[source]:
            self.first[source] = self.stop[source] = start
        self.rows_held += (stop - self.stop[source]) * self.row[source]
        self.stop[source] = stop

    def _shrink(self, source: int) -> None:
        first = min(max(self.first[source], self._needed_from(source)), self.stop[source])
        self.rows_held -= (first - self.first[source]) * self.row[source]
        self.first[source] = first

    def _needed_from(self, source: int) -> int:
        """The first row of a map that is still needed by the unit after it or by an addition."""
        cost = self.cost
        if source == 0 and self.input_kept and cost.ifmap.name not in cost.held.freed:
            return 0
        needed, made = self.maps[source].height, self.made[source]
        if made < self.last_row[source]:
            needed = cost.shapes[source].input_rows(made, made + 1)[0]
        for unit in self.readers[source]:
            if self.made[unit] < self.last_row[unit]:
                needed = min(needed, self.made[unit])
        for unit in self.sides[source]:
            side, upcoming = cost.shapes[unit].side, self.made[unit]
            if side is not None and upcoming < self.last_row[unit]:
                needed = min(needed, side.input_rows(upcoming, upcoming + 1)[0])
        return needed

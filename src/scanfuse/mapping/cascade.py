"""A cascade: consecutive units run depth-first, or one unit with its weights streamed past a map on the chip.

* Walk `rows`: the last unit's result is made in bands of `band_rows`; for each, the units before it make just
  the rows still missing (at most `step_rows` at a time). Between two units only the rows still needed are
  kept, residual inputs as long as the addition needs them. The weights of `pinned` channels of a unit come
  when it first runs and stay until it has finished; the others come again each time. A unit's channels are
  made `chunk` at a time: rows of an expanded tensor under several windows are made again, unless one chunk
  holds all channels and its window rolls on. In several `stripes` the whole walk is made once for each stripe
  of columns; columns under the windows of two stripes are read, and made, twice.
* Walk `chunks`: one unit. Its whole input comes once, its weights a chunk at a time, each chunk runs over the
  whole map; partial sums of the whole result stay. Nothing is read or computed twice. A unit without lead
  needs of its input just the rows under a step and the channels of the chunk; it may make its result in
  several `parts` of its channels, for each of which the input comes again.

The input, the result, and what an addition reads may be kept in the buffer between groups (`Held`); the
factors of a scale must be. A unit that pools is the last one: the sums of its channels stay while the rows
that they sum up come and go.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from scanfuse.mapping.errors import MappingError
from scanfuse.mapping.fields import NotNegative, Positive
from scanfuse.mapping.fusion import spans
from scanfuse.mapping.lines import Lines, span_length
from scanfuse.mapping.traffic import Traffic
from scanfuse.mapping.units import Unit, UnitShape, unit_shape
from scanfuse.network import Network, Tensor

PART_BLOCK = 8  # parts of a result have whole blocks of channels, where they are larger
Walk = Literal["rows", "chunks"]
Span = tuple[int, int]


@dataclass(frozen=True)
class Cascade:
    """How consecutive units are walked. Per unit: `chunks`, the channels made at a time; `pinned`, the
    channels whose weights stay (walk `rows`). input_again: additions of later units that read the
    cascade's input get it from DRAM again, so that its rows need not wait for them."""

    units: tuple[Unit, ...]
    chunks: tuple[Positive, ...]
    pinned: tuple[NotNegative, ...]
    walk: Walk = "rows"
    band_rows: Positive = 1
    step_rows: Positive = 1
    stripes: Positive = 1
    input_again: bool = False
    parts: Positive = 1

    @property
    def layers(self) -> tuple[int, ...]:
        return tuple(sorted(index for unit in self.units for index in unit.layers))


@dataclass(frozen=True)
class Held:
    """Maps that stay in the buffer between groups, as one group sees them (names of tensors).

    kept: every map that never goes to DRAM; freed: those of them that this group reads last; over_entries: of
    those that it neither reads nor makes, but which take room meanwhile. again: layers (indices) of this
    group that an earlier one has computed as well.
    """

    kept: frozenset[str] = frozenset()
    freed: frozenset[str] = frozenset()
    over_entries: int = 0
    again: frozenset[int] = frozenset()


NOTHING_HELD = Held()


@dataclass(frozen=True)
class Piece:
    """One event of a walk: a unit makes rows [start, stop) of its result, chunk by chunk."""

    unit: int
    start: int
    stop: int


@dataclass(frozen=True)
class Columns:
    """The columns of one stripe that a unit touches: of its input, under the middle's windows, of its
    result."""

    ifmap: Span
    window: Span
    result: Span


@dataclass(frozen=True)
class CascadeCost:
    """Closed forms of a cascade, by walking its rows without their contents."""

    network: Network
    cascade: Cascade
    held: Held = NOTHING_HELD
    psum_entries: int = 1

    def __post_init__(self) -> None:
        """Errors open with the field of the cascade."""
        cascade, kept = self.cascade, self.held.kept
        for name in ("chunks", "pinned"):
            if len(getattr(cascade, name)) != len(cascade.units):
                found, units = len(getattr(cascade, name)), len(cascade.units)
                raise MappingError(f"{name}: give one for each of the {units} units, got {found}")
        if cascade.walk == "chunks" and len(cascade.units) > 1:
            raise MappingError(f"walk: the walk by chunks is for one unit, not {len(cascade.units)}")
        sums = self.by_chunk and self.shapes[0].sums
        if cascade.parts > 1 and not (sums and self.output.name not in kept):
            raise MappingError(
                f"parts: {cascade.parts} parts are for walks by chunks without a lead, from DRAM to DRAM: "
                "must be 1"
            )
        if cascade.input_again and (cascade.walk == "chunks" or self.ifmap.name in kept):
            raise MappingError("input_again: must be false but in walks by rows whose input is in DRAM")
        if cascade.stripes > 1 and (
            cascade.walk == "chunks" or self.pools or {self.ifmap.name, self.output.name} & kept
        ):
            raise MappingError(
                f"stripes: {cascade.stripes} stripes are for walks by rows from DRAM to DRAM: must be 1"
            )
        for unit, shape in enumerate(self.shapes):
            if shape.pool is not None and shape is not self.shapes[-1]:
                raise MappingError(f"units[{unit}].pool: a unit that pools must be the last one")
            if shape.side is not None and self.side_source(unit) is None:
                read = shape.side.ifmap.name
                raise MappingError(
                    f"units[{unit}].side: reads {read}, neither the cascade's input nor a result of its units"
                )
            if shape.factors is not None and shape.factors.name not in kept:
                raise MappingError(f"units[{unit}]: {shape.factors.name}, by which it scales, must be kept")

    @cached_property
    def shapes(self) -> tuple[UnitShape, ...]:
        return tuple(unit_shape(self.network, unit) for unit in self.cascade.units)

    @cached_property
    def chunk_spans(self) -> tuple[tuple[Span, ...], ...]:
        """Per unit, its channels cut into chunks, first those that are pinned."""
        found = []
        for shape, chunk, pinned in zip(self.shapes, self.cascade.chunks, self.cascade.pinned, strict=True):
            rest = tuple(
                (start + pinned, stop + pinned) for start, stop in spans(shape.channels - pinned, chunk)
            )
            found.append(spans(pinned, chunk) + rest)
        return tuple(found)

    @property
    def ifmap(self) -> Tensor:
        return self.shapes[0].ifmap

    @property
    def output(self) -> Tensor:
        return self.shapes[-1].output

    @property
    def pools(self) -> bool:
        """Whether all rows of the last unit come to a sum for each channel."""
        return self.shapes[-1].pool is not None

    @cached_property
    def factors(self) -> tuple[Tensor, ...]:
        """What the units' scales multiply by."""
        return tuple(shape.factors for shape in self.shapes if shape.factors is not None)

    def rolls(self, unit: int) -> bool:
        """Whether the unit's window of expanded rows is kept from one event to the next."""
        return self.shapes[unit].recomputes and self._trips(unit) == 1

    def _trips(self, unit: int) -> int:
        chunk, pinned = self.cascade.chunks[unit], self.cascade.pinned[unit]
        return -(-pinned // chunk) + -(-(self.shapes[unit].channels - pinned) // chunk)

    @cached_property
    def by_chunk(self) -> bool:
        """Whether just the chunk's channels of the input come, in a walk by chunks."""
        first = self.shapes[0]
        own = first.residual is not None and first.residual.name == self.ifmap.name
        return (
            self.cascade.walk == "chunks"
            and first.lead is None
            and self.ifmap.name not in self.held.kept
            and not own
        )

    @cached_property
    def part_spans(self) -> tuple[Span, ...]:
        """Channels of the result that are made at a time, in a walk by chunks whose chunks add up."""
        channels = self.output.channels
        size = -(-channels // self.cascade.parts)
        return spans(channels, size if size <= PART_BLOCK else -(-size // PART_BLOCK) * PART_BLOCK)

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The events of one stripe, in order."""
        if self.cascade.walk == "chunks":
            rows = spans(self.shapes[0].walked.P, self.cascade.step_rows)
            return tuple(Piece(0, start, stop) for start, stop in rows)
        return tuple(self._walk_rows())

    def _walk_rows(self) -> Iterator[Piece]:
        made = [0] * len(self.shapes)
        step_rows = self.cascade.step_rows

        def make(unit: int, upto: int) -> Iterator[Piece]:
            while made[unit] < upto:
                start = made[unit]
                stop = min(start + step_rows, upto)
                if unit:
                    yield from make(unit - 1, self.shapes[unit].input_rows(start, stop)[1])
                made[unit] = stop
                yield Piece(unit, start, stop)

        last = len(self.shapes) - 1
        for _, stop in spans(self.shapes[last].walked.P, self.cascade.band_rows):
            yield from make(last, stop)

    @cached_property
    def events(self) -> tuple[int, ...]:
        """Per unit, how often it runs in a stripe."""
        found = [0] * len(self.shapes)
        for piece in self.pieces:
            found[piece.unit] += 1
        return tuple(found)

    @cached_property
    def made_rows(self) -> tuple[int, ...]:
        """Per unit, the rows of its result that are made; rows nothing reads are not."""
        found = [0] * len(self.shapes)
        for piece in self.pieces:
            found[piece.unit] = piece.stop
        return tuple(found)

    @cached_property
    def columns(self) -> tuple[tuple[Columns, ...], ...]:
        """Per stripe and unit, the columns it touches."""
        width = self.shapes[-1].walked.Q
        size = -(-width // self.cascade.stripes)
        found = []
        for stretch in spans(width, size):
            result = stretch
            stripe: list[Columns] = []
            for shape in reversed(self.shapes):
                window = result if shape.middle is None else shape.middle.input_columns(*result)
                ifmap = window if shape.lead is None else shape.lead.input_columns(*window)
                if self.cascade.stripes == 1:
                    window, ifmap = self._all_columns(shape)
                stripe.append(Columns(ifmap, window, result))
                result = ifmap
            found.append(tuple(reversed(stripe)))
        return tuple(found)

    @staticmethod
    def _all_columns(shape: UnitShape) -> tuple[Span, Span]:
        window = shape.walked.Q if shape.middle is None else shape.middle.ifmap.width
        return (0, window), (0, shape.ifmap.width)

    @cached_property
    def widest(self) -> tuple[Columns, ...]:
        """Per unit, the most columns that a stripe touches, as spans from 0."""
        stripes = zip(*self.columns, strict=True)
        return tuple(
            Columns(
                *(
                    (0, max(span_length(getattr(each, name)) for each in unit))
                    for name in ("ifmap", "window", "result")
                )
            )
            for unit in stripes
        )

    def residual_source(self, unit: int) -> int | None:
        """Where the rows lie that the unit's addition reads: -1 for the group's input, the number of the unit
        that made them, or None where they come from elsewhere or there is no addition."""
        residual = self.shapes[unit].residual
        if residual is None:
            return None
        if residual.name == self.ifmap.name:
            return None if unit and self.cascade.input_again else -1
        made = [number for number in range(unit) if self.shapes[number].output.name == residual.name]
        return made[0] if made else None

    def side_source(self, unit: int) -> int | None:
        """The same for what the unit's side reads."""
        side = self.shapes[unit].side
        if side is None or self.cascade.walk == "chunks":
            return None
        if side.ifmap.name == self.ifmap.name:
            return -1
        made = [number for number in range(unit) if self.shapes[number].output.name == side.ifmap.name]
        return made[0] if made else None

    def reloaded(self, unit: int) -> Tensor | None:
        """What the unit's addition reads from DRAM."""
        shape = self.shapes[unit]
        residual = None if shape.side is not None else shape.residual
        if residual is None or residual.name in self.held.kept or self.residual_source(unit) is not None:
            return None
        return residual

    @cached_property
    def input_loads(self) -> dict[int, Span]:
        """Rows of the input that come in before an event, by its number."""
        found, held = {}, 0
        for number, piece in enumerate(self.pieces):
            if piece.unit:
                continue
            start, stop = self.shapes[0].input_rows(piece.start, piece.stop)
            if self._skips_nothing:
                start, stop = min(start, held), max(stop, piece.stop if self.residual_source(0) == -1 else 0)
            if stop > held:
                found[number] = (max(start, held), stop)
                held = stop
        return found

    @cached_property
    def _skips_nothing(self) -> bool:
        """Whether rows of the input between those of the first unit come too, as others read it as well."""
        return any(
            -1 in (self.residual_source(unit), self.side_source(unit)) for unit in range(len(self.shapes))
        )

    def weights_again(self, unit: int) -> int:
        """Weights of the unit that come each time it runs."""
        shape = self.shapes[unit]
        return (shape.channels - self.cascade.pinned[unit]) * shape.weights_per_channel

    @property
    def weights_again_in_all(self) -> int:
        return sum(self.weights_again(unit) for unit in range(len(self.shapes)))

    @cached_property
    def traffic(self) -> Traffic:
        row = self.ifmap.channels * sum(span_length(stripe[0].ifmap) for stripe in self.columns)
        rows = sum(stop - start for start, stop in self.input_loads.values())
        weight = residual = 0
        for unit, shape in enumerate(self.shapes):
            times = 1 if self.cascade.walk == "chunks" else self.events[unit] * len(self.columns)
            weight += shape.weight_entries + (times - 1) * self.weights_again(unit)
            if shape.middle is not None:
                weight += (self._parts - 1) * shape.middle.weight_entries
            if self.reloaded(unit) is not None:
                widths = sum(span_length(stripe[unit].result) for stripe in self.columns)
                residual += self.made_rows[unit] * shape.output.channels * widths
        return Traffic(
            ifmap=0 if self.ifmap.name in self.held.kept else rows * row * self._parts,
            weight=weight,
            ofmap=0 if self.output.name in self.held.kept else self.output.entries,
            psum_written=0,
            psum_read=0,
            residual=residual,
        )

    @cached_property
    def extra_macs(self) -> int:
        """MACs of results computed more than once, less those of results that nothing reads: they are not
        made."""
        total = 0
        for unit, shape in enumerate(self.shapes):
            results = sum(span_length(stripe[unit].result) for stripe in self.columns)
            windows = sum(span_length(stripe[unit].window) for stripe in self.columns)
            rows = self.made_rows[unit]
            leads = self._lead_rows(unit) * (windows if shape.recomputes else results)
            total += self._extra(shape.unit.lead, leads) + self._extra(shape.unit.last, rows * results)
            total += self._extra(shape.unit.middle, rows * results * self._parts)
            total += self._extra(shape.unit.side, rows * results)
        return total

    def _extra(self, index: int | None, pixels: int) -> int:
        """MACs of a layer that makes so many pixels, beyond those of its output if it makes that first."""
        if index is None:
            return 0
        layer = self.network.layers[index]
        once = 0 if index in self.held.again else layer.P * layer.Q
        return (pixels - once) * (layer.macs // (layer.P * layer.Q))

    @property
    def _parts(self) -> int:
        return len(self.part_spans) if self.cascade.parts > 1 else 1

    def _lead_rows(self, unit: int) -> int:
        """Rows that the unit's lead computes in a stripe, again and again counted."""
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
        times = len(self.columns) * self._parts
        return sum(self._trips(unit) * events for unit, events in enumerate(self.events)) * times

    @cached_property
    def live_entries(self) -> int:
        """Entries live at the peak, of this group and of what is held over it: never less than the
        program's."""
        return max(self.unit_entries)

    @cached_property
    def unit_entries(self) -> list[int]:
        """The same for the peak of each unit."""
        base, per_chunk, rolling = self.demand
        rolled = [rolling[unit] if self.rolls(unit) else 0 for unit in range(len(base))]
        always = self.held.over_entries + sum(rolled)
        return [always + base[unit] + per_chunk[unit] * self._chunk(unit) for unit in range(len(base))]

    def _chunk(self, unit: int) -> int:
        pinned = self.cascade.pinned[unit]
        return min(self.cascade.chunks[unit], max(pinned, self.shapes[unit].channels - pinned))

    @cached_property
    def demand(self) -> tuple[list[int], list[int], list[int]]:
        """Per unit, what its events need at the most: entries whatever the chunk, entries per channel of a
        chunk, and entries of a window that rolls on."""
        return self._demand_of_chunks() if self.cascade.walk == "chunks" else self._demand_of_rows()

    def _demand_of_chunks(self) -> tuple[list[int], list[int], list[int]]:
        shape, final = self.shapes[0], self.shapes[0].final
        step = min(self.cascade.step_rows, shape.walked.P)
        kept_output = self.output.name in self.held.kept
        residual = 0
        if shape.residual is not None and shape.residual.name in self.held.kept:
            residual = shape.residual.entries if shape.residual.name != self.ifmap.name else 0
        by_chunk = self.reloaded(0) is not None and not shape.sums
        if self.reloaded(0) is not None and shape.sums:
            residual = step * final.Q * final.K
        per_chunk = shape.weights_per_channel + self._temporary(0, step, self._window(shape, step))
        per_chunk += by_chunk * step * final.Q
        whole_input = self.ifmap.entries
        if self.by_chunk:
            whole_input = 0
            per_chunk += self._window(shape, step) * self.ifmap.width
        if shape.sums:
            channels = self.part_spans[0][1]
            result = final.P * final.Q * channels * self.psum_entries
            per_chunk -= shape.final.K - channels
        else:  # the result comes a chunk of channels at a time
            result = self.output.entries if kept_output else 0
            rows = 1 if self.pools else step
            per_chunk += rows * final.Q * (self.psum_entries - (1 if kept_output else 0))
        return [whole_input + result + residual + self.factor_entries], [per_chunk], [0]

    @property
    def factor_entries(self) -> int:
        return sum(factors.entries for factors in self.factors)

    def _temporary(self, unit: int, rows: int, window: int) -> int:
        """Entries per channel of a chunk while `rows` of the result are made from `window` rows of the
        lead's."""
        shape, widest = self.shapes[unit], self.widest[unit]
        total = window * span_length(widest.window) if shape.recomputes else 0
        return total + (shape.passing + (shape.side is not None)) * rows * span_length(widest.result)

    @staticmethod
    def _window(shape: UnitShape, rows: int) -> int:
        """The most rows under `rows` rows of the result."""
        layer = shape.middle
        if layer is None:
            return 0
        return min(layer.ifmap.height, (rows - 1) * layer.stride[0] + (layer.R - 1) * layer.dilation[0] + 1)

    def leaves_by_chunk(self, unit: int) -> bool:
        """Whether each chunk's results go to DRAM as soon as they are made."""
        last = unit + 1 == len(self.shapes)
        return last and not (self.shapes[unit].sums or self.pools or self.output.name in self.held.kept)

    def _demand_of_rows(self) -> tuple[list[int], list[int], list[int]]:
        count = len(self.shapes)
        base, window_rows, most_rows = [0] * count, [0] * count, [0] * count
        lines = Lines(self)
        for number, piece in enumerate(self.pieces):
            unit = piece.unit
            base[unit] = max(base[unit], lines.during(number, piece))
            most_rows[unit] = max(most_rows[unit], piece.stop - piece.start)
            start, stop = self.shapes[unit].window_rows(piece.start, piece.stop)
            window_rows[unit] = max(window_rows[unit], stop - start)
            lines.after(piece)
        per_chunk, rolling = [0] * count, [0] * count
        for unit, shape in enumerate(self.shapes):
            window = window_rows[unit]
            if self.rolls(unit):
                rolling[unit] = window * span_length(self.widest[unit].window) * shape.channels
                window = 0
            per_chunk[unit] = self._temporary(unit, most_rows[unit], window)
            if self.leaves_by_chunk(unit):
                entries = self.psum_entries + (self.reloaded(unit) is not None)
                per_chunk[unit] += most_rows[unit] * span_length(self.widest[unit].result) * entries
            if self.cascade.pinned[unit] < shape.channels:
                per_chunk[unit] += shape.weights_per_channel
        return base, per_chunk, rolling

"""Other walks of the units of a cascade: rows or chunks, bands, stripes, chunks, pinned weights.

Each walk is named in a few words. Where the one that is named does not fit, its tightest form is given, so
that one can tell by how much it does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from scanfuse.mapping.cascade import Cascade, CascadeCost, Held
from scanfuse.mapping.errors import MappingError
from scanfuse.mapping.estimate import Target
from scanfuse.mapping.fit import (
    BANDS,
    STEP_ROWS,
    STRIPES,
    fit_cascade,
    fit_chunks,
    fit_rows,
    key,
    pin_weights,
)
from scanfuse.mapping.units import Unit, UnitShape
from scanfuse.network import Network


@dataclass(frozen=True)
class Walks:
    """Walks of some units, with what is held around them."""

    network: Network
    units: tuple[Unit, ...]
    held: Held
    target: Target

    @property
    def channels(self) -> tuple[int, ...]:
        return tuple(UnitShape(self.network, unit).channels for unit in self.units)

    @property
    def tallest(self) -> int:
        return max(UnitShape(self.network, unit).walked.P for unit in self.units)

    @property
    def rows(self) -> int:
        return UnitShape(self.network, self.units[-1]).walked.P

    def best(self) -> CascadeCost | None:
        """The walk that the search takes, or, where none fits, of the tightest of each kind the one that
        moves least; None where the units cannot run with what is held."""
        try:
            found = fit_cascade(self.network, self.units, self.held, self.target)
        except MappingError:
            return None
        if found is not None:
            return found
        finest = max(each for each in BANDS if each <= self.rows)
        width = UnitShape(self.network, self.units[-1]).walked.Q
        stripes = max(count for count in STRIPES if count <= width)
        tight = [
            self.by_chunks(),
            self.with_all_weights(),
            self._banded(-(-self.rows // finest), 1),
            self._banded(-(-self.rows // finest), stripes),
        ]
        return min((cost for cost in tight if cost is not None), key=_moved_and_live, default=None)

    def others(self, chosen: Cascade) -> Iterator[tuple[str, CascadeCost]]:
        """Ways to walk them unlike the chosen one, by name; those that cannot be are left out."""
        if chosen.walk == "chunks":
            yield from _named("walked by rows", self.with_all_weights())
            yield from self._parts(chosen)
        else:
            if len(self.units) == 1:
                yield from _named("walked by chunks", self.by_chunks())
            if chosen.pinned != self.channels:
                yield from _named("all weights stay", self.with_all_weights())
            yield from self._bands(chosen)
            yield from self._stripes(chosen)
            yield from self._input_again(chosen)
            yield from self._pins(chosen)
        yield from self._chunks(chosen)
        yield from self._steps(chosen)

    def by_chunks(self) -> CascadeCost | None:
        """The best walk by chunks that fits, else the tightest."""
        if len(self.units) > 1:
            return None
        found = fit_chunks(self.network, self.units[0], self.held, self.target)
        return found or self._cost(Cascade(self.units, (1,), (0,), "chunks"))

    def with_all_weights(self) -> CascadeCost | None:
        """The best walk by single rows whose weights all stay, else the tightest."""
        ones = (1,) * len(self.units)
        tight = self._cost(Cascade(self.units, ones, self.channels))
        if tight is None or tight.live_entries > self.target.buffer_entries:
            return tight
        found = (fit_rows(self.network, self.units, self.held, self.target, step) for step in STEP_ROWS)
        fitting = (cost for cost in found if cost is not None)
        return min(fitting, key=lambda cost: key(cost, self.target), default=None)

    def _banded(self, band_rows: int, stripes: int, again: bool = False) -> CascadeCost | None:
        """Bands of so many rows with as many weights pinned as there is room for, else the tightest."""
        ones, none = (1,) * len(self.units), (0,) * len(self.units)
        cascade = Cascade(self.units, ones, none, "rows", band_rows, self.tallest, stripes, again)
        cost = self._cost(cascade)
        return cost and (pin_weights(cost, self.target.buffer_entries) or cost)

    def _bands(self, chosen: Cascade) -> Iterator[tuple[str, CascadeCost]]:
        for band in sorted({-(-self.rows // each) for each in BANDS if each <= self.rows}):
            if band != chosen.band_rows:
                cost = self._banded(band, chosen.stripes, chosen.input_again)
                yield from _named("smaller bands" if band < chosen.band_rows else "larger bands", cost)

    def _stripes(self, chosen: Cascade) -> Iterator[tuple[str, CascadeCost]]:
        width = UnitShape(self.network, self.units[-1]).walked.Q
        for count in STRIPES:
            if count <= width and count != chosen.stripes:
                cost = self._banded(chosen.band_rows, count, chosen.input_again)
                yield from _named("fewer stripes" if count < chosen.stripes else "more stripes", cost)

    def _input_again(self, chosen: Cascade) -> Iterator[tuple[str, CascadeCost]]:
        """Where an addition reads the input."""
        waits = self._cost(chosen, input_again=False)
        if waits is not None and any(waits.residual_source(unit) == -1 for unit in range(1, len(self.units))):
            name = "input held" if chosen.input_again else "input again"
            yield from _named(name, self._cost(chosen, input_again=not chosen.input_again))

    def _pins(self, chosen: Cascade) -> Iterator[tuple[str, CascadeCost]]:
        if any(chosen.pinned):
            none = (0,) * len(self.units)
            yield from _named("no weights pinned", self._cost(chosen, pinned=none))
        if chosen.pinned != self.channels:
            yield from _named("all weights pinned", self._cost(chosen, pinned=self.channels))

    def _chunks(self, chosen: Cascade) -> Iterator[tuple[str, CascadeCost]]:
        channels = self.channels
        halved = tuple(max(each // 2, 1) for each in chosen.chunks)
        doubled = tuple(min(2 * each, most) for each, most in zip(chosen.chunks, channels, strict=True))
        for name, chunks in (
            ("chunks halved", halved),
            ("chunks doubled", doubled),
            ("all channels at once", channels),
        ):
            if chunks != chosen.chunks:
                yield from _named(name, self._cost(chosen, chunks=chunks))

    def _steps(self, chosen: Cascade) -> Iterator[tuple[str, CascadeCost]]:
        for step in sorted({*STEP_ROWS, self.tallest}):
            if min(step, self.tallest) != min(chosen.step_rows, self.tallest):
                name = "smaller steps" if step < chosen.step_rows else "larger steps"
                yield from _named(name, self._cost(chosen, step_rows=step))

    def _parts(self, chosen: Cascade) -> Iterator[tuple[str, CascadeCost]]:
        for parts in {chosen.parts - 1, chosen.parts + 1} - {0}:
            name = "fewer parts" if parts < chosen.parts else "more parts"
            yield from _named(name, self._cost(chosen, parts=parts))

    def _cost(self, cascade: Cascade, **changes: Any) -> CascadeCost | None:
        try:
            return CascadeCost(self.network, replace(cascade, **changes), self.held, self.target.psum_entries)
        except MappingError:  # it is not for these units, or not with what is held
            return None


def _named(name: str, cost: CascadeCost | None) -> Iterator[tuple[str, CascadeCost]]:
    if cost is not None:
        yield name, cost


def _moved_and_live(cost: CascadeCost) -> tuple[int, int]:
    return int(cost.traffic.total), cost.live_entries

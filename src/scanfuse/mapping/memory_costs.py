"""What a memory charges for time and energy, as plain numbers, and what transfers cost at these prices.

The numbers are measured on the DRAM engine (`scanfuse.results.memory_costs`), which this room does not know.
Everything takes numbers or arrays, so that a search may price many candidates at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np


@dataclass(frozen=True)
class Pattern:
    """Per length of a run: the time of a burst, and the rows opened for it."""

    ps: tuple[float, ...]
    rows: tuple[float, ...]


@dataclass(frozen=True)
class Patterns:
    """Streams of runs one way. near: each run a little after the last; far: anywhere; same: anywhere, but all
    starting in the same bank."""

    near: Pattern
    far: Pattern
    same: Pattern


@dataclass(frozen=True)
class MemoryCosts:
    """The prices of a memory.

    lengths: bursts of a run of contiguous addresses, increasing; reads, writes: per length what a burst takes
    in a stream of such runs; alone_rows: per length the rows opened for a burst of a lone run, before and
    after which all rows are closed. banks: bursts that lie next to each other in different banks;
    span_bursts: those that one row of every bank holds; window_bursts: those that wait for the banks
    together, so that shorter transfers in turns are as good as longer ones.

    turn_ps: time lost when the stream turns from reads to writes and back again; latency_ps: from the request
    of a burst to its data, nothing else going on; tail_ps: for how long rows stay open around a lone
    transfer, beyond the time of its bursts. read_nj, write_nj: a burst; activation_nj: a row opened and
    closed; open_mw: while rows are open; idle_mw: while none is, refreshing included; refresh_mw: what
    refreshing takes besides, at all times.
    """

    burst_bytes: int
    lengths: tuple[int, ...]
    reads: Patterns
    writes: Patterns
    alone_rows: tuple[float, ...]
    banks: int
    span_bursts: int
    window_bursts: int
    turn_ps: float
    latency_ps: float
    tail_ps: float
    read_nj: float
    write_nj: float
    activation_nj: float
    open_mw: float
    idle_mw: float
    refresh_mw: float

    @property
    def least_ps(self) -> float:
        """The time of a burst at best."""
        return min(*self.reads.near.ps, *self.writes.near.ps)

    @property
    def least_nj(self) -> float:
        """The energy of a burst at best, without what passes with time."""
        rows = min(*self.reads.near.rows, *self.writes.near.rows)
        return min(self.read_nj, self.write_nj) + rows * self.activation_nj

    def stream(
        self,
        bursts: Any,
        run_bursts: Any,
        pitch_bursts: Any,
        far_share: Any,
        transfer_bursts: Any,
        waiting_bursts: Any,
        write: bool,
    ) -> Stream:
        """So many bursts in transfers of `transfer_bursts`, each of runs of `run_bursts` that start
        `pitch_bursts` apart; for a share of the bursts other rows have been opened since the last transfer.
        waiting_bursts: how many of them wait for the banks at a time, and may be served row by row."""
        near, far, same = self._tables[write]
        unbroken = pitch_bursts <= run_bursts  # each transfer goes on where the last has ended
        run = self._place(np.where(unbroken, bursts, run_bursts))
        transfer = self._place(np.maximum(transfer_bursts, waiting_bursts))
        leaves = np.minimum(pitch_bursts / self.span_bursts, 1.0)  # share of runs that open other rows
        leaves = np.where(unbroken, 0.0, leaves)
        price, anywhere = _pick(near, run), _pick(far, transfer)
        elsewhere = np.where(pitch_bursts % self.banks == 0, _pick(same, run), _pick(far, run))
        more = np.maximum(leaves * (elsewhere - price), far_share * (anywhere - price))
        ps, rows = price + np.maximum(more, 0.0)
        alone = np.maximum(_pick(self._alone, self._place(transfer_bursts))[0], rows)
        burst_nj = self.write_nj if write else self.read_nj
        return Stream(bursts, bursts * ps, bursts * rows, bursts * alone, bursts * burst_nj)

    @cached_property
    def _tables(self) -> tuple[tuple[np.ndarray, ...], ...]:
        """For reads and writes, per pattern: time and rows of a burst by length, (2, lengths)."""
        return tuple(
            tuple(np.array([each.ps, each.rows]) for each in (costs.near, costs.far, costs.same))
            for costs in (self.reads, self.writes)
        )

    @cached_property
    def _alone(self) -> np.ndarray:
        return np.array([self.alone_rows])

    @cached_property
    def _scale(self) -> tuple[np.ndarray, np.ndarray]:
        return np.log2(self.lengths), np.arange(len(self.lengths), dtype=np.float64)

    def _place(self, length: Any) -> tuple[Any, Any]:
        """Where a length stands in the tables: after which entry, and how far on to the next."""
        at = np.interp(np.log2(np.maximum(length, 1.0)), *self._scale)
        index = np.minimum(np.asarray(at).astype(np.int64), len(self.lengths) - 2)
        return index, at - index


def _pick(table: np.ndarray, place: tuple[Any, Any]) -> Any:
    index, beyond = place
    low = table[:, index]
    return low + (table[:, index + 1] - low) * beyond


class Stream(NamedTuple):
    """What a stream takes: bursts, time when nothing else goes on, rows opened (and if every transfer comes
    alone), and its bursts' energy."""

    bursts: Any
    time_ps: Any
    activations: Any
    alone_activations: Any
    burst_nj: Any

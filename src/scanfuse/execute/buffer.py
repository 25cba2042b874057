"""DRAM and the on-chip buffer as separate arrays, and how much of the buffer is in use.

Each tensor has an array of its full shape in either place, made when first touched. What is not there is
poison: ABSENT (NaN), which no arithmetic turns back into a number, so that a stale or missing entry cannot go
unnoticed. Room claimed for results holds CLAIMED (infinity) until something is computed into it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from scanfuse.execute.values import Values
from scanfuse.program.boxes import region
from scanfuse.program.program import Cause, Move, Program, View

ABSENT, CLAIMED = np.nan, np.inf
Box = Sequence[int]


class Memory:
    """The values of a program's tensors in DRAM and in the buffer; counts what is live by looking."""

    def __init__(self, program: Program, values: Values, kind: type[np.floating]) -> None:
        self.tensors = program.tensors
        self.psum_entries = program.mapping.psum_entries
        self.values, self.kind = values, kind
        self.given = {tensor.name for tensor in values.network.given}  # each a store of its own
        self.dram: dict[int, np.ndarray] = {}
        self.spilled: dict[int, np.ndarray] = {}
        self.held: dict[int, np.ndarray] = {}
        self.live = 0
        self.live_of: Counter[int] = Counter()
        self.loaded: Counter[Cause] = Counter()
        self.stored: Counter[Cause] = Counter()

    def in_dram(self, tensor: int) -> np.ndarray:
        """A tensor's array in DRAM: the network's input and weights are there, maps when they are stored."""
        if tensor not in self.dram:
            known = self.tensors[tensor]
            if known.kind == "weight":
                self.dram[tensor] = self.values.weights(known.layer).astype(self.kind)
            else:
                self.dram[tensor] = np.full(known.shape, ABSENT, dtype=self.kind)
                if known.given[1]:
                    given = self.values.network.input.name if known.name not in self.given else known.name
                    self.dram[tensor][slice(*known.given)] = self.values.given(given)
        return self.dram[tensor]

    def in_buffer(self, tensor: int) -> np.ndarray:
        """A tensor's array in the buffer."""
        if tensor not in self.held:
            self.held[tensor] = np.full(self.tensors[tensor].shape, ABSENT, dtype=self.kind)
        return self.held[tensor]

    def _spill(self, tensor: int) -> np.ndarray:
        """A tensor's spilled partial sums in DRAM."""
        if tensor not in self.spilled:
            self.spilled[tensor] = np.full(self.tensors[tensor].shape, ABSENT, dtype=self.kind)
        return self.spilled[tensor]

    def move(self, move: Move, cause: Cause, tensor: int, view: View, box: Box) -> np.ndarray:
        """Carry out one move; gives what was copied or, for ALLOC and FREE, what was there before.

        Spilled partial sums are poison once they are loaded: the next ones are the sums that grew from them.
        """
        place = region(self.in_buffer(tensor), view, box)
        weight = self.psum_entries if cause == Cause.PSUM else 1
        if move == Move.KEEP:
            self.live -= place.size * (weight - 1)
            return place
        if move == Move.STORE:
            away = self._spill(tensor) if cause == Cause.PSUM else self.in_dram(tensor)
            region(away, view, box)[...] = place
            self.stored[cause] += place.size * weight
            return place
        before = place.copy()
        if move == Move.LOAD:
            source = region(self._spill(tensor) if cause == Cause.PSUM else self.in_dram(tensor), view, box)
            place[...] = source
            if cause == Cause.PSUM:
                source[...] = ABSENT
            self.loaded[cause] += place.size * weight
        else:
            place[...] = CLAIMED if move == Move.ALLOC else ABSENT
        change = int(np.count_nonzero(np.isnan(before))) - int(np.count_nonzero(np.isnan(place)))
        self.live += change * weight
        self.live_of[tensor] += change
        return place if move == Move.LOAD else before

    def forget_idle(self) -> None:
        """Give back the arrays of tensors that have nothing in the buffer, and idle weights (made anew)."""
        for tensor in [tensor for tensor in self.held if not self.live_of[tensor]]:
            del self.held[tensor]
            if self.tensors[tensor].kind == "weight":
                self.dram.pop(tensor, None)

"""The narrow waist: a mapping unrolled into steps. Timing, functional execution and traces read the same
steps.

A program is three tables (structured numpy arrays, see `OPS` and `MOVES`), sorted by step:

* `moves`: what enters and leaves the buffer. In one step: LOAD (from DRAM) and ALLOC (room for results) come
  first, then the step computes, then STORE (to DRAM), KEEP (complete results stay, as single entries), FREE.
  A FREE of entries that the same step stores takes effect once they are in DRAM.
* `ops`: what a step computes, in order. An op reads its input box and its weights from the buffer and adds to
  its output box there; where `finish` is set the output is complete, and a folded addition takes place. What
  it sums over, c0:c1, are input channels of a group, but rows of its window for a pool.
* `groups`: the mapping group of each step.

Boxes are half-open ranges of three axes: (channels, rows, columns) of a map, (output channels, input channels
per group, taps) of weights. The view of a box tells how the map is indexed: as it is, as one row of pixels,
or flattened to channels only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np

from scanfuse.mapping import Mapping


class Move(IntEnum):
    """What happens to a box; the order within a step."""

    LOAD = 0
    ALLOC = 1
    STORE = 2
    KEEP = 3
    FREE = 4


class Cause(IntEnum):
    """Why a box is in the buffer; the first five name the columns of the results."""

    IFMAP = 0
    WEIGHT = 1
    OFMAP = 2
    PSUM = 3
    RESIDUAL = 4
    FUSED = 5  # an intermediate map of a fused group, never in DRAM


class View(IntEnum):
    """How a map of C x H x W is indexed by a box."""

    MAP = 0  # C, H, W
    PIXELS = 1  # C, 1, H*W
    CHANNELS = 2  # C*H*W, 1, 1


BOX = ("a0", "a1", "b0", "b1", "c0", "c1")

MOVES = np.dtype(
    [("step", "i4"), ("move", "i1"), ("cause", "i1"), ("layer", "i4"), ("tensor", "i4"), ("view", "i1")]
    + [(edge, "i4") for edge in BOX]
)
OPS = np.dtype(
    [("step", "i4"), ("layer", "i4"), ("view", "i1"), ("begin", "?"), ("finish", "?")]
    + [(edge, "i4") for edge in ("k0", "k1", "p0", "p1", "q0", "q1", "c0", "c1")]
)


@dataclass(frozen=True)
class Stored:
    """A tensor that has a place in DRAM or in the buffer.

    kind: "map" (C, H, W: a map of the network, or several side by side in their channels) or "weight"
    (K, C per group, R*S). layer: the layer that has these weights; -1 for maps. given: of a map, the channels
    that are there from the start, as the network's input.
    """

    name: str
    kind: str
    shape: tuple[int, int, int]
    layer: int = -1
    given: tuple[int, int] = (0, 0)

    @property
    def entries(self) -> int:
        return self.shape[0] * self.shape[1] * self.shape[2]


@dataclass(frozen=True)
class Program:
    """An unrolled mapping. `tensors` are referred to by index; see the module for the tables."""

    mapping: Mapping
    tensors: tuple[Stored, ...]
    groups: np.ndarray
    ops: np.ndarray
    moves: np.ndarray

    @property
    def steps(self) -> int:
        return len(self.groups)

    @cached_property
    def sizes(self) -> np.ndarray:
        """Entries that each move's box takes in the buffer (a partial sum takes `psum_entries`)."""
        moves = self.moves
        volume = np.ones(len(moves), dtype=np.int64)
        for low, high in zip(BOX[::2], BOX[1::2], strict=True):
            volume *= moves[high].astype(np.int64) - moves[low]
        return np.where(moves["cause"] == Cause.PSUM, volume * self.mapping.psum_entries, volume)

    @cached_property
    def transfers(self) -> np.ndarray:
        """Indices of the moves that go to or come from DRAM."""
        return np.flatnonzero((self.moves["move"] == Move.LOAD) | (self.moves["move"] == Move.STORE))

    @cached_property
    def claims(self) -> np.ndarray:
        """Per step, entries claimed before it computes (loads and room for results)."""
        moves = self.moves
        entering = moves["move"] <= Move.ALLOC
        weights = np.where(entering, self.sizes, 0).astype(np.float64)
        return np.bincount(moves["step"], weights, minlength=self.steps).astype(np.int64)

    @cached_property
    def releases(self) -> np.ndarray:
        """Per step, entries given back after it has computed and stored."""
        moves, psum = self.moves, self.mapping.psum_entries
        sizes = np.where(moves["move"] == Move.KEEP, self.sizes // psum * (psum - 1), self.sizes)
        weights = np.where(moves["move"] >= Move.KEEP, sizes, 0).astype(np.float64)
        return np.bincount(moves["step"], weights, minlength=self.steps).astype(np.int64)

    @cached_property
    def live(self) -> np.ndarray:
        """Per step, entries live while it computes."""
        before = np.concatenate([[0], np.cumsum(self.claims - self.releases)[:-1]])
        return np.asarray(before + self.claims)

    @cached_property
    def peaks(self) -> np.ndarray:
        """Per group, the most entries live at once."""
        found = np.zeros(len(self.mapping.groups), dtype=np.int64)
        np.maximum.at(found, self.groups, self.live)
        return found

    @cached_property
    def stored_with_free(self) -> np.ndarray:
        """Per move, whether it frees a box whose tensor the same step stores."""
        moves = self.moves
        key = moves["step"].astype(np.int64) * len(self.tensors) + moves["tensor"]
        stores = np.unique(key[moves["move"] == Move.STORE])
        return (moves["move"] == Move.FREE) & np.isin(key, stores)

    def traffic(self) -> dict[Cause, int]:
        """Entries moved between DRAM and the buffer, by cause."""
        moves, sizes = self.moves[self.transfers], self.sizes[self.transfers]
        return {cause: int(sizes[moves["cause"] == cause].sum()) for cause in Cause}

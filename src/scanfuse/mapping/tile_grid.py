"""The tensors of a layer cut into tiles that lie apart, and the tiles that each step touches.

For a buffer that is a cache (see `lru`): there a tile is a whole, whoever touches it. The input of a layer
with windows is therefore cut where its output tiles begin to read, and an output tile touches the few input
tiles that its windows reach into.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from scanfuse.mapping.nest import Nest
from scanfuse.mapping.walk import visit

OPERANDS = ("C", "A", "B", "residual")  # in the order in which a step touches them


@dataclass(frozen=True)
class Touches:
    """The touches of a walk in order; int64 arrays of one length.

    step; operand: index into OPERANDS; tile: its number (see `TileGrid`). finishing: per step, whether it
    completes its outputs.
    """

    step: np.ndarray
    operand: np.ndarray
    tile: np.ndarray
    finishing: np.ndarray


@dataclass(frozen=True)
class TileGrid:
    """The tiles of one layer's tensors.

    tile_p, tile_q, tile_n, tile_k: as in `LayerTiling`. Tiles of C are numbered by (m, n) with n innermost, B
    by (n, k), A by channels (its k, or n of a channelwise layer), rows and columns; a residual as C.
    """

    nest: Nest
    tile_p: int
    tile_q: int
    tile_n: int
    tile_k: int
    psum_entries: int = 1

    @cached_property
    def edges(self) -> dict[str, np.ndarray]:
        """Where the axes p, q, n, k are cut, of the output and the reduction."""
        return self.nest.edges(self.tile_p, self.tile_q, self.tile_n, self.tile_k)

    @cached_property
    def trips(self) -> dict[str, int]:
        count = {axis: len(edges) - 1 for axis, edges in self.edges.items()}
        return {"m": count["p"] * count["q"], "n": count["n"], "k": count["k"]}

    @property
    def steps(self) -> int:
        return self.trips["m"] * self.trips["n"] * self.trips["k"]

    def input_spans(self, axis: str) -> np.ndarray:
        """Input start and stop of every output tile along p or q: shape (tiles, 2)."""
        pairs = [self.nest.input_span(axis, int(a), int(b)) for a, b in itertools.pairwise(self.edges[axis])]
        return np.array(pairs, dtype=np.int64)

    @cached_property
    def input_edges(self) -> dict[str, np.ndarray]:
        """Where the input's rows ("p") and columns ("q") are cut: where output tiles begin to read, and
        where they end before the next begins."""
        found = {}
        for axis in "pq":
            start, stop = self.input_spans(axis).T
            apart = np.append(stop[:-1] <= start[1:], True)
            found[axis] = np.unique(np.concatenate([start, stop[apart]]))
        return found

    @cached_property
    def input_places(self) -> int:
        """Spatial tiles of the input."""
        return max(len(self.input_edges["p"]) - 1, 0) * max(len(self.input_edges["q"]) - 1, 0)

    @cached_property
    def places_read(self) -> list[np.ndarray]:
        """Per tile of M, the numbers of the spatial input tiles that it reads, row by row."""
        ranges = {}
        for axis in "pq":
            edges, (start, stop) = self.input_edges[axis], self.input_spans(axis).T
            first, behind = np.searchsorted(edges, start), np.searchsorted(edges, stop)
            ranges[axis] = [np.arange(a, b) for a, b in zip(first, behind, strict=True)]
        columns = len(self.input_edges["q"]) - 1
        return [(p[:, None] * columns + q).ravel() for p, q in itertools.product(ranges["p"], ranges["q"])]

    @cached_property
    def entries(self) -> dict[str, np.ndarray]:
        """Entries that each tile of an operand takes in the buffer."""
        extent = {axis: np.diff(edges) for axis, edges in self.edges.items()}
        pixels = np.outer(extent["p"], extent["q"]).ravel()
        places = np.outer(*(np.diff(self.input_edges[axis]) for axis in "pq")).ravel()
        unit = self.nest.coefficient
        outputs = np.outer(pixels, extent["n"]).ravel() * unit["C"]
        return {
            "C": outputs * self.psum_entries,
            "A": np.outer(extent["n" if self.nest.channelwise else "k"], places).ravel() * unit["A"],
            "B": np.outer(extent["n"], extent["k"]).ravel() * unit["B"],
            "residual": outputs,
        }

    @cached_property
    def largest_step(self) -> int:
        """Entries that suffice for the tiles of any one step."""
        per_place = self.entries["A"].reshape(-1, self.input_places)
        inputs = max(int(per_place[:, read].sum(axis=1).max()) for read in self.places_read)
        residual = 0 if self.nest.residual is None else int(self.entries["residual"].max())
        return inputs + int(self.entries["C"].max()) + int(self.entries["B"].max()) + residual

    def touches(self, order: str, scan: str) -> Touches:
        """What the steps of a walk touch: outputs, inputs row by row, weights, and the residual where the
        outputs are completed."""
        at = visit(self.trips, order, scan)
        steps = np.arange(self.steps)
        outputs = at["m"] * self.trips["n"] + at["n"]
        finishing = np.zeros(self.steps, dtype=bool)
        finishing[self.steps - 1 - np.unique(outputs[::-1], return_index=True)[1]] = True
        read = np.array([len(places) for places in self.places_read])[at["m"]]
        places = np.concatenate([self.places_read[m] for m in at["m"].tolist()])
        channels = np.repeat(at["n" if self.nest.channelwise else "k"], read)
        adding = steps[finishing & (self.nest.residual is not None)]
        weighing = steps[np.full(self.steps, self.nest.coefficient["B"] > 0)]
        step = [steps, np.repeat(steps, read), weighing, adding]
        tile = [outputs, channels * self.input_places + places]
        tile += [(at["n"] * self.trips["k"] + at["k"])[weighing], outputs[adding]]
        operand = np.repeat(np.arange(len(OPERANDS)), [len(each) for each in step])
        turn = np.lexsort((operand, np.concatenate(step)))
        return Touches(np.concatenate(step)[turn], operand[turn], np.concatenate(tile)[turn], finishing)

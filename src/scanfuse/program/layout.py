"""Where tensors lie in DRAM, and the bursts that a program's transfers become.

Maps lie as `nhwc` (channels innermost) or `nchw`. The weights of all layers lie in one stream, tile by tile
in the order in which the program first loads them, each tile starting at a burst: they are constants, so they
can be packed for the schedule ahead of time, once more for a group that computes a layer again in other
tiles. What a step of a fused group loads for several layers then goes round the banks once; in streams of
their own, tiles would fall into different rows of the same banks. Spilled partial sums have a place of their
own. A box becomes runs of contiguous bytes, runs become bursts; a burst that one transfer touches twice is
requested once.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from scanfuse.program.program import BOX, Cause, Move, Program, View

REGION_ALIGNMENT_BYTES = 1 << 16  # every tensor starts at a multiple of this, so layouts move in whole rows


class LayoutError(ValueError):
    """A program whose tensors do not fit the DRAM, or whose weight tiles overlap."""


@dataclass(frozen=True)
class Bursts:
    """The bursts of a program's transfers, in program order.

    offsets: int64, transfer i has the bursts offsets[i]:offsets[i + 1] of `addresses` (uint64 bytes, each a
    multiple of burst_bytes, increasing within a transfer). useful_bytes: int64 per transfer, bytes asked for.
    """

    offsets: np.ndarray
    addresses: np.ndarray
    useful_bytes: np.ndarray
    burst_bytes: int

    @property
    def counts(self) -> np.ndarray:
        """Bursts per transfer."""
        return np.diff(self.offsets)

    @property
    def unused_bytes(self) -> np.ndarray:
        """Per transfer, bytes that its bursts carry and nobody asked for."""
        return self.counts * self.burst_bytes - self.useful_bytes


@dataclass(frozen=True)
class AddressLayout:
    """Places the tensors of a program in DRAM.

    entry_bytes: bytes of an entry; capacity_bytes: of the whole DRAM. Raises LayoutError where the tensors
    take more than that.
    """

    program: Program
    entry_bytes: int
    burst_bytes: int
    capacity_bytes: int

    @cached_property
    def bases(self) -> dict[tuple[int, bool], int]:
        """(tensor, whether its spilled partial sums) -> first byte; weights lie behind all of these."""
        found, cursor = {}, 0
        moves = self.program.moves
        spilled = np.unique(moves["tensor"][(moves["cause"] == Cause.PSUM) & (moves["move"] == Move.LOAD)])
        used = np.unique(moves["tensor"][self.program.transfers])
        for tensor in used.tolist():
            if self.program.tensors[tensor].kind == "weight":
                continue
            for psum in (False, True) if tensor in spilled else (False,):
                found[tensor, psum] = cursor
                cursor = self._aligned(cursor + self._region_bytes(tensor, psum))
        self._check_capacity(cursor)
        return found

    @cached_property
    def weight_places(self) -> dict[tuple[int, bytes], int]:
        """(tensor, edges of a tile as int32) -> first byte, in the order of first load."""
        found: dict[tuple[int, bytes], int] = {}
        entries: Counter[tuple[int, int]] = Counter()  # per tensor and group: of different tiles
        counted: set[tuple[int, int, bytes]] = set()
        ends = [base + self._region_bytes(*place) for place, base in self.bases.items()]
        cursor = self._aligned(max(ends, default=0))
        rows, sizes = self.program.moves[self.program.transfers], self.program.sizes[self.program.transfers]
        mine = rows["cause"] == Cause.WEIGHT
        tensors, boxes = rows["tensor"][mine].tolist(), _boxes(rows[mine])
        groups = self.program.groups[rows["step"][mine]].tolist()
        for tensor, group, box, size in zip(tensors, groups, boxes, sizes[mine].tolist(), strict=True):
            if (tensor, box) not in found:
                found[tensor, box] = cursor
                cursor += -(-size * self.entry_bytes // self.burst_bytes) * self.burst_bytes
            if (tensor, group, box) not in counted:
                counted.add((tensor, group, box))
                entries[tensor, group] += size
            if entries[tensor, group] > self.program.tensors[tensor].entries:
                raise LayoutError(f"the weight tiles of {self.program.tensors[tensor].name} overlap")
        self._check_capacity(cursor)
        return found

    def _region_bytes(self, tensor: int, psum: bool) -> int:
        scale = self.program.mapping.psum_entries if psum else 1
        return self.program.tensors[tensor].entries * self.entry_bytes * scale

    def _aligned(self, cursor: int) -> int:
        return -(-cursor // REGION_ALIGNMENT_BYTES) * REGION_ALIGNMENT_BYTES

    def _check_capacity(self, taken: int) -> None:
        if taken > self.capacity_bytes:
            raise LayoutError(
                f"the tensors of {self.program.mapping.network.name} take {taken} bytes, "
                f"the DRAM holds {self.capacity_bytes}: raise dram.capacity_mib"
            )

    def bursts(self) -> Bursts:
        """Every transfer of the program as bursts."""
        rows = self.program.moves[self.program.transfers]
        sizes = self.program.sizes[self.program.transfers]
        runs = _Runs.empty(len(rows))
        weights = rows["cause"] == Cause.WEIGHT
        if weights.any():
            self._weight_runs(runs, rows, sizes, np.flatnonzero(weights))
        for tensor in np.unique(rows["tensor"][~weights]).tolist():
            for psum in (False, True):
                mask = ~weights & (rows["tensor"] == tensor) & ((rows["cause"] == Cause.PSUM) == psum)
                if mask.any():
                    self._map_runs(runs, rows, np.flatnonzero(mask), tensor, psum)
        return runs.to_bursts(self.burst_bytes, sizes * self.entry_bytes)

    def _weight_runs(self, runs: _Runs, rows: np.ndarray, sizes: np.ndarray, index: np.ndarray) -> None:
        tensors = rows["tensor"][index].tolist()
        places = zip(tensors, _boxes(rows[index]), strict=True)
        runs.start[index] = [self.weight_places[place] for place in places]
        runs.length[index] = sizes[index] * self.entry_bytes
        runs.outer[index] = runs.middle[index] = 1

    def _map_runs(self, runs: _Runs, rows: np.ndarray, index: np.ndarray, tensor: int, psum: bool) -> None:
        for view in np.unique(rows["view"][index]).tolist():
            some = index[rows["view"][index] == view]
            self._box_runs(runs, rows, some, tensor, View(view), psum)

    def _box_runs(
        self, runs: _Runs, rows: np.ndarray, index: np.ndarray, tensor: int, view: View, psum: bool
    ) -> None:  # fmt: skip
        """Runs of boxes of one map in one view: three nested levels, the inner ones merged where whole."""
        unit = self.entry_bytes * (self.program.mapping.psum_entries if psum else 1)
        channels, height, width = self.program.tensors[tensor].shape
        if view == View.CHANNELS:
            channels, height, width = channels * height * width, 1, 1
        elif view == View.PIXELS:
            height, width = 1, height * width
        axes = {"c": ("a0", "a1", channels), "h": ("b0", "b1", height), "w": ("c0", "c1", width)}
        nesting = "hwc" if self.program.mapping.layout == "nhwc" else "chw"
        (o0, o1, _), (m0, m1, middle_size), (i0, i1, inner_size) = (axes[axis] for axis in nesting)
        low = [rows[edge][index].astype(np.int64) for edge in (o0, m0, i0)]
        count = [
            rows[edge][index].astype(np.int64) - start for edge, start in zip((o1, m1, i1), low, strict=True)
        ]
        start = (low[0] * middle_size + low[1]) * inner_size + low[2]
        whole_inner = count[2] == inner_size
        whole = whole_inner & (count[1] == middle_size)
        length = np.where(whole_inner, count[2] * count[1], count[2])
        runs.length[index] = np.where(whole, length * count[0], length) * unit
        runs.middle[index] = np.where(whole_inner, 1, count[1])
        runs.outer[index] = np.where(whole, 1, count[0])
        runs.start[index] = self.bases[tensor, psum] + start * unit
        runs.middle_stride[index] = inner_size * unit
        runs.outer_stride[index] = middle_size * inner_size * unit


@dataclass
class _Runs:
    """Per transfer, outer x middle runs of `length` bytes, by their strides in bytes."""

    start: np.ndarray
    length: np.ndarray
    outer: np.ndarray
    outer_stride: np.ndarray
    middle: np.ndarray
    middle_stride: np.ndarray

    @classmethod
    def empty(cls, transfers: int) -> _Runs:
        return cls(*(np.zeros(transfers, dtype=np.int64) for _ in range(6)))

    def to_bursts(self, burst_bytes: int, useful_bytes: np.ndarray) -> Bursts:
        per_transfer = self.outer * self.middle
        owner = np.repeat(np.arange(len(per_transfer)), per_transfer)
        within = _ranges(per_transfer)
        x, y = np.divmod(within, self.middle[owner])
        start = self.start[owner] + x * self.outer_stride[owner] + y * self.middle_stride[owner]
        first = start // burst_bytes
        last = (start + self.length[owner] - 1) // burst_bytes
        before = np.concatenate([[-1], last[:-1]])
        first = np.where(within == 0, first, np.maximum(first, before + 1))
        counts = np.maximum(last - first + 1, 0)
        addresses = (np.repeat(first, counts) + _ranges(counts)) * burst_bytes
        bursts = np.bincount(owner, counts, minlength=len(per_transfer)).astype(np.int64)
        offsets = np.concatenate([[0], np.cumsum(bursts)])
        return Bursts(offsets, addresses.astype(np.uint64), np.asarray(useful_bytes), burst_bytes)


def _boxes(rows: np.ndarray) -> list[bytes]:
    """The edges of each row's box, as int32."""
    edges = np.stack([rows[edge] for edge in BOX], axis=1).astype(np.int32)
    return [box.tobytes() for box in edges]


def _ranges(counts: np.ndarray) -> np.ndarray:
    """0..n-1 for each n of `counts`, one after the other."""
    ends = np.cumsum(counts)
    return np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - counts, counts)

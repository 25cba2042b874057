"""How time divides: the array computes, requests are in flight, both, or neither.

Each picosecond of a run is one of four: both, compute only, memory only, idle. Requests are in flight from
when the first of them is handed to the DMA until the last is complete, whether they wait in the port, in
DRAM's queues or are on its bus. All in integers; a group's time is that of its window (see `attribution`),
whoever the requests belong to: loads run ahead of the group that they are for, stores trail behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scanfuse.simulate.accelerator import Timeline
from scanfuse.simulate.attribution import apportion


@dataclass(frozen=True)
class Phases:
    """Parts of the time of groups or of layers, and DRAM's bursts in them; int64 arrays.

    memory_ps: requests are in flight; overlap_ps: and the array computes. bursts: reads and writes begun in
    all of the time, waiting_bursts: while the array waits (zeros where the DRAM does not tell).
    """

    memory_ps: np.ndarray
    overlap_ps: np.ndarray
    bursts: np.ndarray
    waiting_bursts: np.ndarray


def phases_of_groups(timeline: Timeline, groups: np.ndarray, ends_ps: Sequence[int], bursts: int) -> Phases:
    """The phases of each group's window.

    groups: the group of each step; ends_ps: where the windows end, the first beginning at 0; bursts: all of
    the run.
    """
    busy = union(timeline.asked_ps, timeline.complete_ps)
    edges = np.array([0, *ends_ps], dtype=np.int64)
    memory = np.diff(covered(busy, edges))
    computing = covered(busy, timeline.compute_end_ps) - covered(busy, timeline.compute_start_ps)
    last = np.searchsorted(groups, np.arange(len(ends_ps)), side="right") - 1  # step of each group
    at_edges = np.concatenate([[0], timeline.bursts_before_end[last]])
    at_edges[-1] = bursts
    before = np.concatenate([[0], timeline.bursts_before_end[:-1]])
    waiting = _sum(groups, timeline.bursts_before_start - before, len(ends_ps))
    waiting[-1] += bursts - timeline.bursts_before_end[-1]
    return Phases(memory, _sum(groups, computing, len(ends_ps)), np.diff(at_edges), waiting)


def share_among_layers(
    of_groups: Phases, members: Sequence[Sequence[int]], cycles: np.ndarray, compute_cycles: np.ndarray
) -> Phases:
    """Split groups' phases among their layers, so that overlap <= computing and memory - overlap <= waiting.

    members: the layers of each group; cycles: each layer's share of each group's time, (groups, layers), of
    which it computes for compute_cycles. What happens while the array computes goes by computing time, the
    rest by waiting time.
    """
    found = Phases(*(np.zeros(cycles.shape[1], dtype=np.int64) for _ in range(4)))
    for group, layers in enumerate(members):
        mine = list(layers)
        computing, waiting = compute_cycles[group].tolist(), (cycles - compute_cycles)[group].tolist()
        memory, overlap = int(of_groups.memory_ps[group]), int(of_groups.overlap_ps[group])
        bursts, late = int(of_groups.bursts[group]), int(of_groups.waiting_bursts[group])
        while_computing, while_waiting = [computing[i] for i in mine], [waiting[i] for i in mine]
        overlaps, lates = apportion(overlap, while_computing), apportion(late, while_waiting)
        found.overlap_ps[mine] += overlaps
        found.memory_ps[mine] += np.add(overlaps, apportion(memory - overlap, while_waiting))
        found.waiting_bursts[mine] += lates
        found.bursts[mine] += np.add(lates, apportion(bursts - late, while_computing))
    return found


@dataclass(frozen=True)
class Intervals:
    """Disjoint intervals in order; covered_before: what those before each add up to."""

    start: np.ndarray
    end: np.ndarray

    @property
    def covered_before(self) -> np.ndarray:
        return np.concatenate([[0], np.cumsum(self.end - self.start)])


def union(start: np.ndarray, end: np.ndarray) -> Intervals:
    """The time that is covered by any of some intervals."""
    order = np.argsort(start, kind="stable")
    start, reached = start[order], np.maximum.accumulate(end[order])
    opens = np.concatenate([[True], start[1:] > reached[:-1]])[: len(start)]
    closes = np.append(opens[1:], True)[: len(start)]
    return Intervals(start[opens], reached[closes])


def covered(intervals: Intervals, times: np.ndarray) -> np.ndarray:
    """How much of the time before each moment is covered."""
    begun = np.searchsorted(intervals.start, times, side="right")
    ahead = np.maximum(np.append(0, intervals.end)[begun] - times, 0)
    return np.asarray(intervals.covered_before[begun] - ahead)


def _sum(groups: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    found = np.zeros(count, dtype=np.int64)
    np.add.at(found, groups, values)
    return found

"""A run over time: what happened in each of a few hundred even parts of it, exactly.

Epochs are as long as the distance between the readings of the DRAM's counters (see `samples`); the last one
ends with the run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scanfuse.simulate.accelerator import Timeline
from scanfuse.simulate.phases import Intervals, covered, union


@dataclass(frozen=True)
class Epochs:
    """Arrays by epoch, int64 but the mean.

    edges_ps: where they begin, and the end of the last. claimed_entries: of the buffer, the mean over time;
    peak_claimed_entries. compute_ps: the array computes; memory_ps: requests are in flight. counted: by name
    of `samples.COUNTERS`; nothing where the DRAM does not tell.
    """

    edges_ps: np.ndarray
    claimed_entries: np.ndarray
    peak_claimed_entries: np.ndarray
    compute_ps: np.ndarray
    memory_ps: np.ndarray
    counted: dict[str, np.ndarray]


def epochs_of(timeline: Timeline, epoch_ps: int, end_ps: int, counted: dict[str, np.ndarray]) -> Epochs:
    """The epochs of a run that ends at `end_ps`."""
    edges = np.append(np.arange(0, max(end_ps, 1), epoch_ps, dtype=np.int64), end_ps)
    computing = Intervals(timeline.compute_start_ps, timeline.compute_end_ps)
    busy = union(timeline.asked_ps, timeline.complete_ps)
    mean, peak = _occupancy(timeline, edges)
    return Epochs(
        edges_ps=edges,
        claimed_entries=mean,
        peak_claimed_entries=peak,
        compute_ps=np.diff(covered(computing, edges)),
        memory_ps=np.diff(covered(busy, edges)),
        counted=counted,
    )


def _occupancy(timeline: Timeline, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Per epoch, the mean and the most entries claimed, with those that it begins with, and those claimed and
    given back in one moment."""
    starts = edges[:-1]
    times = np.concatenate([starts, np.frombuffer(timeline.claims_ps, dtype=np.int64)])
    levels = np.concatenate([0 * starts, np.frombuffer(timeline.claimed_entries, dtype=np.int64)])
    order = np.argsort(times, kind="stable")  # a start comes before the changes of its moment
    changed_last = np.maximum.accumulate(np.where(order < len(starts), 0, np.arange(len(order))))
    times, levels = times[order], levels[order][changed_last]
    lasts = np.diff(np.append(times, edges[-1]))
    first = np.flatnonzero(order < len(starts))
    mean = np.add.reduceat(levels * lasts, first) / np.maximum(np.diff(edges), 1)
    return mean, np.maximum.reduceat(levels, first)

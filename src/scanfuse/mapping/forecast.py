"""What a mapping will cost in time and DRAM energy, estimated from closed forms.

Memory and PE array are two servers; a group's phases pass through both. Within a phase loads run ahead of
computing where the buffer has room for the next step, else steps run one after the other. Loads of a map that
the group before has stored wait for the last of it. Rows stay open while bursts move and for a while around
each lone transfer; background power follows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from scanfuse.mapping.estimate import Target
from scanfuse.mapping.mapping import Mapping
from scanfuse.mapping.memory_costs import MemoryCosts
from scanfuse.mapping.work import Phase, phases

ALONE = 0.9  # a memory that is idle for this share of the time has closed its rows before each transfer


@dataclass(frozen=True)
class Forecast:
    """An estimate; fields may be arrays over candidates. time_ps: latency; dram_nj: all DRAM energy."""

    bursts: Any
    activations: Any
    time_ps: Any
    dram_nj: Any


def forecast(mapping: Mapping, target: Target, memory: MemoryCosts) -> Forecast:
    """The estimate of a whole mapping."""
    found = [
        phase
        for group in mapping.groups
        for phase in phases(mapping.cost(group), mapping.layouts_of(group), target)
    ]
    return forecast_phases(found, target, memory)


def forecast_phases(some: Iterable[Phase], target: Target, memory: MemoryCosts) -> Forecast:
    """The estimate of phases that run one after the other."""
    bursts: Any = 0
    activations: Any = 0
    burst_nj: Any = 0.0
    open_ps: Any = 0.0
    loaded: Any = 0.0  # when the memory is through with the loads so far
    computed: Any = 0.0
    owed: Any = 0.0  # time of stores that are still to come
    room: Any = 0
    for phase in some:
        cost = _PhaseCost.of(phase, target, memory)
        bursts, burst_nj = bursts + phase.bursts, burst_nj + cost.burst_nj
        began = np.maximum(loaded, computed)
        if phase.waits:
            start, owed = began + owed + memory.latency_ps, 0.0
        else:
            ahead = room * (target.entry_bytes / target.burst_bytes) * memory.least_ps
            start = np.maximum(loaded, computed - ahead)
        compute, steps, first = cost.compute_ps, phase.steps, cost.first_ps
        reads, stores = cost.read_ps - first, cost.write_ps - cost.last_ps + owed  # all others
        behind = 1 - np.asarray(phase.ahead) * target.prefetch  # share of loads that wait for the array
        held = 1 - np.asarray(phase.stores_ahead)  # share of stores that the array waits for
        waited = behind * (reads + np.minimum(steps, cost.loads) * memory.latency_ps) + held * stores
        before = np.maximum(computed, start)
        loaded = start + first + (1 - behind) * reads + (1 - held) * stores
        computed = (
            np.maximum(np.maximum(computed, start + first) + compute, loaded + compute / steps) + waited
        )
        loaded = np.where(behind > 0, computed - compute / steps, loaded)
        owed, room = cost.last_ps, phase.room_entries * target.prefetch
        spent = cost.read_ps + cost.write_ps
        took = np.maximum(computed - before, 0.0) + first
        idle = 1 - np.minimum(spent / np.maximum(took, 1.0), 1.0)
        idle = np.minimum(idle / ALONE, 1.0)
        activations = activations + cost.activations + idle * (cost.alone_activations - cost.activations)
        open_ps = open_ps + np.minimum(np.maximum(took, spent), spent + cost.gaps * memory.tail_ps)
    time = np.maximum(loaded, computed) + owed + memory.latency_ps
    open_ps = np.minimum(open_ps, time)
    energy = (
        burst_nj
        + activations * memory.activation_nj
        + (open_ps * memory.open_mw + (time - open_ps) * memory.idle_mw + time * memory.refresh_mw) * 1e-6
    )
    return Forecast(bursts, activations, time, energy)


@dataclass(frozen=True)
class _PhaseCost:
    """A phase at the memory's prices."""

    read_ps: Any
    write_ps: Any
    first_ps: Any  # of the reads before the first step, and of the writes after the last
    last_ps: Any
    compute_ps: Any
    loads: Any  # transfers
    activations: Any
    alone_activations: Any  # if the memory falls idle after each transfer
    burst_nj: Any
    gaps: Any  # times that the memory may fall idle

    @classmethod
    def of(cls, phase: Phase, target: Target, memory: MemoryCosts) -> _PhaseCost:
        times: list[Any] = [0.0, 0.0]
        ends: list[Any] = [0.0, 0.0]
        activations: Any = 0.0
        alone: Any = 0.0
        burst_nj: Any = 0.0
        turns: Any = 0.0
        gaps: Any = 0.0
        read_bursts = sum(flow.bursts for flow in phase.flows if not flow.write)
        read_transfers = sum(flow.transfers for flow in phase.flows if not flow.write)
        compute_ps = phase.cycles * target.cycle_ps
        # Reads that wait for the banks: all that have room; where computing takes longer, those of a step.
        room = phase.room_entries * phase.ahead * (target.entry_bytes / target.burst_bytes)
        bound = read_bursts * memory.least_ps > compute_ps
        waiting = np.minimum(read_bursts / phase.steps + bound * room, memory.window_bursts)
        for flow in phase.flows:
            transfers = np.maximum(flow.transfers, 1e-9)
            others = read_bursts - (0 if flow.write else flow.bursts)
            # The share of the banks that other reads touch between two visits of this flow to one.
            visits = np.maximum(np.minimum(flow.bursts, transfers * memory.banks), 1e-9)
            far = np.minimum(others / visits, 1.0)
            share = flow.bursts / np.maximum(read_bursts, 1e-9)
            stream = memory.stream(
                flow.bursts,
                flow.run_bursts,
                flow.pitch_bursts,
                far,
                flow.bursts / transfers,
                memory.window_bursts if flow.write else waiting * share,
                flow.write,
            )
            times[flow.write] = times[flow.write] + stream.time_ps
            ends[flow.write] = ends[flow.write] + stream.time_ps / np.clip(transfers, 1.0, phase.steps)
            activations, burst_nj = activations + stream.activations, burst_nj + stream.burst_nj
            alone = alone + stream.alone_activations
            gaps = gaps + flow.transfers
            turns = turns + flow.transfers * flow.write
        turns = np.where(times[0] > 0, turns, 0.0)
        return cls(
            times[0],
            times[1] + turns * memory.turn_ps,
            ends[0],
            ends[1],
            compute_ps,
            read_transfers,
            activations,
            alone,
            burst_nj,
            np.minimum(gaps, phase.steps * 2),
        )

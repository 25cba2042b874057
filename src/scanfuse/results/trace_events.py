"""A run's timeline for Perfetto (ui.perfetto.dev) and chrome://tracing: the Trace Event Format, as JSON.

Tracks of the accelerator: the groups of the mapping, the steps on the PE array, and per step its loads
(dma_in) and its stores (dma_out), from being asked for to being complete. Loads and stores of several steps
may be under way at once: those that overlap get lanes of their own. Of the DRAM: when requests are in flight,
and its bandwidth and row-hit rate by epoch (see `timeline`). The buffer's claimed entries change exactly when
they do. Times are microseconds; every slice has its step, and what it moves, among its arguments.
"""

from __future__ import annotations

import gzip
import heapq
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from scanfuse.program import Cause
from scanfuse.results.files import write_whole
from scanfuse.results.run import Run
from scanfuse.results.timeline import timeline_table
from scanfuse.simulate import Simulation
from scanfuse.simulate.phases import union

Event = dict[str, Any]
ACCELERATOR, DRAM = 1, 2  # processes
GROUPS, DMA_IN, PE_ARRAY, DMA_OUT = (
    1,
    1000,
    2000,
    3000,
)  # threads of the accelerator; lanes count on from there


def write_timeline(path: Path, run: Run) -> None:
    """Write a run's timeline, packed if the name ends in .gz; it appears when it is whole. Raises OSError."""

    def write(part: Path) -> None:
        with ExitStack() as files:
            file: Any = files.enter_context(part.open("wb"))
            if path.suffix == ".gz":
                file = files.enter_context(gzip.GzipFile("", "wb", fileobj=file, mtime=0))
            separator = '{"displayTimeUnit": "ns", "traceEvents": [\n'
            for event in trace_events(run):
                file.write(f"{separator}{json.dumps(event)}".encode())
                separator = ",\n"
            file.write(b"\n]}\n")

    write_whole(path, write)


def trace_events(run: Run) -> Iterator[Event]:
    """All events: names of tracks first, then track by track in order of time."""
    simulation = run.simulation
    names = [layer.name for layer in run.network.layers]
    yield _named(
        "process_name", ACCELERATOR, 0, f"{run.network.name}, {run.schedule}, on {run.accelerator.name}"
    )
    yield _named("process_name", DRAM, 0, f"DRAM {simulation.config.name}")
    yield _named("thread_name", ACCELERATOR, GROUPS, "groups")
    yield from _groups(simulation, names)
    yield _named("thread_name", ACCELERATOR, PE_ARRAY, "pe_array")
    yield from _steps(simulation, names)
    yield from _transfers(simulation, names, DMA_IN, "dma_in")
    yield from _transfers(simulation, names, DMA_OUT, "dma_out")
    yield _named("thread_name", DRAM, 1, "DRAM: requests in flight")
    busy = union(simulation.timeline.asked_ps, simulation.timeline.complete_ps)
    for start, end in zip(busy.start.tolist(), busy.end.tolist(), strict=True):
        yield _slice(DRAM, 1, "in flight", start, end, {})
    yield from _counters(simulation)


def _groups(simulation: Simulation, names: list[str]) -> Iterator[Event]:
    """From the first step of each group to its last."""
    program, line = simulation.program, simulation.timeline
    for number, group in enumerate(program.mapping.groups):
        steps = np.flatnonzero(program.groups == number)
        layers = [names[index] for index in group.layers]
        title = layers[0] if len(layers) == 1 else f"{layers[0]} to {layers[-1]}"
        start, end = int(line.compute_start_ps[steps[0]]), int(line.compute_end_ps[steps[-1]])
        yield _slice(ACCELERATOR, GROUPS, title, start, end, {"group": number, "layers": layers})


def _steps(simulation: Simulation, names: list[str]) -> Iterator[Event]:
    program, line = simulation.program, simulation.timeline
    edges = np.searchsorted(program.ops["step"], np.arange(program.steps + 1))
    layers = program.ops["layer"].tolist()
    times = zip(line.compute_start_ps.tolist(), line.compute_end_ps.tolist(), strict=True)
    for step, (start, end) in enumerate(times):
        mine = list(dict.fromkeys(layers[edges[step] : edges[step + 1]]))
        if mine:
            title = names[mine[0]] if len(mine) == 1 else f"{names[mine[0]]} to {names[mine[-1]]}"
            yield _slice(ACCELERATOR, PE_ARRAY, title, start, end, {"step": step})


def _transfers(simulation: Simulation, names: list[str], thread: int, title: str) -> Iterator[Event]:
    """A slice per step that loads (or stores), on the first lane that is free by then."""
    plan, line = simulation.plan, simulation.timeline
    mine = np.flatnonzero(plan.transfer_is_load == (thread == DMA_IN))
    steps, first = np.unique(plan.transfer_step[mine], return_index=True)
    if not len(steps):
        return
    start = np.minimum.reduceat(line.asked_ps[mine], first)
    end = np.maximum.reduceat(line.complete_ps[mine], first)
    moves = simulation.program.moves[simulation.program.transfers[mine]]
    moved = plan.transfer_entries[mine] * plan.accelerator.buffer.entry_bytes
    by_tensor = np.zeros((len(steps), len(Cause)), dtype=np.int64)
    np.add.at(by_tensor, (np.searchsorted(steps, plan.transfer_step[mine]), moves["cause"]), moved)
    busy: list[tuple[int, int]] = []  # until when, and the number of the lane
    free: list[int] = []
    lanes = 0
    for at in np.lexsort((steps, start)).tolist():
        while busy and busy[0][0] <= start[at]:
            heapq.heappush(free, heapq.heappop(busy)[1])
        if free:
            lane = heapq.heappop(free)
        else:
            lane, lanes = lanes, lanes + 1
            yield _named("thread_name", ACCELERATOR, thread + lane, f"{title} {lane + 1}" if lane else title)
        heapq.heappush(busy, (int(end[at]), lane))
        causes = np.flatnonzero(by_tensor[at]).tolist()
        told = {f"{Cause(cause).name.lower()}_bytes": int(by_tensor[at, cause]) for cause in causes}
        layer = names[moves["layer"][first[at]]]
        yield _slice(
            ACCELERATOR, thread + lane, layer, int(start[at]), int(end[at]), {"step": int(steps[at]), **told}
        )


def _counters(simulation: Simulation) -> Iterator[Event]:
    line = simulation.timeline
    times = np.array(line.claims_ps, dtype=np.int64)
    last = np.append(times[1:] != times[:-1], True)[: len(times)]  # of the changes in one moment
    for at in np.flatnonzero(last).tolist():
        yield _counter(
            ACCELERATOR, "buffer entries claimed", int(times[at]), {"entries": line.claimed_entries[at]}
        )
    if not simulation.epochs.counted:
        return
    for row in timeline_table(simulation).to_dict("records"):
        ps = round(row["start_us"] * 1e6)
        told = {"read": row["dram_read_gb_s"], "write": row["dram_write_gb_s"]}
        yield _counter(DRAM, "DRAM bandwidth, GB/s", ps, told)
        if row["row_hit_rate"] == row["row_hit_rate"]:  # there are requests that could hit
            yield _counter(DRAM, "row hits, %", ps, {"hits": 100 * row["row_hit_rate"]})
    yield _counter(DRAM, "DRAM bandwidth, GB/s", simulation.time_ps, {"read": 0, "write": 0})


def _named(what: str, process: int, thread: int, name: str) -> Event:
    return {"ph": "M", "name": what, "pid": process, "tid": thread, "args": {"name": name}}


def _slice(process: int, thread: int, name: str, start_ps: int, end_ps: int, told: Event) -> Event:
    times = {"ts": start_ps / 1e6, "dur": (end_ps - start_ps) / 1e6}
    return {"ph": "X", "name": name, "pid": process, "tid": thread, **times, "args": told}


def _counter(process: int, name: str, time_ps: int, values: Event) -> Event:
    return {"ph": "C", "name": name, "pid": process, "tid": 0, "ts": time_ps / 1e6, "args": values}

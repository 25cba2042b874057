"""The accelerator as SimPy processes: DMA in, PE array, DMA out, and the buffer they share.

* `dma_in` claims buffer space and requests loads, one after the other in program order; it runs ahead of the
  PE array as far as space allows.
* `pe_array` computes a step once all it needs is there, from clock edge to clock edge.
* `dma_out` stores what a step has made; space is given back when the data are in DRAM.

A load waits until every earlier store to the same tensor is complete. Serial execution always fits the buffer
(`check` proves it), and a step claims nothing before the steps before it have claimed all they need, so there
is no deadlock: they compute and give back whatever the step waits for.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import simpy

from scanfuse.simulate.clock import DramClock
from scanfuse.simulate.plan import Plan

Process = Generator[simpy.Event, Any, None]


@dataclass
class Signal:
    """Something one process waits for: woken whenever the condition may have become true."""

    env: simpy.Environment
    waiter: simpy.Event | None = None

    def wait(self) -> simpy.Event:
        self.waiter = self.env.event()
        return self.waiter

    def wake(self) -> None:
        if self.waiter is not None:
            waiter, self.waiter = self.waiter, None
            waiter.succeed()


@dataclass
class Timeline:
    """What happened when: int64 arrays, in picoseconds.

    Per step: when it computed; bursts_before_start, bursts_before_end: reads and writes that DRAM had begun
    by then (zeros where it does not tell). Per transfer: when it was asked for and when it was complete. Of
    the buffer: the entries claimed, from each moment on when they change.
    """

    compute_start_ps: np.ndarray
    compute_end_ps: np.ndarray
    bursts_before_start: np.ndarray
    bursts_before_end: np.ndarray
    asked_ps: np.ndarray
    complete_ps: np.ndarray
    claims_ps: array[int] = field(init=False, default_factory=lambda: array("q"))
    claimed_entries: array[int] = field(init=False, default_factory=lambda: array("q"))

    @classmethod
    def empty(cls, steps: int, transfers: int) -> Timeline:
        return cls(
            *(np.zeros(count, dtype=np.int64) for count in (steps, steps, steps, steps, transfers, transfers))
        )


@dataclass
class Machine:
    """The state the processes share, and the processes."""

    env: simpy.Environment
    plan: Plan
    clock: DramClock
    on_group_end: Callable[[int], None]
    on_step: Callable[[int], None]
    free: int = field(init=False)
    peak: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        plan, program = self.plan, self.plan.program
        self.capacity = self.free = plan.accelerator.buffer.entries
        self.pending_loads, self.pending_stores = [0] * program.steps, [0] * program.steps
        self.issued = 0  # steps whose loads have been requested
        self.computed = 0  # steps that have computed
        self.stored: dict[int, int] = {}  # place in DRAM -> completed stores
        self.space, self.loaded, self.work, self.hazard = (Signal(self.env) for _ in range(4))
        self.turn = Signal(self.env)
        self.timeline = Timeline.empty(program.steps, len(program.transfers))
        first = np.searchsorted(plan.transfer_step, np.arange(program.steps + 1))
        self._first_transfer = first.tolist()
        self._is_load = plan.transfer_is_load.tolist()
        self._owner = plan.transfer_owner.tolist()
        self._key = plan.store_key.tolist()
        self._needed = plan.stores_needed.tolist()
        self._offsets = plan.bursts.offsets.tolist()
        for process in (self.dma_in(), self.pe_array(), self.dma_out()):
            self.env.process(process)

    def dma_in(self) -> Process:
        """Claim space and request loads in program order, the room for a step's results last."""
        prefetch = self.plan.accelerator.dma.prefetch
        sizes, room = self.plan.transfer_entries.tolist(), self.plan.room.tolist()
        for step in range(self.plan.program.steps):
            while not prefetch and self.computed < step:
                yield self.turn.wait()
            for transfer in range(self._first_transfer[step], self._first_transfer[step + 1]):
                if not self._is_load[transfer]:
                    continue
                yield from self._claim(sizes[transfer])
                self.pending_loads[step] += 1
                while self.stored.get(self._key[transfer], 0) < self._needed[transfer]:
                    yield self.hazard.wait()
                self._submit(transfer, False, partial(self._load_done, transfer, step))
            yield from self._claim(room[step])
            self.issued = step + 1
            self.loaded.wake()

    def _claim(self, entries: int) -> Process:
        """Take entries of the buffer as soon as so many are free."""
        while self.free < entries:
            yield self.space.wait()
        self._set_free(self.free - entries)
        self.peak = max(self.peak, self.capacity - self.free)

    def _set_free(self, entries: int) -> None:
        self.free = entries
        self.timeline.claims_ps.append(int(self.env.now))
        self.timeline.claimed_entries.append(self.capacity - entries)

    def pe_array(self) -> Process:
        """Compute each step when its loads are complete, on the edges of the array's clock."""
        cycles = self.plan.cycles.tolist()
        groups = self.plan.program.groups.tolist()
        released = self.plan.released_at_once.tolist()
        period = self.plan.accelerator.pe_array.clock_period_ps
        line = self.timeline
        for step in range(len(cycles)):
            begun = int(line.bursts_before_end[step - 1]) if step else 0
            while self.issued <= step or self.pending_loads[step]:
                yield self.loaded.wait()
                begun = self.clock.bursts_begun()
            now = int(self.env.now)
            start = -(-now // period) * period
            end = start + cycles[step] * period
            line.bursts_before_start[step] = begun
            if end > now:
                yield self.env.timeout(end - now)
            line.bursts_before_end[step] = self.clock.bursts_begun()
            line.compute_start_ps[step], line.compute_end_ps[step] = start, end
            self.computed = step + 1
            self._release(released[step])
            self.work.wake()
            self.turn.wake()
            self.on_step(step)
            if step + 1 == len(cycles) or groups[step + 1] != groups[step]:
                self.on_group_end(groups[step])

    def dma_out(self) -> Process:
        """Store what each computed step leaves, in program order."""
        for step in range(self.plan.program.steps):
            stores = [
                transfer
                for transfer in range(self._first_transfer[step], self._first_transfer[step + 1])
                if not self._is_load[transfer]
            ]
            if not stores:
                continue
            while self.computed <= step:
                yield self.work.wait()
            self.pending_stores[step] = len(stores)
            for transfer in stores:
                self._submit(transfer, True, partial(self._store_done, transfer, step))

    def _submit(self, transfer: int, is_write: bool, done: Callable[[], None]) -> None:
        addresses = self.plan.bursts.addresses[self._offsets[transfer] : self._offsets[transfer + 1]]
        self.timeline.asked_ps[transfer] = int(self.env.now)
        self.clock.submit(addresses, is_write, self._owner[transfer], done)

    def _load_done(self, transfer: int, step: int) -> None:
        self.timeline.complete_ps[transfer] = int(self.env.now)
        self.pending_loads[step] -= 1
        if not self.pending_loads[step]:
            self.loaded.wake()

    def _store_done(self, transfer: int, step: int) -> None:
        self.timeline.complete_ps[transfer] = int(self.env.now)
        key = self._key[transfer]
        self.stored[key] = self.stored.get(key, 0) + 1
        self.hazard.wake()
        self.pending_stores[step] -= 1
        if not self.pending_stores[step]:
            self._release(int(self.plan.released_when_stored[step]))

    def _release(self, entries: int) -> None:
        if entries:
            self._set_free(self.free + entries)
            self.space.wake()

"""Keeps SimPy and the DRAM engine in step: time in integer picoseconds outside, in ticks inside.

The engine never runs past the next SimPy event, and stops at the first transfer that completes; that
completion becomes an event at the end of its tick. So nothing is ever told of later than it happens, and no
result depends on how far the engine is allowed to look ahead (`lookahead_ticks`, for the tests that show it).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import simpy

from scanfuse.dram import DramConfig, RequestPort
from scanfuse.simulate.samples import Samples

FOREVER_TICKS = 1 << 40


class DramClock:
    """A SimPy environment with a DRAM request port beside it."""

    def __init__(
        self, env: simpy.Environment, port: RequestPort, config: DramConfig, lookahead_ticks: int
    ) -> None:
        self.env = env
        self.port = port
        self.tck_ps = config.tck_ps
        self.lookahead_ticks = lookahead_ticks
        self.samples = Samples(port)
        self._waiting: dict[int, Callable[[], None]] = {}

    def submit(self, addresses: np.ndarray, is_write: bool, owner: int, done: Callable[[], None]) -> None:
        """Offer a transfer's requests from now on; `done` is called when the last of them has completed."""
        transfer = self.port.submit(addresses, is_write, owner, self._tick_at_or_after(int(self.env.now)))
        self._waiting[transfer] = done

    def run(self) -> None:
        """Run until nothing is left to happen."""
        while True:
            upcoming = self.env.peek()
            if self._waiting and not self._catch_up(upcoming):
                continue
            if math.isinf(upcoming):
                if self._waiting:
                    continue
                return
            self.env.step()

    def advance_to(self, time_ps: int) -> int:
        """Bring the engine to a time, where no transfer is left to complete before it; returns its tick."""
        tick = self._tick_at_or_after(time_ps)
        while self.port.tick < tick:
            for transfer, _ in self._advance(tick):
                raise RuntimeError(f"transfer {transfer} completed behind the simulation's back")
        return tick

    def bursts_begun(self) -> int:
        """Reads and writes that DRAM has begun, on all channels; 0 if it does not tell."""
        if not self.port.tells_causes:
            return 0
        counters = self.port.raw_counters()
        return int(counters["reads"].sum() + counters["writes"].sum())

    def _catch_up(self, upcoming_ps: float) -> bool:
        """Let the engine run towards the next event; whether it got there without a transfer completing."""
        limit = (
            self.port.tick + FOREVER_TICKS
            if math.isinf(upcoming_ps)
            else self._tick_at_or_after(int(upcoming_ps))
        )
        if self.port.tick >= limit:
            return True
        until = min(limit, self.port.tick + self.lookahead_ticks)
        completed = self._advance(until)
        for transfer, tick in completed:
            self._post((tick + 1) * self.tck_ps, self._waiting.pop(transfer))
        return not completed and until == limit

    def _advance(self, until_tick: int) -> list[tuple[int, int]]:
        """Advance the engine, and read its counters on the way where they are due."""
        while True:
            completed = self.port.advance(min(until_tick, self.samples.due))
            self.samples.look()
            if completed or self.port.tick >= until_tick:
                return completed

    def _post(self, time_ps: int, call: Callable[[], None]) -> None:
        """The one place that puts an event at a given time into SimPy's queue."""
        event: Any = self.env.event()
        event.callbacks.append(lambda _: call())
        event._ok, event._value = True, None
        self.env.schedule(event, delay=time_ps - int(self.env.now))

    def _tick_at_or_after(self, time_ps: int) -> int:
        return -(-time_ps // self.tck_ps)

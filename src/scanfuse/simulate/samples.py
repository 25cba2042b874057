"""The DRAM's counters, read at even distances while a run goes on whose length nobody knows.

Readings begin close to each other. Whenever there are MOST of them, every other one is dropped and the
distance doubles: at the end at least half as many are left, whatever the length. A reading changes nothing:
what the engine does does not depend on how it is advanced.
"""

from __future__ import annotations

import numpy as np

from scanfuse.dram import RequestPort

MOST = 256  # readings, an even number
FIRST_TICKS = 64  # between the first of them
COUNTERS = ("reads", "writes", "row_hits", "activates")
NEVER = 1 << 62


def epoch_ticks(ticks: int) -> int:
    """The distance between readings in a run of so many ticks."""
    distance = FIRST_TICKS
    while ticks >= MOST * distance:
        distance *= 2
    return distance


class Samples:
    """Readings of COUNTERS, summed over channels and ranks; none of an attached DRAMSim2, which tells
    none."""

    def __init__(self, port: RequestPort) -> None:
        self.port = port
        self.distance = FIRST_TICKS
        self.readings: list[tuple[int, ...]] = []

    @property
    def due(self) -> int:
        """The tick before which the next reading is taken."""
        return (len(self.readings) + 1) * self.distance if self.port.tells_causes else NEVER

    def look(self) -> None:
        """Take a reading if it is due now."""
        if self.port.tick != self.due:
            return
        self.readings.append(self._read())
        if len(self.readings) == MOST:
            self.readings = self.readings[1::2]
            self.distance *= 2

    def by_epoch(self) -> dict[str, np.ndarray]:
        """What was counted between readings, and from the last of them until now, int64 by name."""
        if not self.port.tells_causes:
            return {}
        done = len(self.readings) * self.distance == self.port.tick
        readings = [(0,) * len(COUNTERS), *self.readings, *([] if done else [self._read()])]
        table = np.diff(np.array(readings, dtype=np.int64), axis=0)
        return dict(zip(COUNTERS, table.T, strict=True))

    def _read(self) -> tuple[int, ...]:
        counters = self.port.raw_counters()
        return tuple(int(counters[name].sum()) for name in COUNTERS)

"""The first figure in which two replays of one stream are not equal."""

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from scanfuse.dram.tables import ACCUMULATORS

if TYPE_CHECKING:
    from scanfuse.dram.replay_figures import ReplayFigures
    from scanfuse.dram.replay_stream import ServedChunk


class CrossCheck:
    """Holds two replays of one stream to each other, cut alike, as their chunks come back."""

    def __init__(self) -> None:
        self._waiting: tuple[deque[ServedChunk], deque[ServedChunk]] = (deque(), deque())
        self._found: str | None = None

    def add(self, engine: "list[ServedChunk]", dramsim2: "list[ServedChunk]") -> None:
        """Takes the next chunks of each."""
        ours, theirs = self._waiting
        ours.extend(engine)
        theirs.extend(dramsim2)
        while ours and theirs:
            found = requests_difference(ours.popleft(), theirs.popleft())
            self._found = self._found or found

    def difference(self, engine: "ReplayFigures", dramsim2: "ReplayFigures") -> str | None:
        """When both have ended: the first difference in words, None if every acceptance, completion, the
        number of ticks and every energy is the same."""
        return self._found or figures_difference(engine, dramsim2)


def requests_difference(engine: "ServedChunk", dramsim2: "ServedChunk") -> str | None:
    """The first request of a chunk with another acceptance or completion, in words."""
    late = (engine.accepted != dramsim2.accepted) | (engine.completed != dramsim2.completed)
    if not late.any():
        return None
    at = int(np.argmax(late))
    figure = "accepted" if engine.accepted[at] != dramsim2.accepted[at] else "completed"
    ours, theirs = (_tick(getattr(each, figure)[at]) for each in (engine, dramsim2))
    kind = "write" if engine.is_write[at] else "read"
    request = f"request {engine.first + at}, {kind} of {int(engine.addresses[at]):#x}"
    return f"{request}: {figure} {ours} by the engine, {theirs} by DRAMSim2"


def figures_difference(engine: "ReplayFigures", dramsim2: "ReplayFigures") -> str | None:
    """Ticks in all, or the first energy that is not the same, in words."""
    if engine.ticks != dramsim2.ticks:
        return f"{engine.ticks} ticks in all by the engine, {dramsim2.ticks} by DRAMSim2"
    for name in ACCUMULATORS:
        energies = zip(engine.energy[name], dramsim2.energy[name], strict=True)
        for row, (drawn, told) in enumerate(energies):
            if drawn != told:
                channel, rank = (int(engine.energy[key][row]) for key in ("channel", "rank"))
                where = f"{name} energy of channel {channel}, rank {rank}"
                return f"{where}: {drawn} mA x ticks by the engine, {told} by DRAMSim2"
    return None


def _tick(tick: int) -> str:
    return "never" if tick < 0 else f"in tick {tick}"

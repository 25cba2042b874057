"""The first figure in which two replays of one stream are not equal."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scanfuse.dram.tables import ACCUMULATORS

if TYPE_CHECKING:
    from scanfuse.dram.replay import Replay


def difference(
    addresses: NDArray[np.uint64], is_write: NDArray[np.bool_], engine: "Replay", dramsim2: "Replay"
) -> str | None:
    """In words; None if every acceptance, completion, the number of ticks and every energy is the same."""
    late = (engine.accepted != dramsim2.accepted) | (engine.completed != dramsim2.completed)
    if late.any():
        at = int(np.argmax(late))
        figure = "accepted" if engine.accepted[at] != dramsim2.accepted[at] else "completed"
        ours, theirs = (_tick(getattr(each, figure)[at]) for each in (engine, dramsim2))
        kind = "write" if is_write[at] else "read"
        request = f"request {at}, {kind} of {int(addresses[at]):#x}"
        return f"{request}: {figure} {ours} by the engine, {theirs} by DRAMSim2"
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

"""Feeding a recorded stream of requests to a memory, as fast as it takes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scanfuse.dram.backend import Backend
from scanfuse.dram.config import DramConfig
from scanfuse.dram.replay_figures import ReplayFigures
from scanfuse.dram.replay_stream import Feed, ReplayStream, ServedChunk


class Replay(ReplayFigures):
    """What a stream of requests did; made by `replay`."""

    def __init__(self, figures: ReplayFigures, requests: ServedChunk) -> None:
        super().__init__(figures.config, figures._run, figures._recorded)
        self.accepted: NDArray[np.int64] = requests.accepted
        """Per request: the CPU cycle in which it was accepted; a tick unless `cpu_hz` is given."""
        self.completed: NDArray[np.int64] = requests.completed
        """Per request: the tick in which it completed."""


def replay(
    cycles: ArrayLike,
    addresses: ArrayLike,
    is_write: ArrayLike,
    cfg: DramConfig,
    feed: Feed = "accept",
    force: ArrayLike | None = None,
    per_cycle: int = 0,
    cpu_hz: int = 0,
    extra: int = 0,
    commands: bool = False,
    *,
    epochs: bool = False,
    owners: ArrayLike | None = None,
    total_ticks: int = 0,
    stop_tick: int = 0,
    idle: ArrayLike | None = None,
    backend: Backend = "engine",
) -> Replay:
    """Replays requests, in order, on a fresh memory, and tells what each took and what all cost.

    A request is offered from its cycle on, once all before it are in, and waits for room in its channel's
    transaction queue. For streams that are too long for arrays of their whole length, see `ReplayStream`.

    Args:
        cycles: when each request is offered: int64, of one length with the next two.
        addresses: uint64, bytes.
        is_write: bool.
        cfg: the memory.
        feed: `accept` as said above; `pend` does not wait for room but joins an unbounded list in front of
            the queue; `trace` is how DRAMSim2's own trace tool feeds: one request per cycle at most, see
            `idle`.
        force: bool, for each request: does not ask for room, as all do with `pend`.
        per_cycle: the most requests accepted in a cycle; 0 for no bound.
        cpu_hz: the clock that `cycles` and `accepted` count, in Hz; 0 for the DRAM's.
        extra: cycles to go on for after the last completion.
        commands: record every command.
        epochs: record figures by epoch of EPOCH_LENGTH ticks.
        owners: uint32, for each request: to whom it is charged.
        total_ticks: the run is at least so many ticks long.
        stop_tick: the run is exactly so many ticks long (0: as long as it takes), as with the `-c` of
            DRAMSim2's tool: what was not accepted or completed by then has -1 in `accepted` or `completed`.
        idle: uint32, for each request: cycles lost to blank lines before it, with `feed="trace"`
            (`Trace.idle`).
        backend: `engine`, or `dramsim2` for the one that is attached (docs/dram.md).

    Returns:
        The `Replay`: `accepted` and `completed` (int64 arrays, a tick for each request), `ticks` in all, the
        DataFrames `energy` (nJ by channel and rank, all devices), `counters`, `banks`, and `commands`,
        `epochs` and `owners` where asked for.

    Raises:
        ValueError: arrays that do not fit each other, or negative addresses.
        DramConfigError: EPOCH_LENGTH so short that more epochs would be recorded than fit.
        BusCollision, NoProgress: configurations that cannot run (see `scanfuse.dram.errors`).
        DramSim2Error: an attached DRAMSim2 that does not answer, or is asked for what it does not tell.

    Example:
        >>> cfg = scanfuse.DramConfig.from_ini("DDR3_micron_64M_8B_x8_sg125")
        >>> done = scanfuse.replay([0, 4, 8], [0, 64, 1 << 20], [False, False, True], cfg)
        >>> done.completed.tolist(), int(done.counters["activates"].sum())
        ([28, 33, 65], 3)
    """
    stream = ReplayStream(
        cfg,
        feed,
        per_cycle,
        cpu_hz,
        extra,
        commands,
        epochs=epochs,
        total_ticks=total_ticks,
        stop_tick=stop_tick,
        backend=backend,
    )
    parts = stream.feed(cycles, addresses, is_write, force=force, owners=owners, idle=idle) + stream.finish()
    return Replay(stream.figures, parts[0])

"""Feeding a recorded stream of requests to a memory, as fast as it takes them."""

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
    """Replays requests, in order, on a fresh memory.

    `cycles` (int64), `addresses` (uint64, bytes) and `is_write` (bool) are of one length. A request is
    offered from its cycle on, once all before it are in, and waits for room in its channel's transaction
    queue (`feed="accept"`); a request with its bit in `force` set does not ask for room but joins an
    unbounded list in front of the queue, as do all with `feed="pend"`; `feed="trace"` is how DRAMSim2's own
    trace tool feeds: one request per cycle at most, and `idle` (uint32, see `Trace.idle`) cycles lost to
    blank lines before each. `per_cycle` bounds the requests per cycle (0: no bound). `cpu_hz` is the clock
    that `cycles` and `accepted` count (0: the DRAM's). The run goes on for `extra` cycles after the last
    completion, and to at least `total_ticks` ticks if that is given. With `stop_tick` (not 0) it is exactly
    so many ticks long instead, as with the `-c` of DRAMSim2's tool: what was not accepted or not completed
    by then has -1 in `accepted` or `completed`.

    `commands` and `epochs` ask for these records; `owners` (uint32) says to whom each request is charged.
    `backend="dramsim2"` has it simulated by the DRAMSim2 that is attached (see `scanfuse.dram.backend`).

    For streams that are too long for arrays of their whole length, see `ReplayStream`.

    Raises ValueError for arrays that do not fit, DramConfigError where EPOCH_LENGTH is so short that more
    epochs would be recorded than fit, BusCollision and NoProgress for configurations that cannot run,
    DramSim2Error for an attached DRAMSim2 that does not answer (see `scanfuse.dram.errors`).
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

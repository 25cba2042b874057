"""The request port of an accelerator: transfers in, completions out, few calls per transfer."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scanfuse.dram.backend import Backend, is_attached
from scanfuse.dram.config import DramConfig, as_addresses, within
from scanfuse.dram.native import engine
from scanfuse.dram.tables import Columns, command_table, energy_table, plain_table

if TYPE_CHECKING:
    import pandas as pd

    from scanfuse.dram.attached import AttachedPort


class AcceptedStream(NamedTuple):
    """The requests a memory has accepted, in order; `replay(*stream, cfg)` repeats them exactly."""

    cycles: NDArray[np.int64]
    addresses: NDArray[np.uint64]
    is_write: NDArray[np.bool_]


class RequestPort:
    """A memory behind two queues of transfers, one of reads and one of writes.

    Requests of a transfer wait in their queue from the transfer's `not_before_tick` on, in order of
    submission; a transfer that is not due yet holds back those behind it in its queue. Before each tick,
    requests enter the memory's transaction queues for as long as there is room: reads first while fewer
    than `write_watermark` write requests wait in the port, else writes first (the other kind when the
    preferred one has nothing due). If the request so chosen finds no room on its channel, the port waits;
    nothing passes it.

    What happens does not depend on how `advance` is sliced. With `log=True` the accepted stream is kept;
    replaying it gives the same ticks and the same energy to the last bit.

    `backend="dramsim2"` has it simulated by the DRAMSim2 that is attached (see `scanfuse.dram.backend`).
    """

    def __init__(
        self,
        cfg: DramConfig,
        *,
        write_watermark: int = 32,
        log: bool = False,
        commands: bool = False,
        backend: Backend = "engine",
    ) -> None:
        if write_watermark < 1:
            raise ValueError(f"write_watermark={write_watermark}: must be at least 1")
        self.config = cfg
        self._logged, self._recorded = log, commands
        self._port: engine.Port | AttachedPort
        self.backend: Backend = backend
        """Who simulates the memory."""
        if is_attached(backend, {"commands": commands}):
            from scanfuse.dram import attached

            self._port = attached.AttachedPort(cfg, write_watermark, log)
        else:
            self._port = engine.Port(cfg.engine_values, write_watermark, log, commands)

    def submit(
        self,
        addresses: ArrayLike,
        is_write: bool,
        owner: int = 0,
        not_before_tick: int | None = None,
    ) -> int:
        """Hands in a transfer: byte addresses (uint64), one request each, charged to `owner` (uint32).

        Its requests are offered from `not_before_tick` on (default: the current tick), which must not lie
        in the past. Returns the transfer's number, counting from 0. Raises ValueError.
        """
        tick = self._port.tick if not_before_tick is None else not_before_tick
        return self._port.submit(
            as_addresses(addresses).reshape(-1),
            bool(is_write),
            within("owner", owner, 32),
            within("not_before_tick", tick, 63),
        )

    def advance(self, until_tick: int) -> list[tuple[int, int]]:
        """Executes ticks before `until_tick`, but none after a tick in which a transfer completes.

        Returns (transfer, tick) of the transfers completed in that tick (of all its requests), an empty
        list if `until_tick` was reached first; `tick` tells where the port stands.
        """
        return self._port.advance(within("until_tick", until_tick, 63))

    @property
    def tells_causes(self) -> bool:
        """Whether `counters` and `commands` are known, and in `owners` the commands and energies that
        requests caused: not to an attached DRAMSim2."""
        return self.backend == "engine"

    @property
    def tick(self) -> int:
        """The next tick to execute, which is the number of ticks executed."""
        return self._port.tick

    @property
    def unfinished(self) -> int:
        """Transfers submitted whose completion has not been returned yet."""
        return self._port.unfinished

    @property
    def waiting_reads(self) -> int:
        """Read requests that have not entered the memory yet."""
        return self._port.waiting(False)

    @property
    def waiting_writes(self) -> int:
        """Write requests that have not entered the memory yet."""
        return self._port.waiting(True)

    def raw_energy(self) -> Columns:
        """Accumulators at the current tick as uint64 arrays: channel, rank, background, burst, actpre,
        refresh. Cheap; for callers that sample often."""
        return self._port.energy()

    def energy(self) -> "pd.DataFrame":
        """Energy up to the current tick, as `Replay.energy`."""
        return energy_table(self._port.energy(), self.config)

    def raw_counters(self) -> Columns:
        """Commands issued up to the current tick, a value per rank. Cheap; for callers that sample often."""
        return self._port.counters()

    def counters(self) -> "pd.DataFrame":
        """Commands issued up to the current tick, as `Replay.counters`."""
        return plain_table(self._port.counters())

    def owners(self) -> "pd.DataFrame":
        """A row per owner: owner, reads, writes, activates, row_hits, burst, actpre (raw accumulators).
        Sums over owners equal the sums over ranks exactly."""
        return plain_table(self._port.owners())

    def commands(self) -> "pd.DataFrame":
        """The command trace so far (only with `commands=True`)."""
        if not self._recorded:
            raise RuntimeError("commands were not recorded: make the port with commands=True")
        return command_table(self._port.commands())

    def log(self) -> AcceptedStream:
        """The accepted stream so far (only with `log=True`)."""
        if not self._logged:
            raise RuntimeError("the accepted stream was not recorded: make the port with log=True")
        ticks, addresses, is_write = self._port.log()
        return AcceptedStream(ticks, addresses, is_write.astype(bool))

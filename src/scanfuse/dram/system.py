"""Driving a memory request by request."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scanfuse.dram.backend import Backend, is_attached
from scanfuse.dram.config import DramConfig, within
from scanfuse.dram.native import engine
from scanfuse.dram.tables import command_table, energy_table, plain_table

if TYPE_CHECKING:
    import pandas as pd

    from scanfuse.dram.attached import AttachedMemory


class Completions(NamedTuple):
    """Requests that have completed, by tick: `tags` (uint64) as given to `add`, and `ticks` (int64)."""

    tags: NDArray[np.uint64]
    ticks: NDArray[np.int64]


class DramSystem:
    """A memory that stands still until it is told how far to go.

        memory = DramSystem(cfg)
        if memory.can_accept(address):
            memory.add(address, is_write=False, tag=7)
        tags, ticks = memory.advance(memory.tick + 100)

    Requests are added before the current tick executes; any number per tick while there is room. Ticks in
    which nothing changes cost nothing. Systems are independent of each other, also across threads.

    `backend="dramsim2"` has it simulated by the DRAMSim2 that is attached (see `scanfuse.dram.backend`).
    """

    def __init__(self, cfg: DramConfig, *, commands: bool = False, backend: Backend = "engine") -> None:
        self.config = cfg
        self._recorded = commands
        self._memory: engine.Memory | AttachedMemory
        if is_attached(backend, {"commands": commands}):
            from scanfuse.dram import attached

            self._memory = attached.AttachedMemory(cfg)
        else:
            self._memory = engine.Memory(cfg.engine_values, commands)

    def can_accept(self, address: int) -> bool:
        """Whether the transaction queue of the address's channel has room at the current tick."""
        return self._memory.can_accept(within("address", address, 64))

    def add(self, address: int, is_write: bool, tag: int, owner: int = 0) -> None:
        """Adds a request at the current tick. Raises RuntimeError if there is no room for it."""
        self._memory.add(
            within("address", address, 64), bool(is_write), within("tag", tag, 64), within("owner", owner, 32)
        )

    def advance(self, until_tick: int) -> Completions:
        """Executes all ticks before `until_tick`; returns what completed in them, in order."""
        return Completions(*self._memory.advance(within("until_tick", until_tick, 63)))

    @property
    def tick(self) -> int:
        """The next tick to execute, which is the number of ticks executed."""
        return self._memory.tick

    @property
    def pending(self) -> int:
        """Requests added whose read or write command has not issued yet."""
        return self._memory.pending()

    def energy(self) -> "pd.DataFrame":
        """Energy up to the current tick, as `Replay.energy`."""
        return energy_table(self._memory.energy(), self.config)

    def counters(self) -> "pd.DataFrame":
        """Commands issued up to the current tick, as `Replay.counters`."""
        return plain_table(self._memory.counters())

    def owners(self) -> "pd.DataFrame":
        """A row per owner: what its requests caused up to the current tick."""
        return plain_table(self._memory.owners())

    def commands(self) -> "pd.DataFrame":
        """The command trace so far (only if made with `commands=True`)."""
        if not self._recorded:
            raise RuntimeError("commands were not recorded: make the system with commands=True")
        return command_table(self._memory.commands())

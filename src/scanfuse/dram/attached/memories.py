"""What stands where the engine's own Replay, Port and Memory stand, with an attached DRAMSim2 behind it."""

from collections import deque
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from scanfuse.dram.attached.attachment import Attachment, attached
from scanfuse.dram.attached.energy import Energy
from scanfuse.dram.attached.process import AttachedProcess
from scanfuse.dram.config import DramConfig
from scanfuse.dram.errors import DramSim2Error
from scanfuse.dram.tables import Columns

PIECE = 4096  # requests that go to the process at a time


class _Attached:
    """What all three have in common: the energy, and what DRAMSim2 does not tell."""

    def __init__(self, config: DramConfig, attachment: Attachment | None, cpu_hz: int = 0) -> None:
        self._process = AttachedProcess(attachment or attached(), config, cpu_hz)
        self._energy = Energy(config)

    def energy(self) -> Columns:
        self._energy.add(self._process.call("print_now"))
        return self._energy.columns()

    def counters(self) -> NoReturn:
        _not_told("which commands it issues, and which are row hits")

    def banks(self) -> NoReturn:
        _not_told("what its banks do")

    def owners(self) -> Columns:
        _not_told("what a request causes")

    def commands(self) -> NoReturn:
        _not_told("which commands it issues")


class AttachedMemory(_Attached):
    """For `DramSystem`."""

    def __init__(self, config: DramConfig, attachment: Attachment | None = None) -> None:
        super().__init__(config, attachment)
        self.tick = 0

    def can_accept(self, address: int) -> bool:
        return bool(self._process.call("can_accept", address))

    def add(self, address: int, is_write: bool, tag: int, owner: int) -> None:
        if not self._process.call("add", address, is_write, tag):
            raise RuntimeError(f"the transaction queue is full at tick {self.tick}: ask can_accept() first")

    def advance(self, until_tick: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        tags, ticks, prints = self._process.call("run_to", until_tick)
        self._energy.add(prints)
        self.tick = max(self.tick, until_tick)
        return tags, ticks

    def pending(self) -> NoReturn:
        _not_told("which commands it issues")


class AttachedPort(_Attached):
    """For `RequestPort`."""

    def __init__(
        self, config: DramConfig, write_watermark: int, log: bool, attachment: Attachment | None = None
    ) -> None:
        super().__init__(config, attachment)
        self._process.call("port", write_watermark, log)
        self.tick = 0
        self._new: list[tuple[int, NDArray[np.uint64], bool, int]] = []  # that the process does not have yet
        self._open: dict[int, tuple[int, bool, int]] = {}  # transfer -> owner, is_write, requests
        self._submitted = 0
        self._waiting = (0, 0)
        self._owners: dict[int, list[int]] = {}
        self._log: list[tuple[Any, ...]] = []

    def submit(self, addresses: NDArray[np.uint64], is_write: bool, owner: int, not_before_tick: int) -> int:
        if len(addresses) == 0:
            raise ValueError("a transfer needs at least one address")
        if not_before_tick < self.tick:
            raise ValueError(
                f"not_before_tick={not_before_tick}: must not lie before the current tick {self.tick}"
            )
        number = self._submitted
        self._submitted += 1
        self._new.append((number, np.ascontiguousarray(addresses), is_write, not_before_tick))
        self._open[number] = owner, is_write, len(addresses)
        self._owners.setdefault(owner, [0, 0])
        return number

    def advance(self, until_tick: int) -> list[tuple[int, int]]:
        new, self._new = self._new, []
        tags, ticks, prints, self._waiting, self.tick = self._process.call("advance", new, until_tick)
        self._energy.add(prints)
        for number in tags.tolist():
            owner, is_write, requests = self._open.pop(number)
            self._owners[owner][is_write] += requests
        return list(zip(tags.tolist(), ticks.tolist(), strict=True))

    @property
    def unfinished(self) -> int:
        return len(self._open)

    def waiting(self, writes: bool) -> int:
        return self._waiting[writes] + sum(len(a) for _, a, is_write, _ in self._new if is_write == writes)

    def owners(self) -> Columns:
        """Reads and writes by owner, of transfers that have completed; what they caused is not told."""
        counts = np.array(list(self._owners.values()), np.uint64).reshape(-1, 2)
        return {
            "owner": np.array(list(self._owners), np.uint64),
            "reads": counts[:, 0].copy(),
            "writes": counts[:, 1].copy(),
        }

    def log(self) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.uint8]]:
        self._log.append(self._process.call("log"))
        ticks, addresses, is_write = (np.concatenate(each) for each in zip(*self._log, strict=True))
        self._log = [(ticks, addresses, is_write)]
        return ticks, addresses, is_write


@dataclass
class _Chunk:
    """Requests fed together, and what is known of them; -1 for what is not."""

    first: int
    accepted: NDArray[np.int64]
    completed: NDArray[np.int64]
    missing: int


class AttachedReplay(_Attached):
    """For `replay`. When it is finished there is no process any more, only figures."""

    def __init__(
        self,
        config: DramConfig,
        epochs: bool,
        per_cycle: int,
        never_ask: bool,
        cpu_hz: int,
        extra: int,
        until_tick: int,
        stop_tick: int,
        attachment: Attachment | None = None,
    ) -> None:
        if until_tick and cpu_hz:
            raise DramSim2Error("total_ticks: an attached DRAMSim2 cannot stop within a cycle of cpu_hz")
        super().__init__(config, attachment, cpu_hz)
        self.ticks = self.cpu_cycles = 0
        self._keep_epochs = epochs
        self._end = (extra, until_tick)
        self._chunks: deque[_Chunk] = deque()
        self._fed = 0
        self._finished = False
        self._process.call("feed_how", per_cycle, never_ask, stop_tick)

    def feed(
        self,
        cycles: NDArray[np.int64],
        addresses: NDArray[np.uint64],
        is_write: NDArray[np.bool_],
        force: NDArray[np.bool_] | None,
        owners: NDArray[np.uint32] | None,
        idle: NDArray[np.uint32] | None,
    ) -> None:
        """Runs until the last of these requests is accepted."""
        if owners is not None:
            _not_told("what a request causes")
        size = len(cycles)
        chunk = _Chunk(self._fed, np.full(size, -1, np.int64), np.full(size, -1, np.int64), size)
        self._chunks.append(chunk)
        self._fed += size
        columns = (cycles, addresses, is_write, force, idle)
        for start in range(0, size, PIECE):
            part = slice(start, start + PIECE)
            pieces = [None if each is None else np.ascontiguousarray(each[part]) for each in columns]
            accepted, *told = self._process.call("feed", *pieces)
            chunk.accepted[start : start + len(accepted)] = accepted
            self._note(*told)

    def finish(self) -> None:
        """Runs to the end."""
        self._note(*self._process.call("finish", *self._end))
        self.ticks, self.cpu_cycles = self._process.call("clock")
        self._finished = True
        self._process.close()

    def _note(self, tags: NDArray[np.uint64], ticks: NDArray[np.int64], prints: Any) -> None:
        requests = tags.astype(np.int64)
        firsts = np.array([chunk.first for chunk in self._chunks], np.int64)
        owners = np.searchsorted(firsts, requests, side="right") - 1
        for number in np.unique(owners).tolist():
            chunk, mine = self._chunks[number], owners == number
            chunk.completed[requests[mine] - chunk.first] = ticks[mine]
            chunk.missing -= int(mine.sum())
        self._energy.add(prints, self._keep_epochs)

    def take(self) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
        """Cycles of acceptance and ticks of completion of the oldest chunk, None while some are missing; -1
        for what the stop came before."""
        if not self._chunks or (self._chunks[0].missing and not self._finished):
            return None
        chunk = self._chunks.popleft()
        return chunk.accepted, chunk.completed

    def energy(self) -> Columns:
        return self._energy.columns()

    def epochs(self) -> Columns:
        return self._energy.epochs(self.ticks)

    def epoch_banks(self) -> NoReturn:
        _not_told("what its banks do")

    def write_vis(self, path: str, system: object, device: object) -> NoReturn:
        _not_told("what its banks do")

    def latency_histograms(self) -> NoReturn:
        _not_told("its histograms")


def _not_told(what: str) -> NoReturn:
    raise DramSim2Error(f"an attached DRAMSim2 does not tell {what}: use the engine")

"""Feeding requests to a memory a chunk at a time: streams of any length in bounded space."""

from collections import deque
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scanfuse.dram.backend import Backend, is_attached
from scanfuse.dram.config import DramConfig, as_addresses, within
from scanfuse.dram.native import engine
from scanfuse.dram.replay_figures import ReplayFigures

if TYPE_CHECKING:
    from scanfuse.dram.attached import AttachedReplay

TICK_BITS = 48  # longer runs could overflow the 64-bit accumulators: five days at 1.5 ns
Feed = Literal["accept", "pend", "trace"]


class ServedChunk(NamedTuple):
    """A chunk as it was fed, and what became of its requests: arrays of one length."""

    first: int
    """The number of its first request in the stream, counting from 0."""
    cycles: NDArray[np.int64]
    addresses: NDArray[np.uint64]
    is_write: NDArray[np.bool_]
    accepted: NDArray[np.int64]
    """Per request: the CPU cycle in which it was accepted; a tick unless `cpu_hz` is given."""
    completed: NDArray[np.int64]
    """Per request: the tick in which it completed."""


class ReplayStream:
    """A replay that is fed chunk by chunk, and hands chunks back once all their requests have completed.

        stream = ReplayStream(cfg)
        for cycles, addresses, is_write in chunks:
            for part in stream.feed(cycles, addresses, is_write):
                latency = part.completed - part.accepted
        for part in stream.finish():
            ...
        stream.figures.energy

    How the stream is cut makes no difference: the figures are those of `replay` on the whole of it, whose
    arguments these are. Chunks come back in order, each as it was fed. The stream holds the arrays of the
    chunks that are not whole, usually the last one, and some figures per request under way; what it has
    handed back it forgets. Only `commands`, `epochs` (where asked for) and the requests waiting with
    `feed="pend"` grow.

    Raises ValueError for options that do not fit, DramConfigError (here or while it runs) where
    EPOCH_LENGTH is so short that more epochs would be recorded than fit, DramSim2Error for an attached
    DRAMSim2 that does not answer.
    """

    def __init__(
        self,
        cfg: DramConfig,
        feed: Feed = "accept",
        per_cycle: int = 0,
        cpu_hz: int = 0,
        extra: int = 0,
        commands: bool = False,
        *,
        epochs: bool = False,
        total_ticks: int = 0,
        stop_tick: int = 0,
        backend: Backend = "engine",
    ) -> None:
        if feed not in get_args(Feed):
            raise ValueError(f"feed={feed!r}: must be 'accept', 'pend' or 'trace'")
        if stop_tick and (cpu_hz or extra or total_ticks):
            raise ValueError(
                "stop_tick says how long the run is: it goes without cpu_hz, extra and total_ticks"
            )
        self.config = cfg
        self.backend = backend
        self._by_lines = feed == "trace"  # one request a cycle at most, each asks for room
        self._recorded = {"commands": commands, "epochs": epochs}
        self._waiting: deque[tuple[int, NDArray[np.int64], NDArray[np.uint64], NDArray[np.bool_]]] = deque()
        self._fed = 0
        self._figures: ReplayFigures | None = None
        rules = (
            1 if self._by_lines else within("per_cycle", per_cycle, 32),
            feed == "pend",
            within("cpu_hz", cpu_hz, 60),
            within("extra", extra, TICK_BITS),
            within("total_ticks", total_ticks, TICK_BITS),
            within("stop_tick", stop_tick, TICK_BITS),
        )
        self._run: engine.Replay | AttachedReplay
        if is_attached(backend, {"commands": commands}):
            from scanfuse.dram import attached

            self._run = attached.AttachedReplay(cfg, epochs, *rules)
        else:
            with cfg.errors_explained():
                self._run = engine.Replay(cfg.engine_values, commands, epochs, *rules)

    def feed(
        self,
        cycles: ArrayLike,
        addresses: ArrayLike,
        is_write: ArrayLike,
        *,
        force: ArrayLike | None = None,
        owners: ArrayLike | None = None,
        idle: ArrayLike | None = None,
    ) -> list[ServedChunk]:
        """Feeds the next requests; returns when the memory has accepted the last of them.

        Returns the chunks that have become whole, oldest first. The arrays are as `replay` has them; they
        are not copied, so leave them alone until they come back. `force`, if used, is given from the first
        chunk on.

        Raises ValueError for arrays that do not fit, IndexError where overrides have taken away the channel
        or bank of an address, BusCollision and NoProgress for configurations that cannot run; after the
        latter three, and after `finish`, RuntimeError.
        """
        is_attached(self.backend, {"owners": owners is not None})
        cycle_array = _whole_numbers(cycles, "cycles", TICK_BITS).astype(np.int64, copy=False)
        address_array = as_addresses(addresses)
        write_array = np.asarray(is_write).astype(bool, copy=False)
        sizes = {array.shape for array in (cycle_array, address_array, write_array)}
        if len(sizes) != 1 or cycle_array.ndim != 1:
            raise ValueError(
                f"cycles, addresses and is_write must be flat arrays of one length "
                f"(found shapes {cycle_array.shape}, {address_array.shape}, {write_array.shape})"
            )
        forced = None if force is None else np.asarray(force).astype(bool, copy=False)
        owner_array = None if owners is None else _whole_numbers(owners, "owners", 32).astype(np.uint32)
        idle_array = None if idle is None else _whole_numbers(idle, "idle", 32).astype(np.uint32)
        for name, each in (("force", forced), ("owners", owner_array), ("idle", idle_array)):
            if each is not None and each.shape != cycle_array.shape:
                raise ValueError(
                    f"{name} must be as long as cycles ({len(cycle_array)}; found {list(each.shape)})"
                )
        with self.config.errors_explained():
            self._run.feed(
                cycle_array,
                address_array,
                write_array,
                None if self._by_lines else forced,
                owner_array,
                idle_array,
            )
        self._waiting.append((self._fed, cycle_array, address_array, write_array))
        self._fed += len(cycle_array)
        return self._whole_chunks()

    def finish(self) -> list[ServedChunk]:
        """Lets the memory run to the end; returns the chunks that were left. Raises as `feed`."""
        with self.config.errors_explained():
            self._run.finish()
        self._figures = ReplayFigures(self.config, self._run, self._recorded)
        return self._whole_chunks()

    @property
    def figures(self) -> ReplayFigures:
        """Ticks, energy and the like of the whole stream. Raises RuntimeError before `finish`."""
        if self._figures is None:
            raise RuntimeError("the figures of a stream are known when it has ended: call finish()")
        return self._figures

    def _whole_chunks(self) -> list[ServedChunk]:
        found = []
        while (ticks := self._run.take()) is not None:
            found.append(ServedChunk(*self._waiting.popleft(), *ticks))
        return found


def _whole_numbers(values: ArrayLike, name: str, bits: int) -> NDArray[np.integer]:
    array = np.asarray(values)
    if array.size == 0:
        return array.astype(np.int64)
    if array.dtype.kind not in "ui":
        raise ValueError(f"{name} must be whole numbers, not {array.dtype}")
    if array.min() < 0:
        raise ValueError(f"{name} must not be negative (found {array.min()})")
    if int(array.max()) >= 1 << bits:
        raise ValueError(f"{name} must be below 2^{bits} (found {array.max()})")
    return array

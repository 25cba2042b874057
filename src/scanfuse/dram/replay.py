"""Feeding a recorded stream of requests to a memory, as fast as it takes them."""

from collections.abc import Mapping
from errno import EIO
from functools import cached_property
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scanfuse.dram.backend import Backend, is_attached
from scanfuse.dram.config import DramConfig, as_addresses, within
from scanfuse.dram.native import engine
from scanfuse.dram.tables import (
    ACCUMULATORS,
    command_table,
    energy_table,
    epoch_bank_table,
    epoch_lengths,
    epoch_table,
    plain_table,
    watts,
)
from scanfuse.dram.vis import vis_head

if TYPE_CHECKING:
    import pandas as pd

    from scanfuse.dram.attached import AttachedReplay

_NEVER = np.iinfo(np.int64).max
TICK_BITS = 48  # longer runs could overflow the 64-bit accumulators: five days at 1.5 ns
Feed = Literal["accept", "pend", "trace"]


class Replay:
    """What a stream of requests did; made by `replay`."""

    def __init__(
        self,
        config: DramConfig,
        run: "engine.Replay | AttachedReplay",
        accepted: NDArray[np.int64],
        completed: NDArray[np.int64],
        recorded: Mapping[str, bool],
    ) -> None:
        self._run = run
        self._recorded = recorded
        self.config = config
        self.backend: Backend = "engine" if isinstance(run, engine.Replay) else "dramsim2"
        """Who simulated the memory."""
        self.accepted: NDArray[np.int64] = accepted
        """Per request: the CPU cycle in which it was accepted; a tick unless `cpu_hz` is given."""
        self.completed: NDArray[np.int64] = completed
        """Per request: the tick in which it completed."""
        self.ticks: int = run.ticks
        """Ticks executed in all."""
        self.cpu_cycles: int = run.cpu_cycles
        """CPU cycles in all; equals `ticks` unless `cpu_hz` is given."""

    @property
    def tells_causes(self) -> bool:
        """Whether `counters`, `banks`, `owners`, `commands`, `epoch_banks` and histograms are known: not to
        an attached DRAMSim2."""
        return self.backend == "engine"

    @cached_property
    def energy(self) -> "pd.DataFrame":
        """A row per channel and rank: raw accumulators `background, burst, actpre, refresh` (uint64, mA x
        ticks, all devices of the rank), the same in nanojoules (`*_nj`), and `total_nj`."""
        return energy_table(self._run.energy(), self.config)

    @cached_property
    def counters(self) -> "pd.DataFrame":
        """A row per channel and rank: commands issued, row hits, ticks and entries of power-down."""
        return plain_table(self._run.counters())

    @cached_property
    def banks(self) -> "pd.DataFrame":
        """A row per channel, rank and bank: reads, writes, sum of read latencies in ticks."""
        return plain_table(self._run.banks())

    @cached_property
    def owners(self) -> "pd.DataFrame":
        """A row per owner, in order of appearance: what its requests caused."""
        return plain_table(self._run.owners())

    @cached_property
    def commands(self) -> "pd.DataFrame":
        """The command trace (only with `commands=True`): tick, command, channel, rank, bank, row, column."""
        self._require("commands")
        return command_table(self._run.commands())

    @cached_property
    def epochs(self) -> "pd.DataFrame":
        """A row per epoch (EPOCH_LENGTH ticks, the last may be shorter), channel and rank (only with
        `epochs=True`): end_tick; the four accumulators; mean power by accumulator in watts
        (`background_w`, ..., `total_w`)."""
        self._require("epochs")
        return epoch_table(self._run.epochs(), self.config)

    @cached_property
    def epoch_banks(self) -> "pd.DataFrame":
        """A row per epoch, channel, rank and bank (only with `epochs=True`): end_tick; reads returned and
        writes begun in the epoch; sum of those reads' latencies in ticks; `bandwidth_gib_per_s`;
        `mean_latency_ns`, not a number without reads. Digits as DRAMSim2 prints them."""
        self._require("epochs")
        return epoch_bank_table(self._run.epoch_banks(), self.config)

    def write_vis(self, path: str | PathLike[str]) -> None:
        """Writes what DRAMSim2 writes into its `.vis` file: settings, a line per epoch, histograms (only
        with `epochs=True`). An existing file is replaced. Raises OSError."""
        self._require("epochs")
        with open(path, "wb"):  # an error here says what is wrong with the path
            pass
        try:
            self._run.write_vis(fspath(path), *vis_head(self.config))
        except RuntimeError as error:
            raise OSError(EIO, "cannot be written whole; is the disk full?", fspath(path)) from error

    @cached_property
    def latency_histograms(self) -> list[dict[int, int]]:
        """Per channel: read latencies, from the transaction queue to the data, in bins of ten ticks:
        lower bound of the bin to count."""
        return self._run.latency_histograms()

    @cached_property
    def average_power_w(self) -> "pd.DataFrame":
        """A row per channel and rank: watts over the whole run, by accumulator, and `total`."""
        raw = self._run.energy()
        return _power(raw, np.full(len(raw["rank"]), self.ticks), self.config)

    @cached_property
    def last_epoch_power_w(self) -> "pd.DataFrame":
        """A row per channel and rank: watts over the last, maybe short, epoch (only with `epochs=True`)."""
        self._require("epochs")
        rows = self._run.epochs()
        last = rows["end_tick"] == (rows["end_tick"].max() if len(rows["end_tick"]) else 0)
        raw = {name: column[last] for name, column in rows.items()}
        return _power(raw, epoch_lengths(raw["end_tick"], self.config), self.config)

    def _require(self, record: str) -> None:
        if not self._recorded[record]:
            raise RuntimeError(f"{record} were not recorded: call replay(..., {record}=True)")


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

    Raises ValueError for arrays that do not fit, BusCollision and NoProgress for configurations that
    cannot run, DramSim2Error for an attached DRAMSim2 that does not answer (see `scanfuse.dram.errors`).
    """
    cycle_array = _integers(cycles, "cycles", TICK_BITS)
    address_array = as_addresses(addresses)
    write_array = np.asarray(is_write).astype(bool)
    sizes = {array.shape for array in (cycle_array, address_array, write_array)}
    if len(sizes) != 1 or cycle_array.ndim != 1:
        raise ValueError(
            f"cycles, addresses and is_write must be flat arrays of one length "
            f"(found shapes {cycle_array.shape}, {address_array.shape}, {write_array.shape})"
        )
    if feed not in ("accept", "pend", "trace"):
        raise ValueError(f"feed={feed!r}: must be 'accept', 'pend' or 'trace'")
    within("per_cycle", per_cycle, 32)
    within("cpu_hz", cpu_hz, 60)
    within("extra", extra, TICK_BITS)
    within("total_ticks", total_ticks, TICK_BITS)
    within("stop_tick", stop_tick, TICK_BITS)
    if stop_tick and (cpu_hz or extra or total_ticks):
        raise ValueError("stop_tick says how long the run is: it goes without cpu_hz, extra and total_ticks")
    forced = None if force is None else np.asarray(force).astype(bool)
    forced = None if feed == "trace" else forced
    idle_array = None if idle is None else _integers(idle, "idle", 32).astype(np.uint32)
    owner_array = None if owners is None else _integers(owners, "owners", 32).astype(np.uint32)
    for name, each in (("force", forced), ("owners", owner_array), ("idle", idle_array)):
        if each is not None and each.shape != cycle_array.shape:
            raise ValueError(
                f"{name} must be as long as cycles ({len(cycle_array)}; found {list(each.shape)})"
            )
    recorded = {"commands": commands, "epochs": epochs}
    if is_attached(backend, {"commands": commands, "owners": owners is not None}):
        from scanfuse.dram.attached import AttachedReplay

        most = 1 if feed == "trace" else per_cycle
        attached = AttachedReplay(cfg, epochs, most, feed == "pend", cpu_hz, extra, total_ticks, stop_tick)
        attached.feed(cycle_array, address_array, write_array, forced, None, idle_array)
        attached.finish()
        whole = attached.take()
        assert whole is not None  # having finished
        return Replay(cfg, attached, *whole, recorded)
    run = engine.Replay(cfg.engine_values, commands, epochs)

    def feed_first(run: "engine.Replay", count: int, stop_tick: int) -> None:
        part = slice(0, count)
        run.run(
            cycle_array[part],
            address_array[part],
            write_array[part],
            None if forced is None else forced[part],
            None if owner_array is None else owner_array[part],
            None if idle_array is None else idle_array[part],
            1 if feed == "trace" else per_cycle,
            feed == "pend",
            cpu_hz,
            extra,
            total_ticks,
            stop_tick,
        )

    size = len(cycle_array)
    if stop_tick:
        # What is accepted before that tick does not depend on what comes after it: find out, then stop there.
        trial = engine.Replay(cfg.engine_values, False, False)
        feed_first(trial, min(size, stop_tick) if feed == "trace" else size, 0)
        size = int(np.searchsorted(trial.accepted(), stop_tick))
    feed_first(run, size, stop_tick)
    accepted, completed = run.accepted(), run.completed()
    if stop_tick:
        completed = np.where(completed < 0, _NEVER, completed)
    if feed == "pend" or (forced is not None and forced.any()):
        completed = _in_order_of_acceptance(address_array[:size], write_array[:size], completed)
    if stop_tick:
        never = np.full(len(cycle_array) - size, -1)
        accepted = np.concatenate([accepted, never])
        completed = np.concatenate([np.where(completed < stop_tick, completed, -1), never])
    return Replay(cfg, run, accepted, completed, recorded)


def _in_order_of_acceptance(
    addresses: NDArray[np.uint64], is_write: NDArray[np.bool_], completed: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Completions of one address and kind are handed out in order of acceptance: a request that waited in
    the overflow list may have been passed by a younger one to the same address (quirk Q6)."""
    index = np.arange(len(completed))
    by_request = np.lexsort((index, is_write, addresses))
    by_completion = np.lexsort((completed, is_write, addresses))
    matched = np.empty_like(completed)
    matched[by_request] = completed[by_completion]
    return matched


def _integers(values: ArrayLike, name: str, bits: int = 63) -> NDArray[np.int64]:
    array = np.asarray(values)
    if array.size == 0:
        return array.astype(np.int64)
    if array.dtype.kind not in "ui":
        raise ValueError(f"{name} must be whole numbers, not {array.dtype}")
    if array.min() < 0:
        raise ValueError(f"{name} must not be negative (found {array.min()})")
    if int(array.max()) >= 1 << bits:
        raise ValueError(f"{name} must be below 2^{bits} (found {array.max()})")
    return array.astype(np.int64)


def _power(raw: Any, ticks: NDArray[np.int64], config: DramConfig) -> "pd.DataFrame":
    """Mean power per channel and rank, by accumulator and in total."""
    import pandas as pd

    table = pd.DataFrame({"channel": raw["channel"], "rank": raw["rank"]})
    for name in ACCUMULATORS:
        table[name] = watts(raw[name], ticks, config)
    table["total"] = watts(sum(raw[name] for name in ACCUMULATORS), ticks, config)
    return table

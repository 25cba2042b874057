"""What a replayed stream cost: ticks, energy, commands, epochs."""

from collections.abc import Mapping
from errno import EIO
from functools import cached_property
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scanfuse.dram.backend import Backend
from scanfuse.dram.config import DramConfig
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


class ReplayFigures:
    """The figures of a replay that has ended, but for those of single requests."""

    def __init__(
        self, config: DramConfig, run: "engine.Replay | AttachedReplay", recorded: Mapping[str, bool]
    ) -> None:
        self._run = run
        self._recorded = recorded
        self.config = config
        self.backend: Backend = "engine" if isinstance(run, engine.Replay) else "dramsim2"
        """Who simulated the memory."""
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
            raise OSError(EIO, "cannot be written whole: no space left?", fspath(path)) from error

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


def _power(raw: Any, ticks: NDArray[np.int64], config: DramConfig) -> "pd.DataFrame":
    """Mean power per channel and rank, by accumulator and in total."""
    import pandas as pd

    table = pd.DataFrame({"channel": raw["channel"], "rank": raw["rank"]})
    for name in ACCUMULATORS:
        table[name] = watts(raw[name], ticks, config)
    table["total"] = watts(sum(raw[name] for name in ACCUMULATORS), ticks, config)
    return table

"""From the powers that DRAMSim2 tells back to its energy accumulators, to the last bit.

At a print in tick t it tells, of each accumulator since the print before, the watts

    W = acc / n * Vdd / 1000        n = t mod EPOCH_LENGTH, or EPOCH_LENGTH where that is 0

in double precision, three roundings of at most u = 2^-53 each. `W * 1000 / Vdd * n` rounds three times more,
so it is off by less than acc * 6.1 u, which is below one half for every acc < 2^49: rounded, it is acc. No
accumulator gets that far, as the shim has the powers told every 2^17 ticks at least (`kPrintTicks`), and each
tick adds less than 2^32. Nothing is taken on trust: the powers are computed from what was found, and must be
the same doubles.
"""

import numpy as np
from numpy.typing import NDArray

from scanfuse.dram.config import DramConfig
from scanfuse.dram.errors import DramSim2Error
from scanfuse.dram.tables import ACCUMULATORS, Columns

EXACT_BELOW = float(1 << 49)
TOLD = ("background", "burst", "refresh", "actpre")  # the order of DRAMSim2's power callback


def accumulated(
    watts: NDArray[np.float64], ticks: NDArray[np.uint64], epoch_length: int, vdd: float
) -> NDArray[np.uint64]:
    """The accumulators behind `watts`, (prints, ...), told in `ticks`, (prints,). Raises DramSim2Error."""
    n = ((ticks.astype(np.int64) - 1) % epoch_length + 1).astype(np.float64)
    n = n.reshape(-1, *[1] * (watts.ndim - 1))
    volts = float(np.float32(vdd))
    found = np.rint(watts * 1000.0 / volts * n)
    with np.errstate(invalid="ignore"):
        good = (found >= 0) & (found < EXACT_BELOW) & (found / n * volts / 1000.0 == watts)
    if not good.all():
        at = np.unravel_index(int(np.argmin(good)), good.shape)
        raise DramSim2Error(
            f"in tick {ticks[at[0]]} DRAMSim2 told a power of {watts[at]:.17g} W, which is no whole number "
            f"of mA x ticks below 2^49 in {n.flat[at[0]]:.0f} ticks at {volts} V"
        )
    return found.astype(np.uint64)


class Energy:
    """Accumulators of all ranks, summed from print to print, and by epoch."""

    def __init__(self, config: DramConfig) -> None:
        self._config = config
        self._epoch_length = int(config["EPOCH_LENGTH"])
        channels, ranks = config.num_channels, config.num_ranks
        self._channel = np.repeat(np.arange(channels, dtype=np.uint64), ranks)
        self._rank = np.tile(np.arange(ranks, dtype=np.uint64), channels)
        self._total = np.zeros((channels * ranks, len(TOLD)), np.uint64)
        self._ends: list[NDArray[np.uint64]] = []
        self._parts: list[NDArray[np.uint64]] = []

    def add(self, told: tuple[NDArray[np.uint64], NDArray[np.float64]], keep: bool = False) -> None:
        """Adds what prints told; `keep` it for `epochs`. Raises DramSim2Error."""
        ticks, watts = told
        found = accumulated(watts, ticks, self._epoch_length, self._config.vdd)
        self._total += found.sum(axis=0, dtype=np.uint64)
        if keep:
            self._ends.append(ticks)
            self._parts.append(found)

    def columns(self) -> Columns:
        """As the engine's: channel, rank, and the accumulators."""
        return {"channel": self._channel, "rank": self._rank, **self._named(self._total)}

    def epochs(self, total_ticks: int) -> Columns:
        """As the engine's, a row per epoch and rank of a run that is `total_ticks` long; of what was kept."""
        length, ranks = self._epoch_length, len(self._rank)
        count = -(-total_ticks // length)
        sums = np.zeros((count, ranks, len(TOLD)), np.uint64)
        for ticks, parts in zip(self._ends, self._parts, strict=True):
            ended = ticks > 0  # in tick 0 nothing has happened
            np.add.at(sums, (ticks[ended].astype(np.int64) - 1) // length, parts[ended])
        ends = np.minimum((np.arange(count, dtype=np.uint64) + np.uint64(1)) * np.uint64(length), total_ticks)
        return {
            "end_tick": np.repeat(ends.astype(np.uint64), ranks),
            "channel": np.tile(self._channel, count),
            "rank": np.tile(self._rank, count),
            **self._named(sums.reshape(-1, len(TOLD))),
        }

    @staticmethod
    def _named(values: NDArray[np.uint64]) -> Columns:
        return {name: values[:, TOLD.index(name)].copy() for name in ACCUMULATORS}

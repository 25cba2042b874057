"""The engine's figures as pandas tables."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

    from scanfuse.dram.config import DramConfig

Columns = dict[str, NDArray[np.uint64]]  # in mode strict energies are int64: they may be negative

COMMANDS = ("RD", "RDA", "WR", "WRA", "ACT", "PRE", "REF", "PDE", "PDX")
ACCUMULATORS = ("background", "burst", "actpre", "refresh")


def energy_table(columns: Columns, config: "DramConfig") -> "pd.DataFrame":
    """Raw accumulators (mA x ticks x devices) and nanojoules, a row per channel and rank."""
    import pandas as pd

    table = pd.DataFrame(columns)
    total = np.zeros(len(table))
    for name in ACCUMULATORS:
        table[f"{name}_nj"] = columns[name].astype(np.float64) * config.nj_per_unit
        total = total + table[f"{name}_nj"].to_numpy()
    table["total_nj"] = total
    return table


def plain_table(columns: Columns) -> "pd.DataFrame":
    """Counts as they are."""
    import pandas as pd

    return pd.DataFrame(columns)


def epoch_lengths(ends: NDArray[np.uint64], config: "DramConfig") -> NDArray[np.int64]:
    """Ticks from the last epoch boundary before each end to that end."""
    return (ends.astype(np.int64) - 1) % int(config["EPOCH_LENGTH"]) + 1


def watts(
    accumulated: NDArray[np.uint64], ticks: NDArray[np.int64], config: "DramConfig"
) -> NDArray[np.float64]:
    """acc/ticks mA x Vdd, in watts; Vdd as a 32-bit float, as DRAMSim2 has it."""
    length = np.maximum(ticks, 1).astype(np.float64)
    return accumulated.astype(np.float64) / length * float(np.float32(config.vdd)) / 1000.0


def epoch_table(columns: Columns, config: "DramConfig") -> "pd.DataFrame":
    """Accumulators of each epoch and rank, and the power they come to."""
    import pandas as pd

    table = pd.DataFrame(columns)
    ticks = epoch_lengths(columns["end_tick"], config)
    for name in ACCUMULATORS:
        table[f"{name}_w"] = watts(columns[name], ticks, config)
    total = columns["background"] + columns["burst"] + columns["actpre"] + columns["refresh"]
    table["total_w"] = watts(total, ticks, config)
    return table


def epoch_bank_table(columns: Columns, config: "DramConfig") -> "pd.DataFrame":
    """Bursts of each epoch and bank, their bandwidth and latency, in the arithmetic of DRAMSim2."""
    import pandas as pd

    table = pd.DataFrame(columns)
    tck = np.float32(config["tCK"])
    ticks = epoch_lengths(columns["end_tick"], config).astype(np.float64)
    burst_bytes = int(config["JEDEC_DATA_BUS_BITS"]) * int(config["BL"]) // 8
    bursts = (columns["reads"] + columns["writes"]).astype(np.float64)
    table["bandwidth_gib_per_s"] = bursts * float(burst_bytes) / 2**30 / (ticks * float(tck) * 1e-9)
    with np.errstate(invalid="ignore"):
        mean = columns["latency_sum_ticks"].astype(np.float32) / columns["reads"].astype(np.float32)
    table["mean_latency_ns"] = mean * tck
    return table


def command_table(columns: Columns) -> "pd.DataFrame":
    """The command trace, commands by name."""
    import pandas as pd

    table = pd.DataFrame(columns)
    table["command"] = pd.Categorical.from_codes(columns["command"].astype(np.int64), pd.Index(COMMANDS))
    return table

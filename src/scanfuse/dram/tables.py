"""The engine's figures as pandas tables."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

    from scanfuse.dram.config import DramConfig

Columns = dict[str, NDArray[np.uint64]]

COMMANDS = ("RD", "RDA", "WR", "WRA", "ACT", "PRE", "REF", "PDE", "PDX")
ACCUMULATORS = ("background", "burst", "actpre", "refresh")


def energy_table(columns: Columns, config: "DramConfig") -> "pd.DataFrame":
    """Raw accumulators (uint64, mA x ticks x devices) and nanojoules, a row per channel and rank."""
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


def command_table(columns: Columns) -> "pd.DataFrame":
    """The command trace, commands by name."""
    import pandas as pd

    table = pd.DataFrame(columns)
    table["command"] = pd.Categorical.from_codes(columns["command"].astype(np.int64), pd.Index(COMMANDS))
    return table

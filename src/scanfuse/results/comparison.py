"""One network under several schedules: what each costs, and what it saves against the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from scanfuse.dram import DramConfig
from scanfuse.hardware import Accelerator
from scanfuse.mapping import Searches
from scanfuse.network import Network
from scanfuse.results.notebook import html_table
from scanfuse.results.run import Progress, Run, run
from scanfuse.results.setup import dram_config

BASELINES = ("raster", "fixed")
SHOWN = (
    "schedule", "entries", "below_percent", "dram_nj", "vs_raster_percent", "vs_fixed_percent", "latency_us",
    "total_nj",
)  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """Runs of one network on the same hardware, a schedule each."""

    runs: tuple[Run, ...]

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The figures of each run, with what it saves in percent."""
        return savings(self.runs)

    @property
    def table(self) -> pd.DataFrame:
        """The same as a table, a row per schedule."""
        return pd.DataFrame(self.rows)

    def _repr_html_(self) -> str:
        first = self.runs[0]
        columns = [name for name in SHOWN if name in self.rows[0]]
        return html_table(f"{first.network.name} on {first.accelerator.name}", columns, self.rows)


def compare(
    network: Network,
    schedules: Sequence[str],
    accelerator: Accelerator,
    config: DramConfig | None = None,
    *,
    objective: str = "traffic",
    cache: bool = True,
    progress: Progress | None = None,
) -> Comparison:
    """Run a network under each of several schedules, and hold them side by side.

    Args:
        network: what is computed, of `load`.
        schedules: which, such as `["raster", "fused", "deep"]`; savings are against `raster` and `fixed`
            where those are among them.
        accelerator: what it runs on, of `load_hardware`.
        config: the memory, where it is not to be made from the accelerator's description.
        objective: what the searches make least: `traffic`, `bursts`, `energy`, `latency`, `edp`.
        cache: keep what the searches find in the user's cache folder, and take it from there.
        progress: what shows how far it is; None for nothing.

    Returns:
        The `Comparison`: `table` (a DataFrame, a row per schedule: `entries`, `dram_nj`, `latency_us`,
        `vs_raster_percent`, ...) and `runs`, each a `Run`. A notebook shows it as a table.

    Raises:
        MappingError, DramConfigError, ProgramError, AgreementError: as of `run`.

    Example:
        >>> network, hardware = scanfuse.load("mobilenet_v2", resolution=64), scanfuse.load_hardware("paper")
        >>> found = scanfuse.compare(network, ["raster", "fused"], hardware)
        >>> found.table["entries"].tolist(), found.table["vs_raster_percent"].round(1).tolist()
        ([4593576, 3654824], [0.0, -23.4])
    """
    config = config or dram_config(accelerator)
    searches = Searches()  # what they have in common is searched once
    runs = [
        run(
            network,
            name,
            accelerator,
            config,
            objective=objective,
            cache=cache,
            searches=searches,
            progress=progress,
        )
        for name in schedules
    ]
    return Comparison(tuple(runs))


def figures(one: Run) -> dict[str, Any]:
    """What a run comes to, under the names of the total row."""
    return {"entries": one.entries, "extra_macs": one.extra_macs, **one.total}


def savings(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """A row per run: its figures, entries below the least that layer by layer can move, and DRAM energy
    against the baselines among the runs, in percent."""
    dram_nj = {one.schedule: float(one.total["dram_nj"]) for one in runs}
    rows = []
    for one in runs:
        row = {"schedule": one.schedule, **figures(one)}
        row["dram_bytes"] = one.total["dram_read_bytes"] + one.total["dram_write_bytes"]
        row["below_percent"] = 100 * (1 - one.entries / one.bounds["layer_by_layer_entries"])
        for baseline in BASELINES:
            if baseline in dram_nj:
                row[f"vs_{baseline}_percent"] = 100 * (dram_nj[one.schedule] / dram_nj[baseline] - 1)
        rows.append(row)
    return rows

"""The table of a run over time: a row per epoch, at most 256 of them.

Epochs are even parts of the run's time but for the last, which ends with the run. `claimed_entries` of the
buffer are the mean over an epoch, with those that loads ahead have claimed; `peak_claimed_entries` the most.
In `compute_us` of an epoch the array computes, in `memory_us` transfers are in flight. Bytes are whole
bursts, each in the epoch in which its command issues; they, row hits and activations add up to the total's.
The last six columns are None where an attached DRAMSim2 does not tell them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from scanfuse.simulate import Simulation

TIMELINE_COLUMNS = (
    "epoch", "start_us", "end_us", "claimed_entries", "peak_claimed_entries", "compute_us", "memory_us",
    "dram_read_bytes", "dram_write_bytes", "row_activations", "dram_read_gb_s", "dram_write_gb_s",
    "row_hit_rate",
)  # fmt: skip


def timeline_table(simulation: Simulation) -> pd.DataFrame:
    """A row per epoch under TIMELINE_COLUMNS."""
    epochs, burst_bytes = simulation.epochs, simulation.config.transaction_bytes
    edges = epochs.edges_ps
    found = pd.DataFrame(
        {
            "epoch": np.arange(len(edges) - 1),
            "start_us": edges[:-1] / 1e6,
            "end_us": edges[1:] / 1e6,
            "claimed_entries": epochs.claimed_entries,
            "peak_claimed_entries": epochs.peak_claimed_entries,
            "compute_us": epochs.compute_ps / 1e6,
            "memory_us": epochs.memory_ps / 1e6,
        }
    )
    if epochs.counted:
        counted, spans_ps = epochs.counted, np.maximum(np.diff(edges), 1)
        for kind in ("read", "write"):
            moved = counted[f"{kind}s"] * burst_bytes
            found[f"dram_{kind}_bytes"], found[f"dram_{kind}_gb_s"] = moved, moved * 1e3 / spans_ps
        found["row_activations"] = counted["activates"]
        requests = counted["reads"] + counted["writes"]
        found["row_hit_rate"] = counted["row_hits"] / np.maximum(requests, 1)
        found.loc[requests == 0, "row_hit_rate"] = None  # there is nothing to hit
    return found.reindex(columns=list(TIMELINE_COLUMNS))

"""The table of what each layer moves, tensor by tensor: five rows per layer.

The columns mean what they mean in the table of layers, whose sums over tensors they are. `dram_dynamic_nj` is
activation and burst energy together; refresh and background energy belong to time, not to a tensor. What an
attached DRAMSim2 does not tell is None.
"""

from __future__ import annotations

import pandas as pd

from scanfuse.results.table import CAUSE_COLUMNS, network_of
from scanfuse.simulate import Simulation

TENSORS = tuple(cause.name.lower() for cause in CAUSE_COLUMNS.values())
TENSOR_COLUMNS = (
    "index", "layer", "tensor", "bytes", "dram_read_bytes", "dram_write_bytes", "dram_requests",
    "row_activations", "row_hit_rate", "dram_act_nj", "dram_burst_nj", "dram_dynamic_nj",
)  # fmt: skip


def tensor_table(simulation: Simulation) -> pd.DataFrame:
    """A row per layer and tensor under TENSOR_COLUMNS."""
    config, dynamic = simulation.config, simulation.dynamic
    entry_bytes = simulation.plan.accelerator.buffer.entry_bytes
    rows = []
    for index, layer in enumerate(network_of(simulation).layers):
        for tensor, cause in zip(TENSORS, CAUSE_COLUMNS.values(), strict=True):
            counts = {name: int(values[index, cause]) for name, values in dynamic.items()}
            rows.append(
                {
                    "index": index,
                    "layer": layer.name,
                    "tensor": tensor,
                    "bytes": int(simulation.moved_entries[index, cause]) * entry_bytes,
                    **_figures(counts, config.transaction_bytes, config.nj_per_unit),
                }
            )
    return pd.DataFrame(rows, columns=list(TENSOR_COLUMNS))


def _figures(counts: dict[str, int], burst_bytes: int, nj_per_unit: float) -> dict[str, float | int]:
    requests = counts["reads"] + counts["writes"]
    found: dict[str, float | int] = {
        "dram_read_bytes": counts["reads"] * burst_bytes,
        "dram_write_bytes": counts["writes"] * burst_bytes,
        "dram_requests": requests,
    }
    if "activates" in counts:
        found["row_activations"] = counts["activates"]
        found["row_hit_rate"] = counts["row_hits"] / max(requests, 1)
        found["dram_act_nj"] = counts["actpre"] * nj_per_unit
        found["dram_burst_nj"] = counts["burst"] * nj_per_unit
        found["dram_dynamic_nj"] = (counts["actpre"] + counts["burst"]) * nj_per_unit
    return found

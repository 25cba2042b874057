"""The table of a run: a row per layer, and the total.

What the figures mean:

- `macs` are the network's. Rows that a fused block computes again are not in them, but they are charged:
  in `compute_cycles` and `mac_nj`.
- `steps` counts the tiles that a layer computes. A residual addition that is folded into the layer before
  it computes none: its row holds the traffic of its sum and of the residual it reads, and its producer's has
  no output of its own.
- `cycles` is the layer's share of the run, in cycles of the PE array; the shares add up to the run.
  `stall_cycles = cycles - compute_cycles`, `latency_us` is `cycles` in time.
- `compute_us` of `latency_us` the array computes, `stall_us` it waits. `memory_us`: transfers are in flight,
  from being handed to the DMA to being complete, in the layer's time but for whichever layer; `overlap_us`:
  and the array computes; `idle_us`: neither. So each layer's time is exactly (in integer picoseconds)
  `compute_us + memory_us - overlap_us + idle_us`. Within a fused group what happens while the array computes
  goes by computing time, the rest by waiting time. `bound` is the longer of `compute` and `memory`, `none`
  where there is no time.
- `dram_bandwidth_gb_s` is what DRAM moves in the layer's time, `bandwidth_utilization` that by the peak of
  the data bus; `stall_bandwidth_utilization` is the part of the peak while the array waits with transfers in
  flight. GB and MB are 10^9 and 10^6 bytes. A burst counts when its read or write command issues.
- `activations_per_mb` and `macs_per_dram_byte` (arithmetic intensity) are by the layer's own traffic,
  `gmacs_per_s` by its time, with the network's MACs; the summary has the roofs that they lie under.
- `ifmap_bytes` to `residual_bytes` are the bytes asked for. `dram_read_bytes` and `dram_write_bytes` are
  whole bursts; they differ by the unused bytes of partly used bursts (see the summary).
- Burst and activation energy belong to the layer whose transfer caused the command, refresh and background
  energy to the group in whose time they fall, and in it to its layers by their compute cycles.
- Energies are the engine's integer accumulators times Vdd x tCK; totals are made from summed integers.
- `row_hit_rate` is row hits by reads and writes, `pe_utilization` useful MACs by what the array could have
  made in `cycles`. These and all other quotients are 0 where there is nothing to divide by.
- An attached DRAMSim2 does not tell what a request causes and when its commands issue: then a layer's
  activations, row hits, burst and activation energy, bandwidth, and the sums that they are part of, are None.
  The energies of the total are known.
- `peak_buffer_entries` is the most entries live in the layer's group (what its mapping needs; prefetching
  takes more of what is free).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from scanfuse.dram import DramConfig
from scanfuse.hardware import Accelerator, pe_utilization
from scanfuse.network import Network
from scanfuse.program import Cause
from scanfuse.simulate import Simulation

COLUMNS = (
    "index", "layer", "kind", "group", "macs", "steps", "cycles", "compute_cycles", "stall_cycles",
    "latency_us", "pe_utilization", "ifmap_bytes", "weight_bytes", "ofmap_bytes", "psum_bytes",
    "residual_bytes", "dram_read_bytes", "dram_write_bytes", "dram_requests", "row_activations",
    "row_hit_rate", "dram_act_nj", "dram_burst_nj", "dram_refresh_nj", "dram_background_nj", "dram_nj",
    "buffer_nj", "mac_nj", "total_nj", "peak_buffer_entries", "compute_us", "memory_us", "overlap_us",
    "stall_us", "idle_us", "bound", "dram_bandwidth_gb_s", "bandwidth_utilization",
    "stall_bandwidth_utilization", "activations_per_mb", "macs_per_dram_byte", "gmacs_per_s",
)  # fmt: skip
IDENTITY = ("index", "layer", "kind", "group")  # columns that a total has not
TOTAL_COLUMNS = COLUMNS[len(IDENTITY) :]
CAUSE_COLUMNS = {
    "ifmap_bytes": Cause.IFMAP,
    "weight_bytes": Cause.WEIGHT,
    "ofmap_bytes": Cause.OFMAP,
    "psum_bytes": Cause.PSUM,
    "residual_bytes": Cause.RESIDUAL,
}
ACCUMULATORS = {  # columns of energy to the engine's accumulators
    "dram_act_nj": "actpre",
    "dram_burst_nj": "burst",
    "dram_refresh_nj": "refresh",
    "dram_background_nj": "background",
}
CAUSED = {"row_activations": "activates", "row_hits": "row_hits", "actpre": "actpre", "burst": "burst"}
SUMMED = (
    "macs", "steps", "cycles", "compute_cycles", *CAUSE_COLUMNS, "dram_read_bytes", "dram_write_bytes",
    "dram_requests", "row_activations",
)  # fmt: skip


def layer_counts(simulation: Simulation) -> dict[str, np.ndarray]:
    """Every figure of a run that is a count, by layer: int64 arrays, from which all else is computed.

    Beside the columns of `SUMMED`: the accumulators by their engine names (mA x ticks x devices), `row_hits`,
    `computed_macs`, `buffer_accesses`, `unused_bytes`, `memory_ps`, `overlap_ps`, `group`,
    `peak_buffer_entries`. What requests have caused (`CAUSED`), and `bursts` and `waiting_bursts`, are there
    only if the DRAM tells it.
    """
    accelerator, config, phases = simulation.plan.accelerator, simulation.config, simulation.phases
    dynamic = {name: values.sum(axis=1) for name, values in simulation.dynamic.items()}
    moved_bytes = simulation.moved_entries * accelerator.buffer.entry_bytes
    counts = {
        "macs": np.array([layer.macs for layer in network_of(simulation).layers], dtype=np.int64),
        "steps": simulation.tiles,
        "cycles": simulation.cycles,
        "compute_cycles": simulation.compute_cycles,
        **{column: moved_bytes[:, cause] for column, cause in CAUSE_COLUMNS.items()},
        "dram_read_bytes": dynamic["reads"] * config.transaction_bytes,
        "dram_write_bytes": dynamic["writes"] * config.transaction_bytes,
        "dram_requests": dynamic["reads"] + dynamic["writes"],
        **{count: dynamic[name] for count, name in CAUSED.items() if name in dynamic},
        "computed_macs": simulation.computed_macs,
        "buffer_accesses": simulation.buffer_accesses,
        "unused_bytes": simulation.unused_bytes.sum(axis=1),
        "memory_ps": phases.memory_ps,
        "overlap_ps": phases.overlap_ps,
        **({"bursts": phases.bursts, "waiting_bursts": phases.waiting_bursts} if simulation.counters else {}),
        **simulation.standing,
    }
    groups, peaks = _groups(simulation)
    return {**counts, "group": groups, "peak_buffer_entries": peaks}


def total_counts(counts: dict[str, np.ndarray]) -> dict[str, int]:
    """The counts of all layers given: sums, but the largest `peak_buffer_entries`."""
    total = {name: int(values.sum()) for name, values in counts.items() if name != "group"}
    total["peak_buffer_entries"] = int(counts["peak_buffer_entries"].max(initial=0))
    return total


def layer_table(simulation: Simulation) -> pd.DataFrame:
    """A row per layer under `COLUMNS`."""
    counts = layer_counts(simulation)
    layers = network_of(simulation).layers
    rows = []
    for index, layer in enumerate(layers):
        mine = {name: int(values[index]) for name, values in counts.items()}
        identity = {"index": index, "layer": layer.name, "kind": layer.kind, "group": mine["group"]}
        rows.append({**identity, **figures(simulation, mine)})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def total_row(simulation: Simulation, layers: list[int] | None = None) -> dict[str, Any]:
    """The total under `TOTAL_COLUMNS`, of the whole run or of some layers (by index)."""
    counts = layer_counts(simulation)
    if layers is None:
        return figures(simulation, {**simulation.accumulators, **total_counts(counts)})
    return figures(simulation, total_counts({name: values[layers] for name, values in counts.items()}))


def figures(simulation: Simulation, counts: dict[str, int]) -> dict[str, Any]:
    """The figures under `TOTAL_COLUMNS` that follow from counts, of a layer or of many together; None for
    those that follow from counts that are not told."""
    accelerator, config = simulation.plan.accelerator, simulation.config
    requests = counts["dram_requests"]
    values: dict[str, Any] = {name: counts.get(name) for name in (*SUMMED, "peak_buffer_entries")}
    values["stall_cycles"] = counts["cycles"] - counts["compute_cycles"]
    values["latency_us"] = counts["cycles"] * accelerator.pe_array.clock_period_ps / 1e6
    values["pe_utilization"] = pe_utilization(accelerator.pe_array, counts["macs"], counts["cycles"])
    values["row_hit_rate"] = counts["row_hits"] / max(requests, 1) if "row_hits" in counts else None
    values |= time_figures(accelerator, counts) | bandwidth_figures(accelerator, config, counts)
    for column, name in ACCUMULATORS.items():
        values[column] = counts[name] * config.nj_per_unit if name in counts else None
    values |= on_chip_nj(accelerator, counts)
    values["dram_nj"] = values["total_nj"] = None
    if counts.keys() >= set(ACCUMULATORS.values()):
        values["dram_nj"] = sum(counts[name] for name in ACCUMULATORS.values()) * config.nj_per_unit
        values["total_nj"] = values["dram_nj"] + values["buffer_nj"] + values["mac_nj"]
    return {column: values[column] for column in TOTAL_COLUMNS}


def time_figures(accelerator: Accelerator, counts: dict[str, int]) -> dict[str, Any]:
    """What the time is spent on."""
    period = accelerator.pe_array.clock_period_ps
    total, compute = counts["cycles"] * period, counts["compute_cycles"] * period
    memory, overlap = counts["memory_ps"], counts["overlap_ps"]
    return {
        "compute_us": compute / 1e6,
        "memory_us": memory / 1e6,
        "overlap_us": overlap / 1e6,
        "stall_us": (total - compute) / 1e6,
        "idle_us": (total - compute - memory + overlap) / 1e6,
        "bound": "none" if total == 0 else "memory" if memory > compute else "compute",
    }


def bandwidth_figures(
    accelerator: Accelerator, config: DramConfig, counts: dict[str, int]
) -> dict[str, float | None]:
    """What DRAM sustains, and where the layer lies under the roofs."""
    total_ps = counts["cycles"] * accelerator.pe_array.clock_period_ps
    alone_ps = counts["memory_ps"] - counts["overlap_ps"]
    moved = counts["dram_read_bytes"] + counts["dram_write_bytes"]
    values: dict[str, float | None] = dict.fromkeys(
        ("dram_bandwidth_gb_s", "bandwidth_utilization", "stall_bandwidth_utilization", "activations_per_mb")
    )
    if "bursts" in counts:
        peak = peak_dram_gb_s(config)
        sustained, waiting = (
            counts[name] * config.transaction_bytes * 1e3 / max(time_ps, 1)
            for name, time_ps in (("bursts", total_ps), ("waiting_bursts", alone_ps))
        )
        values["dram_bandwidth_gb_s"], values["bandwidth_utilization"] = sustained, sustained / peak
        values["stall_bandwidth_utilization"] = waiting / peak if alone_ps else 0.0
        values["activations_per_mb"] = counts["row_activations"] * 1e6 / max(moved, 1)
    values["macs_per_dram_byte"] = counts["macs"] / moved if moved else 0.0
    values["gmacs_per_s"] = counts["macs"] * 1e3 / max(total_ps, 1)
    return values


def peak_dram_gb_s(config: DramConfig) -> float:
    """What the data buses of all channels carry at most."""
    burst_ps = int(config["BL"]) // 2 * config.tck_ps
    return int(config["NUM_CHANS"]) * config.transaction_bytes * 1e3 / burst_ps


def roofline(accelerator: Accelerator, config: DramConfig) -> dict[str, float]:
    """The roofs of the hardware: `gmacs_per_s` is at most the least of `peak_gmacs_per_s` and
    `macs_per_dram_byte` x `peak_dram_gb_s`; the two meet at `ridge_macs_per_dram_byte`."""
    array = accelerator.pe_array
    peak = array.rows * array.columns * 1e3 / array.clock_period_ps
    bandwidth = peak_dram_gb_s(config)
    return {
        "peak_gmacs_per_s": peak,
        "peak_dram_gb_s": bandwidth,
        "ridge_macs_per_dram_byte": peak / bandwidth,
    }


def on_chip_nj(accelerator: Accelerator, counts: dict[str, int]) -> dict[str, float]:
    """Energy of buffer accesses and of MACs, recomputed ones included."""
    return {
        "buffer_nj": counts["buffer_accesses"] * accelerator.buffer_access_pj * 1e-3,
        "mac_nj": counts["computed_macs"] * accelerator.mac_pj * 1e-3,
    }


def network_of(simulation: Simulation) -> Network:
    return simulation.program.mapping.network


def _groups(simulation: Simulation) -> tuple[np.ndarray, np.ndarray]:
    """Per layer, its group and the most entries live in it."""
    program = simulation.program
    peaks = program.peaks
    group_of = np.zeros(simulation.layers, dtype=np.int64)
    for number, group in enumerate(program.mapping.groups):
        group_of[list(group.layers)] = number
    return group_of, peaks[group_of]

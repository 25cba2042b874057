"""The points at which docs/objectives.md holds the search's estimate to the simulation."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from scanfuse.hardware import load_hardware
from scanfuse.mapping import MappingError, forecast
from scanfuse.mapping.estimate import Target
from scanfuse.network import load
from scanfuse.results import dram_config, map_network, memory_costs, run_mapping

NETWORKS = (
    ("mobilenet_v1", 96, 0.5),
    ("mobilenet_v2", 96, 0.5),
    ("mobilenet_v3_large", 96, 0.5),
    ("mnasnet", 96, 0.5),
    ("efficientnet_lite0", 96, 0.5),
)
SCHEDULES = ("fixed", "raster", "scan", "fused", "resident", "deep")
SLOW = ("pe_array.rows=16", "pe_array.columns=16", "pe_array.clock_hz=200 MHz")
MACHINES = {
    "paper": (),
    "16 x 16 PEs at 200 MHz": SLOW,
    "1 GHz": ("pe_array.clock_hz=1 GHz",),
    "8 bits": ("buffer.entry_bits=8",),
    "16K entries": ("buffer.entries=16384",),
    "nchw": ("layout.order=nchw",),
    "DDR2": ("dram.part=DDR2_micron_16M_8b_x8_sg3E",),
    "x4 DDR3-1333": ("dram.part=DDR3_micron_64M_8B_x4_sg15", "dram.capacity_mib=4096"),
}


@dataclass(frozen=True)
class Compared:
    """One point: what the estimate says over what the simulation measured, less 1."""

    network: str
    schedule: str
    machine: str
    time: float
    dram_energy: float


def points() -> list[tuple[tuple[str, int, float | None], str, str]]:
    """Every network under every schedule on every machine."""
    return list(product(NETWORKS, SCHEDULES, MACHINES))


def compare(network: tuple[str, int, float | None], schedule: str, machine: str) -> Compared | None:
    """One point, or None where the schedule does not fit the machine."""
    hardware = load_hardware("paper", list(MACHINES[machine]))
    config = dram_config(hardware)
    loaded = load(*network)
    try:
        mapping = map_network(loaded, schedule, hardware, config)
    except MappingError:
        return None
    found = forecast(mapping, Target.of(hardware, config.transaction_bytes), memory_costs(config, hardware))
    done = run_mapping(mapping, hardware, config)
    time = float(found.time_ps) / done.simulation.time_ps - 1
    energy = float(found.dram_nj) / float(done.total["dram_nj"]) - 1
    return Compared(loaded.name, schedule, machine, time, energy)


def measured(schedule: str, objective: str, settings: tuple[str, ...]) -> dict[str, float]:
    """MobileNet V2 under a schedule and an objective on the preset `paper`, changed by settings."""
    hardware = load_hardware("paper", list(settings))
    config = dram_config(hardware)
    mapping = map_network(load("mobilenet_v2"), schedule, hardware, config, objective=objective)
    done = run_mapping(mapping, hardware, config)
    return {
        "entries": done.entries,
        "extra_macs": done.extra_macs,
        "bursts": len(done.simulation.bursts.addresses),
        "dram_uj": float(done.total["dram_nj"]) * 1e-3,
        "ms": done.simulation.time_ps * 1e-9,
    }

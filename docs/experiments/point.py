"""One run of the reproduction, and what is kept of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import takewhile

from scanfuse.dram import DramConfig
from scanfuse.hardware import Accelerator, load_hardware
from scanfuse.mapping import Mapping, MappingError, layer_nest
from scanfuse.mapping.estimate import Target
from scanfuse.mapping.schedules import fixed_tiling
from scanfuse.mapping.stages import stages
from scanfuse.network import Network, load
from scanfuse.program import check, unroll
from scanfuse.results import Run, run
from scanfuse.results.agreement import check_agreement
from scanfuse.results.setup import dram_config
from scanfuse.simulate import simulate

SUMMED = (
    "dram_act_nj", "dram_burst_nj", "dram_refresh_nj", "dram_background_nj", "latency_us", "dram_read_bytes",
    "dram_write_bytes", "ifmap_bytes", "weight_bytes", "ofmap_bytes", "psum_bytes", "residual_bytes",
)  # fmt: skip


@dataclass(frozen=True)
class Point:
    """What is run: a network under a schedule on the preset `paper` with some settings.

    system: settings of the DRAM's system file, changed. tile: instead of the schedule's own tiles, `fixed`'s
    of this size, walked in raster order or (schedule `scan`) Scan order, maps stored as nhwc.
    """

    network: str = "mobilenet_v2"
    schedule: str = "raster"
    settings: tuple[str, ...] = ()
    system: tuple[tuple[str, object], ...] = ()
    tile: int | None = None


@dataclass(frozen=True)
class Figures:
    """What is kept of a run: entries moved, and sums over layers under their names in `layers.csv`.

    without: the same sums without the classifier, that is without the linear layers at the network's end.
    """

    entries: int
    extra_macs: int
    whole: dict[str, float]
    without: dict[str, float]

    def figure(self, name: str, *, classifier: bool = True) -> float:
        """A sum of `SUMMED`, or one of: dram_nj, dynamic_nj (activate and burst), useful_share."""
        sums = self.whole if classifier else self.without
        kinds = {"dram_nj": ("act", "burst", "refresh", "background"), "dynamic_nj": ("act", "burst")}
        if name in kinds:
            return sum(sums[f"dram_{kind}_nj"] for kind in kinds[name])
        if name == "useful_share":
            useful = sum(sums[name] for name in SUMMED if name.endswith("_bytes") and name[:4] != "dram")
            return useful / (sums["dram_read_bytes"] + sums["dram_write_bytes"])
        return sums[name]


NOTHING = Figures(1, 0, dict.fromkeys(SUMMED, 1.0), dict.fromkeys(SUMMED, 1.0))  # where none are known yet


def measure(point: Point) -> Figures:
    """Run a point: mapped, proved, simulated with the DRAM engine, all counters held to each other."""
    network = load(point.network)
    accelerator = load_hardware("paper", list(point.settings))
    config = config_of(point, accelerator)
    if point.tile is None:
        done = run(network, point.schedule, accelerator, config)
    else:
        done = run_mapping(fixed_mapping(network, point, accelerator), accelerator, config)
    layers = done.layers
    ending = len(list(takewhile(lambda kind: kind == "linear", reversed(layers["kind"].tolist()))))
    body = layers.iloc[: len(layers) - ending]
    return Figures(
        done.entries,
        done.extra_macs,
        {name: float(layers[name].sum()) for name in SUMMED},
        {name: float(body[name].sum()) for name in SUMMED},
    )


def config_of(point: Point, accelerator: Accelerator) -> DramConfig:
    """The point's DRAM."""
    config = dram_config(accelerator)
    if not point.system:
        return config
    dram = accelerator.dram
    files = {**dict(config.files), **dict(point.system)}
    return DramConfig.from_ini(dram.part, files, dram.capacity_mib, dram.overrides, dram.mode)


def fixed_mapping(network: Network, point: Point, accelerator: Accelerator) -> Mapping:
    """Every stage alone, in fixed tiles of `point.tile`. Raises MappingError where one does not fit."""
    assert point.tile is not None
    buffer = accelerator.buffer
    target = Target(accelerator.pe_array, buffer.entries, buffer.entry_bytes, buffer.psum_entries)
    groups = []
    for stage in stages(network):
        tiling = fixed_tiling(layer_nest(network, stage), stage, point.tile, target)
        if tiling is None:
            raise MappingError(f"tiles of {point.tile} do not fit {buffer.entries} entries")
        groups.append(replace(tiling, scan="full" if point.schedule == "scan" else "raster"))
    return Mapping(network, point.schedule, tuple(groups), "nhwc", buffer.psum_entries)


def run_mapping(mapping: Mapping, accelerator: Accelerator, config: DramConfig) -> Run:
    """What `scanfuse.results.run` does, for a mapping that is there already."""
    program = unroll(mapping)
    check(program, accelerator.buffer.entries)
    simulation = simulate(program, accelerator, config)
    check_agreement(simulation)
    return Run(mapping.schedule, simulation)

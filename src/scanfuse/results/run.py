"""A network run under a schedule: mapped, unrolled, proved, simulated, its counters held to each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from scanfuse.dram import DramConfig
from scanfuse.dram.backend import check_backend
from scanfuse.hardware import Accelerator
from scanfuse.mapping import (
    DOUBT,
    Candidate,
    Choice,
    Explanation,
    Mapping,
    MappingError,
    Searches,
    Target,
    check_objective,
    explain,
    lay_out_together,
    make_mapping,
)
from scanfuse.network import Network, layer_by_layer_entries, network_entries
from scanfuse.program import Program, check, fewest_bursts, unroll
from scanfuse.results.agreement import check_agreement, check_execution
from scanfuse.results.mapping_cache import remembered
from scanfuse.results.memory_costs import memory_costs
from scanfuse.results.notebook import html_table
from scanfuse.results.setup import burst_of, dram_config
from scanfuse.results.table import layer_table, total_row
from scanfuse.simulate import Simulation, simulate

if TYPE_CHECKING:
    import pandas as pd

    from scanfuse.execute import Execution

MOST_STEPS = 2_000_000  # of a program: minutes and 2 GB for each million

SHOWN = (
    "layers", "entries", "latency_us", "stall_us", "dram_nj", "total_nj", "row_hit_rate", "pe_utilization",
)  # fmt: skip
FEW = 3  # candidates that are simulated in any case

Advance = Callable[[], None]
Progress = Callable[[str, int], AbstractContextManager[Advance]]
"""What shows progress: told what is done in how many parts (0: not known), gives what to call after each."""


@dataclass(frozen=True)
class Run:
    """A finished run: the simulation, and the tables made of it."""

    schedule: str
    simulation: Simulation
    execution: Execution | None = None

    @property
    def network(self) -> Network:
        return self.mapping.network

    @property
    def mapping(self) -> Mapping:
        return self.simulation.program.mapping

    @property
    def accelerator(self) -> Accelerator:
        return self.simulation.plan.accelerator

    @property
    def entries(self) -> int:
        """Entries moved between DRAM and the buffer."""
        return int(self.simulation.moved_entries.sum())

    @property
    def extra_macs(self) -> int:
        """MACs of rows that were computed more than once."""
        return int(self.simulation.computed_macs.sum()) - self.network.macs

    @property
    def bounds(self) -> dict[str, int]:
        """How little the network can move: at all, and layer by layer; entries."""
        return bounds(self.network)

    @cached_property
    def layers(self) -> pd.DataFrame:
        """A row per layer, see `scanfuse.results.table`."""
        return layer_table(self.simulation)

    @cached_property
    def total(self) -> dict[str, Any]:
        """The total of all layers, equal to the engine's."""
        return total_row(self.simulation)

    def _repr_html_(self) -> str:
        told = f"{self.network.name}, {self.schedule}, on {self.accelerator.name}"
        row = {"layers": len(self.network.layers), "entries": self.entries, **self.total}
        return html_table(told, SHOWN, [row])


def bounds(network: Network) -> dict[str, int]:
    return {
        "network_entries": network_entries(network),
        "layer_by_layer_entries": layer_by_layer_entries(network),
    }


def run(
    network: Network,
    schedule: str,
    accelerator: Accelerator,
    config: DramConfig | None = None,
    *,
    objective: str = "traffic",
    cache: bool = True,
    searches: Searches | None = None,
    verify: bool = False,
    log_requests: bool = False,
    progress: Progress | None = None,
) -> Run:
    """Run a network under a named schedule on an accelerator: map it (`map_network`), then `run_mapping`.

    Args:
        network: what is computed, of `load`.
        schedule: `fixed`, `raster`, `scan`, `fused`, `resident` or `deep`, from the simplest on.
        accelerator: what it runs on, of `load_hardware`.
        config: the memory, where it is not to be made from the accelerator's description.
        objective: what the search makes least: `traffic`, `bursts`, `energy`, `latency`, `edp`.
        cache: keep what the search finds in the user's cache folder, and take it from there.
        searches: what earlier calls have found, shared and added to; changes nothing but the time it takes.
        verify: also compute the program on integers and compare every layer's output with the network's.
        log_requests: keep the accepted requests, for a trace.
        progress: what shows how far it is; None for nothing.

    Returns:
        The `Run`: `layers` (a DataFrame, a row per layer: bytes, cycles, `latency_us`, `dram_nj`, `total_nj`,
        ...; docs/results.md), `total` (a dict of the same columns, summed), `entries` moved between DRAM and
        buffer, `mapping`, `bounds`, `simulation` (`time_ps`, `ticks`, the DRAM's energies and counters).

    Raises:
        MappingError: an unknown schedule or objective, or a layer of which no tile fits the buffer.
        DramConfigError: a DRAM part or setting that cannot be.
        ProgramError, ExecutionError, AgreementError: a program that is not right, or counters that differ: a
            defect of scanfuse, or of a mapping changed by hand.

    Example:
        >>> network = scanfuse.load("mobilenet_v2", resolution=64)
        >>> result = scanfuse.run(network, "fused", scanfuse.load_hardware("paper"))
        >>> result.entries, round(result.total["dram_nj"] / 1000), result.layers["layer"][0]
        (3654824, 2862, 'stem')
    """
    config = config or dram_config(accelerator)
    mapping = map_network(
        network, schedule, accelerator, config, progress, objective, cache=cache, searches=searches
    )
    return run_mapping(
        mapping, accelerator, config, verify=verify, log_requests=log_requests, progress=progress
    )


def run_mapping(
    mapping: Mapping,
    accelerator: Accelerator,
    config: DramConfig | None = None,
    *,
    verify: bool = False,
    log_requests: bool = False,
    progress: Progress | None = None,
) -> Run:
    """Run a mapping on an accelerator: unroll it, prove the program, simulate it, hold all counters together.

    Args:
        mapping: of `map_network` or `load_mapping`, or one changed in Python.
        accelerator: what it runs on; need not be the one it was searched for, if it fits.
        config: the memory, where it is not to be made from the accelerator's description.
        verify: also compute the program on integers and compare every layer's output with the network's.
        log_requests: keep the accepted requests, for a trace.
        progress: what shows how far it is; None for nothing.

    Returns:
        The `Run`, as of `run`.

    Raises:
        MappingError: hardware that counts or lays out otherwise than the mapping says.
        ProgramError: a mapping that does not fit: names step, group, layers and the entries that live in it.
        DramConfigError: a DRAM part or setting that cannot be.
        ExecutionError, AgreementError: a value or a counter that is not what it must be.

    Example:
        >>> network, hardware = scanfuse.load("mobilenet_v2", resolution=64), scanfuse.load_hardware("paper")
        >>> mapping = scanfuse.map_network(network, "deep", hardware)
        >>> scanfuse.run_mapping(mapping, hardware).entries == mapping.entries
        True
    """
    config = config or dram_config(accelerator)
    check_backend(accelerator.dram.backend, config)
    show = progress or quiet
    program = prove(mapping, accelerator)
    execution = verify_program(program, accelerator, show) if verify else None
    with show(f"{mapping.schedule}: simulate", program.steps) as advance:
        done = run_program(program, accelerator, config, log_requests, advance)
    return replace(done, execution=execution)


def run_program(
    program: Program,
    accelerator: Accelerator,
    config: DramConfig,
    log_requests: bool = False,
    advance: Advance | None = None,
) -> Run:
    """Simulate a program that `prove` has made for such an accelerator, and hold its counters to each other.

    advance: called with each step. Raises the errors of a simulation, AgreementError.
    """
    told = None if advance is None else lambda step: advance()
    simulation = simulate(program, accelerator, config, log_requests=log_requests, on_step=told)
    check_agreement(simulation)
    return Run(program.mapping.schedule, simulation)


def prove(mapping: Mapping, accelerator: Accelerator) -> Program:
    """The program of a mapping, proved right for an accelerator. Raises MappingError, ProgramError."""
    check_hardware(mapping, accelerator)
    check_size(mapping, accelerator)
    program = unroll(mapping)
    check(program, accelerator.buffer.entries)
    return program


def check_hardware(mapping: Mapping, accelerator: Accelerator) -> None:
    """Raise MappingError where a mapping was made for hardware that counts or lays out otherwise."""
    asked = {
        "psum_entries": (mapping.psum_entries, "buffer.psum_entries", accelerator.buffer.psum_entries),
        "layout": (mapping.layout, "layout.order", accelerator.layout.order),
    }
    if mapping.layouts and accelerator.layout.order != "auto":
        raise MappingError(
            f"layouts: the mapping has its own for {len(mapping.layouts)} maps, the hardware has "
            f"{accelerator.layout.order} for all: set layout.order=auto"
        )
    for key, (mine, setting, theirs) in asked.items():
        if theirs not in (mine, "auto"):
            raise MappingError(f"{key}: the mapping has {mine}, the hardware {theirs}: set {setting}={mine}")


def map_network(
    network: Network,
    schedule: str,
    accelerator: Accelerator,
    config: DramConfig | None = None,
    progress: Progress | None = None,
    objective: str = "traffic",
    *,
    cache: bool = True,
    searches: Searches | None = None,
) -> Mapping:
    """The mapping of a named schedule that makes an objective least on an accelerator and its DRAM.

    For all objectives but `traffic` the best few by estimate are simulated and the best measured one is
    taken; what simpler schedules find is among them.

    Args:
        network: what is computed, of `load`.
        schedule: `fixed`, `raster`, `scan`, `fused`, `resident` or `deep`.
        accelerator: what it is to run on, of `load_hardware`.
        config: the memory, where it is not to be made from the accelerator's description.
        progress: what shows how far it is; None for nothing.
        objective: what is made least: `traffic`, `bursts`, `energy`, `latency`, `edp`.
        cache: keep what is found in the user's cache folder, and take it from there.
        searches: what earlier calls have found, shared and added to; changes nothing that is found.

    Returns:
        The `Mapping`, frozen: `groups` of layers that run together, how the maps lie in DRAM, `entries`
        moved, `extra_macs` computed again.

    Raises:
        MappingError: an unknown schedule or objective, or a layer of which no tile fits the buffer.
        DramConfigError: a DRAM part or setting that cannot be.

    Example:
        >>> network, hardware = scanfuse.load("mobilenet_v2", resolution=64), scanfuse.load_hardware("paper")
        >>> mapping = scanfuse.map_network(network, "fused", hardware)
        >>> mapping.entries, len(mapping.groups)
        (3654824, 21)
    """
    if not isinstance(network, Network):
        raise TypeError(f"network: expected a Network, as scanfuse.load gives, got {network!r:.60}")
    check_objective(objective)
    config = config or dram_config(accelerator)
    show = progress or quiet
    known = Searches() if searches is None else searches

    def search() -> Mapping:
        if objective == "traffic":
            found = _least_traffic(network, schedule, accelerator, config, known, show)
            return _fewest_bursts(found, accelerator, config, known)
        return _best_measured(network, schedule, accelerator, config, objective, known, show)

    return remembered(network, schedule, accelerator, config, objective, search) if cache else search()


def _least_traffic(
    network: Network,
    schedule: str,
    accelerator: Accelerator,
    config: DramConfig,
    searches: Searches,
    show: Progress,
) -> Mapping:
    burst = burst_of(config)
    with show(f"{schedule}: map", 0) as advance:
        return make_mapping(
            network,
            schedule,
            accelerator,
            burst_bytes=burst["burst_bytes"],
            burst_ps=burst["burst_ps"],
            searches=searches,
            progress=lambda name: advance(),
        )


def _fewest_bursts(
    mapping: Mapping, accelerator: Accelerator, config: DramConfig, searches: Searches
) -> Mapping:
    """The mapping with its layouts, or with other tiles that move as little, chosen together with theirs; the
    one of fewer bursts."""
    if accelerator.layout.order != "auto":
        return mapping
    check_size(mapping, accelerator)
    target = Target.of(accelerator, **burst_of(config))
    together = lay_out_together(mapping, accelerator, target, searches)
    options = [mapping] if together.groups == mapping.groups else [mapping, together]
    return min((_laid_out(one, accelerator, config) for one in options), key=lambda one: one[1])[0]


def _best_measured(
    network: Network,
    schedule: str,
    accelerator: Accelerator,
    config: DramConfig,
    objective: str,
    searches: Searches,
    show: Progress,
) -> Mapping:
    memory, burst_ps = memory_costs(config, accelerator), burst_of(config)["burst_ps"]
    choice = Choice(network, accelerator, objective, memory, burst_ps, searches)
    with show(f"{schedule}: map", 0) as advance:
        found = choice.candidates(schedule, lambda name: advance())
    few = [lay_out(one.mapping, accelerator, config) for one in finalists(found)]
    if len(few) == 1:
        return few[0]
    measured = []
    with show(f"{schedule}: simulate the best", len(few)) as advance:
        for mapping in few:
            measured.append(measure(mapping, accelerator, config, objective))
            advance()
    return few[measured.index(min(measured))]


def lay_out(mapping: Mapping, accelerator: Accelerator, config: DramConfig) -> Mapping:
    """The mapping with each map in the layout of the fewest bursts, unless the hardware fixes one for all."""
    if accelerator.layout.order != "auto":
        return mapping
    check_size(mapping, accelerator)
    return _laid_out(mapping, accelerator, config)[0]


def _laid_out(mapping: Mapping, accelerator: Accelerator, config: DramConfig) -> tuple[Mapping, int]:
    """The mapping with each map in its layout of the fewest bursts, and how many those are in all."""
    entry_bytes = accelerator.buffer.entry_bytes
    layouts, bursts = fewest_bursts(unroll(mapping), entry_bytes, config.transaction_bytes)
    return replace(mapping, layouts=layouts), bursts


def finalists(found: Sequence[Candidate]) -> list[Candidate]:
    """Of candidates, best estimate first, those that may be the best: the first few, and all whose estimate
    is so near that the estimate's error could have hidden it."""
    near = [one for one in found if one.figure <= found[0].figure * DOUBT]
    return list(found[: max(FEW, len(near))])


def measure(mapping: Mapping, accelerator: Accelerator, config: DramConfig, objective: str) -> float:
    """The figure of a mapping that an objective makes least, simulated: bursts, nJ, ps, or nJ x ps."""
    simulation = simulate(prove(mapping, accelerator), accelerator, config)
    energy_nj = sum(simulation.accumulators.values()) * config.nj_per_unit
    figures = {
        "bursts": len(simulation.bursts.addresses),
        "energy": energy_nj,
        "latency": simulation.time_ps,
        "edp": energy_nj * simulation.time_ps,
    }
    return float(figures[objective])


def explain_mapping(
    mapping: Mapping,
    accelerator: Accelerator,
    config: DramConfig,
    progress: Progress | None = None,
    objective: str = "traffic",
) -> list[Explanation]:
    """Why each group of a mapping was chosen, for this DRAM and an objective. Raises MappingError."""
    memory = None if objective == "traffic" else memory_costs(config, accelerator)
    burst = burst_of(config)
    with (progress or quiet)("explain", len(mapping.groups)) as advance:
        return list(
            explain(
                mapping,
                accelerator,
                burst_bytes=burst["burst_bytes"],
                burst_ps=burst["burst_ps"],
                objective=objective,
                memory=memory,
                progress=advance,
            )
        )


def check_size(mapping: Mapping, accelerator: Accelerator) -> None:
    """Raise MappingError for a program that would fill the memory before it is run."""
    steps = sum(mapping.cost(group).steps for group in mapping.groups)
    if steps > MOST_STEPS:
        raise MappingError(
            f"schedule {mapping.schedule}: {accelerator.buffer.entries} entries make {steps} steps of "
            f"{mapping.network.name}, and {MOST_STEPS} is the most that can be run: raise buffer.entries, or "
            "cut larger tiles"
        )


def verify_program(program: Program, accelerator: Accelerator, progress: Progress) -> Execution:
    """Run a program on integers.

    Raises ExecutionError where a value is not that of the network, AgreementError where what is measured
    meanwhile is not what the program says.
    """
    from scanfuse.execute import execute

    with progress("verify", len(program.mapping.groups)) as advance:
        execution = execute(program, accelerator.buffer.entries, progress=lambda name: advance())
    check_execution(program, execution)
    return execution


def quiet(what: str, parts: int) -> AbstractContextManager[Advance]:
    """Progress that nobody sees."""
    return nullcontext(lambda: None)

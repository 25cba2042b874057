"""Counters that were counted apart must agree. Cheap, so every run is held to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from scanfuse.program import Cause, Program
from scanfuse.simulate import Simulation

if TYPE_CHECKING:
    from scanfuse.execute import Execution

CLOSED_FORMS = {  # cause -> fields of the mapping's closed-form traffic
    Cause.IFMAP: ("ifmap",),
    Cause.WEIGHT: ("weight",),
    Cause.OFMAP: ("ofmap",),
    Cause.PSUM: ("psum_written", "psum_read"),
    Cause.RESIDUAL: ("residual",),
}


class AgreementError(RuntimeError):
    """Two figures that must be equal are not: a defect in scanfuse, not in its input."""


def check_agreement(simulation: Simulation) -> None:
    """Hold a run's independent counters to each other, layer by layer and as integers.

    Traffic: closed forms = program = useful bytes of the bursts = reads and writes counted by the DRAM
    engine x bytes of a burst, less the unused bytes. Energy and commands: the sum over layers = the
    engine's accumulators. Time: the layers' cycles add up to the run, and each layer's computing and waiting
    time hold what is said to happen in them. Raises AgreementError.
    """
    _check_traffic(simulation)
    _check_engine(simulation)
    _check_time(simulation)


def check_execution(program: Program, execution: Execution) -> None:
    """Hold what an execution has measured to the program: entries moved, and each group's live entries at
    the peak. Raises AgreementError."""
    peaks = program.peaks.tolist()
    for group, measured, planned in zip(program.mapping.groups, execution.peak_entries, peaks, strict=True):
        names = ", ".join(program.mapping.network.layers[index].name for index in group.layers)
        _equal("executor", measured, "program", planned, "live entries at the peak", names)
    _equal("executor", execution.entries, "program", sum(program.traffic().values()), "entries moved", "sum")


def _check_traffic(simulation: Simulation) -> None:
    program, entry_bytes = simulation.program, simulation.plan.accelerator.buffer.entry_bytes
    mapping, moved = program.mapping, simulation.moved_entries
    moves, sizes = program.moves[program.transfers], program.sizes[program.transfers]
    counted = np.zeros((len(mapping.groups), len(Cause)), dtype=np.int64)
    np.add.at(counted, (program.groups[moves["step"]], moves["cause"]), sizes)
    for number, group in enumerate(mapping.groups):
        traffic = mapping.traffic(group)
        for cause, fields in CLOSED_FORMS.items():
            expected = sum(int(getattr(traffic, name)) for name in fields)
            found = int(counted[number, cause])
            _equal(
                "program",
                found,
                "closed form",
                expected,
                f"{cause.name.lower()} entries",
                _names(simulation, group.layers),
            )
    requests = simulation.dynamic["reads"] + simulation.dynamic["writes"]
    fetched = requests * simulation.config.transaction_bytes
    useful = fetched - simulation.unused_bytes
    for layer, cause in zip(*np.nonzero(useful != moved * entry_bytes), strict=True):
        what = f"{Cause(int(cause)).name.lower()} bytes"
        expected = int(moved[layer, cause]) * entry_bytes
        _equal(
            "DRAM requests less unused bytes",
            int(useful[layer, cause]),
            "program",
            expected,
            what,
            _names(simulation, [layer]),
        )


def _check_engine(simulation: Simulation) -> None:
    for name, by_layer in simulation.standing.items():
        _equal("layers", int(by_layer.sum()), "engine", simulation.accumulators[name], name, "sum")
    if simulation.plan.accelerator.dram.backend == "dramsim2":
        return  # it counts no commands, and does not tell whose energy is whose
    for name, by_owner in simulation.dynamic.items():
        counted = {**simulation.counters, **simulation.accumulators}[name]
        _equal("layers", int(by_owner.sum()), "engine", counted, name, "sum")
    begun = simulation.counters["reads"] + simulation.counters["writes"]
    _equal("phases", int(simulation.phases.bursts.sum()), "engine", begun, "bursts", "sum")


def _check_time(simulation: Simulation) -> None:
    period = simulation.plan.accelerator.pe_array.clock_period_ps
    _equal("layers", int(simulation.cycles.sum()) * period, "run", simulation.time_ps, "ps", "sum")
    for layer in np.flatnonzero(simulation.compute_cycles > simulation.cycles).tolist():
        raise AgreementError(f"{_names(simulation, [layer])}: computes for longer than its share of the run")
    computing, phases = simulation.compute_cycles * period, simulation.phases
    waiting, alone = simulation.cycles * period - computing, phases.memory_ps - phases.overlap_ps
    wrong = (phases.overlap_ps < 0) | (phases.overlap_ps > computing) | (alone < 0) | (alone > waiting)
    for layer in np.flatnonzero(wrong).tolist():
        raise AgreementError(
            f"{_names(simulation, [layer])}: computes for {computing[layer]} ps, with requests in flight for "
            f"{phases.overlap_ps[layer]}; waits for {waiting[layer]} ps, with requests for {alone[layer]}"
        )


def _equal(one: str, found: int, other: str, expected: int, what: str, where: str) -> None:
    if found != expected:
        raise AgreementError(f"{where}: {what}: {one} {found}, {other} {expected}")


def _names(simulation: Simulation, layers: Iterable[int]) -> str:
    known = simulation.program.mapping.network.layers
    return ", ".join(known[index].name for index in layers)

"""One run: a program on an accelerator with a real DRAM under it, and the exact figures of every layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import simpy

from scanfuse.dram import DramConfig, RequestPort
from scanfuse.hardware import Accelerator
from scanfuse.program import AddressLayout, Bursts, LayoutError, Program
from scanfuse.simulate.accelerator import Machine, Timeline
from scanfuse.simulate.attribution import apportion
from scanfuse.simulate.clock import FOREVER_TICKS, DramClock
from scanfuse.simulate.epochs import Epochs, epochs_of
from scanfuse.simulate.gather import gather_rows
from scanfuse.simulate.phases import Phases, phases_of_groups, share_among_layers
from scanfuse.simulate.placement import skew_banks
from scanfuse.simulate.plan import CAUSES, Plan
from scanfuse.simulate.samples import epoch_ticks

DYNAMIC = ("reads", "writes", "activates", "row_hits", "burst", "actpre")
STANDING = ("background", "refresh")


@dataclass(frozen=True)
class RequestLog:
    """The requests as DRAM accepted them, in order: int64 ticks, uint64 byte addresses, bool."""

    ticks: np.ndarray
    addresses: np.ndarray
    is_write: np.ndarray


@dataclass(frozen=True)
class Simulation:
    """What a run measured. Arrays by layer are int64 and add up to the engine's own figures.

    ticks: DRAM ticks of the whole run; time_ps: its end, on an edge of the array's clock.
    standing: per name of STANDING, (layers,), in mA x ticks x devices.
    dynamic: per name of DYNAMIC, (layers, causes): counts, and energy in mA x ticks x devices. An attached
    DRAMSim2 tells of reads and writes only, and no counters.
    cycles: (layers,) array cycles of the layer's window, stalls included; phases: what they are spent on.
    timeline: when each step and transfer happened; epochs: that and DRAM's counters in even parts of time.
    accumulators: the engine's totals by name over channels and ranks; counters: its command counts.
    """

    plan: Plan
    config: DramConfig
    ticks: int
    time_ps: int
    cycles: np.ndarray
    phases: Phases
    standing: dict[str, np.ndarray]
    dynamic: dict[str, np.ndarray]
    accumulators: dict[str, int]
    counters: dict[str, int]
    timeline: Timeline
    epochs: Epochs
    peak_claimed_entries: int
    requests: RequestLog | None

    @property
    def program(self) -> Program:
        return self.plan.program

    @property
    def bursts(self) -> Bursts:
        return self.plan.bursts

    @cached_property
    def compute_cycles(self) -> np.ndarray:
        """Cycles in which the array computes, by layer."""
        return self._by_layer(self.plan.op_cycles)

    @cached_property
    def computed_macs(self) -> np.ndarray:
        """MACs made by layer, recomputed rows included."""
        return self._by_layer(self.plan.op_macs)

    @cached_property
    def buffer_accesses(self) -> np.ndarray:
        """Entries read from or written to the buffer by layer, by the array and by the DMA."""
        moved = self.moved_entries.sum(axis=1)
        return self._by_layer(self.plan.op_accesses) + moved

    @cached_property
    def tiles(self) -> np.ndarray:
        """Tiles computed by layer."""
        return self._by_layer(np.ones(len(self.program.ops), dtype=np.int64))

    @cached_property
    def moved_entries(self) -> np.ndarray:
        """Entries moved between DRAM and the buffer, (layers, causes)."""
        return self._by_owner(self.program.sizes[self.program.transfers])

    @cached_property
    def unused_bytes(self) -> np.ndarray:
        """Bytes of partly used bursts, (layers, causes)."""
        return self._by_owner(self.bursts.unused_bytes)

    @property
    def layers(self) -> int:
        return len(self.program.mapping.network.layers)

    def _by_layer(self, values: np.ndarray) -> np.ndarray:
        return np.bincount(self.program.ops["layer"], values, minlength=self.layers).astype(np.int64)

    def _by_owner(self, values: np.ndarray) -> np.ndarray:
        flat = np.bincount(self.plan.transfer_owner, values, minlength=self.layers * CAUSES)
        return flat.astype(np.int64).reshape(self.layers, CAUSES)


def simulate(
    program: Program,
    accelerator: Accelerator,
    config: DramConfig,
    *,
    lookahead_ticks: int = FOREVER_TICKS,
    log_requests: bool = False,
    on_step: Callable[[int], None] | None = None,
) -> Simulation:
    """Run a program to its end.

    lookahead_ticks: the most ticks the DRAM engine may run at a time; changes no figure (tested).
    log_requests: keep every accepted request, for a trace. on_step: called with each step that has computed.
    """
    layout = AddressLayout(
        program, accelerator.buffer.entry_bytes, config.transaction_bytes, config.capacity_bytes
    )
    plan = Plan(program, layout.bursts(), accelerator)
    check_mapped(plan.bursts, config)
    if accelerator.layout.skew_banks:
        plan = replace(plan, bursts=skew_banks(plan.bursts, plan.transfer_is_map, config))
    if accelerator.dma.gather:
        plan = replace(plan, bursts=gather_rows(plan.bursts, ~plan.transfer_is_load, config))
    port = RequestPort(
        config,
        write_watermark=accelerator.dma.write_watermark,
        log=log_requests,
        backend=accelerator.dram.backend,
    )
    env = simpy.Environment()
    clock = DramClock(env, port, config, lookahead_ticks)
    windows = _Windows(clock, program)
    machine = Machine(env, plan, clock, windows.close, on_step or (lambda step: None))
    clock.run()
    period = accelerator.pe_array.clock_period_ps
    end_ps = -(-int(env.now) // period) * period
    ticks = clock.advance_to(end_ps)
    windows.finish(end_ps)
    shares = _Shares(plan, windows)
    cycles = shares.split_by_group([(b - a) // period for a, b in windows.spans_ps])
    of_groups = phases_of_groups(machine.timeline, program.groups, windows.ends_ps, clock.bursts_begun())
    return Simulation(
        plan=plan,
        config=config,
        ticks=ticks,
        time_ps=end_ps,
        cycles=cycles.sum(axis=0),
        phases=share_among_layers(of_groups, shares.members, cycles, shares.weights),
        standing={name: shares.split(windows.deltas(name)) for name in STANDING},
        dynamic=_dynamic(port, shares.layers),
        accumulators=_accumulators(port),
        counters=_counters(port) if port.tells_causes else {},
        timeline=machine.timeline,
        epochs=epochs_of(
            machine.timeline, epoch_ticks(ticks) * config.tck_ps, end_ps, clock.samples.by_epoch()
        ),
        peak_claimed_entries=machine.peak,
        requests=RequestLog(*port.log()) if log_requests else None,
    )


def check_mapped(bursts: Bursts, config: DramConfig) -> None:
    """Raise LayoutError where overrides have taken away the channel or bank of an address."""
    try:
        config.map_address(bursts.addresses)
    except IndexError as error:
        raise LayoutError(str(error)) from None


class _Windows:
    """The accumulators at the end of each group."""

    def __init__(self, clock: DramClock, program: Program) -> None:
        self.clock = clock
        self.ends_ps: list[int] = []
        self.readings: list[dict[str, int]] = []
        self.groups = len(program.mapping.groups)

    def close(self, group: int) -> None:
        if group + 1 < self.groups:
            self.finish(int(self.clock.env.now))

    def finish(self, time_ps: int) -> None:
        self.clock.advance_to(time_ps)
        self.ends_ps.append(time_ps)
        self.readings.append(_accumulators(self.clock.port))

    @property
    def spans_ps(self) -> list[tuple[int, int]]:
        return list(zip([0, *self.ends_ps[:-1]], self.ends_ps, strict=True))

    def deltas(self, name: str) -> list[int]:
        values = [reading[name] for reading in self.readings]
        return [after - before for before, after in zip([0, *values[:-1]], values, strict=True)]


class _Shares:
    """Splits figures of groups among their layers, in proportion to computing time."""

    def __init__(self, plan: Plan, windows: _Windows) -> None:
        self.members = [group.layers for group in plan.program.mapping.groups]
        self.layers = len(plan.program.mapping.network.layers)
        ops = plan.program.ops
        self.weights = np.zeros((len(self.members), self.layers), dtype=np.int64)
        np.add.at(self.weights, (plan.program.groups[ops["step"]], ops["layer"]), plan.op_cycles)

    def split(self, per_group: list[int]) -> np.ndarray:
        """By layer."""
        return np.asarray(self.split_by_group(per_group).sum(axis=0))

    def split_by_group(self, per_group: list[int]) -> np.ndarray:
        """(groups, layers): a layer may be computed in several groups."""
        found = np.zeros_like(self.weights)
        for mine, weights, layers, total in zip(found, self.weights, self.members, per_group, strict=True):
            mine[list(layers)] = apportion(total, weights[list(layers)].tolist())
        return found


def _accumulators(port: RequestPort) -> dict[str, int]:
    """The engine's energy so far, summed over channels and ranks."""
    columns = port.raw_energy()
    return {name: int(columns[name].sum()) for name in (*STANDING, "burst", "actpre")}


def _counters(port: RequestPort) -> dict[str, int]:
    """The engine's command counts so far, summed over channels and ranks."""
    table = port.counters().drop(columns=["channel", "rank"])
    return {str(name): int(total) for name, total in table.sum().items()}


def _dynamic(port: RequestPort, layers: int) -> dict[str, np.ndarray]:
    """Counts and energies by (layer, cause) from the port's table of owners."""
    owners = port.owners()
    numbers = owners["owner"].to_numpy()
    found = {}
    for name in [name for name in DYNAMIC if name in owners]:
        flat = np.zeros(layers * CAUSES, dtype=np.int64)
        flat[numbers] = owners[name].to_numpy().astype(np.int64)
        found[name] = flat.reshape(layers, CAUSES)
    return found

"""How time divides, against a count of every moment, and in runs that are worked out beside it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanfuse.dram import DramConfig
from scanfuse.hardware import load_hardware
from scanfuse.mapping import LayerTiling, Mapping, make_mapping
from scanfuse.network import Layer, Network, Tensor, load
from scanfuse.program import Move, unroll
from scanfuse.results import Run
from scanfuse.simulate import Simulation, simulate
from scanfuse.simulate.accelerator import Timeline
from scanfuse.simulate.phases import Phases, phases_of_groups, share_among_layers

PERIOD_PS = 2000
spans = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 30)), min_size=1, max_size=12)


@given(spans, st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=8), st.data())
def test_each_moment_is_counted_once(
    transfers: list[tuple[int, int]], steps: list[tuple[int, int]], data: st.DataObject
) -> None:
    timeline = Timeline.empty(len(steps), len(transfers))
    timeline.asked_ps[:] = [start for start, _ in transfers]
    timeline.complete_ps[:] = [start + length for start, length in transfers]
    now = 0
    for step, (gap, length) in enumerate(steps):
        timeline.compute_start_ps[step], timeline.compute_end_ps[step] = now + gap, now + gap + length
        now += gap + length
    groups = np.array(sorted(data.draw(st.integers(0, 2)) for _ in steps))
    groups = np.unique(groups, return_inverse=True)[1]
    last = [int(np.flatnonzero(groups == group)[-1]) for group in range(int(groups[-1]) + 1)]
    ends = [int(timeline.compute_end_ps[step]) for step in last]
    ends[-1] = max(ends[-1], int(timeline.complete_ps.max()))
    found = phases_of_groups(timeline, groups, ends, 0)
    for group, (start, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
        busy = [t for t in range(start, end) if any(a <= t < a + length for a, length in transfers)]
        both = [
            t
            for t in busy
            if ((timeline.compute_start_ps <= t) & (t < timeline.compute_end_ps) & (groups == group)).any()
        ]
        assert found.memory_ps[group] == len(busy)
        assert found.overlap_ps[group] == len(both)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=6), st.data())
def test_shares_of_layers_fit_their_time(layers: list[tuple[int, int]], data: st.DataObject) -> None:
    computing, waiting = (np.array(each) for each in zip(*layers, strict=True))
    overlap = data.draw(st.integers(0, int(computing.sum())))
    alone = data.draw(st.integers(0, int(waiting.sum())))
    late, early = data.draw(st.integers(0, 99)), data.draw(st.integers(0, 99))
    group = Phases(*(np.array([value]) for value in (overlap + alone, overlap, late + early, late)))
    found = share_among_layers(group, [range(len(layers))], (computing + waiting)[None], computing[None])
    assert (found.overlap_ps >= 0).all() and (found.overlap_ps <= computing).all()
    assert (found.memory_ps >= found.overlap_ps).all()
    assert (found.memory_ps - found.overlap_ps <= waiting).all()
    for name, total in vars(group).items():
        assert getattr(found, name).sum() == total[0]


def toy(kernel: int, channels: int, *settings: str) -> Run:
    """A layer of one tile: a square kernel over 16 x 16 pixels."""
    source = Tensor("input", channels, 16, 16)
    padding = (kernel // 2,) * 4
    output = Tensor("only", channels, 16, 16)
    layer = Layer("only", "conv", (source,), output, (kernel, kernel), padding=padding)
    network = Network("toy", (layer,), source, layer.output)
    accelerator = load_hardware("paper", settings)
    config = DramConfig.from_ini(accelerator.dram.part)
    mapping = make_mapping(network, "raster", accelerator)
    return Run("raster", simulate(unroll(mapping), accelerator, config))


def test_a_layer_is_called_by_what_takes_longer() -> None:
    slow_array = toy(3, 32, "pe_array.rows=4", "pe_array.columns=4").layers.iloc[0]
    fast_array = toy(1, 32).layers.iloc[0]
    assert slow_array["bound"] == "compute" and slow_array["compute_us"] > slow_array["memory_us"]
    assert fast_array["bound"] == "memory" and fast_array["compute_us"] < fast_array["memory_us"]


@pytest.mark.parametrize("schedule", ["fixed", "fused", "deep"])
def test_the_parts_of_a_layers_time_add_up(schedule: str) -> None:
    found = run(schedule)
    phases = found.phases
    waiting = (found.cycles - found.compute_cycles) * PERIOD_PS
    alone = phases.memory_ps - phases.overlap_ps
    idle = waiting - alone
    assert (idle >= 0).all() and (alone >= 0).all() and (phases.overlap_ps >= 0).all()
    assert (found.compute_cycles * PERIOD_PS + alone + idle).sum() == found.time_ps
    assert phases.bursts.sum() == found.counters["reads"] + found.counters["writes"]
    assert (phases.waiting_bursts <= phases.bursts).all()
    table = Run(schedule, found).layers
    parts = table["compute_us"] + table["memory_us"] - table["overlap_us"] + table["idle_us"]
    assert parts.to_numpy() == pytest.approx(table["latency_us"].to_numpy(), abs=1e-9)
    assert (table["stall_us"] - table["stall_cycles"] * PERIOD_PS / 1e6).abs().max() < 1e-9


@pytest.mark.parametrize("schedule", ["raster", "fused", "deep"])
def test_every_load_is_asked_for_as_soon_as_space_allows(schedule: str) -> None:
    """When loads are asked for follows from when space is given back and stores are complete alone."""
    found = run(schedule)
    plan, line, program = found.plan, found.timeline, found.program
    steps, is_load = plan.transfer_step, plan.transfer_is_load
    given = list(zip(line.compute_end_ps.tolist(), plan.released_at_once.tolist(), strict=True))
    for step in np.unique(steps[~is_load]).tolist():
        stored = int(line.complete_ps[~is_load & (steps == step)].max())
        given.append((stored, int(plan.released_when_stored[step])))
    given.sort()
    free, now, taken = found.plan.accelerator.buffer.entries, 0, 0
    computed_meanwhile = 0
    for step in range(program.steps):
        loads = np.flatnonzero(is_load & (steps == step)).tolist()
        for transfer in [*loads, None]:
            wanted = int(plan.room[step] if transfer is None else plan.transfer_entries[transfer])
            while (taken < len(given) and given[taken][0] <= now) or free < wanted:
                now = max(now, given[taken][0])
                free += given[taken][1]
                taken += 1
            free -= wanted
            if transfer is not None:
                earlier = ~is_load & (plan.store_key == plan.store_key[transfer])
                earlier[transfer:] = False
                now = max(now, int(line.complete_ps[earlier].max(initial=0)))
                assert line.asked_ps[transfer] == now
                before = line.compute_end_ps[:step]
                computed_meanwhile += bool(len(before) and now < before[-1])
    assert computed_meanwhile > len(program.transfers) // 10


def test_the_next_loads_begin_while_the_array_computes() -> None:
    source = Tensor("input", 64, 1, 256)
    layer = Layer("only", "pointwise", (source,), Tensor("only", 64, 1, 256))
    tiling = LayerTiling(0, None, 1, 64, 64, 64, "mnk", "raster")
    program = unroll(Mapping(Network("toy", (layer,), source, layer.output), "raster", (tiling,), "nhwc"))
    accelerator = load_hardware("paper", ["pe_array.rows=8"])
    line = simulate(program, accelerator, DramConfig.from_ini(accelerator.dram.part)).timeline
    moves = program.moves[program.transfers]
    second = (moves["move"] == Move.LOAD) & (moves["step"] == 1)
    assert (line.asked_ps[second] < line.compute_end_ps[0]).all()
    assert (line.complete_ps[second] < line.compute_end_ps[0]).all()


def run(schedule: str) -> Simulation:
    accelerator = load_hardware("paper")
    mapping = make_mapping(load("mobilenet_v2", resolution=64), schedule, accelerator)
    return simulate(unroll(mapping), accelerator, DramConfig.from_ini(accelerator.dram.part))

"""Do independent counters agree: closed form, program, bursts, DRAM engine, and the sum over layers?"""

import numpy as np
import pytest

from scanfuse.dram import DramConfig, replay
from scanfuse.hardware import Accelerator, load_hardware
from scanfuse.mapping import SCHEDULES, make_mapping
from scanfuse.network import load
from scanfuse.program import Cause, check, unroll
from scanfuse.results import run as run_checked
from scanfuse.simulate import DYNAMIC, STANDING, Simulation, simulate


def dram_of(accelerator: Accelerator) -> DramConfig:
    dram = accelerator.dram
    return DramConfig.from_ini(dram.part, dram.system or None, dram.capacity_mib, dram.overrides)


def run(
    schedule: str, *settings: str, network: str = "mobilenet_v2", resolution: int = 64, **options
) -> Simulation:
    accelerator = load_hardware("paper", settings)
    mapping = make_mapping(load(network, resolution=resolution), schedule, accelerator)
    program = unroll(mapping)
    check(program, accelerator.buffer.entries)
    return simulate(program, accelerator, dram_of(accelerator), **options)


@pytest.fixture(scope="module", params=sorted(SCHEDULES))
def simulation(request: pytest.FixtureRequest) -> Simulation:
    return run(request.param, log_requests=True)


def test_closed_form_equals_program_by_group(simulation: Simulation) -> None:
    program = simulation.program
    moved = simulation.moved_entries
    for group in program.mapping.groups:
        traffic = program.mapping.traffic(group)
        by_cause = moved[list(group.layers)].sum(axis=0)
        assert by_cause[Cause.IFMAP] == traffic.ifmap
        assert by_cause[Cause.WEIGHT] == traffic.weight
        assert by_cause[Cause.OFMAP] == traffic.ofmap
        assert by_cause[Cause.PSUM] == traffic.psum_written + traffic.psum_read
        assert by_cause[Cause.RESIDUAL] == traffic.residual
    assert moved.sum() == program.mapping.entries


def test_engine_moves_what_the_program_asks_for_plus_partly_used_bursts(simulation: Simulation) -> None:
    entry_bytes = simulation.plan.accelerator.buffer.entry_bytes
    bursts = simulation.dynamic["reads"] + simulation.dynamic["writes"]
    carried = bursts * simulation.config.transaction_bytes
    assert (carried - simulation.unused_bytes == simulation.moved_entries * entry_bytes).all()
    assert (simulation.unused_bytes >= 0).all()
    assert bursts.sum() == len(simulation.bursts.addresses)


def test_layers_add_up_to_the_engine(simulation: Simulation) -> None:
    for name in STANDING:
        assert int(simulation.standing[name].sum()) == simulation.accumulators[name]
    for name in ("burst", "actpre"):
        assert int(simulation.dynamic[name].sum()) == simulation.accumulators[name]
    for name in ("reads", "writes", "activates", "row_hits"):
        assert int(simulation.dynamic[name].sum()) == simulation.counters[name]


def test_cycles_add_up_to_the_run(simulation: Simulation) -> None:
    period = simulation.plan.accelerator.pe_array.clock_period_ps
    assert int(simulation.cycles.sum()) * period == simulation.time_ps
    assert (simulation.cycles >= simulation.compute_cycles).all()


def test_the_request_log_replays_to_the_same_ticks_and_energy(simulation: Simulation) -> None:
    log = simulation.requests
    assert log is not None
    again = replay(log.ticks, log.addresses, log.is_write, simulation.config)
    extra = simulation.ticks - again.ticks
    again = replay(log.ticks, log.addresses, log.is_write, simulation.config, extra=extra)
    assert again.ticks == simulation.ticks
    assert (again.accepted == log.ticks).all()
    for name, total in simulation.accumulators.items():
        assert int(again.energy[name].sum()) == total
    for name in ("reads", "writes", "activates", "precharges", "refreshes", "row_hits"):
        assert int(again.counters[name].sum()) == simulation.counters[name]


@pytest.mark.parametrize("schedule", sorted(SCHEDULES))
def test_looking_ahead_does_not_change_the_result(schedule: str) -> None:
    normal = run(schedule, network="mobilenet_v2", resolution=32)
    careful = run(schedule, network="mobilenet_v2", resolution=32, lookahead_ticks=1)
    assert careful.ticks == normal.ticks
    assert careful.time_ps == normal.time_ps
    assert careful.accumulators == normal.accumulators
    assert careful.counters == normal.counters
    assert (careful.cycles == normal.cycles).all()
    for what in ("timeline", "phases", "epochs"):
        for name, expected in vars(getattr(normal, what)).items():
            found = getattr(getattr(careful, what), name)
            pair = [list(each.values()) if isinstance(each, dict) else each for each in (found, expected)]
            assert np.array_equal(*pair), name
    for name in STANDING:
        assert (careful.standing[name] == normal.standing[name]).all()
    for name in DYNAMIC:
        assert (careful.dynamic[name] == normal.dynamic[name]).all()


@pytest.mark.parametrize("schedule", ["resident", "deep"])
@pytest.mark.parametrize("name", ["mobilenet_v3_large", "efficientnet_b0", "resnet50", "squeezenet"])
def test_counters_agree_where_layers_are_computed_again_or_side_by_side(name: str, schedule: str) -> None:
    accelerator = load_hardware("paper", ["buffer.entries=4096"])
    network = load(name, resolution=64, width=0.25)
    found = run_checked(network, schedule, accelerator)  # raises where counters disagree
    assert found.entries == found.mapping.entries
    assert found.extra_macs == found.mapping.extra_macs
    again = [held.again for held in found.mapping.held.values()]
    assert any(again) == (name in ("mobilenet_v3_large", "efficientnet_b0"))


@pytest.mark.parametrize("order", ["nhwc", "nchw"])
@pytest.mark.parametrize("bits", [8, 32])
def test_counters_agree_for_other_layouts_and_widths(order: str, bits: int) -> None:
    found = run("fused", f"layout.order={order}", f"buffer.entry_bits={bits}", resolution=32)
    bursts = found.dynamic["reads"] + found.dynamic["writes"]
    carried = bursts * found.config.transaction_bytes - found.unused_bytes
    assert (carried == found.moved_entries * bits // 8).all()


def test_two_channels_share_the_work() -> None:
    accelerator = load_hardware("paper")
    mapping = make_mapping(load("mobilenet_v2", resolution=32), "raster", accelerator)
    part = DramConfig.from_ini(accelerator.dram.part)
    system = {**dict(part.files), "NUM_CHANS": 2, "ADDRESS_MAPPING_SCHEME": "scheme7"}
    config = DramConfig.from_ini(accelerator.dram.part, system, 4096)
    found = simulate(unroll(mapping), accelerator, config, log_requests=True)
    assert found.requests is not None
    channels = config.map_address(found.requests.addresses).channel
    assert sorted(set(channels.tolist())) == [0, 1]
    assert int(np.sum(found.dynamic["burst"])) == found.accumulators["burst"]
    single = simulate(unroll(mapping), accelerator, part)
    assert found.ticks < single.ticks

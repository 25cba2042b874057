"""Objectives: the prices of a memory, the estimate of a mapping, and the search that follows it."""

from dataclasses import replace

import pytest

from scanfuse.commands import options
from scanfuse.hardware import HardwareError, load_hardware
from scanfuse.hardware.read import preset_names
from scanfuse.mapping import (
    DOUBT,
    OBJECTIVES,
    SCHEDULES,
    Choice,
    MappingError,
    forecast,
    make_mapping,
)
from scanfuse.mapping.estimate import Target, box_runs
from scanfuse.mapping.forecast import forecast_phases
from scanfuse.mapping.room import share_that_fits
from scanfuse.mapping.work import Flow, Phase, phases
from scanfuse.network import Network, load
from scanfuse.program import AddressLayout, fewest_bursts, unroll
from scanfuse.results import dram_config, map_network, memory_costs, run_mapping
from scanfuse.results.run import finalists, lay_out, measure
from scanfuse.simulate.plan import Plan

SLOW = ("pe_array.rows=16", "pe_array.columns=16", "pe_array.clock_hz=200 MHz")


def machine(*settings):
    hardware = load_hardware("paper", ["buffer.entries=6000", *settings])
    return hardware, dram_config(hardware)


def opening(resolution=32, width=0.35, layers=17):
    """The first blocks of MobileNet V2, as a network."""
    whole = load("mobilenet_v2", resolution, width)
    some = whole.layers[:layers]
    return Network("opening", some, whole.input, some[-1].output)


def target_of(hardware, config):
    return Target.of(hardware, config.transaction_bytes)


def mapped(objective, schedule="fused", *settings, network=None):
    hardware, config = machine(*settings)
    network = network or load("mobilenet_v2", 48, 0.5)
    memory = memory_costs(config, hardware)
    return make_mapping(network, schedule, hardware, objective=objective, memory=memory)


# --- prices ---


def test_help_names_the_objectives_there_are():
    assert tuple(OBJECTIVES) == options.OBJECTIVES


@pytest.mark.parametrize("part", ["DDR3_micron_32M_8B_x8_sg15", "DDR2_micron_16M_8b_x8_sg3E"])
def test_energies_of_commands_are_those_of_the_currents(part):
    hardware, config = machine(f"dram.part={part}")
    costs = memory_costs(config, hardware)
    unit_nj = config.nj_per_unit * config.num_devices
    burst_ticks = int(config["BL"]) / 2
    assert costs.read_nj == pytest.approx((config["IDD4R"] - config["IDD3N"]) * burst_ticks * unit_nj)
    assert costs.write_nj == pytest.approx((config["IDD4W"] - config["IDD3N"]) * burst_ticks * unit_nj)
    open_ma = config["IDD3N"] * config["tRAS"] + config["IDD2N"] * (config["tRC"] - config["tRAS"])
    assert costs.activation_nj == pytest.approx((config["IDD0"] * config["tRC"] - open_ma) * unit_nj)
    refresh_ma = (config["IDD5"] - config["IDD3N"]) * config["tRFC"]
    assert costs.refresh_mw == pytest.approx(
        refresh_ma * unit_nj * config.num_ranks / config["REFRESH_PERIOD"] * 1e3, rel=0.06
    )
    vdd_ma = config.vdd * config.num_devices
    assert vdd_ma * config["IDD2P"] < costs.idle_mw < 1.3 * vdd_ma * config["IDD2P"] * config.num_ranks
    assert costs.open_mw <= vdd_ma * config["IDD3N"] * config.num_ranks


def test_a_burst_takes_no_less_time_than_the_bus_needs():
    hardware, config = machine()
    costs = memory_costs(config, hardware)
    bus_ps = int(config["BL"]) // 2 * config.tck_ps
    one_by_one = ("tRCD", "CL", "AL", "BL", "tWR", "tRP")  # a write that opens and closes its row alone
    one_at_a_time_ps = sum(int(config[name]) for name in one_by_one) * config.tck_ps
    for pattern in (costs.reads.near, costs.reads.far, costs.writes.near, costs.writes.same):
        assert all(bus_ps <= each <= one_at_a_time_ps for each in pattern.ps)
        assert all(0 < each <= 1 for each in pattern.rows)
    assert costs.reads.far.ps[0] > costs.reads.near.ps[0]  # short runs anywhere cost rows and time
    assert costs.reads.far.rows[-1] < costs.reads.far.rows[0]


def test_prices_are_those_of_what_the_dma_asks():
    """Gathered, bursts leave one rank closed while they go to the other; skewed, pitches share no bank."""
    ddr2 = "dram.part=DDR2_micron_16M_8b_x8_sg3E"
    hardware, config = machine(ddr2)
    plain, _ = machine(ddr2, "dma.gather=false")
    assert config.num_ranks == 2
    assert memory_costs(config, hardware).open_mw < 0.92 * memory_costs(config, plain).open_mw
    hardware, config = machine()
    apart, _ = machine("layout.skew_banks=false", "dma.gather=false")
    skewed, same = memory_costs(config, hardware), memory_costs(config, apart)
    assert same.reads.same.ps[0] > 5 * same.reads.far.ps[0]
    assert skewed.reads.same.ps[0] < 1.1 * skewed.reads.far.ps[0]


# --- the estimate ---


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("layout", ["nhwc", "nchw"])
def test_cycles_are_those_of_the_program_and_bursts_nearly_so(schedule, layout):
    hardware, config = machine(f"layout.order={layout}")
    mapping = make_mapping(load("mobilenet_v2", 48, 0.5), schedule, hardware)
    program = unroll(mapping)
    bursts = AddressLayout(program, 2, config.transaction_bytes, config.capacity_bytes).bursts()
    plan, target = Plan(program, bursts, hardware), target_of(hardware, config)
    found = [phases(mapping.cost(group), mapping.layouts_of(group), target) for group in mapping.groups]
    assert sum(phase.cycles for some in found for phase in some) == pytest.approx(plan.cycles.sum())
    expected = forecast(mapping, target, memory_costs(config, hardware)).bursts
    assert float(expected) == pytest.approx(len(bursts.addresses), rel=0.05)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize(
    "settings", [(), SLOW, ("buffer.entry_bits=8", "pe_array.clock_hz=1 GHz"), ("dma.prefetch=false",)]
)
def test_the_estimate_is_near_the_simulation(schedule, settings):
    hardware, config = machine(*settings)
    mapping = lay_out(make_mapping(load("mobilenet_v1", 64, 0.5), schedule, hardware), hardware, config)
    found = forecast(mapping, target_of(hardware, config), memory_costs(config, hardware))
    done = run_mapping(mapping, hardware, config)
    assert float(found.time_ps) == pytest.approx(done.simulation.time_ps, rel=0.15)
    assert float(found.dram_nj) == pytest.approx(done.total["dram_nj"], rel=0.1)


def bursts_of(mapping, config):
    return len(AddressLayout(unroll(mapping), 2, config.transaction_bytes, 1 << 40).bursts().addresses)


@pytest.mark.parametrize("schedule", ["raster", "fused", "deep"])
def test_each_map_is_priced_in_its_own_layout(schedule):
    hardware, config = machine()
    plain = make_mapping(load("mobilenet_v1", 64, 0.5), schedule, hardware)
    mapping = lay_out(plain, hardware, config)
    assert mapping.layouts
    target, costs = target_of(hardware, config), memory_costs(config, hardware)
    spared = forecast(plain, target, costs).bursts - forecast(mapping, target, costs).bursts
    assert spared > 0
    assert float(forecast(mapping, target, costs).bursts) == pytest.approx(
        bursts_of(mapping, config), rel=0.03
    )


def test_a_residual_that_comes_in_pieces_is_priced_so():
    hardware, config = machine()
    network = load("mobilenet_v2", 48, 0.5)
    mapping = make_mapping(network, "raster", machine("layout.order=nchw")[0])
    number, whole = next(
        (number, group) for number, group in enumerate(mapping.groups) if group.add is not None
    )
    tiling = replace(whole, tile_p=1, tile_q=network.layers[whole.layer].P ** 2, residual_step=1)
    pieces = replace(mapping, groups=(*mapping.groups[:number], tiling, *mapping.groups[number + 1 :]))
    target, costs = target_of(hardware, config), memory_costs(config, hardware)
    expected, found = (forecast(one, target, costs).bursts for one in (mapping, pieces))
    asked = [bursts_of(one, config) for one in (mapping, pieces)]
    assert asked[1] > 1.05 * asked[0]
    assert float(found - expected) == pytest.approx(asked[1] - asked[0], rel=0.1)


def flow(bursts, write=False):
    return Flow(bursts, 64.0, 64.0, bursts / 64, write)


def test_memory_and_array_overlap_where_there_is_room():
    hardware, config = machine()
    costs, target = memory_costs(config, hardware), target_of(hardware, config)
    together = Phase((flow(6400.0),), 20_000, 100, True)
    apart = replace(together, ahead=0.0)
    compute_ps = 20_000 * target.cycle_ps
    load_ps = 6400 * costs.reads.near.ps[6]
    overlapped, serial = (float(forecast_phases((one,), target, costs).time_ps) for one in (together, apart))
    assert overlapped == pytest.approx(max(compute_ps, load_ps), rel=0.03)
    assert serial == pytest.approx(compute_ps + load_ps + 100 * costs.latency_ps, rel=0.03)


def test_loads_wait_as_far_as_there_is_no_room():
    hardware, config = machine()
    costs, target = memory_costs(config, hardware), target_of(hardware, config)
    times = [
        float(forecast_phases((Phase((flow(6400.0),), 20_000, 100, share),), target, costs).time_ps)
        for share in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    assert times == sorted(times, reverse=True)
    load_ps = 6400 * costs.reads.near.ps[6]
    assert times[0] - times[2] == pytest.approx(load_ps / 2, rel=0.1)  # half of the loads behind computing
    no_prefetch = replace(target, prefetch=False)
    ahead = Phase((flow(6400.0),), 20_000, 100, 1.0)
    assert float(forecast_phases((ahead,), no_prefetch, costs).time_ps) == times[0]


def test_the_array_waits_for_stores_where_its_next_results_have_no_room():
    hardware, config = machine()
    costs, target = memory_costs(config, hardware), target_of(hardware, config)
    free = Phase((flow(640.0, True),), 20_000, 10, True)
    held = replace(free, stores_ahead=0.0)
    before, after = (float(forecast_phases((one,), target, costs).time_ps) for one in (free, held))
    assert after - before == pytest.approx(0.9 * 640 * costs.writes.near.ps[-1], rel=0.1)


@pytest.mark.parametrize(("room", "share"), [(9, 0), (10, 0.25), (29, 0.25), (30, 0.75), (40, 1)])
def test_loads_run_ahead_in_their_order(room, share):
    assert share_that_fits([10, 20, 10], room) == share
    assert share_that_fits([], room) == 1


def test_a_pitch_counts_from_run_to_run():
    """One row of each of some channels, in nchw: the next run is a channel further, not a row."""
    hardware, config = machine()
    target = target_of(hardware, config)
    one_row = box_runs((64, 32, 32), (8, 1, 16), "nchw", target)
    rows = box_runs((64, 32, 32), (8, 4, 16), "nchw", target)
    assert (float(one_row.pitch), float(rows.pitch)) == (32, 1)
    block = box_runs((64, 32, 32), (16, 4, 32), "nchw16", target)
    assert (int(block.count), float(block.length)) == (1, 64)


def test_idle_time_costs_standing_power_alone():
    hardware, config = machine()
    costs, target = memory_costs(config, hardware), target_of(hardware, config)
    short, long = (Phase((flow(64.0),), cycles, 1, True) for cycles in (100_000, 200_000))
    before, after = (forecast_phases((one,), target, costs) for one in (short, long))
    us = 100_000 * target.cycle_ps * 1e-6
    grown = float(after.dram_nj - before.dram_nj)
    assert grown == pytest.approx(us * (costs.idle_mw + costs.refresh_mw), rel=1e-6)


# --- the search ---


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_traffic_needs_no_prices_and_layouts_cost_none(schedule):
    hardware, config = machine()
    network = load("mobilenet_v2", 48, 0.5)
    mapping = make_mapping(network, schedule, hardware, objective="traffic")
    assert mapping == make_mapping(network, schedule, hardware)
    found = map_network(network, schedule, hardware, config)
    assert found.entries == mapping.entries
    entry_bytes, burst_bytes = hardware.buffer.entry_bytes, config.transaction_bytes
    laid_out = lay_out(mapping, hardware, config)
    bursts = [fewest_bursts(unroll(one), entry_bytes, burst_bytes) for one in (found, laid_out)]
    assert found.layouts == bursts[0][0] and bursts[0][1] <= bursts[1][1]
    if bursts[0][1] == bursts[1][1]:
        assert found == laid_out


def test_other_objectives_need_prices():
    hardware, _ = machine()
    with pytest.raises(MappingError, match="objective energy: give the prices of the memory"):
        make_mapping(load("mobilenet_v2", 32, 0.35), "fused", hardware, objective="energy")


def test_an_unknown_objective_or_schedule_is_refused():
    hardware, config = machine()
    network = load("mobilenet_v2", 32, 0.35)
    with pytest.raises(MappingError, match=r"unknown objective 'enrgy'.*traffic, bursts, energy"):
        map_network(network, "fused", hardware, config, objective="enrgy")
    with pytest.raises(MappingError, match="unknown schedule 'fussed'"):
        map_network(network, "fussed", hardware, config, objective="energy")


@pytest.mark.parametrize(
    ("schedule", "objective"),
    [("raster", "bursts"), ("scan", "latency"), ("fused", "edp"), ("resident", "energy")],
)
def test_the_estimate_never_gets_worse_by_searching_for_it(schedule, objective):
    """Traffic's mapping is among the candidates, and so is every schedule's below."""
    hardware, config = machine()
    network, memory = opening(), memory_costs(config, hardware)
    choice = Choice(network, hardware, objective, memory, 6000)
    found = choice.candidates(schedule)
    assert [one.figure for one in found] == sorted(one.figure for one in found)
    assert {one.mapping.schedule for one in found} == {schedule}
    plain = choice.judge(make_mapping(network, schedule, hardware))
    assert found[0].figure <= plain.figure
    assert set(finalists(found)) >= {one for one in found if one.figure <= DOUBT * found[0].figure}


@pytest.mark.parametrize(
    ("objective", "settings"),
    [
        ("energy", ("buffer.entries=8000",)),
        ("energy", ("buffer.entries=8000", *SLOW)),
        ("latency", ("buffer.entries=8000", "layout.order=nchw")),
        ("edp", ("buffer.entries=8000", "buffer.entry_bits=8")),
    ],
)
def test_deep_never_loses_to_the_schedules_below_it(objective, settings):
    hardware, config = machine(*settings)
    network = opening(64, 0.5)
    figures = {}
    for schedule in ("raster", "fused", "deep"):
        mapping = map_network(network, schedule, hardware, config, objective=objective)
        figures[schedule] = measure(mapping, hardware, config, objective)
    assert figures["deep"] == min(figures.values())
    assert figures["fused"] <= figures["raster"]
    plain = measure(make_mapping(network, "deep", hardware), hardware, config, objective)
    assert figures["deep"] <= plain


def test_a_slow_array_makes_energy_recompute_less():
    network = opening(96, 0.5, 13)
    hardware = load_hardware("paper", ["buffer.entries=10000", *SLOW])
    config = dram_config(hardware)
    least_traffic = make_mapping(network, "deep", hardware)
    least_energy = map_network(network, "deep", hardware, config, objective="energy")
    assert least_energy.entries > least_traffic.entries
    assert least_energy.extra_macs < least_traffic.extra_macs
    energies = [measure(one, hardware, config, "energy") for one in (least_energy, least_traffic)]
    assert energies[0] < 0.98 * energies[1]


@pytest.mark.slow
@pytest.mark.parametrize("preset", preset_names())
@pytest.mark.parametrize("settings", [(), SLOW])
def test_deep_under_energy_does_not_lose_to_fused_on_any_preset(preset, settings):
    network = load("mobilenet_v2")
    hardware = load_hardware(preset, list(settings))
    config = dram_config(hardware)
    fused, deep = (
        run_mapping(map_network(network, name, hardware, config, objective="energy"), hardware, config)
        for name in ("fused", "deep")
    )
    assert deep.total["dram_nj"] <= fused.total["dram_nj"]
    assert deep.total["total_nj"] <= fused.total["total_nj"]


# --- a reserve ---


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_reserve_stays_free(schedule):
    hardware, config = machine("buffer.reserve=0.25")
    assert hardware.buffer.mapped_entries == 4500
    mapping = map_network(load("mobilenet_v2", 48, 0.5), schedule, hardware, config)
    assert max(mapping.live_entries(group) for group in mapping.groups) <= 4500
    run_mapping(mapping, hardware, config)


def test_a_cache_leaves_a_reserve_too():
    hardware, config = machine("buffer.reserve=0.25", "buffer.policy=lru")
    mapping = map_network(load("mobilenet_v2", 48, 0.5), "scan", hardware, config)
    assert {group.entries for group in mapping.groups} == {4500}


@pytest.mark.parametrize("value", ["1", "-0.1", "1.5", "nan", '"much"', "true"])
def test_a_reserve_is_a_share(value):
    with pytest.raises(HardwareError, match=r"buffer\.reserve"):
        machine(f"buffer.reserve={value}")

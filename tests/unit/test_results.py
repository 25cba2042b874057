"""Tables of results: every convention recomputed from the simulation, and agreement that notices."""

from dataclasses import replace

import numpy as np
import pytest

from scanfuse.execute import execute
from scanfuse.hardware import load_hardware
from scanfuse.mapping import FusedBlock
from scanfuse.network import load
from scanfuse.program import Cause
from scanfuse.results import COLUMNS, TOTAL_COLUMNS, AgreementError, check_agreement, run, total_row
from scanfuse.results.agreement import check_execution
from scanfuse.results.table import IDENTITY, SUMMED, roofline


@pytest.fixture(scope="module", params=["fixed", "fused"])
def done(request):
    """A small run that spills no sums, with recomputed rows and odd bursts."""
    hardware = load_hardware("paper", ["buffer.entries=6000", "dram.overrides.NUM_CHANS=2"])
    return run(load("mobilenet_v2", 48, 0.5), request.param, hardware)


def test_columns_are_those_of_the_design(done):
    assert tuple(done.layers.columns) == COLUMNS == (*IDENTITY, *TOTAL_COLUMNS)
    assert list(done.total) == list(TOTAL_COLUMNS)
    assert list(done.layers["layer"]) == [layer.name for layer in done.network.layers]
    assert not done.layers.isna().any(axis=None)


def test_counts_add_up_exactly(done):
    for name in SUMMED:
        assert done.layers[name].sum() == done.total[name]
        assert isinstance(done.total[name], int)
    assert done.total["macs"] == done.network.macs
    assert done.total["peak_buffer_entries"] == done.layers["peak_buffer_entries"].max()
    assert done.total["cycles"] * done.accelerator.pe_array.clock_period_ps == done.simulation.time_ps


def test_energies_add_up(done):
    for name in [name for name in TOTAL_COLUMNS if name.endswith("_nj")]:
        assert done.layers[name].sum() == pytest.approx(done.total[name], rel=1e-12)
    parts = ["dram_act_nj", "dram_burst_nj", "dram_refresh_nj", "dram_background_nj"]
    assert done.layers[parts].sum(axis=1).to_numpy() == pytest.approx(done.layers["dram_nj"].to_numpy())
    whole = done.layers[["dram_nj", "buffer_nj", "mac_nj"]].sum(axis=1)
    assert whole.to_numpy() == pytest.approx(done.layers["total_nj"].to_numpy())


def test_dram_energy_is_the_engine_s_accumulators_in_nanojoules(done):
    config = done.simulation.config
    unit_nj = config.vdd * config["tCK"] * 1e-3  # mA x V x ns = pJ
    for column, name in (("act", "actpre"), ("burst", "burst"), ("refresh", "refresh"), ("background",) * 2):
        expected = done.simulation.accumulators[name] * unit_nj
        assert done.total[f"dram_{column}_nj"] == pytest.approx(expected, rel=1e-15)
    assert (
        done.total["dram_requests"] == done.simulation.counters["reads"] + done.simulation.counters["writes"]
    )


def test_times_and_rates(done):
    table, array = done.layers, done.accelerator.pe_array
    assert (table["stall_cycles"] == table["cycles"] - table["compute_cycles"]).all()
    assert (table["stall_cycles"] >= 0).all()
    assert table["latency_us"].to_numpy() == pytest.approx(table["cycles"] * array.clock_period_ps * 1e-6)
    used = table["macs"] / (table["cycles"].clip(lower=1) * array.rows * array.columns)
    assert table["pe_utilization"].to_numpy() == pytest.approx(used.to_numpy())
    assert table["row_hit_rate"].between(0, 1).all()
    total = done.total
    assert total["pe_utilization"] == total["macs"] / (total["cycles"] * array.rows * array.columns)
    assert total["row_hit_rate"] == done.simulation.counters["row_hits"] / total["dram_requests"]


def test_bandwidth_and_the_roofline(done):
    table, total, config = done.layers, done.total, done.simulation.config
    moved = table["dram_read_bytes"] + table["dram_write_bytes"]
    peak_gb_s = 2 * 64 / (4 * config["tCK"])  # two channels, a burst of 8 beats in 4 clocks
    seconds = total["latency_us"] * 1e-6
    assert total["dram_bandwidth_gb_s"] == pytest.approx(moved.sum() / seconds * 1e-9)
    assert total["bandwidth_utilization"] == pytest.approx(total["dram_bandwidth_gb_s"] / peak_gb_s)
    waiting = int(done.simulation.phases.waiting_bursts.sum()) * 64
    alone_us = total["memory_us"] - total["overlap_us"]
    assert total["stall_bandwidth_utilization"] == pytest.approx(waiting / alone_us / 1e3 / peak_gb_s)
    assert total["activations_per_mb"] == pytest.approx(total["row_activations"] / moved.sum() * 1e6)
    assert total["macs_per_dram_byte"] == pytest.approx(total["macs"] / moved.sum())
    assert total["gmacs_per_s"] == pytest.approx(total["macs"] / seconds * 1e-9)
    roofs = roofline(done.accelerator, config)
    assert roofs == {
        "peak_gmacs_per_s": 512.0,
        "peak_dram_gb_s": pytest.approx(peak_gb_s),
        "ridge_macs_per_dram_byte": pytest.approx(512 / peak_gb_s),
    }
    assert (table["gmacs_per_s"] <= roofs["peak_gmacs_per_s"]).all()
    roof = min(roofs["peak_gmacs_per_s"], total["macs_per_dram_byte"] * roofs["peak_dram_gb_s"])
    assert 0 < total["gmacs_per_s"] <= roof
    assert set(table["bound"]) <= {"compute", "memory", "none"}


def test_bytes_are_those_asked_for_and_those_moved(done):
    table, simulation = done.layers, done.simulation
    asked = table[[f"{cause.name.lower()}_bytes" for cause in list(Cause)[:5]]].sum(axis=1)
    moved = table["dram_read_bytes"] + table["dram_write_bytes"]
    assert (moved - asked).tolist() == simulation.unused_bytes.sum(axis=1).tolist()
    assert asked.sum() == done.entries * done.accelerator.buffer.entry_bytes
    assert moved.sum() == table["dram_requests"].sum() * simulation.config.transaction_bytes


def test_recomputed_rows_are_charged_but_are_not_macs(done):
    extra = done.extra_macs
    assert extra == done.mapping.extra_macs
    assert (extra > 0) == any(isinstance(group, FusedBlock) for group in done.mapping.groups)
    expected = (done.network.macs + extra) * done.accelerator.mac_pj * 1e-3
    assert done.total["mac_nj"] == pytest.approx(expected)


def test_a_folded_addition_has_its_sum_s_traffic_in_its_row(done):
    table = done.layers.set_index("layer")
    adds = table[table["kind"] == "add"]
    assert (adds["steps"] == 0).all() and (adds["ofmap_bytes"] > 0).all()
    producers = table.iloc[adds["index"] - 1]
    assert (producers["ofmap_bytes"] == 0).all()
    assert (producers["group"].to_numpy() == adds["group"].to_numpy()).all()


def test_total_of_some_layers(done):
    some = [2, 5, 7]
    total = total_row(done.simulation, some)
    assert total["cycles"] == done.layers.iloc[some]["cycles"].sum()
    assert total["dram_nj"] == pytest.approx(done.layers.iloc[some]["dram_nj"].sum(), rel=1e-12)
    assert total_row(done.simulation, list(range(len(done.layers)))) == done.total


def moved_by_one(values: np.ndarray) -> np.ndarray:
    changed = values.copy()
    changed.flat[np.flatnonzero(changed)[0]] += 1
    return changed


@pytest.mark.parametrize("name", ["reads", "writes", "activates", "row_hits", "burst", "actpre"])
def test_a_count_of_one_layer_that_is_off_by_one_is_noticed(done, name):
    wrong = {**done.simulation.dynamic, name: moved_by_one(done.simulation.dynamic[name])}
    with pytest.raises(AgreementError, match=r"engine|less unused"):
        check_agreement(replace(done.simulation, dynamic=wrong))


@pytest.mark.parametrize("name", ["background", "refresh"])
def test_a_share_of_energy_that_is_off_by_one_is_noticed(done, name):
    wrong = {**done.simulation.standing, name: moved_by_one(done.simulation.standing[name])}
    with pytest.raises(AgreementError, match=name):
        check_agreement(replace(done.simulation, standing=wrong))


def test_cycles_that_do_not_add_up_are_noticed(done):
    with pytest.raises(AgreementError, match="ps"):
        check_agreement(replace(done.simulation, cycles=moved_by_one(done.simulation.cycles)))


@pytest.mark.parametrize("name", ["memory_ps", "overlap_ps"])
def test_more_of_a_phase_than_there_is_time_is_noticed(done, name):
    phases = done.simulation.phases
    longer = getattr(phases, name) + int(done.simulation.time_ps)
    with pytest.raises(AgreementError, match="requests in flight"):
        check_agreement(replace(done.simulation, phases=replace(phases, **{name: longer})))


def test_a_burst_of_no_phase_is_noticed(done):
    phases = done.simulation.phases
    wrong = replace(phases, bursts=moved_by_one(phases.bursts))
    with pytest.raises(AgreementError, match="bursts: phases"):
        check_agreement(replace(done.simulation, phases=wrong))


def test_traffic_that_is_not_the_closed_form_is_noticed(done):
    simulation = done.simulation
    program = simulation.program
    moves = program.moves.copy()
    moves["a1"][program.transfers[0]] += 1
    plan = replace(simulation.plan, program=replace(program, moves=moves))
    with pytest.raises(AgreementError, match="entries: program"):
        check_agreement(replace(simulation, plan=plan))


def test_two_requests_of_one_layer_swapped_between_causes_are_noticed(done):
    reads = done.simulation.dynamic["reads"].copy()
    layer = int(np.flatnonzero((reads[:, Cause.IFMAP] > 0) & (reads[:, Cause.WEIGHT] > 0))[0])
    reads[layer, Cause.IFMAP] -= 1
    reads[layer, Cause.WEIGHT] += 1
    with pytest.raises(AgreementError, match=done.network.layers[layer].name):
        check_agreement(replace(done.simulation, dynamic={**done.simulation.dynamic, "reads": reads}))


def test_what_an_execution_measures_must_be_what_the_program_says(done):
    program = done.simulation.program
    execution = execute(program, done.accelerator.buffer.entries)
    check_execution(program, execution)
    first, *rest = execution.peak_entries
    with pytest.raises(AgreementError, match="stem: live entries at the peak: executor"):
        check_execution(program, replace(execution, peak_entries=(first - 1, *rest)))
    loaded = {**execution.loaded, Cause.IFMAP: execution.loaded[Cause.IFMAP] + 1}
    with pytest.raises(AgreementError, match="entries moved: executor"):
        check_execution(program, replace(execution, loaded=loaded))

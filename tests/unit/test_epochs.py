"""A run over time: do its epochs add up to the run, and is the buffer's level that of every moment?"""

from array import array
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanfuse.hardware import load_hardware
from scanfuse.network import load
from scanfuse.results import Run, run
from scanfuse.results.tensors import tensor_table
from scanfuse.results.timeline import TIMELINE_COLUMNS, timeline_table
from scanfuse.simulate.accelerator import Timeline
from scanfuse.simulate.epochs import epochs_of
from scanfuse.simulate.samples import COUNTERS, FIRST_TICKS, MOST, Samples, epoch_ticks


@pytest.fixture(scope="module", params=["raster", "fused", "deep"])
def done(request: pytest.FixtureRequest) -> Run:
    return run(load("mobilenet_v2", resolution=32), request.param, load_hardware())


def test_epochs_add_up_to_the_run(done: Run) -> None:
    simulation, period = done.simulation, done.accelerator.pe_array.clock_period_ps
    epochs = simulation.epochs
    assert (epochs.edges_ps[0], epochs.edges_ps[-1]) == (0, simulation.time_ps)
    assert MOST // 2 <= len(epochs.edges_ps) - 1 <= MOST
    assert len(set(np.diff(epochs.edges_ps)[:-1])) == 1
    for name in COUNTERS:
        assert int(epochs.counted[name].sum()) == simulation.counters.get(name), name
    assert int(epochs.compute_ps.sum()) == int(simulation.compute_cycles.sum()) * period
    assert int(epochs.memory_ps.sum()) == int(simulation.phases.memory_ps.sum())
    assert int(epochs.peak_claimed_entries.max()) == simulation.peak_claimed_entries
    assert (epochs.claimed_entries <= epochs.peak_claimed_entries).all()


def test_the_table_over_time_adds_up_to_the_total(done: Run) -> None:
    table = timeline_table(done.simulation)
    assert tuple(table.columns) == TIMELINE_COLUMNS
    for name in ("dram_read_bytes", "dram_write_bytes", "row_activations"):
        assert table[name].sum() == done.total[name]
    spans_us = table["end_us"] - table["start_us"]
    moved = (table["dram_read_gb_s"] * spans_us * 1e3).sum()
    assert moved == pytest.approx(done.total["dram_read_bytes"], rel=1e-9)
    assert table["row_hit_rate"].dropna().between(0, 1).all()


def test_the_table_of_tensors_adds_up_to_that_of_layers(done: Run) -> None:
    table, layers = tensor_table(done.simulation), done.layers
    sums = table.groupby("index")
    for name in ("dram_read_bytes", "dram_write_bytes", "dram_requests", "row_activations"):
        assert (sums[name].sum() == layers[name]).all()
    for name in ("dram_act_nj", "dram_burst_nj"):
        assert sums[name].sum().to_numpy() == pytest.approx(layers[name].to_numpy(), rel=1e-12)
    for tensor, mine in table.groupby("tensor"):
        assert (mine["bytes"].to_numpy() == layers[f"{tensor}_bytes"].to_numpy()).all()


changes = st.lists(st.tuples(st.integers(0, 90), st.integers(0, 50)), max_size=12)


@given(changes, st.integers(1, 40), st.integers(1, 120))
def test_the_level_of_the_buffer_is_that_of_every_moment(
    changes: list[tuple[int, int]], epoch_ps: int, end_ps: int
) -> None:
    changes = sorted((time, level) for time, level in changes if time < end_ps)
    line = Timeline.empty(1, 1)
    line.claims_ps = array("q", [time for time, _ in changes])
    line.claimed_entries = array("q", [level for _, level in changes])
    found = epochs_of(line, epoch_ps, end_ps, {})
    level, levels, most = 0, [], []
    for now in range(end_ps):
        mine = [entries for time, entries in changes if time == now]
        most.append(max(level, *mine, 0))
        level = mine[-1] if mine else level
        levels.append(level)
    for number, start in enumerate(range(0, end_ps, epoch_ps)):
        part = slice(start, min(start + epoch_ps, end_ps))
        assert found.claimed_entries[number] == pytest.approx(np.mean(levels[part]))
        assert found.peak_claimed_entries[number] == max(most[part])


@dataclass
class Ticking:
    """A port that counts a read in every tick."""

    tick: int = 0
    tells_causes: bool = True
    seen: list[int] = field(default_factory=list)

    def raw_counters(self) -> dict[str, Any]:
        self.seen.append(self.tick)
        return {name: np.array([self.tick, self.tick]) for name in COUNTERS}


@given(st.integers(1, 20 * MOST * FIRST_TICKS), st.integers(500, 5000))
def test_readings_stay_few_and_even_however_long_the_run(ticks: int, stride: int) -> None:
    port = Ticking()
    samples = Samples(port)  # type: ignore[arg-type]
    while port.tick < ticks:
        port.tick = min(port.tick + stride, samples.due, ticks)
        samples.look()
    reads = samples.by_epoch()["reads"]
    distance = epoch_ticks(ticks)
    assert samples.distance == distance
    assert len(reads) == -(-ticks // distance) <= MOST
    assert (reads[:-1] == 2 * distance).all() and reads.sum() == 2 * ticks
    port.tells_causes = False
    assert samples.by_epoch() == {} and samples.due > ticks

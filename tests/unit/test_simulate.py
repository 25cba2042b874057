"""The timing model on cases small enough to work out beside it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanfuse.dram import DramConfig, DramSystem
from scanfuse.hardware import Accelerator, load_hardware
from scanfuse.mapping import LayerTiling, Mapping, make_mapping
from scanfuse.network import Layer, Network, Tensor, load
from scanfuse.program import AddressLayout, LayoutError, Program, unroll
from scanfuse.simulate import simulate
from scanfuse.simulate.attribution import apportion


def one_layer(pixels: int = 64, ins: int = 32, outs: int = 32) -> Network:
    source = Tensor("input", ins, 1, pixels)
    layer = Layer("only", "pointwise", (source,), Tensor("only", outs, 1, pixels))
    return Network("one", (layer,), source, layer.output)


def tiled(network: Network, tile_q: int, tile_n: int, tile_k: int, order: str = "mnk") -> Program:
    tiling = LayerTiling(0, None, 1, tile_q, tile_n, tile_k, order, "raster")
    return unroll(Mapping(network, "raster", (tiling,), "nhwc"))


def serve(system: DramSystem, addresses: np.ndarray, is_write: bool, start: int) -> int:
    """Offer requests in order from tick `start` as the room allows; the tick of the last completion."""
    last, done, sent = start, 0, 0
    while done < len(addresses):
        while sent < len(addresses) and system.can_accept(int(addresses[sent])):
            system.add(int(addresses[sent]), is_write, sent)
            sent += 1
        finished = system.advance(system.tick + 1)
        done += len(finished.ticks)
        last = max([last, *np.asarray(finished.ticks).tolist()])
    return last


def test_one_tile_is_load_then_compute_then_store(accelerator: Accelerator, config: DramConfig) -> None:
    program = tiled(one_layer(), 64, 32, 32)
    found = simulate(program, accelerator, config)
    bursts = found.bursts
    parts = [bursts.addresses[a:b] for a, b in zip(bursts.offsets[:-1], bursts.offsets[1:], strict=True)]
    system = DramSystem(config)
    loaded = serve(system, np.concatenate(parts[:2]), False, 0)
    period, tck = 2000, config.tck_ps
    start = -(-(loaded + 1) * tck // period) * period
    end = start + 2 * 32 * period  # 64 pixels are two folds of 32 rows, 32 products each
    system.advance(-(-end // tck))
    stored = serve(system, parts[2], True, system.tick)
    assert found.timeline.compute_start_ps.tolist() == [start]
    assert found.timeline.compute_end_ps.tolist() == [end]
    assert found.time_ps == -(-(stored + 1) * tck // period) * period


def test_steps_compute_in_order_and_never_overlap(accelerator: Accelerator, config: DramConfig) -> None:
    found = simulate(tiled(one_layer(512, 64, 96), 64, 32, 32), accelerator, config)
    start, end = found.timeline.compute_start_ps, found.timeline.compute_end_ps
    assert (start[1:] >= end[:-1]).all()
    assert ((end - start) == found.plan.cycles * 2000).all()


def test_prefetch_hides_loads_and_stays_within_the_buffer(config: DramConfig) -> None:
    program = tiled(one_layer(4096, 64, 64), 64, 64, 64)
    with_prefetch = simulate(program, load_hardware("paper"), config)
    without = simulate(program, load_hardware("paper", ["dma.prefetch=false"]), config)
    assert with_prefetch.time_ps < without.time_ps
    assert program.live.max() <= without.peak_claimed_entries < with_prefetch.peak_claimed_entries <= 65_536


def test_a_load_waits_for_the_stores_of_its_tensor(config: DramConfig) -> None:
    accelerator = load_hardware("paper")
    network = load("mobilenet_v2", resolution=32)
    found = simulate(
        unroll(make_mapping(network, "raster", accelerator)), accelerator, config, log_requests=True
    )
    assert found.requests is not None
    written: dict[int, int] = {}
    first_read: dict[int, int] = {}
    for tick, address, write in zip(
        *(column.tolist() for column in vars(found.requests).values()), strict=True
    ):
        if write:
            written[address] = tick
        else:
            first_read.setdefault(address, tick)
    both = written.keys() & first_read.keys()
    assert len(both) > 1000
    assert all(written[address] < first_read[address] for address in both)


def test_tensors_larger_than_the_dram_are_refused(accelerator: Accelerator) -> None:
    program = tiled(one_layer(), 64, 32, 32)
    with pytest.raises(LayoutError, match=r"take \d+ bytes, the DRAM holds 4096"):
        AddressLayout(program, 2, 64, 4096).bursts()


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**6), min_size=1, max_size=9))
def test_shares_add_up_and_follow_their_weights(total: int, weights: list[int]) -> None:
    shares = apportion(total, weights)
    assert sum(shares) == total
    assert min(shares) >= 0
    if sum(weights):
        exact = [total * weight / sum(weights) for weight in weights]
        assert all(
            abs(share - wanted) < 1 + 1e-6 * wanted for share, wanted in zip(shares, exact, strict=True)
        )


@pytest.fixture
def accelerator() -> Accelerator:
    return load_hardware("paper")


@pytest.fixture
def config() -> DramConfig:
    return DramConfig.from_ini("DDR3_micron_32M_8B_x8_sg15")

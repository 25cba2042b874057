"""Skewed storage: a permutation of the banks of each row and column, and what it does to strides."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanfuse.dram import DramConfig
from scanfuse.hardware import load_hardware
from scanfuse.mapping import make_mapping
from scanfuse.network import load
from scanfuse.program import Bursts, Cause, unroll
from scanfuse.program.layout import REGION_ALIGNMENT_BYTES
from scanfuse.simulate import simulate
from scanfuse.simulate.placement import bank_field, digit_sum, skew_banks

PART = "DDR3_micron_32M_8B_x8_sg15"
WITHIN_A_REGION = ["scheme1", "scheme2", "scheme5", "scheme6", "scheme7"]


def dram(scheme: str = "scheme2") -> DramConfig:
    return DramConfig.from_ini(PART, overrides={"ADDRESS_MAPPING_SCHEME": scheme})


def one_transfer(numbers: list[int]) -> Bursts:
    addresses = np.array(numbers, dtype=np.uint64) * np.uint64(64)
    return Bursts(np.array([0, len(numbers)]), addresses, np.zeros(1, dtype=np.int64), 64)


@pytest.mark.parametrize("scheme", WITHIN_A_REGION)
def test_a_region_is_permuted_within_itself(scheme: str) -> None:
    bursts = REGION_ALIGNMENT_BYTES // 64
    region = one_transfer(list(range(5 * bursts, 7 * bursts)))
    moved = skew_banks(region, np.array([True]), dram(scheme)).addresses
    assert sorted(moved[:bursts].tolist()) == region.addresses[:bursts].tolist()
    assert sorted(moved[bursts:].tolist()) == region.addresses[bursts:].tolist()


@given(st.lists(st.integers(0, (1 << 25) - 1), min_size=1, max_size=50), st.sampled_from(WITHIN_A_REGION))
def test_only_the_bank_changes_and_by_the_column_alone(numbers: list[int], scheme: str) -> None:
    config, bursts = dram(scheme), one_transfer(numbers)
    before = config.map_address(bursts.addresses)
    after = config.map_address(skew_banks(bursts, np.array([True]), config).addresses)
    for field in ("channel", "rank", "row", "column"):
        assert getattr(after, field).tolist() == getattr(before, field).tolist()
    turns = [sum(int(digit) for digit in oct(column)[2:]) for column in before.column.tolist()]
    assert after.bank.tolist() == ((before.bank + turns) % 8).tolist()


@pytest.mark.parametrize("stride", [8, 16, 24, 32, 40, 64, 128, 256, 49, 98, 392])
def test_a_stride_meets_all_banks(stride: int) -> None:
    bursts = one_transfer([stride * i for i in range(64)])
    config = dram()
    plain = np.bincount(config.map_address(bursts.addresses).bank, minlength=8)
    skewed = config.map_address(skew_banks(bursts, np.array([True]), config).addresses).bank
    assert np.bincount(skewed, minlength=8).max() <= 16  # of 64; 8 if they were spread evenly
    assert plain.max() == 8 * np.gcd(stride, 8)


def test_weights_stay_and_so_does_what_lies_in_banks_above_a_region() -> None:
    bursts = one_transfer(list(range(100)))
    assert (skew_banks(bursts, np.array([False]), dram()).addresses == bursts.addresses).all()
    assert skew_banks(bursts, np.array([True]), dram("scheme3")) is bursts


def test_where_the_bank_is_in_an_address() -> None:
    assert bank_field(dram("scheme2")) == (6, 8)
    assert bank_field(dram("scheme6")) == (13, 8)
    assert digit_sum(np.array([0, 7, 8, 9, 0o123]), 8).tolist() == [0, 7, 1, 2, 6]


def test_tensors_do_not_meet_and_all_is_read_where_it_was_written() -> None:
    accelerator = load_hardware("paper", ["dma.gather=false"])
    config = DramConfig.from_ini(accelerator.dram.part)
    program = unroll(make_mapping(load("mobilenet_v2", resolution=32), "raster", accelerator))
    plain = simulate(program, load_hardware("paper", ["dma.gather=false", "layout.skew_banks=false"]), config)
    skewed = simulate(program, accelerator, config)
    pairs = np.unique(np.stack([plain.bursts.addresses, skewed.bursts.addresses]), axis=1)
    assert len(np.unique(pairs[0])) == len(np.unique(pairs[1])) == pairs.shape[1]
    weights = np.repeat(program.moves["cause"][program.transfers] == Cause.WEIGHT, plain.bursts.counts)
    assert (plain.bursts.addresses[weights] == skewed.bursts.addresses[weights]).all()
    assert (plain.bursts.addresses[~weights] != skewed.bursts.addresses[~weights]).any()

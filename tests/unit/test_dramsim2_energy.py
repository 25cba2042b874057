"""Do the powers that a DRAMSim2 tells give its accumulators back to the last bit?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanfuse.dram import DramConfig, DramSim2Error
from scanfuse.dram.attached.energy import Energy, accumulated


def told(accumulator: int, n: int, vdd: float) -> float:
    """As DRAMSim2 computes a power: doubles, Vdd from a 32-bit float."""
    return float(accumulator) / float(n) * float(np.float32(vdd)) / 1000.0


@given(
    st.integers(0, 2**49 - 1) | st.integers(2**49 - 1000, 2**49 - 1),
    st.integers(1, 2**32 - 1),
    st.floats(0.5, 5, width=32) | st.sampled_from([1.35, 1.5, 1.8]),
)
def test_every_accumulator_below_2_to_the_49_comes_back(accumulator: int, n: int, vdd: float) -> None:
    watts = np.array([told(accumulator, n, vdd)])
    assert accumulated(watts, np.array([n], np.uint64), n, vdd).tolist() == [accumulator]


def test_a_power_of_no_whole_number_is_refused() -> None:
    whole = told(12345, 1000, 1.5)
    at = np.array([1000], np.uint64)
    for watts in (
        np.nextafter(whole, 1),
        np.nextafter(whole, 0),
        -whole,
        float("nan"),
        told(2**49, 1000, 1.5),
    ):
        with pytest.raises(DramSim2Error, match=r"in tick 1000 DRAMSim2 told a power of .* no whole number"):
            accumulated(np.array([watts]), at, 1000, 1.5)


def test_prints_within_an_epoch_add_up() -> None:
    cfg = DramConfig.from_ini("DDR3_micron_16M_8B_x8_sg15", overrides={"EPOCH_LENGTH": 100})
    energy, parts = Energy(cfg), [(0, 0), (100, 40), (130, 7), (200, 5), (250, 9)]
    for tick, units in parts:
        n = (tick - 1) % 100 + 1
        watts = np.array([[[told(units * each, n, 1.5) for each in (1, 2, 3, 4)], [0.0] * 4]])
        energy.add((np.array([tick], np.uint64), watts), keep=True)
    epochs = energy.epochs(250)
    assert epochs["end_tick"].tolist() == [100, 100, 200, 200, 250, 250]
    assert epochs["rank"].tolist() == [0, 1] * 3
    assert epochs["background"].tolist() == [40, 0, 12, 0, 9, 0]
    assert energy.columns()["burst"].tolist() == [2 * 61, 0]
    assert energy.columns()["refresh"].tolist() == [3 * 61, 0]
    assert energy.columns()["actpre"].tolist() == [4 * 61, 0]

"""The accelerator's values: clocks, energies, equality, and what is refused."""

import pickle
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanfuse.hardware import DMA, DRAM, Accelerator, Buffer, Energy, HardwareError, Layout, PEArray
from scanfuse.hardware.clock import nearest_hz, parse_hz
from scanfuse.hardware.energy import energy_table


def test_the_default_is_the_published_buffer_under_our_array() -> None:
    accelerator = Accelerator()
    assert (accelerator.pe_array.rows, accelerator.pe_array.columns) == (32, 32)
    assert accelerator.pe_array.clock_period_ps == 2000
    assert accelerator.buffer.entries == 65_536
    assert accelerator.buffer.bytes == 131_072


def test_an_accelerator_is_a_value() -> None:
    one = Accelerator(dram=DRAM(overrides={"NUM_CHANS": 2}))
    other = pickle.loads(pickle.dumps(one))
    assert one == other
    assert hash(one) == hash(other)
    assert one != Accelerator()


@given(st.integers(1, 10**9))
def test_every_whole_period_has_a_clock(period: int) -> None:
    array = PEArray(clock_hz=nearest_hz(period))
    if period < 10**6:  # above, hertz are coarser than picoseconds
        assert array.clock_period_ps == period


@given(st.integers(1, 10**12))
def test_a_refused_clock_names_two_that_are_not(clock_hz: int) -> None:
    try:
        PEArray(clock_hz=clock_hz)
    except HardwareError as error:
        named = [int(word) for word in str(error).split("nearest allowed are")[1].split() if word.isdigit()]
        assert named[1] < clock_hz < named[0]
        for allowed in named:
            PEArray(clock_hz=allowed)


@pytest.mark.parametrize(
    ("text", "hertz"),
    [
        ("500 MHz", 500_000_000),
        ("0.25GHz", 250_000_000),
        ("312500 kHz", 312_500_000),
        ("1e9 Hz", 1_000_000_000),
    ],
)
def test_clocks_are_read_with_units(text: str, hertz: int) -> None:
    assert parse_hz("clock", text) == hertz


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("500 mhz", r"unknown unit 'mhz' \(did you mean MHz\?\); the units are Hz, kHz, MHz, GHz"),
        ("3 furlongs", "unknown unit 'furlongs'; the units are Hz, kHz, MHz, GHz"),
        ("500", r"or a text with a unit \(Hz, kHz, MHz, GHz\)"),
        ("fast", "unknown unit 'fast'"),
        ("x1 MHz", "'x1' is not a number"),
        ("0.0000001 MHz", "must be a whole number of Hz, from 1 Hz to 1000 GHz"),
        ("1e999999999 GHz", "is not a number"),
        ("1e999999 GHz", "is not a number|must be a whole number of Hz"),
        ("nan GHz", "must be a whole number|is not a number"),
    ],
)
def test_a_clock_that_cannot_be_read_says_why(text: str, message: str) -> None:
    with pytest.raises(HardwareError, match=message):
        parse_hz("clock", text)


def test_energy_is_published_where_there_is_a_point() -> None:
    """M. Horowitz, ISSCC 2014, figure 1.1.9: 8-bit 0.2 + 0.1 pJ, 32-bit 3.1 + 0.1 pJ; SRAM 10, 20, 100 pJ."""
    table = energy_table("horowitz_2014")
    assert table.mac_pj(8) == pytest.approx(0.3)
    assert table.mac_pj(32) == pytest.approx(3.2)
    for size_bytes, access_pj in ((8 * 1024, 10), (32 * 1024, 20), (1024 * 1024, 100)):
        assert table.buffer_access_pj(size_bytes, 64) == access_pj


def test_energy_between_points_follows_the_power_law() -> None:
    table = energy_table("horowitz_2014")
    # Halving the width twice divides 3.1 by 15.5; halving it once by the root of that.
    assert table.mac_pj(16) == pytest.approx(0.2 * 15.5**0.5 + 0.1)
    assert table.mac_pj(16) == pytest.approx(0.887, abs=0.001)
    # 128 KB is 2 of the 5 doublings from 32 KB to 1 MB, over which the energy grows fivefold.
    assert table.buffer_access_pj(128 * 1024, 64) == pytest.approx(20 * 5 ** (2 / 5))
    # Beyond the points the last two go on: 2 KB is two doublings below 8 KB, at half a power.
    assert table.buffer_access_pj(2 * 1024, 64) == pytest.approx(5)
    assert table.buffer_access_pj(4 * 1024 * 1024, 64) == pytest.approx(100 * 5 ** (2 / 5))


def test_energy_follows_the_buffer_unless_given() -> None:
    assert Accelerator().buffer_access_pj == pytest.approx(9.518, abs=0.001)
    eight_bits = Accelerator(buffer=Buffer(entry_bits=8))
    assert eight_bits.buffer_access_pj < Accelerator().buffer_access_pj / 2  # narrower and smaller
    given_figures = Accelerator(energy=Energy(mac_pj=0.9, buffer_access_pj=9))
    assert (given_figures.mac_pj, given_figures.buffer_access_pj) == (0.9, 9.0)


def test_a_table_of_ones_own_goes_by_path(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'source = "mine"\naccumulator_bits = 32\ninteger_multiply_pj = { 8 = 1, 16 = 4 }\n'
        "integer_add_pj = { 8 = 1, 32 = 1 }\n[sram]\naccess_bits = 16\naccess_pj = { 1024 = 1, 4096 = 2 }\n"
    )
    accelerator = Accelerator(energy=Energy(source=str(path)))
    assert accelerator.mac_pj == 5
    assert accelerator.buffer_access_pj == pytest.approx(128**0.5)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "key 'source' is missing"),
        ("source = ", "mine.toml: .*line 1"),
        ('source = ""\naccumulator_bits = 32\ninteger_multiply_pj = { 8 = 1 }', "give two points or more"),
        ('source = ""\naccumulator_bits = 32\ninteger_multiply_pj = { 8 = 1, 9 = 0 }', "all above 0"),
        ('source = ""\naccumulator_bits = 32\ninteger_multiply_pj = 3', "mine.toml: "),
    ],
)
def test_a_broken_table_says_where(tmp_path, content: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(content)
    with pytest.raises(HardwareError, match=message):
        Energy(source=str(path))
    with pytest.raises(HardwareError, match=r"gone\.toml: cannot be read"):
        Energy(source=str(tmp_path / "gone.toml"))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PEArray(rows=0), "pe_array.rows: must be 1 or more, got 0"),
        (lambda: PEArray(rows=2.0), "pe_array.rows: expected a whole number, got 2.0"),
        (lambda: PEArray(columns=True), "pe_array.columns: expected a whole number, got True"),
        (lambda: PEArray(clock_hz=300_000_000), r"nearest allowed are 300030003 \(3333 ps\) and 299940012"),
        (lambda: PEArray(clock_hz=10**13), "a period below 1 ps"),
        (
            lambda: PEArray(dataflow="systolic"),
            "must be one of output_stationary, systolic_os, .*did you mean",
        ),
        (lambda: Buffer(entries=-1), "buffer.entries: must be 1 or more, got -1"),
        (lambda: Buffer(entry_bits=12), "buffer.entry_bits: must be one of 8, 16, 32, got 12"),
        (lambda: Buffer(psum_entries=3), "buffer.psum_entries: must be one of 1, 2, 4, got 3"),
        (
            lambda: Buffer(policy="lur"),
            r"buffer.policy: must be one of explicit, lru, got 'lur' \(did you mean lru\?",
        ),
        (lambda: Buffer(lru_tile=0), "buffer.lru_tile: must be 1 or more, got 0"),
        (
            lambda: Buffer(lru_order="nm"),
            r"buffer.lru_order: must be one of auto, mnk, .*, got 'nm' \(did you mean nmk\?",
        ),
        (lambda: DMA(prefetch=1), "dma.prefetch: expected true or false, got 1"),
        (lambda: DMA(gather="yes"), "dma.gather: expected true or false, got 'yes'"),
        (lambda: DMA(write_watermark=0), "dma.write_watermark: must be 1 or more, got 0"),
        (
            lambda: Layout("nhcw"),
            r"layout.order: must be one of auto, nhwc, nchw, got 'nhcw' \(did you mean nhwc",
        ),
        (lambda: Layout(skew_banks=1), "layout.skew_banks: expected true or false, got 1"),
        (lambda: DRAM(part=""), "dram.part: must not be empty"),
        (lambda: DRAM(system=3), "dram.system: expected a text, got 3"),
        (lambda: DRAM(overrides=[]), "dram.overrides: expected a table of KEY = value"),
        (lambda: DRAM(overrides={"A B": 1}), "dram.overrides: 'A B' is not a parameter name"),
        (lambda: DRAM(overrides={"A": [1]}), r"dram.overrides.A: expected a number, a text, true or false"),
        (lambda: Energy(mac_pj="0.9"), "energy.mac_pj: expected a number of pJ, got '0.9'"),
        (lambda: Energy(buffer_access_pj=-1), "energy.buffer_access_pj: must be 0 pJ or more"),
        (
            lambda: Energy(source="horowitz"),
            r"energy.source: unknown table 'horowitz' \(did you mean horowitz_2014",
        ),
        (lambda: Accelerator(name=""), "name: must not be empty"),
    ],
)
def test_what_cannot_be_built_is_refused(make, message: str) -> None:
    with pytest.raises(HardwareError, match=message):
        make()


def test_describing_networks_and_hardware_loads_nothing_heavy() -> None:
    """A command line that only prints help must answer at once."""
    code = "import sys, scanfuse.hardware, scanfuse.network; print({'numpy', 'pandas'} & set(sys.modules))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "set()"

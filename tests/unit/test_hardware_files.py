"""Hardware in TOML: presets, files, settings, what is written, and where an error points."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanfuse.hardware import (
    DATAFLOWS,
    DMA,
    DRAM,
    DRAM_BACKENDS,
    DRAM_MODES,
    ORDERS,
    Accelerator,
    Buffer,
    Energy,
    HardwareError,
    Layout,
    PEArray,
    load_hardware,
    preset_names,
    to_toml,
)
from scanfuse.hardware.clock import nearest_hz


def test_the_preset_paper_is_the_default_and_spells_it_out() -> None:
    assert "paper" in preset_names()
    assert load_hardware() == load_hardware("paper") == Accelerator()


def test_every_preset_loads() -> None:
    for name in preset_names():
        assert load_hardware(name).name == name


def test_a_file_says_only_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text('[pe_array]\nrows = 16\nclock_hz = "1 GHz"\n[buffer]\nentries = 16_384\n')
    accelerator = load_hardware(path)
    assert accelerator == Accelerator("small", PEArray(16, 32, 10**9), Buffer(16_384))
    assert load_hardware(str(path)) == accelerator


def test_settings_go_over_the_file_in_order() -> None:
    settings = ["pe_array.rows=16", "pe_array.rows = 8", "pe_array.clock_hz=1e9", "dma.prefetch=false"]
    settings += ["layout.order=nhwc", "dram.overrides.NUM_CHANS=2", 'dram.overrides.SCHEME="scheme7"']
    accelerator = load_hardware("paper", settings)
    assert accelerator.pe_array == PEArray(8, 32, 10**9)
    assert accelerator.dma == DMA(prefetch=False)
    assert accelerator.layout == Layout("nhwc")
    assert accelerator.dram.overrides == {"NUM_CHANS": 2, "SCHEME": "scheme7"}


def test_settings_may_be_a_mapping_and_text_needs_no_quotes() -> None:
    settings = {
        "name": "2024",
        "pe_array.clock_hz": "200 MHz",
        "dram.part": "DDR2_part",
        "energy.mac_pj": "1",
    }
    accelerator = load_hardware("paper", settings)
    assert accelerator.name == "2024"
    assert accelerator.pe_array.clock_period_ps == 5000
    assert accelerator.dram.part == "DDR2_part"
    assert accelerator.mac_pj == 1.0


def test_paths_are_those_of_the_file_or_of_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there").mkdir()
    path = tmp_path / "there" / "mine.toml"
    path.write_text('[dram]\npart = "ini/part.ini"\nsystem = "system.ini"\n')
    monkeypatch.chdir(tmp_path)
    accelerator = load_hardware("there/mine.toml")
    assert accelerator.dram.part == str(tmp_path / "there" / "ini" / "part.ini")
    assert accelerator.dram.system == str(tmp_path / "there" / "system.ini")
    assert load_hardware(path, ["dram.part=part.ini"]).dram.part == str(tmp_path / "part.ini")
    assert load_hardware(path, ["dram.part=DDR3_part"]).dram.part == "DDR3_part"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[pe_array]\nrowz = 3", "mine.toml: pe_array.rowz: unknown key (did you mean rows?)"),
        ("[pe_aray]\nrows = 3", "mine.toml: pe_aray: unknown key (did you mean pe_array?)"),
        ("rows = 3", "mine.toml: rows: unknown key (did you mean pe_array.rows?)"),
        ("[dma]\nentries = 3", "mine.toml: dma.entries: unknown key (did you mean buffer.entries?)"),
        ("[dma]\nqqq = 3", "mine.toml: dma.qqq: unknown key; the keys are prefetch, write_watermark, gather"),
        ("pe_array = 3", "mine.toml: pe_array: expected a table, got 3"),
        ("[[pe_array]]\nrows = 3", "mine.toml: pe_array: expected a table, got [{'rows': 3}]"),
        ("[pe_array]\nrows = '3'", "mine.toml: pe_array.rows: expected a whole number, got '3'"),
        ("[pe_array]\nrows = 2.5", "mine.toml: pe_array.rows: expected a whole number, got 2.5"),
        ("[pe_array]\nrows = 0", "mine.toml: pe_array.rows: must be 1 or more, got 0"),
        (
            "[pe_array]\nclock_hz = '5 MHZ'",
            "mine.toml: pe_array.clock_hz: '5 MHZ': unknown unit 'MHZ' (did you",
        ),
        ("[dram]\noverrides = 3", "mine.toml: dram.overrides: expected a table of KEY = value, got 3"),
        ("name = 3", "mine.toml: name: expected a text, got 3"),
        ("[pe_array]\nrows 3", "mine.toml: not valid TOML: "),
        ("[pe_array]\nrows = 3\nrows = 4", "line 3"),
    ],
)
def test_an_error_in_a_file_points_at_it(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(content)
    with pytest.raises(HardwareError) as caught:
        load_hardware(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("pe_array.rowz=3", "settings: pe_array.rowz: unknown key (did you mean rows?)"),
        ("pe_aray.rows=3", "settings: pe_aray.rows: unknown section (did you mean pe_array?)"),
        ("rows=3", "settings: rows: unknown key (did you mean pe_array.rows?)"),
        (
            "pe_array=3",
            "settings: pe_array: is a section; give one of pe_array.{rows, columns, clock_hz, dataflow}",
        ),
        ("pe_array.rows", "settings: 'pe_array.rows': give section.key=value"),
        ("pe_array.rows=", "settings: pe_array.rows: expected a whole number, got ''"),
        ("pe_array.rows=1\nq=2", "settings: pe_array.rows: expected a whole number, got '1\\nq=2'"),
        ("pe_array.clock_hz=300 MHz", "settings: pe_array.clock_hz: 300000000 Hz is a period of 3333.333 ps"),
        ("energy.mac_pj=nan", "settings: energy.mac_pj: must be 0 pJ or more and finite, got nan"),
        (
            "dram.overrides.A=[1]",
            "settings: dram.overrides.A: expected a number, a text, true or false, got [1]",
        ),
    ],
)
def test_an_error_in_a_setting_says_so(setting: str, message: str) -> None:
    with pytest.raises(HardwareError) as caught:
        load_hardware("paper", [setting])
    assert message in str(caught.value)


def test_an_error_in_the_file_is_not_blamed_on_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[pe_array]\nrows = 0\n")
    with pytest.raises(HardwareError, match=r"mine\.toml: pe_array\.rows"):
        load_hardware(path, ["pe_array.columns=3"])
    assert load_hardware(path, ["pe_array.rows=3"]).pe_array.rows == 3  # overridden before it is judged


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        HardwareError, match=r"unknown preset 'papre' \(did you mean paper\?\); the presets are"
    ):
        load_hardware("papre")
    with pytest.raises(HardwareError, match=r"gone\.toml: no such file"):
        load_hardware(tmp_path / "gone.toml")
    with pytest.raises(HardwareError, match="cannot be read"):
        load_hardware(tmp_path)
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(HardwareError, match=r"bytes\.toml: cannot be read"):
        load_hardware(tmp_path / "bytes.toml")


texts = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=8)
plain = st.from_regex(r"[A-Za-z0-9_]{1,12}", fullmatch=True)
whole = st.integers(1, 10**6)
picojoules = st.none() | st.floats(0, 1e6)
accelerators = st.builds(
    Accelerator,
    texts,
    st.builds(PEArray, whole, whole, whole.map(nearest_hz), st.sampled_from(DATAFLOWS)),
    st.builds(Buffer, whole, st.sampled_from([8, 16, 32]), st.sampled_from([1, 2, 4])),
    st.builds(DMA, st.booleans(), whole, st.booleans()),
    st.builds(Layout, st.sampled_from(ORDERS), st.booleans()),
    st.builds(
        DRAM,
        plain | plain.map(lambda name: os.path.abspath(f"{name}.ini")),
        st.just("") | plain.map(os.path.abspath),
        whole,
        st.sampled_from(DRAM_MODES),
        st.dictionaries(plain.filter(str.isidentifier), st.booleans() | whole | st.floats(0, 9) | texts),
        st.sampled_from(DRAM_BACKENDS),
    ),
    st.builds(Energy, st.just("horowitz_2014"), picojoules, picojoules),
)


@given(accelerators)
def test_what_is_written_reads_back_equal(accelerator: Accelerator) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "written.toml")
        path.write_text(to_toml(accelerator), encoding="utf-8")
        again = load_hardware(path)
    assert again == accelerator
    assert to_toml(again) == to_toml(accelerator)

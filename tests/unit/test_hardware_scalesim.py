"""SCALE-Sim's architecture files become hardware, and what of them is ignored is said."""

import pytest

from scanfuse.hardware import HardwareError, HardwareWarning, load_hardware, to_toml

NEW = """[general]
run_name = "google tpu"

[architecture_presets]
ArrayHeight : 256
ArrayWidth : 128
IfmapSramSzkB: 64
FilterSramSzkB: 32
OfmapSramSzkB: 16
IfmapOffset: 0
FilterOffset: 10000000
OfmapOffset: 20000000
Dataflow : ws
Bandwidth : 10

[run_presets]
InterfaceBandwidth: CALC
"""
OLD = """[general]
run_name = scale
[architecture_presets]
ArrayHeight:    32
ArrayWidth:     8
IfmapSramSz:    64
FilterSramSz:   64
OfmapSramSz:    64
Dataflow:       os
"""


def write(tmp_path, text):
    path = tmp_path / "arch.cfg"
    path.write_text(text)
    return str(path)


def test_array_dataflow_and_buffer_are_taken_and_the_rest_is_named(tmp_path):
    ignored = "IfmapOffset, FilterOffset, OfmapOffset, Bandwidth, InterfaceBandwidth"
    with pytest.warns(HardwareWarning, match=f"arch.cfg: ignored: {ignored}; clock, DRAM and energies"):
        found = load_hardware(write(tmp_path, NEW))
    assert (found.name, found.pe_array.rows, found.pe_array.columns) == ("google tpu", 256, 128)
    assert found.pe_array.dataflow == "systolic_ws"
    assert (found.buffer.bytes, found.buffer.entry_bits) == (112 * 1024, 8)
    assert found.dram == load_hardware("paper").dram


@pytest.mark.parametrize("dataflow", ["os", "ws", "is"])
def test_older_files_and_every_dataflow(tmp_path, dataflow):
    found = load_hardware(write(tmp_path, OLD.replace("os\n", f"{dataflow}\n")), ["pe_array.rows=4"])
    assert found.pe_array.dataflow == f"systolic_{dataflow}" and found.pe_array.rows == 4
    assert found.buffer.entries == 3 * 64 * 1024
    (tmp_path / "again.toml").write_text(to_toml(found))
    assert load_hardware(tmp_path / "again.toml") == found


def test_comments_and_keys_that_are_ignored_may_come_twice(tmp_path):
    text = OLD.replace("32\n", "32  # rows\n") + "Mode: a\n[other]\nMode: b\n"
    with pytest.warns(HardwareWarning, match="ignored: Mode;"):
        assert load_hardware(write(tmp_path, text)).pe_array.rows == 32


WRONG = {
    "empty": ("", "ArrayHeight is missing"),
    "no section": ("ArrayHeight: 3\n", "not an architecture file of SCALE-Sim"),
    "no array": (OLD.replace("ArrayWidth", "Width"), "ArrayWidth is missing"),
    "no dataflow": (OLD.replace("Dataflow", "Flow"), "Dataflow is missing: give one of os, ws, is"),
    "strange dataflow": (OLD.replace("os\n", "rs\n"), "Dataflow: must be one of os, ws, is, got 'rs'"),
    "negative": (OLD.replace(" 32", "-32"), "ArrayHeight: expected a whole number, 1 or more, got '-32'"),
    "zero": (OLD.replace(" 32", "0"), "ArrayHeight: expected a whole number, 1 or more, got '0'"),
    "text": (OLD.replace(" 32", "big"), "ArrayHeight: expected a whole number, 1 or more, got 'big'"),
    "huge": (OLD.replace(" 32", "9" * 400), "ArrayHeight: expected a whole number"),
    "unit": (OLD.replace("Sz:    64", "Sz: 64kB", 1), "IfmapSramSz: expected a whole number"),
    "twice": (OLD + "[more]\nArrayHeight: 3\n", "ArrayHeight is given twice"),
    "twice in a section": (OLD + "Dataflow: ws\n", "not an architecture file of SCALE-Sim"),
}


@pytest.mark.parametrize("name", WRONG)
def test_bad_files_name_the_key(tmp_path, name):
    text, expected = WRONG[name]
    path = write(tmp_path, text)
    with pytest.raises(HardwareError) as caught:
        load_hardware(path)
    assert expected in str(caught.value) and str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)

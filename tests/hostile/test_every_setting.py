"""Every setting of the hardware with values that are none: refused in one line that names it, or sensible."""

import shlex

import pytest

from scanfuse.cli import main
from scanfuse.hardware import load_hardware
from scanfuse.results.golden import hardware_settings

SMALL = "mobilenet_v2 --resolution 32 --width 0.35 --schedule raster"
KEYS = [
    *hardware_settings(load_hardware("paper")),
    "dram.part",
    "dram.system",
    "dram.capacity_mib",
    "dram.mode",
]
KEYS += ["dram.overrides.tRCD", "dram.overrides.IDD0", "dram.overrides.tCK", "dram.overrides.NUM_COLS"]
VALUES = (
    "-1",
    "0",
    "nan",
    "inf",
    "1e30",
    str(10**30),
    "''",
    "text",
    "true",
    "[1]",
    "3.5",
    "{a = 1}",
)


@pytest.mark.parametrize("key", KEYS)
def test_values_that_are_none(key, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for value in VALUES:
        status = main([*shlex.split(f"map {SMALL} --set"), f"{key}={value}"])
        captured = capsys.readouterr()
        assert status in (0, 2), value
        if status == 2:
            last = key.rpartition(".")[2]
            assert captured.out == "" and captured.err.count("\n") == 1, value
            assert captured.err.startswith("scanfuse: error: "), value
            assert last in captured.err or shlex.split(value)[0] in captured.err, value
            assert len(captured.err) < 1500, value
        else:
            assert "nan" not in captured.out and "inf" not in captured.out, value

"""Is one changed timing parameter, current, tile or layout caught by `scanfuse check`, and named?

As in docs/ci.md: a golden file that names hardware and a mapping, in files beside it that somebody edits.
"""

import json
import shutil
import sys

import pytest
import tomli_w

from scanfuse.cli import main
from scanfuse.results.difference import ABSENT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HARDWARE = """\
name = "small"
[buffer]
entries = 4096
[dram]
part = "DDR3_micron_16M_8B_x8_sg15"
[dram.overrides]
tRCD = 10
IDD4R = 180
"""
GOLDEN = """\
[run]
mapping = "tiles.toml"
hardware = "hardware.toml"
"""
ENERGY, TIME = ("total", "dram_nj"), ("figures", "time_ps")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder with a golden file and what it names."""
    folder = tmp_path_factory.mktemp("saved")
    (folder / "hardware.toml").write_text(HARDWARE)
    (folder / "golden.toml").write_text(GOLDEN)
    asked = f"map mobilenet_v2 --resolution 32 --width 0.35 --schedule scan --hardware {folder}/hardware.toml"
    assert main([*asked.split(), "--output", str(folder / "tiles.toml")]) == 0
    assert main(["check", "--update", str(folder / "golden.toml")]) == 0
    return folder


@pytest.fixture
def folder(saved, tmp_path, capsys):
    shutil.copytree(saved, tmp_path, dirs_exist_ok=True)
    capsys.readouterr()
    return tmp_path


def change(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def moved(folder, capsys):
    """(where, figure) -> (golden, now) of all that moved."""
    status = main(["check", "--format", "json", str(folder / "golden.toml")])
    (told,) = json.loads(capsys.readouterr().out)
    found = {(row["where"], row["figure"]): (row["golden"], row["now"]) for row in told["moved"]}
    assert status == bool(found)
    return found


def test_nothing_has_moved_where_nothing_was_changed(folder, capsys):
    assert moved(folder, capsys) == {}


def test_one_timing_parameter(folder, capsys):
    change(folder / "hardware.toml", "tRCD = 10", "tRCD = 11")
    found = moved(folder, capsys)
    assert next(iter(found.items())) == (("dram", "tRCD"), (10, 11))
    assert [figure for where, figure in found if where in ("hardware", "dram", "layouts")] == ["tRCD"]
    assert found[TIME][1] > found[TIME][0]
    assert ("figures", "entries") not in found


def test_one_current(folder, capsys):
    change(folder / "hardware.toml", "IDD4R = 180", "IDD4R = 181")
    found = moved(folder, capsys)
    assert next(iter(found.items())) == (("dram", "IDD4R"), (180, 181))
    assert found[ENERGY][1] > found[ENERGY][0]
    assert TIME not in found
    assert {figure for where, figure in found if where == "layers.b2.expand"} == {"burst"}


def test_one_tile(folder, capsys):
    tiles = tomllib.loads((folder / "tiles.toml").read_text())
    group = next(group for group in tiles["groups"] if group["layer"] == "b3.expand")
    before, group["tile_n"] = group["tile_n"], 5
    (folder / "tiles.toml").write_text(tomli_w.dumps(tiles))
    found = moved(folder, capsys)
    assert next(iter(found.items())) == (("mapping.b3.expand", "tile_n"), (before, 5))
    assert not {"hardware", "dram", "layouts"} & {where for where, _ in found}
    assert ("layers.b3.expand", "steps") in found


def test_one_layout(folder, capsys):
    tiles = tomllib.loads((folder / "tiles.toml").read_text())
    usual, own = tiles["layout"], {one["map"]: one["layout"] for one in tiles.get("layouts", [])}
    before = own.get("b3.expand", ABSENT)
    own["b3.expand"] = now = {"nhwc": "nchw", "nchw": "nhwc"}[own.get("b3.expand", usual)]
    tiles["layouts"] = [{"map": name, "layout": layout} for name, layout in own.items()]
    (folder / "tiles.toml").write_text(tomli_w.dumps(tiles))
    found = moved(folder, capsys)
    assert next(iter(found.items())) == (("layouts", "b3.expand"), (before, now))
    assert found[ENERGY][1] > found[ENERGY][0]
    assert ("figures", "entries") not in found

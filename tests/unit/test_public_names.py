"""What `import scanfuse` gives: the names a user needs, typed, with a `help` that is worth reading."""

import doctest
import inspect
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import scanfuse

NAMES = [
    "load",
    "load_hardware",
    "run",
    "compare",
    "map_network",
    "save_mapping",
    "load_mapping",
    "run_mapping",
    "sweep",
    "DramConfig",
    "replay",
]
PAGE = Path(__file__).parents[2] / "docs" / "python.md"
HEADS = re.compile(r"^(Args|Returns|Raises|Example):\n(.*?)(?=^\S|\Z)", re.DOTALL | re.MULTILINE)

PROGRAM = """\
import numpy as np
import scanfuse.results

network = scanfuse.load("mobilenet_v2", 64, skip_unsupported=False)
hardware = scanfuse.load_hardware("paper", ["buffer.entries=32768"])
mapping = scanfuse.map_network(network, "fused", hardware, objective="energy")
scanfuse.save_mapping("mine.toml", mapping)
again = scanfuse.load_mapping("mine.toml")
entries: int = scanfuse.run_mapping(again, hardware, verify=True).entries
result = scanfuse.run(network, "deep", hardware)
found = scanfuse.compare(network, ["raster", "deep"], hardware)
best: scanfuse.results.Run = min(found.runs, key=lambda run: run.entries)
points: int = len(scanfuse.sweep({"base": {"network": "mobilenet_v2"}}, jobs=1))
names: list[str] = [layer.name for layer in result.network.layers]
config = scanfuse.DramConfig.from_ini("DDR3_micron_64M_8B_x8_sg125", overrides={"CL": 12})
done = scanfuse.replay(np.arange(4), np.arange(4) * 64, np.zeros(4, bool), config, commands=True)
ticks: int = done.ticks + int(done.completed.max()) + config.tck_ps
"""
WRONG = """\
import scanfuse

scanfuse.load(64)
scanfuse.load_hardware("paper").buffer.entrys
scanfuse.run(scanfuse.load("mobilenet_v2"), "deep")
ticks: str = scanfuse.replay([0], [0], [False], scanfuse.DramConfig.from_ini("x")).ticks
scanfuse.make_everything
"""


def documented() -> Iterator[tuple[str, Callable[..., Any]]]:
    for name in NAMES:
        yield name, getattr(scanfuse, name)
    yield "DramConfig.from_ini", scanfuse.DramConfig.from_ini


def sections(thing: object) -> dict[str, str]:
    return dict(HEADS.findall(inspect.getdoc(thing) or ""))


def test_these_are_the_names() -> None:
    assert scanfuse.__all__ == NAMES
    assert set(dir(scanfuse)) >= set(NAMES)
    with pytest.raises(AttributeError, match="no attribute 'make_everything'"):
        scanfuse.make_everything  # noqa: B018


def test_the_package_and_the_page_list_them() -> None:
    listed = re.findall(r"^    (\w+)  +\S", scanfuse.__doc__ or "", re.MULTILINE)
    assert listed == NAMES
    assert re.findall(r"^\| `(\w+)` \|", PAGE.read_text("utf-8"), re.MULTILINE) == NAMES


@pytest.mark.parametrize(("name", "thing"), [*documented()])
def test_help_tells_arguments_and_errors(name: str, thing: Callable[..., Any]) -> None:
    told = sections(thing)
    assert "Raises" in told
    if isinstance(thing, type):  # made by a classmethod, which has the arguments
        return
    arguments = re.findall(r"^    (\w+): ", told["Args"], re.MULTILINE)
    assert arguments == list(inspect.signature(thing).parameters)
    returns = inspect.signature(thing).return_annotation
    assert ("Returns" in told) == (returns not in (None, "None") and name != "DramConfig.from_ini")


@pytest.mark.parametrize("name", ["", *NAMES])
def test_examples_in_docstrings(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    thing = getattr(scanfuse, name) if name else scanfuse
    monkeypatch.chdir(tmp_path)
    network, hardware = scanfuse.load("mobilenet_v2", resolution=64), scanfuse.load_hardware("paper")
    names: dict[str, Any] = {"scanfuse": scanfuse, "hardware": hardware}
    if name in ("save_mapping", "load_mapping"):
        names["mapping"] = scanfuse.map_network(network, "fused", hardware)
        scanfuse.save_mapping("mine.toml", names["mapping"])
    example = doctest.DocTestParser().get_doctest(thing.__doc__ or "", names, name or "scanfuse", None, None)
    assert example.examples
    outcome: list[str] = []
    doctest.DocTestRunner().run(example, out=outcome.append)
    assert not outcome, "".join(outcome)


@pytest.mark.parametrize("call", [scanfuse.run, scanfuse.map_network])
def test_a_name_where_the_thing_is_wanted_is_told_how_to_get_it(call: Callable[..., Any]) -> None:
    network, hardware = scanfuse.load("mobilenet_v2", resolution=32), scanfuse.load_hardware("paper")
    with pytest.raises(TypeError, match=r"network: .*scanfuse\.load gives, got 'mobilenet_v2'"):
        call("mobilenet_v2", "fused", hardware)
    with pytest.raises(TypeError, match=r"accelerator: .*scanfuse\.load_hardware gives, got 'paper'"):
        call(network, "fused", "paper")


@pytest.mark.slow
@pytest.mark.skipif(find_spec("mypy") is None, reason="mypy is not installed")
def test_types_hold_in_a_program_of_a_user(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(PROGRAM)
    (tmp_path / "bad.py").write_text(WRONG)
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache")]
    good = subprocess.run([*command, "good.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert good.returncode == 0, good.stdout
    bad = subprocess.run([*command, "bad.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    wrong = {int(line.split(":")[1]) for line in bad.stdout.splitlines() if ": error:" in line}
    assert wrong == {3, 4, 5, 6, 7}, bad.stdout

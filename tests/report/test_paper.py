"""`scanfuse report --format`: a file per figure, or a word on what is missing."""

import builtins

import pytest

from scanfuse.cli import main
from scanfuse.report import run_figures, write_figures
from scanfuse.results import load_record

HEADER = "Layer name,IFMAP Height,IFMAP Width,Filter Height,Filter Width,Channels,Num Filter,Strides"
HEADS = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


@pytest.mark.parametrize("form", ["png", "pdf"])
def test_a_file_per_figure(folder, tmp_path, capsys, form):
    pytest.importorskip("matplotlib")
    assert main(["report", str(folder), "--format", form, "-o", str(tmp_path / "new" / "figures")]) == 0
    written = sorted((tmp_path / "new" / "figures").iterdir())
    assert [path.suffix for path in written] == [f".{form}"] * 9
    assert {"tile-walk", "energy-by-tensor", "row-hits"} <= {path.stem for path in written}
    assert all(path.read_bytes().startswith(HEADS[form]) for path in written)
    assert capsys.readouterr().err.endswith(f"wrote 9 figures into {tmp_path / 'new' / 'figures'}\n")


@pytest.mark.parametrize(
    "names", [["one"], ["x" * 150 + "1", "x" * 150 + "2"]], ids=["one layer", "long names"]
)
def test_figures_of_odd_networks_have_room(tmp_path, capsys, names):
    pytest.importorskip("matplotlib")
    layers = "".join(f"{name}, 8, 8, 1, 1, 4, 4, 1,\n" for name in names)
    (tmp_path / "net.csv").write_text(f"{HEADER}\n{layers}")
    assert main(["run", str(tmp_path / "net.csv"), "--out", str(tmp_path / "out")]) == 0
    # matplotlib warns where labels leave no room for a figure; a warning is an error here
    assert main(["report", str(tmp_path / "out"), "--format", "svg"]) == 0
    assert {"groups.svg", "latency.svg"} <= {path.name for path in (tmp_path / "out" / "figures").iterdir()}


@pytest.mark.parametrize("form", ["svg", "pdf"])
def test_the_same_figures_are_the_same_files(folder, tmp_path, form):
    pytest.importorskip("matplotlib")
    few = [figure for figure in run_figures(load_record(folder)) if figure.key in ("roofline", "tile-walk")]
    for name in "ab":
        write_figures(few, tmp_path / name, form)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes().startswith(HEADS[form])
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_without_matplotlib_the_extra_is_named(folder, tmp_path, capsys, monkeypatch):
    usual = builtins.__import__

    def absent(name, *args, **kwargs):
        if name.startswith("matplotlib"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return usual(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    assert main(["report", str(folder), "--format", "png", "-o", str(tmp_path / "x")]) == 2
    assert "pip install 'scanfuse[plot]'" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()

"""Run folders that are not whole: one line that names the file, exit 2, nothing written."""

import json
import os
import shutil
from pathlib import Path

import pytest

from scanfuse.cli import main


def edit_summary(folder: Path, **changes) -> None:
    path = folder / "summary.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def edit(name: str, old: str, new: str):
    def change(folder: Path) -> None:
        path = folder / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")

    return change


def cut(name: str, share: float):
    def change(folder: Path) -> None:
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[: int(len(whole) * share)])

    return change


def fill(name: str, content: bytes):
    return lambda folder: (folder / name).write_bytes(content)


# What was done to the folder, and what the line must say, in this order.
CASES = {
    "gone": (shutil.rmtree, ["copy: no such folder", "scanfuse run --out"]),
    "a file": (lambda folder: (shutil.rmtree(folder), folder.write_text("")), ["copy: is a file"]),
    "no summary": (lambda folder: (folder / "summary.json").unlink(), ["summary.json", "No such file"]),
    "summary empty": (fill("summary.json", b""), ["summary.json", "not valid JSON", "repeat the run"]),
    "summary cut": (cut("summary.json", 0.6), ["summary.json", "not valid JSON"]),
    "summary binary": (fill("summary.json", b"\xff\x00"), ["summary.json", "not UTF-8"]),
    "summary deep": (fill("summary.json", b"[" * 100_000), ["summary.json", "not valid JSON"]),
    "summary a list": (fill("summary.json", b"[]"), ["summary.json", "expected `object`, got `array`"]),
    "summary of a replay": (fill("summary.json", b'{"schema": 1}'), ["summary.json", "`network`"]),
    "summary of the future": (lambda f: edit_summary(f, schema=99), ["summary.json: schema", "99"]),
    "summary without roofs": (lambda f: edit_summary(f, roofline=3), ["summary.json: roofline", "got `int`"]),
    "summary roofs of text": (
        lambda f: edit_summary(f, roofline={"peak_gmacs_per_s": "x"}),
        ["summary.json: roofline.peak_gmacs_per_s", "float"],
    ),
    "summary groups": (lambda f: edit_summary(f, groups=[3]), ["summary.json: groups"]),
    "summary edges": (lambda f: edit_summary(f, edges=[{"from": "x"}]), ["summary.json: edges"]),
    "summary edges far": (
        lambda f: edit_summary(f, edges=[{"from": 0, "to": 9, "map": "a", "as": "ifmap", "entries": 1}]),
        ["summary.json: edges", "layer 9", "there are 3"],
    ),
    "summary walks": (lambda f: edit_summary(f, walks=[{}]), ["summary.json: walks"]),
    "summary without walks": (lambda f: edit_summary(f, walks=[]), ["walks.csv: index"]),
    "layers counted otherwise": (edit("layers.csv", "\n1,", "\n7,"), ["layers.csv: index"]),
    "no layers": (lambda folder: (folder / "layers.csv").unlink(), ["layers.csv", "No such file"]),
    "layers empty": (fill("layers.csv", b""), ["layers.csv", "not a table"]),
    "layers cut": (cut("layers.csv", 0.7), ["layers.csv", "cut off"]),
    "layers of text": (edit("layers.csv", ",0.0,", ",much,"), ["layers.csv", "expected numbers"]),
    "layers infinite": (edit("layers.csv", ",0.0,", ",inf,"), ["layers.csv", "expected numbers"]),
    "layers without a column": (edit("layers.csv", "dram_nj", "dram"), ["layers.csv", "no column dram_nj"]),
    "layers binary": (fill("layers.csv", bytes(range(256))), ["layers.csv", "not UTF-8"]),
    "timeline cut": (cut("timeline.csv", 0.5), ["timeline.csv", "cut off"]),
    "timeline a line short": (
        lambda f: (f / "timeline.csv").write_text((f / "timeline.csv").read_text().rsplit("\n", 2)[0] + "\n"),
        ["timeline.csv", "cut off"],
    ),
    "timeline a folder": (
        lambda f: ((f / "timeline.csv").unlink(), (f / "timeline.csv").mkdir()),
        ["timeline.csv", "directory"],
    ),
    "walks of another run": (fill("walks.csv", b"a,b\n1,2\n"), ["walks.csv", "no column"]),
    "tensors cut": (cut("tensors.csv", 0.9), ["tensors.csv", "cut off"]),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "told"), CASES.values(), ids=CASES)
def test_one_line_names_the_file(folder, tmp_path, monkeypatch, capsys, spoil, told):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(folder, "copy")
    Path("copy/report.html").unlink(missing_ok=True)
    spoil(Path("copy"))
    before = sorted(tmp_path.rglob("*"))
    assert main(["report", "copy"]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith("scanfuse: error: ")
    assert captured.err.count("\n") == 1
    at = 0
    for words in told:
        at = captured.err.find(words, at)
        assert at >= 0, f"{words!r} is not in its place in {captured.err!r}"
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["-o", "no/page.html"], "no folder no"),
        (["-o", "."], "is a folder"),
        (["-o", "/proc/page.html"], "/proc: cannot be written"),
        (["--format", "pdf", "-o", "/proc/figures"], "/proc/figures: cannot be written"),
        (["--layer", "nothing"], "--layer nothing"),
        (["--format", "svg", "-o", "file"], "file"),
    ],
)
def test_places_and_layers_that_are_not_there(folder, tmp_path, monkeypatch, capsys, options, told):
    if "/proc" in told and not Path("/proc/self").exists():
        pytest.skip("there is no /proc, where nobody writes")
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    assert main(["report", str(folder), *options]) == 2
    err = capsys.readouterr().err
    assert told in err and err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_that_cannot_be_written(folder, tmp_path, capsys):
    tmp_path.chmod(0o500)
    try:
        assert main(["report", str(folder), "-o", str(tmp_path / "page.html")]) == 2
    finally:
        tmp_path.chmod(0o700)
    assert "cannot be written" in capsys.readouterr().err

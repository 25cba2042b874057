"""Do the pages under docs/ tell the truth? Examples are run and compared with what stands below them."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from scanfuse.dram import DramConfig, read_trace, trace_formats, write_trace
from scanfuse.hardware import load_hardware
from scanfuse.mapping import make_mapping, mapping_document
from scanfuse.network import load
from scanfuse.results.setup import tomllib

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "traces" / "formats"
PAGES = ROOT / "docs" / "formats"
MAPPING = ROOT / "docs" / "mapping.md"
NETWORKS = ROOT / "docs" / "networks.md"
SWEEPS = ROOT / "docs" / "sweeps.md"
PYTHON = re.compile(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", re.DOTALL)
CFG = DramConfig.from_ini("DDR3_micron_32M_8B_x8_sg15")
REQUESTS = [(0, 0, 0), (0, 64, 0), (12, 0x1000, 1), (12, 0x80, 0), (30, 0x2000040, 0), (200, 0xC0, 1)]
# Lines of a CPU trace are a cycle apart; a write comes with its read.
CPU_CYCLES = [0, 1, 1, 12, 30, 30]
NO_CYCLES = ("misc", "ramulator", "ramulator2-loadstore", "ramulator2-readwrite")


def examples() -> list[tuple[str, str, str]]:
    pages = [
        ROOT / "docs" / "dram.md",
        MAPPING,
        NETWORKS,
        SWEEPS,
        ROOT / "docs" / "report.md",
        *sorted(PAGES.glob("*.md")),
    ]
    found = [(page, code, out) for page in pages for code, out in PYTHON.findall(page.read_text("utf-8"))]
    return [(f"{page.stem}-{number}", code, out) for number, (page, code, out) in enumerate(found)]


@pytest.mark.parametrize(("name", "code", "expected"), examples())
def test_python_examples(name: str, code: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "traces").symlink_to(ROOT / "traces")
    found = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    if expected:
        lines = [line.rstrip() for line in found.stdout.splitlines()]
        assert lines == [line.rstrip() for line in expected.splitlines()]


@pytest.mark.parametrize("page", [PAGES / "index.md", MAPPING, NETWORKS, SWEEPS], ids=lambda page: page.stem)
def test_console_examples(page: Path, tmp_path: Path) -> None:
    (tmp_path / "traces").symlink_to(ROOT / "traces")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "bad.ramulator").write_text("0x40 R\n0x80 Q\n0xc0 W\n")
    blocks = re.findall(r"```(console|diff)\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    assert blocks
    for kind, text in blocks:
        if kind == "diff":
            edit_by_hand(tmp_path / "deep.toml", text)
            continue
        for line, expected in re.findall(r"^\$ (.*)\n((?:[^$].*\n|\n)*)", text, re.MULTILINE):
            found = subprocess.run(
                [sys.executable, "-m", *shlex.split(line)],
                cwd=tmp_path,
                env={**os.environ, "COLUMNS": "200"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            assert found.stdout == expected


def edit_by_hand(path: Path, diff: str) -> None:
    """Puts each line with a + in the place of the first that begins like the one with a - before it."""
    text = path.read_text("utf-8")
    for old, new in re.findall(r"^-(.*)\n\+(.*)\n", diff, re.MULTILINE):
        assert f"\n{old}" in text
        text = text.replace(f"\n{old}", f"\n{new}", 1)
    path.write_text(text, "utf-8")


def test_the_groups_of_the_mapping_page_are_those_of_its_examples() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", MAPPING.read_text("utf-8"), re.DOTALL)
    examples = [("mobilenet_v2", "fused", 3), ("mobilenet_v2", "deep", 1), ("mobilenet_v3_large", "deep", 1)]
    at = 0
    for name, schedule, count in examples:
        document = mapping_document(make_mapping(load(name), schedule, load_hardware()))
        for told in map(tomllib.loads, blocks[at : at + count]):
            groups = told.pop("groups", [])
            assert told.items() <= document.items()
            assert all(group in document["groups"] for group in groups)
        at += count
    assert at == len(blocks)


def test_the_sweep_of_its_page_is_the_example() -> None:
    (told,) = re.findall(r"```toml\n(.*?)```", SWEEPS.read_text("utf-8"), re.DOTALL)
    assert told == (ROOT / "examples" / "sweeps" / "buffers.toml").read_text("utf-8")


@pytest.mark.parametrize("name", [name for name in trace_formats() if name not in ("npz", "parquet")])
def test_the_example_of_a_format(name: str, tmp_path: Path) -> None:
    (path,) = [each for each in EXAMPLES.iterdir() if each.suffix == f".{name}" or f"{name}_" in each.name]
    assert (
        f"`traces/formats/{path.name}`:\n\n```text\n{path.read_text()}```"
        in (PAGES / f"{name}.md").read_text()
    )
    trace = read_trace(path, cfg=CFG)
    cycles = [0] * 6 if name in NO_CYCLES else CPU_CYCLES if name == "ramulator-cpu" else None
    expected = [(c if cycles is None else cycles[i], a, bool(w)) for i, (c, a, w) in enumerate(REQUESTS)]
    rows = zip(trace.cycles.tolist(), trace.addresses.tolist(), trace.is_write.tolist(), strict=True)
    assert list(rows) == expected
    columns = zip(*REQUESTS, strict=True)
    write_trace(tmp_path / path.name, *columns, cfg=CFG if name == "ramulator2-readwrite" else None)
    assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def test_every_format_has_a_page_that_the_index_names() -> None:
    index = (PAGES / "index.md").read_text("utf-8")
    assert {page.stem for page in PAGES.glob("*.md")} == {*trace_formats(), "index"}
    for name in trace_formats():
        page = (PAGES / f"{name}.md").read_text("utf-8")
        assert f"[{name}]({name}.md)" in index
        assert page.startswith(f"# {name}: ")
        assert "\n## What is lost on writing\n" in page and "\n## Quirks\n" in page

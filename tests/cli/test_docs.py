"""Do the pages under docs/ tell the truth? Examples are run and compared with what stands below them."""

import re
import shlex
from pathlib import Path

import pytest
from page import blocks, follow, run_lines

from scanfuse.cli import parser
from scanfuse.dram import DramConfig, read_trace, trace_formats, write_trace
from scanfuse.hardware import load_hardware
from scanfuse.mapping import make_mapping, mapping_document
from scanfuse.network import load
from scanfuse.results.setup import tomllib

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "traces" / "formats"
DOCS = ROOT / "docs"
PAGES = DOCS / "formats"
MAPPING = DOCS / "mapping.md"
ALONE = ("ci.md",)  # has a test of its own, test_ci_page.py
RUN = ("python", "console", "sh", "diff")
CFG = DramConfig.from_ini("DDR3_micron_32M_8B_x8_sg15")
REQUESTS = [(0, 0, 0), (0, 64, 0), (12, 0x1000, 1), (12, 0x80, 0), (30, 0x2000040, 0), (200, 0xC0, 1)]
# Lines of a CPU trace are a cycle apart; a write comes with its read.
CPU_CYCLES = [0, 1, 1, 12, 30, 30]
NO_CYCLES = ("misc", "ramulator", "ramulator2-loadstore", "ramulator2-readwrite")


def pages(folder: Path = DOCS) -> list[Path]:
    return sorted(folder.rglob("*.md"))


def name_of(page: Path) -> str:
    return page.relative_to(DOCS).with_suffix("").as_posix()


def has(page: Path, *languages: str) -> bool:
    return any(block.language in languages and not block.does for block in blocks(page.read_text("utf-8")))


def shell_lines(page: Path) -> list[str]:
    """The commands of `sh` blocks, without what is said beside them."""
    found = "".join(block.text for block in blocks(page.read_text("utf-8")) if block.language == "sh")
    return [line for line in (re.split(r"  +#", line)[0].strip() for line in found.splitlines()) if line]


FOLLOWED = [page for page in pages() if page.name not in ALONE and has(page, "console", "python")]
WITH_SHELL = [page for page in pages() if has(page, "sh")]


@pytest.mark.parametrize("page", FOLLOWED, ids=name_of)
def test_a_page_can_be_followed(page: Path, tmp_path: Path) -> None:
    for folder in ("traces", "examples"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    follow(page.read_text("utf-8"), tmp_path)


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_no_example_of_a_page_escapes(page: Path) -> None:
    """Each block is of a language that a test above or below knows what to do with."""
    for block in blocks(page.read_text("utf-8")):
        assert block.language in (*RUN, "text", "toml", "yaml", "cmake", ""), f"no test runs {block.language}"
        if block.language == "toml":
            assert block.does or page == MAPPING, "name the file that it is: <!-- file: NAME -->"
        if block.language in ("yaml", "cmake"):
            assert page.name in (*ALONE, "dram.md"), "held to nothing"
        if block.language in ("", "text"):
            assert not re.search(r"^(\$ |scanfuse |import |>>> )", block.text, re.MULTILINE), block.text
        if block.does == "run by":
            assert page.name in (ROOT / block.name).read_text("utf-8")


@pytest.mark.parametrize("page", WITH_SHELL, ids=name_of)
def test_shell_lines_parse(page: Path) -> None:
    for line in shell_lines(page):
        assert line.startswith("scanfuse "), line
        parser().parse_args(shlex.split(line)[1:])


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_SHELL, ids=name_of)
def test_shell_lines_run_in_order(page: Path, tmp_path: Path) -> None:
    for line in shell_lines(page):
        done = run_lines(line, tmp_path)
        assert done.returncode == 0, (line, done.stdout)


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

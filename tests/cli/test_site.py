"""Does `make docs` make a site of all pages, are the links alive, are the pictures what the code draws?"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scanfuse.cli import main
from scanfuse.commands import COMMANDS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LINK = re.compile(r"\]\(([^)#\s]*)(#[^)\s]*)?\)")
OPTION = re.compile(r"^  (?:-\w, )?(--[a-z-]+)", re.MULTILINE)


def build(docs: Path, site: Path) -> subprocess.CompletedProcess[str]:
    flags = ("--quiet", "--fresh-env", "--fail-on-warning", "--keep-going")
    command = [sys.executable, "-m", "sphinx", *flags, "-d", str(site / "trees"), str(docs), str(site)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_site_has_every_page_command_and_name(tmp_path: Path) -> None:
    done = build(DOCS, tmp_path)
    assert done.returncode == 0, done.stderr
    pages = {page.relative_to(DOCS).with_suffix(".html") for page in DOCS.rglob("*.md")}
    assert pages <= {page.relative_to(tmp_path) for page in tmp_path.rglob("*.html")}
    front = (tmp_path / "index.html").read_text("utf-8")
    for page in pages - {Path("index.html")}:
        assert f'href="{page.as_posix()}"' in front, f"{page} is in no table of contents"
    commands, python = ((tmp_path / f"{name}.html").read_text("utf-8") for name in ("commands", "python"))
    for name in COMMANDS:
        assert f'id="{name}"' in commands
    for name in ("load", "run", "replay", "DramConfig.from_ini"):
        assert f'id="scanfuse.{name}"' in python


DEAD = """# Dead links

[a page](gone.md)

[a part](design.md#no-such-part)

[outside](../no/such/file.md)

![a picture](figures/gone.svg)
"""


@pytest.mark.slow
def test_a_page_left_out_or_a_dead_link_is_an_error(tmp_path: Path) -> None:
    docs = tmp_path / "repository" / "docs"
    shutil.copytree(DOCS, docs)
    (docs / "orphan.md").write_text("# Not in the contents\n")
    (docs / "quickstart.md").write_text(DEAD)
    done = build(docs, tmp_path / "site")
    assert done.returncode != 0
    for page, wrong in (
        ("orphan.md", "isn't included in any toctree"),
        ("quickstart.md", "gone.md"),
        ("quickstart.md", "no-such-part"),
        ("quickstart.md", "no/such/file.md"),
        ("quickstart.md", "gone.svg"),
    ):
        assert re.search(rf"{page}.*{wrong}", done.stderr), wrong


PAGES = [*sorted(DOCS.rglob("*.md")), ROOT / "README.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_are_alive_on_a_forge_too(page: Path) -> None:
    for target, _ in LINK.findall(page.read_text("utf-8")):
        assert not target or "://" in target or (page.parent / target).exists(), target


def test_the_reference_has_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    """Those that help prints, which is another way to the same parsers."""
    from_page = subprocess.run(
        [sys.executable, str(DOCS / "commands_page.py")], capture_output=True, text=True, check=True
    ).stdout
    sections = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", from_page, re.DOTALL | re.MULTILINE))
    assert list(sections) == list(COMMANDS)
    for name in COMMANDS:
        assert main([name, "--help"]) == 0
        for option in {*OPTION.findall(capsys.readouterr().out)} - {"--help"}:
            assert f"`{option}" in sections[name]


@pytest.mark.slow
def test_the_pictures_are_what_the_code_draws() -> None:
    done = subprocess.run(
        [sys.executable, str(DOCS / "concepts.py")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

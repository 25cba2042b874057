"""A page of Markdown followed from top to bottom in a folder, as its reader would: what tests of pages share.

<!-- file: NAME -->     the block below is a file to be written
<!-- edit: NAME -->     the diff below is an edit: the first line that begins like one with -
<!-- copy of: NAME -->  the block below is all of a file that is there
<!-- end of: NAME -->   the block below is the end of a file that is there by now
<!-- run by: TEST -->   the block below is left to that test
```console              lines after $ are run in a shell; what they print stands below them
```python               is run by itself; it prints what a ```text block right below says
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(
    r"(?:^<!-- (file|edit|copy of|end of|run by): (\S+) -->\n)?"
    r"^```(\w*)\n(.*?)^```$"
    r"(?:\n\n```text\n(.*?)^```$)?",
    re.DOTALL | re.MULTILINE,
)
LINES = re.compile(r"^\$ (.*)\n((?:[^$].*\n|\n)*)", re.MULTILINE)
PAIRS = re.compile(r"^-(.*)\n\+(.*)\n", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: what a comment above it says, its language, its text, and what it should print."""

    does: str
    name: str
    language: str
    text: str
    prints: str


def blocks(page: str) -> Iterator[Block]:
    for does, name, language, text, prints in BLOCK.findall(page):
        yield Block(does, name, language, text, prints)


def run_lines(lines: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Lines of a shell, as CI runs them, with this scanfuse in reach and a cache of their own."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    cache = {"SCANFUSE_NO_CACHE": "", "XDG_CACHE_HOME": str(folder / ".cache")}
    shown = {"COLUMNS": "200", "PYTEST_ADDOPTS": ""}
    environment = {**os.environ, "PATH": path, **cache, **shown, **variables}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", lines],
        cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip


def follow(page: str, folder: Path) -> None:
    """Do all that a page says, and hold it to what it says comes out."""
    for block in blocks(page):
        if block.does == "file":
            (folder / block.name).write_text(block.text, "utf-8")
        elif block.does == "edit":
            edit(folder / block.name, block.text)
        elif block.does == "copy of":
            assert (folder / block.name).read_text("utf-8") == block.text
        elif block.does == "end of":
            assert (folder / block.name).read_text("utf-8").endswith(block.text)
        elif block.does == "run by":
            continue
        elif block.language == "console":
            for line, expected in LINES.findall(block.text):
                assert run_lines(line.replace("| head", "2>&1 | head"), folder).stdout == expected, line
        elif block.language == "python":
            run_python(block, folder)


def run_python(block: Block, folder: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", block.text]
    found = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    if block.prints:
        printed = [line.rstrip() for line in found.stdout.splitlines()]
        assert printed == [line.rstrip() for line in block.prints.splitlines()]


def edit(path: Path, diff: str) -> None:
    text = "\n" + path.read_text("utf-8")
    for old, new in PAIRS.findall(diff):
        assert f"\n{old}" in text, f"{path.name} has no line that begins with {old!r}"
        text = text.replace(f"\n{old}", f"\n{new}", 1)
    path.write_text(text[1:], "utf-8")

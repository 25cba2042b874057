"""Does the README tell the truth? Its examples are run and compared with the output beside them."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ENVIRONMENT = {**os.environ, "COLUMNS": "200"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def run(command: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, check=False)


def scanfuse_lines() -> list[str]:
    lines = [
        line.split("   #")[0].split("  #")[0].strip() for block in blocks("sh") for line in block.splitlines()
    ]
    return [line for line in lines if line.startswith("scanfuse ")]


@pytest.mark.parametrize("block", blocks("console"))
def test_console_blocks_show_what_the_command_prints(block: str, tmp_path: Path) -> None:
    command, _, expected = block.removeprefix("$ ").partition("\n")
    found = run([sys.executable, "-m", *shlex.split(command)], tmp_path)
    assert found.returncode == 0, found.stderr
    assert [line.rstrip() for line in found.stdout.splitlines()] == expected.splitlines()


@pytest.mark.parametrize("block", blocks("python"))
def test_python_blocks_run(block: str, tmp_path: Path) -> None:
    found = run([sys.executable, "-W", "error", "-c", block], tmp_path)
    assert found.returncode == 0, found.stderr
    first, second, *table = found.stdout.splitlines()
    entries, peak = map(int, first.split())
    energy_nj, ticks = map(float, second.split())
    assert entries > 3_000_000 and 0 < peak <= 32_768
    assert energy_nj > 0 and ticks > 0
    assert len(table) == 6


def test_the_readme_shows_commands() -> None:
    assert len(scanfuse_lines()) >= 8
    assert blocks("console") and blocks("python")


@pytest.mark.slow
def test_shell_lines_work_in_order(tmp_path: Path) -> None:
    for name in ("tests", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    for line in scanfuse_lines():
        found = run([sys.executable, "-m", *shlex.split(line)], tmp_path)
        assert found.returncode == 0, (line, found.stderr)

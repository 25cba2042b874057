"""Does docs/reproduction.md show what comes out? Its tables are made anew and compared."""

import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def reproduction(*args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(DOCS / "reproduction.py"), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_preset_is_what_the_page_says(tmp_path: Path) -> None:
    """And a run that is there is not run again."""
    asked = ("--check", "--tables", "preset", "preset-savings", "--cache", tmp_path)
    found = reproduction(*asked)
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")
    kept = sorted(tmp_path.iterdir())
    assert kept
    times = [path.stat().st_mtime_ns for path in kept]
    text = kept[0].read_text().replace('"dram_act_nj": ', '"dram_act_nj": 9')
    kept[0].write_text(text)
    found = reproduction(*asked)
    assert found.returncode == 1
    assert found.stdout.startswith(f"--- {DOCS / 'reproduction.md'}") and "\n-|" in found.stdout
    assert [path.stat().st_mtime_ns for path in kept[1:]] == times[1:]


def test_a_table_that_is_none_is_refused() -> None:
    found = reproduction("--tables", "presets")
    assert found.returncode == 2
    assert "invalid choice: 'presets'" in found.stderr.splitlines()[-1]


@pytest.mark.slow
def test_the_whole_page(tmp_path: Path) -> None:
    found = reproduction("--check", "--cache", tmp_path)
    assert (found.returncode, found.stdout) == (0, "")

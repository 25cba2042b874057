"""Have whole-run figures moved? Every golden file of the project, checked as a person would.

Where a change is meant: `scanfuse check --update tests/golden/*.toml`, and review the diff. The files under
`traces/` depend on the DRAM engine alone, and should never move.
"""

from pathlib import Path

import pytest

from scanfuse.cli import main
from scanfuse.mapping import SCHEDULES

ROOT = Path(__file__).parents[2]
FILES = [*sorted((ROOT / "tests" / "golden").glob("*.toml")), *sorted((ROOT / "traces").glob("*.toml"))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_figures_have_not_moved(path, capsys):
    status = main(["check", str(path)])
    assert status == 0, capsys.readouterr().out


def test_every_schedule_and_every_trace_is_guarded():
    names = {path.stem for path in FILES}
    assert {f"mobilenet_v2_{schedule}" for schedule in SCHEDULES} <= names
    files = [path for path in (ROOT / "traces").iterdir() if path.is_file()]  # formats/ holds examples
    traces = [path for path in files if path.suffix not in (".toml", ".md")]
    assert traces and {path.stem for path in traces} <= names


def test_every_trace_has_its_line():
    text = (ROOT / "traces" / "README.md").read_text(encoding="utf-8")
    for path in (ROOT / "traces").glob("*.csv"):
        assert f"| `{path.name}` |" in text
        assert path.stat().st_size < 300_000

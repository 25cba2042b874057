"""A run folder to report on; makes the pages beside the tests importable."""

import sys
from pathlib import Path

import pytest

from scanfuse.cli import main

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run."""
    from pages import NET

    place = tmp_path_factory.mktemp("run")
    (place / "net.csv").write_text(NET)
    saved = ["--out", str(place / "out"), "--save-timeline", str(place / "out" / "timeline.json")]
    assert main(["run", str(place / "net.csv"), "--schedule", "fixed", *saved]) == 0
    return place / "out"

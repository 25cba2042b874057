"""Commands as a person types them, run in this process and in a folder of their own."""

import json
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scanfuse.cli import main

sys.path.insert(0, str(Path(__file__).parent))


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Scanfuse = Callable[[str], Outcome]


@pytest.fixture
def scanfuse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Scanfuse:
    """Runs `scanfuse LINE` in tmp_path."""
    monkeypatch.chdir(tmp_path)

    def call(line: str) -> Outcome:
        status = main(shlex.split(line))
        captured = capsys.readouterr()
        return Outcome(status, captured.out, captured.err)

    return call

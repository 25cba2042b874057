"""For pytest: the fixture `energy_regression`, which does in a test what `scanfuse check` does.

    def test_energy(energy_regression):
        energy_regression("golden/my_network.toml")     # beside the file of the test

It fails with a table of what moved. `pytest --update-energies "why"` writes the figures of now instead.
pytest finds it once scanfuse is installed; a test that does not ask for it imports nothing else of scanfuse.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from scanfuse.results import Difference

EnergyRegression = Callable[[str | Path], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("scanfuse").addoption(
        "--update-energies",
        metavar="REASON",
        help="write the figures of now into the golden files of energy_regression, with the reason why",
    )


@pytest.fixture
def energy_regression(request: pytest.FixtureRequest) -> EnergyRegression:
    """Runs again what a golden file asks for, and fails with a table where a figure has moved."""
    from scanfuse.commands.check import headline, report, told
    from scanfuse.commands.errors import asked_by, status_of, text_of
    from scanfuse.results import compare_golden, load_golden, update_golden

    reason = request.config.getoption("--update-energies")

    def check(golden: str | Path) -> None:
        path = request.path.parent / golden
        try:
            with asked_by(path):
                found = moved(path)
        except Exception as error:
            if status_of(error) is None:
                raise
            pytest.fail(text_of(error), pytrace=False)
        if found:
            text = told(report(path, headline(found), found), "table")
            pytest.fail(f"{text}\nif that is meant: pytest --update-energies REASON", pytrace=False)

    def moved(path: Path) -> list[Difference]:
        known = load_golden(path)
        if reason is not None:
            update_golden(known, reason)
            return []
        if not known.figures:
            pytest.fail(f'{path} has no figures yet: pytest --update-energies "first"', pytrace=False)
        return compare_golden(known)

    return check

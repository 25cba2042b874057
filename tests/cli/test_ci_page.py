"""Does docs/ci.md tell the truth? Its files are made, edited and checked as it says; its CI files run."""

from pathlib import Path

import pytest
import yaml
from page import blocks, follow, run_lines

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "ci.md").read_text("utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The page followed from top to bottom: its files as they are at the end."""
    made = tmp_path_factory.mktemp("ci")
    follow(PAGE, made)
    return made


def test_the_page_can_be_followed(folder):
    assert run_lines("pytest -q -p no:cacheprovider test_energy.py", folder).returncode == 0


def ci_files():
    return [yaml.safe_load(block.text) for block in blocks(PAGE) if block.language == "yaml"]


def test_the_github_action(folder, tmp_path):
    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    (workflow,) = [file for file in ci_files() if "jobs" in file]
    given = workflow["jobs"]["energy"]["steps"][1]["with"]
    assert given.keys() <= action["inputs"].keys()
    install, check = (step for step in action["runs"]["steps"] if "run" in step)
    assert install["run"] == 'python -m pip install "$PACKAGE"'
    assert all(step["shell"] == "bash" for step in (install, check))
    summary = tmp_path / "summary.md"
    variables = {"GOLDEN": "ene*.toml", "GITHUB_STEP_SUMMARY": str(summary)}
    done = run_lines(check["run"], folder, **variables)
    assert (done.returncode, summary.read_text()) == (0, "* energy.toml: as before\n")
    golden = (folder / "energy.toml").read_text()
    (folder / "energy-wrong.toml").write_text(golden.replace("tRCD = 10", "tRCD = 9"))
    done = run_lines(check["run"], folder, **variables)
    assert done.returncode == 1
    assert "| dram | tRCD | 9 | 10 | +1 | +11.111% |" in summary.read_text()
    (folder / "energy-wrong.toml").unlink()


def test_the_gitlab_job(folder):
    (job,) = [file["energy"] for file in ci_files() if "energy" in file]
    install, check = job["script"]
    assert install == "pip install scanfuse"
    done = run_lines(check.replace("energy/*", "energy"), folder)
    assert (done.returncode, (folder / "energy.md").read_text()) == (0, "* energy.toml: as before\n")
    assert job["artifacts"]["paths"] == ["energy.md"]

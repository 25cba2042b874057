"""Does docs/ci.md tell the truth? Its files are made, edited and checked as it says; its CI files run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "ci.md").read_text("utf-8")
BLOCK = re.compile(r"(?:<!-- (file|edit|end of): (\S+) -->\n)?```(\w+)\n(.*?)```", re.DOTALL)


def run_lines(lines, folder, **variables):
    """Lines of a shell, as CI runs them, with this scanfuse in reach."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "200", "PYTEST_ADDOPTS": "", **variables}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", lines],
        cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The page followed from top to bottom: its files as they are at the end."""
    made = tmp_path_factory.mktemp("ci")
    for what, name, language, text in BLOCK.findall(PAGE):
        if what == "file":
            (made / name).write_text(text)
        elif what == "edit":
            content = (made / name).read_text()
            for old, new in re.findall(r"^-(.*)\n\+(.*)\n", text, re.MULTILINE):
                assert content.count(old) == 1
                content = content.replace(old, new)
            (made / name).write_text(content)
        elif what == "end of":
            assert (made / name).read_text().endswith(text)
        elif language == "console":
            for line, expected in re.findall(r"^\$ (.*)\n((?:[^$].*\n|\n)*)", text, re.MULTILINE):
                assert run_lines(line.replace("| head", "2>&1 | head"), made).stdout == expected
    return made


def test_the_page_can_be_followed(folder):
    assert run_lines("pytest -q -p no:cacheprovider test_energy.py", folder).returncode == 0


def ci_files():
    return [yaml.safe_load(text) for _, _, language, text in BLOCK.findall(PAGE) if language == "yaml"]


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

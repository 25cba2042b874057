"""The fixture `energy_regression` in a pytest run of its own, as a user has it."""

import os
import re
import subprocess
import sys

import pytest

TEST = """\
def test_energy(energy_regression):
    energy_regression("golden/small.toml")
"""
RUN = '[run]\nnetwork = "mobilenet_v2"\nschedule = "raster"\nresolution = 32\nwidth = 0.35\n'


@pytest.fixture
def golden(tmp_path):
    (tmp_path / "test_energy.py").write_text(TEST)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    path = tmp_path / "golden" / "small.toml"
    path.parent.mkdir()
    path.write_text(RUN)
    return path


def run_pytest(golden, *arguments):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    environment = {**os.environ, "PYTEST_ADDOPTS": ""}
    return subprocess.run(
        command, cwd=golden.parents[1], env=environment, capture_output=True, text=True, check=False
    )


def test_made_held_moved_and_written_anew(golden):
    first = run_pytest(golden)
    assert first.returncode == 1 and "small.toml has no figures yet" in first.stdout
    assert run_pytest(golden, "--update-energies", "first").returncode == 0
    assert run_pytest(golden).returncode == 0
    text = golden.read_text()
    cycles = re.search(r"^cycles = (\d+)$", text, re.M)
    golden.write_text(text.replace(cycles[0], f"cycles = {int(cycles[1]) - 5}"))
    moved = run_pytest(golden)
    assert moved.returncode == 1
    assert re.search(r"^total +cycles +[\d,]+ +[\d,]+ +\+5 ", moved.stdout, re.M), moved.stdout
    assert "Traceback" not in moved.stdout and "pytest_plugin.py" not in moved.stdout
    assert run_pytest(golden, "--update-energies", "a reason").returncode == 0
    assert 'reason = "a reason"' in golden.read_text()
    assert run_pytest(golden).returncode == 0


def test_what_cannot_be_run_fails_in_one_line(golden):
    golden.write_text(RUN.replace("raster", "rastr"))
    wrong = run_pytest(golden, "--update-energies", "first")
    assert re.search(r"^\S*small\.toml: unknown schedule 'rastr'", wrong.stdout, re.M), wrong.stdout
    golden.unlink()
    gone = run_pytest(golden)
    assert re.search(r"^\S*small\.toml: No such file", gone.stdout, re.M), gone.stdout
    assert "pytest_plugin.py" not in wrong.stdout + gone.stdout


def test_a_run_of_pytest_without_it_imports_little():
    code = "import sys, scanfuse.pytest_plugin; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

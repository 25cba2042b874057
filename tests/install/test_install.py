"""Is the sdist of a clean clone whole, and does what is built from it run, on each Python here?

Slow (minutes for each Python): pytest -m slow tests/install
"""

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHONS = [f"python3.{minor}" for minor in range(10, 15)]
pytestmark = pytest.mark.slow


def told(*command, cwd):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    if not (ROOT / ".git").exists():
        pytest.skip("needs the repository")
    place = tmp_path_factory.mktemp("clone") / "scanfuse"
    told("git", "clone", "--quiet", str(ROOT), str(place), cwd=ROOT)
    return place


@pytest.fixture(scope="module")
def sdist(clone, tmp_path_factory):
    place = tmp_path_factory.mktemp("sdist")
    told(sys.executable, "-m", "build", "--sdist", "--outdir", str(place), str(clone), cwd=clone)
    (found,) = place.glob("scanfuse-*.tar.gz")
    return found


def test_the_sdist_holds_every_file_of_the_repository(clone, sdist):
    tracked = set(told("git", "ls-files", cwd=clone).split("\n")) - {""}
    with tarfile.open(sdist) as archive:
        packed = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert tracked <= packed
    folders = {str(parent) for name in tracked for parent in Path(name).parents}
    assert packed - tracked - folders <= {"PKG-INFO"}


@pytest.mark.parametrize("name", PYTHONS)
def test_the_sdist_installs_and_runs(name, sdist, tmp_path):
    python = shutil.which(name)
    if python is None or subprocess.run([python, "--version"], capture_output=True, check=False).returncode:
        pytest.skip(f"no {name} here")
    told(python, "-m", "venv", "venv", cwd=tmp_path)
    own = str(tmp_path / "venv" / "bin" / "python")
    told(own, "-m", "pip", "install", "--quiet", str(sdist), cwd=tmp_path)
    report = told(own, "-m", "scanfuse", "doctor", cwd=tmp_path)
    assert "the engine is right" in report and str(tmp_path) in report
    assert "deep" in told(
        own, "-m", "scanfuse", "compare", "mobilenet_v2", "--resolution", "32", cwd=tmp_path
    )
    code = "import scanfuse; print(scanfuse.load('mobilenet_v2').macs)"
    assert told(own, "-W", "error", "-c", code, cwd=tmp_path) == "300774272\n"

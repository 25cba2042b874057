"""A disk that is full, a disk that cannot be written: is it told in one line, and is nothing half-written?"""

import shlex
import shutil
import subprocess
from contextlib import suppress

import pytest

from scanfuse.cli import main

UNSCHEDULED = "mobilenet_v2 --resolution 32 --width 0.35"
SMALL = f"{UNSCHEDULED} --schedule raster"
# What writes into disk/, from files in the folder beside it.
WRITERS = {
    "run": f"run {SMALL} --out disk/run",
    "run with a trace": f"run {SMALL} --out run --save-trace disk/trace.csv",
    "map": f"map {SMALL} -o disk/mapping.toml",
    "replay requests": "replay trace.csv --requests-out disk/requests.csv",
    "replay summary": "replay trace.csv --summary-out disk/summary.json",
    "replay vis": "replay trace.csv --vis disk/trace.vis",
    "convert": "convert trace.csv disk/trace.npz",
    "convert network": "convert mobilenet_v2 disk/net.csv",
    "check": "check --update disk/golden.toml",
    "report": "report run -o disk/report.html",
    "compare report": f"compare {UNSCHEDULED} --schedules raster --report disk/c.html",
    "timeline": f"run {SMALL} --out run --save-timeline disk/timeline.json",
    "sweep": "sweep sweep.toml --jobs 1 --out disk/sweep",
}
GOLDEN = '[run]\nnetwork = "mobilenet_v2"\nresolution = 32\nwidth = 0.35\nschedule = "raster"\n'


@pytest.fixture(scope="module")
def trace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trace")
    path = folder / "trace.csv"
    assert main(shlex.split(f"run {SMALL} --out {folder / 'run'} --save-trace {path}")) == 0
    return folder


@pytest.fixture
def place(trace, tmp_path, monkeypatch, capsys):
    """A folder with a small disk of 16 KiB mounted in it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    shutil.copytree(trace, tmp_path, dirs_exist_ok=True)
    (tmp_path / "sweep.toml").write_text(GOLDEN.replace("[run]", "[base]") + "[grid]\nbuffer = [8192]\n")
    command = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount")
    (disk / "golden.toml").write_text(GOLDEN)
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    yield tmp_path
    subprocess.run(["umount", "-l", str(disk)], check=True)


def refused(line, place, capsys):
    """The line on stderr of a command that is to fail and to leave nothing."""
    before = {path: path.read_bytes() for path in place.joinpath("disk").rglob("*")}
    status = main(shlex.split(line))
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert status == 2 and lines[-1].startswith("scanfuse: error: ")
    assert not [row for row in lines[:-1] if not row.startswith("scanfuse: ")]
    after = {path: path.read_bytes() for path in place.joinpath("disk").rglob("*") if path.is_file()}
    assert after == before
    return lines[-1]


@pytest.mark.parametrize("line", WRITERS.values(), ids=WRITERS)
def test_a_full_disk(line, place, capsys):
    filler = place / "disk" / "filler"
    with suppress(OSError):
        filler.write_bytes(bytes(1 << 20))
    told = refused(line, place, capsys)
    assert "no space left" in told.lower() and "disk/" in told and ".part" not in told


@pytest.mark.parametrize("line", WRITERS.values(), ids=WRITERS)
def test_a_disk_that_cannot_be_written(line, place, capsys):
    subprocess.run(["mount", "-o", "remount,ro", str(place / "disk")], check=True)
    told = refused(line, place, capsys)
    assert "disk" in told and "read-only" in told.lower()

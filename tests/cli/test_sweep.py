"""`scanfuse sweep`: one table, whoever makes it, however often it was stopped."""

import io
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pandas as pd
import pytest

from scanfuse.commands import sweep as command
from scanfuse.results import TOTAL_COLUMNS
from scanfuse.sweeps import PLOT_FORMATS

TINY = """\
Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
first, 18, 18, 3, 3, 4, 8, 1,
second, 16, 16, 1, 1, 8, 16, 1,
"""
SPEC = """\
[grid]
network = "tiny.csv"
schedule = ["raster", "scan"]
buffer = [2, 1024, 4096]
clock = ["250 MHz", "500 MHz"]
"""
LONG = """\
[grid]
network = "tiny.csv"
buffer = [{buffers}]
schedule = ["raster", "scan"]
"""


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    (tmp_path / "tiny.csv").write_text(TINY)
    (tmp_path / "spec.toml").write_text(SPEC)
    (tmp_path / "good.toml").write_text(SPEC.replace("2, ", ""))
    buffers = ", ".join(map(str, range(1024, 1064)))
    (tmp_path / "long.toml").write_text(LONG.format(buffers=buffers))


def tables(folder: Path) -> tuple[bytes, bytes]:
    return (folder / "results.csv").read_bytes(), (folder / "results.parquet").read_bytes()


def test_a_table_of_points_figures_and_errors(scanfuse, tmp_path):
    done = scanfuse("sweep spec.toml --jobs 1")
    assert done.status == 1
    assert done.err.startswith("scanfuse: wrote sweeps/spec: 12 points\nscanfuse: 4 points failed; point 0: ")
    table = pd.read_parquet(tmp_path / "sweeps" / "spec" / "results.parquet")
    assert list(table["point"]) == list(range(12))
    assert table["error"].notna().sum() == 4
    assert table[table["error"].isna()][list(TOTAL_COLUMNS)].notna().all(axis=None)
    assert set(table["pe_array.clock_hz"]) == {250_000_000, 500_000_000}
    again = pd.read_csv(tmp_path / "sweeps" / "spec" / "results.csv")
    assert list(again.columns) == list(table.columns)
    assert (again["total_nj"].dropna() == table["total_nj"].dropna()).all()
    first, *_, last = done.out.splitlines()
    assert first.endswith("of 12 points are on the front of energy, time and buffer size:")
    assert "tiny.csv" in last and "1,024" in last


def test_overrides_that_do_not_reach_the_mapping_are_told_once(scanfuse, tmp_path):
    parts = "part = ['DDR3_micron_32M_8B_x8_sg15', 'DDR3_micron_16M_8B_x8_sg15']"
    grid = f"[grid]\nnetwork = 'tiny.csv'\n{parts}\ndram.overrides.NUM_BANKS = [8, 16]\n"
    (tmp_path / "spec.toml").write_text(grid)
    warned, wrote = scanfuse("sweep spec.toml --jobs 1").err.splitlines()
    assert warned.startswith("scanfuse: warning: NUM_BANKS=16: addresses are mapped as for NUM_BANKS=8")
    assert wrote == "scanfuse: wrote sweeps/spec: 4 points"


def test_formats_print_the_whole_table(scanfuse, tmp_path):
    done = scanfuse("sweep good.toml --jobs 1 --format csv")
    assert (done.status, done.out) == (0, (tmp_path / "sweeps/good/results.csv").read_text())
    done = scanfuse("sweep good.toml --jobs 1 --format json")
    assert done.err == "scanfuse: wrote sweeps/good: 8 points, 8 of them kept from before\n"
    points = done.json["points"]
    assert len(points) == 8
    assert points[0]["error"] is None and points[0]["bound"] in ("compute", "memory")


def test_plot(scanfuse, tmp_path):
    assert scanfuse("sweep good.toml --jobs 1 --plot").status == 0
    assert scanfuse("sweep good.toml --jobs 1 --plot --plot-format svg").status == 0
    assert "<script" not in (tmp_path / "sweeps/good/pareto.svg").read_text()
    assert (tmp_path / "sweeps/good/pareto.png").stat().st_size > 10_000
    assert command.PLOT_FORMATS == PLOT_FORMATS


def test_processes_and_shards_make_the_same_table(scanfuse, tmp_path):
    scanfuse("sweep spec.toml --jobs 1 --out one")
    scanfuse("sweep spec.toml --jobs 2 --out two")
    assert tables(tmp_path / "two") == tables(tmp_path / "one")
    parts = []
    for number in (1, 2, 3):  # into folders of their own, as on machines that share none
        scanfuse(f"sweep spec.toml --jobs 1 --shard {number}/3 --out part{number}")
        parts.append(pd.read_csv(tmp_path / f"part{number}" / f"results-{number}-of-3.csv"))
        (tmp_path / "merged" / "points").mkdir(parents=True, exist_ok=True)
        for file in (tmp_path / f"part{number}" / "points").iterdir():
            file.rename(tmp_path / "merged" / "points" / file.name)
    assert sorted(pd.concat(parts)["point"]) == list(range(12))
    done = scanfuse("sweep spec.toml --jobs 1 --out merged")
    assert "12 points, 8 of them kept from before" in done.err
    assert tables(tmp_path / "merged") == tables(tmp_path / "one")


def test_a_cluster_makes_the_same_table(scanfuse, tmp_path):
    distributed = pytest.importorskip("distributed")
    scanfuse("sweep spec.toml --jobs 1 --out one")
    with (
        warnings.catch_warnings(),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
    ):
        warnings.simplefilter("ignore")  # the cluster's own
        done = scanfuse(f"sweep spec.toml --cluster {cluster.scheduler_address} --out cluster")
    assert done.status == 1, done.err
    assert tables(tmp_path / "cluster") == tables(tmp_path / "one")


def test_a_cluster_that_is_not_there(scanfuse, monkeypatch):
    monkeypatch.setattr("scanfuse.sweeps.pools.ANSWER_S", 0.2)
    done = scanfuse("sweep spec.toml --cluster tcp://127.0.0.1:9")
    assert done.status == 2
    assert done.err.startswith("scanfuse: error: --cluster tcp://127.0.0.1:9: no Dask scheduler answers")
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = scanfuse("sweep spec.toml --cluster tcp://127.0.0.1:9")
    assert done.err == "scanfuse: error: --cluster needs Dask: pip install 'scanfuse[cluster]'\n"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("sweep absent.toml", "absent.toml: No such file or directory"),
        ("sweep spec.toml --shard 0/3", "shard 0/3: give i/n with i from 1 to n"),
        ("sweep spec.toml --shard 3", "--shard 3: give I/N, such as 1/4"),
        ("sweep spec.toml --jobs 0", "jobs: must be 1 or more, got 0"),
        ("sweep spec.toml --jobs 2 --cluster a", "give one of them"),
        ("sweep spec.toml --out tiny.csv", "tiny.csv is a file"),
    ],
)
def test_bad_arguments(scanfuse, line, told):
    done = scanfuse(line)
    assert (done.status, done.out) == (2, "")
    assert told in done.err and done.err.count("\n") == 1


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_tells_the_time_left(scanfuse, monkeypatch):
    monkeypatch.setattr("scanfuse.commands.progress.DELAY_S", 0.0)
    monkeypatch.setattr("sys.stderr", stream := Terminal())
    scanfuse("sweep good.toml --jobs 1")
    assert "sweep: " in stream.getvalue() and "/8 [" in stream.getvalue()


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
def test_a_killed_sweep_carries_on(scanfuse, tmp_path):
    scanfuse("sweep long.toml --jobs 1 --out whole")
    line = [sys.executable, "-m", "scanfuse", "sweep", "long.toml", "--jobs", "2", "--out", "killed"]
    points = tmp_path / "killed" / "points"
    running = subprocess.Popen(line, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while running.poll() is None and not (points.exists() and len(list(points.glob("*.json"))) >= 5):
        time.sleep(0.01)
    workers = children(running.pid)
    running.kill()
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (-signal.SIGKILL, b"")
    assert b"Traceback" not in err
    done = sorted(file.name for file in points.glob("*.json"))
    assert 5 <= len(done) < 80
    assert not (tmp_path / "killed" / "results.csv").exists()
    for name in done:
        assert (points / name).read_bytes() == (tmp_path / "whole" / "points" / name).read_bytes()
    for worker in workers:  # they go with who started them
        for _ in range(1000):
            if not is_alive(worker):
                break
            time.sleep(0.01)
        assert not is_alive(worker)
    told = scanfuse("sweep long.toml --jobs 1 --out killed").err
    assert f"80 points, {len(done)} of them kept from before" in told
    assert tables(tmp_path / "killed") == tables(tmp_path / "whole")


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and is not waited for does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_ctrl_c(tmp_path):
    line = [sys.executable, "-m", "scanfuse", "sweep", "long.toml", "--jobs", "2", "--out", "out"]
    points = tmp_path / "out" / "points"
    running = subprocess.Popen(
        line, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while running.poll() is None and not points.exists():
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: to the workers too
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err) == (130, "", "scanfuse: interrupted\n")
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["points"]
    assert all(file.suffix == ".json" for file in points.iterdir())


def test_a_worker_that_is_killed(tmp_path):
    line = [sys.executable, "-m", "scanfuse", "sweep", "long.toml", "--jobs", "2", "--out", "out"]
    running = subprocess.Popen(line, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    points = tmp_path / "out" / "points"
    while running.poll() is None and not points.exists():
        time.sleep(0.01)
    os.kill(children(running.pid)[-1], signal.SIGKILL)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (2, "")
    assert err.startswith("scanfuse: error: a worker process was killed, for want of memory most likely")
    assert err.count("\n") == 1

"""Do the commands work on an attached DRAMSim2, and does nothing of it reach us but figures?"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np
import pytest

from scanfuse.cli import main
from scanfuse.dram import write_trace
from scanfuse.dram.attached import process

RANKS = "--dram DDR3_micron_16M_8B_x8_sg15"  # two, as the bare library has


@pytest.fixture
def scanfuse(tmp_path, monkeypatch, capfd):
    """Runs a line in tmp_path: status, output, stderr. No file may be left behind."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))

    def run(line):
        before = set(tmp_path.iterdir())
        status = main(line.split())
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        assert list(folder.iterdir()) == []
        assert set(tmp_path.iterdir()) - before <= {tmp_path / "runs", tmp_path / "out.json"}
        return status, out, err

    return run


@pytest.fixture
def trace(tmp_path):
    random = np.random.default_rng(7)
    cycles = np.sort(random.integers(0, 9000, 400))
    addresses = random.integers(0, 1 << 20, 400).astype(np.uint64) * 64
    write_trace(tmp_path / "mase_own.trc", cycles, addresses, random.random(400) < 0.3)


def test_replay_on_the_attached_one(scanfuse, attached, trace):
    status, out, _ = scanfuse(f"replay mase_own.trc {RANKS} --format json --summary-out out.json")
    ours = json.loads(out)
    line = f"replay mase_own.trc {RANKS} --dram-backend dramsim2 --verify-against out.json"
    status, out, err = scanfuse(f"{line} --format json")
    theirs = json.loads(out)
    assert status == 0
    assert err == "scanfuse: dram_ticks, accumulators, ranks are those of out.json\n"
    assert (ours.pop("backend"), theirs.pop("backend")) == ("engine", "dramsim2")
    assert theirs.pop("counters") is theirs.pop("row_hit_rate") is None
    told = {"channel", "rank", *ours["accumulators"]}
    assert theirs.pop("ranks") == [{k: v for k, v in each.items() if k in told} for each in ours.pop("ranks")]
    assert theirs == {name: value for name, value in ours.items() if name not in ("counters", "row_hit_rate")}
    status, out, _ = scanfuse(line)
    assert status == 0
    assert "row hits" not in out and "activates" not in out and "DRAM uJ" in out
    assert scanfuse(f"{line} --format csv")[0] == 0
    status, _, err = scanfuse(f"{line} --vis out.vis")
    assert status == 2 and err.startswith("scanfuse: error: --vis: an attached DRAMSim2 does not tell")


@pytest.mark.parametrize("feed", ["accept", "pend", "dramsim2", "dramsim2 --ticks 5000"])
def test_cross_check(scanfuse, attached, trace, feed):
    line = f"replay mase_own.trc {RANKS} --cross-check --feed {feed}"
    status, _, err = scanfuse(line)
    verdict = "every acceptance, completion and energy is the attached DRAMSim2's"
    said = f"scanfuse: cross-check: 400 requests: {verdict}\n"
    assert (status, err) == (0, said)
    assert scanfuse(f"{line} --dram-backend dramsim2")[::2] == (0, said)


def test_cross_check_tells_the_first_difference(scanfuse, attached, trace, monkeypatch):
    """The attached one is given other settings than it should have."""
    right = process.device_ini

    def check(key, value, words):
        with monkeypatch.context() as patch:
            patch.setattr(
                process, "device_ini", lambda config: re.sub(f"{key}=.*", f"{key}={value}", right(config))
            )
            status, out, err = scanfuse(f"replay mase_own.trc {RANKS} --cross-check")
        assert status == 1 and "400 requests" in out
        assert re.fullmatch(f"scanfuse: cross-check: {words}\n", err)

    check(
        "tWR",
        13,
        r"request \d+, (read|write) of 0x[0-9a-f]+: (accepted|completed) in tick \d+ by the engine, "
        r"in tick \d+ by DRAMSim2",
    )
    check(
        "IDD5",
        241,
        "refresh energy of channel 0, rank 0: 105376 mA x ticks by the engine, 105968 by DRAMSim2",
    )


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("exit", r"exited with status 0; the last it said: .* \| == Error - the bare library has had enough"),
        ("crash", "was ended by SIGSEGV; the last it said: == Loading device model file 'device.ini' =="),
        (
            "stranger",
            r"exited with status 70; .* \| scanfuse: a callback came for a request .* not under way",
        ),
        ("power", r"exited with status 70; .* \| scanfuse: powers came at other times than .*"),
    ],
)
def test_a_library_that_misbehaves(scanfuse, attached_bare, trace, monkeypatch, how, words):
    monkeypatch.setenv("BARE", how)
    status, out, err = scanfuse(f"replay mase_own.trc {RANKS} --dram-backend dramsim2")
    assert (status, out) == (2, "")
    assert re.fullmatch(f"scanfuse: error: DRAMSim2 {words}\n", err)


def test_a_library_that_prints(scanfuse, attached_bare, trace, monkeypatch):
    plain = scanfuse(f"replay mase_own.trc {RANKS} --dram-backend dramsim2")
    monkeypatch.setenv("BARE", "print")
    assert scanfuse(f"replay mase_own.trc {RANKS} --dram-backend dramsim2") == plain
    assert plain[0] == 0 and plain[2] == ""


def test_ctrl_c(attached_bare, trace, tmp_path):
    """Also while the library does not come back."""
    command = [
        sys.executable,
        "-m",
        "scanfuse",
        *f"replay mase_own.trc {RANKS} --dram-backend dramsim2".split(),
    ]
    (tmp_path / "temporary").mkdir()
    env = {**os.environ, "BARE": "hang", "TMPDIR": str(tmp_path / "temporary")}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    running = subprocess.Popen(command, cwd=tmp_path, env=env, **pipes)
    deadline = time.monotonic() + 60
    while not list((tmp_path / "temporary").glob("*/hanging")):
        assert running.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert (running.returncode, out, err) == (130, "", "scanfuse: interrupted\n")
    assert list((tmp_path / "temporary").iterdir()) == []


def test_run_and_compare(scanfuse, attached, tmp_path):
    network = "mobilenet_v1 --resolution 32 --width 0.25"
    backends = ("", "--dram-backend dramsim2")
    lines = [f"run {network} --format json --out runs/{i} {each}" for i, each in enumerate(backends)]
    ours, theirs = (json.loads(scanfuse(line)[1]) for line in lines)
    bandwidth = ("dram_bandwidth_gb_s", "bandwidth_utilization", "stall_bandwidth_utilization")
    unknown = ("row_activations", "row_hit_rate", "activations_per_mb", *bandwidth)
    assert theirs["total"] == {k: None if k in unknown else v for k, v in ours["total"].items()}
    caused = (*unknown, "dram_act_nj", "dram_burst_nj", "dram_nj", "total_nj")
    expected = [{k: None if k in caused else v for k, v in row.items()} for row in ours["layers"]]
    assert theirs["layers"] == expected
    other, summary = (json.loads((tmp_path / f"runs/{i}/summary.json").read_text()) for i in (0, 1))
    assert summary["counters"] is None and other["counters"]
    assert summary["accumulators"] == other["accumulators"] and summary["dram_ticks"] == other["dram_ticks"]
    status, out, _ = scanfuse("run runs/1/config.toml --out runs/2 --layers 3-5")
    assert status == 0 and re.search(r"^DRAM uJ: refresh [0-9.]+, standby [0-9.]+$", out, re.MULTILINE)
    line = f"compare {network} --schedules fused --per-layer --set dram.backend=dramsim2"
    status, out, _ = scanfuse(line)
    assert status == 0 and f"{ours['total']['dram_nj'] * 1e-3:,.1f}" in out.split("\n\n")[1]


def test_golden_figures_are_the_engine_s(scanfuse, tmp_path):
    (tmp_path / "g.toml").write_text(
        '[run]\nnetwork = "mobilenet_v2"\nschedule = "fused"\nsettings = ["dram.backend=dramsim2"]\n'
    )
    status, _, err = scanfuse("check g.toml")
    assert (status, err) == (2, "scanfuse: error: g.toml: dram.backend=dramsim2: must be engine\n")

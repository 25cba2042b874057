"""Is the rest of DRAMSim2's interface there: settings, files, errors, several systems? Is idling cheap?"""

import shutil
import subprocess

import pytest
from host_programs import ROOT, call, write_ini

from scanfuse.dram import DramConfig, replay

PART = "DDR3_micron_16M_8B_x8_sg15"


@pytest.fixture
def inis(tmp_path):
    """device.ini, system.ini and other.ini in tmp_path."""
    parts = ROOT / "src" / "scanfuse" / "dram"
    shutil.copy(parts / "parts" / f"{PART}.ini", tmp_path / "device.ini")
    shutil.copy(parts / "systems" / "default.ini", tmp_path / "system.ini")
    text = (tmp_path / "system.ini").read_text()
    (tmp_path / "other.ini").write_text(text.replace("TRANS_QUEUE_DEPTH=32", "TRANS_QUEUE_DEPTH=7"))
    (tmp_path / "bad.ini").write_text(text + "\nCMD_QUEUE_DEPTH=1\n")
    (tmp_path / "missing.ini").write_text(text.replace("EPOCH_LENGTH", "EPOCHLENGTH"))
    return tmp_path


def test_settings_files_and_errors(host, inis, monkeypatch):
    (inis / "dramsim.log").write_text("mine\n")
    monkeypatch.setenv("SIM_DESC", "")
    monkeypatch.delenv("SIM_DESC")
    told = call(host("interface_host"), "device.ini", "system.ini", "other.ini", cwd=inis).splitlines()
    assert told[:5] == ["0 32", "0 7", "0 0", "0 1.50", "-1 -1 -1 -1"]
    assert told[5] == "0 6"
    assert told[6] == "32 0 1"
    assert told[-4] == "nowhere.ini: cannot be read"
    assert told[-3].startswith("capacity_mib=3: must be a power of two")
    bad = len((inis / "bad.ini").read_text().splitlines())
    assert told[-2] == f"bad.ini:{bad}: CMD_QUEUE_DEPTH=1: must be at least 2"
    assert told[-1] == "device.ini, missing.ini: missing EPOCH_LENGTH"
    assert "transactions since the start 33 (2112 bytes)" in "\n".join(told[7:-4])

    assert (inis / "dramsim.log").read_text() == "mine\n"
    log = (inis / "dramsim.1.log").read_text()
    assert "from the host" in log and "rank 1" in log
    names = sorted(str(path.relative_to(inis)) for path in inis.rglob("*.vis"))
    name = "device/2GB.1Ch.2R.scheme2.open_page.32TQ.32CQ.RtB.pRank.vis"
    other = "device/4GB.1Ch.4R.scheme2.open_page.7TQ.32CQ.RtB.pRank.vis"
    assert names == [f"results/k6_one.trc/{name}", f"results/two/{other}"]


def test_log_of_commands(host, inis):
    """VERIFICATION_OUTPUT: each command in the tick in which its rank gets it."""
    (inis / "system.ini").write_text((inis / "system.ini").read_text() + "VERIFICATION_OUTPUT=true\n")
    call(host("interface_host"), "device.ini", "system.ini", "other.ini", cwd=inis)
    lines = (inis / "sim_out_device.ini.tmp").read_text().splitlines()
    cfg = DramConfig.from_ini(PART)
    done = replay(
        [1] * 33, [64] * 32 + [128], [1] * 32 + [0], cfg, force=[1] * 33, commands=True, total_ticks=501
    )
    shapes = {
        "RD": "read ({0},{1},{3},0);",
        "WR": "write ({0},{1},{3},0 , 0, 'h0);",
        "ACT": "activate ({0},{1},{2});",
        "PRE": "precharge ({0},{1},0);",
        "REF": "refresh ({0});",
    }
    rows = done.commands[["tick", "command", "rank", "bank", "row", "column"]].itertuples(index=False)
    expected = [f"{tick + 1}: {shapes[name].format(*at)}" for tick, name, *at in rows if name in shapes]
    assert lines == expected and len(lines) > 40


def test_an_idle_update_costs_nanoseconds(host, inis):
    """Measured 3 ns with -O3; here unoptimised across files and on a busy machine."""
    least = min(
        float(call(host("idle_host"), "device.ini", "system.ini", 20_000_000, cwd=inis)) for _ in range(3)
    )
    assert least < 20


@pytest.mark.slow
def test_cmake_builds_and_installs_it(inis, tmp_path):
    cmake = shutil.which("cmake")
    if cmake is None:
        pytest.skip("no cmake on this machine")
    build, prefix = tmp_path / "build", tmp_path / "prefix"
    call(cmake, "-S", ROOT, "-B", build, "-DSCANFUSE_DRAMSIM2_API=ON", "-DSCANFUSE_WERROR=ON")
    call(cmake, "--build", build, "--parallel", "2")
    call(cmake, "--install", build, "--prefix", prefix)
    (library,) = prefix.rglob("libdramsim.so")
    source = ROOT / "tests" / "dramsim2_api" / "hosts" / "idle_host.cpp"
    link = ["-L", library.parent, "-ldramsim", f"-Wl,-rpath,{library.parent}"]
    call("c++", "-I", prefix / "include", source, "-o", tmp_path / "idle", *link)
    assert float(call(tmp_path / "idle", "device.ini", "system.ini", 1000, cwd=inis)) > 0
    symbols = subprocess.run(["nm", "-D", library], capture_output=True, text=True, check=False)
    if symbols.returncode == 0:
        assert "libdramsim_is_present" in symbols.stdout and "scanfuse4dram" not in symbols.stdout


def test_write_ini_is_read_alike(tmp_path):
    """What the other tests write is what they mean."""
    path = write_ini(tmp_path / "x.ini", {"USE_LOW_POWER": True, "tCK": 1.5})
    assert path.read_text() == "USE_LOW_POWER=true\ntCK=1.5\n"

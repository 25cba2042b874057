"""Is nothing half-written left behind, whatever cuts a command short? Real processes, real signals."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scanfuse.results.files import check_writable_folder, write_whole

LONG = "run vgg16 --schedule raster --out out --save-trace requests.csv"  # takes many seconds
SHORT = "run mobilenet_v2 --resolution 32 --schedule fixed --out out"


def start(line: str, folder: Path, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "scanfuse", *line.split()]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen(command, cwd=folder, text=True, **pipes)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize("after_s", [1.0, 3.0], ids=["early", "late"])
def test_ctrl_c(tmp_path, after_s):
    running = start(LONG, tmp_path)
    time.sleep(after_s)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err) == (130, "", "scanfuse: interrupted\n")
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_while_a_file_is_written(tmp_path):
    path = tmp_path / "summary.json"
    path.write_text("as it was")

    def interrupted(temporary: Path) -> None:
        temporary.write_text("half")
        assert path.read_text() == "as it was"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(path, interrupted)
    assert [file.name for file in tmp_path.iterdir()] == ["summary.json"]
    assert path.read_text() == "as it was"


def test_a_reader_that_leaves_early_is_no_error(tmp_path):
    read, write = os.pipe()
    os.close(read)
    running = start(SHORT, tmp_path, stdout=write)
    os.close(write)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 141
    assert "Traceback" not in err and "Broken pipe" not in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_of(tmp_path):
    with open("/dev/full", "w") as full:
        running = start(SHORT, tmp_path, stdout=full)
        _, err = running.communicate(timeout=60)
    assert running.returncode == 2
    assert err.splitlines()[-1] == "scanfuse: error: No space left on device"
    assert "Traceback" not in err and "Exception ignored" not in err


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="needs a user without all rights")
def test_a_folder_without_rights_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match="cannot be written"):
        check_writable_folder(tmp_path / "out")


def test_bad_input_to_a_real_process(tmp_path):
    running = start("run mobilnet_v2", tmp_path)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (2, "")
    assert err.startswith("scanfuse: error: unknown network 'mobilnet_v2' (did you mean mobilenet_v2?)")
    assert err.count("\n") == 1

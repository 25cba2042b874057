"""Where an optional package is absent: does scanfuse do all the rest, and name the extra to install?"""

import subprocess
import sys

import pytest

BLOCKED = """\
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {packages!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
from scanfuse.cli import main
sys.exit(main({arguments!r}))
"""
OPTIONAL = ("onnx", "matplotlib", "distributed", "dask", "zstandard", "cffi", "pytest", "hypothesis", "yaml")


def run_without(packages, line, folder):
    code = BLOCKED.format(packages=set(packages), arguments=line.split())
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "line",
    [
        "doctor",
        "list networks",
        "show mobilenet_v2",
        "run mobilenet_v2 --resolution 32 --schedule raster --save-trace t.csv",
        "compare mobilenet_v2 --resolution 32 --schedules raster,deep --report page.html",
        "map mobilenet_v2 --resolution 32",
        "completion bash",
        "sweep one.toml --jobs 1",
    ],
)
def test_all_else_runs_without_optional_packages(line, tmp_path):
    (tmp_path / "one.toml").write_text('[[points]]\nnetwork = "mobilenet_v2"\nresolution = 32')
    done = run_without(OPTIONAL, line, tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("package", "extra", "line"),
    [
        ("onnx", "onnx", "run model.onnx"),
        ("matplotlib", "plot", "sweep one.toml --plot"),
        ("distributed", "cluster", "sweep one.toml --cluster tcp://127.0.0.1:9"),
        ("cffi", "dramsim2", "dramsim2 attach --root ."),
        pytest.param(
            "zstandard", "zstd", "replay trace.csv.zst",
            marks=pytest.mark.skipif(sys.version_info >= (3, 14), reason="Python has zstd itself"),
        ),
    ],
)  # fmt: skip
def test_a_command_that_needs_one_names_the_extra(package, extra, line, tmp_path):
    for name in ("model.onnx", "trace.csv.zst", "DRAMSim.h", "libdramsim.so"):
        (tmp_path / name).write_bytes(b"(\xb5/\xfd")
    (tmp_path / "one.toml").write_text('[[points]]\nnetwork = "mobilenet_v2"\nresolution = 32')
    done = run_without([package], line, tmp_path)
    assert done.returncode == 2, done.stderr
    error = done.stderr.splitlines()[-1]
    assert error.startswith("scanfuse: error: ") and f"scanfuse[{extra}]" in error
    assert "Traceback" not in done.stderr

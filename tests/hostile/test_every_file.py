"""Every kind of file that a command reads, spoilt in every way: one line that names the file, and exit 2?"""

import os
import shlex
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from onnx import helper

from scanfuse.cli import main
from scanfuse.dram import DramConfig, write_trace
from scanfuse.dram.parts import part_path

PART = "DDR3_micron_32M_8B_x8_sg15"
SMALL = "mobilenet_v2 --resolution 32 --width 0.35 --schedule raster"
# What reads each kind of file.
READERS = {
    "net.onnx": "show net.onnx",
    "net.csv": "show net.csv",
    "hardware.toml": f"map {SMALL} --hardware hardware.toml",
    "hardware.cfg": f"map {SMALL} --hardware hardware.cfg",
    "part.ini": f"run {SMALL} --dram part.ini --out out",
    "system.ini": f"replay trace.csv --dram {PART} --system system.ini",
    "energies.toml": f"run {SMALL} --set energy.source=energies.toml --out out",
    "mapping.toml": "map --mapping mapping.toml",
    "mapping.json": "map --mapping mapping.json",
    "config.toml": "run config.toml --out out",
    "golden.toml": "check golden.toml",
    "sweep.toml": "sweep sweep.toml --jobs 1 --out out",
    "summary.json": "replay trace.csv --verify-against summary.json",
    "trace.csv": "replay trace.csv",
    "trace.csv.gz": "replay trace.csv.gz",
    "trace.csv.zst": "replay trace.csv.zst",
    "trace.npz": "replay trace.npz",
    "trace.parquet": "replay trace.parquet",
    "trace.trc": f"replay trace.trc --from mase --dram {PART}",
    "k6_trace.trc": f"replay k6_trace.trc --from k6 --dram {PART}",
    "to_convert.trace": f"convert to_convert.trace out.csv --from ramulator --dram {PART}",
}
GARBAGE = bytes(range(1, 256)) * 8


def missing(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def truncated(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 3 // 5 - 3])


def binary(path: Path) -> None:
    path.write_bytes(GARBAGE)


def zeros(path: Path) -> None:
    path.write_bytes(bytes(4096))


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


WAYS = (missing, empty, truncated, binary, zeros, a_folder)
GOOD = {  # cut here, or with nothing in it, it is another file, but a whole one
    ("net.csv", truncated), ("hardware.toml", truncated), ("hardware.toml", empty),
    ("part.ini", truncated), ("system.ini", truncated), ("system.ini", empty),
    ("energies.toml", truncated), ("golden.toml", truncated),
    ("trace.trc", truncated), ("k6_trace.trc", truncated), ("to_convert.trace", truncated),
    ("mapping.toml", truncated), ("config.toml", truncated),
}  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A file of every kind as it should be."""
    folder = tmp_path_factory.mktemp("whole")
    here = Path.cwd()
    os.chdir(folder)
    try:
        make_files(folder)
    finally:
        os.chdir(here)
    return folder


def make_files(folder):
    ends = [helper.make_tensor_value_info(name, 1, [1, 3, 8, 8]) for name in "xy"]
    weight = helper.make_tensor("w", 1, [4, 3, 1, 1], np.ones(12, np.float32))
    conv = helper.make_node("Conv", ["x", "w"], ["y"], kernel_shape=[1, 1])
    out = helper.make_tensor_value_info("y", 1, [1, 4, 8, 8])
    graph = helper.make_graph([conv], "g", ends[:1], [out], [weight])
    (folder / "net.onnx").write_bytes(helper.make_model(graph).SerializeToString())
    heads = "Layer name,IFMAP Height,IFMAP Width,Filter Height,Filter Width,Channels,Num Filter,Strides\n"
    (folder / "net.csv").write_text(heads + "first, 8, 8, 1, 1, 3, 4, 1,\nsecond, 8, 8, 1, 1, 4, 4, 1,\n")
    (folder / "hardware.toml").write_text("[pe_array]\nrows = 16\n[buffer]\nentries = 8192\n")
    (folder / "hardware.cfg").write_text(
        "[architecture_presets]\nArrayHeight: 8\nArrayWidth: 8\nIfmapSramSzkB: 8\nFilterSramSzkB: 8\n"
        "OfmapSramSzkB: 8\nDataflow: ws\n"
    )
    (folder / "part.ini").write_bytes(part_path(PART).read_bytes())
    (folder / "system.ini").write_text(files("scanfuse.dram.systems").joinpath("default.ini").read_text())
    table = files("scanfuse.hardware.energy") / "horowitz_2014.toml"
    (folder / "energies.toml").write_bytes(table.read_bytes())
    stream = np.arange(200), 64 * np.arange(200), np.arange(200) % 3 == 0
    config = DramConfig.from_ini(PART)
    for name in ("trace.csv", "trace.csv.gz", "trace.csv.zst", "trace.npz", "trace.parquet"):
        write_trace(name, *stream, cfg=config, metadata={"requests": 200})
    (folder / "trace.trc").write_text("".join(f"{64 * i:#x} READ {i}\n" for i in range(200)))
    (folder / "k6_trace.trc").write_text("".join(f"{64 * i:#x} P_MEM_RD {i}\n" for i in range(200)))
    (folder / "to_convert.trace").write_text("".join(f"{64 * i:#x} R\n" for i in range(200)))
    assert main(["replay", "trace.csv", "--summary-out", "summary.json"]) == 0
    assert main(shlex.split(f"map {SMALL} -o mapping.toml")) == 0
    assert main(shlex.split(f"map {SMALL} -o mapping.json")) == 0
    asked = '[run]\nnetwork = "mobilenet_v2"\nresolution = 32\nwidth = 0.35\nschedule = "raster"\n'
    (folder / "golden.toml").write_text(asked)
    assert main(["check", "--update", "golden.toml"]) == 0
    (folder / "config.toml").write_text(asked)
    (folder / "sweep.toml").write_text('[[points]]\nnetwork = "net.csv"\n')


@pytest.fixture
def place(whole, tmp_path, monkeypatch, capsys):
    for path in whole.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    return tmp_path


@pytest.mark.parametrize("name", READERS)
def test_the_file_as_it_should_be(name, place):
    assert main(shlex.split(READERS[name])) == 0


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("name", READERS)
def test_a_spoilt_file(name, way, place, capsys):
    if (name, way) in GOOD:
        return
    way(place / name)
    before = sorted(place.rglob("*"))
    status = main(shlex.split(READERS[name]))
    captured = capsys.readouterr()
    assert (status, captured.out) == (2, "")
    assert captured.err.startswith("scanfuse: error: ") and captured.err.count("\n") == 1
    assert name in captured.err and len(captured.err) < 1000
    assert sorted(place.rglob("*")) == before

"""`scanfuse check`: golden files are made, held to, and say what moved."""

import re

import pytest

RUN = '[run]\nnetwork = "mobilenet_v2"\nschedule = "raster"\nresolution = 32\n'


@pytest.fixture
def golden(scanfuse, tmp_path):
    """A golden file of a small run."""
    path = tmp_path / "small.toml"
    path.write_text(RUN)
    done = scanfuse("check --update small.toml")
    assert (done.status, done.out) == (0, "small.toml: made\n")
    return path


def test_update_then_check(scanfuse, golden):
    done = scanfuse("check small.toml")
    assert (done.status, done.out, done.err) == (0, "small.toml: as before\n", "")
    before = golden.read_text()
    assert scanfuse("check --update small.toml").out == "small.toml: as before, updated\n"
    assert golden.read_text() == before


def test_a_golden_file_has_a_line_per_layer(golden):
    lines = golden.read_text().splitlines()
    assert sum(line.startswith(("b1", '"b')) for line in lines) == 60
    assert all(len(line) < 1000 for line in lines)


def test_what_moved_is_named_by_layer_and_figure(scanfuse, golden):
    text = golden.read_text()
    entries = int(re.search(r"^entries = (\d+)$", text, re.M)[1])
    stem = re.search(r"^stem = \[(\d+), (\d+), (\d+)", text, re.M)
    changed = text.replace(f"entries = {entries}", f"entries = {entries - 1000}")
    changed = changed.replace(stem[0], f"stem = [{stem[1]}, {stem[2]}, {int(stem[3]) + 7}")
    golden.write_text(changed)
    done = scanfuse("check small.toml")
    assert done.status == 1
    rows = [line.split() for line in done.out.splitlines()]
    assert rows[0] == ["small.toml:", "2", "figures", "moved"]
    assert ["figures", "entries", f"{entries - 1000:,}", f"{entries:,}", "+1,000"] in [
        row[:5] for row in rows
    ]
    cycles = int(stem[3])
    assert ["layers.stem", "cycles", f"{cycles + 7:,}", f"{cycles:,}", "-7"] in [row[:5] for row in rows]
    assert done.err.startswith("scanfuse: figures moved") and done.err.count("\n") == 1


def test_energies_have_a_tolerance_and_counts_have_none(scanfuse, golden):
    text = golden.read_text()
    energy = float(re.search(r"^total_nj = (\S+)$", text, re.M)[1])
    golden.write_text(text.replace(f"total_nj = {energy!r}", f"total_nj = {energy * (1 + 9e-10)!r}"))
    assert scanfuse("check small.toml").status == 0
    golden.write_text(text.replace(f"total_nj = {energy!r}", f"total_nj = {energy * (1 + 2e-9)!r}"))
    assert scanfuse("check small.toml").status == 1
    ticks = int(re.search(r"^dram_ticks = (\d+)$", text, re.M)[1])
    golden.write_text(text.replace(f"dram_ticks = {ticks}", f"dram_ticks = {ticks + 1}"))
    assert scanfuse("check small.toml").status == 1


def test_missing_and_surplus_figures_are_differences(scanfuse, golden):
    lines = golden.read_text().splitlines()
    kept = [line for line in lines if not line.startswith(("extra_macs", "stem"))]
    golden.write_text("\n".join([*kept, "unknown = [1]", ""]))
    done = scanfuse("check small.toml")
    assert done.status == 1
    assert all(name in done.out for name in ("extra_macs", "layers.stem", "layers.unknown"))


def test_several_files_all_checked(scanfuse, golden, tmp_path):
    (tmp_path / "other.toml").write_text(
        RUN.replace("raster", "fixed") + 'settings = ["buffer.entries=9000"]\n'
    )
    done = scanfuse("check other.toml small.toml")
    assert done.status == 1
    assert "other.toml:" in done.out and "small.toml: as before" in done.out
    assert scanfuse("check --update other.toml").status == 0
    assert scanfuse("check other.toml small.toml").status == 0


def test_a_replay_can_be_golden(scanfuse, tmp_path):
    scanfuse("run mobilenet_v2 --resolution 32 --schedule fixed --save-trace requests.npz")
    (tmp_path / "replay.toml").write_text('[replay]\ntrace = "requests.npz"\n')
    assert scanfuse("check --update replay.toml").status == 0
    assert scanfuse("check replay.toml").status == 0
    scanfuse("run mobilenet_v2 --resolution 32 --schedule raster --save-trace requests.npz")
    done = scanfuse("check replay.toml")
    assert done.status == 1
    assert "dram_ticks" in done.out

"""`scanfuse check`: golden files are made, held to, and say what moved."""

import re
import sys

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

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
    done = scanfuse("check --update --reason none small.toml")
    assert (done.status, done.out) == (0, "small.toml: as before\n")
    assert golden.read_text() == before


def test_figures_are_written_anew_for_a_reason_that_stays(scanfuse, golden):
    text = golden.read_text()
    energy = re.search(r"^dram_nj = (\S+)$", text, re.M)
    golden.write_text(text.replace(energy[0], f"dram_nj = {float(energy[1]) / 2!r}"))
    wrong = golden.read_text()
    done = scanfuse("check --update small.toml")
    assert done.status == 2 and "--reason" in done.err and golden.read_text() == wrong
    assert scanfuse("check --reason why small.toml").status == 2
    done = scanfuse("check --update --reason 'the \"old\" figure was half' small.toml")
    assert done.status == 0 and "small.toml: 1 figure moved; DRAM energy +100.000%; updated" in done.out
    assert golden.read_text().startswith(text)
    (update,) = tomllib.loads(golden.read_text())["updates"]
    assert update["reason"] == 'the "old" figure was half'
    assert update["moved"] == "1 figure, dram_nj +100.000%"
    assert scanfuse("check small.toml").status == 0


def test_what_moved_for_programs_and_for_pages(scanfuse, golden):
    assert scanfuse("check --format json small.toml").json == [
        {"golden": "small.toml", "verdict": "as before", "moved": []}
    ]
    golden.write_text(golden.read_text().replace("tRCD = 10", "tRCD = 12"))
    done = scanfuse("check --format json small.toml")
    (row,) = done.json[0]["moved"]
    assert done.status == 1
    assert row == {
        "where": "dram", "figure": "tRCD", "golden": 12, "now": 10, "delta": -2, "relative": -2 / 12,
    }  # fmt: skip
    page = scanfuse("check --format markdown small.toml").out
    assert "| dram | tRCD | 12 | 10 | -2 | -16.667% |" in page.splitlines()


def test_a_tolerance_is_stated_in_the_file_and_spares_no_count(scanfuse, golden):
    text = golden.read_text()
    assert "\nrelative_tolerance = 1e-09\n" in text
    energy = float(re.search(r"^total_nj = (\S+)$", text, re.M)[1])
    text = text.replace("relative_tolerance = 1e-09", "relative_tolerance = 0.01")
    golden.write_text(text.replace(f"total_nj = {energy!r}", f"total_nj = {energy * 1.009!r}"))
    assert scanfuse("check small.toml").status == 0
    golden.write_text(text.replace(f"total_nj = {energy!r}", f"total_nj = {energy * 1.02!r}"))
    assert scanfuse("check small.toml").status == 1
    bursts = re.search(r"^burst = (\d+)$", text, re.M)
    golden.write_text(text.replace(bursts[0], f"burst = {int(bursts[1]) + 1}"))
    assert scanfuse("check small.toml").status == 1


@pytest.mark.parametrize(
    "line, said",
    [
        ("relative_tolerance = 1", "run.relative_tolerance: must be from 0 to less than 1, got 1"),
        ("relative_tolerance = nan", "run.relative_tolerance: must be from 0 to less than 1, got nan"),
        ("relative_tolerance = true", "run.relative_tolerance: expected float, got True"),
        ("resolutoin = 32", "run.resolutoin: unknown key"),
        ('mapping = "own.toml"', "run.network: the mapping says how its network runs: leave it out"),
    ],
)
def test_a_wrong_table_is_refused(scanfuse, tmp_path, line, said):
    (tmp_path / "wrong.toml").write_text(RUN + line + "\n")
    done = scanfuse("check wrong.toml")
    assert done.status == 2
    assert done.err.startswith(f"scanfuse: error: wrong.toml: {said}") and done.err.count("\n") == 1


def test_a_golden_file_has_a_line_per_layer(golden):
    lines = golden.read_text().splitlines()
    layers = lines[lines.index("[layers]") :]
    assert sum(line.startswith(("b1", '"b')) for line in layers) == 60
    assert all(len(line) < 1000 for line in lines)


def test_what_moved_is_named_by_layer_and_figure(scanfuse, golden):
    text = golden.read_text()
    entries = int(re.search(r"^entries = (\d+)$", text, re.M)[1])
    stem = re.search(r"^stem = \[(\d+), (\d+), (\d+)", text[text.index("[layers]") :], re.M)
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
    kept = [line for line in lines if not line.startswith(("extra_macs", "stem = ["))]
    golden.write_text("\n".join([*kept, "unknown = [1]", ""]))
    done = scanfuse("check small.toml")
    assert done.status == 1
    assert all(name in done.out for name in ("extra_macs", "layers.stem", "layers.unknown"))


def test_several_files_all_checked(scanfuse, golden, tmp_path):
    (tmp_path / "other.toml").write_text(
        RUN.replace("raster", "fixed") + 'settings = ["buffer.entries=9000"]\n'
    )
    done = scanfuse("check small.toml other.toml")
    assert done.status == 2
    assert done.out == "small.toml: as before\n"
    assert "other.toml: has no figures yet: scanfuse check --update other.toml" in done.err
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

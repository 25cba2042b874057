"""`scanfuse map`, `scanfuse explain` and `scanfuse run --mapping`: search, save, edit, run, understand."""

import io
import json
import re
import shutil

import pandas as pd
import pytest

import scanfuse as front
from scanfuse.commands import explain as explain_command
from scanfuse.commands import map as mapping_command
from scanfuse.network import layer_by_layer_entries, load, network_entries
from scanfuse.results.setup import tomllib

SMALL = "mobilenet_v2 --resolution 32 --width 0.35"


def figures_of(path) -> dict:
    """The summary of a run folder, without what it was asked as and what was verified."""
    found = json.loads(path.read_text())
    return {key: value for key, value in found.items() if key not in ("run", "verified")}


def test_the_table_has_a_row_per_group_and_the_bounds(scanfuse):
    done = scanfuse(f"map {SMALL}")
    assert (done.status, done.err) == (0, "")
    title, _, heading, _, *rows = done.out.splitlines()
    assert title.startswith("mobilenet_v2_0.35_32, fused, on paper: ")
    assert heading.split()[:4] == ["#", "layers", "cut", "entries"]
    assert [row.split()[0] for row in rows[:21]] == [str(number) for number in range(21)]
    assert rows[3].startswith("3   b3.expand to b3.add         block, band ")
    assert rows[22].split()[0] == "total"
    network = load("mobilenet_v2", 32, 0.35)
    least = f"{layer_by_layer_entries(network):,} layer by layer, {network_entries(network):,} for any"
    assert rows[24] == f"least entries: {least} schedule"
    assert "below the least that layer by layer can move" in rows[25]


def test_json_is_as_promised_and_agrees_with_the_run(scanfuse, tmp_path):
    document = scanfuse(f"map {SMALL} --schedule scan --set buffer.entries=3000 --format json").json
    assert {"network", "schedule", "entries", "extra_macs", "bounds", "groups"} <= document.keys()
    assert (document["network"], document["schedule"]) == ("mobilenet_v2_0.35_32", "scan")
    groups = document["groups"]
    for name in ("entries", "least_entries", "bursts", "extra_macs", "steps"):
        assert document[name] == sum(group[name] for group in groups)
    assert document["live_entries"] == max(group["live_entries"] for group in groups) <= 3000
    layers = [layer.name for layer in load("mobilenet_v2", 32, 0.35).layers]
    assert [name for group in groups for name in group["layers"]] == layers
    for group in groups:
        assert group["entries"] >= group["least_entries"] >= group["compulsory_entries"]
    products = [group for group in groups if group["matmul_io_entries"] is not None]
    assert (
        len(products)
        == 35
        == sum(
            "project" in g["layer"] or "expand" in g["layer"] or g["layer"] in ("head", "classifier")
            for g in groups
        )
    )
    scanfuse(f"run {SMALL} --schedule scan --set buffer.entries=3000 --out out")
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["entries"] == document["entries"]
    assert summary["total"]["dram_requests"] == document["bursts"]
    assert summary["total"]["peak_buffer_entries"] == document["live_entries"]


def test_a_small_buffer_lifts_the_bound_of_a_product(scanfuse):
    done = scanfuse(f"map {SMALL} --schedule scan --set buffer.entries=120 --format csv")
    table = pd.read_csv(io.StringIO(done.out))
    lifted = table[table["matmul_io_entries"] > table["compulsory_entries"]]
    assert len(lifted) > 3
    assert (lifted["least_entries"] == lifted["matmul_io_entries"]).all()
    assert (table["entries"] >= table["least_entries"]).all()


def test_csv_has_a_row_per_group(scanfuse):
    table = pd.read_csv(io.StringIO(scanfuse(f"map {SMALL} --format csv").out))
    assert len(table) == 21 and table["group"].tolist() == list(range(21))
    assert table["layers"][3] == "b3.expand b3.depthwise b3.project b3.add"


@pytest.mark.parametrize("name", ["mine.toml", "mine.json"])
def test_a_saved_mapping_shows_and_runs_as_the_schedule_did(scanfuse, tmp_path, name):
    searched = scanfuse(f"map {SMALL} -o {name}")
    assert searched.err == f"scanfuse: wrote {name}\n"
    shown = scanfuse(f"map --mapping {name}")
    assert shown.out.splitlines()[1:] == searched.out.splitlines()[1:]
    assert shown.out.startswith(f"mobilenet_v2_0.35_32, fused ({name}), on paper")
    scanfuse(f"run {SMALL} --out searched")
    done = scanfuse(f"run --mapping {name} --verify")
    assert done.status == 0 and "outputs of 64 layers equal" in done.err
    folder = tmp_path / "runs" / "mobilenet_v2_0.35_32-mine"
    assert figures_of(folder / "summary.json") == figures_of(tmp_path / "searched" / "summary.json")
    assert (folder / "mapping.toml").read_text() == (tmp_path / "searched" / "mapping.toml").read_text()
    assert front.load_mapping(tmp_path / name) == front.load_mapping(folder / "mapping.toml")


def edit(path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_mapping_edited_by_hand_runs_and_repeats_to_the_bit(scanfuse, tmp_path):
    scanfuse(f"map {SMALL} --schedule scan --set buffer.entries=9000 -o mine.toml")
    edit(tmp_path / "mine.toml", 'schedule = "scan"', 'schedule = "my own"')
    edit(tmp_path / "mine.toml", "tile_q = 16", "tile_q = 5")
    first = scanfuse("run --mapping mine.toml --set buffer.entries=9000 --out first --format json")
    assert first.status == 0
    found = scanfuse(f"run {SMALL} --schedule scan --set buffer.entries=9000 --out other --format json")
    assert found.json["total"]["cycles"] != first.json["total"]["cycles"]
    config = tomllib.loads((tmp_path / "first" / "config.toml").read_text())["run"]
    assert "schedule" not in config and config["mapping"] == "mapping.toml"
    (tmp_path / "mine.toml").unlink()
    shutil.move(tmp_path / "first", tmp_path / "moved")
    again = scanfuse("run moved/config.toml --out again --format json")
    assert again.out == first.out
    for path in (tmp_path / "moved").iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()
    assert "my own (moved/mapping.toml), on paper" in scanfuse("run moved/config.toml --out again").out


def test_a_mapping_that_was_given_stays_and_one_that_was_searched_for_is_searched_anew(scanfuse, tmp_path):
    scanfuse(f"map {SMALL} --schedule fixed --set buffer.entries=3000 -o mine.toml")
    scanfuse("run --mapping mine.toml --out given")
    scanfuse(f"run {SMALL} --schedule fixed --set buffer.entries=3000 --out searched")
    for name, same in (("given", True), ("searched", False)):
        done = scanfuse(f"run {name}/config.toml --set buffer.entries=200000 --out bigger")
        assert done.status == 0
        mapping = (tmp_path / "bigger" / "mapping.toml").read_text()
        assert (mapping == (tmp_path / "mine.toml").read_text()) is same
    done = scanfuse("run given/config.toml --schedule raster --out anew")
    assert done.status == 0
    assert 'schedule = "raster"' in (tmp_path / "anew" / "config.toml").read_text()
    done = scanfuse("run given/config.toml --resolution 64")
    assert done.status == 2
    assert "runs the mapping given/mapping.toml" in done.err and "--resolution" in done.err


def test_what_does_not_fit_is_told_with_group_step_entries_and_limit(scanfuse, tmp_path):
    scanfuse("map mobilenet_v2 -o mine.toml")
    for line in ("run --mapping mine.toml", "map --mapping mine.toml"):
        done = scanfuse(f"{line} --set buffer.entries=50000")
        assert (done.status, done.out) == (2, "")
        told = (
            r"scanfuse: error: mine.toml: step \d+ \(group 5: b5.expand, b5.depthwise, b5.project, b5.add\): "
        )
        assert re.fullmatch(told + r"\d{5} entries live, the buffer holds 50000\n", done.err)
    assert not (tmp_path / "runs").exists()


def test_a_mapping_and_hardware_that_do_not_agree_are_told_so(scanfuse):
    scanfuse(f"map {SMALL} -o mine.toml --set layout.order=nchw")
    done = scanfuse("run --mapping mine.toml --set layout.order=nhwc")
    assert done.err == (
        "scanfuse: error: mine.toml: layout: the mapping has nchw, the hardware nhwc: set layout.order=nchw\n"
    )
    done = scanfuse("run --mapping mine.toml --set buffer.psum_entries=4")
    assert "mine.toml: psum_entries: the mapping has 1, the hardware 4" in done.err


def test_a_search_can_be_explained(scanfuse):
    done = scanfuse(f"map {SMALL} --explain")
    assert done.status == 0
    reasons = re.findall(r"^group (\d+), .*: .+$", done.out, re.MULTILINE)
    assert [int(number) for number in reasons] == list(range(21))
    assert done.out.count("\nchosen ") == 21
    assert re.search(r"\nscan +3 groups ", done.out)
    document = scanfuse(f"map {SMALL} --explain --format json").json
    for one in document["explanations"]:
        chosen, *others = one["ways"]
        assert chosen["name"] == "chosen"
        assert {way["name"] for way in others} <= {"runner-up", "scan", "raster"}
        mine = [document["groups"][number] for number in one["groups"]]
        assert chosen["entries"] == sum(group["entries"] for group in mine)
        assert one["layers"] == [name for group in mine for name in group["layers"]]


def test_a_run_can_be_explained(scanfuse):
    scanfuse(f"run {SMALL} --out out")
    done = scanfuse("explain out")
    searched = scanfuse(f"map {SMALL} --explain")
    assert (done.status, done.err) == (0, "")
    assert searched.out.endswith(done.out)
    document = scanfuse("explain out --format json").json
    assert list(document) == ["network", "schedule", "explanations"]
    assert len(document["explanations"]) == 21
    table = pd.read_csv(io.StringIO(scanfuse("explain out --format csv").out))
    assert len(table) == sum(len(one["ways"]) for one in document["explanations"])


DEEP = f"{SMALL} --schedule deep --set buffer.entries=3000"


def test_cascades_are_shown_and_explained_in_lines_that_fit_a_screen(scanfuse):
    done = scanfuse(f"map {DEEP} --explain")
    assert done.status == 0
    table, *explained = done.out.split("\ngroup ")
    assert max(map(len, table.splitlines())) <= 130
    assert re.search(r"\n\d+ +\S+ to \S+ +rows \d+,( step \d,)? chunks [\d/]+, pinned( [\d/]+)? ", table)
    assert re.search(r"\n\d+ +\S+ to \S+ +chunks \d+", table)
    whole = "".join(explained)
    for way in (r"split after \S+, stored", "joined with the next", "result stored", "chunks halved"):
        assert re.search(rf"\n{way} ", whole)
    assert re.search(r"way +cut +entries +elsewhere +extra MACs +cost +peak +lacks\n", whole)


def test_ways_of_cascades_as_json_and_csv(scanfuse):
    document = scanfuse(f"map {DEEP} --explain --format json").json
    table = pd.read_csv(io.StringIO(scanfuse(f"map {DEEP} --explain --format csv").out))
    ways = [(one, way) for one in document["explanations"] for way in one["ways"]]
    assert table["way"].tolist() == [way["name"] for _, way in ways]
    assert table["entries"].tolist() == [way["entries"] for _, way in ways]
    assert table["missing_entries"].tolist() == [way["missing_entries"] for _, way in ways]
    missing = [way for _, way in ways if not way["fits"]]
    assert missing and all(way["live_entries"] == 3000 + way["missing_entries"] for way in missing)
    stored = [way for _, way in ways if way["name"] == "result stored"]
    assert stored and all(way["elsewhere"] and way["elsewhere_entries"] > 0 for way in stored)


@pytest.mark.slow
def test_the_examples_of_the_help_work_in_order(scanfuse):
    assert scanfuse("run mobilenet_v2").status == 0
    for module in (mapping_command, explain_command):
        lines = [line.strip() for line in module.EPILOG.splitlines() if line.strip().startswith("scanfuse ")]
        assert lines
        for line in lines:
            done = scanfuse(line.removeprefix("scanfuse ").split(" > ")[0])
            assert done.status == 0 and done.out, (line, done.err)


def test_from_python(tmp_path):
    network, hardware = front.load("mobilenet_v2", 32, 0.35), front.load_hardware("paper")
    mapping = front.map_network(network, "fused", hardware)
    front.save_mapping(tmp_path / "mine.toml", mapping)
    run = front.run_mapping(front.load_mapping(tmp_path / "mine.toml"), hardware)
    assert run.total == front.run(network, "fused", hardware).total

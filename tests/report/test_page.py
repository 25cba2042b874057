"""`scanfuse report`: is the page whole, true to the run's tables, and safe whatever layers are called?"""

import io
import json
import re
import shutil
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest
from pages import EVIL, Page, addresses

from scanfuse.cli import main
from scanfuse.report.run_figures import MOST_LAYERS, run_figures
from scanfuse.report.run_page import run_page
from scanfuse.results import load_record
from scanfuse.results.record import Record

FIGURES = [
    "tile-walk", "groups", "energy-by-cause", "energy-by-tensor", "latency", "roofline", "buffer",
    "bandwidth", "row-hits",
]  # fmt: skip
MOST_BYTES = 2_000_000


@pytest.fixture(scope="module")
def record(folder: Path) -> Record:
    return load_record(folder)


@pytest.fixture(scope="module")
def page(folder: Path) -> Page:
    assert main(["report", str(folder)]) == 0
    return Page((folder / "report.html").read_text("utf-8"))


def data_of(page: Page, figure: str) -> pd.DataFrame:
    kind, _, text = page.figures[figure]["href"][0].partition(",")
    assert kind == "data:text/csv;charset=utf-8"
    return pd.read_csv(io.StringIO(unquote(text)))


def test_every_figure_has_title_drawing_table_and_data(page):
    assert list(page.figures) == FIGURES
    for key, figure in page.figures.items():
        assert all(figure["h3"]) and figure["svg"] and figure["title"]
        assert figure["download"] == [f"{key}.csv"] and len(data_of(page, key)) > 0
        assert figure["details"] and figure["caption"] == figure["h3"]
        assert len(figure["tr"]) == len(data_of(page, key)) + 1
        assert all(figure["figcaption"])


def test_the_page_needs_nothing_else_and_is_small(page):
    assert len(page.text.encode()) < MOST_BYTES
    assert addresses(page.text)
    assert all(found.startswith("data:") for found in addresses(page.text))
    assert not {"link", "img", "iframe", "object", "embed", "base"} & set(page.tags)
    outside = re.findall(r"https?://[^\s\"'<]+", page.text)
    assert set(outside) <= {"http://www.w3.org/2000/svg"}  # the name of SVG, which is not fetched


def test_a_layer_named_script_stays_text(page):
    assert page.tags.count("script") == 1
    assert not any(name.startswith("on") for name, _ in page.attributes)
    assert any(EVIL in name for name in page.figures["energy-by-cause"]["td"])
    assert any(name.startswith(EVIL) for name in page.figures["energy-by-cause"]["title"])
    assert "<script>alert" not in page.text


def test_data_are_those_of_the_tables(page, folder):
    layers = pd.read_csv(folder / "layers.csv")
    for key in ("energy-by-cause", "latency", "groups"):
        data = data_of(page, key)
        pd.testing.assert_frame_equal(data, layers[list(data.columns)], check_exact=True)
    placed = data_of(page, "roofline")
    pd.testing.assert_frame_equal(placed, layers[list(placed.columns)], check_exact=True)
    timeline = pd.read_csv(folder / "timeline.csv")
    for key in ("buffer", "bandwidth", "row-hits"):
        data = data_of(page, key)
        pd.testing.assert_frame_equal(data, timeline[list(data.columns)], check_exact=True)


def test_energy_by_tensor_adds_up_to_energy_by_cause(page):
    by_tensor, by_cause = data_of(page, "energy-by-tensor"), data_of(page, "energy-by-cause")
    parts = by_tensor.drop(columns=["index", "layer", "dram_nj"]).sum(axis=1)
    assert parts.to_numpy() == pytest.approx(by_cause["dram_nj"].to_numpy(), rel=1e-12)


def test_tooltips_have_the_numbers(page, folder):
    layers = pd.read_csv(folder / "layers.csv")
    for key, column, label in (
        ("energy-by-cause", "dram_burst_nj", "burst"),
        ("energy-by-cause", "dram_background_nj", "background"),
        ("latency", "stall_us", "it waits (stall)"),
    ):
        scale = 1e-3 if column.endswith("_nj") else 1
        for name, value in zip(layers["layer"], layers[column], strict=True):
            told = [tip for tip in page.figures[key]["title"] if tip.startswith(f"{name}: {label} ")]
            (shown,) = [float(tip[len(f"{name}: {label} ") :].split()[0].replace(",", "")) for tip in told]
            assert shown == pytest.approx(value * scale, rel=1e-3)


def test_axes_and_legends_name_their_units(page):
    for key, units in {
        "energy-by-cause": "DRAM energy, µJ", "latency": "time, µs", "buffer": "entries", "bandwidth": "GB/s",
        "row-hits": "row hits, %", "roofline": "MACs per byte moved",
    }.items():  # fmt: skip
        assert units in page.figures[key]["text"]
    assert any(text.startswith("time, ") for text in page.figures["bandwidth"]["text"])


def test_the_layer_that_is_asked_for_is_walked(folder, tmp_path, record):
    walks = record.summary["walks"]
    assert {walk["layer"] for walk in walks} == {EVIL, "=1+1"}
    for walk in walks:
        for name in (walk["layer"], str(walk["index"])):
            assert main(["report", str(folder), "-o", str(tmp_path / "x.html"), "--layer", name]) == 0
            told = Page((tmp_path / "x.html").read_text("utf-8")).figures["tile-walk"]
            assert told["h3"] == [f"Raster beside Scan: the tiles of {walk['layer']}"]
            for entries in (walk["raster_entries"], walk["scan_entries"]):
                assert any(text.endswith(f": {entries:,} entries") for text in told["text"])


def test_the_totals_are_those_of_the_summary(page, record):
    total = record.summary["total"]
    shown = unescape(re.sub(r"<[^>]+>", " ", page.text[: page.text.index("<figure")]))
    assert f"{record.summary['entries']:,}" in shown
    assert f"{total['dram_nj'] / 1e3:,.4g}".replace(",", "")[:4] in shown.replace(",", "")


@pytest.mark.parametrize("lost", ["timeline.csv", "tensors.csv", "walks.csv"])
def test_an_older_folder_tells_what_it_lacks(folder, tmp_path, lost):
    shutil.copytree(folder, tmp_path / "old")
    (tmp_path / "old" / lost).unlink()
    page = Page(run_page(load_record(tmp_path / "old")))
    missing = [key for key, figure in page.figures.items() if not figure.get("svg")]
    assert missing
    for key in missing:
        assert any(lost in text or "groups in summary.json" in text for text in page.figures[key]["p"])


def test_a_folder_of_the_first_version_is_reported(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "old")
    for name in ("timeline.csv", "tensors.csv", "walks.csv"):
        (tmp_path / "old" / name).unlink()
    path = tmp_path / "old" / "summary.json"
    summary = json.loads(path.read_text())
    for key in ("rows", "groups", "edges", "walks", "buffer_entries"):
        del summary[key]
    path.write_text(json.dumps(summary))
    page = Page(run_page(load_record(tmp_path / "old")))
    drawn = [key for key, figure in page.figures.items() if figure.get("svg")]
    assert drawn == ["energy-by-cause", "latency", "roofline"]


def test_what_an_attached_dramsim2_does_not_tell_is_said(record):
    layers = record.layers.assign(dram_nj=None, dram_act_nj=None, dram_burst_nj=None)
    told = ["dram_read_gb_s", "dram_write_gb_s", "row_hit_rate", "dram_read_bytes", "dram_write_bytes"]
    timeline = record.timeline.assign(**dict.fromkeys(told))
    page = Page(run_page(Record(record.summary, layers, record.tensors, timeline, record.walks)))
    for key in ("energy-by-cause", "energy-by-tensor", "bandwidth", "row-hits"):
        assert any("does not tell" in text for text in page.figures[key]["p"])
    assert page.figures["buffer"]["svg"] and page.figures["latency"]["svg"]


def test_a_network_of_a_thousand_layers_stays_small(record):
    count = 1000
    layers = pd.concat([record.layers] * count, ignore_index=True).iloc[:count]
    layers = layers.assign(index=range(count), layer=[f"block.{i}.a.long.name" for i in range(count)])
    tensors = pd.concat([record.tensors] * count, ignore_index=True).iloc[: 5 * count]
    tensors = tensors.assign(index=[i // 5 for i in range(5 * count)])
    groups = [{**record.summary["groups"][0], "group": 0, "layers": list(range(count))}]
    edges = [{"from": i - 1, "to": i, "map": f"map.{i}", "as": "ifmap", "entries": i} for i in range(count)]
    summary = record.summary | {"groups": groups, "edges": edges}
    large = Record(summary, layers.assign(group=0), tensors, record.timeline, record.walks)
    text = run_page(large)
    assert len(text.encode()) < MOST_BYTES
    (figure,) = [figure for figure in run_figures(large) if figure.key == "energy-by-cause"]
    assert len(figure.data) == MOST_LAYERS and "layers.csv has all" in figure.note


def test_what_no_file_can_hold_is_replaced(record):
    layers = record.layers.assign(layer=["a\x00b", "", "c"])
    odd = Record(
        record.summary | {"network": "\ud800"}, layers, record.tensors, record.timeline, record.walks
    )
    run_page(odd).encode("utf-8")


def test_names_that_look_alike_are_told_apart_by_index(record):
    names = [f"/features/features.{at}/conv/conv.0/Conv" for at in range(3)]
    alike = Record(record.summary, record.layers.assign(layer=names), record.tensors, None, None)
    titles = Page(run_page(alike)).figures["energy-by-cause"]["title"]
    assert {f"{at} {name}" for at, name in enumerate(names)} <= set(titles)

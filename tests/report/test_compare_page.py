"""`scanfuse compare --report`, and what shows itself in a notebook."""

import io
import json
from urllib.parse import unquote

import pandas as pd
import pytest
from pages import EVIL, NET, Page

from scanfuse.cli import main
from scanfuse.hardware import load_hardware
from scanfuse.network import load
from scanfuse.results import compare


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    path = tmp_path_factory.mktemp("net") / "net.csv"
    path.write_text(NET)
    return compare(load(str(path)), ["fixed", "raster", "scan"], load_hardware())


def test_the_page_has_the_figures_of_the_table(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.csv").write_text(NET)
    line = "compare net.csv --schedules fixed,raster --report page.html --format json"
    assert main(line.split()) == 0
    found = json.loads(capsys.readouterr().out)["schedules"]
    text = (tmp_path / "page.html").read_text("utf-8")
    page = Page(text)
    assert list(page.figures)[:2] == ["energy-by-schedule", "time-by-schedule"]
    assert {"tile-walk", "latency", "roofline"} <= set(page.figures)
    link = page.figures["energy-by-schedule"]["href"][0]
    energies = pd.read_csv(io.StringIO(unquote(link.partition(",")[2]))).set_index("schedule")
    for name, figures in found.items():
        assert energies.loc[name, "dram_nj"] == figures["dram_nj"]
        assert f"<td>{figures['entries']:,}</td>" in text
    best = min(found, key=lambda name: found[name]["dram_nj"])
    assert f"In detail: {best}, of least DRAM energy" in text


def test_a_place_that_cannot_be_written_is_told_before_the_work(tmp_path, capsys):
    assert main(["compare", "mobilenet_v2", "--report", str(tmp_path / "no" / "page.html")]) == 2
    assert "no folder" in capsys.readouterr().err


def test_results_show_themselves(comparison):
    html = comparison._repr_html_()
    assert html.count("<tr>") == 4 and "vs_raster_percent" in html
    for row in comparison.rows:
        assert f"<td>{row['entries']:,}</td>" in html
    run = comparison.runs[0]
    assert f"<td>{run.entries:,}</td>" in run._repr_html_()
    assert Page(run._repr_html_()).tags[0] == Page(html).tags[0] == "table"


def test_what_shows_itself_is_escaped():
    from scanfuse.results.notebook import html_table

    html = html_table(EVIL, [EVIL], [{EVIL: EVIL}])
    assert Page(html).tags == ["table", "caption", "thead", "tr", "th", "tbody", "tr", "td"]

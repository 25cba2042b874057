"""`scanfuse show` and `scanfuse list`."""

import io

import pandas as pd
import pytest

from scanfuse.dram import parts
from scanfuse.hardware import preset_names
from scanfuse.mapping import SCHEDULES
from scanfuse.network import load, zoo_names


def test_show_adds_up_to_the_published_figures(scanfuse):
    document = scanfuse("show mobilenet_v2 --format json").json
    assert list(document) == ["network", "layers", "totals", "bounds"]
    assert document["totals"]["macs"] == 300_774_272
    assert document["totals"]["weights"] == 3_469_760
    for name, total in document["totals"].items():
        assert total == sum(layer[name] for layer in document["layers"])


def test_show_is_a_table(scanfuse):
    lines = scanfuse("show mobilenet_v2").out.splitlines()
    assert len([line for line in lines if " depthwise " in line]) == 17
    assert any("300,774,272" in line and "3,469,760" in line for line in lines)


def test_show_csv_and_scaling(scanfuse):
    table = pd.read_csv(
        io.StringIO(scanfuse("show mobilenet_v2 --resolution 96 --width 0.5 --format csv").out)
    )
    network = load("mobilenet_v2", 96, 0.5)
    assert list(table["layer"]) == [layer.name for layer in network.layers]
    assert table["macs"].sum() == network.macs


LISTS = {
    "networks": zoo_names(),
    "parts": parts(),
    "presets": preset_names(),
    "schedules": list(SCHEDULES),
}


@pytest.mark.parametrize("what", LISTS)
def test_lists_are_a_name_per_line(scanfuse, what):
    done = scanfuse(f"list {what}")
    assert [line.split("  ")[0] for line in done.out.splitlines()] == LISTS[what]
    assert list(scanfuse(f"list {what} --format json").json) == LISTS[what]

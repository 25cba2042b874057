"""`scanfuse show` and `scanfuse list`."""

import io

import pandas as pd
import pytest

from scanfuse.dram import DramConfig, parts, write_trace
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


def test_show_tells_which_maps_lie_side_by_side(scanfuse):
    parts = ["fire2.expand1x1", "fire2.expand3x3"]
    assert scanfuse("show squeezenet --format json").json["concats"]["fire2.concat"] == parts
    assert "fire2.concat: fire2.expand1x1, fire2.expand3x3, side by side" in scanfuse("show squeezenet").out


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
    done = scanfuse(f"list {what} --names")
    assert done.out.splitlines() == LISTS[what]
    table = [line.split("  ")[0].rstrip() for line in scanfuse(f"list {what}").out.splitlines()]
    assert table[2 if what == "parts" else 0 :] == LISTS[what]
    assert list(scanfuse(f"list {what} --format json").json) == LISTS[what]
    csv = pd.read_csv(io.StringIO(scanfuse(f"list {what} --format csv").out))
    assert csv.iloc[:, 0].tolist() == LISTS[what]


def test_parts_are_told_with_their_figures(scanfuse):
    figures = scanfuse("list parts --format json").json["DDR3_micron_64M_8B_x8_sg107"]
    assert figures == {
        "density_mbit": 4096,
        "width_bits": 8,
        "banks": 8,
        "burst_bytes": 64,
        "speed_mt_s": 1867,
        "tck_ps": 1071,
        "cl_ticks": 13,
        "trcd_ticks": 13,
        "trp_ticks": 13,
        "idd0_ma": 62,
        "idd2n_ma": 35,
        "idd3n_ma": 41,
        "idd4r_ma": 174,
        "idd4w_ma": 141,
        "idd5_ma": 242,
        "vdd_v": 1.5,
        "currents": "unchecked",
    }


def test_a_part_whose_energy_wraps_is_warned_of_in_a_line(scanfuse, tmp_path):
    (tmp_path / "a.csv").write_text("cycle,address,rw\n0,0,R\n")
    write_trace(tmp_path / "b.npz", [0], [0], [False], cfg=DramConfig.from_ini("ST-1.2x"))
    for line in ("replay a.csv --dram ST-1.2x", "replay b.npz", "replay b.npz --set CL=12"):
        done = scanfuse(line)
        assert done.status == 0
        assert done.err == (
            "scanfuse: warning: energy wraps modulo 2^32, as in DRAMSim2 (quirk Q10): "
            "IDD4R < IDD3N (230 < 1310)\n"
        )

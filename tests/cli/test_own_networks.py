"""Networks of one's own on the command line: ONNX files and SCALE-Sim's topologies."""

import json
import shutil

import pytest

from scanfuse.network import load

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper  # noqa: E402

COLUMNS = "IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides"
TOPOLOGY = f"""Layer name, {COLUMNS},
stem, 34, 34, 3, 3, 3, 16, 1,
dw, 34, 34, 3, 3, 16, 1, 1,
pw, 32, 32, 1, 1, 16, 24, 1,
"""


@pytest.fixture
def model(tmp_path):
    """A small network in `nets/tiny.onnx`, with an operator between its layers that can be passed over."""

    def save(middle="Relu", channels=16):
        extents = {"w": [channels, 3, 3, 3], "d": [channels, 1, 3, 3], "p": [8, channels, 1, 1]}
        nodes = [
            helper.make_node("Conv", ["x", "w"], ["a"], "stem", pads=[1, 1, 1, 1]),
            helper.make_node(middle, ["a"], ["b"], "middle"),
            helper.make_node("Conv", ["b", "d"], ["c"], "dw", pads=[1, 1, 1, 1], group=channels),
            helper.make_node("Conv", ["c", "p"], ["y"], "<b>pw</b>"),
        ]
        graph = helper.make_graph(
            nodes,
            "tiny",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3, 32, 32])],
            [helper.make_empty_tensor_value_info("y")],
            [TensorProto(name=name, dims=dims, data_type=1) for name, dims in extents.items()],
        )
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        (tmp_path / "nets").mkdir(exist_ok=True)
        (tmp_path / "nets" / "tiny.onnx").write_bytes(made.SerializeToString())

    save()
    return save


def test_a_model_is_shown_and_compared(scanfuse, model):
    shown = scanfuse("show nets/tiny.onnx --format json")
    assert shown.status == 0 and shown.err == ""
    assert [row["layer"] for row in shown.json["layers"]] == ["stem", "dw", "<b>pw</b>"]
    assert shown.json["totals"]["macs"] == 32 * 32 * (16 * 27 + 16 * 9 + 16 * 8)
    compared = scanfuse("compare nets/tiny.onnx --schedules raster,deep --format json")
    assert compared.json["network"] == "tiny" and set(compared.json["schedules"]) == {"raster", "deep"}


def test_a_run_is_repeated_from_its_folder_as_long_as_the_file_is_the_same(
    scanfuse, model, tmp_path, monkeypatch
):
    first = scanfuse("run nets/tiny.onnx --verify --out first --format csv")
    assert first.status == 0 and "verified" in first.err
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    again = scanfuse(f"run {tmp_path}/first/config.toml --out {tmp_path}/again --format csv")
    assert again.out == first.out
    for name in ("config.toml", "mapping.toml", "layers.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "first" / name).read_bytes()
    mapped = scanfuse(f"map --mapping {tmp_path}/first/mapping.toml --format json")
    assert mapped.status == 0 and mapped.json["network"] == "tiny"
    model(channels=32)
    first = tmp_path / "first"
    for line in (f"run {first}/config.toml", f"run --mapping {first}/mapping.toml", f"explain {first}"):
        changed = scanfuse(line)
        assert (changed.status, changed.out) == (2, "")
        assert "tiny.onnx: the file has changed" in changed.err and changed.err.count("\n") == 1


def test_unmodelled_operators_are_passed_over_and_counted(scanfuse, model, tmp_path):
    model(middle="NonMaxSuppression")
    refused = scanfuse("run nets/tiny.onnx")
    assert refused.status == 2 and "node middle (NonMaxSuppression)" in refused.err
    model(middle="GlobalLpPool")
    done = scanfuse("run nets/tiny.onnx --skip-unsupported --out first --format csv")
    assert done.status == 0
    assert (
        "warning: nets/tiny.onnx: passed over 1 node of operators not modelled (1 GlobalLpPool)" in done.err
    )
    again = scanfuse("run first/config.toml --out again --format csv")
    assert again.out == done.out and "passed over" in again.err


def test_a_topology_is_run_and_written_again(scanfuse, tmp_path):
    (tmp_path / "net.csv").write_text(TOPOLOGY)
    done = scanfuse("run net.csv --verify --out first --format csv")
    assert done.status == 0 and "net.csv: read as depthwise: dw;" in done.err
    assert scanfuse("run first/config.toml --out again --format csv").out == done.out
    assert scanfuse("convert net.csv there.csv").status == 0
    assert (tmp_path / "there.csv").read_text() == TOPOLOGY


def test_networks_are_converted_to_topologies(scanfuse, model, tmp_path):
    done = scanfuse("convert mobilenet_v2 mobilenet_v2.csv")
    assert (done.status, done.out) == (0, "")
    assert done.err == "scanfuse: 53 rows to mobilenet_v2.csv; without a row, as they have no weights: 11\n"
    assert scanfuse("convert nets/tiny.onnx tiny.csv").err == "scanfuse: 3 rows to tiny.csv\n"
    rows = (tmp_path / "tiny.csv").read_text().splitlines()
    assert rows[1:] == [
        "stem, 34, 34, 3, 3, 3, 16, 1,",
        "dw, 34, 34, 3, 3, 16, 1, 1,",
        "<b>pw</b>, 32, 32, 1, 1, 16, 8, 1,",
    ]


def test_an_architecture_file_is_hardware(scanfuse, tmp_path):
    lines = ["[general]", "run_name = mine", "[architecture_presets]", "ArrayHeight: 8", "ArrayWidth: 8"]
    lines += ["IfmapSramSzkB: 32", "FilterSramSzkB: 32", "OfmapSramSzkB: 32", "Dataflow: ws", "Bandwidth: 10"]
    (tmp_path / "mine.cfg").write_text("\n".join(lines))
    (tmp_path / "net.csv").write_text(TOPOLOGY)
    done = scanfuse("run net.csv --hardware mine.cfg --out first --format json")
    assert done.status == 0 and "mine.cfg: ignored: Bandwidth; clock" in done.err
    summary = json.loads((tmp_path / "first" / "summary.json").read_text())
    assert summary["hardware"] == "mine"
    assert scanfuse("run first/config.toml --out again --format json").out == done.out


def test_a_golden_file_names_a_network_beside_it(scanfuse, model, tmp_path):
    golden = '[run]\nnetwork = "tiny.onnx"\nschedule = "raster"\n'
    (tmp_path / "nets" / "tiny.toml").write_text(golden)
    assert scanfuse("check nets/tiny.toml --update").status == 0
    assert scanfuse("check nets/tiny.toml").status == 0
    shutil.move(tmp_path / "nets", tmp_path / "moved")
    assert scanfuse("check moved/tiny.toml").status == 0
    assert load(str(tmp_path / "moved" / "tiny.onnx")).macs

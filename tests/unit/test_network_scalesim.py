"""SCALE-Sim's topology files become networks, and networks such files."""

from pathlib import Path

import pytest

from scanfuse.execute import execute
from scanfuse.hardware import load_hardware
from scanfuse.mapping import make_mapping
from scanfuse.network import Layer, Network, NetworkError, NetworkWarning, Tensor, load, topology_text
from scanfuse.network.bounds import network_entries
from scanfuse.program import check, unroll

ROOT = Path(__file__).resolve().parents[2]
SHARED = next(
    (up / "shared" / "scalesim" for up in ROOT.parents if (up / "shared" / "scalesim").is_dir()), ROOT / "no"
)
HEADER = (
    "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n"
)
# Layers, MACs and weights, counted from the files by hand with (extent - filter) // stride + 1 windows.
REAL = {
    "Resnet50": (54, 3_409_810_112, 25_502_912),
    "alexnet": (5, 801_320_064, 3_745_824),
    "gpt2": (6, 20_686_307_328, 20_201_472),
    "mobilenet": (27, 565_077_408, 3_185_088),
}


def read(tmp_path: Path, text: str) -> Network:
    path = tmp_path / "net.csv"
    path.write_text(text, encoding="utf-8")
    return load(str(path))


def test_rows_are_layers_that_read_what_the_row_before_makes(tmp_path):
    text = (
        HEADER
        + "one, 18, 10, 3, 3, 4, 8, 1,\n,,,\n\ntwo,16,8,1,1,8,16,1\nthree, 16, 8, 1, 1, 16, 2, 2, x, y\n"
    )
    network = read(tmp_path, text)
    assert [(layer.name, layer.kind) for layer in network.layers] == [
        ("one", "conv"), ("two", "pointwise"), ("three", "conv")
    ]  # fmt: skip
    assert network.input == Tensor("one.input", 4, 18, 10) and not network.given
    assert [layer.ifmap.name for layer in network.layers] == ["one.input", "one", "two"]
    assert network.layers[0].output.shape == (8, 16, 8) and network.layers[2].output.shape == (2, 8, 4)


def test_the_padding_of_the_author_is_padding(tmp_path):
    network = read(tmp_path, HEADER + "a,8,8,1,1,4,8,1\nb,10,11,3,4,8,8,1\nc,12,8,3,3,8,8,1\n")
    assert network.layers[1].padding == (1, 1, 1, 2) and network.layers[1].ifmap.name == "a"
    assert network.layers[2].ifmap.name == "c.input"  # 8 rows, and a filter of 3 pads 2 at the most


def test_a_map_of_its_own_is_in_dram_from_the_start(tmp_path):
    network = read(tmp_path, HEADER + "a,8,8,1,1,4,8,1\nb,8,8,1,1,6,8,1\nc,1,1,1,1,512,10,1\n")
    assert [tensor.name for tensor in network.given] == ["b.input", "c.input"]
    assert network.layers[2].kind == "linear"
    expected = 64 * (4 + 8 + 6 + 8) + 512 + 10 + network.weight_entries
    assert network_entries(network) == expected
    mapping = make_mapping(network, "deep", load_hardware())
    assert mapping.entries == expected
    program = unroll(mapping)
    check(program, 65_536)
    assert execute(program, 65_536).layers == 3


def test_one_filter_over_all_channels_is_depthwise(tmp_path):
    text = HEADER + "dw,10,10,3,3,8,1,1\npw,8,8,1,1,8,4,1\nlast,8,8,3,3,4,1,1\n"
    with pytest.warns(NetworkWarning, match="read as depthwise: dw; SCALE-Sim computes"):
        network = read(tmp_path, text)
    assert [layer.kind for layer in network.layers] == ["depthwise", "pointwise", "conv"]
    assert network.layers[0].macs == 8 * 8 * 8 * 9


def test_the_gemm_form(tmp_path):
    network = read(tmp_path, "Layer,M,N,K,\nQK, 100, 20, 30,\nV,100,5,20\nfc,1,10,500\n")
    assert [layer.kind for layer in network.layers] == ["pointwise", "pointwise", "linear"]
    assert [layer.macs for layer in network.layers] == [60_000, 10_000, 5_000]
    assert network.layers[1].ifmap.name == "QK"


@pytest.mark.parametrize("header", ["", "Layer name,IH,IW,FH,FW,C,K,Stride Height,Stride Width\n"])
def test_other_headers(tmp_path, header):
    network = read(tmp_path, header + "a,8,8,2,2,4,8,2,1\n" if header else "a,8,8,2,2,4,8,2,\n")
    assert network.layers[0].stride == ((2, 1) if header else (2, 2))


def test_names_are_made_unique(tmp_path):
    assert [layer.name for layer in read(tmp_path, HEADER + "a,8,8,1,1,4,4,1\n" * 2).layers] == ["a", "a_2"]


WRONG = {
    "empty": ("", "no layers; expected rows of Layer name"),
    "header alone": (HEADER, "no layers"),
    "trace": ("cycle,address,rw\n1,2,R\n", "net.csv:1: no topology of SCALE-Sim"),
    "few columns": (HEADER + "a,8,8,1,1\n", "net.csv:2: column Channels: expected a whole number"),
    "text": (
        HEADER + "a,8,x,1,1,4,4,1\n",
        "net.csv:2: column IFMAP Width: expected a whole number, 1 or more, got 'x'",
    ),
    "negative": (
        HEADER + "a,8,8,1,1,4,4,-1\n",
        "column Strides: expected a whole number, 1 or more, got '-1'",
    ),
    "zero": (HEADER + "a,8,8,1,1,0,4,1\n", "column Channels: expected a whole number, 1 or more, got '0'"),
    "fraction": (HEADER + "a,8,8,1,1,4.5,4,1\n", "got '4.5'"),
    "huge": (HEADER + f"a,8,8,1,1,{'9' * 40},4,1\n", "column Channels: expected a whole number"),
    "no name": (HEADER + ",8,8,1,1,4,4,1\n", "net.csv:2: column Layer name: the layer has no name"),
    "filter too large": (HEADER + "a,8,8,9,9,4,4,1\n", "layer a: a filter of 9 x 9 does not fit into 8 x 8"),
    "zeros": ("\0" * 50, "net.csv"),
}


@pytest.mark.parametrize("name", WRONG)
def test_bad_files_name_line_and_column(tmp_path, name):
    text, expected = WRONG[name]
    with pytest.raises(NetworkError) as caught:
        read(tmp_path, text)
    assert expected in str(caught.value) and str(caught.value).startswith(str(tmp_path))
    assert "\n" not in str(caught.value)


def test_binary_is_no_topology(tmp_path):
    path = tmp_path / "net.csv"
    path.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(NetworkError, match="not a text file"):
        load(str(path))
    path.write_text(HEADER + "a,8,8,1,1,4,4,1\n")
    with pytest.raises(NetworkError, match="leave out --resolution"):
        load(str(path), 10)


@pytest.mark.parametrize("name", REAL)
@pytest.mark.filterwarnings("ignore::scanfuse.network.NetworkWarning")
def test_real_topologies(name):
    path = SHARED / f"{name}.csv"
    if not path.exists():
        pytest.skip(f"no {path.name} beside the project")
    network = load(str(path))
    assert (len(network.layers), network.macs, network.weight_entries) == REAL[name]


@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet50", "vgg16", "squeezenet", "efficientnet_b0"])
@pytest.mark.filterwarnings("ignore::scanfuse.network.NetworkWarning")
def test_networks_survive_the_way_there_and_back(tmp_path, name):
    network = load(name)
    text, left_out = topology_text(network)
    back = read(tmp_path, text)
    weighted = [layer for layer in network.layers if layer.weight_entries]
    assert len(back.layers) == len(weighted) == len(network.layers) - len(left_out)
    for ours, theirs in zip(weighted, back.layers, strict=True):
        assert (ours.name, ours.kind, ours.macs, ours.weight_shape, ours.output.shape) == (
            theirs.name, theirs.kind, theirs.macs, theirs.weight_shape, theirs.output.shape
        )  # fmt: skip
    assert topology_text(back) == (text, [])


def layer(name="a, b", **fields):
    made = Tensor(name, 8, 8, 8)
    return Layer(name, "conv", (Tensor("x", 8, 8, 8),), made, **fields)


def test_groups_are_rows_of_their_own_and_names_are_plain():
    one = layer(groups=4)
    text, _ = topology_text(Network("n", (one,), one.ifmap, one.output))
    rows = text.splitlines()[1:]
    assert rows[0] == "a__b.group0, 8, 8, 1, 1, 2, 2, 1," and len(rows) == 4


def test_what_has_no_column_is_an_error():
    one = layer(kernel=(3, 3), dilation=(2, 2), padding=(2, 2, 2, 2))
    with pytest.raises(NetworkError, match=r"layer a, b: SCALE-Sim's topologies have no column for dilation"):
        topology_text(Network("n", (one,), one.ifmap, one.output))
    pool = Layer("p", "pool", one.inputs, Tensor("p", 8, 8, 8), pool_kind="max")
    with pytest.raises(NetworkError, match="no layer has weights"):
        topology_text(Network("n", (pool,), pool.ifmap, pool.output))

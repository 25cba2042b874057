"""ONNX graphs become networks: by operator, from shapes alone, whatever an exporter wrote around them."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from scanfuse.hardware import load_hardware
from scanfuse.mapping import make_mapping
from scanfuse.mapping.units import branches, gates
from scanfuse.network import Network, NetworkError, NetworkWarning, load, zoo_names

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
SHARED = next(
    (up / "shared" / "onnx" for up in ROOT.parents if (up / "shared" / "onnx").is_dir()), ROOT / "no"
)
MAPPED = load_hardware("paper", ["buffer.entries=16384"])
# MACs and weights of the graphs in ../shared/onnx; published: MobileNet V1 569 M (Howard et al., 2017), V2
# 300 M (Sandler et al., 2018), EfficientNet-B0 0.39 G (Tan and Le, 2019), ResNet-18 1.8 G (He et al., 2016).
REAL = {
    "efficientnet_b0": ("efficientnet_b0", 385_814_752, 5_236_192),
    "efficientnet_b0.ts": ("efficientnet_b0", 385_814_752, 5_236_192),
    "mobilenetv1_100": ("mobilenet_v1", 568_740_352, 4_209_088),
    "mobilenetv2_100": ("mobilenet_v2", 300_774_272, 3_469_760),
    "mobilenetv2_100.dyn_noopt": ("mobilenet_v2", 300_774_272, 3_469_760),
    "tv_mobilenet_v2.ts_nofold": ("mobilenet_v2", 300_774_272, 3_469_760),
    "resnet18": (None, 1_814_073_344, 11_678_912),
    "xception41": (None, 9_204_134_312, 26_853_248),
}


def op(kind, inputs, output, name="", **attributes):
    """A node; inputs and outputs as words."""
    return helper.make_node(kind, inputs.split(), output.split(), name or f"the_{output}", **attributes)


def save(tmp_path, nodes, constants=None, shape=(1, 8, 12, 12), *, opset=17, outputs=("y",), inputs=("x",)):
    """A model with one input x and one output y; a constant is an array, or a shape whose data is absent."""
    made = []
    for name, value in (constants or {}).items():
        if isinstance(value, tuple):
            tensor = TensorProto(name=name, dims=value, data_type=TensorProto.FLOAT)
            tensor.data_location = TensorProto.EXTERNAL
            tensor.external_data.add(key="location", value="nowhere.bin")
        else:
            tensor = numpy_helper.from_array(np.array(value), name)
        made.append(tensor)
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in inputs],
        [helper.make_empty_tensor_value_info(name) for name in outputs],
        made,
    )
    path = tmp_path / "model.onnx"
    path.write_bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)]).SerializeToString()
    )
    return str(path)


def read(tmp_path, nodes, constants=None, shape=(1, 8, 12, 12), **more) -> Network:
    return load(save(tmp_path, nodes, constants, shape, **more))


def only(network):
    (layer,) = network.layers
    return layer


# what a convolution may look like: attributes, weights, then the layer's kind, output, padding and MACs
CONVS = {
    "plain": ({}, (16, 8, 3, 3), "conv", (16, 10, 10), (0, 0, 0, 0)),
    "pointwise": ({}, (16, 8, 1, 1), "pointwise", (16, 12, 12), (0, 0, 0, 0)),
    "pointwise dilated": ({"dilations": [2, 2]}, (16, 8, 1, 1), "pointwise", (16, 12, 12), (0, 0, 0, 0)),
    "1 x 1 strided": ({"strides": [2, 2]}, (16, 8, 1, 1), "conv", (16, 6, 6), (0, 0, 0, 0)),
    "depthwise": ({"group": 8, "pads": [1, 1, 1, 1]}, (8, 1, 3, 3), "depthwise", (8, 12, 12), (1, 1, 1, 1)),
    "depthwise multiplied": ({"group": 8}, (16, 1, 3, 3), "conv", (16, 10, 10), (0, 0, 0, 0)),
    "grouped": ({"group": 2}, (4, 4, 3, 3), "conv", (4, 10, 10), (0, 0, 0, 0)),
    "dilated": ({"dilations": [2, 1]}, (4, 8, 3, 3), "conv", (4, 8, 10), (0, 0, 0, 0)),
    "asymmetric": ({"pads": [0, 1, 2, 3]}, (4, 8, 3, 5), "conv", (4, 12, 12), (0, 2, 1, 3)),
    "same upper": (
        {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
        (4, 8, 3, 3),
        "conv",
        (4, 6, 6),
        (0, 1, 0, 1),
    ),
    "same lower": (
        {"auto_pad": "SAME_LOWER", "strides": [2, 2]},
        (4, 8, 3, 3),
        "conv",
        (4, 6, 6),
        (1, 0, 1, 0),
    ),
    "valid": ({"auto_pad": "VALID", "strides": [2, 2]}, (4, 8, 3, 3), "conv", (4, 5, 5), (0, 0, 0, 0)),
}


@pytest.mark.parametrize("name", CONVS)
def test_convolutions(tmp_path, name):
    attributes, weights, kind, output, padding = CONVS[name]
    layer = only(read(tmp_path, [op("Conv", "x w", "y", **attributes)], {"w": weights}))
    assert (layer.name, layer.kind, layer.output.shape, layer.padding) == ("the_y", kind, output, padding)
    assert layer.weight_entries == np.prod(weights)
    assert layer.macs == np.prod(weights) * output[1] * output[2]


def test_a_convolution_of_one_dimension_has_one_row(tmp_path):
    nodes = [op("Conv", "x w", "a", pads=[1, 1], strides=[2]), op("MaxPool", "a", "y", kernel_shape=[2])]
    conv, pool = read(tmp_path, nodes, {"w": (16, 8, 3)}, (1, 8, 30)).layers
    assert conv.output.shape == (16, 1, 15) and conv.kernel == (1, 3) and conv.padding == (0, 0, 1, 1)
    assert pool.output.shape == (16, 1, 14)


POOLS = {
    "max": ("MaxPool", {"kernel_shape": [2, 2], "strides": [2, 2]}, "max", (8, 6, 6), (0, 0, 0, 0)),
    "average": (
        "AveragePool",
        {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]},
        "average",
        (8, 12, 12),
        (1, 1, 1, 1),
    ),
    "rounded down": ("MaxPool", {"kernel_shape": [3, 3], "strides": [2, 2]}, "max", (8, 5, 5), (0, 0, 0, 0)),
    "rounded up": (
        "MaxPool",
        {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1},
        "max",
        (8, 6, 6),
        (0, 1, 0, 1),
    ),
    "rounded up, none in the padding": (
        "MaxPool",
        {"kernel_shape": [1, 1], "strides": [5, 5], "pads": [0, 0, 4, 4], "ceil_mode": 1},
        "max",
        (8, 3, 3),
        (0, 3, 0, 3),
    ),
    "global": ("GlobalAveragePool", {}, "average", (8, 1, 1), (0, 0, 0, 0)),
    "global max": ("GlobalMaxPool", {}, "max", (8, 1, 1), (0, 0, 0, 0)),
    "mean": ("ReduceMean", {"axes": [2, 3], "keepdims": 0}, "average", (8, 1, 1), (0, 0, 0, 0)),
    "mean from the end": ("ReduceMean", {"axes": [-1, -2]}, "average", (8, 1, 1), (0, 0, 0, 0)),
    "mean of rows": ("ReduceMean", {"axes": [3]}, "average", (8, 12, 1), (0, 0, 0, 0)),
}


@pytest.mark.parametrize("name", POOLS)
def test_pools(tmp_path, name):
    kind, attributes, pool_kind, output, padding = POOLS[name]
    layer = only(read(tmp_path, [op(kind, "x", "y", **attributes)]))
    assert (layer.kind, layer.pool_kind, layer.output.shape, layer.padding) == (
        "pool",
        pool_kind,
        output,
        padding,
    )


def test_a_pool_of_single_pixels_is_none(tmp_path):
    nodes = [op("AveragePool", "x", "a", kernel_shape=[1, 1]), op("Conv", "a w", "y")]
    assert only(read(tmp_path, nodes, {"w": (4, 8, 1, 1)})).ifmap.name == "x"


def test_matrix_products(tmp_path):
    nodes = [
        op("Conv", "x w", "a", kernel_shape=[3, 3]),
        op("Flatten", "a", "b"),
        op("Gemm", "b w1 bias", "c", transB=1),
        op("MatMul", "c w2", "d"),
        op("Add", "d bias", "y"),
    ]
    constants = {"w": (4, 8, 3, 3), "w1": (20, 400), "w2": (20, 20), "bias": (20,)}
    network = read(tmp_path, nodes, constants)
    conv, flat, last = network.layers
    assert flat.kind == last.kind == "linear" and flat.ifmap.shape == (400, 1, 1)
    assert flat.ifmap.name == conv.output.name and network.output == last.output
    assert (flat.macs, last.macs) == (8000, 400)


def test_channels_last_products_are_pointwise(tmp_path):
    """The block of ConvNeXt: products over a transposed map, between a norm, an activation and a scale."""
    nodes = [
        op("Conv", "x w", "a", group=8, pads=[3, 3, 3, 3]),
        op("Transpose", "a", "b", perm=[0, 2, 3, 1]),
        op("LayerNormalization", "b scale scale", "c", axis=-1),
        op("Transpose", "w1", "w1t", perm=[1, 0]),
        op("MatMul", "c w1t", "d"),
        op("Div", "d root", "e"),
        op("Erf", "e", "f"),
        op("Add", "f one", "g"),
        op("Mul", "d g", "h"),
        op("MatMul", "h w2", "i"),
        op("Mul", "scale i", "j"),
        op("Transpose", "j", "k", perm=[0, 3, 1, 2]),
        op("Add", "k x", "y"),
    ]
    constants = {"w": (8, 1, 7, 7), "w1": (32, 8), "w2": (32, 8), "scale": (8,)}
    layers = read(tmp_path, nodes, constants | {"root": np.float32(1.41), "one": np.float32(1)}).layers
    assert [layer.kind for layer in layers] == ["depthwise", "pointwise", "pointwise", "add"]
    assert [layer.output.shape for layer in layers] == [(8, 12, 12), (32, 12, 12), (8, 12, 12), (8, 12, 12)]


def test_a_normalisation_written_out_is_folded(tmp_path):
    nodes = [
        op("Conv", "x w", "a"),
        op("ReduceMean", "a", "m", axes=[1]),
        op("Sub", "a m", "d"),
        op("Pow", "d two", "s"),
        op("ReduceMean", "s", "v", axes=[1]),
        op("Add", "v tiny", "w0"),
        op("Sqrt", "w0", "r"),
        op("Div", "d r", "n"),
        op("Mul", "gamma n", "o"),
        op("BatchNormalization", "o g b g b", "p"),
        op("PRelu", "p gamma", "y"),
    ]
    constants = {"w": (4, 8, 1, 1), "gamma": (4, 1, 1), "g": (4,), "b": (4,)}
    network = read(tmp_path, nodes, constants | {"two": np.float32(2), "tiny": np.float32(1e-5)})
    assert only(network).name == "the_a" and network.output.name == "the_a"


ACTIVATIONS = {
    "relu": [op("Relu", "a", "b")],
    "swish": [op("Sigmoid", "a", "s"), op("Mul", "a s", "b")],
    "swish, the other way round": [op("Sigmoid", "a", "s"), op("Mul", "s a", "b")],
    "hard swish": [op("HardSwish", "a", "b")],
    "hard swish written out": [
        op("Add", "a three", "p"),
        op("Clip", "p zero six", "c"),
        op("Div", "c six", "d"),
        op("Mul", "a d", "b"),
    ],
    "hard sigmoid": [op("HardSigmoid", "a", "s"), op("Mul", "s a", "b")],
    "dropout": [op("Dropout", "a", "b mask")],
    "quantised": [op("QuantizeLinear", "a six", "q"), op("DequantizeLinear", "q six", "b")],
    "identity": [op("Identity", "a", "i"), op("Cast", "i", "b", to=TensorProto.FLOAT16)],
    "softmax": [op("Softmax", "a", "b", axis=1)],
    "one of a constant": [op("CastLike", "six a", "c"), op("Max", "a c", "b")],
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_fold(tmp_path, name):
    nodes = [op("Conv", "x w", "a"), *ACTIVATIONS[name], op("Conv", "b v", "y")]
    numbers = {"zero": np.float32(0), "three": np.float32(3), "six": np.float32(6)}
    first, second = read(tmp_path, nodes, {"w": (4, 8, 1, 1), "v": (8, 4, 1, 1), **numbers}).layers
    assert (first.name, second.name, second.ifmap) == ("the_a", "the_y", first.output)


def test_shapes_that_are_computed_are_seen_through(tmp_path):
    """A flatten as exporters write it: the batch from the map, the rest from a constant."""
    nodes = [
        op("GlobalAveragePool", "x", "a"),
        op("Shape", "a", "s"),
        op("Constant", "", "zero", value_int=0),
        op("Constant", "", "axes", value_ints=[0]),
        op("Gather", "s zero", "batch"),
        op("Unsqueeze", "batch axes", "first"),
        op("Constant", "", "rest", value_ints=[-1]),
        op("Concat", "first rest", "shape", axis=0),
        op("Reshape", "a shape", "b"),
        op("Expand", "bias_one ten", "bias"),
        op("Gemm", "b w bias", "y", transB=1),
    ]
    constants = {"w": (10, 8), "bias_one": np.float32([1]), "ten": np.int64([10])}
    pool, linear = read(tmp_path, nodes, constants, ("N", 8, 12, 12)).layers
    assert (pool.kind, linear.kind, linear.macs) == ("pool", "linear", 80)


def test_padding_is_taken_in_by_the_window_after_it(tmp_path):
    nodes = [
        op("Pad", "x pads", "a"),
        op("Relu", "a", "b"),
        op("Conv", "b w", "y", strides=[2, 2], pads=[1, 0, 0, 0]),
    ]
    layer = only(read(tmp_path, nodes, {"w": (4, 8, 3, 3), "pads": np.int64([0, 0, 0, 1, 0, 0, 1, 2])}))
    assert layer.padding == (1, 1, 1, 2) and layer.output.shape == (4, 6, 7)


def residual(shortcut_first):
    """A block with a projected shortcut, written before or after its main branch."""
    main = [op("Conv", "x w1", "b1"), op("Relu", "b1", "r1"), op("Conv", "r1 w2", "b2", pads=[1, 1, 1, 1])]
    side = [op("Conv", "x w3", "c")]
    summed = [op("Add", "c b2" if shortcut_first else "b2 c", "s"), op("Relu", "s", "y")]
    return [*(side + main if shortcut_first else main + side), *summed]


@pytest.mark.parametrize("shortcut_first", [False, True])
def test_a_projected_shortcut_comes_before_the_main_branch(tmp_path, shortcut_first):
    weights = {"w1": (4, 8, 1, 1), "w2": (16, 4, 3, 3), "w3": (16, 8, 1, 1)}
    network = read(tmp_path, residual(shortcut_first), weights)
    assert [layer.name for layer in network.layers] == ["the_c", "the_b1", "the_b2", "the_s"]
    assert [tensor.name for tensor in network.layers[-1].inputs] == ["the_b2", "the_c"]
    assert branches(network)[0]


def squeeze_excite(excite, gate, swap):
    """A depthwise layer, its factors by 1 x 1 convolutions or by Gemm, the scaling and a projection."""
    factors = {
        "conv": [op("GlobalAveragePool", "d", "m"), op("Conv", "m s1", "q"), op("Relu", "q", "r"),
                 op("Conv", "r s2", "e")],
        "gemm": [op("ReduceMean", "d", "m", axes=[2, 3], keepdims=0), op("Gemm", "m g1", "q"),
                 op("Relu", "q", "r"), op("Gemm", "r g2", "t"), op("Reshape", "t shape", "e")],
    }[excite]  # fmt: skip
    scale = op("Mul", "f d" if swap else "d f", "z")
    depthwise = op("Conv", "x dw", "d", group=8, pads=[1, 1, 1, 1])
    return [depthwise, *factors, op(gate, "e", "f"), scale, op("Conv", "z p", "y")]


@pytest.mark.parametrize("gate", ["Sigmoid", "HardSigmoid"])
@pytest.mark.parametrize("excite", ["conv", "gemm"])
@pytest.mark.parametrize("swap", [False, True])
def test_squeeze_excite_is_recognised(tmp_path, excite, gate, swap):
    constants = {
        "dw": (8, 1, 3, 3),
        "s1": (2, 8, 1, 1),
        "s2": (8, 2, 1, 1),
        "g1": (8, 2),
        "g2": (2, 8),
        "p": (4, 8, 1, 1),
        "shape": np.int64([1, 8, 1, 1]),
    }
    network = read(tmp_path, squeeze_excite(excite, gate, swap), constants)
    kinds = [layer.kind for layer in network.layers]
    assert kinds == ["depthwise", "pool", "linear", "linear", "scale", "pointwise"]
    assert gates(network)[0] is not None


def test_concatenation_is_a_place_and_no_layer(tmp_path):
    nodes = [
        op("Conv", "x w", "s"),
        op("Conv", "s e1", "a"),
        op("Relu", "a", "ra"),
        op("Conv", "s e3", "b", pads=[1, 1, 1, 1]),
        op("Concat", "ra b", "c", axis=1),
        op("Conv", "c v", "y"),
    ]
    network = read(
        tmp_path, nodes, {"w": (4, 8, 1, 1), "e1": (6, 4, 1, 1), "e3": (6, 4, 3, 3), "v": (2, 12, 1, 1)}
    )
    assert [layer.name for layer in network.layers] == ["the_s", "the_a", "the_b", "the_y"]
    assert [part.name for part in network.concats[0].parts] == ["the_a", "the_b"]


def test_dense_blocks_share_one_map(tmp_path):
    nodes = [
        op("Conv", "x w", "a"),
        op("Conv", "a v", "b"),
        op("Concat", "a b", "ab", axis=1),
        op("Conv", "ab u", "c"),
        op("Concat", "a b c", "abc", axis=1),
        op("Conv", "abc t", "y"),
    ]
    weights = {"w": (4, 8, 1, 1), "v": (4, 4, 1, 1), "u": (4, 8, 1, 1), "t": (2, 12, 1, 1)}
    network = read(tmp_path, nodes, weights)
    assert [layer.kind for layer in network.layers] == ["pointwise"] * 4
    assert network.place(network.layers[1].output).first == 4


def test_what_would_lie_in_two_places_is_copied(tmp_path):
    nodes = [
        op("Conv", "x w", "a"),
        op("Conv", "a v", "b"),
        op("Concat", "a b", "ab", axis=1),
        op("Concat", "b a", "ba", axis=1),
        op("Conv", "ab u", "c"),
        op("Conv", "ba u", "d"),
        op("Add", "c d", "y"),
    ]
    network = read(tmp_path, nodes, {"w": (4, 8, 1, 1), "v": (4, 4, 1, 1), "u": (4, 8, 1, 1)})
    assert sorted(layer.kind for layer in network.layers).count("pool") == 2
    make_mapping(network, "fused", MAPPED)


@pytest.mark.parametrize(
    "halves",
    [
        [op("Split", "a", "l r", axis=1)],
        [op("Slice", "a none half axis", "l"), op("Slice", "a half end axis", "r")],
    ],
)
def test_parts_of_the_channels_are_places(tmp_path, halves):
    nodes = [op("Conv", "x w", "a"), *halves, op("Conv", "l v", "b"), op("Add", "b r", "y")]
    numbers = {"none": [0], "half": [4], "end": [2**62], "axis": [1]}
    constants = {"w": (8, 8, 1, 1), "v": (4, 4, 1, 1)} | {name: np.int64(n) for name, n in numbers.items()}
    network = read(tmp_path, nodes, constants)
    assert [layer.kind for layer in network.layers] == ["pointwise", "pointwise", "add"]
    assert network.layers[2].inputs[1].name == "the_a[4:8]"


def test_names_are_those_of_the_nodes_and_unique(tmp_path):
    nodes = [
        op("Conv", "x w", "a", name="block<1>/conv"),
        op("Conv", "a v", "b", name="block<1>/conv"),
        helper.make_node("Conv", ["b", "v"], ["y"]),
    ]
    network = read(tmp_path, nodes, {"w": (4, 8, 1, 1), "v": (4, 4, 1, 1)})
    assert [layer.name for layer in network.layers] == ["block<1>/conv", "block<1>/conv_2", "y"]
    assert network.name == "model"


def test_nodes_may_come_in_any_order_and_dead_ones_are_left_out(tmp_path):
    nodes = [op("Conv", "a v", "y"), op("Conv", "x w", "a"), op("Conv", "x w", "dead")]
    network = read(tmp_path, nodes, {"w": (4, 8, 1, 1), "v": (4, 4, 1, 1)})
    assert [layer.name for layer in network.layers] == ["the_a", "the_y"]


def test_a_dynamic_plane_needs_a_resolution(tmp_path):
    path = save(tmp_path, [op("Conv", "x w", "y")], {"w": (4, 8, 3, 3)}, ("N", 8, "h", None))
    with pytest.raises(
        NetworkError, match=r"input x is \? x 8 x \? x \?, its H is dynamic: give --resolution"
    ):
        load(path)
    assert load(path, 20).output.shape == (4, 18, 18)
    assert load(path, 20).origin.resolution == 20


def test_weights_may_be_inputs_of_the_graph(tmp_path):
    nodes = [op("Conv", "x w b", "a"), op("Mul", "gamma a", "c"), op("Conv", "c v", "y")]
    path = save(tmp_path, nodes, W | {"b": (4,), "gamma": (4, 1, 1)})
    model = onnx.load(path, load_external_data=False)
    for tensor in model.graph.initializer:
        value = helper.make_tensor_value_info(tensor.name, TensorProto.FLOAT, tensor.dims)
        model.graph.input.insert(0, value)
    Path(path).write_bytes(model.SerializeToString())
    kept = load(path)
    del model.graph.initializer[:]
    Path(path).write_bytes(model.SerializeToString())
    assert load(path).layers == kept.layers
    assert [layer.weight_entries for layer in kept.layers] == [32, 16]


def test_an_initializer_that_is_there_twice_is_an_error(tmp_path):
    path = save(tmp_path, [op("Conv", "x w", "y")], W)
    model = onnx.load(path, load_external_data=False)
    model.graph.initializer.append(TensorProto(name="w", dims=[2, 8, 1, 1], data_type=1))
    Path(path).write_bytes(model.SerializeToString())
    with pytest.raises(NetworkError, match="initializer w is there twice"):
        load(path)


def test_functions_of_the_model_are_put_in_place(tmp_path):
    path = save(tmp_path, [op("Conv", "x w", "a"), op("twice", "a", "y", domain="mine")], {"w": (4, 8, 1, 1)})
    model = onnx.load(path, load_external_data=False)
    model.opset_import.append(helper.make_opsetid("mine", 1))
    model.functions.append(
        helper.make_function(
            "mine", "twice", ["p"], ["q"], [op("Add", "p p", "q")], [helper.make_opsetid("", 17)]
        )
    )
    Path(path).write_bytes(model.SerializeToString())
    assert only(load(path)).name == "the_a"


W = {"w": (4, 8, 1, 1), "v": (4, 4, 1, 1)}
CONV = op("Conv", "x w", "a")
UNMODELLED = {
    "resize": ([CONV, op("Resize", "a n n two", "y")], "node the_y (Resize): it moves data"),
    "transposed convolution": (
        [op("ConvTranspose", "x w", "y")],
        "node the_y (ConvTranspose): it moves data",
    ),
    "shuffle": ([CONV, op("Reshape", "a five", "y")], "node the_y (Reshape): it cuts [1, 4, 12, 12]"),
    "subgraph": ([CONV, op("Concat", "a a", "y", axis=2)], "node the_y (Concat): it joins"),
    "crop": ([CONV, op("Slice", "a n two two", "y")], "node the_y (Slice): it takes [0:2:1] of dimension 2"),
    "sum of maps": (
        [CONV, op("GlobalAveragePool", "a", "b"), op("Add", "a b", "y")],
        "it adds maps of two shapes",
    ),
    "product of maps": ([CONV, op("Conv", "x w", "b"), op("Mul", "a b", "y")], "it joins two maps"),
    "weights that are made": ([CONV, op("Conv", "x a", "y")], "its input 1 is a map, where weights are"),
    "a constant map": ([CONV, op("Add", "a plane", "y")], "differs from pixel to pixel"),
    "padding unread": (
        [op("Pad", "x pads", "a"), op("GlobalAveragePool", "a", "y")],
        "it reads a padded map",
    ),
    "padded channels": ([op("Pad", "x more", "a"), op("Conv", "a w", "y")], "only rows and columns"),
    "a statistic": ([CONV, op("ReduceMean", "a", "m", axes=[1]), op("Conv", "m v", "y")], "a statistic over"),
    "strange domain": ([CONV, op("Relu", "a", "y", domain="mine")], "node the_y (mine.Relu): it moves data"),
    "mixing of columns": ([CONV, op("MatMul", "a columns", "y")], "it mixes the rows or columns of a map"),
}
NUMBERS = {
    "n": np.int64([0]),
    "two": np.int64([2]),
    "five": np.int64([1, 2, 2, 12, 12]),
    "plane": (1, 4, 12, 12),
    "pads": np.int64([0, 0, 1, 1, 0, 0, 1, 1]),
    "more": np.int64([0, 1, 0, 0, 0, 0, 0, 0]),
    "columns": (12, 12),
}


@pytest.mark.parametrize("name", UNMODELLED)
def test_what_is_not_modelled_names_node_and_operator(tmp_path, name):
    nodes, text = UNMODELLED[name]
    path = save(tmp_path, nodes, W | NUMBERS)
    with pytest.raises(NetworkError) as caught:
        load(path)
    assert text in str(caught.value) and str(caught.value).startswith(f"{path}: node the_")
    assert "\n" not in str(caught.value) and "--skip-unsupported" in str(caught.value)


def test_operators_can_be_passed_over(tmp_path):
    nodes = [
        CONV,
        op("Conv", "x w", "b"),
        op("Mul", "a b", "p"),
        op("ConvTranspose", "p up", "q", strides=[2, 2], name="grow"),
        op("Conv", "q v", "y"),
    ]
    path = save(tmp_path, nodes, W | {"up": (4, 4, 2, 2)})
    with pytest.warns(
        NetworkWarning, match=r"passed over 2 nodes of operators not modelled \(1 Mul, 1 ConvTranspose"
    ):
        network = load(path, skip_unsupported=True)
    (last,) = network.layers
    assert network.given == (last.ifmap,) and last.ifmap.shape == (4, 24, 24)
    assert network.origin.skip_unsupported


def test_a_channel_shuffle_that_is_passed_over_is_the_map_it_shuffles(tmp_path):
    nodes = [
        op("Conv", "x w", "a"),
        op("Reshape", "a five", "b"),
        op("Transpose", "b", "c", perm=[0, 2, 1, 3, 4]),
        op("Reshape", "c four", "d"),
        op("Conv", "d v", "y"),
    ]
    constants = W | {"five": np.int64([1, 2, 2, 12, 12]), "four": np.int64([1, 4, 12, 12])}
    with pytest.warns(NetworkWarning, match=r"passed over 3 nodes of .* \(2 Reshape, 1 Transpose\)"):
        first, second = load(save(tmp_path, nodes, constants), skip_unsupported=True).layers
    assert second.ifmap == first.output


def test_a_result_of_a_strange_operator_has_the_shape_that_the_file_tells(tmp_path):
    path = save(tmp_path, [CONV, op("Grow", "a", "b", domain="mine"), op("Conv", "b v", "y")], W)
    with pytest.raises(NetworkError, match="nor can it be passed over, as the shape of b cannot be told"):
        load(path, skip_unsupported=True)
    model = onnx.load(path, load_external_data=False)
    model.graph.value_info.append(helper.make_tensor_value_info("b", TensorProto.FLOAT, ["N", 4, 24, 24]))
    Path(path).write_bytes(model.SerializeToString())
    with pytest.warns(NetworkWarning, match=r"1 mine\.Grow"):
        network = load(path, skip_unsupported=True)
    assert network.layers[0].ifmap.shape == (4, 24, 24)


WRONG = {
    "further output": (
        {"nodes": [CONV, op("Dropout", "a", "b m"), op("Not", "m", "y")]},
        "node the_y (Not): its input m is a further output",
    ),
    "two inputs": ({"nodes": [op("Add", "x z", "y")], "inputs": ("x", "z")}, "the graph has 2 inputs (x, z)"),
    "two outputs": (
        {"nodes": [CONV, op("Relu", "a", "y")], "outputs": ("y", "a")},
        "the graph has 2 outputs (y, a)",
    ),
    "no nodes": ({"nodes": []}, "the graph has no nodes"),
    "no layers": ({"nodes": [op("Relu", "x", "y")]}, "output y is not made by layers"),
    "output of nothing": ({"nodes": [CONV]}, "output y is made by no node"),
    "cycle": (
        {"nodes": [op("Conv", "b w", "a"), op("Conv", "a v", "b"), op("Relu", "b", "y")]},
        "node the_a (Conv): it needs its own result: the graph has a cycle",
    ),
    "made twice": (
        {"nodes": [CONV, op("Conv", "x w", "a"), op("Relu", "a", "y")]},
        "a is made by it, by node the_a",
    ),
    "made already": (
        {"nodes": [op("Conv", "x w", "w"), op("Relu", "w", "y")]},
        "w is made by it, and is an input",
    ),
    "input of nowhere": (
        {"nodes": [op("Conv", "q w", "y")]},
        "node the_y (Conv): its input q is made by no node",
    ),
    "input missing": ({"nodes": [op("Conv", "x", "y")]}, "node the_y (Conv): its input 1 is missing"),
    "batch of two": (
        {"nodes": [CONV], "shape": (2, 8, 12, 12)},
        "input x is 2 x 8 x 12 x 12: the batch must be 1",
    ),
    "volume": ({"nodes": [CONV], "shape": (1, 8, 4, 4, 4)}, "input x is 1 x 8 x 4 x 4 x 4: modelled are"),
    "channels unknown": (
        {"nodes": [CONV], "shape": (1, "c", 4, 4)},
        "input x is 1 x ? x 4 x 4, its C is dynamic",
    ),
    "channels wrong": (
        {"nodes": [op("Conv", "x v", "y")]},
        "node the_y (Conv): weights [4, 4, 1, 1] in 1 group(s)",
    ),
    "window too large": (
        {"nodes": [op("MaxPool", "x", "y", kernel_shape=[99, 99])]},
        "node the_y (MaxPool): a window of (99, 99) with dilation (1, 1) does not fit",
    ),
    "stride of text": ({"nodes": [op("Conv", "x w", "y", strides="two")]}, "attribute strides is b'two'"),
    "stride of zero": ({"nodes": [op("Conv", "x w", "y", strides=[0, 0])]}, "stride (0, 0)"),
    "shape wrong": (
        {"nodes": [op("Reshape", "x two", "y")]},
        "node the_y (Reshape): [1, 8, 12, 12] cannot become",
    ),
    "axis wrong": ({"nodes": [op("Flatten", "x", "y", axis=7)]}, "axis 7: the value has 4 dimensions"),
}


@pytest.mark.parametrize("name", WRONG)
def test_graphs_that_cannot_be_name_the_place(tmp_path, name):
    given, text = WRONG[name]
    path = save(tmp_path, constants=W | NUMBERS, **given)
    with pytest.raises(NetworkError) as caught:
        load(path)
    assert text in str(caught.value) and str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "the file is empty"),
        (b"\x08\x07\x12\x04test", "not an ONNX model"),
        (b"<html>not a model</html>", "cannot be decoded"),
        (b"\0" * 100, "cannot be decoded"),
    ],
)
def test_files_that_are_no_models(tmp_path, content, text):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(NetworkError, match=rf"^{path}: .*{text}"):
        load(str(path))


def test_a_model_cut_short_anywhere_is_an_error_or_a_network(tmp_path):
    whole = Path(
        save(tmp_path, residual(True), {"w1": (4, 8, 1, 1), "w2": (16, 4, 3, 3), "w3": (16, 8, 1, 1)})
    )
    data = whole.read_bytes()
    for stop in range(0, len(data), 3):
        whole.write_bytes(data[:stop])
        with pytest.raises(NetworkError):
            load(str(whole))


def test_without_the_package_the_error_says_how_to_get_it(tmp_path):
    path = save(tmp_path, [op("Conv", "x w", "y")], W)
    code = f"import sys; sys.modules['onnx'] = None; import scanfuse.cli as c; c.main(['show', {path!r}])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0 and found.stdout == ""
    assert "pip install scanfuse[onnx]" in found.stderr and found.stderr.count("\n") == 1


def shared(name):
    path = SHARED / f"{name}.onnx"
    if not path.exists():
        pytest.skip(f"no {path.name} beside the project")
    return load(str(path))


@pytest.mark.parametrize("name", REAL)
def test_exported_networks(name):
    network = shared(name)
    zoo, macs, weights = REAL[name]
    assert (network.macs, network.weight_entries) == (macs, weights)
    if zoo is not None:
        assert shapes_of(network) == shapes_of(load(zoo))


def shapes_of(network):
    fields = "kind kernel stride padding dilation groups pool_kind".split()
    return [
        (*(getattr(layer, field) for field in fields), *(t.shape for t in layer.inputs), layer.output.shape)
        for layer in network.layers
    ]


@pytest.mark.parametrize(
    ("name", "zoo"),
    [
        ("mobilenetv1_100", "mobilenet_v1"),
        pytest.param("mobilenetv2_100", "mobilenet_v2", marks=pytest.mark.slow),
    ],
)
def test_exported_networks_move_what_those_of_the_zoo_move(name, zoo):
    mapped = [make_mapping(network, "deep", load_hardware()) for network in (shared(name), load(zoo))]
    assert mapped[0].entries == mapped[1].entries
    assert [len(group.layers) for group in mapped[0].groups] == [
        len(group.layers) for group in mapped[1].groups
    ]


def test_the_blocks_of_an_exported_resnet_are_found():
    network = shared("resnet18")
    assert sum(bool(branch) for branch in branches(network)) == 3
    for before, layer in pairwise(network.layers):
        if layer.kind == "add":
            assert layer.inputs[0] == before.output


def test_the_gates_of_an_exported_efficientnet_are_found():
    assert sum(gate is not None for gate in gates(shared("efficientnet_b0.ts"))) >= 16


def exported(network):
    """The nodes and weights of a network as an exporter might write them, shortcuts after their branches."""
    value = {network.input.name: "x"}
    nodes, weights = [], {}

    def add(kind, inputs, output, name="", **attributes):
        nodes.append(op(kind, " ".join(inputs), output, name, **attributes))
        return output

    def concatenate():
        for number, concat in enumerate(network.concats):
            parts = [value.get(part.name) for part in concat.parts]
            if concat.output.name not in value and None not in parts:
                value[concat.output.name] = add("Concat", parts, f"cat{number}", axis=1)

    for number, layer in enumerate(network.layers):
        concatenate()
        made, source = f"v{number}", value[layer.ifmap.name]
        top, bottom, left, right = layer.padding
        window = {"kernel_shape": layer.kernel, "strides": layer.stride, "pads": (top, left, bottom, right)}
        if layer.weight_entries:
            k, c, r, s = layer.weight_shape
            weights[f"w{number}"] = (k, c) if layer.kind == "linear" else (k, c, r, s)
        if layer.kind == "linear":
            flat = add("Flatten", [source], f"{made}.flat")
            add("Gemm", [flat, f"w{number}"], f"{made}.gemm", layer.name, transB=1)
            add("Unsqueeze", [f"{made}.gemm", "axes"], made)
        elif layer.kind in ("add", "scale"):
            second = value[layer.inputs[1].name]
            add("Add" if layer.kind == "add" else "Mul", [second, source], made, layer.name)
        elif layer.kind == "pool":
            add(
                "MaxPool" if layer.pool_kind == "max" else "AveragePool", [source], made, layer.name, **window
            )
        else:
            add("Conv", [source, f"w{number}"], made, layer.name, group=layer.groups, **window)
        value[layer.output.name] = add("Relu", [made], f"{made}.relu")
    return [*nodes, op("Identity", value[network.output.name], "y")], weights | {"axes": np.int64([2, 3])}


@pytest.mark.parametrize("name", zoo_names())
def test_networks_of_the_zoo_survive_the_way_there_and_back(tmp_path, name):
    network = load(name)
    nodes, weights = exported(network)
    path = save(tmp_path, nodes[::-1], weights, (1, *network.input.shape))
    back = load(path)
    assert [layer.name for layer in back.layers] == [layer.name for layer in network.layers]
    assert shapes_of(back) == shapes_of(network)
    places = ([each.place(layer.output).first for layer in each.layers] for each in (back, network))
    assert next(places) == next(places)

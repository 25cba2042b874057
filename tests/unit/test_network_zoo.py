"""The zoo: names, order and shapes of its layers, resolution and width."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanfuse.network import NetworkError, load, zoo_names
from scanfuse.network.layer import Tensor, windows
from scanfuse.network.zoo import read
from scanfuse.network.zoo.blocks import append
from scanfuse.network.zoo.chain import Chain, Stage, make_divisible, pad


def test_the_zoo_lists_its_networks() -> None:
    names = zoo_names()
    assert names == sorted(names)
    assert {"mobilenet_v1", "mobilenet_v2", "resnet50", "vgg16"} <= set(names)


@pytest.mark.parametrize("name", zoo_names())
def test_every_network_loads_with_an_add_right_after_its_branch(name: str) -> None:
    network = load(name)
    assert network.name == name
    assert network.input.shape == (3, *[read(name)["resolution"]] * 2)
    assert network.output.shape == (1000, 1, 1)
    for before, layer in zip(network.layers, network.layers[1:], strict=False):
        if layer.kind == "add":
            assert layer.inputs[0] == before.output


def test_mobilenet_v2_in_execution_order() -> None:
    network = load("mobilenet_v2")
    names = [layer.name for layer in network.layers]
    assert names[:9] == [
        "stem",
        "b1.depthwise",
        "b1.project",
        "b2.expand",
        "b2.depthwise",
        "b2.project",
        "b3.expand",
        "b3.depthwise",
        "b3.project",
    ]
    assert names[9] == "b3.add"
    assert names[-3:] == ["head", "pool", "classifier"]
    assert sum(layer.kind == "add" for layer in network.layers) == 10
    add = network.layer("b3.add")
    assert add.inputs == (network.layer("b3.project").output, network.layer("b2.project").output)
    assert network.layer("b2.depthwise").output.shape == (96, 56, 56)
    assert network.layer("b17.project").output.shape == (320, 7, 7)


def test_resnet50_has_its_downsampling_before_the_branch_and_its_stride_in_the_first_layer() -> None:
    network = load("resnet50")
    names = [layer.name for layer in network.layers]
    assert names[2:7] == ["b1.downsample", "b1.reduce", "b1.conv", "b1.expand", "b1.add"]
    assert network.layer("b4.reduce").stride == (2, 2)
    assert network.layer("b4.reduce").kind == "conv"  # a 1 x 1 that skips pixels is not pointwise
    assert network.layer("b5.reduce").kind == "pointwise"
    assert network.layer("b4.add").inputs[1] == network.layer("b4.downsample").output
    assert network.layer("b5.add").inputs[1] == network.layer("b4.add").output
    assert network.layer("maxpool").output.shape == (64, 56, 56)


def test_vgg16_flattens_without_a_layer() -> None:
    network = load("vgg16")
    assert [layer.name for layer in network.layers][-4:] == ["pool5", "fc6", "fc7", "fc8"]
    fc6 = network.layer("fc6")
    assert fc6.ifmap.shape == (25088, 1, 1)
    assert network.producer(fc6.ifmap) == network.layer("pool5")


def test_mobilenet_v3_squeezes_before_it_projects() -> None:
    network = load("mobilenet_v3_large")
    names = [layer.name for layer in network.layers if layer.name.startswith("b4.")]
    parts = "expand depthwise pool squeeze excite scale project"
    assert names == [f"b4.{part}" for part in parts.split()]
    assert network.layer("b4.squeeze").K == 24  # a quarter of 72, to a multiple of 8
    scale = network.layer("b4.scale")
    assert scale.inputs == (network.layer("b4.depthwise").output, network.layer("b4.excite").output)
    assert network.layer("b4.project").ifmap == scale.output
    assert [network.layer(f"b{n}.expand").K for n in (8, 9, 10, 11)] == [200, 184, 184, 480]
    assert sum(layer.kind == "scale" for layer in network.layers) == 8
    assert sum(layer.kind == "add" for layer in network.layers) == 10


def test_efficientnet_squeezes_every_block_to_a_quarter_of_its_input() -> None:
    network = load("efficientnet_b0")
    scaled = [layer.name for layer in network.layers if layer.kind == "scale"]
    assert scaled == [f"b{number}.scale" for number in range(1, 17)]
    assert [network.layer(f"b{number}.squeeze").K for number in (1, 2, 3, 16)] == [8, 4, 6, 48]
    assert network.layer("b16.project").output.shape == (320, 7, 7)
    assert not [layer for layer in load("efficientnet_lite0").layers if layer.kind == "scale"]


def test_a_wider_efficientnet_lite_has_the_stem_and_head_of_lite0() -> None:
    layers = [load("efficientnet_lite0", width=1.2).layer(name).K for name in ("stem", "b2.project", "head")]
    assert layers == [32, 32, 1280]
    assert load("efficientnet_b0", width=1.2).layer("head").K == 1536


def test_xception_has_its_maps_and_residuals() -> None:
    network = load("xception")
    maps = {
        name: network.layer(name).output.shape for name in ("stem1", "stem2", "b1.add", "b4.add", "b12.add")
    }
    assert maps == {
        "stem1": (32, 149, 149),
        "stem2": (64, 147, 147),
        "b1.add": (128, 74, 74),
        "b4.add": (728, 19, 19),
        "b12.add": (1024, 10, 10),
    }
    add = network.layer("b2.add")
    assert add.inputs == (network.layer("b2.shortcut").output, network.layer("b2.pool").output)
    assert network.layer("b2.shortcut").ifmap == network.layer("b2.depthwise1").ifmap
    middle = network.layer("b5.add")
    assert middle.inputs == (network.layer("b5.pointwise3").output, network.layer("b4.add").output)
    assert [network.layer(f"b12.pointwise{n}").K for n in (1, 2)] == [728, 1024]
    assert (
        sum(layer.kind == "depthwise" for layer in network.layers) == 34
    )  # and 2 convolutions: figure 5's 36


def test_squeezenet_expands_side_by_side() -> None:
    network = load("squeezenet")
    assert [layer.name for layer in network.layers if layer.name.startswith("fire2.")] == [
        "fire2.squeeze",
        "fire2.expand1x1",
        "fire2.expand3x3",
    ]
    whole = network.layer("fire3.squeeze").ifmap
    assert whole.shape == (128, 54, 54)
    parts = [network.place(network.layer(f"fire2.expand{kernel}").output) for kernel in ("1x1", "3x3")]
    assert [(place.store, place.first, place.stop) for place in parts] == [(whole, 0, 64), (whole, 64, 128)]
    widths = [network.layer(f"fire{number}.squeeze").K for number in range(2, 10)]
    assert widths == [16, 16, 32, 32, 48, 48, 64, 64]
    assert [network.layer(f"maxpool{number}").output.height for number in (1, 4, 8)] == [54, 27, 13]
    later = load("squeezenet1_1")
    assert later.layer("conv1").output.shape == (64, 111, 111)
    assert [later.layer(f"maxpool{number}").output.height for number in (1, 3, 5)] == [55, 27, 13]


@given(st.integers(1, 40), st.integers(1, 7), st.integers(1, 4))
def test_padding_last_makes_the_last_window_whole(extent: int, kernel: int, stride: int) -> None:
    before, after = pad(extent, kernel, stride, "last")
    assert before == 0 and 0 <= after < stride
    if extent >= kernel:
        assert windows(extent, kernel, stride, padding=after) == 1 + -(-(extent - kernel) // stride)
        assert (extent + after - kernel) % stride == 0


def test_resolution_and_width_change_shapes_and_the_name() -> None:
    network = load("mobilenet_v2", resolution=96, width=0.35)
    assert network.name == "mobilenet_v2_0.35_96"
    assert network.input.shape == (3, 96, 96)
    assert network.layer("stem").K == 16
    assert network.layer("head").K == 1280  # grows with the width but does not shrink
    assert load("mobilenet_v2", width=1.4).layer("head").K == 1792
    assert load("mobilenet_v2", resolution=97).layer("pool").ifmap.shape == (1280, 4, 4)
    assert load("mobilenet_v2", 224, 1.0) == load("mobilenet_v2")


@pytest.mark.parametrize(
    ("asked", "given"),
    [(32 * 0.35, 16), (16 * 0.35, 8), (24 * 0.75, 24), (1, 8), (12, 16), (11.9, 16), (67, 64)],
)
def test_channels_become_multiples_of_eight_not_below_nine_tenths(asked: float, given: int) -> None:
    assert make_divisible(asked) == given


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("mobilenet_v3",),
            r"unknown network 'mobilenet_v3' \(did you mean mobilenet_v\d.*; the zoo has .*vgg16",
        ),
        (("mobilenet_v2", 0), "resolution 0: give a whole number of pixels"),
        (("mobilenet_v2", 22.5), "resolution 22.5: give a whole number"),
        (("mobilenet_v2", None, 0), "width 0: give a factor above 0"),
        (("mobilenet_v2", None, float("nan")), "width nan: give a factor above 0"),
        (
            ("vgg16", 16),
            r"layer pool5: a window of \(2, 2\) does not fit into 1 x 1; take a higher resolution",
        ),
    ],
)
def test_what_cannot_be_loaded_says_why(arguments, message) -> None:
    with pytest.raises(NetworkError, match=message):
        load(*arguments)


def test_an_unknown_block_is_named() -> None:
    with pytest.raises(NetworkError, match=r"unknown block 'bottlenek' \(did you mean bottleneck\?\)"):
        append(Chain(Tensor("input", 3, 8, 8), 1.0), Stage("bottlenek"))

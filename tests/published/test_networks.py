"""Do the zoo's networks have the published multiply-accumulates, parameters and data?

The figures of papers stand in the zoo files, with their sources; those of the schedules' table stand here.
"""

from fnmatch import fnmatch
from typing import Any

import pytest

from scanfuse.network import Layer, Network, layer_by_layer_entries, load, network_entries, zoo_names
from scanfuse.network.layer import WEIGHTED
from scanfuse.network.zoo import read

VARIANTS = [
    pytest.param(name, variant, id=f"{name}-{variant['width']}-{variant['resolution']}")
    for name in zoo_names()
    for variant in read(name)["published"]["variants"]
]


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_macs_and_parameters_are_those_printed(name: str, variant: dict[str, Any]) -> None:
    network = load(name, variant["resolution"], variant["width"])
    if "macs_millions" in variant:  # rounded or cut off: the last printed digit is a million
        assert network.macs / 1e6 == pytest.approx(variant["macs_millions"], abs=1)
    else:
        assert rounded_as(variant["macs_billions"], network.macs / 1e9)
    if "parameters_millions" in variant:
        assert rounded_as(variant["parameters_millions"], network.weight_entries / 1e6)


def rounded_as(printed: float, exact: float) -> bool:
    """Whether a figure rounds to the digits that were printed."""
    return round(exact, len(str(printed).partition(".")[2])) == printed


@pytest.mark.parametrize("name", zoo_names())
def test_parameters_are_exact_once_norm_and_bias_are_counted(name: str) -> None:
    network, published = load(name), read(name)["published"]
    assert all_parameters(network, published) == published["parameters"]


def all_parameters(network: Network, published: dict[str, Any]) -> int:
    """Weights, and what we fold away: batch norm after every layer but those that have a bias or are bare."""
    norm = published["norm_parameters_per_channel"]
    return network.weight_entries + sum(
        layer.K * (1 if named(layer, published["biased"]) else norm)
        for layer in network.layers
        if layer.kind in WEIGHTED and not named(layer, published.get("bare", []))
    )


def named(layer: Layer, patterns: list[str]) -> bool:
    return any(fnmatch(layer.name, pattern) for pattern in patterns)


def test_efficientnet_lite0_is_b0_without_squeeze_excite() -> None:
    b0, lite0 = load("efficientnet_b0"), load("efficientnet_lite0")
    gone = [layer for layer in b0.layers if named(layer, ["*.squeeze", "*.excite"])]
    assert len(gone) == 2 * 16
    assert b0.macs - lite0.macs == sum(layer.macs for layer in gone)
    parameters = [read(network.name)["published"]["parameters"] for network in (b0, lite0)]
    assert parameters[0] - parameters[1] == sum(layer.weight_entries + layer.K for layer in gone) == 636_540


def test_resnet50_prints_as_in_its_paper() -> None:
    printed = read("resnet50")["published"]["macs_printed_billions"]
    assert int(load("resnet50").macs / 1e8) / 10 == printed


def test_mobilenet_v2_to_the_entry() -> None:
    network = load("mobilenet_v2")
    assert network.macs == 300_774_272
    assert network.input.entries == 150_528
    assert network.weight_entries == 3_469_760
    assert network.output.entries == 1_000
    assert network_entries(network) == 3_621_288
    assert layer_by_layer_entries(network) == 17_196_456
    assert sum(layer.inputs[1].entries for layer in network.layers if layer.kind == "add") == 216_384


@pytest.mark.parametrize(
    ("name", "bound_millions", "layer_by_layer_millions"),
    [
        ("mobilenet_v1", 4.361, 14.448),
        ("mobilenet_v2", 3.621, 17.196),
        ("mobilenet_v3_large", 5.603, None),  # the table makes squeeze-excite part of its neighbours
        ("resnet50", 25.654, 52.854),
        ("vgg16", 138.496, 168.668),
    ],
)
def test_entries_a_network_must_move(
    name: str, bound_millions: float, layer_by_layer_millions: float | None
) -> None:
    network = load(name)
    assert round(network_entries(network) / 1e6, 3) == bound_millions
    if layer_by_layer_millions is not None:
        assert round(layer_by_layer_entries(network) / 1e6, 3) == layer_by_layer_millions

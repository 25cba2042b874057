"""Do the zoo's networks have the published multiply-accumulates, parameters and data?

The figures of papers stand in the zoo files, with their sources; those of the schedules' table stand here.
"""

from typing import Any

import pytest

from scanfuse.network import Network, layer_by_layer_entries, load, network_entries, zoo_names
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
    # Papers round or cut off; the last printed digit is a million.
    assert network.macs / 1e6 == pytest.approx(variant["macs_millions"], abs=1)
    if "parameters_millions" in variant:
        printed = str(variant["parameters_millions"])
        digits = len(printed.partition(".")[2])
        assert round(network.weight_entries / 1e6, digits) == float(printed)


@pytest.mark.parametrize("name", zoo_names())
def test_parameters_are_exact_once_norm_and_bias_are_counted(name: str) -> None:
    network, published = load(name), read(name)["published"]
    assert all_parameters(network, published) == published["parameters"]


def all_parameters(network: Network, published: dict[str, Any]) -> int:
    """Weights, and what we fold away: biases of the named layers and batch norm after all others."""
    total = network.weight_entries
    for layer in network.layers:
        if layer.kind not in WEIGHTED:
            continue
        biased = published["biased"] == ["all"] or layer.name in published["biased"]
        total += layer.K * (1 if biased else published["norm_parameters_per_channel"])
    return total


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
        ("resnet50", 25.654, 52.854),
        ("vgg16", 138.496, 168.668),
    ],
)
def test_entries_a_network_must_move(
    name: str, bound_millions: float, layer_by_layer_millions: float
) -> None:
    network = load(name)
    assert round(network_entries(network) / 1e6, 3) == bound_millions
    assert round(layer_by_layer_entries(network) / 1e6, 3) == layer_by_layer_millions

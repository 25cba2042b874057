"""Layouts of single maps: kept in a mapping's file, refused where they cannot be."""

from dataclasses import replace

import pytest

from scanfuse.hardware import load_hardware
from scanfuse.mapping import Mapping, MappingError, Placed, make_mapping, mapping_text, parse_mapping
from scanfuse.network import load
from scanfuse.results import dram_config, map_network, run_mapping

NETWORK = load("mobilenet_v2", 32, 0.35)
HARDWARE = load_hardware("paper", ["buffer.entries=2000"])


@pytest.fixture(scope="module")
def mapping() -> Mapping:
    return make_mapping(NETWORK, "raster", HARDWARE)


@pytest.mark.parametrize("form", ["toml", "json"])
def test_layouts_come_back_from_a_file(mapping: Mapping, form: str) -> None:
    placed = replace(mapping, layouts=(Placed("stem", "nchw8"), Placed("input", "nchw")))
    assert placed.layout_of("stem") == "nchw8"
    assert placed.layout_of("b1.depthwise") == mapping.layout
    assert parse_mapping(mapping_text(placed, form), "m", form) == placed


@pytest.mark.parametrize(
    ("layouts", "told"),
    [
        ((Placed("nothing", "nhwc"),), r"layouts\[0\].map: nothing is no map of mobilenet_v2"),
        ((Placed("stem", "nhwc"), Placed("stem", "nchw")), r"layouts\[1\].map: stem has a layout already"),
        (
            (Placed("stem", "nchw3"),),
            r"layouts\[0\].layout: the 16 channels of stem are no whole blocks",
        ),
        ((Placed("stem", "nwhc"),), r"layouts\[0\].layout: must be nhwc, nchw or nchw with a block"),
        ((Placed("stem", "nchw0"),), r"layouts\[0\].layout: must be nhwc, nchw or nchw with a block"),
    ],
)
def test_layouts_that_cannot_be_are_refused(mapping: Mapping, layouts: tuple[Placed, ...], told: str) -> None:
    with pytest.raises(MappingError, match=told):
        replace(mapping, layouts=layouts)


def test_a_layout_for_all_leaves_maps_none_of_their_own() -> None:
    fixed = load_hardware("paper", ["buffer.entries=2000", "layout.order=nhwc"])
    assert map_network(NETWORK, "raster", fixed, dram_config(fixed)).layouts == ()
    own = replace(make_mapping(NETWORK, "raster", fixed), layouts=(Placed("stem", "nchw"),))
    with pytest.raises(MappingError, match="layouts: the mapping has its own for 1 maps"):
        run_mapping(own, fixed)


def test_what_a_search_lays_out_takes_fewer_bursts(mapping: Mapping) -> None:
    config = dram_config(HARDWARE)
    laid_out = map_network(NETWORK, "raster", HARDWARE, config)
    assert laid_out.layouts and laid_out.groups == mapping.groups
    requests = [run_mapping(each, HARDWARE, config).total["dram_requests"] for each in (mapping, laid_out)]
    assert requests[1] < requests[0]

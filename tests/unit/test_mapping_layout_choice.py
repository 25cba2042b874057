"""Tiles and layouts chosen together: the cheapest choice there is, at the same traffic, and a real gain?"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from scanfuse.execute import execute
from scanfuse.hardware import load_hardware
from scanfuse.mapping import MappingError, Searches, Target, lay_out_together, make_mapping
from scanfuse.mapping.layout_choice import LayoutChoice
from scanfuse.mapping.layouts import GroupLayouts
from scanfuse.mapping.searches import SCAN
from scanfuse.network import load
from scanfuse.program import check, fewest_bursts, unroll
from scanfuse.results import dram_config, map_network, run_mapping


def chosen(name, schedule, entries, resolution, width=1.0):
    hardware = load_hardware("paper", [f"buffer.entries={entries}"])
    plain = make_mapping(load(name, resolution, width), schedule, hardware)
    return hardware, plain, lay_out_together(plain, hardware, Target.of(hardware), Searches())


@pytest.mark.parametrize("schedule", ["fixed", "raster", "scan", "fused", "resident", "deep"])
def test_it_moves_as_much_and_is_right(schedule):
    for name, entries in (("resnet50", 9000), ("squeezenet", 2000)):
        _, plain, together = chosen(name, schedule, entries, 48, 0.5 if name == "resnet50" else 1.0)
        assert together.entries == plain.entries and together.kept == plain.kept
        if schedule == "fixed":
            assert together.groups == plain.groups
        program = unroll(together)
        assert check(program, entries) <= entries
        execute(program, entries)


@pytest.mark.parametrize("schedule", ["raster", "fused"])
def test_no_other_assignment_of_layouts_costs_less(schedule):
    """Every assignment to the maps that a few groups touch, tried."""
    hardware = load_hardware("paper", ["buffer.entries=3000"])
    network = load("resnet50", 32, 0.25)
    mapping = make_mapping(network, schedule, hardware)
    choice = LayoutChoice(mapping, SCAN, Target.of(hardware), Searches())
    few = 4
    choice.__dict__["ends"] = choice.ends[:few] + [(None, None, None)] * (len(choice.ends) - few)
    best = choice.best()
    names = sorted({end for ends in choice.ends for end in ends if end is not None})

    def cost(layouts):
        found = [
            choice._cheapest(number, GroupLayouts(*(layouts.get(end, mapping.layout) for end in ends)))
            for number, ends in enumerate(choice.ends)
        ]
        return None if None in found else sum(each[0] for each in found)

    every = [dict(zip(names, each, strict=True)) for each in product(*(choice.options[n] for n in names))]
    assert len(every) > 50
    costs = [found for found in map(cost, every) if found is not None]
    assert cost({name: best.layout_of(name) for name in names}) == pytest.approx(min(costs))


def test_it_takes_fewer_bursts_where_tiles_and_layouts_suit_each_other():
    hardware, plain, together = chosen("xception", "scan", 16_384, 128)
    bursts = [fewest_bursts(unroll(one), 2, 64)[1] for one in (plain, together)]
    assert bursts[1] < 0.99 * bursts[0]
    config = dram_config(hardware)
    found = map_network(plain.network, "scan", hardware, config)
    assert found.groups == together.groups
    ran = [run_mapping(one, hardware, config) for one in (found, replace(plain, layouts=()))]
    assert ran[0].total["dram_nj"] < ran[1].total["dram_nj"]


def test_hardware_that_says_how_maps_lie_is_obeyed():
    for settings in (["layout.order=nchw"], ["buffer.policy=lru"]):
        hardware = load_hardware("paper", settings)
        try:
            mapping = make_mapping(load("mobilenet_v2", 32, 0.35), "raster", hardware)
        except MappingError as error:
            pytest.fail(str(error))
        assert lay_out_together(mapping, hardware, Target.of(hardware), Searches()) is mapping

"""Are the runners-up real, worse than what was chosen, and what they are told to cost?"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from scanfuse.hardware import load_hardware
from scanfuse.mapping import (
    Explanation,
    FusedBlock,
    LayerTiling,
    Mapping,
    Way,
    cut_of,
    explain,
    layer_nest,
    make_mapping,
)
from scanfuse.mapping.estimate import Target
from scanfuse.mapping.ranking import rank_tilings
from scanfuse.mapping.search import search_tiling
from scanfuse.mapping.stages import Stage
from scanfuse.mapping.traffic import SCANS
from scanfuse.network import Network, load
from scanfuse.program import check, unroll

CASES = [("fused", 800), ("fused", 6_000), ("scan", 800), ("raster", 6_000), ("fixed", 6_000)]


@cache
def mapped(schedule: str, entries: int) -> Mapping:
    """The first blocks of MobileNet V2, small, as a network of their own."""
    whole = load("mobilenet_v2", 32, 0.5)
    network = Network("beginning", whole.layers[:17], whole.input, whole.layers[16].output)
    return make_mapping(network, schedule, hardware(entries))


@cache
def explained(schedule: str, entries: int) -> list[Explanation]:
    return list(explain(mapped(schedule, entries), hardware(entries)))


def hardware(entries: int):
    return load_hardware("paper", [f"buffer.entries={entries}"])


def instead(mapping: Mapping, explanation: Explanation, way: Way) -> Mapping:
    """A mapping with some of its groups run another way."""
    first, last = explanation.numbers[0], explanation.numbers[-1]
    return replace(mapping, groups=(*mapping.groups[:first], *way.groups, *mapping.groups[last + 1 :]))


@pytest.mark.parametrize(("schedule", "entries"), CASES)
def test_every_group_is_explained_with_its_own_figures(schedule: str, entries: int) -> None:
    mapping, found = mapped(schedule, entries), explained(schedule, entries)
    assert [one.numbers for one in found if len(one.numbers) == 1] == [
        (number,) for number in range(len(mapping.groups))
    ]
    for one in found:
        assert one.chosen.groups == tuple(mapping.groups[number] for number in one.numbers)
        assert one.chosen.entries == sum(int(mapping.traffic(group).total) for group in one.chosen.groups)
        assert one.chosen.entries >= one.least_entries
        assert one.chosen.live_entries <= entries
        assert list(one.others) == sorted(one.others, key=lambda way: way.rank)


@pytest.mark.parametrize(("schedule", "entries"), CASES)
def test_what_was_searched_for_is_the_best_of_its_kind(schedule: str, entries: int) -> None:
    """`raster` may lose to a Scan order, and `fixed` to all: they are told so."""
    for one in explained(schedule, entries):
        better = [way for way in one.others if way.rank < one.chosen.rank]
        if schedule == "fused":
            assert not better
            assert " than " in one.reason or "fits" in one.reason or "equal to" in one.reason
        elif schedule != "fixed":
            assert all(isinstance(way.groups[0], LayerTiling) for way in better)
        if better:
            assert f"but {one.others[0].name} has" in one.reason


@pytest.mark.parametrize(("schedule", "entries"), CASES[:3])
def test_every_runner_up_would_run_as_told(schedule: str, entries: int) -> None:
    mapping = mapped(schedule, entries)
    ways = [(one, way) for one in explained(schedule, entries) for way in one.others]
    assert len(ways) > len(mapping.groups)
    short = [(one, way) for one, way in ways if sum(mapping.cost(group).steps for group in way.groups) < 500]
    for one, way in short[:: max(1, len(short) // 6)]:
        other = instead(mapping, one, way)
        assert other.entries - mapping.entries == way.entries - one.chosen.entries
        assert other.extra_macs - mapping.extra_macs == way.extra_macs - one.chosen.extra_macs
        program = unroll(other)
        check(program, entries)  # it fits, moves what it is told to, and is right
        last = one.numbers[0] + len(way.groups)
        mine = (program.groups >= one.numbers[0]) & (program.groups < last)
        assert int(program.live[mine].max()) <= way.live_entries <= entries


def test_a_block_is_held_against_its_layers_alone_and_the_other_way_round() -> None:
    fused = [one for one in explained("fused", 6_000) if isinstance(one.chosen.groups[0], FusedBlock)]
    assert fused
    for one in fused:
        (alone,) = [way for way in one.others if len(way.groups) > 1]
        assert alone.name == "scan" and alone.entries > one.chosen.entries
    unfused = [one for one in explained("fused", 800) if len(one.numbers) > 1]
    assert unfused
    for one in unfused:
        assert {way.name for way in one.others} <= {"fused"}
        assert all(way.entries > one.chosen.entries for way in one.others)
    assert not [one for one in explained("scan", 800) if len(one.numbers) > 1]


@pytest.mark.parametrize("entries", [900, 5_000])
def test_the_first_of_a_ranking_is_what_the_search_takes(entries: int) -> None:
    network, target = load("mobilenet_v2", 32, 0.5), Target.of(hardware(entries))
    for index in (0, 1, 2, 4, 62, 63):
        nest = layer_nest(network, Stage(index))
        best, *rest = rank_tilings(nest, index, None, "nhwc", target)
        taken = search_tiling(nest, index, None, SCANS, "nhwc", target)
        assert (best.traffic, best.score) <= (taken.traffic, taken.score)
        assert [one.traffic for one in (best, *rest)] == sorted(one.traffic for one in (best, *rest))
        tiles = [(one.traffic, {**cut_of(one.choice), "order": "", "scan": ""}) for one in (best, *rest)]
        assert all(one not in tiles[:at] for at, one in enumerate(tiles))


def test_a_mapping_changed_by_hand_is_told_what_would_be_better() -> None:
    mapping = mapped("fused", 6_000)
    block = mapping.groups[3]
    assert isinstance(block, FusedBlock)
    worse = replace(block, band_rows=1, step_rows=1, chunk=1, held_chunks=1)
    by_hand = replace(mapping, schedule="mine", groups=(*mapping.groups[:3], worse, *mapping.groups[4:]))
    one = list(explain(by_hand, hardware(6_000)))[3]
    assert one.reason.startswith("but ") and "entries" in one.reason
    assert block in [way.groups[0] for way in one.others]

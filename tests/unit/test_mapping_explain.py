"""Are the runners-up real, worse than what was chosen, and what they are told to cost?"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from scanfuse.hardware import load_hardware
from scanfuse.mapping import (
    Cascade,
    Explanation,
    FusedBlock,
    LayerTiling,
    Mapping,
    cut_of,
    explain,
    instead,
    layer_nest,
    make_mapping,
)
from scanfuse.mapping.estimate import Target
from scanfuse.mapping.ranking import rank_tilings
from scanfuse.mapping.search import search_tiling
from scanfuse.mapping.stages import Stage
from scanfuse.mapping.tile_space import TileSpace
from scanfuse.mapping.traffic import SCANS
from scanfuse.network import Network, load
from scanfuse.program import ProgramError, check, unroll

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
        other = instead(mapping, way)
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


ALTERNATIVES = [
    ("mobilenet_v2", 32, 0.35, 3_000, "deep"),
    ("mobilenet_v3_large", 32, 0.35, 3_000, "resident"),
    ("resnet50", 32, 0.125, 2_000, "deep"),
]
SCHEDULED = ("fused", "scan", "raster", "resident", "runner-up")


@cache
def grouped(name: str, resolution: int, width: float, entries: int, schedule: str):
    """A mapping with cascades, its explanations, and the alternatives among them."""
    mapping = make_mapping(load(name, resolution, width), schedule, hardware(entries))
    found = list(explain(mapping, hardware(entries)))
    return mapping, found, [(one, way) for one in found for way in one.others if way.name not in SCHEDULED]


@pytest.mark.parametrize("case", ALTERNATIVES)
def test_every_alternative_to_a_cascade_comes_to_what_is_told(case) -> None:
    """Put into the mapping, each changes entries, MACs and room as told, elsewhere too."""
    mapping, _, ways = grouped(*case)
    entries = case[3]
    assert {"result stored", "joined with the next", "chunks halved"} <= {way.name for _, way in ways}
    for one, way in ways[:: 1 + len(ways) // 40]:
        other = instead(mapping, way)
        assert other.entries - mapping.entries == way.entries - one.chosen.entries
        assert other.extra_macs - mapping.extra_macs == way.extra_macs - one.chosen.extra_macs
        live = max(other.live_entries(group) for group in other.groups)
        assert way.fits == (live <= entries)
        assert way.missing_entries == max(live - entries, 0)


@pytest.mark.parametrize("case", ALTERNATIVES)
def test_alternatives_that_fit_are_right_programs(case) -> None:
    mapping, _, ways = grouped(*case)
    kinds = {way.name.split(" after")[0]: way for _, way in ways if way.fits}
    for way in kinds.values():
        other = instead(mapping, way)
        assert check(unroll(other), case[3]) <= case[3]
    missing = [way for _, way in ways if not way.fits]
    for way in missing[:2]:
        with pytest.raises(ProgramError, match="entries live, the buffer holds"):
            check(unroll(instead(mapping, way)), case[3])


def test_a_cascade_is_told_against_its_parts_its_neighbours_and_its_result_elsewhere() -> None:
    mapping, found, _ = grouped(*ALTERNATIVES[0])
    for number, group in enumerate(mapping.groups):
        names = [way.name for way in found[number].others]
        if made_by(mapping, group) in mapping.kept:
            assert "result stored" in names
        if isinstance(group, Cascade) and len(group.units) > 1:
            assert any(name.startswith("split after ") for name in names)
        chosen = found[number].chosen
        assert not [way for way in found[number].others if way.fits and way.moved < chosen.moved]
    stored = [way for one in found for way in one.others if way.name == "result stored"]
    assert stored and all(way.elsewhere and way.elsewhere_entries > 0 for way in stored)


def made_by(mapping: Mapping, group) -> str:
    return mapping.network.layers[group.layers[-1]].output.name


def test_squeeze_excite_in_two_passes_is_held_against_its_map_stored_and_kept() -> None:
    network = load("efficientnet_b0", 64, 0.5)
    whole = Network("beginning", network.layers[:20], network.input, network.layers[19].output)
    mapping = make_mapping(whole, "resident", hardware(16_384))
    found = [one for one in explain(mapping, hardware(16_384)) if len(one.numbers) > 1]
    assert found
    for one in found:
        pooling, *_, last = one.chosen.groups
        assert isinstance(pooling, Cascade) and pooling.units[-1].pool is not None
        assert isinstance(last, Cascade) and any(unit.gate is not None for unit in last.units)
        names = {way.name: way for way in one.others}
        made = whole.layers[pooling.units[-1].middle].output
        assert {f"{made.name} once, {how}" for how in ("stored", "kept")} <= names.keys()
        stored, kept = names[f"{made.name} once, stored"], names[f"{made.name} once, kept"]
        assert stored.fits and stored.entries > one.chosen.entries and made.name not in stored.kept
        assert not kept.fits and kept.missing_entries > 0 and made.name in kept.kept
        assert check(unroll(instead(mapping, stored)), 16_384) <= 16_384


@pytest.mark.parametrize("entries", [900, 5_000])
def test_the_first_of_a_ranking_is_what_the_search_takes(entries: int) -> None:
    network, target = load("mobilenet_v2", 32, 0.5), Target.of(hardware(entries))
    for index in (0, 1, 2, 4, 62, 63):
        nest = layer_nest(network, Stage(index))
        best, *rest = rank_tilings(nest, index, None, "nhwc", target)
        space = TileSpace(nest, target.buffer_entries, target.psum_entries)
        taken = search_tiling(space, index, None, SCANS, "nhwc", target)
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

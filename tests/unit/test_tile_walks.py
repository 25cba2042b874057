"""Raster beside Scan: visits add up to the closed forms, and Scan goes on where raster jumps."""

import pytest

from scanfuse.hardware import load_hardware
from scanfuse.mapping import LayerTiling, make_mapping
from scanfuse.network import load
from scanfuse.results.tile_walks import MOST_VISITS, WALK_COLUMNS, tile_walks, walk_table


@pytest.mark.parametrize("schedule", ["fixed", "scan", "deep"])
def test_walks_move_what_their_closed_forms_say(schedule: str) -> None:
    accelerator = load_hardware("paper", ["buffer.entries=8192"])
    mapping = make_mapping(load("mobilenet_v2", resolution=64), schedule, accelerator)
    walks, table = tile_walks(mapping, accelerator), walk_table(mapping, accelerator)
    assert walks and tuple(table.columns) == WALK_COLUMNS
    own = {group.layer for group in mapping.groups if isinstance(group, LayerTiling)}
    for walk in walks:
        mine = table[table["index"] == walk["index"]]
        assert walk["scan_entries"] <= walk["raster_entries"]
        assert walk["tiles"] == "fixed" or walk["index"] in own
        tiles = walk["trips"]["m"] * walk["trips"]["n"] * walk["trips"]["k"]
        for name in ("raster", "scan"):
            visits = mine[mine["walk"] == name]
            assert len(visits) == walk["visits"] <= MOST_VISITS
            if tiles == walk["visits"]:
                assert visits["moved_entries"].sum() == walk[f"{name}_entries"]
    assert any(walk["scan_entries"] < walk["raster_entries"] for walk in walks)
    assert all(walk["tiles"] == "own" for walk in walks) == (schedule == "fixed")


def test_scan_goes_on_where_it_turns() -> None:
    accelerator = load_hardware()
    mapping = make_mapping(load("mobilenet_v2"), "fixed", accelerator)
    walk = next(walk for walk in tile_walks(mapping, accelerator) if walk["layer"] == "head")
    table = walk_table(mapping, accelerator)
    places = {
        name: table[(table["layer"] == "head") & (table["walk"] == name)][[walk["outer"], walk["inner"]]]
        for name in ("raster", "scan")
    }
    steps = places["scan"].diff().abs().sum(axis=1).iloc[1:]
    assert (steps == 1).all()  # to a neighbour, always
    assert (places["raster"].diff().abs().sum(axis=1).iloc[1:] > 1).any()


def test_a_cache_has_no_walks() -> None:
    accelerator = load_hardware("paper", ["buffer.policy=lru"])
    mapping = make_mapping(load("mobilenet_v2", resolution=32), "raster", accelerator)
    assert tile_walks(mapping, accelerator) == [] and walk_table(mapping, accelerator).empty

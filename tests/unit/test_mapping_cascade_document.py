"""Do mappings with cascades come back from their files, and is every wrong or infeasible edit refused in a
line that says where, and what is allowed?"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanfuse.hardware import load_hardware
from scanfuse.mapping import (
    Cascade,
    CascadeCost,
    Mapping,
    MappingError,
    make_mapping,
    mapping_document,
    mapping_text,
    parse_mapping,
)
from scanfuse.network import Network, load, zoo_names
from scanfuse.program import ProgramError, check, unroll

ENTRIES = 3_000


@cache
def mapped(name: str, schedule: str = "deep", entries: int = ENTRIES) -> Mapping:
    hardware = load_hardware("paper", [f"buffer.entries={entries}", "buffer.psum_entries=2"])
    resolution = 72 if name in ("xception", "squeezenet") else 32
    whole = load(name, resolution, 0.25)
    return make_mapping(whole, schedule, hardware)


@pytest.mark.parametrize("schedule", ["resident", "deep"])
@pytest.mark.parametrize("name", zoo_names())
def test_a_mapping_with_cascades_comes_back_as_it_was(name: str, schedule: str) -> None:
    mapping = mapped(name, schedule)
    assert any(isinstance(group, Cascade) for group in mapping.groups)
    for form in ("toml", "json"):
        text = mapping_text(mapping, form)
        back = parse_mapping(text, "mine", form)
        assert back == mapping
        assert mapping_text(back, form) == text
    assert max(len(line) for line in mapping_text(mapping).splitlines() if "kept" not in line) <= 130


Edit = Callable[[dict[str, Any]], object]  # of a document: changes it in place


def group(document: dict[str, Any], walk: str, units: int = 1) -> dict[str, Any]:
    """Its first cascade of some walk with so many units or more."""
    groups = [each for each in document["groups"] if each["kind"] == "cascade"]
    return next(each for each in groups if each["walk"] == walk and len(each["units"]) >= units)


def change(walk: str, units: int = 1, /, **fields: Any) -> Edit:
    return lambda document: group(document, walk, units).update(fields)


def unit(number: int, /, **fields: Any) -> Edit:
    """Changes a unit of the first group of three."""
    return lambda document: group(document, "rows", 3)["units"][number].update(fields)


def drop_unit(one: dict[str, Any], number: int) -> None:
    for key in ("units", "chunks", "pinned"):
        one[key].pop(number)


WRONG: dict[str, tuple[Edit, str]] = {
    "walk": (change("rows", walk="row"), "walk: must be one of rows, chunks, got 'row' (did you mean rows?)"),
    "walk of several": (change("rows", 2, walk="chunks"), "walk: the walk by chunks is for one unit, not "),
    "band none": (change("rows", band_rows=0), "band_rows: expected a whole number >= 1, got 0"),
    "band": (change("rows", band_rows=999), "band_rows: must be 1 to "),
    "band of chunks": (change("chunks", band_rows=2), "band_rows: must be 1, as bands are for walks by rows"),
    "step": (change("rows", step_rows=999), "step_rows: must be 1 to 16, the output rows of "),
    "step a text": (change("rows", step_rows="all"), "step_rows: expected a whole number, got 'all'"),
    "chunks": (change("rows", 3, chunks=[999, 1, 1]), "chunks[0]: must be 1 to "),
    "chunks none": (change("rows", 3, chunks=[1, 0, 1]), "chunks[1]: expected a whole number >= 1, got 0"),
    "chunks few": (change("rows", 3, chunks=[1]), "chunks: give one for each of the "),
    "chunks a number": (change("rows", 3, chunks=1), "chunks: expected a list, got 1"),
    "pinned": (change("rows", 3, pinned=[0, 999, 0]), "pinned[1]: must be 0 to "),
    "pinned less": (change("rows", 3, pinned=[0, -1, 0]), "pinned[1]: expected a whole number >= 0, got -1"),
    "pinned many": (change("rows", 3, pinned=[0] * 9), "pinned: give one for each of the "),
    "pinned in chunks": (change("chunks", pinned=[1]), "pinned[0]: must be 0 to 0, as weights come once"),
    "stripes": (change("rows", stripes=999), "stripes: must be 1 to "),
    "stripes of kept": (
        lambda d: next(g for g in d["groups"] if g["walk"] == "chunks").update(stripes=2),
        "stripes: 2 stripes are for walks by rows from DRAM to DRAM: must be 1",
    ),
    "parts": (change("rows", parts=2), "parts: 2 parts are for walks by chunks without a lead"),
    "parts many": (change("chunks", parts=99_999), "parts: must be 1 to "),
    "input again": (change("chunks", input_again=True), "input_again: "),
    "input again a number": (change("rows", input_again=1), "input_again: expected true or false, got 1"),
    "kept unknown": (lambda d: d["kept"].insert(0, "b5.ad"), "kept[0]: the network has no map 'b5.ad' (did"),
    "kept twice": (lambda d: d["kept"].append(d["kept"][0]), " stands twice"),
    "kept input": (lambda d: d["kept"].insert(0, "input"), "kept[0]: input is no map that one group makes"),
    "kept output": (lambda d: d["kept"].insert(0, "classifier"), "kept[0]: classifier is no map that one"),
    "kept inside": (
        lambda d: d["kept"].insert(0, group(d, "rows", 3)["units"][1]["last"]),
        "is no map that one group makes and later ones read",
    ),
    "kept a text": (lambda d: d.update(kept="b5.add"), "kept: expected a list, got 'b5.add'"),
    "no units": (change("chunks", units=[], chunks=[], pinned=[]), "has no layers"),
    "empty unit": (lambda d: group(d, "rows", 3)["units"].__setitem__(1, {}), "stands where"),
    "unit key": (unit(0, leed="stem"), "units[0].leed: unknown key (did you mean lead?)"),
    "unit layer": (unit(0, lead="stme"), "units[0].lead: the network has no layer 'stme' (did you mean"),
    "unit twice": (
        lambda d: group(d, "rows", 3)["units"].__setitem__(1, group(d, "rows", 3)["units"][0]),
        "stands where",
    ),
    "units out of order": (lambda d: group(d, "rows", 3)["units"].reverse(), "units[1]: reads "),
    "unit left out": (lambda d: drop_unit(group(d, "rows", 3), 1), "stands where"),
    "layer left out": (lambda d: group(d, "rows", 3)["units"][1].pop("last"), "stands where"),
    "two roles": (
        lambda d: group(d, "rows", 3)["units"][1].update(
            middle=group(d, "rows", 3)["units"][1]["last"], last=group(d, "rows", 3)["units"][1]["middle"]
        ),
        "are no unit: a lead that mixes channels",
    ),
    "a group twice": (
        lambda d: d["groups"].insert(1, deepcopy(d["groups"][0])),
        "every layer has run in groups before it",
    ),
    "a group left out": (lambda d: d["groups"].pop(1), "stands where"),
}  # fmt: skip


@pytest.mark.parametrize(("edit", "told"), WRONG.values(), ids=WRONG)
def test_a_wrong_edit_of_a_cascade_is_met_with_its_place(edit: Edit, told: str) -> None:
    refused("mobilenet_v2", edit, told)


def refused(name: str, edit: Edit, told: str, mapping: Mapping | None = None) -> None:
    mapping = mapping or mapped(name)
    document = mapping_document(mapping)
    edit(document)
    with pytest.raises(MappingError) as caught:
        parse_mapping(json.dumps(document), "mine", "json")
    message = str(caught.value)
    assert re.match(r"mine: (groups\[\d+\]|kept)(\.|\[|:)", message) and "\n" not in message
    assert told in message


def sided(document: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A group with a side, and the unit that has it."""
    return next(
        (each, one)
        for each in document["groups"]
        for one in each.get("units", ())
        if "side" in one and len(each["units"]) > 2
    )


def last_side(document: dict[str, Any]) -> str:
    every = [one for each in document["groups"] for one in each.get("units", ()) if "side" in one]
    return str(every[-1]["side"])


SIDES: dict[str, tuple[Edit, str]] = {
    "gone": (lambda d: sided(d)[1].pop("side"), "stands where"),
    "no projection": (lambda d: sided(d)[1].update(side=sided(d)[0]["units"][0]["lead"]), "stands where"),
    "of another block": (lambda d: sided(d)[1].update(side=last_side(d)), "b1.reduce stands where b1.downs"),
}  # fmt: skip


@pytest.mark.parametrize(("edit", "told"), SIDES.values(), ids=SIDES)
def test_a_wrong_side_is_refused(edit: Edit, told: str) -> None:
    refused("resnet50", edit, told)


def test_a_side_that_reads_elsewhere_is_refused() -> None:
    """The unit with the side alone: what its side reads is neither its input nor made by it."""
    mapping = mapped("resnet50")
    units = [unit for group in mapping.groups if isinstance(group, Cascade) for unit in group.units]
    alone = Cascade((next(unit for unit in units if unit.side is not None),), (1,), (0,))
    with pytest.raises(
        MappingError, match=r"^units\[0\].side: reads .*, neither the cascade's input nor a re"
    ):
        CascadeCost(mapping.network, alone)


GATES: dict[str, tuple[Edit, str]] = {
    "factor": (
        lambda d: d["kept"].remove(next(n for n in d["kept"] if n.endswith("excite"))),
        ", by which it scales, must be kept",
    ),
    "gate without last": (lambda d: gated(d, "gate")[1].pop("last"), "stands where"),
    "pool and last": (lambda d: gated(d, "pool")[1].update(last="b4.project"), "stands where b1.squeeze is"),
    "second pass gone": (lambda d: d["groups"].remove(gated(d, "gate")[0]), "stands where"),
    "first pass gone": (lambda d: d["groups"].remove(gated(d, "pool")[0]), "stands where"),
}  # fmt: skip


@cache
def squeezed() -> Mapping:
    """With squeeze-excite in two passes."""
    hardware = load_hardware("paper", ["buffer.entries=4096"])
    return make_mapping(load("efficientnet_b0", 64, 0.25), "resident", hardware)


def gated(document: dict[str, Any], key: str) -> tuple[dict[str, Any], dict[str, Any]]:
    groups = [each for each in document["groups"] if each["kind"] == "cascade"]
    return next((each, one) for each in groups for one in each["units"] if key in one)


@pytest.mark.parametrize(("edit", "told"), GATES.values(), ids=GATES)
def test_a_wrong_gate_is_refused(edit: Edit, told: str) -> None:
    refused("efficientnet_b0", edit, told, squeezed())


TOO_LARGE: dict[str, Edit] = {
    "larger bands": lambda d: group(d, "rows", 3).update(band_rows=group_rows(d), step_rows=16),
    "all channels": lambda d: group(d, "rows", 3).update(chunks=group_channels(d), pinned=group_channels(d)),
}


def group_rows(document: dict[str, Any]) -> int:
    return mapped("mobilenet_v2").network.layer(group(document, "rows", 3)["units"][-1]["last"]).P


def group_channels(document: dict[str, Any]) -> list[int]:
    layers = {layer.name: layer for layer in mapped("mobilenet_v2").network.layers}
    return [layers[each.get("middle") or each["lead"]].K for each in group(document, "rows", 3)["units"]]


@pytest.mark.parametrize("edit", TOO_LARGE.values(), ids=TOO_LARGE)
def test_an_edit_that_does_not_fit_is_told_with_group_step_entries_and_limit(edit: Edit) -> None:
    document = mapping_document(mapped("mobilenet_v2"))
    edit(document)
    mapping = parse_mapping(json.dumps(document), "mine", "json")
    live = max(mapping.live_entries(each) for each in mapping.groups)
    assert live > ENTRIES
    with pytest.raises(
        ProgramError, match=rf"^step \d+ \(group \d+: .+\): \d+ entries live, the buffer holds {ENTRIES}$"
    ):
        check(unroll(mapping), ENTRIES)


@cache
def beginning(name: str, layers: int) -> Mapping:
    """The first layers of a network as one of their own, under `deep`."""
    whole = load(name, 32, 0.25)
    network = Network("beginning", whole.layers[:layers], whole.input, whole.layers[layers - 1].output)
    return make_mapping(network, "deep", load_hardware("paper", ["buffer.entries=2000"]))


def edited(mapping: Mapping, draw: Any) -> str:
    """Its text with a few figures, flags and kept maps changed."""
    document = mapping_document(mapping)
    for _ in range(draw.draw(st.integers(1, 3))):
        one = draw.draw(st.sampled_from([g for g in document["groups"] if g["kind"] == "cascade"]))
        key = draw.draw(st.sampled_from([*sorted(set(one) - {"kind", "units"}), "kept", "order"]))
        if key == "kept":
            name = draw.draw(st.sampled_from([layer.output.name for layer in mapping.network.layers]))
            kept = document.setdefault("kept", [])
            kept.remove(name) if name in kept else kept.append(name)
        elif key == "order":
            one["units"] = draw.draw(st.permutations(one["units"]))
        elif key == "walk":
            one[key] = "rows" if one[key] == "chunks" else "chunks"
        elif isinstance(one[key], bool):
            one[key] = not one[key]
        elif isinstance(one[key], int):
            one[key] = draw.draw(st.integers(0, 9))
        else:
            at = draw.draw(st.integers(0, len(one[key]) - 1))
            one[key][at] = draw.draw(st.integers(0, 30))
    return json.dumps(document)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([("mobilenet_v2", 17), ("mobilenet_v3_large", 26), ("resnet50", 15)]), st.data())
def test_an_edited_cascade_is_refused_or_runs_as_its_closed_forms_say(
    case: tuple[str, int], data: st.DataObject
) -> None:
    """Never a traceback, and never a program that moves something else than was told."""
    made = beginning(*case)
    try:
        mapping = parse_mapping(edited(made, data), "mine", "json", made.network)
    except MappingError:
        return
    try:
        check(unroll(mapping), 1 << 30)
    except ProgramError as error:
        raise AssertionError(f"{mapping_text(mapping)}: {error}") from None

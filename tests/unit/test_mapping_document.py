"""Does a mapping come back from its file as it was, and is a wrong file met with file, group and field?"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanfuse.hardware import load_hardware
from scanfuse.mapping import (
    SCHEDULES,
    FusedBlock,
    LayerTiling,
    Mapping,
    MappingError,
    make_mapping,
    mapping_document,
    mapping_text,
    parse_mapping,
)
from scanfuse.mapping.document import KINDS, _toml_value
from scanfuse.mapping.fields import LayerIndex, Positive, from_plain, to_plain
from scanfuse.network import Layer, Network, Tensor, load
from scanfuse.program import ProgramError, check, unroll
from scanfuse.results import load_mapping, save_mapping
from scanfuse.results.setup import tomllib

HARDWARE = load_hardware("paper", ["buffer.entries=9000", "buffer.psum_entries=2"])


@cache
def mapped(name: str, schedule: str, width: float = 0.35, resolution: int = 64) -> Mapping:
    return make_mapping(load(name, resolution, width), schedule, HARDWARE)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", ["mobilenet_v1", "mobilenet_v2", "resnet50"])
def test_a_mapping_comes_back_as_it_was(name: str, schedule: str, tmp_path: Path) -> None:
    mapping = mapped(name, schedule)
    for path in (tmp_path / "m.toml", tmp_path / "m.json"):
        save_mapping(path, mapping)
        back = load_mapping(path)
        assert back == mapping
        assert [type(group) for group in back.groups] == [type(group) for group in mapping.groups]
        assert load_mapping(path, mapping.network) == mapping
    assert mapping_text(load_mapping(tmp_path / "m.json")) == (tmp_path / "m.toml").read_text()


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(["mobilenet_v1", "mobilenet_v2"]),
    st.floats(0.2, 1.5),
    st.integers(32, 72),
    st.sampled_from(["toml", "json"]),
)
def test_any_scaling_comes_back(name: str, width: float, resolution: int, form: str) -> None:
    mapping = make_mapping(load(name, resolution, width), "fixed", HARDWARE)
    assert parse_mapping(mapping_text(mapping, form), "file", form) == mapping


def test_the_file_reads_as_a_person_writes_it() -> None:
    text = mapping_text(mapped("mobilenet_v2", "fused"))
    document = tomllib.loads(text)
    assert document["network"] == {"name": "mobilenet_v2", "resolution": 64, "width": 0.35}
    assert document == mapping_document(mapped("mobilenet_v2", "fused"))
    assert len(re.findall(r"^\[\[groups\]\]$", text, re.MULTILINE)) == len(document["groups"])
    names = [layer.name for layer in mapped("mobilenet_v2", "fused").network.layers]
    keys = ("layer", "expand", "depthwise", "project", "add")
    assert [group[key] for group in document["groups"] for key in keys if key in group] == names
    assert all(len(line) <= 110 for line in text.splitlines())


def test_every_kind_of_group_has_a_name_and_all_its_fields_stand_in_the_file() -> None:
    assert {"layer_tiling": LayerTiling, "fused_block": FusedBlock}.items() <= KINDS.items()
    for group in mapping_document(mapped("mobilenet_v2", "fused"))["groups"]:
        names = {field.name for field in fields(KINDS[group["kind"]])}
        assert names - {"add", "expand"} <= group.keys() - {"kind"} <= names


def test_a_resolution_and_width_left_out_are_the_networks_own() -> None:
    network = load("mobilenet_v2")
    mapping = make_mapping(network, "fixed", HARDWARE)
    text = mapping_text(mapping).replace("resolution = 224\n", "").replace("width = 1.0\n", "")
    assert "resolution" not in text and "width" not in text
    assert parse_mapping(text, "file") == parse_mapping(text, "file", network=network) == mapping
    with pytest.raises(
        MappingError, match=r"resolution 224 width 1.0, not for mobilenet_v2 resolution 96 width"
    ):
        parse_mapping(text, "file", network=load("mobilenet_v2", 96))


def test_a_network_of_ones_own_is_given_along() -> None:
    x, y = Tensor("x", 3, 4, 4), Tensor("y", 5, 4, 4)
    network = Network("mine", (Layer('odd "name"\n', "pointwise", (x,), y),), x, y)
    mapping = make_mapping(network, "scan", HARDWARE)
    for form in ("toml", "json"):
        text = mapping_text(mapping, form)
        assert parse_mapping(text, "file", form, network) == mapping
        with pytest.raises(MappingError, match="file: unknown network 'mine'"):
            parse_mapping(text, "file", form)
        other = replace(network, name="other")
        with pytest.raises(MappingError, match="file: network: the mapping is for mine, not for other"):
            parse_mapping(text, "file", form, other)


@dataclass(frozen=True)
class Stretch:
    """A part of a group of a kind to come."""

    layer: LayerIndex
    rows: Positive = 1


@dataclass(frozen=True)
class Chain:
    """Such a group."""

    kept: tuple[LayerIndex, ...]
    stretches: tuple[Stretch, ...]
    mode: Literal["rows", "bands"] = "rows"
    share: float = 0.5
    resident: bool = False
    note: str | None = None


LAYERS = load("mobilenet_v2").layers


@settings(max_examples=100, deadline=None)
@given(
    st.builds(
        Chain,
        st.lists(st.integers(0, 63), max_size=4).map(tuple),
        st.lists(st.builds(Stretch, st.integers(0, 63), st.integers(1, 9)), max_size=4).map(tuple),
        st.sampled_from(["rows", "bands"]),
        st.floats(allow_nan=False, allow_infinity=False),
        st.booleans(),
        st.none() | st.text(st.characters(exclude_categories=["Cs"])),
    )
)
def test_a_kind_of_group_to_come_needs_no_code(chain: Chain) -> None:
    plain = to_plain(chain, LAYERS)
    text = "".join(f"{key} = {_toml_value(value)}\n" for key, value in plain.items())
    assert from_plain(Chain, tomllib.loads(text), "groups[0]", LAYERS) == chain
    assert from_plain(Chain, json.loads(json.dumps(plain)), "groups[0]", LAYERS) == chain


Edit = Callable[[dict], object]  # of a document: changes it in place
WRONG: dict[str, tuple[Edit, str]] = {
    "key": (lambda d: d.update(layuot="nhwc"), r"layuot: unknown key (did you mean layout?)"),
    "layout": (lambda d: d.update(layout="nhcw"), "layout: must be one of nhwc, nchw, got 'nhcw'"),
    "psum": (lambda d: d.update(psum_entries=3), "psum_entries: must be one of 1, 2, 4, got 3"),
    "psum true": (lambda d: d.update(psum_entries=True), "psum_entries: must be one of 1, 2, 4, got True"),
    "schedule": (lambda d: d.pop("schedule"), "schedule: missing"),
    "schedule empty": (lambda d: d.update(schedule=""), "schedule: must not be empty"),
    "network": (lambda d: d.update(network="x"), "network: expected a table, got 'x'"),
    "network name": (lambda d: d["network"].update(name="mobilnet_v2"), "did you mean mobilenet_v2?"),
    "resolution": (lambda d: d["network"].update(resolution=0), "resolution 0"),
    "no groups": (lambda d: d.pop("groups"), "groups: expected [[groups]] tables"),
    "groups empty": (lambda d: d["groups"].clear(), "groups: stem, b1.depthwise, b1.project... of"),
    "group": (lambda d: d["groups"].insert(0, 5), "groups[0]: expected a table, got 5"),
    "kind": (lambda d: d["groups"][0].update(kind="tiling"), "groups[0].kind: unknown kind 'tiling'"),
    "no kind": (lambda d: d["groups"][3].pop("kind"), "groups[3].kind: missing; the kinds are layer_tiling"),
    "kind no text": (lambda d: d["groups"][3].update(kind=3), "groups[3].kind: no text"),
    "field": (lambda d: d["groups"][0].update(tile_z=1), "groups[0].tile_z: unknown key (did you mean tile_"),
    "field gone": (lambda d: d["groups"][0].pop("tile_p"), "groups[0].tile_p: missing; the keys are layer"),
    "field a text": (
        lambda d: d["groups"][0].update(tile_p="2"),
        "groups[0].tile_p: expected a whole number, got '2'",
    ),
    "field true": (
        lambda d: d["groups"][0].update(tile_p=True),
        "groups[0].tile_p: expected a whole number, got True",
    ),
    "field a fraction": (
        lambda d: d["groups"][0].update(tile_p=2.0),
        "groups[0].tile_p: expected a whole number, got 2.0",
    ),
    "field zero": (
        lambda d: d["groups"][0].update(tile_p=0),
        "groups[0].tile_p: expected a whole number >= 1, got 0",
    ),
    "truth": (lambda d: d["groups"][0].update(rolling=1), "groups[0].rolling: expected true or false, got 1"),
    "layer": (
        lambda d: d["groups"][0].update(layer="stme"),
        "groups[0].layer: the network has no layer 'stme' (did you mean stem?)",
    ),
    "layer index": (lambda d: d["groups"][0].update(layer=0), "groups[0].layer: expected a text, got 0"),
    "tile": (
        lambda d: d["groups"][0].update(tile_p=33),
        "groups[0].tile_p: must be 1 to 32, the output rows of stem; got 33",
    ),
    "order": (lambda d: d["groups"][0].update(order="mmk"), "groups[0].order: must be one of mnk, mkn"),
    "scan": (
        lambda d: d["groups"][0].update(scan="fully"),
        "groups[0].scan: must be one of raster, inner, full, got 'fully' (did you mean full?)",
    ),
    "rolling": (lambda d: d["groups"][0].update(tile_q=3), "groups[0].tile_q: must be 32, all of stem, as"),
    "rolling order": (lambda d: d["groups"][0].update(order="nmk"), "groups[0].rolling: bands must be the"),
    "rolling flat": (lambda d: d["groups"][-3].update(rolling=True), "head has no halo to keep"),
    "residual step": (
        lambda d: d["groups"][0].update(residual_step=1),
        "groups[0].residual_step: must be at most 0, as stem adds nothing; got 1",
    ),
    "band": (lambda d: d["groups"][1].update(band_rows=99), "groups[1].band_rows: must be 1 to 32, the"),
    "step": (
        lambda d: d["groups"][1].update(band_rows=4, step_rows=5),
        "groups[1].step_rows: must be 1 to 4, the rows of a band of b1.depthwise; got 5",
    ),
    "chunk": (lambda d: d["groups"][1].update(chunk=99), "groups[1].chunk: must be 1 to 16, the channels"),
    "by chunk": (
        lambda d: d["groups"][2].update(input_by_chunk=True),
        "groups[2].input_by_chunk: layer b2.depthwise: input_by_chunk is for blocks without expansion",
    ),
    "not a block": (
        lambda d: d["groups"][2].update(depthwise="b2.expand", expand="b2.depthwise"),
        "groups[2]: b2.depthwise stands where b2.expand is due",
    ),
    "twice": (lambda d: d["groups"].insert(1, d["groups"][0]), "groups[1]: stem stands where b1.depthw"),
    "left out": (lambda d: d["groups"].pop(1), "groups[1]: b2.expand stands where b1.depthwise is due"),
    "out of order": (lambda d: d["groups"].reverse(), "groups[0]: classifier stands where stem is due"),
    "cut short": (lambda d: d["groups"].pop(), "groups: classifier of mobilenet_v2_0.35_64 in no group"),
    "one more": (
        lambda d: d["groups"].append(d["groups"][0]),
        "stem stands where the last layer's end is due",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("edit", "told"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("form", ["toml", "json"])
def test_a_wrong_file_is_met_with_its_place(edit: Edit, told: str, form: str) -> None:
    document = mapping_document(mapped("mobilenet_v2", "fused"))
    edit(document)
    import tomli_w

    text = tomli_w.dumps(document) if form == "toml" else json.dumps(document)
    with pytest.raises(MappingError) as caught:
        parse_mapping(text, "mine", form)
    assert str(caught.value).startswith("mine: ") and "\n" not in str(caught.value)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "5",
        "x = 1" + "0" * 5000,
        "[" * 100_000,
        "network = 1\n" * 2,
        "\x00",
        '[[groups]]\nkind = "x"',
    ],
)
@pytest.mark.parametrize("form", ["toml", "json"])
def test_what_is_no_mapping_is_refused_in_one_error(text: str, form: str) -> None:
    with pytest.raises(MappingError, match=r"^mine: "):
        parse_mapping(text, "mine", form)


def test_a_number_too_long_to_print_is_refused() -> None:
    text = mapping_text(mapped("mobilenet_v2", "fused")).replace("tile_p = 1\n", f"tile_p = 0x{'f' * 5000}\n")
    with pytest.raises(MappingError, match=r"^mine: groups\[\d+\].tile_p: "):
        parse_mapping(text, "mine")


def test_files_end_in_a_format_and_hold_text(tmp_path: Path) -> None:
    mapping = mapped("mobilenet_v2", "fused")
    for name in ("m.yaml", "m"):
        with pytest.raises(MappingError, match=rf"{name}: a mapping's file ends in .toml or .json"):
            save_mapping(tmp_path / name, mapping)
    (tmp_path / "m.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(MappingError, match=r"m\.toml: not valid TOML"):
        load_mapping(tmp_path / "m.toml")
    assert [path.name for path in tmp_path.iterdir()] == ["m.toml"]


@cache
def beginning(schedule: str) -> Mapping:
    """The first layers of MobileNet V2, a block with an addition among them, as a network of their own."""
    whole = load("mobilenet_v2", 32, 0.35)
    network = Network("beginning", whole.layers[:10], whole.input, whole.layers[9].output)
    return make_mapping(network, schedule, HARDWARE)


def edited(mapping: Mapping, draw: st.DataObject) -> str:
    """The text of a mapping with a few numbers changed."""
    document = mapping_document(mapping)
    for _ in range(draw.draw(st.integers(1, 3))):
        group = draw.draw(st.sampled_from(document["groups"]))
        key = draw.draw(st.sampled_from(sorted(set(group) - {"kind"})))
        if isinstance(group[key], bool):
            group[key] = not group[key]
        elif isinstance(group[key], int):
            group[key] = draw.draw(st.integers(-1, 40))
        elif key == "order":
            group[key] = draw.draw(st.sampled_from(["mnk", "nmk", "knm", "kmn"]))
        elif key == "scan":
            group[key] = draw.draw(st.sampled_from(["raster", "inner", "full"]))
    return json.dumps(document)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(["scan", "fused"]), st.data())
def test_an_edited_mapping_is_refused_or_runs_as_its_closed_forms_say(
    schedule: str, data: st.DataObject
) -> None:
    """Never a traceback, and never a program that moves something else than was told."""
    try:
        made = beginning(schedule)
        mapping = parse_mapping(edited(made, data), "mine", "json", made.network)
    except MappingError:
        return
    program = unroll(mapping)
    try:
        check(program, 1 << 30)  # whatever it holds: counters, presence and MACs are right
    except ProgramError as error:
        raise AssertionError(f"{mapping_text(mapping)}: {error}") from None
    with pytest.raises(ProgramError, match=r"step \d+ \(group \d+: .*entries live, the buffer holds 10"):
        check(program, 10)


def test_a_group_made_by_hand_is_checked_too() -> None:
    mapping = mapped("mobilenet_v2", "scan")
    tiling = mapping.groups[0]
    assert isinstance(tiling, LayerTiling)
    with pytest.raises(
        MappingError, match=r"^groups\[0\].tile_n: must be 1 to 16, the output channels of stem"
    ):
        replace(mapping, groups=(replace(tiling, tile_n=0), *mapping.groups[1:]))

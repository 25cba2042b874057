"""Cascades walked in ways that no search would choose: closed form, program and execution agree on each."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from scanfuse.execute import execute
from scanfuse.hardware import load_hardware
from scanfuse.mapping import Cascade, Mapping, MappingError, make_mapping
from scanfuse.mapping.stages import stages
from scanfuse.mapping.units import Unit, UnitShape, units
from scanfuse.network import Layer, Network, Tensor, load
from scanfuse.network.layer import windows
from scanfuse.program import ProgramError, check, unroll


def convolution(name, kind, source, channels, kernel=1, stride=1, groups=1):
    pad = kernel // 2
    rows, columns = (
        windows(extent, kernel, stride, padding=2 * pad) for extent in (source.height, source.width)
    )
    output = Tensor(name, channels, rows, columns)
    return Layer(name, kind, (source,), output, (kernel, kernel), (stride, stride), (pad,) * 4, groups=groups)


def block(source, number, expanded, channels, stride, layers):
    """An inverted residual, with its addition where the shapes allow one."""
    expand = convolution(f"e{number}", "pointwise", source, expanded)
    middle = convolution(f"d{number}", "depthwise", expand.output, expanded, 3, stride, expanded)
    project = convolution(f"p{number}", "pointwise", middle.output, channels)
    layers += [expand, middle, project]
    if project.output.shape != source.shape:
        return project.output
    add = Layer(f"a{number}", "add", (project.output, source), Tensor(f"a{number}", *source.shape))
    layers.append(add)
    return add.output


@pytest.fixture(scope="module")
def network():
    source = Tensor("x", 3, 11, 13)
    stem = convolution("stem", "conv", source, 4, 3, 2)
    layers = [stem]
    last = block(stem.output, 1, 6, 4, 1, layers)
    last = block(last, 2, 8, 5, 1, layers)
    layers.append(convolution("head", "conv", last, 7, 3))
    return Network("cascades", tuple(layers), source, layers[-1].output)


def chain(network):
    parts, starting = stages(network), units(network)
    found, at = [], 0
    while at < len(parts):
        unit = starting[at][0]
        found.append(unit)
        at += len(unit.layers) - (unit.add is not None)
    return tuple(found)


def prove(network, groups, kept=(), psum_entries=1):
    mapping = Mapping(network, "by hand", groups, "nhwc", psum_entries, kept)
    live = max(mapping.cost(group).live_entries for group in groups)
    program = unroll(mapping)
    assert check(program, live) <= live
    execution = execute(program, live)
    assert execution.entries == mapping.entries == sum(program.traffic().values())
    assert program.steps == sum(mapping.cost(group).steps for group in groups)
    return mapping


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_walk_by_rows(network, data):
    chained = chain(network)
    shapes = [UnitShape(network, unit) for unit in chained]
    chunks = tuple(data.draw(st.integers(1, shape.channels)) for shape in shapes)
    pinned = tuple(data.draw(st.sampled_from([0, shape.channels, 1])) for shape in shapes)
    whole = Cascade(
        chained,
        chunks,
        pinned,
        "rows",
        band_rows=data.draw(st.integers(1, 6)),
        step_rows=data.draw(st.sampled_from([1, 2, 100])),
        stripes=data.draw(st.integers(1, 4)),
    )
    mapping = prove(network, (whole,), psum_entries=data.draw(st.sampled_from([1, 2])))
    assert mapping.entries >= sum(shape.weight_entries for shape in shapes)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_sequence_of_units_and_kept_maps(network, data):
    chained = chain(network)
    groups = []
    for unit in chained:
        shape = UnitShape(network, unit)
        walk = data.draw(st.sampled_from(["rows", "chunks"]))
        chunk = data.draw(st.integers(1, shape.channels))
        pinned = 0 if walk == "chunks" else data.draw(st.sampled_from([0, shape.channels]))
        groups.append(Cascade((unit,), (chunk,), (pinned,), walk, step_rows=data.draw(st.integers(1, 3))))
    outputs = [UnitShape(network, unit).output.name for unit in chained[:-1]]
    kept = tuple(name for name in outputs if data.draw(st.booleans()))
    prove(network, tuple(groups), kept, data.draw(st.sampled_from([1, 2])))


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.integers(1, 5), st.integers(1, 6), st.integers(1, 3))
def test_parts_of_a_result(parts, chunk, step_rows):
    source = Tensor("x", 6, 7, 5)
    middle = convolution("d", "depthwise", source, 6, 3, 1, 6)
    last = convolution("p", "pointwise", middle.output, 5)
    network = Network("separable", (middle, last), source, last.output)
    unit = Unit(middle=0, last=1)
    cascade = Cascade((unit,), (chunk,), (0,), "chunks", step_rows=step_rows, parts=parts)
    mapping = prove(network, (cascade,))
    assume(parts > 1)
    once = Mapping(network, "by hand", (replace(cascade, parts=1),), "nhwc")
    assert mapping.entries > once.entries


@pytest.mark.parametrize("schedule", ["resident", "deep"])
@pytest.mark.parametrize("entries", [30, 34, 38, 40])
def test_windows_of_few_channels_that_roll_on_fit_too(entries, schedule):
    source = Tensor("x", 1, 6, 5)
    layers = [convolution("pool", "conv", source, 1, 2)]
    layers.append(convolution("lead", "conv", layers[-1].output, 1, 3))
    layers.append(convolution("middle", "depthwise", layers[-1].output, 1))
    layers.append(convolution("last", "pointwise", layers[-1].output, 1))
    network = Network("narrow", tuple(layers), source, layers[-1].output)
    mapping = make_mapping(network, schedule, load_hardware("paper", [f"buffer.entries={entries}"]))
    assert check(unroll(mapping), entries) <= entries


@pytest.mark.parametrize("schedule", ["resident", "deep"])
@pytest.mark.parametrize("entries", [60, 95, 102, 200])
def test_what_no_window_reads_is_neither_moved_nor_missed(entries, schedule):
    source, made = Tensor("x", 3, 8, 9), Tensor("made", 7, 8, 9)
    lead = Layer("lead", "pointwise", (source,), made)
    pool = Layer("pool", "pool", (made,), Tensor("pool", 7, 4, 4), (2, 2), (2, 2), pool_kind="max")
    network = Network("left out", (lead, pool), source, pool.output)
    mapping = make_mapping(network, schedule, load_hardware("paper", [f"buffer.entries={entries}"]))
    assert mapping.entries >= 3 * 8 * 8 + lead.weight_entries + pool.output.entries
    program = unroll(mapping)
    check(program, entries)
    execute(program, entries)


def test_reading_the_input_again_for_an_addition():
    network = load("resnet50", 64, 0.25)
    stage = stages(network)
    first = next(
        number for number, each in enumerate(stage) if network.layers[each.layer].name == "b2.reduce"
    )
    chained = tuple(units(network)[first + number][0] for number in range(3))
    shapes = [UnitShape(network, unit) for unit in chained]
    from scanfuse.mapping import CascadeCost

    def cost(again):
        channels = tuple(shape.channels for shape in shapes)
        return CascadeCost(network, Cascade(chained, channels, channels, input_again=again))

    held, again = cost(False), cost(True)
    assert again.traffic.total == held.traffic.total + shapes[0].ifmap.entries
    assert again.live_entries < held.live_entries


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"chunks": (1,)}, "chunks: give one for each of the 2 units"),
        ({"walk": "chunks"}, "the walk by chunks is for one unit"),
        ({"walk": "rows", "parts": 2}, "parts are for walks by chunks"),
    ],
)
def test_what_cannot_be(network, change, message):
    chained = chain(network)[:2]
    cascade = replace(Cascade(chained, (1, 1), (0, 0)), **change)
    rest = tuple(Cascade((unit,), (1,), (0,)) for unit in chain(network)[2:])
    with pytest.raises(MappingError, match=message):
        unroll(Mapping(network, "by hand", (cascade, *rest), "nhwc"))


def test_a_kept_map_that_does_not_fit_is_named(network):
    groups = tuple(Cascade((unit,), (1,), (0,), "chunks") for unit in chain(network))
    mapping = Mapping(network, "by hand", groups, "nhwc", 1, ("stem",)) if groups[0].layers == (0,) else None
    kept = UnitShape(network, chain(network)[0]).output.name
    mapping = mapping or Mapping(network, "by hand", groups, "nhwc", 1, (kept,))
    with pytest.raises(ProgramError, match="entries live, the buffer holds 50"):
        check(unroll(mapping), 50)

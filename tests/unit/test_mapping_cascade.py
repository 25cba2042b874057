"""Cascades walked in ways that no search would choose: closed form, program and execution agree on each."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from scanfuse.execute import execute
from scanfuse.hardware import load_hardware
from scanfuse.mapping import (
    Cascade,
    CascadeCost,
    LayerTiling,
    Mapping,
    MappingError,
    make_mapping,
    mapping_text,
    parse_mapping,
)
from scanfuse.mapping.stages import stages
from scanfuse.mapping.units import Unit, UnitShape, branches, gates, units
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
        step_rows=data.draw(st.sampled_from([1, 2, max(shape.walked.P for shape in shapes)])),
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


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_walk_with_a_projected_shortcut(data):
    """The stride may be in the first layer, as in the paper, or in the second."""
    source, stride, first = Tensor("x", 4, 9, 7), data.draw(st.sampled_from([1, 2])), data.draw(st.booleans())
    stem = convolution("stem", "conv", source, 3, 3)
    side = convolution("side", "conv", stem.output, 6, 1, stride)
    reduce = convolution("reduce", "conv", stem.output, 2, 1, stride if first else 1)
    middle = convolution("conv", "conv", reduce.output, 2, 3, 1 if first else stride)
    expand = convolution("expand", "pointwise", middle.output, 6)
    add = Layer("add", "add", (expand.output, side.output), Tensor("add", *expand.output.shape))
    network = Network("shortcut", (stem, side, reduce, middle, expand, add), source, add.output)
    (branch,) = (each for each in branches(network) if each)
    assert branch[-1] == Unit(lead=4, side=1, add=5)
    chained = ((Unit(lead=0),) if data.draw(st.booleans()) else ()) + branch
    shapes = [UnitShape(network, unit) for unit in chained]
    channels = [shape.channels for shape in shapes]
    whole = Cascade(
        chained,
        tuple(data.draw(st.integers(1, most)) for most in channels),
        tuple(data.draw(st.sampled_from([0, most, 1])) for most in channels),
        band_rows=data.draw(st.integers(1, add.P)),
        step_rows=data.draw(st.sampled_from([1, 2, max(shape.walked.P for shape in shapes)])),
        stripes=data.draw(st.integers(1, 3)),
    )
    groups = (whole,) if chained[0].lead == 0 else (Cascade((Unit(lead=0),), (1,), (0,), band_rows=9), whole)
    mapping = prove(network, groups, psum_entries=data.draw(st.sampled_from([1, 2])))
    assert mapping.traffic(whole).residual == 0


@pytest.fixture(scope="module")
def squeezed():
    """A stem, then two blocks with squeeze-excite, the second with an addition."""
    source = Tensor("x", 3, 11, 9)
    stem = convolution("stem", "conv", source, 4, 3, 2)
    layers, entry = [stem], stem.output
    for number, expanded, stride in ((1, 5, 2), (2, 6, 1)):
        expand = convolution(f"e{number}", "pointwise", entry, expanded)
        middle = convolution(f"d{number}", "depthwise", expand.output, expanded, 3, stride, expanded)
        plane = (middle.P, middle.Q)
        sums = Tensor(f"pool{number}", expanded, 1, 1)
        pool = Layer(sums.name, "pool", (middle.output,), sums, plane, pool_kind="average")
        squeeze = Layer(f"s{number}", "linear", (sums,), Tensor(f"s{number}", 2, 1, 1))
        factors = Tensor(f"f{number}", expanded, 1, 1)
        excite = Layer(factors.name, "linear", (squeeze.output,), factors)
        made = Tensor(f"g{number}", *middle.output.shape)
        scale = Layer(made.name, "scale", (middle.output, factors), made)
        project = convolution(f"p{number}", "pointwise", made, 4)
        layers += [expand, middle, pool, squeeze, excite, scale, project]
        if number == 2:
            layers.append(Layer("add", "add", (project.output, entry), Tensor("add", *entry.shape)))
        entry = project.output
    return Network("squeezed", tuple(layers), source, layers[-1].output)


def expanding(network):
    """Its squeeze-excite blocks, from their expansion on."""
    return [gate for gate in gates(network) if gate is not None and gate.pooling.lead is not None]


def passes(network, chains):
    """The chains of units with the names of what each makes."""
    return [(chain, UnitShape(network, chain[-1]).output.name) for chain in chains]


@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_walk_past_squeeze_excite(squeezed, data):
    """From the input on for each pooling, or from a map between the blocks, kept or not."""
    stem = Unit(lead=0)
    first, second = expanding(squeezed)
    again = data.draw(st.booleans())
    before = (stem, first.scaling) if again else ()
    chains = [(stem, first.pooling), *((unit,) for unit in first.factors)]
    chains += [] if again else [(stem, first.scaling)]
    chains += [(*before, second.pooling), *((unit,) for unit in second.factors), (*before, second.scaling)]
    groups, kept = [], []
    for chain, output in passes(squeezed, chains):
        shapes = [UnitShape(squeezed, unit) for unit in chain]
        channels = [shape.channels for shape in shapes]
        walk = data.draw(st.sampled_from(["rows", "chunks"])) if len(chain) == 1 else "rows"
        chunks = tuple(data.draw(st.integers(1, most)) for most in channels)
        pinned = tuple(
            0 if walk == "chunks" else data.draw(st.sampled_from([0, 1, most])) for most in channels
        )
        bands = data.draw(st.integers(1, shapes[-1].walked.P)) if walk == "rows" else 1
        tallest = max(shape.walked.P for shape in shapes)
        steps = data.draw(st.sampled_from(sorted({1, min(2, tallest), tallest})))
        groups.append(Cascade(chain, chunks, pinned, walk, band_rows=bands, step_rows=steps))
        must = output.startswith("f")
        if output != "add" and (must or data.draw(st.booleans())):
            kept.append(output)
    mapping = prove(squeezed, tuple(groups), tuple(kept), data.draw(st.sampled_from([1, 2])))
    assert mapping.extra_macs >= squeezed.layers[0].macs * (1 + again) - squeezed.layers[0].macs
    held = [mapping.held[group].again for group in mapping.groups]
    assert {0, 1, 2} <= held[3] and not held[0]
    assert parse_mapping(mapping_text(mapping), "m.toml", network=squeezed) == mapping


def test_the_search_finds_squeeze_excite():
    """A block whose expanded map does not fit is computed twice and never leaves the chip."""
    network = load("efficientnet_b0", 64, 0.5)
    hardware = load_hardware("paper", ["buffer.entries=16384"])
    mapping = make_mapping(network, "resident", hardware)
    pooling = [group for group in mapping.groups if isinstance(group, Cascade) and group.units[-1].pool]
    assert pooling
    assert mapping.extra_macs > 0
    program = unroll(mapping)
    assert check(program, 16_384) <= 16_384
    for group in pooling:
        middle = network.layers[group.units[-1].middle].output.name
        stored = [program.tensors[row["tensor"]].name for row in program.moves[program.transfers]]
        assert middle not in stored


def test_factors_that_are_not_kept_are_refused(squeezed):
    first, _ = expanding(squeezed)
    cascade = Cascade((first.scaling,), (1,), (0,))
    with pytest.raises(MappingError, match="f1, by which it scales, must be kept"):
        CascadeCost(squeezed, cascade)


def test_a_unit_that_pools_must_be_the_last(squeezed):
    first, _ = expanding(squeezed)
    with pytest.raises(MappingError, match="a unit that pools must be the last one"):
        CascadeCost(squeezed, Cascade((first.pooling, Unit(lead=4)), (1, 1), (0, 0)))


def test_layers_may_only_come_again_at_the_front_of_a_cascade(squeezed):
    first, _ = expanding(squeezed)
    alone = [Cascade((unit,), (1,), (0,)) for unit in (Unit(lead=0), first.pooling)]
    with pytest.raises(MappingError, match=r"groups\[2\]: stem stands where s1 is due"):
        Mapping(squeezed, "by hand", (*alone, LayerTiling(0, None, 1, 1, 1, 1, "mnk", "inner")), "nhwc")

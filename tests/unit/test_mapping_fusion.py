"""Do the closed forms of fused blocks equal the programs they unroll to, whatever the bands and chunks?"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanfuse.execute import execute
from scanfuse.hardware import load_hardware
from scanfuse.mapping import FusedBlock, FusedCost, Group, LayerTiling, Mapping, make_mapping
from scanfuse.mapping.fusion import boustrophedon, fresh_rows, spans
from scanfuse.network import Layer, Network, Tensor, load
from scanfuse.network.layer import windows
from scanfuse.program import Cause, Program, check, unroll

PLENTY = 1 << 20


@st.composite
def mappings(draw: st.DrawFn) -> Mapping:
    """A block of any shape in a network of its own, its additions included, cut in any way."""
    c, expanded, k = draw(st.integers(1, 4)), draw(st.integers(1, 7)), draw(st.integers(1, 4))
    expands = draw(st.booleans())
    kernel = draw(st.sampled_from([1, 3, 5]))
    stride = draw(st.integers(1, min(kernel, 3)))  # a block whose windows leave rows out does not fuse
    padding = tuple(draw(st.integers(0, kernel // 2)) for _ in range(4))
    dilation = draw(st.sampled_from([1, 1, 2]))
    plane = tuple(draw(st.integers(dilation * (kernel - 1) + 1, 12)) for _ in range(2))
    if not expands:
        expanded = c
    residual = draw(st.sampled_from(["none", "input", "other"]))
    if residual == "input":
        stride, padding, k, dilation = 1, (kernel // 2,) * 4, c, 1
    rows, columns = (
        windows(plane[a], kernel, stride, padding=padding[2 * a] + padding[2 * a + 1], dilation=dilation)
        for a in (0, 1)
    )
    x, e = Tensor("x", c, *plane), Tensor("e", expanded, *plane)
    d, y, z = (Tensor(name, n, rows, columns) for name, n in (("d", expanded), ("y", k), ("z", k)))
    layers: list[Layer] = []
    groups: list[Group] = []
    if residual == "other":  # a tensor made earlier from the same input, of the shape of the block's output
        other = Tensor("other", k, rows, columns)
        window = ((kernel,) * 2, (stride,) * 2, padding, (dilation,) * 2)
        layers.append(Layer("other", "conv", (x,), other, *window))  # type: ignore[arg-type]
        flat = kernel == stride == 1 and not any(padding)
        tile = (1, rows * columns) if flat else (rows, columns)
        groups.append(LayerTiling(0, None, *tile, k, c, "mnk", "raster"))
    first = len(layers)
    if expands:
        layers.append(Layer("expand", "pointwise", (x,), e))
    window = ((kernel,) * 2, (stride,) * 2, padding, (dilation,) * 2, expanded)
    layers.append(Layer("depthwise", "depthwise", (e if expands else x,), d, *window))  # type: ignore[arg-type]
    layers.append(Layer("project", "pointwise", (d,), y))
    if residual != "none":
        layers.append(
            Layer("add", "add", (y, x if residual == "input" else Tensor("other", k, rows, columns)), z)
        )
    depthwise = first + expands
    chunk = draw(st.integers(1, expanded))
    band = draw(st.integers(1, rows))
    if chunk == expanded:
        band = rows if draw(st.booleans()) else band
    fused = FusedBlock(
        first if expands else None, depthwise, depthwise + 1,
        None if residual == "none" else depthwise + 2,
        band_rows=band, step_rows=draw(st.integers(1, band)), chunk=chunk,
        held_chunks=draw(st.integers(1, 3)),
        input_by_chunk=not expands and chunk < expanded and residual != "input" and draw(st.booleans()),
    )  # fmt: skip
    groups.append(fused)
    network = Network("block", tuple(layers), x, layers[-1].output)
    return Mapping(network, "fused", tuple(groups), "nhwc", draw(st.sampled_from([1, 2, 4])))


def block_of(mapping: Mapping) -> tuple[FusedCost, FusedBlock]:
    block = mapping.groups[-1]
    cost = mapping.cost(block)
    assert isinstance(cost, FusedCost) and isinstance(block, FusedBlock)
    return cost, block


@settings(max_examples=400, deadline=None)
@given(mappings())
def test_a_fused_block_moves_holds_and_computes_what_its_closed_forms_say(mapping: Mapping) -> None:
    program = unroll(mapping)
    check(program, PLENTY)  # counters equal the closed forms, cause by cause, and MACs the recomputed rows
    execution = execute(program, PLENTY)
    cost, _ = block_of(mapping)
    assert execution.peak_entries[-1] <= cost.live_entries
    assert execution.entries == mapping.entries
    assert cost.steps == int((program.groups == len(mapping.groups) - 1).sum())


@settings(max_examples=200, deadline=None)
@given(mappings())
def test_the_closed_form_of_live_entries_is_not_far_above_the_peak(mapping: Mapping) -> None:
    """It may count a full window that clipping at the border never fills, and no more than that."""
    cost, block = block_of(mapping)
    peak = execute(unroll(mapping), PLENTY).peak_entries[-1]
    depthwise = cost.shape.depthwise
    border = sum(depthwise.padding[:2]) + depthwise.stride[0]
    slack = border * (cost.shape.row_entries + block.chunk * depthwise.ifmap.width)
    rows = block.step_rows * (depthwise.Q * block.chunk + depthwise.Q * cost.shape.project.K * 4)
    assert cost.live_entries - peak <= slack + rows + cost.shape.weights_per_channel * depthwise.C


def brute_force_rows(layer: Layer, bands: tuple[tuple[int, int], ...]) -> int:
    held: set[int] = set()
    total = 0
    for band in bands:
        needed = set(range(*layer.input_rows(*band)))
        fresh = {row for row in needed if row > max(held, default=-1)}
        total += len(fresh)
        held |= needed
    return total


@settings(max_examples=200, deadline=None)
@given(mappings())
def test_fresh_rows_equal_counting(mapping: Mapping) -> None:
    cost, _ = block_of(mapping)
    assert fresh_rows(cost.shape.depthwise, cost.bands) == brute_force_rows(cost.shape.depthwise, cost.bands)


def weights_by_walking(cost: FusedCost) -> int:
    """Weights loaded chunk by chunk: at a turn the last chunks visited are held, the others are gone."""
    total = 0
    held: set[int] = set()
    sizes = [(stop - start) * cost.shape.weights_per_channel for start, stop in cost.chunks]
    for _, order in boustrophedon(len(cost.chunks), len(cost.bands)):
        total += sum(sizes[chunk] for chunk in order if chunk not in held)
        held = set(order[-cost.fused.held_chunks :])
    return total


@settings(max_examples=200, deadline=None)
@given(mappings())
def test_weights_held_over_a_turn_are_not_loaded_again(mapping: Mapping) -> None:
    cost, _ = block_of(mapping)
    assert cost.weight_entries == weights_by_walking(cost)


def test_spans_and_turns() -> None:
    assert spans(7, 3) == ((0, 3), (3, 6), (6, 7))
    assert spans(3, 7) == ((0, 3),)
    assert list(boustrophedon(3, 3)) == [(0, [0, 1, 2]), (1, [2, 1, 0]), (2, [0, 1, 2])]


@cache
def mobilenet_v2() -> Mapping:
    return make_mapping(load("mobilenet_v2"), "fused", load_hardware("paper"))


def block_two(**changes: int) -> tuple[Mapping, FusedBlock]:
    """Block 2 of MobileNet V2 (16 -> 96 -> 24, stride 2), the schedules' worked example."""
    network = load("mobilenet_v2")
    mapping = mobilenet_v2()
    index = next(i for i, g in enumerate(mapping.groups) if network.layers[g.layers[0]].name == "b2.expand")
    block = mapping.groups[index]
    assert isinstance(block, FusedBlock)
    block = replace(block, **changes)
    groups = (*mapping.groups[:index], block, *mapping.groups[index + 1 :])
    return replace(mapping, groups=groups), block


def test_the_worked_example_of_block_two() -> None:
    """Ten rows a band, eight channels a chunk, all weights held: 280,672 entries from a buffer of 58,912."""
    mapping, block = block_two(band_rows=10, step_rows=1, chunk=8, held_chunks=12)
    cost = mapping.cost(block)
    assert isinstance(cost, FusedCost)
    assert len(cost.bands) == 6
    assert (cost.traffic.ifmap, cost.traffic.weight, cost.traffic.ofmap) == (200_704, 4_704, 75_264)
    assert cost.live_entries == 58_912
    program = unroll(mapping)
    assert check(program, 65_536) <= 65_536
    assert peak_of(program, block) <= 58_912


def test_bands_without_held_weights_stream_them_again_but_for_the_turn() -> None:
    mapping, block = block_two(band_rows=10, step_rows=1, chunk=8, held_chunks=1)
    cost = mapping.cost(block)
    assert isinstance(cost, FusedCost)
    assert cost.traffic.weight == 6 * 4_704 - 5 * 8 * (16 + 9 + 24)
    assert cost.extra_macs > 0


def test_a_depthwise_layer_that_skips_rows_is_not_fused() -> None:
    x, e = Tensor("x", 3, 9, 9), Tensor("e", 6, 9, 9)
    d, y = Tensor("d", 6, 5, 5), Tensor("y", 2, 5, 5)
    layers = (
        Layer("expand", "pointwise", (x,), e),
        Layer("depthwise", "depthwise", (e,), d, (1, 1), (2, 2), groups=6),
        Layer("project", "pointwise", (d,), y),
    )
    mapping = make_mapping(Network("skipping", layers, x, y), "fused", load_hardware("paper"))
    assert [group.layers for group in mapping.groups] == [(0,), (1,), (2,)]
    execute(unroll(mapping), 65_536)


def peak_of(program: Program, block: FusedBlock) -> int:
    number = program.mapping.groups.index(block)
    return int(program.live[program.groups == number].max())


def test_what_is_expanded_never_leaves_the_chip() -> None:
    program = unroll(mobilenet_v2())
    inside = {
        program.mapping.network.layers[index].output.name
        for group in program.mapping.groups
        if isinstance(group, FusedBlock)
        for index in (group.expand, group.depthwise)
        if index is not None
    }
    moved = {program.tensors[tensor].name for tensor in np.unique(program.moves["tensor"][program.transfers])}
    assert inside and not inside & moved
    assert program.traffic()[Cause.FUSED] == 0


@pytest.mark.parametrize("entries", [2048, 16384])
def test_fused_never_moves_more_than_scan(entries: int) -> None:
    hardware = load_hardware("paper", [f"buffer.entries={entries}"])
    network = load("mobilenet_v2", 64, 0.5)
    scan, fused = (make_mapping(network, schedule, hardware) for schedule in ("scan", "fused"))
    assert fused.entries <= scan.entries
    assert check(unroll(fused), entries) <= entries

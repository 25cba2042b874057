"""Does the executor compute what layers are defined to compute, and measure what a program does?"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanfuse.execute import ExecutionError, Values, evaluate, execute, requantise
from scanfuse.execute.values import HIGHEST, LOWEST, exact_type, largest_sum
from scanfuse.hardware import load_hardware
from scanfuse.mapping import make_mapping
from scanfuse.network import Layer, Network, Tensor, load
from scanfuse.network.layer import windows
from scanfuse.program import Cause, check, unroll

SCHEDULES = ("fixed", "raster", "scan", "fused")


def one_layer(layer: Layer) -> Network:
    return Network("one", (layer,), layer.inputs[0], layer.output)


def windowed(
    kind: str, ifmap: Tensor, outputs: int, kernel: tuple[int, int], stride: tuple[int, int],
    padding: tuple[int, int, int, int], dilation: tuple[int, int], groups: int, pool: str | None = None,
) -> Layer:  # fmt: skip
    rows, columns = (
        windows(
            ifmap.shape[1 + axis],
            kernel[axis],
            stride[axis],
            padding=padding[2 * axis] + padding[2 * axis + 1],
            dilation=dilation[axis],
        )
        for axis in (0, 1)
    )
    made = Tensor("out", outputs, rows, columns)
    return Layer("layer", kind, (ifmap,), made, kernel, stride, padding, dilation, groups, pool)  # type: ignore[arg-type]


@st.composite
def window_layers(draw: st.DrawFn) -> Layer:
    """A conv, depthwise or pool layer of any kernel, stride, padding, dilation and groups."""
    kind = draw(st.sampled_from(["conv", "depthwise", "pool"]))
    pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
    kernel, stride, dilation = draw(pair), draw(pair), draw(pair)
    padding = tuple(draw(st.integers(0, 2)) for _ in range(4))
    least = [
        max(1, dilation[axis] * (kernel[axis] - 1) + 1 - padding[2 * axis] - padding[2 * axis + 1])
        for axis in (0, 1)
    ]
    height, width = (draw(st.integers(low, low + 5)) for low in least)
    groups = draw(st.integers(1, 3))
    ins, outs = (draw(st.integers(1, 3)) for _ in range(2))
    if kind == "conv":
        channels, outputs = groups * ins, groups * outs
    else:
        channels = outputs = ins
        groups = ins if kind == "depthwise" else 1
    pool = draw(st.sampled_from(["average", "max"])) if kind == "pool" else None
    ifmap = Tensor("in", channels, height, width)
    return windowed(kind, ifmap, outputs, kernel, stride, padding, dilation, groups, pool)  # type: ignore[arg-type]


def naive(layer: Layer, ifmap: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Every output entry by loops over its window, in plain integers."""
    sums = np.zeros(layer.output.shape, dtype=np.int64)
    for k, p, q in itertools.product(*map(range, layer.output.shape)):
        terms = []
        for r, s in itertools.product(range(layer.R), range(layer.S)):
            h = p * layer.stride[0] - layer.padding[0] + r * layer.dilation[0]
            w = q * layer.stride[1] - layer.padding[2] + s * layer.dilation[1]
            inside = 0 <= h < layer.ifmap.height and 0 <= w < layer.ifmap.width
            if weights is None:
                terms.append(int(ifmap[k, h, w]) if inside else None)
                continue
            ins, outs = layer.C // layer.groups, layer.K // layer.groups
            for c in range(ins):
                if inside:
                    x = int(ifmap[k // outs * ins + c, h, w])
                    terms.append(x * int(weights[k, c, r * layer.S + s]))
        if layer.pool_kind == "max":
            sums[k, p, q] = max(LOWEST if term is None else term for term in terms)
        else:
            sums[k, p, q] = sum(term or 0 for term in terms)
    return requantise(sums)


@settings(max_examples=150, deadline=None)
@given(window_layers(), st.integers(0, 3))
def test_the_reference_equals_plain_loops(layer: Layer, seed: int) -> None:
    network = one_layer(layer)
    values = Values(network, seed)
    weights = values.weights(0) if layer.weight_entries else None
    assert np.array_equal(evaluate(network, seed)["out"], naive(layer, values.input(), weights))


@settings(max_examples=60, deadline=None)
@given(window_layers(), st.sampled_from(SCHEDULES), st.integers(0, 3))
def test_a_window_layer_runs_right_under_every_schedule(layer: Layer, schedule: str, seed: int) -> None:
    hardware = load_hardware("paper", ["buffer.entries=300"])
    program = unroll(make_mapping(one_layer(layer), schedule, hardware))
    check(program, 300)
    assert execute(program, 300, seed).elements == layer.output.entries


def test_matrix_layers_and_elementwise_ones_equal_numpy() -> None:
    x = Tensor("x", 3, 2, 4)
    y, z, s = Tensor("y", 5, 2, 4), Tensor("z", 5, 2, 4), Tensor("s", 5, 1, 1)
    flat, line = Tensor("scaled", 40, 1, 1), Tensor("line", 6, 1, 1)
    scaled = Tensor("scaled", 5, 2, 4)
    layers = (
        Layer("a", "pointwise", (x,), y),
        Layer("b", "add", (y, y), z),
        Layer("c", "pool", (z,), s, kernel=(2, 4), pool_kind="average"),
        Layer("d", "scale", (z, s), scaled),
        Layer("e", "linear", (flat,), line),
    )
    network = Network("net", layers, x, line)
    values, maps = Values(network, 5), evaluate(network, 5)
    entries = {name: found.astype(int) for name, found in maps.items()}
    weights = values.weights(0)[:, :, 0].astype(int)
    assert np.array_equal(maps["y"], requantise(np.einsum("kc,cpq->kpq", weights, entries["x"])))
    assert np.array_equal(maps["z"], requantise(2 * entries["y"]))
    assert np.array_equal(maps["s"], requantise(entries["z"].sum((1, 2), keepdims=True)))
    assert np.array_equal(maps["scaled"], requantise(entries["z"] * entries["s"]))
    flattened = values.weights(4)[:, :, 0].astype(int) @ entries["scaled"].ravel()
    assert np.array_equal(maps["line"].ravel(), requantise(flattened))


def test_values_are_seeded_and_small() -> None:
    network = load("mobilenet_v2", 32, 0.25)
    one, again, other = Values(network, 1), Values(network, 1), Values(network, 2)
    assert np.array_equal(one.input(), again.input())
    assert np.array_equal(one.weights(0), again.weights(0))
    assert not np.array_equal(one.input(), other.input())
    assert not np.array_equal(one.weights(0), other.weights(0))
    for found in evaluate(network, 1).values():
        assert found.dtype == np.int8
        assert found.min() >= LOWEST and found.max() <= HIGHEST
    with pytest.raises(ValueError, match="layer pool has no weights"):
        one.weights([layer.name for layer in network.layers].index("pool"))


def test_requantising_sees_every_small_change() -> None:
    sums = np.arange(-(1 << 16), 1 << 16)
    quantised = requantise(sums)
    for change in range(1, 8):
        assert not np.any(quantised[change:] == quantised[:-change])
    assert np.unique(quantised).tolist() == list(range(LOWEST, HIGHEST + 1))
    halves = np.bincount(quantised.astype(int) - LOWEST)
    assert halves.max() < 1.01 * halves.min()


def test_the_float_type_holds_every_sum() -> None:
    small = load("mobilenet_v2")
    assert exact_type(small) is np.float32
    wide = Tensor("x", 1 << 20, 1, 1)
    network = one_layer(Layer("wide", "linear", (wide,), Tensor("y", 1, 1, 1)))
    assert largest_sum(network.layers[0]) > 1 << 24
    assert exact_type(network) is np.float64


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_what_is_measured_is_what_the_program_says(schedule: str) -> None:
    program = unroll(make_mapping(load("mobilenet_v2", 32, 0.5), schedule, load_hardware("paper")))
    execution = execute(program, 65536)
    peaks = [program.live[program.groups == group].max() for group in range(len(program.mapping.groups))]
    assert list(execution.peak_entries) == peaks
    assert max(execution.peak_entries) == check(program, 65536)
    assert execution.entries == program.mapping.entries
    moved = {cause: execution.loaded.get(cause, 0) + execution.stored.get(cause, 0) for cause in Cause}
    assert moved == program.traffic()
    assert execution.layers == len(program.mapping.network.layers)
    assert execution.elements == sum(layer.output.entries for layer in program.mapping.network.layers)
    assert execution.steps == program.steps


@pytest.mark.parametrize("entries_each", [1, 2, 4])
def test_partial_sums_are_weighed_and_spilled(entries_each: int) -> None:
    settings_ = ["buffer.entries=1000", f"buffer.psum_entries={entries_each}"]
    network = load("mobilenet_v2", 32, 0.25)
    program = unroll(make_mapping(network, "raster", load_hardware("paper", settings_)))
    execution = execute(program, 1000)
    assert max(execution.peak_entries) == check(program, 1000) <= 1000
    assert execution.entries == program.mapping.entries


def test_progress_names_the_first_layer_of_each_group() -> None:
    program = unroll(make_mapping(load("mobilenet_v2", 32, 0.25), "fused", load_hardware("paper")))
    heard: list[str] = []
    execute(program, 65536, progress=heard.append)
    layers = program.mapping.network.layers
    assert heard == [layers[group.layers[0]].name for group in program.mapping.groups]


def test_a_buffer_too_small_is_an_error() -> None:
    program = unroll(make_mapping(load("mobilenet_v2", 32, 0.25), "fused", load_hardware("paper")))
    peak = check(program, 65536)
    execute(program, peak)
    with pytest.raises(ExecutionError, match=f"{peak} entries are live, the buffer holds {peak - 1}"):
        execute(program, peak - 1)

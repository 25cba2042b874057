"""Does no schedule move less than the bounds say, and are they as high as is known?"""

from __future__ import annotations

import heapq
from itertools import count, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanfuse.hardware import load_hardware
from scanfuse.mapping import Nest, compulsory_entries, group_entries, make_mapping, matmul_entries
from scanfuse.mapping.bounds import layer_matmul_entries
from scanfuse.mapping.tile_space import enumerate_tiles
from scanfuse.mapping.tiling import layer_traffic, tile_entries
from scanfuse.mapping.traffic import ORDERS, SCANS
from scanfuse.network import Layer, Network, Tensor, layer_entries, load, network_entries
from scanfuse.network.layer import windows


def matrix(m: int, k: int, n: int, *, residual: bool = False) -> Nest:
    made = Tensor("c", n, 1, m)
    return Nest(Layer("matrix", "pointwise", (Tensor("a", k, 1, m),), made), made if residual else None)


def least_of_all_tilings(nest: Nest, buffer_entries: int) -> int:
    """The least traffic over every tile, loop order, raster and Scan."""
    sizes = [nest.rows, nest.columns, nest.extent["n"], nest.extent["k"]]
    every = enumerate_tiles(nest, *(np.arange(1, size + 1) for size in sizes))
    fits = np.asarray(tile_entries(nest, every.cuts, 1)) <= buffer_entries
    totals = [layer_traffic(nest, every.cuts, order, scan, 1).total for order, scan in product(ORDERS, SCANS)]
    return min(int(np.broadcast_to(total, fits.shape)[fits].min()) for total in totals)


def least_of_all_schedules(m: int, k: int, n: int, buffer_entries: int) -> int:
    """The least loads and stores of any order of products at all: a search of every state of the buffer.

    A state is what is in the buffer, which products are in which sums, and which sums DRAM has as they are.
    """
    operands = [("a", i, p) for i in range(m) for p in range(k)]
    operands += [("b", p, j) for p in range(k) for j in range(n)]
    sums = [("c", i, j) for i in range(m) for j in range(n)]
    products = frozenset(product(range(m), range(n), range(k)))
    start = (frozenset(), frozenset(), frozenset())
    ticket, least = count(), {start: 0}
    queue = [(0, next(ticket), start)]
    while queue:
        moved, _, state = heapq.heappop(queue)
        held, done, stored = state
        if moved > least[state]:
            continue
        if done == products and len(stored) == len(sums):
            return moved
        begun = {("c", i, j) for i, j, _ in done}
        following = []
        if len(held) < buffer_entries:
            loads = [x for x in operands if x not in held] + [x for x in stored if x not in held]
            following += [(1, (held | {x}, done, stored)) for x in loads]
            following += [(0, (held | {x}, done, stored)) for x in sums if x not in begun | held]
        following += [(1, (held, done, stored | {x})) for x in held if x in begun and x not in stored]
        following += [(0, (held - {x}, done, stored)) for x in held if x not in begun or x in stored]
        for i, j, p in products - done:
            if {("a", i, p), ("b", p, j), ("c", i, j)} <= held:
                following.append((0, (held, done | {(i, j, p)}, stored - {("c", i, j)})))
        for cost, new in following:
            if moved + cost < least.get(new, 1 << 30):
                least[new] = moved + cost
                heapq.heappush(queue, (moved + cost, next(ticket), new))
    raise AssertionError("no schedule")


@settings(max_examples=300, deadline=None)
@given(*[st.integers(1, 10**6)] * 3, st.integers(1, 10**6))
def test_the_bound_is_the_published_formula_rounded_up(m: int, k: int, n: int, entries: int) -> None:
    bound, compulsory = matmul_entries(m, k, n, entries), m * k + k * n + m * n
    assert bound >= compulsory
    root = (
        bound + 2 * entries
    )  # the least whole number that is 2 m n k / sqrt(S) or more, or less is compulsory
    assert root * root * entries >= 4 * (m * n * k) ** 2
    if bound > compulsory:
        assert (root - 1) ** 2 * entries < 4 * (m * n * k) ** 2


def test_figures_of_the_bound() -> None:
    assert matmul_entries(64, 64, 64, 256) == 2 * 64**3 // 16 - 512  # above 3 x 64^2
    assert matmul_entries(64, 64, 64, 4096) == 3 * 64**2
    assert matmul_entries(196, 576, 96, 65_536) == 196 * 576 + 576 * 96 + 196 * 96


@settings(max_examples=150, deadline=None)
@given(*[st.integers(1, 14)] * 3, st.integers(3, 60))
def test_no_tiling_moves_less_than_the_bound(m: int, k: int, n: int, entries: int) -> None:
    nest = matrix(m, k, n)
    bound = layer_matmul_entries(nest, entries)
    assert bound == matmul_entries(m, k, n, entries)
    assert least_of_all_tilings(nest, entries) >= bound


def test_small_buffers_come_near_the_bound() -> None:
    """The bound is worth having: well above the compulsory traffic, and tilings come near."""
    for size, entries in ((24, 16), (24, 48), (30, 100)):
        bound, compulsory = matmul_entries(size, size, size, entries), 3 * size**2
        found = least_of_all_tilings(matrix(size, size, size), entries)
        assert 1.25 * compulsory < bound <= found < 1.8 * bound


@pytest.mark.parametrize(
    "shape", [(1, 1, 3), (3, 1, 1), (1, 3, 1), (2, 1, 2), (1, 2, 2), (2, 2, 1), (1, 1, 4)]
)
@pytest.mark.parametrize("entries", [3, 4, 5])
def test_no_schedule_of_a_tiny_product_moves_less(shape: tuple[int, int, int], entries: int) -> None:
    m, k, n = shape
    least = least_of_all_schedules(m, k, n, entries)
    assert matmul_entries(m, k, n, entries) <= least <= least_of_all_tilings(matrix(m, k, n), entries)


def test_the_stores_cannot_be_added_to_the_bound_of_the_loads() -> None:
    """With one input channel, sums need no reuse: a figure of 2 m n k / sqrt(S) + m n would be wrong."""
    m, n = 40, 40
    assert least_of_all_tilings(matrix(m, 1, n), 3) < 2 * m * n / 3**0.5 + m * n


def test_an_addition_reads_its_residual_beside_the_product() -> None:
    assert layer_matmul_entries(matrix(8, 8, 8, residual=True), 12) == matmul_entries(8, 8, 8, 12) + 64


@pytest.mark.parametrize("kind", ["depthwise", "pool", "conv"])
def test_other_layers_are_no_single_product(kind: str) -> None:
    x, y = Tensor("x", 4, 5, 5), Tensor("y", 4, 3, 3)
    pool, groups = ("max", 1) if kind == "pool" else (None, 4 if kind == "depthwise" else 1)
    layer = Layer("layer", kind, (x,), y, (3, 3), groups=groups, pool_kind=pool)  # type: ignore[arg-type]
    assert layer_matmul_entries(Nest(layer), 10) is None


@st.composite
def windowed(draw: st.DrawFn) -> Layer:
    plane = draw(st.integers(4, 9)), draw(st.integers(4, 9))
    kernel = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    stride = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    padding = tuple(draw(st.integers(0, 2)) for _ in range(4))
    rows, columns = (
        windows(plane[a], kernel[a], stride[a], padding=padding[2 * a] + padding[2 * a + 1]) for a in (0, 1)
    )
    x, y = Tensor("x", 2, *plane), Tensor("y", 3, rows, columns)
    return Layer("layer", "conv", (x,), y, kernel, stride, padding)  # type: ignore[arg-type]


@settings(max_examples=200, deadline=None)
@given(windowed())
def test_what_windows_touch_equals_counting(layer: Layer) -> None:
    height, width = layer.ifmap.shape[1:]
    touched = {
        (h, w)
        for p, q, r, s in product(*map(range, (layer.P, layer.Q, layer.R, layer.S)))
        if 0 <= (h := p * layer.stride[0] - layer.padding[0] + r) < height
        and 0 <= (w := q * layer.stride[1] - layer.padding[2] + s) < width
    }
    network = Network("one", (layer,), layer.ifmap, layer.output)
    expected = 2 * len(touched) + layer.weight_entries + layer.output.entries
    assert compulsory_entries(network, [0]) == expected


@pytest.mark.parametrize("name", ["mobilenet_v1", "mobilenet_v2", "resnet50", "squeezenet", "vgg16"])
def test_the_bounds_of_groups_lie_between_those_of_the_network_and_its_layers(name: str) -> None:
    network = load(name)
    every = range(len(network.layers))
    assert compulsory_entries(network, every) == network_entries(network)
    for index in every:
        layer, alone = network.layers[index], compulsory_entries(network, [index])
        if layer.kind == "add":  # alone, it reads both and writes the sum
            assert alone == 3 * layer.output.entries
        elif layer.ifmap.shape[1:] == reached(layer) and all(
            stride <= kernel for stride, kernel in zip(layer.stride, layer.kernel, strict=True)
        ):
            assert alone == layer_entries(layer)
        else:
            assert alone < layer_entries(layer)  # a stride that leaves pixels out


def reached(layer: Layer) -> tuple[int, int]:
    """The rows and columns of its ifmap, from the corner, that a layer's windows reach."""
    return layer.input_rows(0, layer.P)[1], layer.input_columns(0, layer.Q)[1]


@pytest.mark.parametrize("entries", [3_000, 65_536])
@pytest.mark.parametrize("schedule", ["fixed", "scan", "fused"])
@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet50", "squeezenet"])
def test_no_schedule_moves_less_than_the_bounds(name: str, schedule: str, entries: int) -> None:
    mapping = make_mapping(load(name, 64), schedule, load_hardware("paper", [f"buffer.entries={entries}"]))
    for group in mapping.groups:
        least = group_entries(mapping.network, [group], entries)
        assert least <= int(mapping.traffic(group).total)

"""Does the search find the least traffic there is, and say what it needs where nothing fits?"""

from __future__ import annotations

import re
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanfuse.execute import execute
from scanfuse.hardware import PEArray, load_hardware
from scanfuse.mapping import SCHEDULES, LayerTiling, MappingError, Nest, Searches, TilingCost, make_mapping
from scanfuse.mapping.estimate import Target
from scanfuse.mapping.search import Found, search_tiling
from scanfuse.mapping.tile_space import TileSpace, distinct_tiles, enumerate_tiles
from scanfuse.mapping.tiling import layer_traffic, tile_entries
from scanfuse.mapping.traffic import ORDERS, SCANS
from scanfuse.network import Layer, Network, Tensor, load
from scanfuse.network.layer import windows
from scanfuse.program import check, unroll


def target(entries: int, psum_entries: int = 1) -> Target:
    return Target(PEArray(), entries, 2, psum_entries)


def tiling_of(nest: Nest, scans: tuple[str, ...], room: Target) -> Found:
    space = TileSpace(nest, room.buffer_entries, room.psum_entries)
    return search_tiling(space, 0, None, scans, "nhwc", room)  # type: ignore[arg-type]


def matrix(m: int, k: int, n: int, *, residual: bool = False) -> Nest:
    made = Tensor("c", n, 1, m)
    return Nest(Layer("matrix", "pointwise", (Tensor("a", k, 1, m),), made), made if residual else None)


@st.composite
def nests(draw: st.DrawFn) -> Nest:
    """Small layers of every kind that has a search of its own."""
    kind = draw(st.sampled_from(["pointwise", "conv", "depthwise", "pool"]))
    c, k = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    if kind == "pointwise":
        return matrix(draw(st.integers(1, 20)), c, k, residual=draw(st.booleans()))
    kernel = draw(st.tuples(st.integers(1, 5), st.integers(1, 3)))
    stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 2)))
    padding = tuple(draw(st.integers(0, 2)) for _ in range(4))
    plane = tuple(draw(st.integers(5, 9)) for _ in range(2))
    rows, columns = (
        windows(plane[a], kernel[a], stride[a], padding=padding[2 * a] + padding[2 * a + 1]) for a in (0, 1)
    )
    made = Tensor("y", k if kind == "conv" else c, rows, columns)
    groups = c if kind == "depthwise" else 1
    pool = "average" if kind == "pool" else None
    layer = Layer(
        "layer", kind, (Tensor("x", c, *plane),), made, kernel, stride, padding, (1, 1), groups, pool  # type: ignore[arg-type]
    )  # fmt: skip
    return Nest(layer, made if draw(st.booleans()) else None)


def least(nest: Nest, scans: tuple[str, ...], room: Target) -> int | None:
    """The least traffic over all tile sizes, orders and scans; None where nothing fits."""
    sizes = [nest.rows, nest.columns, nest.extent["n"], nest.extent["k"]]
    every = enumerate_tiles(nest, *(np.arange(1, size + 1) for size in sizes))
    live = np.asarray(tile_entries(nest, every.cuts, room.psum_entries))
    if nest.residual is not None:  # at least a line of it: a row of a tile of several, else a pixel
        line = np.where(every.tiles["p"] > 1, every.tiles["q"], 1)
        live = live + line * every.tiles["n"] * nest.coefficient["C"]
    fits = live <= room.buffer_entries
    if not fits.any():
        return None
    totals = [
        layer_traffic(nest, every.cuts, order, scan, room.psum_entries).total  # type: ignore[arg-type]
        for order, scan in product(ORDERS, scans)
    ]
    return min(int(np.broadcast_to(total, fits.shape)[fits].min()) for total in totals)


@settings(max_examples=250, deadline=None)
@given(
    nests(),
    st.integers(3, 400),
    st.sampled_from([1, 2, 4]),
    st.sampled_from([("raster",), ("inner", "full")]),
)
def test_no_tiling_moves_less(nest: Nest, entries: int, psum_entries: int, scans: tuple[str, ...]) -> None:
    room = target(entries, psum_entries)
    expected = least(nest, scans, room)
    if expected is None:
        with pytest.raises(MappingError, match=f"no tile fits a buffer of {entries} entries"):
            tiling_of(nest, scans, room)
        return
    found = tiling_of(nest, scans, room)
    assert found.traffic == expected
    cost = TilingCost(nest, found.choice, psum_entries)  # type: ignore[arg-type]
    assert int(cost.traffic.total) == found.traffic
    assert cost.live_entries <= entries
    assert found.choice.scan in scans  # type: ignore[union-attr]


@settings(max_examples=100, deadline=None)
@given(st.tuples(*[st.integers(1, 40)] * 3))
def test_a_matrix_moves_its_compulsory_entries_once_a_row_of_it_fits(shape: tuple[int, int, int]) -> None:
    m, k, n = shape
    enough = min(m * k + k + m, k * n + k + n, m * n + m + n)
    compulsory = m * k + k * n + m * n
    found = tiling_of(matrix(m, k, n), ("raster",), target(enough))
    assert found.traffic == compulsory
    if enough > 3:
        for scans in (("raster",), SCANS):
            less = tiling_of(matrix(m, k, n), scans, target(enough - 1))
            assert less.traffic > compulsory


def test_an_average_over_a_map_is_summed_up_in_rows_where_a_channel_does_not_fit() -> None:
    x, y = Tensor("x", 6, 9, 10), Tensor("y", 6, 1, 1)
    layer = Layer("squeeze", "pool", (x,), y, (9, 10), (9, 10), pool_kind="average")
    for entries in (11, 25, 90, 91, 200):
        room = target(entries)
        found = tiling_of(Nest(layer), ("inner", "full"), room)
        assert found.traffic == 6 * 90 + 6
        assert (found.choice.tile_k == 9) == (entries >= 91)  # type: ignore[union-attr]
        network = Network("squeezing", (layer,), x, y)
        for schedule in SCHEDULES:
            hardware = load_hardware("paper", [f"buffer.entries={entries}"])
            program = unroll(make_mapping(network, schedule, hardware))
            assert check(program, entries) <= entries
            execute(program, entries)
    with pytest.raises(MappingError, match="no tile fits a buffer of 10 entries; the smallest needs 11"):
        tiling_of(Nest(layer), ("raster",), target(10))


def test_best_tiles_of_b12_expand_at_16k() -> None:
    nest = matrix(196, 96, 576)
    room = target(16_384)
    raster = tiling_of(nest, ("raster",), room)
    scan = tiling_of(nest, ("inner", "full"), room)
    assert (raster.traffic, scan.traffic) == (242_304, 239_232)
    for tiles, order, scans, expected in (
        ((98, 1, 96), "mkn", "raster", 242_304),
        ((98, 32, 96), "mkn", "full", 239_232),
    ):
        tiling = LayerTiling(0, None, 1, *tiles, order, scans)  # type: ignore[arg-type]
        assert int(TilingCost(nest, tiling).traffic.total) == expected


def tiny() -> Network:
    """A layer of every kind that needs room of its own."""
    x, y, d = Tensor("x", 3, 6, 6), Tensor("y", 4, 3, 3), Tensor("d", 4, 3, 3)
    e, s, out = Tensor("e", 4, 3, 3), Tensor("s", 4, 3, 3), Tensor("out", 3, 1, 1)
    around = (1, 1, 1, 1)
    layers = (
        Layer("stem", "conv", (x,), y, (3, 3), (2, 2), around),
        Layer("depthwise", "depthwise", (y,), d, (5, 5), padding=(2, 2, 2, 2), groups=4),
        Layer("project", "pointwise", (d,), e),
        Layer("add", "add", (e, y), s),
        Layer("classifier", "linear", (Tensor("s", 36, 1, 1),), out),
    )
    return Network("tiny", layers, x, out)


@pytest.mark.parametrize("schedule", ["fixed", "raster", "scan", "fused"])
@pytest.mark.parametrize("psum_entries", [1, 2, 4])
def test_a_buffer_too_small_names_the_least_that_would_do(schedule: str, psum_entries: int) -> None:
    """Given what each layer asks for in turn, the network runs, and fills that to the last entry."""
    entries = 2
    for _ in range(10):
        hardware = load_hardware(
            "paper", [f"buffer.entries={entries}", f"buffer.psum_entries={psum_entries}"]
        )
        try:
            mapping = make_mapping(tiny(), schedule, hardware)
            break
        except MappingError as error:
            said = rf"layer \S+: no tile fits a buffer of {entries} entries; the smallest needs (\d+)"
            told = re.fullmatch(said, str(error))
            assert told is not None, str(error)
            assert int(told[1]) > entries
            entries = int(told[1])
    program = unroll(mapping)
    assert check(program, entries) == entries
    assert max(execute(program, entries).peak_entries) == entries


def test_partial_sums_of_more_entries_only_cost_more() -> None:
    network = load("mobilenet_v2", 32, 0.35)
    for schedule in ("raster", "scan", "fused"):
        moved = []
        for psum_entries in (1, 2, 4):
            hardware = load_hardware("paper", ["buffer.entries=2048", f"buffer.psum_entries={psum_entries}"])
            mapping = make_mapping(network, schedule, hardware)
            check(unroll(mapping), 2048)
            moved.append(mapping.entries)
        assert moved == sorted(moved)


def test_more_room_never_costs_more_and_scan_never_more_than_raster() -> None:
    network = load("mobilenet_v2", 32, 0.35)
    for schedule in ("raster", "scan", "fused"):
        moved = []
        for entries in (1024, 4096, 16384):
            hardware = load_hardware("paper", [f"buffer.entries={entries}"])
            moved.append(make_mapping(network, schedule, hardware).entries)
        assert moved == sorted(moved, reverse=True)
        if schedule == "raster":
            raster = moved
        assert all(mine <= theirs for mine, theirs in zip(moved, raster, strict=True))


@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet50"])
def test_searches_shared_between_schedules_change_nothing(name: str) -> None:
    network, shared = load(name, 32, 0.25), Searches()
    for entries in (1024, 4096):
        hardware = load_hardware("paper", [f"buffer.entries={entries}"])
        for schedule in SCHEDULES:
            alone = make_mapping(network, schedule, hardware)
            assert make_mapping(network, schedule, hardware, searches=shared) == alone


def test_a_mapping_covers_its_network_once_and_in_order() -> None:
    network = load("mobilenet_v2", 32, 0.25)
    good = make_mapping(network, "fused", load_hardware("paper"))
    with pytest.raises(MappingError, match=r"groups\[0\]: b1.depthwise stands where stem is due"):
        type(good)(network, "fused", good.groups[1:], "nhwc")


def test_an_unknown_schedule_lists_those_there_are() -> None:
    network: Network = load("mobilenet_v2", 32, 0.25)
    with pytest.raises(MappingError, match=r"unknown schedule 'rooster'.*fixed, raster, scan, fused"):
        make_mapping(network, "rooster", load_hardware("paper"))


def test_distinct_tiles_has_the_smallest_size_for_every_number_of_trips() -> None:
    for extent in range(1, 200):
        smallest = {-(-extent // tile): tile for tile in range(extent, 0, -1)}
        assert set(smallest.values()) <= set(distinct_tiles(extent).tolist()) <= set(range(1, extent + 1))

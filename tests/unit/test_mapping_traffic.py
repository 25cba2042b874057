"""Do the closed forms of tiled loop nests equal counting, step by step, what a walk over the tiles moves?"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scanfuse.mapping import LayerTiling, Nest, TilingCost
from scanfuse.mapping.nest import even_cut
from scanfuse.mapping.traffic import ORDERS, SCANS, moved
from scanfuse.network import Layer, Tensor
from scanfuse.network.layer import windows


def walk(trips: dict[str, int], order: str, scan: str) -> list[dict[str, int]]:
    """The tiles in the order of execution: each loop goes on from where it is, and turns round if it may."""
    a, b, c = order
    visits, b_forwards, c_forwards = [], True, True
    for outer in range(trips[a]):
        middles = list(range(trips[b]))
        if scan == "full" and not b_forwards:
            middles.reverse()
        b_forwards = not b_forwards
        for middle in middles:
            inners = list(range(trips[c]))
            if scan != "raster" and not c_forwards:
                inners.reverse()
            c_forwards = not c_forwards
            visits += [{a: outer, b: middle, c: inner} for inner in inners]
    return visits


def counted(order: str, scan: str, free: str, extents: dict[str, tuple[int, ...]]) -> int:
    """Entries of an operand that does not depend on `free`, counted whenever its tile changes."""
    depends = [axis for axis in "mnk" if axis != free]
    total, before = 0, None
    for visit in walk({axis: len(sizes) for axis, sizes in extents.items()}, order, scan):
        tile = tuple(visit[axis] for axis in depends)
        if tile != before:
            total += extents[depends[0]][tile[0]] * extents[depends[1]][tile[1]]
        before = tile
    return total


def cut_evenly(extent: int, tile: int) -> tuple[int, ...]:
    return tuple(min(tile, extent - start) for start in range(0, extent, tile))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("scan", SCANS)
@settings(max_examples=40, deadline=None)
@given(
    extents=st.tuples(*[st.integers(1, 12)] * 3),
    tiles=st.tuples(*[st.integers(1, 12)] * 3),
    free=st.sampled_from("mnk"),
)
def test_moved_equals_counting(
    order: str, scan: str, extents: tuple[int, ...], tiles: tuple[int, ...], free: str
) -> None:
    sizes = {axis: min(tile, extent) for axis, tile, extent in zip("mnk", tiles, extents, strict=True)}
    cuts = {axis: even_cut(extent, sizes[axis]) for axis, extent in zip("mnk", extents, strict=True)}
    lists = {axis: cut_evenly(extent, sizes[axis]) for axis, extent in zip("mnk", extents, strict=True)}
    assert moved(order, free, scan, cuts) == counted(order, scan, free, lists)  # type: ignore[arg-type]


def test_moved_takes_arrays_of_candidates() -> None:
    tiles = np.arange(1, 10)
    cuts = {
        "m": even_cut(9, tiles),
        "n": even_cut(7, np.minimum(tiles, 7)),
        "k": even_cut(5, np.minimum(tiles, 5)),
    }
    for order, scan, free in itertools.product(ORDERS, SCANS, "mnk"):
        together = np.broadcast_to(moved(order, free, scan, cuts), len(tiles))
        for index, tile in enumerate(tiles.tolist()):
            lists = {a: cut_evenly(e, min(tile, e)) for a, e in (("m", 9), ("n", 7), ("k", 5))}
            assert together[index] == counted(order, scan, free, lists)


def layer_of(kind: str, c: int, k: int, plane: tuple[int, int], window: dict[str, tuple[int, ...]]) -> Layer:
    kernel, stride, padding, dilation = (window[name] for name in ("kernel", "stride", "padding", "dilation"))
    rows, columns = (
        windows(
            plane[axis], kernel[axis], stride[axis],
            padding=padding[2 * axis] + padding[2 * axis + 1], dilation=dilation[axis],
        )
        for axis in (0, 1)
    )  # fmt: skip
    outputs = k if kind == "conv" else c
    groups = c if kind == "depthwise" else 1
    return Layer(
        "layer", kind, (Tensor("x", c, *plane),), Tensor("y", outputs, rows, columns), kernel, stride,  # type: ignore[arg-type]
        padding, dilation, groups, "max" if kind == "pool" else None,  # type: ignore[arg-type]
    )  # fmt: skip


@st.composite
def tilings(draw: st.DrawFn) -> tuple[Nest, LayerTiling]:
    """A layer with a window, a residual now and then, and any tiling of it."""
    kind = draw(st.sampled_from(["conv", "depthwise", "pool"]))
    pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
    window = {"kernel": draw(pair), "stride": draw(pair), "dilation": draw(st.sampled_from([(1, 1), (2, 1)]))}
    window["padding"] = tuple(draw(st.integers(0, 1)) for _ in range(4))
    plane = tuple(draw(st.integers(7, 14)) for _ in range(2))
    layer = layer_of(kind, draw(st.integers(1, 6)), draw(st.integers(1, 6)), plane, window)  # type: ignore[arg-type]
    residual = Tensor("r", *layer.output.shape) if kind != "pool" and draw(st.booleans()) else None
    nest = Nest(layer, residual)
    extents = [nest.rows, nest.columns, nest.extent["n"], nest.extent["k"]]
    tile = [draw(st.integers(1, extent)) for extent in extents]
    order, scan = draw(st.sampled_from(ORDERS)), draw(st.sampled_from(SCANS))
    return nest, LayerTiling(0, None, *tile, order, scan)  # type: ignore[arg-type]


def simulated(nest: Nest, tiling: LayerTiling, psum_entries: int) -> dict[str, int]:
    """Every entry moved, by sets of the entries that each step's tiles hold."""
    layer = nest.layer
    plane = [(p, q) for p in pieces(nest.rows, tiling.tile_p) for q in pieces(nest.columns, tiling.tile_q)]
    channels = {"n": pieces(nest.extent["n"], tiling.tile_n), "k": pieces(nest.extent["k"], tiling.tile_k)}
    trips = {"m": len(plane), "n": len(channels["n"]), "k": len(channels["k"])}
    found = dict.fromkeys(("ifmap", "weight", "ofmap", "psum_written", "psum_read", "residual"), 0)
    before: dict[str, object] = {}
    started: set[object] = set()
    for visit in walk(trips, tiling.order, tiling.scan):
        rows, columns = plane[visit["m"]]
        outs, ins = channels["n"][visit["n"]], channels["k"][visit["k"]]
        channelwise = layer.kind != "conv"
        a_channels = outs if channelwise else ins
        tiles = {
            "ifmap": (visit["m"], visit["n"] if channelwise else visit["k"]),
            "weight": (visit["n"], visit["k"]),
            "ofmap": (visit["m"], visit["n"]),
        }
        taps = layer.R * layer.S
        sizes = {
            "ifmap": len(a_channels) * touched(nest, 0, rows) * touched(nest, 1, columns),
            "weight": 0 if layer.kind == "pool" else len(outs) * (1 if channelwise else len(ins)) * taps,
            "ofmap": len(outs) * len(rows) * len(columns),
        }
        for operand in ("ifmap", "weight"):
            if before.get(operand) != tiles[operand]:
                found[operand] += sizes[operand]
        if before.get("ofmap") != tiles["ofmap"]:
            if tiles["ofmap"] in started:  # it went away half done and comes back
                found["psum_written"] += psum_entries * sizes["ofmap"]
                found["psum_read"] += psum_entries * sizes["ofmap"]
            started.add(tiles["ofmap"])
        before = dict(tiles)
    found["ofmap"] = layer.output.entries
    found["residual"] = 0 if nest.residual is None else layer.output.entries
    return found


def pieces(extent: int, size: int) -> list[range]:
    return [range(start, min(start + size, extent)) for start in range(0, extent, size)]


def touched(nest: Nest, axis: int, outputs: range) -> int:
    """How long the range of input positions is that windows touch, padding left out; window by window."""
    layer = nest.layer
    if nest.flat:
        return len(outputs)
    extent, reach = layer.ifmap.shape[1 + axis], layer.dilation[axis] * (layer.kernel[axis] - 1)
    starts = [at * layer.stride[axis] - layer.padding[2 * axis] for at in outputs]
    covered = {h for start in starts for h in range(start, start + reach + 1)}
    between = range(min(covered), max(covered) + 1)
    return sum(0 <= h < extent for h in between)


@settings(max_examples=600, deadline=None)
@given(tilings(), st.sampled_from([1, 2, 4]))
def test_a_tiled_layer_moves_what_a_walk_moves(drawn: tuple[Nest, LayerTiling], psum_entries: int) -> None:
    nest, tiling = drawn
    cost = TilingCost(nest, tiling, psum_entries)
    traffic = cost.traffic
    found = simulated(nest, tiling, psum_entries)
    assert {name: int(getattr(traffic, name)) for name in found} == found
    assert int(traffic.total) == sum(found.values())


@settings(max_examples=200, deadline=None)
@given(tilings())
def test_rolling_bands_read_every_row_once(drawn: tuple[Nest, LayerTiling]) -> None:
    """Full-width bands with their halo kept read just the rows that some window touches, once each."""
    nest, tiling = drawn
    assume(not nest.flat)
    layer = nest.layer
    rolling = LayerTiling(
        0, None, tiling.tile_p, nest.columns, tiling.tile_n, nest.extent["k"], "mnk", "full", rolling=True
    )
    if nest.channelwise:
        rolling = LayerTiling(
            0, None, tiling.tile_p, nest.columns, nest.groups, 1, "mnk", "full", rolling=True
        )
    rows: set[int] = set()
    for band in pieces(layer.P, tiling.tile_p):
        rows |= set(range(*layer.input_rows(band.start, band.stop)))
    width = len(range(*layer.input_columns(0, layer.Q)))
    assert TilingCost(nest, rolling).traffic.ifmap == len(rows) * width * layer.C


@pytest.mark.parametrize(
    ("m", "k", "n", "tile", "order", "expected"),
    [
        pytest.param(196, 576, 96, 128, "mnk", (242304, 236160, 236160), id="b12-project-mnk"),
        pytest.param(196, 576, 96, 128, "knm", (337536, 262272, 262272), id="b12-project-knm"),
        pytest.param(49, 320, 1280, 128, "mnk", (629120, 588352, 588352), id="head-mnk"),
        pytest.param(49, 320, 1280, 128, "mkn", (738880, 713792, 713792), id="head-mkn"),
        pytest.param(3136, 24, 144, 64, "mnk", (696192, 696192, 650112), id="b3-expand-mnk"),
    ],
)
def test_worked_figures_of_single_matrices(
    m: int, k: int, n: int, tile: int, order: str, expected: tuple[int, int, int]
) -> None:
    nest = matrix(m, k, n)
    found = [
        int(
            TilingCost(nest, LayerTiling(0, None, 1, min(tile, m), min(tile, n), min(tile, k), order, scan))
            .traffic.total
        )
        for scan in SCANS
    ]  # fmt: skip
    assert tuple(found) == expected


def matrix(m: int, k: int, n: int) -> Nest:
    return Nest(Layer("matrix", "pointwise", (Tensor("a", k, 1, m),), Tensor("c", n, 1, m)))


def test_halo_extents() -> None:
    """A 3 x 3 with padding over 7 columns, tiles of 3: columns -1..3, 2..6 and 5..7, clipped to the map."""
    around = (1, 1, 1, 1)
    layer = Layer(
        "d", "depthwise", (Tensor("x", 2, 7, 7),), Tensor("y", 2, 7, 7), (3, 3), padding=around, groups=2
    )
    ins, outs = Nest(layer).span_cuts("q", 3)
    assert (ins.trips, ins.first, ins.last, ins.largest, ins.total) == (3, 4, 2, 5, 4 + 5 + 2)
    assert (outs.trips, outs.first, outs.last, outs.largest, outs.total) == (3, 3, 1, 3, 7)
    rolled = Nest(layer).rolling_cut(3)
    assert (rolled.total, rolled.largest) == (7 * 7, 5 * 7)


def test_a_strided_one_by_one_reads_only_rows_within_its_tiles() -> None:
    """Tiles of one row and column skip what the stride skips; larger ones read the range between."""
    layer = Layer("c", "conv", (Tensor("x", 4, 8, 8),), Tensor("y", 6, 4, 4), (1, 1), (2, 2))
    nest = Nest(layer)
    reads = {
        (p, q): int(TilingCost(nest, LayerTiling(0, None, p, q, 6, 4, "mnk", "raster")).traffic.ifmap)
        for p, q in ((1, 1), (1, 4), (4, 4), (2, 2))
    }
    assert reads == {(1, 1): 4 * 16, (1, 4): 4 * 4 * 7, (4, 4): 4 * 7 * 7, (2, 2): 4 * 6 * 6}

"""Does the LRU buffer do what a cache does? Against a slow model that knows only sets of entries and a list.

The model walks the layer itself (loops as they are written), takes what each step needs from the layer's own
geometry, and moves whole tiles; nothing of `scanfuse.mapping` beside the tile sizes reaches it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scanfuse.hardware import load_hardware
from scanfuse.mapping import (
    SCHEDULES,
    CachedCost,
    CachedTiling,
    LayerTiling,
    Mapping,
    MappingError,
    Nest,
    make_mapping,
)
from scanfuse.mapping.cached_schedules import CACHED_SCHEDULES, cached_tiling
from scanfuse.mapping.stages import Stage
from scanfuse.mapping.traffic import ORDERS
from scanfuse.network import Layer, Network, Tensor, load
from scanfuse.network.layer import windows
from scanfuse.program import BOX, Cause, Move, check, unroll

Tile = tuple[str, tuple[range, ...]]


def volume(tile: Tile) -> int:
    return int(np.prod([len(side) for side in tile[1]]))


@dataclass
class SlowCache:
    """Tiles from the least to the most recently used; what is pushed out is looked for from the front."""

    entries: int
    psum_entries: int
    tiles: list[Tile] = field(default_factory=list)
    moved: Counter[str] = field(default_factory=Counter)
    started: set[Tile] = field(default_factory=set)
    fullest: int = 0

    def size(self, tile: Tile) -> int:
        return volume(tile) * (self.psum_entries if tile[0] == "ofmap" else 1)

    def touch(self, tile: Tile) -> bool:
        """Whether the tile had to come."""
        if tile in self.tiles:
            self.tiles.remove(tile)
            self.tiles.append(tile)
            return False
        while sum(map(self.size, self.tiles)) + self.size(tile) > self.entries:
            out = self.tiles.pop(0)
            if out[0] == "ofmap":
                self.moved["psum_written"] += self.size(out)
        self.tiles.append(tile)
        self.fullest = max(self.fullest, sum(map(self.size, self.tiles)))
        if tile[0] != "ofmap":
            self.moved[tile[0]] += self.size(tile)
        elif tile in self.started:
            self.moved["psum_read"] += self.size(tile)
        self.started.add(tile)
        return True

    def complete(self, tile: Tile) -> None:
        self.tiles.remove(tile)
        self.moved["ofmap"] += volume(tile)


def pieces(extent: int, size: int) -> list[range]:
    return [range(start, min(start + size, extent)) for start in range(0, extent, size)]


def reads(nest: Nest, axis: int, outputs: range) -> range:
    """The input positions from the first to the last that windows over some outputs touch."""
    layer = nest.layer
    if nest.flat:
        return outputs
    first = outputs.start * layer.stride[axis] - layer.padding[2 * axis]
    last = (outputs.stop - 1) * layer.stride[axis] - layer.padding[2 * axis]
    inside = [
        at
        for at in range(first, last + layer.dilation[axis] * (layer.kernel[axis] - 1) + 1)
        if 0 <= at < layer.ifmap.shape[1 + axis]
    ]
    return range(inside[0], inside[-1] + 1) if inside else range(0)


def apart(spans: list[range]) -> list[range]:
    """What is read, cut where spans begin (and where one ends before the next begins)."""
    some = [span for span in spans if span]
    cuts = {span.start for span in some}
    cuts |= {span.stop for span in some if not any(span.stop in other for other in some)}
    covered = sorted({at for span in some for at in span})
    found: list[list[int]] = []
    for at in covered:
        if at in cuts or not found:
            found.append([])
        found[-1].append(at)
    return [range(tile[0], tile[-1] + 1) for tile in found]


def walk(lists: dict[str, list], order: str, scan: bool) -> list[dict]:
    """The loops as they are written; under Scan the middle and the inner one go on backwards each time."""
    a, b, c = (list(lists[axis]) for axis in order)
    found = []
    for outer in a:
        for middle in b:
            found += [dict(zip(order, (outer, middle, inner), strict=True)) for inner in c]
            if scan:
                c.reverse()
        if scan:
            b.reverse()
    return found


def slow_run(nest: Nest, tiling: LayerTiling, entries: int, psum_entries: int) -> tuple[SlowCache, list]:
    """The cache after the whole layer, and per step what came and what was held at its end."""
    layer = nest.layer
    planes = [(p, q) for p in pieces(nest.rows, tiling.tile_p) for q in pieces(nest.columns, tiling.tile_q)]
    lists = {
        "m": planes,
        "n": pieces(nest.extent["n"], tiling.tile_n),
        "k": pieces(nest.extent["k"], tiling.tile_k),
    }
    rows = apart([reads(nest, 0, p) for p in pieces(nest.rows, tiling.tile_p)])
    columns = apart([reads(nest, 1, q) for q in pieces(nest.columns, tiling.tile_q)])
    ins, outs = nest.coefficient["A"], nest.coefficient["C"]
    visits = walk(lists, tiling.order, tiling.scan == "full")
    final = {(visit["m"], visit["n"]): step for step, visit in enumerate(visits)}
    cache, steps = SlowCache(entries, psum_entries), []
    for step, visit in enumerate(visits):
        (p, q), n, k = visit["m"], visit["n"], visit["k"]
        channels = range(n.start * outs, n.stop * outs)
        sources = range(n.start * ins, n.stop * ins) if nest.channelwise else k
        output: Tile = ("ofmap", (channels, p, q))
        needed: list[Tile] = [output]
        for row in rows:
            for column in columns:
                if set(row) & set(reads(nest, 0, p)) and set(column) & set(reads(nest, 1, q)):
                    needed.append(("ifmap", (sources, row, column)))
        if layer.weight_entries:
            inner = range(ins) if nest.channelwise else k
            needed.append(("weight", (channels, inner, range(layer.R * layer.S))))
        elif layer.kind == "scale":
            needed.append(("factors", (channels, range(1), range(1))))
        done = final[visit["m"], n] == step
        if done and nest.residual is not None:
            needed.append(("residual", (channels, p, q)))
        came = [tile for tile in needed if cache.touch(tile)]
        steps.append((came, list(cache.tiles)))
        if done:
            cache.complete(output)
    return cache, steps


@st.composite
def layers(draw: st.DrawFn) -> Nest:
    """A layer of any kind, small, with a residual now and then."""
    kind = draw(
        st.sampled_from(["pointwise", "conv", "depthwise", "pool", "grouped", "add", "scale", "linear"])
    )
    c, k = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    plane = draw(st.tuples(st.integers(4, 8), st.integers(4, 8)))
    if kind == "linear":
        x, y = Tensor("x", c, 1, 1), Tensor("y", k, 1, 1)
        return Nest(Layer("layer", "linear", (x,), y))
    x = Tensor("x", c, *plane)
    if kind == "add":
        return Nest(
            Layer("layer", "add", (x, Tensor("r", c, *plane)), Tensor("y", c, *plane)), Tensor("r", c, *plane)
        )
    if kind == "scale":
        return Nest(Layer("layer", "scale", (x, Tensor("f", c, 1, 1)), Tensor("y", c, *plane)))
    if kind == "pointwise":
        layer = Layer("layer", "pointwise", (x,), Tensor("y", k, *plane))
    else:
        groups = {"depthwise": c, "grouped": draw(st.integers(2, 3))}.get(kind, 1)
        if kind == "grouped":
            c = k = groups * draw(st.integers(1, 3))
            x = Tensor("x", c, *plane)
        kernel, stride = (draw(st.tuples(st.integers(1, 3), st.integers(1, 3))) for _ in range(2))
        padding = tuple(draw(st.integers(0, 1)) for _ in range(4))
        spans = [
            windows(
                plane[axis], kernel[axis], stride[axis], padding=padding[2 * axis] + padding[2 * axis + 1]
            )
            for axis in (0, 1)
        ]
        y = Tensor("y", k if kind == "conv" or kind == "grouped" else c, *spans)
        pool = "max" if kind == "pool" else None
        kind = "conv" if kind == "grouped" else kind
        layer = Layer("layer", kind, (x,), y, kernel, stride, padding, (1, 1), groups, pool)  # type: ignore[arg-type]
    adds = layer.weight_entries and draw(st.booleans())
    return Nest(layer, Tensor("r", *layer.output.shape) if adds else None)


@st.composite
def cached(draw: st.DrawFn) -> tuple[CachedCost, Nest]:
    nest = draw(layers())
    extents = [nest.rows, nest.columns, nest.extent["n"], nest.extent["k"]]
    sizes = [draw(st.integers(min(2, extent), min(extent, 5))) for extent in extents]
    order, scan = draw(st.sampled_from(ORDERS)), draw(st.sampled_from(["raster", "full"]))
    tiling = LayerTiling(0, None, *sizes, order, scan)  # type: ignore[arg-type]
    psum_entries = draw(st.sampled_from([1, 2, 4]))
    least = CachedCost(nest, CachedTiling(tiling, 1), psum_entries).grid.largest_step
    entries = least + draw(st.integers(0, 120))
    return CachedCost(nest, CachedTiling(tiling, entries), psum_entries), nest


@settings(max_examples=120, deadline=None)
@given(cached())
def test_the_cache_moves_what_a_slow_one_moves(drawn: tuple[CachedCost, Nest]) -> None:
    cost, nest = drawn
    slow, _ = slow_run(nest, cost.cached.tiling, cost.cached.entries, cost.psum_entries)
    found = {name: int(value) for name, value in vars(cost.traffic).items() if value}
    slow.moved["ifmap"] += slow.moved.pop("factors", 0)
    assert found == {name: entries for name, entries in slow.moved.items() if entries}
    assert cost.live_entries == slow.fullest <= cost.cached.entries


@settings(max_examples=60, deadline=None)
@given(cached())
def test_the_program_loads_in_each_step_what_a_slow_cache_misses(drawn: tuple[CachedCost, Nest]) -> None:
    """Step by step the same tiles come, and the buffer never holds what the cache does not."""
    cost, nest = drawn
    assume(nest.residual is None and len(nest.layer.inputs) == 1)
    network = Network("one", (nest.layer,), nest.layer.ifmap, nest.layer.output)
    mapping = Mapping(network, "scan", (cost.cached,), "nhwc", cost.psum_entries)
    program = unroll(mapping)
    assert check(program, cost.cached.entries) <= cost.live_entries
    _, steps = slow_run(nest, cost.cached.tiling, cost.cached.entries, cost.psum_entries)
    causes = {Cause.IFMAP: "ifmap", Cause.WEIGHT: "weight", Cause.PSUM: "ofmap"}
    held: set[Tile] = set()
    for step, (came, there) in enumerate(steps):
        entered: set[Tile] = set()
        left: set[Tile] = set()
        for row in program.moves[program.moves["step"] == step]:
            sides = zip(BOX[::2], BOX[1::2], strict=True)
            box = tuple(range(int(row[low]), int(row[high])) for low, high in sides)
            if row["move"] <= Move.ALLOC:
                entered.add((causes[Cause(row["cause"])], box))
            elif row["move"] == Move.FREE:
                left.add((causes[Cause(row["cause"])], box))
        assert entered == set(came)
        held |= entered
        assert held <= set(there)
        held -= left
    assert not held


def test_two_tiles_that_do_not_fit_together_take_turns() -> None:
    """By hand: outputs 2, inputs 1 x 2 tiles of 4 entries, weights 2 tiles of 8; room for three tiles."""
    nest = Nest(Layer("layer", "pointwise", (Tensor("x", 4, 1, 2),), Tensor("y", 4, 1, 2)))
    tiling = LayerTiling(0, None, 1, 1, 4, 2, "mnk", "raster")
    cost = CachedCost(nest, CachedTiling(tiling, 4 + 2 + 8))
    traffic = cost.traffic
    assert (traffic.ifmap, traffic.weight, traffic.ofmap, traffic.psum_written) == (8, 32, 8, 0)
    scan = CachedCost(nest, CachedTiling(LayerTiling(0, None, 1, 1, 4, 2, "mnk", "full"), 14)).traffic
    assert (scan.ifmap, scan.weight) == (8, 24)  # the weights at the turn are there still


@pytest.mark.parametrize("schedule", [name for name in SCHEDULES if name not in CACHED_SCHEDULES])
def test_what_is_fused_needs_a_buffer_that_the_mapping_rules(schedule: str) -> None:
    with pytest.raises(MappingError, match="layer by layer: choose fixed, raster, scan"):
        make_mapping(load("mobilenet_v2"), schedule, load_hardware("paper", ["buffer.policy=lru"]))


def test_tiles_that_do_not_fit_are_refused_with_what_they_need() -> None:
    hardware = load_hardware("paper", ["buffer.policy=lru", "buffer.entries=767"])
    told = "tiles of buffer.lru_tile = 16 do not fit a buffer of 767 entries; a step needs 768"
    with pytest.raises(MappingError, match=told):
        make_mapping(load("mobilenet_v2"), "scan", hardware)


def test_a_kernel_takes_fewer_channels_where_a_step_would_not_fit() -> None:
    """4 x 4 outputs of 8 channels: 16 x 8, 8 x 8 x 9 weights, and four input tiles that make 9 x 9 x 8."""
    nest = Nest(Layer("layer", "conv", (Tensor("x", 64, 9, 9),), Tensor("y", 64, 7, 7), (3, 3)))
    for entries, channels in ((1352, 8), (1351, 4)):
        buffer = load_hardware("paper", [f"buffer.entries={entries}"]).buffer
        tiling = cached_tiling(nest, Stage(0), buffer).tiling
        assert (tiling.tile_p, tiling.tile_q, tiling.tile_n, tiling.tile_k) == (4, 4, channels, channels)


def test_the_best_order_moves_no_more_than_any_given_one() -> None:
    network = load("mobilenet_v2", 96)
    for schedule in ("raster", "scan"):
        entries = {}
        for order in ("auto", *ORDERS):
            settings_ = ["buffer.policy=lru", "buffer.entries=4096", f"buffer.lru_order={order}"]
            entries[order] = make_mapping(network, schedule, load_hardware("paper", settings_)).entries
        assert entries["auto"] < min(entries[order] for order in ORDERS)

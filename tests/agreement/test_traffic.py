"""Do closed form, program and execution agree, for every network and schedule?

The closed forms say what is moved, `check` counts it and proves it by presence, `execute` counts it again
while it reproduces every output of the network.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joined import JOINED

from scanfuse.execute import execute
from scanfuse.hardware import load_hardware
from scanfuse.mapping import SCHEDULES, MappingError, make_mapping
from scanfuse.mapping.cached_schedules import CACHED_SCHEDULES
from scanfuse.network import Concat, Layer, Network, NetworkError, Tensor, load, zoo_names
from scanfuse.network.layer import windows
from scanfuse.program import check, unroll

S = 65_536
SMALL = {  # resolution, width, and a buffer that is small for them
    "mobilenet_v1": (64, 0.5, 8_192),
    "mobilenet_v2": (64, 0.5, 8_192),
    "resnet50": (64, 0.5, 8_192),
    "vgg16": (64, 0.25, 8_192),
}
SMALLEST = (32, 0.25, 2_048)


def agree(
    network: Network, schedule: str, entries: int, psum_entries: int = 1, lru_tile: int | None = None
) -> None:
    """With a tile size, through a cache of such tiles."""
    told = [f"buffer.entries={entries}", f"buffer.psum_entries={psum_entries}"]
    told += [] if lru_tile is None else ["buffer.policy=lru", f"buffer.lru_tile={lru_tile}"]
    hardware = load_hardware("paper", told)
    mapping = make_mapping(network, schedule, hardware)
    program = unroll(mapping)
    peak = check(program, entries)
    execution = execute(program, entries)
    moved = [int(mapping.traffic(group).total) for group in mapping.groups]
    assert sum(moved) == mapping.entries == sum(program.traffic().values()) == execution.entries
    assert max(execution.peak_entries) == peak <= entries
    for group, live in zip(mapping.groups, execution.peak_entries, strict=True):
        assert live <= mapping.live_entries(group) <= entries
    assert execution.layers == len(network.layers)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", zoo_names())
def test_small_networks_of_the_zoo(name: str, schedule: str) -> None:
    resolution, width, entries = SMALL.get(name, SMALLEST)
    agree(load(name, resolution, width), schedule, entries)


@pytest.mark.slow
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", zoo_names())
def test_whole_networks_of_the_zoo(name: str, schedule: str) -> None:
    agree(load(name), schedule, S)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_mobilenet_v2_whole(schedule: str) -> None:
    agree(load("mobilenet_v2"), schedule, S)


@pytest.mark.slow
@pytest.mark.parametrize("entries", [4_096, 16_384, 32_768, 131_072])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_mobilenet_v2_with_other_buffers(schedule: str, entries: int) -> None:
    agree(load("mobilenet_v2"), schedule, entries)


@pytest.mark.parametrize("name", zoo_names())
def test_small_networks_through_a_cache(name: str) -> None:
    agree(load(name, *SMALL.get(name, (64, 0.5))[:2]), "scan", 16_384, lru_tile=32)


@pytest.mark.slow
@pytest.mark.parametrize("lru_tile", [16, 64])
@pytest.mark.parametrize("schedule", CACHED_SCHEDULES)
def test_mobilenet_v2_through_a_cache(schedule: str, lru_tile: int) -> None:
    agree(load("mobilenet_v2"), schedule, S, lru_tile=lru_tile)


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Chains of a few layers, with residual additions wherever two maps have one shape, and maps that lie in
    others."""
    maps = [Tensor("input", draw(st.integers(1, 4)), draw(st.integers(5, 12)), draw(st.integers(5, 12)))]
    layers: list[Layer] = []
    concats: list[Concat] = []

    def append(kind: str, inputs: tuple[Tensor, ...], shape: tuple[int, int, int], *window: object) -> None:
        made = Tensor(f"t{len(layers)}", *shape)
        layers.append(Layer(f"l{len(layers)}", kind, inputs, made, *window))  # type: ignore[arg-type]
        maps.append(made)

    def built(output: Tensor) -> Network | None:
        """The network so far, if it can be without a copy."""
        try:
            return Network("random", tuple(layers), maps[0], output, concats=tuple(concats))
        except NetworkError:
            return None

    for kind in draw(
        st.lists(
            st.sampled_from(
                [
                    "conv",
                    "block",
                    "dw",
                    "pw",
                    "pool",
                    "grouped",
                    "squeeze",
                    "gated",
                    "shortcut",
                    "fire",
                    "dense",
                ]
            ),
            min_size=1,
            max_size=4,
        )
    ):
        ifmap = maps[-1]
        if kind == "pw":
            append("pointwise", (ifmap,), (draw(st.integers(1, 8)), ifmap.height, ifmap.width))
        elif kind == "squeeze":
            plane = (ifmap.height, ifmap.width)
            append("pool", (ifmap,), (ifmap.channels, 1, 1), plane, (1, 1), (0,) * 4, (1, 1), 1, "average")
            append("linear", (maps[-1],), (3, 1, 1))
            append("linear", (maps[-1],), (ifmap.channels, 1, 1))
            append("scale", (ifmap, maps[-1]), ifmap.shape)
        elif kind == "shortcut":
            channels, stride = draw(st.integers(1, 7)), draw(st.sampled_from([1, 2]))
            shape = (channels, *(-(-extent // stride) for extent in ifmap.shape[1:]))
            append("conv", (ifmap,), shape, (1, 1), (stride, stride))
            projected, first = maps[-1], draw(st.booleans())
            inner = draw(st.integers(1, 4))
            reduced = shape if first else ifmap.shape
            append("conv", (ifmap,), (inner, *reduced[1:]), (1, 1), (stride if first else 1,) * 2)
            append("conv", (maps[-1],), (inner, *shape[1:]), (3, 3), (1 if first else stride,) * 2, (1,) * 4)
            append("pointwise", (maps[-1],), shape)
            append("add", (maps[-1], projected), shape)
        elif kind == "gated":
            if draw(st.booleans()):
                append("pointwise", (ifmap,), (draw(st.integers(1, 10)), ifmap.height, ifmap.width))
            windowed(draw, append, "depthwise", maps[-1])
            scaled = maps[-1]
            plane = (scaled.height, scaled.width)
            append("pool", (scaled,), (scaled.channels, 1, 1), plane, (1, 1), (0,) * 4, (1, 1), 1, "average")
            for channels in (*draw(st.sampled_from([(), (2,), (3, 1)])), scaled.channels):
                append("linear", (maps[-1],), (channels, 1, 1))
            append("scale", (scaled, maps[-1]), scaled.shape)
            channels = draw(st.sampled_from([ifmap.channels, 5]))
            append("pointwise", (maps[-1],), (channels, scaled.height, scaled.width))
        elif kind in ("fire", "dense"):
            channels = draw(st.integers(1, 5)), draw(st.integers(1, 5))
            append("pointwise", (ifmap,), (channels[0], *ifmap.shape[1:]))
            around = (3, 3), (1, 1), (1, 1, 1, 1)
            append(
                "conv", (draw(st.sampled_from([ifmap, maps[-1]])),), (channels[1], *ifmap.shape[1:]), *around
            )
        elif kind == "block":
            width = draw(st.integers(1, 10))
            if draw(st.booleans()):
                append("pointwise", (ifmap,), (width, ifmap.height, ifmap.width))
            windowed(draw, append, "depthwise", maps[-1])
            channels = draw(st.sampled_from([ifmap.channels, 5]))
            append("pointwise", (maps[-1],), (channels, maps[-1].height, maps[-1].width))
        else:
            windowed(draw, append, {"dw": "depthwise", "grouped": "grouped"}.get(kind, kind), ifmap)
        others = [tensor for tensor in maps[:-1] if tensor.shape == maps[-1].shape]
        if others and draw(st.booleans()):
            append("add", (maps[-1], draw(st.sampled_from(others))), maps[-1].shape)
            if built(layers[-1].output) is None:  # of two maps that have entries in common
                maps.remove(layers.pop().output)
        if kind == "fire" or draw(st.sampled_from([False, False, True])):
            joined = draw(joins(maps))
            concats += [] if joined is None else [joined]
            if joined is not None and built(layers[-1].output) is None:
                concats.pop()
            elif joined is not None:
                known = {tensor.name for tensor in maps}
                maps += [tensor for tensor in joined.tensors[::-1] if tensor.name not in known]
    if draw(st.booleans()):
        last = maps[-1]
        if draw(st.booleans()):
            append(
                "pool",
                (last,),
                (last.channels, 1, 1),
                (last.height, last.width),
                (1, 1),
                (0,) * 4,
                (1, 1),
                1,
                "average",
            )
        flat = Tensor(maps[-1].name, maps[-1].entries, 1, 1)
        append("linear", (flat,), (draw(st.integers(1, 9)), 1, 1))
        if built(layers[-1].output) is None:  # a part cannot be flattened
            maps.remove(layers.pop().output)
    outputs = [layers[-1].output, *(concat.output for concat in concats[-1:])]
    network = built(draw(st.sampled_from(outputs)))
    assert network is not None
    return network


@st.composite
def joins(draw: st.DrawFn, maps: list[Tensor]) -> Concat | None:
    """The last map and others of its height and width as one map, or the last cut in two, if it can be."""
    last, number, plane = maps[-1], len(maps), maps[-1].shape[1:]
    others = [tensor for tensor in maps[:-1] if tensor.shape[1:] == plane]
    if others and draw(st.booleans()):
        some = draw(st.lists(st.sampled_from(others), min_size=1, max_size=2, unique=True))
        parts = tuple(draw(st.permutations([last, *some])))
        return Concat(Tensor(f"c{number}", sum(part.channels for part in parts), *plane), parts)
    if last.channels == 1:
        return None
    cut = draw(st.integers(1, last.channels - 1))
    parts = (Tensor(f"p{number}", cut, *plane), Tensor(f"q{number}", last.channels - cut, *plane))
    return Concat(last, parts)


def windowed(draw: st.DrawFn, append: object, kind: str, ifmap: Tensor) -> None:
    """A layer with a window that fits its map."""
    size = min(ifmap.height, ifmap.width)
    kernel = draw(st.sampled_from([k for k in (1, 2, 3, 5) if k <= size]))
    stride = draw(st.sampled_from([1, 1, 2, 3]))
    padding = tuple(draw(st.integers(0, kernel // 2)) for _ in range(4))
    rows, columns = (
        windows(extent, kernel, stride, padding=padding[2 * axis] + padding[2 * axis + 1])
        for axis, extent in enumerate((ifmap.height, ifmap.width))
    )
    channels, groups, pool = ifmap.channels, 1, None
    if kind == "grouped":
        kind, groups = "conv", draw(st.sampled_from([g for g in (1, 2, 3) if channels % g == 0]))
        channels = groups * draw(st.integers(1, 3))
    elif kind == "conv":
        channels = draw(st.integers(1, 6))
    elif kind == "depthwise":
        groups = channels
    else:
        pool = draw(st.sampled_from(["max", "average"]))
    append(  # type: ignore[operator]
        kind, (ifmap,), (channels, rows, columns), (kernel,) * 2, (stride,) * 2, padding, (1, 1), groups, pool
    )  # fmt: skip


BUFFERS = st.integers(4, 1_500)
PSUMS = st.sampled_from([1, 1, 2, 4])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks(), st.sampled_from(list(SCHEDULES)), BUFFERS, PSUMS)
def test_random_networks(network: Network, schedule: str, entries: int, psum_entries: int) -> None:
    agree_somewhere(network, schedule, entries, psum_entries)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks(), st.sampled_from(list(CACHED_SCHEDULES)), BUFFERS, PSUMS, st.integers(1, 9))
def test_random_networks_through_a_cache(
    network: Network, schedule: str, entries: int, psum_entries: int, lru_tile: int
) -> None:
    agree_somewhere(network, schedule, entries, psum_entries, lru_tile)


@pytest.mark.parametrize(("entries", "psum_entries"), [(60, 4), (500, 1)])
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", JOINED)
def test_maps_that_lie_in_others(name: str, schedule: str, entries: int, psum_entries: int) -> None:
    agree_somewhere(JOINED[name], schedule, entries, psum_entries)


@pytest.mark.parametrize("schedule", CACHED_SCHEDULES)
@pytest.mark.parametrize("name", JOINED)
def test_maps_that_lie_in_others_through_a_cache(name: str, schedule: str) -> None:
    agree_somewhere(JOINED[name], schedule, 150, 1, lru_tile=3)


def agree_somewhere(
    network: Network, schedule: str, entries: int, psum_entries: int, lru_tile: int | None = None
) -> None:
    """With the first buffer from `entries` up in which the network runs at all."""
    for _ in range(len(network.layers) + 1):
        try:
            agree(network, schedule, entries, psum_entries, lru_tile)
        except MappingError as error:
            entries = int(str(error).rsplit(" ", 1)[1])  # what the layer named there needs
        else:
            return
    pytest.fail("the named figures do not suffice")

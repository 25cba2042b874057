"""Boxes to bursts, against a plain enumeration of every byte."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanfuse.hardware import load_hardware
from scanfuse.mapping import SCHEDULES, make_mapping
from scanfuse.network import load
from scanfuse.program import BOX, AddressLayout, Cause, Program, View, fewest_bursts, unroll


def bytes_of_box(program: Program, layout: AddressLayout, row: np.void) -> set[int]:
    """Every byte of a map's box, entry by entry."""
    channels, height, width = program.tensors[row["tensor"]].shape
    psum = row["cause"] == Cause.PSUM
    unit = layout.entry_bytes * (program.mapping.psum_entries if psum else 1)
    base = layout.bases[int(row["tensor"]), bool(psum)]
    order = program.mapping.layout_of(program.tensors[row["tensor"]].name)
    a0, a1, b0, b1, c0, c1 = (int(row[edge]) for edge in BOX)
    found = set()
    for a in range(a0, a1):
        for b in range(b0, b1):
            for c in range(c0, c1):
                if row["view"] == View.CHANNELS:
                    index = a
                else:
                    h, w = divmod(c, width) if row["view"] == View.PIXELS else (b, c)
                    block = channels if order == "nhwc" else int(order[4:] or 1)
                    index = ((a // block * height + h) * width + w) * block + a % block
                found.update(range(base + index * unit, base + (index + 1) * unit))
    return found


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(["mobilenet_v2", "squeezenet"]),
    st.sampled_from(sorted(SCHEDULES)),
    st.sampled_from(["nhwc", "nchw"]),
    st.sampled_from([8, 16, 32]),
    st.sampled_from([32, 64]),
    st.sampled_from([1, 4]),
    st.integers(0, 10**9),
)
def test_bursts_cover_each_box_exactly(
    name: str, schedule: str, order: str, bits: int, burst_bytes: int, psum_entries: int, pick: int
) -> None:
    accelerator = load_hardware(
        "paper",
        [
            f"layout.order={order}",
            f"buffer.entry_bits={bits}",
            f"buffer.psum_entries={psum_entries}",
            "buffer.entries=6000",
        ],
    )
    mapping = make_mapping(load(name, resolution=32, width=0.35), schedule, accelerator)
    program = unroll(mapping)
    layout = AddressLayout(program, bits // 8, burst_bytes, 1 << 31)
    usual = layout.bursts()
    layouts, fewest = fewest_bursts(program, bits // 8, burst_bytes)
    program = unroll(replace(mapping, layouts=layouts))
    layout = AddressLayout(program, bits // 8, burst_bytes, 1 << 31)
    bursts = layout.bursts()
    rows = program.moves[program.transfers]
    maps = np.flatnonzero(rows["cause"] != Cause.WEIGHT)
    assert fewest == bursts.counts[maps].sum()
    assert bool(layouts) == (bursts.counts.sum() < usual.counts.sum())
    assert bursts.useful_bytes.sum() == usual.useful_bytes.sum()
    for index in np.random.default_rng(pick).choice(maps, 20).tolist():
        wanted = {byte // burst_bytes * burst_bytes for byte in bytes_of_box(program, layout, rows[index])}
        found = bursts.addresses[bursts.offsets[index] : bursts.offsets[index + 1]].tolist()
        assert found == sorted(wanted)


@pytest.mark.parametrize("schedule", sorted(SCHEDULES))
def test_tensors_do_not_share_bursts(schedule: str) -> None:
    accelerator = load_hardware("paper")
    program = unroll(make_mapping(load("mobilenet_v2", resolution=32), schedule, accelerator))
    bursts = AddressLayout(program, 2, 64, 1 << 31).bursts()
    rows = program.moves[program.transfers]
    place = np.repeat(rows["tensor"].astype(np.int64) * 2 + (rows["cause"] == Cause.PSUM), bursts.counts)
    pairs = np.unique(np.stack([bursts.addresses.astype(np.int64), place]), axis=1)
    assert len(np.unique(pairs[0])) == pairs.shape[1]


def test_weights_are_read_as_one_stream_where_they_are_read_once() -> None:
    accelerator = load_hardware("paper")
    program = unroll(make_mapping(load("mobilenet_v2", resolution=64), "fused", accelerator))
    bursts = AddressLayout(program, 2, 64, 1 << 31).bursts()
    rows = program.moves[program.transfers]
    last = program.mapping.network.layers[-1]
    mine = [i for i, row in enumerate(rows) if program.tensors[row["tensor"]].name == f"{last.name}.weight"]
    stream = np.concatenate([bursts.addresses[bursts.offsets[i] : bursts.offsets[i + 1]] for i in mine])
    assert (np.diff(stream.astype(np.int64)) == 64).all()
    assert len(stream) == last.weight_entries * 2 // 64


def test_weights_of_all_layers_are_one_stream_in_the_order_of_first_load() -> None:
    accelerator = load_hardware("paper")
    program = unroll(make_mapping(load("mobilenet_v2", resolution=32), "deep", accelerator))
    bursts = AddressLayout(program, 2, 64, 1 << 31).bursts()
    rows = program.moves[program.transfers]
    mine = np.flatnonzero(rows["cause"] == Cause.WEIGHT).tolist()
    assert len({int(rows["tensor"][i]) for i in mine}) > 20
    asked = np.concatenate([bursts.addresses[bursts.offsets[i] : bursts.offsets[i + 1]] for i in mine])
    _, first = np.unique(asked, return_index=True)
    stream = asked[np.sort(first)]
    assert (np.diff(stream.astype(np.int64)) == 64).all()


def test_weights_cut_into_different_tiles_lie_in_one_piece() -> None:
    """Passes over the same layers in chunks of different sizes: shared channels are at one place."""
    accelerator = load_hardware("paper", ["buffer.entries=2500"])
    program = unroll(make_mapping(load("efficientnet_b0", resolution=64, width=0.25), "deep", accelerator))
    layout = AddressLayout(program, 2, 64, 1 << 31)
    tiles: dict[int, dict[bytes, int]] = {}
    for (tensor, box), place in layout.weight_places.items():
        tiles.setdefault(tensor, {})[box] = place
    places: dict[int, int] = {}  # byte -> the tensor there
    shared = 0
    for tensor, boxes in tiles.items():
        shape = program.tensors[tensor].shape
        edges = np.array([np.frombuffer(box, dtype=np.int32) for box in boxes])
        starts, counts = np.array(list(boxes.values())), (edges[:, 1::2] - edges[:, ::2]).prod(axis=1)
        for start, count in zip(starts.tolist(), counts.tolist(), strict=True):
            for byte in range(start, start + 2 * count):
                assert places.setdefault(byte, tensor) == tensor
        if counts.sum() > np.prod(shape):
            shared += 1
            (axis,) = np.flatnonzero(((edges[:, 1::2] - edges[:, ::2]) != shape).any(axis=0))
            row = 2 * int(np.prod(shape)) // shape[axis]
            assert len(set((starts - edges[:, 2 * axis] * row).tolist())) == 1
    assert shared
    assert len(places) == 2 * sum(program.tensors[tensor].entries for tensor in tiles)

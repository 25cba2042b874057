"""Is a program what its module says: sorted tables, balanced buffers, figures by group, readable errors?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scanfuse.hardware import load_hardware
from scanfuse.mapping import LayerTiling, Mapping, make_mapping
from scanfuse.network import Layer, Network, Tensor, load
from scanfuse.program import BOX, Cause, Move, Program, ProgramError, TensorTable, View, check, unroll
from scanfuse.program.boxes import input_box, region


def program_of(schedule: str, entries: int = 65_536) -> Program:
    hardware = load_hardware("paper", [f"buffer.entries={entries}"])
    return unroll(make_mapping(load("mobilenet_v2", 64, 0.35), schedule, hardware))


PROGRAMS = {schedule: program_of(schedule) for schedule in ("fixed", "raster", "scan", "fused")}


@pytest.fixture(params=list(PROGRAMS))
def program(request: pytest.FixtureRequest) -> Program:
    return PROGRAMS[request.param]


def test_tables_are_sorted_by_step_and_moves_by_their_order_within_it(program: Program) -> None:
    for table in (program.moves, program.ops):
        assert np.all(np.diff(table["step"]) >= 0)
        assert table["step"][0] == 0
        assert table["step"][-1] == program.steps - 1
    same = np.diff(program.moves["step"]) == 0
    assert np.all(np.diff(program.moves["move"].astype(int))[same] >= 0)
    assert np.all(np.diff(program.groups) >= 0)
    assert set(program.groups.tolist()) == set(range(len(program.mapping.groups)))


def test_every_step_computes_for_the_layers_of_its_group(program: Program) -> None:
    for step, layer in zip(program.ops["step"].tolist(), program.ops["layer"].tolist(), strict=True):
        assert layer in program.mapping.groups[program.groups[step]].layers
    assert set(program.ops["step"].tolist()) == set(range(program.steps))


def test_boxes_lie_within_their_tensors(program: Program) -> None:
    for move in program.moves:
        shape = program.tensors[move["tensor"]].shape
        if move["view"] == View.PIXELS:
            shape = (shape[0], 1, shape[1] * shape[2])
        elif move["view"] == View.CHANNELS:
            shape = (shape[0] * shape[1] * shape[2], 1, 1)
        for low, high, extent in zip(BOX[::2], BOX[1::2], shape, strict=True):
            assert 0 <= move[low] < move[high] <= extent


def test_what_is_claimed_is_released(program: Program) -> None:
    assert program.claims.sum() == program.releases.sum()
    ends = np.append(np.flatnonzero(np.diff(program.groups)), program.steps - 1)
    held = np.cumsum(program.claims - program.releases)
    assert np.all(held[ends] == 0)  # these schedules leave nothing in the buffer between groups
    assert program.live.max() == check(program, 65_536)
    assert np.all(program.live == held + program.releases)


def test_weights_are_loaded_and_outputs_stored_but_never_the_other_way(program: Program) -> None:
    moves = program.moves
    stores = moves["move"] == Move.STORE
    assert not np.any(stores & np.isin(moves["cause"], [Cause.IFMAP, Cause.WEIGHT, Cause.RESIDUAL]))
    assert not np.any((moves["move"] == Move.LOAD) & np.isin(moves["cause"], [Cause.OFMAP, Cause.FUSED]))
    assert set(moves[program.transfers]["move"].tolist()) == {Move.LOAD, Move.STORE}
    stored = {program.tensors[tensor].kind for tensor in np.unique(moves["tensor"][stores])}
    assert stored == {"map"}


def test_outputs_are_freed_only_where_they_are_stored(program: Program) -> None:
    marked = program.moves[program.stored_with_free]
    assert set(marked["move"].tolist()) == {Move.FREE}
    assert set(marked["cause"].tolist()) == {Cause.PSUM}


def test_traffic_by_cause_is_that_of_the_mapping(program: Program) -> None:
    mapping, traffic = program.mapping, program.traffic()
    parts = [mapping.traffic(group) for group in mapping.groups]
    assert traffic[Cause.IFMAP] == sum(int(part.ifmap) for part in parts)
    assert traffic[Cause.WEIGHT] == sum(int(part.weight) for part in parts)
    assert traffic[Cause.OFMAP] == sum(int(part.ofmap) for part in parts)
    assert traffic[Cause.PSUM] == sum(int(part.psum_read + part.psum_written) for part in parts)
    assert traffic[Cause.RESIDUAL] == sum(int(part.residual) for part in parts)
    assert traffic[Cause.FUSED] == 0


def test_a_flattened_map_keeps_the_shape_of_its_producer() -> None:
    x, y = Tensor("x", 2, 3, 3), Tensor("y", 4, 3, 3)
    layers = (
        Layer("a", "pointwise", (x,), y),
        Layer("b", "linear", (Tensor("y", 36, 1, 1),), Tensor("z", 5, 1, 1)),
    )
    network = Network("flat", layers, x, Tensor("z", 5, 1, 1))
    table = TensorTable.of(network)
    assert table.tensors[table.maps["y"]].shape == (4, 3, 3)
    assert (table.flattened(layers[0]), table.flattened(layers[1])) == (False, True)
    program = unroll(make_mapping(network, "raster", load_hardware("paper")))
    views = program.moves["view"][program.moves["tensor"] == table.maps["y"]]
    assert View.CHANNELS in views.tolist()
    check(program, 65_536)


def test_regions_are_views_of_the_array() -> None:
    array = np.arange(2 * 3 * 4).reshape(2, 3, 4)
    assert region(array, View.MAP, (1, 2, 0, 2, 1, 3)).tolist() == [[[13, 14], [17, 18]]]
    assert region(array, View.PIXELS, (0, 2, 0, 1, 3, 6)).tolist() == [[[3, 4, 5]], [[15, 16, 17]]]
    assert region(array, View.CHANNELS, (10, 13, 0, 1, 0, 1)).ravel().tolist() == [10, 11, 12]
    region(array, View.PIXELS, (0, 1, 0, 1, 0, 12))[...] = -1
    assert (array[0] == -1).all()


def test_input_boxes() -> None:
    around = (1, 1, 1, 1)
    x = Tensor("x", 4, 8, 8)
    conv = Layer("c", "conv", (x,), Tensor("y", 6, 4, 4), (3, 3), (2, 2), around)
    assert input_box(conv, View.MAP, (0, 6, 1, 3, 0, 4), (1, 3)) == (1, 3, 1, 6, 0, 8)
    depthwise = Layer("d", "depthwise", (x,), Tensor("z", 4, 8, 8), (3, 3), padding=around, groups=4)
    assert input_box(depthwise, View.MAP, (2, 3, 0, 2, 5, 8), (0, 1)) == (2, 3, 0, 3, 4, 8)
    grouped = Layer("g", "conv", (x,), Tensor("w", 6, 8, 8), (3, 3), padding=around, groups=2)
    assert input_box(grouped, View.MAP, (3, 6, 0, 1, 0, 1), (0, 2)) == (2, 4, 0, 2, 0, 2)
    pointwise = Layer("p", "pointwise", (x,), Tensor("v", 6, 8, 8))
    assert input_box(pointwise, View.PIXELS, (0, 6, 0, 1, 9, 20), (0, 2)) == (0, 2, 0, 1, 9, 20)


def one_pointwise() -> Program:
    x, y = Tensor("x", 4, 1, 6), Tensor("y", 2, 1, 6)
    network = Network("one", (Layer("p", "pointwise", (x,), y),), x, y)
    tiling = LayerTiling(0, None, 1, 3, 2, 2, "mkn", "raster")
    return unroll(Mapping(network, "raster", (tiling,), "nhwc"))


def changed(program: Program, index: int, **values: int) -> Program:
    moves = program.moves.copy()
    for name, value in values.items():
        moves[name][index] = value
    return replace(program, moves=moves)


def index_of(program: Program, move: Move, cause: Cause, nth: int = 0) -> int:
    return int(np.flatnonzero((program.moves["move"] == move) & (program.moves["cause"] == cause))[nth])


def test_check_says_where_and_what() -> None:
    program = one_pointwise()
    assert check(program, 100) == 2 * 3 + 2 * 2 + 2 * 3
    with pytest.raises(ProgramError, match=r"step 0 \(group 0: p\): 16 entries live, the buffer holds 15"):
        check(program, 15)
    load_x = index_of(program, Move.LOAD, Cause.IFMAP)
    with pytest.raises(ProgramError, match=r"group 0 \(p\): the program moves 18 ifmap entries, .* says 24"):
        check(replace(program, moves=np.delete(program.moves, load_x)), 100)
    with pytest.raises(ProgramError, match=r"step 0 \(p\): reads x\[0:2, 0:1, 0:3\], which is not in the"):
        check(changed(program, load_x, c0=1, c1=4), 100)
    alloc = index_of(program, Move.ALLOC, Cause.PSUM)
    with pytest.raises(ProgramError, match=r"step 0 \(p\): writes to y\[0:2, 0:1, 0:3\], which is not in"):
        check(changed(program, alloc, c0=1, c1=4), 100)
    store = index_of(program, Move.STORE, Cause.OFMAP, 1)
    with pytest.raises(ProgramError, match=r"step 3 \(p\): stores y\[0:2, 0:1, 2:5\], which is not in the"):
        check(changed(program, store, c0=2, c1=5), 100)
    free = index_of(program, Move.FREE, Cause.PSUM, 1)
    with pytest.raises(ProgramError, match=r"after the last step 6 entries of y are still held"):
        check(replace(program, moves=np.delete(program.moves, free)), 100)


def test_check_counts_macs_and_refuses_incomplete_outputs() -> None:
    program = one_pointwise()
    with pytest.raises(ProgramError, match="the steps make 36 MACs, the network and its recomputed rows 48"):
        check(replace(program, ops=np.delete(program.ops, 0)), 100)
    ops = program.ops.copy()
    ops["finish"][1] = False
    with pytest.raises(ProgramError, match=r"step 1 \(p\): stores y\[0:2, 0:1, 0:3\] before it is complete"):
        check(replace(program, ops=ops), 100)

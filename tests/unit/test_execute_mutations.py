"""Is a wrong program refused: by `check`, by `execute`, or by both?

| what is done to a program | check | execute |
|---|---|---|
| a load is left out | counters | entry not there |
| a load and its free are shifted by one entry | presence | entry not there, or not the right one |
| a load comes a step late | presence | entry not there |
| a load happens twice | presence | - (right values) |
| two steps that depend on each other are swapped | presence | entry not there, or wrong value |
| two weight tiles are swapped | presence | entry not there |
| a free comes a step early | presence | entry not there |
| a free is left out | presence | still held at the end, or - (loaded again: right values) |
| a store is left out | counters | entry not there |
| a store comes a step early | not complete (outputs) | wrong value |
| an op is left out | MACs | wrong value |
| an op happens twice | MACs | wrong value, unless it begins its output |
| an op computes the pixels or channels beside its own | presence | entry not there |
| begin is flipped | - (values alone) | wrong value |
| finish is dropped | not complete | wrong value |
| finish is set too early | - (values alone) | wrong value |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from scanfuse.execute import ExecutionError, execute
from scanfuse.hardware import load_hardware
from scanfuse.mapping import FusedBlock, LayerTiling, Mapping, make_mapping
from scanfuse.network import Layer, Network, Tensor
from scanfuse.program import Cause, Move, Program, ProgramError, check, unroll

ROOM = 4000


def small_network() -> Network:
    """A stem, a block with and one without a residual, and a classifier."""
    x, s = Tensor("x", 3, 12, 12), Tensor("s", 4, 6, 6)
    e1, d1, y1, z1 = (Tensor(name, c, 6, 6) for name, c in (("e1", 12), ("d1", 12), ("y1", 4), ("z1", 4)))
    e2, d2, y2 = Tensor("e2", 10, 6, 6), Tensor("d2", 10, 3, 3), Tensor("y2", 6, 3, 3)
    around = (1, 1, 1, 1)
    layers = (
        Layer("stem", "conv", (x,), s, (3, 3), (2, 2), (1, 0, 1, 0)),
        Layer("expand1", "pointwise", (s,), e1),
        Layer("depthwise1", "depthwise", (e1,), d1, (3, 3), padding=around, groups=12),
        Layer("project1", "pointwise", (d1,), y1),
        Layer("add1", "add", (y1, s), z1),
        Layer("expand2", "pointwise", (z1,), e2),
        Layer("depthwise2", "depthwise", (e2,), d2, (3, 3), (2, 2), padding=around, groups=10),
        Layer("project2", "pointwise", (d2,), y2),
        Layer("classifier", "linear", (Tensor("y2", 54, 1, 1),), Tensor("out", 5, 1, 1)),
    )
    return Network("small", layers, x, layers[-1].output)


def tiled() -> Program:
    """Layer by layer with tiles small enough to spill partial sums, in full Scan."""
    sizes = {
        0: (3, 6, 2, 2, "nmk"), 1: (1, 12, 5, 3, "mnk"), 2: (2, 6, 4, 1, "nmk"), 3: (1, 18, 3, 5, "kmn"),
        5: (1, 36, 4, 2, "mkn"), 6: (3, 2, 5, 1, "mnk"), 7: (1, 5, 4, 4, "knm"), 8: (1, 1, 2, 20, "nmk"),
    }  # fmt: skip
    groups = [
        LayerTiling(layer, 4 if layer == 3 else None, *tile[:4], tile[4], "full")  # type: ignore[arg-type,call-arg]
        for layer, tile in sizes.items()
    ]
    return unroll(Mapping(small_network(), "scan", tuple(groups), "nhwc"))


def fused() -> Program:
    """Both blocks fused in bands and chunks, weights of one chunk held over the turn."""
    stem = LayerTiling(0, None, 2, 6, 4, 3, "mnk", "full", rolling=True)
    one = FusedBlock(1, 2, 3, 4, band_rows=4, step_rows=2, chunk=5)
    two = FusedBlock(5, 6, 7, None, band_rows=2, step_rows=1, chunk=4, held_chunks=2)
    last = LayerTiling(8, None, 1, 1, 2, 54, "mnk", "inner")
    return unroll(Mapping(small_network(), "fused", (stem, one, two, last), "nhwc"))


PROGRAMS = {"tiled": tiled(), "fused": fused()}


@pytest.fixture(params=list(PROGRAMS))
def program(request: pytest.FixtureRequest) -> Program:
    return PROGRAMS[request.param]


def ordered(moves: np.ndarray) -> np.ndarray:
    return moves[np.lexsort((np.arange(len(moves)), moves["move"], moves["step"]))]


def with_moves(program: Program, moves: np.ndarray) -> Program:
    return replace(program, moves=ordered(moves))


def picks(program: Program, move: Move, *causes: Cause) -> Iterator[int]:
    """Indices of moves of a kind, at most forty of them spread over the program."""
    mask = program.moves["move"] == move
    if causes:
        mask &= np.isin(program.moves["cause"], causes)
    found = np.flatnonzero(mask)
    yield from found[:: max(1, len(found) // 40)].tolist()


def matching_free(program: Program, load: int) -> int:
    """The next FREE of exactly the box that a move brought in, or -1."""
    moves = program.moves
    same = (moves["move"] == Move.FREE) & (moves["tensor"] == moves["tensor"][load])
    for edge in ("a0", "a1", "b0", "b1", "c0", "c1"):
        same &= moves[edge] == moves[edge][load]
    later = np.flatnonzero(same & (moves["step"] >= moves["step"][load]))
    return int(later[0]) if len(later) else -1


def refused(program: Program, *, by_check: bool = True, by_execute: bool = True) -> None:
    if by_check:
        with pytest.raises(ProgramError):
            check(program, ROOM)
    else:
        check(program, ROOM)
    if by_execute:
        with pytest.raises(ExecutionError):
            execute(program, ROOM)
    else:
        execute(program, ROOM)


def test_the_programs_are_right_before_anything_is_done_to_them(program: Program) -> None:
    check(program, ROOM)
    execute(program, ROOM)


def test_the_tiled_program_spills_partial_sums() -> None:
    assert PROGRAMS["tiled"].traffic()[Cause.PSUM] > 0


def test_a_load_left_out(program: Program) -> None:
    for index in picks(program, Move.LOAD):
        refused(with_moves(program, np.delete(program.moves, index)))


def test_a_store_left_out(program: Program) -> None:
    for index in picks(program, Move.STORE):
        refused(with_moves(program, np.delete(program.moves, index)))


def test_a_free_left_out(program: Program) -> None:
    """Something loaded again over what was not freed has the right values: there only `check` sees it."""
    for index in picks(program, Move.FREE):
        mutant = with_moves(program, np.delete(program.moves, index))
        with pytest.raises(ProgramError):
            check(mutant, ROOM)
        tensor, step = program.moves[index]["tensor"], program.moves[index]["step"]
        again = (program.moves["tensor"] == tensor) & (program.moves["step"] > step)
        if not np.any(again & (program.moves["move"] <= Move.ALLOC)):
            with pytest.raises(ExecutionError, match="still in the buffer"):
                execute(mutant, ROOM)


@pytest.mark.parametrize("axis", ["a", "b", "c"])
@pytest.mark.parametrize("by", [-1, 1])
def test_a_region_shifted_by_one(program: Program, axis: str, by: int) -> None:
    """The load and its free move by one entry together, so that the counters and the balance stay right."""
    tried = 0
    for index in picks(program, Move.LOAD):
        row = program.moves[index]
        known = program.tensors[row["tensor"]]
        free = matching_free(program, index)
        extent = known.shape["abc".index(axis)]
        low, high = row[f"{axis}0"] + by, row[f"{axis}1"] + by
        if free < 0 or row["view"] != 0 or low < 0 or high > extent:
            continue
        moves = program.moves.copy()
        for edge in ("0", "1"):
            moves[axis + edge][[index, free]] += by
        refused(with_moves(program, moves))
        tried += 1
    assert tried or axis == "c"  # fused blocks are loaded over their whole width


def test_a_load_a_step_late(program: Program) -> None:
    for index in picks(program, Move.LOAD):
        if program.moves["step"][index] + 1 < program.steps:
            moves = program.moves.copy()
            moves["step"][index] += 1
            refused(with_moves(program, moves))


def test_a_load_twice(program: Program) -> None:
    for index in picks(program, Move.LOAD, Cause.IFMAP, Cause.WEIGHT):
        moves = np.concatenate([program.moves, program.moves[index : index + 1]])
        refused(with_moves(program, moves), by_execute=False)


def test_a_free_a_step_early(program: Program) -> None:
    tried = 0
    for index in picks(program, Move.FREE):
        moves = program.moves.copy()
        moves["step"][index] -= 1
        if moves["step"][index] < 0:
            continue
        refused(with_moves(program, moves))
        tried += 1
    assert tried


def test_a_store_a_step_early(program: Program) -> None:
    """A partial sum stored too early was there already: what it lacks only values tell."""
    for index in picks(program, Move.STORE):
        moves = program.moves.copy()
        moves["step"][index] -= 1
        if moves["step"][index] < 0:
            continue
        mutant = with_moves(program, moves)
        if program.moves["cause"][index] == Cause.PSUM:
            with pytest.raises(ExecutionError):
                execute(mutant, ROOM)
        else:
            refused(mutant)


def swapped(program: Program, step: int) -> Program:
    """The program with one step and the next in the other order."""
    tables = []
    for table in (program.moves, program.ops):
        other = table.copy()
        other["step"][table["step"] == step] = step + 1
        other["step"][table["step"] == step + 1] = step
        tables.append(other)
    ops = tables[1][np.argsort(tables[1]["step"], kind="stable")]
    groups = program.groups.copy()
    groups[[step, step + 1]] = groups[[step + 1, step]]
    return replace(program, moves=ordered(tables[0]), ops=ops, groups=groups)


def accepted(run: Callable[[Program, int], object], program: Program) -> bool:
    try:
        run(program, ROOM)
    except (ProgramError, ExecutionError):
        return False
    return True


def test_two_steps_swapped(program: Program) -> None:
    """Steps that share nothing may change places; `check` and `execute` agree on which those are."""
    verdicts = []
    for step in range(0, program.steps - 1):
        mutant = swapped(program, step)
        verdicts.append((accepted(check, mutant), accepted(execute, mutant)))
    assert set(verdicts) <= {(True, True), (False, False)}
    assert verdicts.count((False, False)) > 0.7 * len(verdicts)


def test_two_weight_tiles_swapped(program: Program) -> None:
    """Two loads of equally large tiles of one layer change places, their frees with them."""
    loads = list(picks(program, Move.LOAD, Cause.WEIGHT))
    sizes, tried = program.sizes, 0
    for first, second in pairwise(loads):
        one, two = program.moves[first], program.moves[second]
        boxes = [tuple(row[edge] for edge in ("a0", "a1", "b0", "b1", "c0", "c1")) for row in (one, two)]
        if one["tensor"] != two["tensor"] or sizes[first] != sizes[second] or boxes[0] == boxes[1]:
            continue
        moves = program.moves.copy()
        frees = matching_free(program, first), matching_free(program, second)
        for left, right in ((first, second), frees):
            for edge in ("a0", "a1", "b0", "b1", "c0", "c1"):
                moves[edge][left], moves[edge][right] = moves[edge][right], moves[edge][left]
        refused(with_moves(program, moves))
        tried += 1
    assert tried


def some_ops(program: Program) -> list[int]:
    return list(range(0, len(program.ops), max(1, len(program.ops) // 60)))


def test_an_op_left_out(program: Program) -> None:
    for index in some_ops(program):
        refused(replace(program, ops=np.delete(program.ops, index)))


def test_an_op_twice(program: Program) -> None:
    """An op that begins its output may do so again: the values are right, the MACs are not."""
    for index in some_ops(program):
        ops = np.insert(program.ops, index, program.ops[index])
        refused(replace(program, ops=ops), by_execute=not program.ops["begin"][index])


@pytest.mark.parametrize(("low", "high"), [("k0", "k1"), ("p0", "p1"), ("c0", "c1")])
def test_an_op_on_the_entries_beside_its_own(program: Program, low: str, high: str) -> None:
    network = program.mapping.network
    tried = 0
    for index in some_ops(program):
        row = program.ops[index]
        layer = network.layers[row["layer"]]
        extent = {"k0": layer.K, "p0": layer.P, "c0": layer.C // layer.groups}[low]
        if (row["view"] != 0 and low == "p0") or row[high] + 1 > extent:
            continue
        ops = program.ops.copy()
        ops[low][index] += 1
        ops[high][index] += 1
        refused(replace(program, ops=ops))
        tried += 1
    assert tried


def test_a_begin_flag_flipped(program: Program) -> None:
    for index in some_ops(program):
        ops = program.ops.copy()
        ops["begin"][index] ^= True
        refused(replace(program, ops=ops), by_check=False)


def test_a_finish_flag_dropped(program: Program) -> None:
    for index in np.flatnonzero(program.ops["finish"])[::3].tolist():
        ops = program.ops.copy()
        ops["finish"][index] = False
        refused(replace(program, ops=ops))


def test_a_finish_flag_set_early(program: Program) -> None:
    """The output is complete as far as presence goes, unless an addition then misses its other input."""
    for index in np.flatnonzero(~program.ops["finish"])[::3].tolist():
        ops = program.ops.copy()
        ops["finish"][index] = True
        mutant = replace(program, ops=ops)
        with pytest.raises(ExecutionError):
            execute(mutant, ROOM)
        if ops["layer"][index] != 3:
            check(mutant, ROOM)


def test_errors_say_where_and_what(program: Program) -> None:
    first = next(picks(program, Move.LOAD, Cause.WEIGHT))
    with pytest.raises(ExecutionError, match=r"step 0 \(stem\): s\[0, 0, 0\] needs weights that are not in"):
        execute(with_moves(program, np.delete(program.moves, first)), ROOM)
    first = next(picks(program, Move.LOAD, Cause.IFMAP))
    with pytest.raises(
        ExecutionError, match=r"step 0 \(stem\): s\[0, 0, 0\] needs an entry of x that is not"
    ):
        execute(with_moves(program, np.delete(program.moves, first)), ROOM)
    first = next(picks(program, Move.ALLOC))
    with pytest.raises(ExecutionError, match=r"step 0 \(stem\): computes s\[0, 0, 0\], which has no room"):
        execute(with_moves(program, np.delete(program.moves, first)), ROOM)
    first = next(picks(program, Move.STORE, Cause.OFMAP))
    with pytest.raises(ExecutionError, match=r"step \d+ \(.*\): loads s\[0, 0, 0\], which is not in DRAM"):
        execute(with_moves(program, np.delete(program.moves, first)), ROOM)


def test_a_wrong_value_is_named_with_what_was_expected() -> None:
    program = PROGRAMS["tiled"]
    index = int(np.flatnonzero((program.ops["layer"] == 1) & ~program.ops["begin"])[0])
    ops = program.ops.copy()
    ops["begin"][index] = True
    with pytest.raises(ExecutionError, match=r"step \d+ \(expand1\): e1\[0, 0, 0\] is -?\d, expected -?\d$"):
        execute(replace(program, ops=ops), ROOM)


def test_the_last_store_missing_is_named() -> None:
    program = PROGRAMS["fused"]
    last = list(picks(program, Move.STORE, Cause.OFMAP))[-1]
    with pytest.raises(ExecutionError, match=r"the network's output out\[4, 0, 0\] is never stored"):
        execute(with_moves(program, np.delete(program.moves, last)), ROOM)


def test_a_mapping_of_the_same_network_by_search_also_runs() -> None:
    hardware = load_hardware("paper", ["buffer.entries=400"])
    for schedule in ("raster", "scan", "fused"):
        program = unroll(make_mapping(small_network(), schedule, hardware))
        assert max(execute(program, 400).peak_entries) == check(program, 400)

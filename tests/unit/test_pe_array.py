"""The closed forms of the PE array against an array stepped cycle by cycle.

The arrays below really move values from PE to PE and compute the product; how long they take and what they
read comes out of the stepping. The closed forms must agree.
"""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanfuse.hardware import (
    DATAFLOWS,
    PEArray,
    depthwise_accesses,
    depthwise_cycles,
    matmul_accesses,
    matmul_cycles,
    pe_utilization,
)

Matrix = npt.NDArray[np.int64]
NOBODY = -1  # the tag of a register that holds nothing


class Run:
    """One product on an array: its result so far, the cycles it took and its traffic with the buffer."""

    def __init__(self, m: int, n: int) -> None:
        self.C = np.zeros((m, n), np.int64)
        self.cycles = 0
        self.traffic: Counter[str] = Counter()
        self.written = np.zeros((m, n), bool)

    def put(self, row: int, column: int, value: int) -> None:
        """A sum reaches the buffer, where it is added to the sum of an earlier fold if there is one."""
        if self.written[row, column]:
            self.traffic["c_reads"] += 1
        self.written[row, column] = True
        self.traffic["c_writes"] += 1
        self.C[row, column] += value


def fold_starts(extent: int, array_extent: int) -> Iterator[int]:
    return iter(range(0, extent, array_extent))


def padded(values: Matrix, extent: int) -> Matrix:
    return np.pad(values, (0, extent - len(values)))


def broadcast_product(array: PEArray, A: Matrix, B: Matrix) -> Run:
    """Row i of the array hears A[i, step], column j hears B[step, j], in the same cycle."""
    (m, k), n = A.shape, B.shape[1]
    run = Run(m, n)
    shadow: list[tuple[int, int, int]] = []
    for i in fold_starts(m, array.rows):
        for j in fold_starts(n, array.columns):
            sums = np.zeros((array.rows, array.columns), np.int64)
            for step in range(k):
                row_bus, column_bus = A[i : i + array.rows, step], B[step, j : j + array.columns]
                run.traffic["a_reads"] += len(row_bus)
                run.traffic["b_reads"] += len(column_bus)
                sums += np.outer(padded(row_bus, array.rows), padded(column_bus, array.columns))
                drain(run, shadow)
                run.cycles += 1
            shadow = used_part(sums, run.C, i, j)  # one register copy at the end of the last cycle
    drain(run, shadow)  # under whatever comes next
    return run


def broadcast_depthwise(array: PEArray, A: Matrix, B: Matrix) -> Run:
    """PE (i, j) hears its own A[i, j, step]; column j hears the filter B[j, step]."""
    pixels, channels, taps = A.shape
    run = Run(pixels, channels)
    shadow: list[tuple[int, int, int]] = []
    for i in fold_starts(pixels, array.rows):
        for j in fold_starts(channels, array.columns):
            sums = np.zeros((array.rows, array.columns), np.int64)
            for step in range(taps):
                own = A[i : i + array.rows, j : j + array.columns, step]
                column_bus = B[j : j + array.columns, step]
                run.traffic["a_reads"] += own.size
                run.traffic["b_reads"] += len(column_bus)
                sums[: own.shape[0], : own.shape[1]] += own * column_bus
                drain(run, shadow)
                run.cycles += 1
            shadow = used_part(sums, run.C, i, j)
    drain(run, shadow)
    return run


def used_part(sums: Matrix, C: Matrix, i: int, j: int) -> list[tuple[int, int, int]]:
    rows, columns = C[i : i + len(sums), j : j + sums.shape[1]].shape
    return [(i + r, j + c, int(sums[r, c])) for r in range(rows) for c in range(columns)]


def drain(run: Run, shadow: list[tuple[int, int, int]]) -> None:
    """The shadow register is empty before the next sums are copied into it."""
    while shadow:
        run.put(*shadow.pop())


def systolic_os(array: PEArray, A: Matrix, B: Matrix) -> Run:
    """A enters in the west and moves east, B in the north and moves south; sums stay, then leave south."""
    (m, k), n = A.shape, B.shape[1]
    R, C = array.rows, array.columns
    run = Run(m, n)
    for i in fold_starts(m, R):
        for j in fold_starts(n, C):
            east, south, tags = (np.zeros((R, C), np.int64) for _ in range(3))
            tags[:] = NOBODY
            sums = np.zeros((R, C), np.int64)
            products = np.zeros((R, C), np.int64)  # how many each PE has made, zeros of unused PEs included
            time = 0
            while products.min() < k:
                east, south, tags = shifted(east, 1), shifted(south, 0), shifted(tags, 1)
                for r in range(R):
                    step = time - r
                    tags[r, 0] = step if 0 <= step < k else NOBODY
                    real = tags[r, 0] != NOBODY and i + r < m
                    east[r, 0] = A[i + r, step] if real else 0
                    run.traffic["a_reads"] += real
                for c in range(C):
                    step = time - c
                    real = 0 <= step < k and j + c < n
                    south[0, c] = B[step, j + c] if real else 0
                    run.traffic["b_reads"] += real
                sums += east * south
                products += tags != NOBODY
                time += 1
            for r in reversed(range(R)):  # the southernmost row leaves first
                for c in range(C):
                    if i + r < m and j + c < n:
                        run.put(i + r, j + c, int(sums[-1, c]))
                sums = shifted(sums, 0)
                time += 1
            run.cycles += time
    return run


def systolic_ws(array: PEArray, A: Matrix, B: Matrix) -> Run:
    """B is moved in from the north and stays; A streams east; sums move south and leave at the south edge."""
    (m, k), n = A.shape, B.shape[1]
    R, C = array.rows, array.columns
    run = Run(m, n)
    for kk in fold_starts(k, R):
        for j in fold_starts(n, C):
            held = np.zeros((R, C), np.int64)
            for r in reversed(range(R)):  # the row that ends up southernmost enters first
                held = shifted(held, 0)
                if kk + r < k:
                    row = B[kk + r, j : j + C]
                    held[0, : len(row)] = row
                    run.traffic["b_reads"] += len(row)
                run.cycles += 1
            east, sums, tags = (np.zeros((R, C), np.int64) for _ in range(3))
            tags[:] = NOBODY
            left, time = 0, 0
            while left < m * C:
                east, sums, tags = shifted(east, 1), shifted(sums, 0), shifted(tags, 1)
                sums[0, :] = 0
                for r in range(R):
                    pixel = time - r
                    tags[r, 0] = pixel if 0 <= pixel < m else NOBODY
                    real = tags[r, 0] != NOBODY and kk + r < k
                    east[r, 0] = A[pixel, kk + r] if real else 0
                    run.traffic["a_reads"] += real
                sums += east * held
                for c in range(C):
                    if tags[-1, c] != NOBODY:
                        left += 1
                        if j + c < n:
                            run.put(int(tags[-1, c]), j + c, int(sums[-1, c]))
                time += 1
            run.cycles += time
    return run


def systolic_is(array: PEArray, A: Matrix, B: Matrix) -> Run:
    """The same array with the operands exchanged: C' = B' A', where A' stays."""
    run = systolic_ws(array, B.T, A.T)
    run.C = run.C.T
    reads = run.traffic
    reads["a_reads"], reads["b_reads"] = reads["b_reads"], reads["a_reads"]
    return run


def shifted(registers: Matrix, axis: int) -> Matrix:
    """Every register takes the value of its neighbour to the north (axis 0) or west (axis 1)."""
    return np.roll(registers, 1, axis)


STEPPED = {
    "output_stationary": broadcast_product,
    "systolic_os": systolic_os,
    "systolic_ws": systolic_ws,
    "systolic_is": systolic_is,
}

arrays = st.builds(PEArray, rows=st.integers(1, 5), columns=st.integers(1, 5))
extents = st.integers(1, 11)


def values(seed: int, *shape: int) -> Matrix:
    return np.random.default_rng(seed).integers(-9, 10, shape)


def traffic_of(run: Run) -> tuple[int, int, int, int]:
    return tuple(run.traffic[name] for name in ("a_reads", "b_reads", "c_reads", "c_writes"))


@pytest.mark.parametrize("dataflow", DATAFLOWS)
@settings(max_examples=100, deadline=None)
@given(array=arrays, tile=st.tuples(extents, extents, extents), seed=st.integers(0, 99))
def test_a_product_takes_the_cycles_and_accesses_of_the_stepped_array(
    dataflow, array: PEArray, tile: tuple[int, int, int], seed: int
) -> None:
    m, n, k = tile
    array = PEArray(array.rows, array.columns, dataflow=dataflow)
    A, B = values(seed, m, k), values(seed + 1, k, n)
    run = STEPPED[dataflow](array, A, B)
    assert np.array_equal(run.C, A @ B)
    assert matmul_cycles(array, m, n, k) == run.cycles
    accesses = matmul_accesses(array, m, n, k)
    assert (accesses.a_reads, accesses.b_reads, accesses.c_reads, accesses.c_writes) == traffic_of(run)
    assert 0 < pe_utilization(array, m * n * k, run.cycles) <= 1


@pytest.mark.parametrize("dataflow", DATAFLOWS)
@settings(max_examples=40, deadline=None)
@given(array=arrays, tile=st.tuples(extents, st.integers(1, 7), extents), seed=st.integers(0, 99))
def test_a_depthwise_tile_takes_the_cycles_and_accesses_of_the_stepped_array(
    dataflow, array: PEArray, tile: tuple[int, int, int], seed: int
) -> None:
    pixels, channels, taps = tile
    array = PEArray(array.rows, array.columns, dataflow=dataflow)
    A, B = values(seed, pixels, channels, taps), values(seed + 1, channels, taps)
    expected = np.einsum("pct,ct->pc", A, B)
    if dataflow == "output_stationary":
        runs = [broadcast_depthwise(array, A, B)]
    else:
        runs = [STEPPED[dataflow](array, A[:, c], B[c][:, None]) for c in range(channels)]
    assert np.array_equal(np.hstack([run.C for run in runs]), expected)
    assert depthwise_cycles(array, pixels, channels, taps) == sum(run.cycles for run in runs)
    accesses = depthwise_accesses(array, pixels, channels, taps)
    counted = tuple(map(sum, zip(*(traffic_of(run) for run in runs), strict=True)))
    assert (accesses.a_reads, accesses.b_reads, accesses.c_reads, accesses.c_writes) == counted


@pytest.mark.parametrize("dataflow", DATAFLOWS)
def test_many_tiles_at_once_are_the_tiles_one_by_one(dataflow) -> None:
    array = PEArray(8, 4, dataflow=dataflow)
    m, n, k = values(1, 50) + 10, values(2, 50) + 10, values(3, 50) + 10
    add = values(4, 50) > 0
    cycles = matmul_cycles(array, m, n, k)
    accesses = matmul_accesses(array, m, n, k, add)
    depthwise = depthwise_accesses(array, m, n, 9, add)
    assert cycles.dtype == np.int64
    for i, tile in enumerate(zip(m.tolist(), n.tolist(), k.tolist(), strict=True)):
        assert matmul_cycles(array, *tile) == cycles[i]
        assert type(matmul_cycles(array, *tile)) is int
        assert matmul_accesses(array, *tile, bool(add[i])).total == accesses.total[i]
        assert depthwise_accesses(array, *tile[:2], 9, bool(add[i])).total == depthwise.total[i]
    one_by_one = [
        depthwise_cycles(array, int(pixels), 3, int(taps)) for pixels, taps in zip(m, k, strict=True)
    ]
    assert np.array_equal(depthwise_cycles(array, m, 3, k), one_by_one)


def test_a_full_fold_of_the_paper_array_takes_as_many_cycles_as_products() -> None:
    array = PEArray()
    assert matmul_cycles(array, 32, 32, 576) == 576
    assert matmul_cycles(array, 33, 32, 576) == 2 * 576
    assert depthwise_cycles(array, 32, 32, 9) == 9
    assert pe_utilization(array, 32 * 32 * 576, 576) == 1.0
    assert pe_utilization(array, 0, 0) == 0.0


def test_systolic_folds_cost_what_scale_sim_says() -> None:
    """2 R + C + T - 2 for each fold (Samajdar et al., ISPASS 2020)."""
    m, n, k = 100, 40, 70
    per_fold = 2 * 32 + 32 - 2
    assert matmul_cycles(PEArray(dataflow="systolic_os"), m, n, k) == 4 * 2 * (per_fold + k)
    assert matmul_cycles(PEArray(dataflow="systolic_ws"), m, n, k) == 3 * 2 * (per_fold + m)
    assert matmul_cycles(PEArray(dataflow="systolic_is"), m, n, k) == 3 * 4 * (per_fold + n)


def test_adding_to_sums_in_the_buffer_reads_them_once_more() -> None:
    for dataflow in DATAFLOWS:
        array = PEArray(4, 4, dataflow=dataflow)
        fresh, added = (matmul_accesses(array, 5, 6, 7, accumulate) for accumulate in (False, True))
        assert added.c_reads - fresh.c_reads == 5 * 6
        assert added.total - fresh.total == 5 * 6

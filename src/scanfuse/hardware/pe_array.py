"""How many cycles a tile takes on the PE array, and what it reads and writes at the buffer. Closed forms.

A tile is a matrix product in the view m x k times k x n: m output pixels, n output channels, k = C*R*S
products per output. Depthwise has its own entry points, as its operand differs from channel to channel.
Everything takes ints or int64 arrays (many tiles at once). Tiles larger than the array run in folds, one
after the other.

- `output_stationary`: pixels on rows, output channels on columns. Operands are broadcast along rows and
  columns, so all PEs start together, and finished sums move to a shadow register from which they drain
  while the next fold runs: a fold is exactly k cycles. Depthwise puts channels on the columns. The default.
- `systolic_os`, `systolic_ws`, `systolic_is`: operands are handed from PE to PE, skewed by a cycle per row
  and column; outputs, weights or inputs stay. A fold is 2 R + C + T - 2 cycles, where T is the extent that
  streams (k, m, n in turn): the analytical model of SCALE-Sim (Samajdar et al., ISPASS 2020). R and C are
  the array's rows and columns in the edge folds too: the unused PEs still pass values on, as in SCALE-Sim.
  Depthwise runs one channel at a time as a product with n = 1, which is where these arrays are weak.

The twin that moves values from PE to PE, cycle by cycle, is in `tests/unit/test_pe_array.py`.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from scanfuse.hardware.accelerator import PEArray

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Counts = npt.NDArray[np.int64]
    Count = int | Counts
    Flag = bool | npt.NDArray[np.bool_]

Number = TypeVar("Number")


@dataclass(frozen=True)
class Accesses(Generic[Number]):
    """Entries a tile moves between buffer and array: operands A (m x k) and B (k x n), result C (m x n)."""

    a_reads: Number
    b_reads: Number
    c_reads: Number
    c_writes: Number

    @property
    def total(self) -> Number:
        return self.a_reads + self.b_reads + self.c_reads + self.c_writes  # type: ignore[operator]


@overload
def matmul_cycles(array: PEArray, m: int, n: int, k: int) -> int: ...  # type: ignore[overload-overlap]
@overload
def matmul_cycles(array: PEArray, m: "Count", n: "Count", k: "Count") -> "Counts": ...
def matmul_cycles(array: PEArray, m: "Count", n: "Count", k: "Count") -> "Count":
    """Cycles of an m x k by k x n product."""
    if array.dataflow == "output_stationary":
        return folds(m, array.rows) * folds(n, array.columns) * k
    fill_and_drain = 2 * array.rows + array.columns - 2
    if array.dataflow == "systolic_os":
        return folds(m, array.rows) * folds(n, array.columns) * (fill_and_drain + k)
    if array.dataflow == "systolic_ws":
        return folds(k, array.rows) * folds(n, array.columns) * (fill_and_drain + m)
    return folds(k, array.rows) * folds(m, array.columns) * (fill_and_drain + n)


@overload
def depthwise_cycles(  # type: ignore[overload-overlap]
    array: PEArray, pixels: int, channels: int, taps: int
) -> int: ...
@overload
def depthwise_cycles(array: PEArray, pixels: "Count", channels: "Count", taps: "Count") -> "Counts": ...
def depthwise_cycles(array: PEArray, pixels: "Count", channels: "Count", taps: "Count") -> "Count":
    """Cycles of a depthwise tile with R*S taps; pooling takes as many, with additions for products."""
    if array.dataflow == "output_stationary":
        return folds(pixels, array.rows) * folds(channels, array.columns) * taps
    return channels * matmul_cycles(array, pixels, 1, taps)


@overload
def matmul_accesses(  # type: ignore[overload-overlap]
    array: PEArray, m: int, n: int, k: int, accumulate: bool = False
) -> Accesses[int]: ...
@overload
def matmul_accesses(
    array: PEArray, m: "Count", n: "Count", k: "Count", accumulate: "Flag" = False
) -> "Accesses[Counts]": ...
def matmul_accesses(
    array: PEArray, m: "Count", n: "Count", k: "Count", accumulate: "Flag" = False
) -> Accesses[Any]:
    """What an m x k by k x n product reads and writes at the buffer, A as its m x k view (windows unrolled).

    `accumulate` adds to sums that are in the buffer already, so that they are read first. Where k is folded
    (weights or inputs stay), every fold but the first reads back the sums of the fold before.
    """
    a_passes: Count
    b_passes: Count
    c_passes: Count
    if array.dataflow in {"output_stationary", "systolic_os"}:
        a_passes, b_passes, c_passes = folds(n, array.columns), folds(m, array.rows), 1
    elif array.dataflow == "systolic_ws":
        a_passes, b_passes, c_passes = folds(n, array.columns), 1, folds(k, array.rows)
    else:
        a_passes, b_passes, c_passes = 1, folds(m, array.columns), folds(k, array.rows)
    return Accesses(m * k * a_passes, k * n * b_passes, m * n * (c_passes - 1 + accumulate), m * n * c_passes)


@overload
def depthwise_accesses(  # type: ignore[overload-overlap]
    array: PEArray, pixels: int, channels: int, taps: int, accumulate: bool = False
) -> Accesses[int]: ...
@overload
def depthwise_accesses(
    array: PEArray, pixels: "Count", channels: "Count", taps: "Count", accumulate: "Flag" = False
) -> "Accesses[Counts]": ...
def depthwise_accesses(
    array: PEArray, pixels: "Count", channels: "Count", taps: "Count", accumulate: "Flag" = False
) -> Accesses[Any]:
    """The same for a depthwise tile: no operand A is shared between channels, so each PE reads its own."""
    if array.dataflow == "output_stationary":
        outputs = pixels * channels
        b_reads = channels * taps * folds(pixels, array.rows)
        return Accesses(outputs * taps, b_reads, outputs * accumulate, outputs)
    one = matmul_accesses(array, pixels, 1, taps, accumulate)
    return Accesses(*(channels * count for count in (one.a_reads, one.b_reads, one.c_reads, one.c_writes)))


def pe_utilization(array: PEArray, macs: float, cycles: float) -> float:
    """The share of the array's multiply-accumulates in this time that were of use; 0 for no time."""
    return macs / (cycles * array.rows * array.columns) if cycles else 0.0


def folds(extent: "Count", array_extent: int) -> "Count":
    """How often the array must be filled to cover an extent: the quotient rounded up."""
    return -(-extent // array_extent)

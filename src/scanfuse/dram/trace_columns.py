"""Traces as columns in a binary file: what npz and parquet share."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scanfuse.dram.errors import TraceError
from scanfuse.dram.trace_lines import Columns

NAMES = ("cycle", "address", "is_write")
ROWS = 1 << 18  # read at once
_EXPECTED = "whole-number columns cycle, address, is_write of one length and a JSON record"


def check_kinds(path: Path, kinds: list[tuple[np.dtype[Any], list[int]]]) -> None:
    """Raises TraceError unless the three arrays of these types and shapes are flat, of one length, and whole
    numbers."""
    shapes = [shape for _, shape in kinds]
    flat = all(len(shape) == 1 and shape == shapes[0] for shape in shapes)
    if not flat or any(dtype.kind not in "uib" for dtype, _ in kinds):
        found = ", ".join(f"{dtype}{shape}" for dtype, shape in kinds)
        raise TraceError(f"{path}: found {found}: expected {_EXPECTED}")


def checked_columns(
    path: Path, arrays: list[NDArray[Any]], metadata: dict[str, Any], progress: float
) -> Columns:
    """A chunk of a trace from the three arrays of it. Raises TraceError."""
    check_kinds(path, [(array.dtype, list(array.shape)) for array in arrays])
    cycles, addresses, is_write = arrays
    for name, array in zip(NAMES, (cycles, addresses), strict=False):
        if array.dtype.kind == "i" and array.size and array.min() < 0:
            raise TraceError(f"{path}: found {name} {array.min()}: expected {_EXPECTED}, none negative")
    if cycles.dtype.kind == "u" and cycles.size and int(cycles.max()) >= 1 << 63:
        raise TraceError(f"{path}: found a cycle of {cycles.max()}: expected cycles below 2^63")
    return Columns(
        cycles.astype(np.int64, copy=False),
        addresses.astype(np.uint64, copy=False),
        # A byte of a file may be neither of the two that a bool is.
        (is_write.view(np.uint8) if is_write.dtype == np.bool_ else is_write) != 0,
        metadata,
        progress=progress,
    )


def record_of(path: Path, text: bytes) -> dict[str, Any]:
    """The record kept with a trace. Raises TraceError, ValueError for what is no JSON."""
    metadata = json.loads(text or b"{}")
    if not isinstance(metadata, dict):
        raise TraceError(f"{path}: the record is no JSON object: expected {_EXPECTED}")
    return metadata


def broken(path: Path, kind: str, error: Exception) -> TraceError:
    """The error for a damaged file of some kind."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return TraceError(f"{path}: not a whole {kind} file ({text}): expected {_EXPECTED}")

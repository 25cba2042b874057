"""Traces as columns in a binary file: npz and parquet, each with a JSON record."""

import io
import json
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from scanfuse.dram.config import DramConfig
from scanfuse.dram.errors import TraceError
from scanfuse.dram.trace_files import read_whole
from scanfuse.dram.trace_formats import Format
from scanfuse.dram.trace_lines import Columns

_EXPECTED = "whole-number columns cycle, address, is_write of one length and a JSON record"
_RECORD = b"scanfuse"


def _checked(path: Path, cycle: Any, address: Any, is_write: Any, record: bytes) -> Columns:
    arrays = [np.asarray(each) for each in (cycle, address, is_write)]
    found = ", ".join(f"{array.dtype}{list(array.shape)}" for array in arrays)
    flat = all(array.ndim == 1 and array.size == arrays[0].size for array in arrays)
    whole = all(array.dtype.kind in "uib" for array in arrays)
    if not (flat and whole) or (arrays[0].size and min(int(array.min()) for array in arrays[:2]) < 0):
        raise TraceError(f"{path}: found {found}: expected {_EXPECTED}")
    if arrays[0].size and int(arrays[0].max()) >= 1 << 63:
        raise TraceError(f"{path}: found a cycle of {arrays[0].max()}: expected cycles below 2^63")
    metadata = json.loads(record or b"{}")
    if not isinstance(metadata, dict):
        raise TraceError(f"{path}: the record is no JSON object: expected {_EXPECTED}")
    return Columns(arrays[0].astype(np.int64), arrays[1].astype(np.uint64), arrays[2].astype(bool), metadata)


def _broken(path: Path, kind: str, error: Exception) -> TraceError:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return TraceError(f"{path}: not a whole {kind} file ({text}): expected {_EXPECTED}")


def _read_npz(path: Path, _skip_bad: bool, _cfg: DramConfig | None) -> Columns:
    data = io.BytesIO(read_whole(path))
    try:
        with np.load(data, allow_pickle=False) as arrays:
            record = bytes(arrays["metadata"]) if "metadata" in arrays else b"{}"
            return _checked(path, arrays["cycle"], arrays["address"], arrays["is_write"], record)
    except TraceError:
        raise
    except Exception as error:  # zip, zlib, numpy and json each have their own for a damaged file
        raise _broken(path, "npz", error) from None


def _write_npz(out: BinaryIO, columns: Columns, _cfg: DramConfig | None, _path: Path) -> None:
    record = json.dumps(columns.metadata, sort_keys=True).encode()
    packed = io.BytesIO()  # a zip is written back and forth, which a compressed stream cannot be
    np.savez_compressed(
        packed,
        cycle=columns.cycles,
        address=columns.addresses,
        is_write=columns.is_write,
        metadata=np.frombuffer(record, np.uint8),
    )
    out.write(packed.getbuffer())


def _read_parquet(path: Path, _skip_bad: bool, _cfg: DramConfig | None) -> Columns:
    data = io.BytesIO(read_whole(path))
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(data)
        record = (table.schema.metadata or {}).get(_RECORD, b"{}")
        columns = [table.column(name).to_numpy() for name in ("cycle", "address", "is_write")]
        return _checked(path, columns[0], columns[1], columns[2], record)
    except TraceError:
        raise
    except Exception as error:  # arrow raises errors of many kinds for a damaged file
        raise _broken(path, "parquet", error) from None


def _write_parquet(out: BinaryIO, columns: Columns, _cfg: DramConfig | None, _path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table(
        {"cycle": columns.cycles, "address": columns.addresses, "is_write": columns.is_write}
    )
    record = json.dumps(columns.metadata, sort_keys=True).encode()
    pyarrow.parquet.write_table(table.replace_schema_metadata({_RECORD: record}), out)


NPZ = Format(
    "npz", "ours: columns and a record, compact, for numpy", _read_npz, _write_npz, holds_metadata=True
)
PARQUET = Format(
    "parquet", "ours: the same columns, for other tools", _read_parquet, _write_parquet, holds_metadata=True
)

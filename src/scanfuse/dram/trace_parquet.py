"""parquet traces: our columns for other tools, read a batch of rows at a time."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from scanfuse.dram.config import DramConfig
from scanfuse.dram.errors import TraceError
from scanfuse.dram.trace_columns import NAMES, ROWS, broken, checked_columns, record_of
from scanfuse.dram.trace_files import seekable
from scanfuse.dram.trace_formats import Format
from scanfuse.dram.trace_lines import Columns

_RECORD = b"scanfuse"


def _chunks(path: Path, _skip_bad: bool, _cfg: DramConfig | None) -> Iterator[Columns]:
    with seekable(path) as raw:
        try:
            yield from _batches(path, raw)
        except TraceError:
            raise
        except Exception as error:  # arrow raises errors of many kinds for a damaged file
            raise broken(path, "parquet", error) from None


def _batches(path: Path, raw: BinaryIO) -> Iterator[Columns]:
    import pyarrow.parquet

    # Buffered so, it holds some pages of each column at a time; by default, all that was read.
    file = pyarrow.parquet.ParquetFile(raw, buffer_size=1 << 20, pre_buffer=False)
    schema, rows, done = file.schema_arrow, file.metadata.num_rows, 0
    metadata = record_of(path, (schema.metadata or {}).get(_RECORD, b"{}"))
    for name in NAMES:
        schema.field(name)  # a KeyError names what is missing
    batches = file.iter_batches(ROWS, columns=list(NAMES)) if rows else [file.read(columns=list(NAMES))]
    for batch in batches:
        arrays = [batch.column(name).to_numpy(zero_copy_only=False) for name in NAMES]
        done += batch.num_rows
        yield checked_columns(path, arrays, metadata, done / rows if rows else 1.0)


def _write(out: BinaryIO, columns: Columns, _cfg: DramConfig | None, _path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table(
        {"cycle": columns.cycles, "address": columns.addresses, "is_write": columns.is_write}
    )
    record = json.dumps(columns.metadata, sort_keys=True).encode()
    pyarrow.parquet.write_table(table.replace_schema_metadata({_RECORD: record}), out)


PARQUET = Format("parquet", "ours: the same columns, for other tools", _chunks, _write, holds_metadata=True)

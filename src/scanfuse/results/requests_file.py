"""A csv file with a row per request: when it was offered, accepted and completed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from scanfuse.dram import ServedChunk
from scanfuse.dram.trace_files import new_file

HEADER = "request,cycle,address,rw,accepted,completed"


class RequestsFile:
    """Writes rows chunk by chunk; made by `requests_file`."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        out.write(f"{HEADER}\n".encode())

    def add(self, chunk: ServedChunk) -> None:
        """Rows of the next requests; a tick of -1 (the run was stopped before) is left empty."""
        import pyarrow
        import pyarrow.csv

        numbers = np.arange(chunk.first, chunk.first + len(chunk.cycles))
        kinds = pyarrow.DictionaryArray.from_arrays(chunk.is_write.view(np.int8), ["R", "W"])
        columns = [numbers, chunk.cycles, chunk.addresses, kinds.cast(pyarrow.string())]
        columns += [pyarrow.array(ticks, mask=ticks < 0) for ticks in (chunk.accepted, chunk.completed)]
        plain = pyarrow.csv.WriteOptions(include_header=False, quoting_style="none")
        pyarrow.csv.write_csv(pyarrow.table(columns, HEADER.split(",")), self._out, plain)


@contextmanager
def requests_file(path: Path) -> Iterator[RequestsFile]:
    """The file under a temporary name, renamed when all went well. Raises OSError."""
    with new_file(path) as out:
        yield RequestsFile(out)

"""Our csv: `cycle,address,rw` under a heading, the record in a comment."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from scanfuse.dram.config import DramConfig
from scanfuse.dram.errors import TraceError
from scanfuse.dram.trace_formats import Format
from scanfuse.dram.trace_lines import Columns, LineFormat, line_chunks, write_lines

HEADER = "cycle,address,rw"
_METADATA = "# metadata "
_LINE = LineFormat(
    "cAk",
    "CYCLE,ADDRESS,R|W, the address decimal or 0x...",
    (("R", False), ("W", True), ("r", False), ("w", True)),
    separator=",",
    comment="#",
)


class _Head:
    """The lines down to the heading."""

    def __init__(self) -> None:
        self.metadata: dict[str, Any] = {}
        self.found = False

    def __call__(self, line: str) -> bool:
        if line.startswith(_METADATA):
            try:
                self.metadata = json.loads(line[len(_METADATA) :])
                if not isinstance(self.metadata, dict):
                    raise ValueError
            except (ValueError, RecursionError):
                raise ValueError(f"'{_METADATA}' and a JSON object") from None
        elif not line.startswith("#"):
            if [name.strip() for name in line.split(",")] != HEADER.split(","):
                raise ValueError(f"the header {HEADER}")
            self.found = True
        return self.found


def _chunks(path: Path, skip_bad: bool, _cfg: DramConfig | None) -> Iterator[Columns]:
    head = _Head()
    for found in line_chunks(path, _LINE, skip_bad, head=head):
        if head.found:  # the record is known
            yield replace(found, metadata=head.metadata)
    if not head.found:
        raise TraceError(f"{path}: no line found: expected the header {HEADER}")


def _write(out: BinaryIO, columns: Columns, _cfg: DramConfig | None, _path: Path) -> None:
    head = "# requests to a DRAM: cycle (ticks), byte address, R or W\n"
    if columns.metadata:
        head += _METADATA + json.dumps(columns.metadata, sort_keys=True) + "\n"
    out.write(f"{head}{HEADER}\n".encode())
    write_lines(
        out, columns, lambda cycle, address, is_write: f"{cycle},0x{address:x},{'W' if is_write else 'R'}\n"
    )


CSV = Format("csv", f"ours, as text: {HEADER}", _chunks, _write, holds_metadata=True)

"""Text traces with a request per line: what a line holds is said once, for reading and for writing.

The compiled parser (native/traces) takes pieces of a file, whole lines each, and stops before a line that
does not fit; only that line is looked at here, to say what was expected instead.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from scanfuse.dram.errors import TraceError
from scanfuse.dram.native import engine
from scanfuse.dram.trace_files import whole_lines

_NO_VECTOR = ((0,) * 5, (0,) * 5)
_BATCH = 1 << 16  # lines written at once
_MARK = b"\xef\xbb\xbf"  # with which some editors begin a text in UTF-8


@dataclass(frozen=True, eq=False)
class Columns:
    """What every kind of trace comes down to, or a chunk of it."""

    cycles: NDArray[np.int64]
    addresses: NDArray[np.uint64]
    is_write: NDArray[np.bool_]
    metadata: dict[str, Any] = field(default_factory=dict)
    skipped: int = 0
    """Malformed lines passed over."""
    blanks: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    """Per blank line: how many requests stand before it."""
    progress: float = 1.0
    """How much of the file has been read, from 0 to 1."""


@dataclass(frozen=True)
class LineFormat:
    """What the fields of a line are (as in native/traces/lines.hpp), and how to say so to people."""

    fields: str
    expected: str
    words: tuple[tuple[str, bool], ...] = ()
    separator: str = " "
    comment: str = "\0"
    """Lines that begin with it hold no request; a null character for none."""


def bad_line(path: Path, number: int, line: str, expected: str) -> TraceError:
    """The error for one line of text."""
    shown = repr(line if len(line) <= 60 else line[:57] + "...")
    return TraceError(f"{path}:{number}: found {shown}: expected {expected}")


def line_chunks(
    path: Path,
    layout: LineFormat,
    skip_bad: bool = False,
    vector: tuple[Sequence[int], Sequence[int]] = _NO_VECTOR,
    head: Callable[[str], bool] | None = None,
) -> Iterator[Columns]:
    """The requests of a text file, a piece of it at a time.

    `head(line)` is given each line that is not blank, from the first on, until it says that the requests
    come next; it raises ValueError, with what was expected, for a line that cannot be there. `vector` is
    for addresses in five pieces: below what each must be, and by how many bits it is shifted. Raises
    TraceError naming the first line that does not fit, OSError.
    """
    number = 0  # lines behind us
    for text, progress in whole_lines(path):
        at = len(_MARK) if number == 0 and text.startswith(_MARK) else 0
        while head is not None and at < len(text):
            line, at, number = *_line_at(text, at), number + 1
            try:
                if line and head(line):
                    head = None
            except ValueError as error:
                raise bad_line(path, number, line, str(error)) from None
        cycles, addresses, is_write, blanks, at, count, skipped = engine.parse_lines(
            text,
            at,
            layout.fields,
            layout.separator,
            list(layout.words),
            list(vector[0]),
            list(vector[1]),
            layout.comment,
            skip_bad,
        )
        number += count
        if at != len(text):
            raise bad_line(path, number + 1, _line_at(text, at)[0], layout.expected)
        yield Columns(cycles, addresses, is_write.view(np.bool_), {}, skipped, blanks, progress)


def _line_at(text: bytes, at: int) -> tuple[str, int]:
    """The line that begins there, and where the next one does."""
    end = text.find(b"\n", at)
    end = len(text) if end < 0 else end
    return text[at:end].decode(errors="replace").strip(), min(end + 1, len(text))


def write_lines(
    out: BinaryIO, columns: Columns, line: Callable[[int, int, bool], str], first: int = 0
) -> None:
    """Writes `line(cycle, address, is_write)` for each request from `first` on."""
    for start in range(first, len(columns.cycles), _BATCH):
        part = slice(start, start + _BATCH)
        rows = zip(
            columns.cycles[part].tolist(),
            columns.addresses[part].tolist(),
            columns.is_write[part].tolist(),
            strict=True,
        )
        out.write("".join([line(*row) for row in rows]).encode())

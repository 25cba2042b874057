"""What a trace format is: its name, what it holds, how it is read and written."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from scanfuse.dram.config import DramConfig
from scanfuse.dram.trace_lines import Columns


@dataclass(frozen=True)
class Format:
    """One kind of trace file."""

    name: str
    title: str
    """What it is, in a line."""
    chunks: Callable[[Path, bool, DramConfig | None], Iterator[Columns]]
    """From a path, with malformed lines counted instead of refused, for a DRAM whose mapping counts."""
    write: Callable[[BinaryIO, Columns, DramConfig | None, Path], None]
    """To an open file, of the name given for error messages."""
    holds_cycles: bool = True
    """Whether the times of requests survive; where not, all are due at cycle 0."""
    holds_metadata: bool = False
    """Whether there is a place for the DRAM, the length of the run and other records."""
    needs_dram: bool = False
    """Whether addresses follow from the mapping of a DRAM."""

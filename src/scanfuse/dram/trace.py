"""Streams of requests on disk.

=======================  ====================================================================
``npz``                  ours: columns and a record (configuration, total ticks); compact, exact
``parquet``              the same, for those who read traces with other tools
``csv``                  ``cycle,address,rw`` as text, the record in ``#`` comments
``mase, k6, misc``       DRAMSim2's
``dramsim3``             DRAMsim3's
``ramulator``            Ramulator 1's DRAM traces; its CPU traces are ``ramulator-cpu``
``ramulator2-loadstore`` Ramulator 2's load/store traces; ``ramulator2-readwrite`` its read/write ones
=======================  ====================================================================

The format is told by the suffix (``run.npz``, ``run.dramsim3``), else by the name up to its first ``_``
(``mase_art.trc``), or by ``format=``; ``.gz`` or ``.zst`` behind the name says that the file is packed.
There is a page for each under ``docs/formats/``. A saved run carries what it takes to repeat it::

    t = read_trace(path)
    replay(t.cycles, t.addresses, t.is_write, t.config, total_ticks=t.total_ticks)
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scanfuse.dram.config import DramConfig, as_addresses
from scanfuse.dram.errors import DramConfigError, TraceError
from scanfuse.dram.replay_stream import TICK_BITS
from scanfuse.dram.trace_files import new_file
from scanfuse.dram.trace_lines import Columns
from scanfuse.dram.trace_names import format_of


@dataclass(frozen=True, eq=False)
class Trace:
    """A stream of requests, arrays of one length, in the order in which they are offered."""

    cycles: NDArray[np.int64]
    """When each request is offered, in ticks (or CPU cycles)."""
    addresses: NDArray[np.uint64]
    """Bytes."""
    is_write: NDArray[np.bool_]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """Plain data kept with the trace; see `config` and `total_ticks`."""
    skipped: int = 0
    """Malformed lines of the file that were passed over (`skip_bad`)."""
    idle: NDArray[np.uint32] | None = None
    """Blank lines before each request, None if there are none at all. Only DRAMSim2's own tool minds: each
    costs it a cycle (`replay(..., feed="trace", idle=...)`)."""
    progress: float = 1.0
    """Of a chunk: how much of the file has been read, from 0 to 1."""

    def __len__(self) -> int:
        return len(self.cycles)

    @property
    def config(self) -> DramConfig | None:
        """The memory the trace was taken from, if it says so. Raises TraceError if what it says is wrong."""
        if "dram" not in self.metadata:
            return None
        try:
            return DramConfig.from_dict(self.metadata["dram"])
        except (DramConfigError, TypeError, AttributeError) as error:
            raise TraceError(f"metadata of the trace: dram: {error}") from None

    @property
    def total_ticks(self) -> int:
        """Ticks of the run the trace was taken from; 0 if it does not say. Raises TraceError if it says no
        number that a run can have."""
        ticks = self.metadata.get("total_ticks", 0)
        if not isinstance(ticks, int) or not 0 <= ticks < 1 << TICK_BITS:
            raise TraceError(
                f"metadata of the trace: total_ticks {ticks!r}: expected a whole number below 2^{TICK_BITS}"
            )
        return ticks


def check_trace_name(path: str | PathLike[str]) -> None:
    """Raises TraceError where a name does not tell the format: to be asked before long work."""
    format_of(Path(path), None)


def read_trace(
    path: str | PathLike[str],
    format: str | None = None,
    *,
    skip_bad: bool = False,
    cfg: DramConfig | None = None,
) -> Trace:
    """Reads a trace of any of the formats above.

    `format` names it where the file's name does not tell. With `skip_bad` malformed lines of a text format
    are passed over and counted (`Trace.skipped`). `cfg` is the DRAM whose address mapping turns the vectors
    of ramulator2-readwrite into addresses; the other formats need none, but in k6 P_LOCK_WR is a read
    unless it is of mode `strict`.

    Raises TraceError naming the file (and line), what was found and what was expected; OSError if the file
    cannot be read.
    """
    parts = list(read_trace_chunks(path, format, skip_bad=skip_bad, cfg=cfg))
    if len(parts) == 1:
        return parts[0]
    idle = [np.zeros(len(part), np.uint32) if part.idle is None else part.idle for part in parts]
    return Trace(
        np.concatenate([part.cycles for part in parts]),
        np.concatenate([part.addresses for part in parts]),
        np.concatenate([part.is_write for part in parts]),
        parts[0].metadata,
        sum(part.skipped for part in parts),
        None if all(part.idle is None for part in parts) else np.concatenate(idle),
    )


def read_trace_chunks(
    path: str | PathLike[str],
    format: str | None = None,
    *,
    skip_bad: bool = False,
    cfg: DramConfig | None = None,
) -> Iterator[Trace]:
    """Reads a trace as `read_trace` does, but some hundred thousand requests at a time: for `ReplayStream`.

    Each chunk is a `Trace` of its own, with the metadata of the whole, the lines skipped in it, and
    `progress`. There is one at least, which may be empty. Raises as `read_trace`, when it comes to the
    chunk that is wrong.
    """
    file = Path(path)
    blanks, chunks = 0, 0  # blank lines since the last request
    for columns in format_of(file, format).chunks(file, skip_bad, cfg):
        size = len(columns.cycles)
        idle = None
        if blanks or columns.blanks.size:
            counts = np.bincount(columns.blanks.astype(np.int64), minlength=size + 1)
            counts[0] += blanks
            idle, blanks = counts[:size].astype(np.uint32), int(counts[size])
        yield Trace(
            columns.cycles,
            columns.addresses,
            columns.is_write,
            columns.metadata,
            columns.skipped,
            idle,
            columns.progress,
        )
        chunks += 1
    if not chunks:
        yield Trace(np.empty(0, np.int64), np.empty(0, np.uint64), np.empty(0, np.bool_))


def write_trace(
    path: str | PathLike[str],
    cycles: ArrayLike,
    addresses: ArrayLike,
    is_write: ArrayLike,
    *,
    cfg: DramConfig | None = None,
    total_ticks: int | None = None,
    metadata: Mapping[str, Any] | None = None,
    format: str | None = None,
) -> None:
    """Writes a trace; the format is told by `format`, else by the name, as above.

    `cycles` (whole numbers), `addresses` (uint64, bytes) and `is_write` (bool) are of one length. `cfg` and
    `total_ticks` make the run repeatable from the file alone, and `metadata` (JSON-able) goes with it; only
    our own formats have a place for these, the others leave them out. What else a format cannot hold, such as
    cycles, is left out too: `docs/formats/` says what.

    The file appears under its name only when whole. Raises ValueError, TraceError where a format cannot hold
    a request at all, OSError.
    """
    file = Path(path)
    kind = format_of(file, format)
    record = dict(metadata or {})
    if cfg is not None:
        record["dram"] = cfg.to_dict()
    if total_ticks is not None:
        record["total_ticks"] = int(total_ticks)
    cycle_array = np.asarray(cycles)
    if cycle_array.size and (cycle_array.dtype.kind not in "ui" or cycle_array.min() < 0):
        raise ValueError(f"{file}: cycles must be whole numbers, none negative")
    if cycle_array.size and int(cycle_array.max()) >= 1 << 63:
        raise ValueError(f"{file}: cycles must be below 2^63 (found {cycle_array.max()})")
    columns = Columns(
        cycle_array.astype(np.int64), as_addresses(addresses), np.asarray(is_write).astype(bool), record
    )
    shapes = [array.shape for array in (columns.cycles, columns.addresses, columns.is_write)]
    if len(set(shapes)) != 1 or len(shapes[0]) != 1:
        raise ValueError(f"{file}: cycles, addresses, is_write must be flat, of one length (found {shapes})")
    with new_file(file) as out:
        kind.write(out, columns, cfg, file)

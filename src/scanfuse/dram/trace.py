"""Request streams on disk.

=====================  ==========================================================================
``NAME.npz``           ours: columns and a JSON record (configuration, total ticks); compact, exact
``NAME.parquet``       the same, for those who read traces with other tools
``NAME.csv``           ``cycle,address,rw`` as text, the record in ``#`` comments
``mase_NAME``          DRAMSim2's mase text: ``0xADDR IFETCH|READ|WRITE CYCLE``
``k6_NAME``            DRAMSim2's k6 text: ``0xADDR P_MEM_RD|P_MEM_WR|... CYCLE``
=====================  ==========================================================================

The kind is told by the suffix, else by the name up to its first ``_``. A saved run carries what it takes to
repeat it::

    t = read_trace(path)
    replay(t.cycles, t.addresses, t.is_write, t.config, total_ticks=t.total_ticks)
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scanfuse.dram import trace_binary, trace_text
from scanfuse.dram.config import DramConfig, as_addresses
from scanfuse.dram.errors import DramConfigError, TraceError
from scanfuse.dram.trace_text import Columns

_BY_SUFFIX = {".npz": trace_binary.NPZ, ".parquet": trace_binary.PARQUET, ".csv": trace_text.CSV}
_BY_PREFIX = {"mase": trace_text.MASE, "k6": trace_text.K6}


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
        """Ticks of the run the trace was taken from; 0 if it does not say."""
        return int(self.metadata.get("total_ticks", 0))


def check_trace_name(path: str | PathLike[str]) -> None:
    """Raises TraceError where a name does not tell the kind of trace: to be asked before long work."""
    _kind(Path(path))


def read_trace(path: str | PathLike[str]) -> Trace:
    """Reads a trace of any of the kinds above.

    Raises TraceError naming the file (and line), what was found and what was expected; OSError if the file
    cannot be read.
    """
    file = Path(path)
    columns = _kind(file).read(file)
    return Trace(columns.cycles, columns.addresses, columns.is_write, columns.metadata)


def write_trace(
    path: str | PathLike[str],
    cycles: ArrayLike,
    addresses: ArrayLike,
    is_write: ArrayLike,
    *,
    cfg: DramConfig | None = None,
    total_ticks: int | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Writes a trace; the kind is told by the name, as above.

    `cycles` (whole numbers), `addresses` (uint64, bytes) and `is_write` (bool) are of one length. `cfg` and
    `total_ticks` make the run repeatable from the file alone, and `metadata` (JSON-able) goes with it; the
    text formats of DRAMSim2 have no place for these and leave them out.

    The file appears under its name only when whole. Raises ValueError, OSError.
    """
    file = Path(path)
    kind = _kind(file)
    record = dict(metadata or {})
    if cfg is not None:
        record["dram"] = cfg.to_dict()
    if total_ticks is not None:
        record["total_ticks"] = int(total_ticks)
    cycle_array = np.asarray(cycles)
    if cycle_array.size and (cycle_array.dtype.kind not in "ui" or cycle_array.min() < 0):
        raise ValueError(f"{file}: cycles must be whole numbers, none negative")
    columns = Columns(
        cycle_array.astype(np.int64), as_addresses(addresses), np.asarray(is_write).astype(bool), record
    )
    shapes = [array.shape for array in (columns.cycles, columns.addresses, columns.is_write)]
    if len(set(shapes)) != 1 or len(shapes[0]) != 1:
        raise ValueError(f"{file}: cycles, addresses, is_write must be flat, of one length (found {shapes})")
    # A temporary name beside the file, so that nobody ever sees half a trace.
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    try:
        with open(temporary, "xb") as out:
            kind.write(out, columns)
        os.replace(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)


def _kind(file: Path) -> trace_text.Kind:
    kind = _BY_SUFFIX.get(file.suffix.lower()) or _BY_PREFIX.get(file.name.split("_", 1)[0])
    if kind is None:
        suffixes, prefixes = ", ".join(_BY_SUFFIX), ", ".join(f"{name}_" for name in _BY_PREFIX)
        raise TraceError(
            f"{file}: cannot tell the kind of trace: expected a suffix {suffixes} or a prefix {prefixes}"
        )
    return kind

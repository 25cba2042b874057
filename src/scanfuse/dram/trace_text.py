"""The text formats of other DRAM simulators: one request per line, each field by field."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from scanfuse.dram.config import DramConfig
from scanfuse.dram.errors import TraceError
from scanfuse.dram.trace_formats import Format
from scanfuse.dram.trace_lines import Columns, LineFormat, line_chunks, write_lines
from scanfuse.dram.trace_vectors import LEVELS, vector_limits, vector_shifts

_MASE = (("IFETCH", False), ("READ", False), ("WRITE", True))
# P_LOCK_WR is a read (quirk Q15 of the model), in strict mode the write that its name says.
_K6 = (
    ("P_FETCH", False),
    ("P_MEM_RD", False),
    ("P_LOCK_RD", False),
    ("P_LOCK_WR", False),
    ("P_MEM_WR", True),
    ("BOFF", True),
)
_K6_STRICT = tuple((word, is_write or word == "P_LOCK_WR") for word, is_write in _K6)
_DRAMSIM3 = (("READ", False), ("WRITE", True), ("read", False), ("write", True), *_MASE[:1], *_K6)
_ADDRESS = "ADDRESS decimal or 0x..."


def _plain(
    name: str,
    title: str,
    layout: LineFormat,
    line: Callable[[int, int, bool], str],
    holds_cycles: bool = True,
) -> Format:
    """A format that is a line per request and nothing else."""

    def chunks(path: Path, skip_bad: bool, _cfg: DramConfig | None) -> Iterator[Columns]:
        return line_chunks(path, layout, skip_bad)

    def write(out: BinaryIO, columns: Columns, _cfg: DramConfig | None, _path: Path) -> None:
        write_lines(out, columns, line)

    return Format(name, title, chunks, write, holds_cycles=holds_cycles)


MASE = _plain(
    "mase",
    "DRAMSim2: 0xADDRESS IFETCH|READ|WRITE CYCLE",
    LineFormat("akc", "0xADDRESS IFETCH|READ|WRITE CYCLE", _MASE),
    lambda cycle, address, is_write: f"0x{address:X} {'WRITE' if is_write else 'READ'} {cycle}\n",
)
_K6_LINE = f"0xADDRESS {'|'.join(word for word, _ in _K6)} CYCLE"


def _k6_chunks(path: Path, skip_bad: bool, cfg: DramConfig | None) -> Iterator[Columns]:
    words = _K6_STRICT if cfg is not None and cfg.mode == "strict" else _K6
    return line_chunks(path, LineFormat("akc", _K6_LINE, words), skip_bad)


K6 = replace(
    _plain(
        "k6",
        "DRAMSim2: 0xADDRESS P_MEM_RD|P_MEM_WR|... CYCLE",
        LineFormat("akc", _K6_LINE, _K6),
        lambda cycle, address, is_write: f"0x{address:X} {'P_MEM_WR' if is_write else 'P_MEM_RD'} {cycle}\n",
    ),
    chunks=_k6_chunks,
)
MISC = _plain(
    "misc",
    "DRAMSim2: 0xADDRESS read|write [DATA], no cycles",
    LineFormat("ak*", "0xADDRESS read|write [DATA]", (("read", False), ("write", True))),
    lambda _cycle, address, is_write: f"0x{address:X} {'write' if is_write else 'read'}\n",
    holds_cycles=False,
)
DRAMSIM3 = _plain(
    "dramsim3",
    "DRAMsim3: 0xADDRESS READ|WRITE CYCLE",
    LineFormat("hkc", "0xADDRESS READ|WRITE CYCLE", _DRAMSIM3),
    lambda cycle, address, is_write: f"0x{address:X} {'WRITE' if is_write else 'READ'} {cycle}\n",
)
RAMULATOR = _plain(
    "ramulator",
    "Ramulator 1, DRAM trace: 0xADDRESS R|W, no cycles",
    LineFormat("Ak", f"{_ADDRESS}, then R|W", (("R", False), ("W", True))),
    lambda _cycle, address, is_write: f"0x{address:x} {'W' if is_write else 'R'}\n",
    holds_cycles=False,
)
RAMULATOR2_LOADSTORE = _plain(
    "ramulator2-loadstore",
    "Ramulator 2, load/store trace: LD|ST ADDRESS, no cycles",
    LineFormat("kA", f"LD|ST {_ADDRESS}", (("LD", False), ("ST", True))),
    lambda _cycle, address, is_write: f"{'ST' if is_write else 'LD'} 0x{address:x}\n",
    holds_cycles=False,
)

# --- Ramulator 1, CPU trace ------------------------------------------------------------------------------
# One instruction per cycle: `bubbles` of them without memory, then one that reads. A line's read is due in
# the cycle of that instruction, and so is the write that the line may name.

_CPU_LINE = LineFormat("cAw", "BUBBLES READ_ADDRESS [WRITE_ADDRESS], addresses decimal or 0x...")


def _cpu_chunks(path: Path, skip_bad: bool, _cfg: DramConfig | None) -> Iterator[Columns]:
    last = -1  # cycle of the last read
    for found in line_chunks(path, _CPU_LINE, skip_bad):
        if last + found.cycles.sum(dtype=np.float64) > 2.0**62:
            raise TraceError(f"{path}: the bubbles add up to more cycles than 2^62")
        cycles = last + np.cumsum(np.where(found.is_write, 0, found.cycles + 1))
        last = int(cycles[-1]) if len(cycles) else last
        yield replace(found, cycles=cycles)


def _write_cpu(out: BinaryIO, columns: Columns, _cfg: DramConfig | None, path: Path) -> None:
    after_read = np.concatenate([[False], ~columns.is_write[:-1]])
    alone = np.flatnonzero(columns.is_write & ~after_read[: len(columns.is_write)])
    if len(alone):
        raise TraceError(
            f"{path}: request {alone[0]} is a write with no read before it: a ramulator-cpu line holds a "
            "write only beside a read; take another format, such as ramulator"
        )
    next_cycle = 0
    lines: list[str] = []
    rows = zip(columns.cycles.tolist(), columns.addresses.tolist(), columns.is_write.tolist(), strict=True)
    for cycle, address, is_write in rows:
        if is_write:
            lines[-1] += f" 0x{address:x}"
        else:
            bubbles = max(0, cycle - next_cycle)
            next_cycle += bubbles + 1
            lines.append(f"{bubbles} 0x{address:x}")
    out.write("".join(f"{line}\n" for line in lines).encode())


RAMULATOR_CPU = Format(
    "ramulator-cpu",
    "Ramulator 1, CPU trace: BUBBLES READ_ADDRESS [WRITE_ADDRESS]",
    _cpu_chunks,
    _write_cpu,
)

# --- Ramulator 2, read/write trace -----------------------------------------------------------------------

_VECTOR_LINE = LineFormat("kv", f"R|W {','.join(LEVELS).upper()}", (("R", False), ("W", True)))


def _vector_chunks(path: Path, skip_bad: bool, cfg: DramConfig | None) -> Iterator[Columns]:
    if cfg is None:
        raise _needs_dram(path, "addresses follow from")
    limits = vector_limits(cfg)
    sizes = ", ".join(f"{level} below {limit}" for level, limit in zip(LEVELS, limits, strict=True))
    layout = LineFormat("kv", f"{_VECTOR_LINE.expected} with {sizes}", _VECTOR_LINE.words)
    try:
        shifts = vector_shifts(cfg)
    except IndexError as error:
        raise TraceError(f"{path}: {error}") from None
    return line_chunks(path, layout, skip_bad, (limits, shifts))


def _write_vectors(out: BinaryIO, columns: Columns, cfg: DramConfig | None, path: Path) -> None:
    if cfg is None:
        raise _needs_dram(path, "vectors follow from addresses and")
    try:
        levels = cfg.map_address(columns.addresses)
    except IndexError as error:
        raise TraceError(f"{path}: {error}") from None
    places = zip(*(level.tolist() for level in levels), strict=True)
    rows = zip(columns.is_write.tolist(), places, strict=True)
    text = (f"{'W' if is_write else 'R'} {','.join(map(str, place))}\n" for is_write, place in rows)
    out.write("".join(text).encode())


def _needs_dram(path: Path, why: str) -> TraceError:
    return TraceError(
        f"{path}: ramulator2-readwrite holds vectors ({','.join(LEVELS)}): {why} the address mapping of a "
        "DRAM: name it (--dram PART, or cfg=)"
    )


RAMULATOR2_READWRITE = Format(
    "ramulator2-readwrite",
    "Ramulator 2, read/write trace: R|W ADDRESS_VECTOR, no cycles",
    _vector_chunks,
    _write_vectors,
    holds_cycles=False,
    needs_dram=True,
)

"""Traces as text: DRAMSim2's mase and k6, and our csv."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from scanfuse.dram.errors import TraceError

CSV_HEADER = "cycle,address,rw"
_METADATA = "# metadata "
_DECIMAL = re.compile(r"[0-9]+")
_HEX = re.compile(r"0[xX][0-9a-fA-F]+")
_CYCLES = 1 << 63
_ADDRESSES = 1 << 64


@dataclass(frozen=True, eq=False)
class Columns:
    """What every kind of trace comes down to."""

    cycles: NDArray[np.int64]
    addresses: NDArray[np.uint64]
    is_write: NDArray[np.bool_]
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """How one kind of file is read and written."""

    read: Callable[[Path], Columns]
    write: Callable[[BinaryIO, Columns], None]


def bad_line(path: Path, number: int, line: str, expected: str) -> TraceError:
    """The error for one line of text."""
    shown = repr(line if len(line) <= 60 else line[:57] + "...")
    return TraceError(f"{path}:{number}: found {shown}: expected {expected}")


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with open(path, encoding="utf-8", errors="replace", newline=None) as file:
        for number, line in enumerate(file, 1):
            text = line.strip()
            if text:
                yield number, text


def _decimal(text: str) -> int:
    if not _DECIMAL.fullmatch(text):
        raise ValueError
    return int(text)


def _hex(text: str) -> int:
    if not _HEX.fullmatch(text):
        raise ValueError
    return int(text, 16)


class _Rows:
    """Columns being gathered row by row."""

    def __init__(self) -> None:
        self.cycles: list[int] = []
        self.addresses: list[int] = []
        self.is_write: list[bool] = []

    def add(self, cycle: int, address: int, is_write: bool) -> bool:
        """False if a figure is out of range."""
        if not (0 <= cycle < _CYCLES and 0 <= address < _ADDRESSES):
            return False
        self.cycles.append(cycle)
        self.addresses.append(address)
        self.is_write.append(is_write)
        return True

    def columns(self, metadata: dict[str, Any]) -> Columns:
        return Columns(
            np.array(self.cycles, np.int64),
            np.array(self.addresses, np.uint64),
            np.array(self.is_write, bool),
            metadata,
        )


# --- mase and k6: three fields, blanks between -------------------------------------------------------

_MASE = {"IFETCH": False, "READ": False, "WRITE": True}
# P_LOCK_WR is a read (quirk Q15 of the model).
_K6 = {
    "P_FETCH": False,
    "P_MEM_RD": False,
    "P_LOCK_RD": False,
    "P_LOCK_WR": False,
    "P_MEM_WR": True,
    "BOFF": True,
}


def _read_dramsim2(path: Path, commands: dict[str, bool]) -> Columns:
    expected = f"0xADDRESS {'|'.join(commands)} CYCLE"
    rows = _Rows()
    for number, line in _lines(path):
        try:
            address, command, cycle = line.split()
            if not rows.add(_decimal(cycle), _hex(address), commands[command]):
                raise ValueError
        except (ValueError, KeyError):
            raise bad_line(path, number, line, expected) from None
    return rows.columns({})


def _write_dramsim2(out: BinaryIO, columns: Columns, read: str, write: str) -> None:
    rows = zip(columns.cycles.tolist(), columns.addresses.tolist(), columns.is_write.tolist(), strict=True)
    for cycle, address, is_write in rows:
        out.write(f"0x{address:X} {write if is_write else read} {cycle}\n".encode())


MASE = Kind(
    lambda path: _read_dramsim2(path, _MASE),
    lambda out, columns: _write_dramsim2(out, columns, "READ", "WRITE"),
)
K6 = Kind(
    lambda path: _read_dramsim2(path, _K6),
    lambda out, columns: _write_dramsim2(out, columns, "P_MEM_RD", "P_MEM_WR"),
)


# --- csv ---------------------------------------------------------------------------------------------


def _read_csv(path: Path) -> Columns:
    rows = _Rows()
    metadata: dict[str, Any] = {}
    header = False
    for number, line in _lines(path):
        if line.startswith(_METADATA):
            try:
                metadata = json.loads(line[len(_METADATA) :])
                if not isinstance(metadata, dict):
                    raise ValueError
            except ValueError:
                raise bad_line(path, number, line, f"'{_METADATA}' and a JSON object") from None
        elif line.startswith("#"):
            continue
        elif not header:
            if [name.strip() for name in line.split(",")] != CSV_HEADER.split(","):
                raise bad_line(path, number, line, f"the header {CSV_HEADER}")
            header = True
        else:
            try:
                cycle, address, kind = (each.strip() for each in line.split(","))
                place = _hex(address) if address[1:2] in ("x", "X") else _decimal(address)
                if not rows.add(_decimal(cycle), place, {"R": False, "W": True}[kind.upper()]):
                    raise ValueError
            except (ValueError, KeyError):
                raise bad_line(
                    path, number, line, "CYCLE,ADDRESS,R|W, the address decimal or 0x..."
                ) from None
    if not header:
        raise TraceError(f"{path}: no line found: expected the header {CSV_HEADER}")
    return rows.columns(metadata)


def _write_csv(out: BinaryIO, columns: Columns) -> None:
    text = TextIOWrapper(out, encoding="utf-8", newline="\n")
    text.write("# requests to a DRAM: cycle (ticks), byte address, R or W\n")
    if columns.metadata:
        text.write(_METADATA + json.dumps(columns.metadata, sort_keys=True) + "\n")
    text.write(CSV_HEADER + "\n")
    rows = zip(columns.cycles.tolist(), columns.addresses.tolist(), columns.is_write.tolist(), strict=True)
    for cycle, address, is_write in rows:
        text.write(f"{cycle},0x{address:x},{'W' if is_write else 'R'}\n")
    text.flush()
    text.detach()


CSV = Kind(_read_csv, _write_csv)

"""npz traces: our columns for numpy, a piece at a time, mapped into memory where they are not compressed."""

import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from scanfuse.dram.config import DramConfig
from scanfuse.dram.errors import TraceError
from scanfuse.dram.trace_columns import NAMES, ROWS, broken, check_kinds, checked_columns, record_of
from scanfuse.dram.trace_files import seekable
from scanfuse.dram.trace_formats import Format
from scanfuse.dram.trace_lines import Columns

_HEADS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_LOCAL_HEAD = 30  # bytes of the head of a member in a zip, before its name; the last four are sizes


class _Column:
    """One array of an npz file, taken piece by piece. Raises what zipfile and numpy raise."""

    def __init__(self, raw: BinaryIO, archive: zipfile.ZipFile, name: str) -> None:
        info = archive.getinfo(f"{name}.npy")
        self._raw = raw
        self._stream = archive.open(info)
        version = np.lib.format.read_magic(self._stream)
        if version not in _HEADS:
            raise ValueError(f"{name}.npy is of version {version}")
        shape, _, self.dtype = _HEADS[version](self._stream)
        self.shape = list(shape)
        self._left = shape[0] if shape else 0
        self._is_mapped = info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & 1
        if self._is_mapped:
            raw.seek(info.header_offset + _LOCAL_HEAD - 4)
            sizes = raw.read(4)  # of the name and of an extra field
            start = raw.tell() + int.from_bytes(sizes[:2], "little") + int.from_bytes(sizes[2:], "little")
            raw.seek(start)
            self._checksum, self._right_checksum = zlib.crc32(raw.read(self._stream.tell())), info.CRC
            self._at, self._end = raw.tell(), start + info.file_size

    def take(self, count: int) -> NDArray[Any]:
        """The next elements. With the last ones, all that was read has been held to the checksum."""
        count = min(count, self._left)
        self._left -= count
        take = self._mapped if self._is_mapped else self._inflated
        return take(count * self.dtype.itemsize).view(self.dtype)

    def _inflated(self, size: int) -> NDArray[np.uint8]:
        data = self._stream.read(size)
        if len(data) != size or (self._left == 0 and self._stream.read(1)):
            raise ValueError("an array is not as long as it says")
        return np.frombuffer(data, np.uint8)

    def _mapped(self, size: int) -> NDArray[np.uint8]:
        after = self._at + size
        if after > self._end or (self._left == 0 and after != self._end):
            raise ValueError("an array is not as long as it says")
        # Mapped anew each time, so that pages go with the piece that was read.
        data = np.empty(0, np.uint8)
        if size:
            data = np.asarray(np.memmap(self._raw, np.uint8, "r", self._at, size))
        self._checksum = zlib.crc32(data.data, self._checksum)
        if self._left == 0 and self._checksum != self._right_checksum:
            raise zipfile.BadZipFile("bad checksum")
        self._at = after
        return data


def _chunks(path: Path, _skip_bad: bool, _cfg: DramConfig | None) -> Iterator[Columns]:
    with seekable(path) as raw:
        try:
            yield from _pieces(path, raw)
        except TraceError:
            raise
        except Exception as error:  # zip, zlib, numpy and json each have their own for a damaged file
            raise broken(path, "npz", error) from None


def _pieces(path: Path, raw: BinaryIO) -> Iterator[Columns]:
    with zipfile.ZipFile(raw) as archive:
        text = b"{}"
        if "metadata.npy" in archive.namelist():
            with archive.open("metadata.npy") as member:
                text = bytes(np.lib.format.read_array(member, allow_pickle=False))
        metadata = record_of(path, text)
        columns = [_Column(raw, archive, name) for name in NAMES]
        check_kinds(path, [(column.dtype, column.shape) for column in columns])
        size, done = columns[0].shape[0], 0
        while True:
            arrays = [column.take(ROWS) for column in columns]
            done += len(arrays[0])
            yield checked_columns(path, arrays, metadata, done / size if size else 1.0)
            if done == size:
                return


def _write(out: BinaryIO, columns: Columns, _cfg: DramConfig | None, _path: Path) -> None:
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


NPZ = Format("npz", "ours: columns and a record, compact, for numpy", _chunks, _write, holds_metadata=True)

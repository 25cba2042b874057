"""Trace files as bytes: packed or not, a piece at a time, and written so that nobody sees half of one."""

import os
import secrets
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from scanfuse.dram.errors import TraceError

PACKED = (".gz", ".zst")
_PIECE = 1 << 22  # bytes read at once
_LONGEST_LINE = 1 << 24


def unpacked_name(path: Path) -> Path:
    """The name without the suffix of a compression."""
    return path.with_suffix("") if path.suffix.lower() in PACKED else path


@contextmanager
def seekable(path: Path) -> Iterator[BinaryIO]:
    """A file to read from at any place; one that is packed, or a pipe, is unpacked to a temporary file first.
    Raises TraceError, OSError."""
    with ExitStack() as held:
        raw = held.enter_context(open(path, "rb"))
        if path.suffix.lower() in PACKED or not raw.seekable():
            unpacked = held.enter_context(tempfile.TemporaryFile())
            for piece, _ in _pieces(path, raw):
                unpacked.write(piece)
            unpacked.flush()
            yield cast(BinaryIO, unpacked)
        else:
            yield raw


def whole_lines(path: Path) -> Iterator[tuple[bytes, float]]:
    """The bytes of a text file, unpacked, in pieces that end with a line; with each, how much of the file has
    been read, from 0 to 1. Raises TraceError, OSError."""
    rest = b""
    with open(path, "rb") as raw:
        for piece, progress in _pieces(path, raw):
            cut = piece.rfind(b"\n") + 1
            if cut:
                yield rest + piece[:cut], progress
                rest = piece[cut:]
            else:
                rest += piece
            if len(rest) > _LONGEST_LINE:
                raise TraceError(
                    f"{path}: found a line of more than {_LONGEST_LINE} bytes: expected a trace as text"
                )
    if rest:
        yield rest, 1.0


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, packed as its name says, that appears under its name when whole. Raises OSError
    that names `path`."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with open(temporary, "xb") as raw:
            if path.suffix.lower() == ".gz":
                import gzip

                # No name and no time inside: the same requests make the same file.
                with gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) as packed:
                    yield cast(BinaryIO, packed)
            elif path.suffix.lower() == ".zst":
                with _open_zstd(path, raw, "wb") as packed:
                    yield packed
            else:
                yield raw
        os.replace(temporary, path)
    except OSError as error:
        if error.filename in (None, str(temporary)):  # name what was asked for
            error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _pieces(path: Path, raw: BinaryIO) -> Iterator[tuple[bytes, float]]:
    """What a file holds, unpacked, and how much of the file has been read; 1 for one that has no end yet."""
    size, kind = os.fstat(raw.fileno()).st_size, path.suffix.lower()
    if kind not in PACKED:
        read, broken = raw.read, cast("tuple[type[Exception], ...]", ())
    elif kind == ".gz":
        import gzip

        read, broken = gzip.GzipFile(fileobj=raw).read, _gzip_errors()
    else:
        read, broken = _open_zstd(path, raw, "rb").read, _zstd_errors()
    if kind in PACKED and size == 0 and raw.seekable():  # nothing, packed, is something
        raise TraceError(f"{path}: not a whole {kind[1:]} file (it is empty)")
    while True:
        try:
            piece = read(_PIECE)
        except broken as error:
            why = str(error) or type(error).__name__
            raise TraceError(f"{path}: not a whole {kind[1:]} file ({why})") from None
        if not piece:
            return
        yield piece, min(raw.tell() / size, 1.0) if size else 1.0


def _gzip_errors() -> tuple[type[Exception], ...]:
    import gzip

    return (gzip.BadGzipFile, EOFError, zlib.error)


def _zstd_errors() -> tuple[type[Exception], ...]:
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        import zstandard

        return (zstandard.ZstdError, EOFError)
    return (zstd.ZstdError, EOFError)


def _open_zstd(path: Path, raw: BinaryIO, mode: str) -> BinaryIO:
    """The standard library's zstd from Python 3.14 on, else the package of our extra."""
    try:
        from compression import zstd
    except ImportError:
        pass
    else:
        return cast(BinaryIO, zstd.ZstdFile(raw, mode))
    try:
        import zstandard
    except ImportError:
        raise TraceError(
            f"{path}: .zst needs Python 3.14 or the package zstandard: pip install 'scanfuse[zstd]'"
        ) from None
    if mode == "wb":
        return cast(BinaryIO, zstandard.ZstdCompressor().stream_writer(raw, closefd=False))
    return cast(BinaryIO, _WholeFrames(raw))


class _WholeFrames:
    """Unpacks zstd frames one after another; unlike zstandard's own reader, it tells a truncated file."""

    def __init__(self, raw: BinaryIO) -> None:
        import zstandard

        self._raw = raw
        self._new = zstandard.ZstdDecompressor
        self._frame = self._new().decompressobj()
        self._left = b""
        self._begun = False  # whether a frame is being unpacked

    def read(self, _size: int = -1) -> bytes:
        """More bytes; none at the end. Raises EOFError, ZstdError."""
        while True:
            packed = self._left or self._raw.read(1 << 17)
            self._left = b""
            if not packed:
                if self._begun:
                    raise EOFError("ended before the end of the stream")
                return b""
            self._begun = True
            out = self._frame.decompress(packed)
            if self._frame.eof:
                self._left, self._begun = self._frame.unused_data, False
                self._frame = self._new().decompressobj()
            if out:
                return bytes(out)

"""Writing files: each appears under its name only when whole, and folders are tried before long work."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path


def write_whole(path: Path, content: str | bytes | Callable[[Path], object]) -> None:
    """Write a file under a temporary name in its folder and rename it when it is whole.

    `content` is text, bytes, or a function that writes the file it is given the path of. Whatever goes
    wrong, Ctrl-C too, the temporary file goes and what stood under the name stays. Raises OSError.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        if callable(content):
            content(temporary)
        elif isinstance(content, bytes):
            temporary.write_bytes(content)
        else:
            temporary.write_text(content, encoding="utf-8", newline="\n")
        os.replace(temporary, path)
    except OSError as error:
        if error.filename in (None, str(temporary)):  # name what was asked for
            error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def check_writable_folder(folder: Path) -> None:
    """Raise OSError, naming it, unless a folder (or what it is to be made in) takes files. Leaves nothing."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise NotADirectoryError(
            20, f"cannot be a folder, {place} is a file; give another place", str(folder)
        )
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise type(error)(
            error.errno, f"cannot be written ({why}); give another place", str(folder)
        ) from None


def check_writable_file(path: Path) -> None:
    """Raise OSError, naming the file, unless it can be made or replaced. Leaves nothing."""
    if path.is_dir():
        raise IsADirectoryError(21, "is a folder; give the name of a file", str(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(2, f"there is no folder {path.parent}; make it first", str(path))
    check_writable_folder(path.parent)

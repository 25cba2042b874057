"""A mapping saved in a file and read back, TOML or JSON by the file's suffix."""

from __future__ import annotations

from pathlib import Path

from scanfuse.mapping import MAPPING_FORMATS, Mapping, MappingError, mapping_text, parse_mapping
from scanfuse.network import Network
from scanfuse.results.files import write_whole


def save_mapping(path: str | Path, mapping: Mapping) -> None:
    """Write a mapping; the file appears when it is whole. Raises MappingError for a suffix, OSError."""
    write_whole(Path(path), mapping_text(mapping, mapping_format(path)))


def load_mapping(path: str | Path, network: Network | None = None) -> Mapping:
    """Read a mapping, exactly as it was saved.

    network: what it maps, where that is not of the zoo; it must be the one the file names. Raises
    MappingError that names the file and the key, OSError.
    """
    form = mapping_format(path)
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise MappingError(f"{path}: not valid {form.upper()}: {error}") from None
    return parse_mapping(text, str(path), form, network)


def mapping_format(path: str | Path) -> str:
    """The format that a file's suffix says. Raises MappingError where it says none."""
    form = Path(path).suffix.removeprefix(".").lower()
    if form not in MAPPING_FORMATS:
        allowed = " or ".join(f".{known}" for known in MAPPING_FORMATS)
        raise MappingError(f"{path}: a mapping's file ends in {allowed}")
    return form

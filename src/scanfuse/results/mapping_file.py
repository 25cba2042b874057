"""A mapping saved in a file and read back, TOML or JSON by the file's suffix."""

from __future__ import annotations

from pathlib import Path

from scanfuse.mapping import MAPPING_FORMATS, Mapping, MappingError, mapping_text, parse_mapping
from scanfuse.network import Network
from scanfuse.results.files import write_whole


def save_mapping(path: str | Path, mapping: Mapping) -> None:
    """Write a mapping to a file, to be read, edited by hand (docs/mapping.md), and run.

    Args:
        path: ends in `.toml` or `.json`, which says the form. The file appears when it is whole.
        mapping: of `map_network`, or one changed in Python.

    Raises:
        MappingError: another suffix.
        OSError: a place that cannot be written.

    Example:
        >>> scanfuse.save_mapping("mine.toml", mapping)
        >>> scanfuse.load_mapping("mine.toml") == mapping
        True
    """
    write_whole(Path(path), mapping_text(mapping, mapping_format(path)))


def load_mapping(path: str | Path, network: Network | None = None) -> Mapping:
    """Read a mapping, exactly as it was saved.

    Args:
        path: a `.toml` or `.json` file, of `save_mapping` or `scanfuse map`, or written by hand.
        network: what it maps, where that was made in Python and so cannot be loaded by the name in the file.

    Returns:
        The `Mapping`, equal to the one that was saved.

    Raises:
        MappingError: what the file says cannot be: names file, group and key, what was found, what is
            allowed.
        OSError: a file that cannot be read.

    Example:
        >>> mapping = scanfuse.load_mapping("mine.toml")
        >>> mapping.schedule, mapping.entries
        ('fused', 3654824)
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

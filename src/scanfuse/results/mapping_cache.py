"""What searches have found, kept on disk by content: the same search is made once.

A file is named by a hash of the network, what a search is told of hardware and DRAM, the schedule, the
objective, and all source that decides what is found, so that nothing ever goes stale; the folder may be
deleted at any time.
It lies in the user's cache folder, `scanfuse/mappings`. Files appear whole, under their name only when
written, so many processes may share them; one that is damaged is searched for again and written anew. Where
nothing can be written, nothing is kept. The environment variable SCANFUSE_NO_CACHE, not empty, switches it
off.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from scanfuse.dram import DramConfig
from scanfuse.dram.attached.attachment import cache_folder
from scanfuse.hardware import DRAM, Accelerator, Energy
from scanfuse.mapping import Mapping, MappingError, mapping_text, parse_mapping
from scanfuse.network import Network
from scanfuse.results.files import write_whole
from scanfuse.results.setup import burst_of

OFF = "SCANFUSE_NO_CACHE"
ROOMS = ("network", "hardware", "mapping", "program", "dram", "simulate", "results")


def remembered(
    network: Network,
    schedule: str,
    accelerator: Accelerator,
    config: DramConfig,
    objective: str,
    search: Callable[[], Mapping],
) -> Mapping:
    """The mapping that a search finds, from disk where it is there. Raises what the search raises."""
    if os.environ.get(OFF):
        return search()
    try:
        path = mappings_folder() / f"{digest_of(network, schedule, accelerator, config, objective)}.toml"
    except RuntimeError:  # a user without a home
        return search()
    known = _read(path, network, schedule)
    if known is None:
        known = search()
        _write(path, known)
    return known


def mappings_folder() -> Path:
    """Where mappings are kept. Raises RuntimeError for a user without a home."""
    return cache_folder().parent / "mappings"


def digest_of(
    network: Network, schedule: str, accelerator: Accelerator, config: DramConfig, objective: str
) -> str:
    """A hash of all that decides what a search finds.

    The name of the hardware and its energies on the chip decide nothing. Of the DRAM a search for the least
    traffic is told its bursts (`burst_of`) and no more, so that many parts share what it finds.
    """
    dram = [repr(accelerator.dram), json.dumps(config.to_dict(), sort_keys=True)]
    memory = [repr(burst_of(config))] if objective == "traffic" else dram
    hardware = repr(replace(accelerator, name="any", energy=Energy(), dram=DRAM()))
    asked = [repr(network), schedule, hardware, *memory, objective, _sources()]
    return hashlib.sha256("\0".join(asked).encode()).hexdigest()[:40]


@lru_cache(maxsize=1)
def _sources() -> str:
    """A hash of the sources and the compiled engine."""
    package, engine = find_spec("scanfuse"), find_spec("scanfuse.dram._engine")
    assert package is not None and package.origin is not None
    assert engine is not None and engine.origin is not None
    home = Path(package.origin).parent
    files = [path for room in ROOMS for path in (home / room).rglob("*.py")]
    digest = hashlib.sha256()
    for path in sorted({*files, Path(engine.origin)}):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _read(path: Path, network: Network, schedule: str) -> Mapping | None:
    """A kept mapping, or None where there is none or it is not as it was written."""
    try:
        told, _, text = path.read_text(encoding="utf-8").partition("\n")
        if told != _told(text):
            return None
        mapping = parse_mapping(text, str(path), "toml", network)
    except (OSError, UnicodeDecodeError, MappingError):
        return None
    return mapping if mapping.schedule == schedule else None


def _write(path: Path, mapping: Mapping) -> None:
    text = mapping_text(mapping)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, f"{_told(text)}\n{text}")
    except OSError:  # a cache that cannot be written keeps nothing
        return


def _told(text: str) -> str:
    """The first line of a file, by which damage is seen."""
    return f"# {hashlib.sha256(text.encode()).hexdigest()}"

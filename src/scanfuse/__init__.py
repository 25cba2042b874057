"""Scanfuse: what a CNN costs in DRAM energy and time on an accelerator, and what a better schedule saves.

The names a user needs, each documented where it lives:

    load            a network of the zoo                      scanfuse.network
    load_hardware   an accelerator: a preset or a TOML file   scanfuse.hardware
    make_mapping    a named schedule, tiles searched          scanfuse.mapping
    unroll, check   its program, and the proof of it          scanfuse.program
    execute         its values, compared with the network's   scanfuse.execute
    simulate        its time and energy                       scanfuse.simulate
    DramConfig, replay                                        scanfuse.dram
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scanfuse.dram import DramConfig, replay
    from scanfuse.execute import execute
    from scanfuse.hardware import load_hardware
    from scanfuse.mapping import make_mapping
    from scanfuse.network import load
    from scanfuse.program import check, unroll
    from scanfuse.simulate import simulate

__version__ = "0.1.0"

__all__ = [
    "DramConfig",
    "check",
    "execute",
    "load",
    "load_hardware",
    "make_mapping",
    "replay",
    "simulate",
    "unroll",
]

_ROOMS = {
    "DramConfig": "dram",
    "check": "program",
    "execute": "execute",
    "load": "network",
    "load_hardware": "hardware",
    "make_mapping": "mapping",
    "replay": "dram",
    "simulate": "simulate",
    "unroll": "program",
}


def __getattr__(name: str) -> Any:
    """Import a room when one of its names is first used, so that `import scanfuse` costs nothing."""
    if name not in _ROOMS:
        raise AttributeError(f"module 'scanfuse' has no attribute {name!r}")
    return getattr(import_module(f"scanfuse.{_ROOMS[name]}"), name)

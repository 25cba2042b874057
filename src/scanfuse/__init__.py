"""Scanfuse: what a CNN costs in DRAM energy and time on an accelerator, and what a better schedule saves.

The names a user needs first, each documented where it lives:

    load            a network: of the zoo, or in a file              scanfuse.network
    load_hardware   an accelerator: a preset or a TOML file          scanfuse.hardware
    make_mapping    a named schedule, tiles searched                 scanfuse.mapping
    unroll, check   its program, and the proof of it                 scanfuse.program
    run             all of it: mapped, proved, simulated, tabulated  scanfuse.results
    load_mapping, save_mapping, run_mapping   a mapping of one's own, in a file and run
    sweep           many runs, as one table                          scanfuse.sweeps
    DramConfig, replay   the DRAM alone                              scanfuse.dram

The rooms `scanfuse.execute` and `scanfuse.simulate` hold the functional executor and the timing model.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scanfuse.dram import DramConfig, replay
    from scanfuse.hardware import load_hardware
    from scanfuse.mapping import make_mapping
    from scanfuse.network import load
    from scanfuse.program import check, unroll
    from scanfuse.results import load_mapping, run_mapping, save_mapping
    from scanfuse.results.run import run
    from scanfuse.sweeps import sweep

__version__ = "0.1.0"

__all__ = [
    "DramConfig",
    "check",
    "load",
    "load_hardware",
    "load_mapping",
    "make_mapping",
    "replay",
    "run",
    "run_mapping",
    "save_mapping",
    "sweep",
    "unroll",
]

_ROOMS = {
    "DramConfig": "dram",
    "check": "program",
    "load": "network",
    "load_hardware": "hardware",
    "load_mapping": "results",
    "make_mapping": "mapping",
    "replay": "dram",
    "run": "results",
    "run_mapping": "results",
    "save_mapping": "results",
    "sweep": "sweeps",
    "unroll": "program",
}


def __getattr__(name: str) -> Any:
    """Import a room when one of its names is first used, so that `import scanfuse` costs nothing."""
    if name not in _ROOMS:
        raise AttributeError(f"module 'scanfuse' has no attribute {name!r}")
    return getattr(import_module(f"scanfuse.{_ROOMS[name]}"), name)

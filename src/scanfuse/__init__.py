"""Scanfuse: what a CNN costs in DRAM energy and time on an accelerator, and what a better schedule saves.

The names a user needs; `help(scanfuse.run)` tells of each what it takes, gives and raises, with an example:

    load            a network: of the zoo, or in a file
    load_hardware   an accelerator: a preset or a TOML file, with settings on top
    run             a network under a schedule: mapped, proved right, simulated, tabulated
    compare         several schedules side by side: what each costs and saves
    map_network     the mapping alone, which `run` would search for
    save_mapping    a mapping to a file, to be edited by hand
    load_mapping    and back
    run_mapping     a mapping run: of `map_network`, of a file, or changed in Python
    sweep           many runs, on cores or a cluster, as one table
    DramConfig      a memory system: a part or ini files, checked
    replay          a stream of requests on the memory alone: ticks, energies, commands

    >>> import scanfuse
    >>> network, hardware = scanfuse.load("mobilenet_v2", resolution=64), scanfuse.load_hardware("paper")
    >>> scanfuse.run(network, "fused", hardware).entries
    3654824

Everything else is in a room of its own: `scanfuse.network`, `hardware`, `mapping`, `program` (a mapping
unrolled, and the proof of it), `dram`, `simulate`, `execute`, `results`, `report`, `sweeps`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scanfuse.dram import DramConfig, replay
    from scanfuse.hardware import load_hardware
    from scanfuse.network import load
    from scanfuse.results import compare, load_mapping, map_network, run_mapping, save_mapping
    from scanfuse.results.run import run
    from scanfuse.sweeps import sweep

__version__ = "0.1.0"

__all__ = [  # noqa: RUF022 - in the order in which they are met
    "load",
    "load_hardware",
    "run",
    "compare",
    "map_network",
    "save_mapping",
    "load_mapping",
    "run_mapping",
    "sweep",
    "DramConfig",
    "replay",
]

_ROOMS = {
    "DramConfig": "dram",
    "compare": "results",
    "load": "network",
    "load_hardware": "hardware",
    "load_mapping": "results",
    "map_network": "results",
    "replay": "dram",
    "run": "results",
    "run_mapping": "results",
    "save_mapping": "results",
    "sweep": "sweeps",
}


if not TYPE_CHECKING:  # else a misspelt name would pass for one that is made when it is asked for

    def __getattr__(name: str) -> Any:
        """Import a room when one of its names is first used, so that `import scanfuse` costs nothing."""
        if name not in _ROOMS:
            raise AttributeError(f"module 'scanfuse' has no attribute {name!r}")
        return getattr(import_module(f"scanfuse.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

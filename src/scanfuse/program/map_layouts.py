"""The layout of each map by which a program's transfers take the fewest bursts, counted exactly.

The bursts of a transfer depend on the layout of its own map alone, so maps are looked at one by one.
"""

from __future__ import annotations

import numpy as np

from scanfuse.mapping import MAP_LAYOUTS, Placed, block_of
from scanfuse.program.layout import AddressLayout
from scanfuse.program.program import Cause, Program, View


def fewest_bursts(program: Program, entry_bytes: int, burst_bytes: int) -> tuple[Placed, ...]:
    """The maps that take fewer bursts in another layout than the mapping has for all of them."""
    layout = AddressLayout(program, entry_bytes, burst_bytes, capacity_bytes=1 << 62)
    rows = program.moves[program.transfers]
    rows = rows[rows["cause"] != Cause.WEIGHT]
    found = []
    for tensor in np.unique(rows["tensor"]).tolist():
        mine, stored = rows[rows["tensor"] == tensor], program.tensors[tensor]
        usual = layout.map_bursts(mine, tensor, program.mapping.layout)
        others = [name for name in MAP_LAYOUTS if _in_whole_blocks(mine, stored.shape[0], block_of(name))]
        bursts, best = min((layout.map_bursts(mine, tensor, name), name) for name in others)
        if bursts < usual:
            found.append(Placed(stored.name, best))
    return tuple(found)


def _in_whole_blocks(rows: np.ndarray, channels: int, block: int) -> bool:
    """Whether boxes (and the map) have whole blocks of channels."""
    if block <= 1:
        return True
    flat = bool((rows["view"] == View.CHANNELS).any())  # read in the order in which it lies
    cut = bool(((rows["a0"] % block) | (rows["a1"] % block)).any())
    return channels % block == 0 and not flat and not cut

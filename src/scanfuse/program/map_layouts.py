"""The layout of each map by which a program's transfers take the fewest bursts, counted exactly.

The bursts of a transfer depend on the layout of its own map alone, so maps are looked at one by one.
"""

from __future__ import annotations

from math import gcd

import numpy as np

from scanfuse.mapping import Placed
from scanfuse.program.layout import AddressLayout
from scanfuse.program.program import Cause, Program, View

BLOCKS = (16, 32)  # tried beside the largest that fits


def fewest_bursts(program: Program, entry_bytes: int, burst_bytes: int) -> tuple[tuple[Placed, ...], int]:
    """The maps that take fewer bursts in another layout than the mapping has for all of them; and the bursts
    of all maps then."""
    layout = AddressLayout(program, entry_bytes, burst_bytes, capacity_bytes=1 << 62)
    rows = program.moves[program.transfers]
    rows = rows[rows["cause"] != Cause.WEIGHT]
    found, total = [], 0
    for tensor in np.unique(rows["tensor"]).tolist():
        mine, stored = rows[rows["tensor"] == tensor], program.tensors[tensor]
        usual = layout.map_bursts(mine, tensor, program.mapping.layout)
        orders = ["nhwc", "nchw", *(f"nchw{block}" for block in _blocks(mine, stored.shape[0]))]
        bursts, best = min((layout.map_bursts(mine, tensor, order), order) for order in orders)
        if bursts < usual:
            found.append(Placed(stored.name, best))
        total += bursts
    return tuple(found), total


def _blocks(rows: np.ndarray, channels: int) -> list[int]:
    """Blocks of channels of which all boxes have whole ones: the largest, and usual ones."""
    if (rows["view"] == View.CHANNELS).any():  # read in the order in which the map lies
        return []
    most = gcd(channels, *np.unique(np.concatenate([rows["a0"], rows["a1"]])).tolist())
    return [block for block in sorted({most, *BLOCKS}) if 1 < block < channels and most % block == 0]

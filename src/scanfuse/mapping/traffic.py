"""Closed-form traffic of tiled loop nests, in entries: what raster and Scan order must move.

Formulas of docs/design.md ("Two orders"), each checked against a step-by-step simulation in the tests.
An operand is loaded whenever its tile changes from one step to the next; Scan saves by turning round.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Any, Literal

import numpy as np

from scanfuse.mapping.nest import Cut

Scan = Literal["raster", "inner", "full"]
SCANS: tuple[Scan, ...] = ("raster", "inner", "full")
ORDERS: tuple[str, ...] = tuple("".join(order) for order in permutations("mnk"))


@dataclass(frozen=True)
class Traffic:
    """Entries moved between DRAM and buffer; ints, or int64 arrays over candidate tiles."""

    ifmap: Any
    weight: Any
    ofmap: Any
    psum_written: Any
    psum_read: Any
    residual: Any

    @property
    def total(self) -> Any:
        return self.ifmap + self.weight + self.ofmap + self.psum_written + self.psum_read + self.residual


def moved(order: str, free: str, scan: Scan, cuts: dict[str, Cut]) -> Any:
    """Extent products moved for an operand that does not depend on the axis `free`; with "" on all.

    `order` names the loops from outermost to innermost; `cuts` the axes as this operand sees them.
    """
    a, b, c = (cuts[axis] for axis in order)
    h_a, g_a = a.trips // 2, (a.trips - 1) // 2
    h_b, g_b = b.trips // 2, (b.trips - 1) // 2
    if not free:  # every tile comes once
        return a.total * b.total * c.total
    if free == order[2]:
        return a.total * b.total
    if free == order[1]:
        full = b.trips * a.total * c.total
        if scan == "raster":
            return full - np.where(c.trips == 1, (b.trips - 1) * a.total * c.total, 0)
        return full - a.total * (h_b * c.last + g_b * c.first)
    full = a.trips * b.total * c.total
    if scan == "raster":
        return full - np.where((b.trips == 1) & (c.trips == 1), (a.trips - 1) * b.total * c.total, 0)
    if scan == "inner":
        return full - np.where(b.trips == 1, b.total * (h_a * c.last + g_a * c.first), 0)
    odd = h_a * b.last * c.last + g_a * b.first * c.first
    even = c.first * (h_a * b.last + g_a * b.first)
    return full - np.where(b.trips % 2 == 1, odd, even)

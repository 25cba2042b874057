"""One layer run alone: its tile sizes, the order of its loops, and what that moves and holds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from scanfuse.mapping.fields import LayerIndex, NotNegative, Positive
from scanfuse.mapping.nest import Cut, Nest, even_cut
from scanfuse.mapping.traffic import Scan, Traffic, moved


@dataclass(frozen=True)
class LayerTiling:
    """How one layer is cut and walked.

    layer, add: indices into the network (add: a residual addition folded into the layer, or None).
    tile_p, tile_q: output rows and columns of a tile (flat layers: one row of tile_q pixels);
    tile_n: output channels (groups, for a channelwise layer); tile_k: input channels.
    order: loops from outermost to innermost; scan: which of them turn round.
    rolling: full-width row bands whose halo rows stay in the buffer (M outermost, all input channels).
    residual_step: output columns (rows, where a tile has several) whose residual is loaded at a time when
    the outputs of a tile are complete; 0 for the whole tile's at once.
    """

    layer: LayerIndex
    add: LayerIndex | None
    tile_p: Positive
    tile_q: Positive
    tile_n: Positive
    tile_k: Positive
    order: str
    scan: Scan
    rolling: bool = False
    residual_step: NotNegative = 0

    @property
    def layers(self) -> tuple[int, ...]:
        return (self.layer,) if self.add is None else (self.layer, self.add)


@dataclass(frozen=True)
class TilingCost:
    """Closed forms of a `LayerTiling` on its `Nest`: traffic, steps, and entries live at the peak."""

    nest: Nest
    tiling: LayerTiling
    psum_entries: int = 1

    @cached_property
    def cuts(self) -> dict[str, dict[str, Cut]]:
        """Per operand, the axes as it sees them."""
        nest, tiling = self.nest, self.tiling
        pixels_a, pixels_c = nest.pixel_cuts(tiling.tile_p, tiling.tile_q)
        if tiling.rolling:
            pixels_a = nest.rolling_cut(tiling.tile_p)
        n = even_cut(nest.extent["n"], tiling.tile_n)
        k = even_cut(nest.extent["k"], tiling.tile_k)
        return {
            "A": {"m": pixels_a, "n": n, "k": k},
            "B": {"m": pixels_c, "n": n, "k": k},
            "C": {"m": pixels_c, "n": n, "k": k},
        }

    @property
    def extra_macs(self) -> int:
        """MACs computed more than once: none."""
        return 0

    @cached_property
    def steps(self) -> int:
        cuts = self.cuts["C"]
        return int(cuts["m"].trips * cuts["n"].trips * cuts["k"].trips)

    @cached_property
    def traffic(self) -> Traffic:
        return layer_traffic(self.nest, self.cuts, self.tiling.order, self.tiling.scan, self.psum_entries)

    @cached_property
    def live_entries(self) -> int:
        live = int(tile_entries(self.nest, self.cuts, self.psum_entries))
        if self.nest.residual is None:
            return live
        pixels = self.cuts["C"]["m"].largest
        if self.tiling.residual_step:
            pixels = min(
                pixels, self.tiling.residual_step * residual_line(self.tiling.tile_p, self.tiling.tile_q)
            )
        return live + int(self.nest.coefficient["C"] * self.cuts["C"]["n"].largest * pixels)


def layer_traffic(
    nest: Nest, cuts: dict[str, dict[str, Cut]], order: str, scan: Scan, psum_entries: int
) -> Traffic:
    """Entries that a tiled layer moves; `cuts` may hold arrays over candidates.

    Every operand follows `moved`; C moves by the same rule as writes, and what it writes beyond M N was
    partial sums, read back as often. A partial sum counts `psum_entries` entries.
    """
    amount = {
        operand: nest.coefficient[operand] * moved(order, nest.free_axis[operand], scan, cuts[operand])
        for operand in ("A", "B", "C")
    }
    if nest.layer.kind == "scale":  # its factors are a map that it reads, not weights
        amount = {"A": amount["A"] + amount["B"], "B": 0 * amount["B"], "C": amount["C"]}
    outputs = nest.layer.output.entries
    spilled = (amount["C"] - outputs) * psum_entries
    residual = outputs if nest.residual is not None else 0
    return Traffic(amount["A"], amount["B"], outputs + 0 * spilled, spilled, spilled, residual)


def tile_entries(nest: Nest, cuts: dict[str, dict[str, Cut]], psum_entries: int) -> Any:
    """Entries of one tile of each operand, without the residual that an addition reads."""
    total: Any = 0
    for operand in ("A", "B", "C"):
        size: Any = nest.coefficient[operand] * (psum_entries if operand == "C" else 1)
        for axis in "mnk":
            if axis != nest.free_axis[operand]:
                size = size * cuts[operand][axis].largest
        total = total + size
    return total


def residual_line(tile_p: Any, tile_q: Any) -> Any:
    """Output pixels of the smallest piece of a tile whose residual can be loaded alone."""
    return np.where(np.asarray(tile_p) > 1, tile_q, 1)

"""Addresses as vectors of levels: channel, rank, bank, row, column; through the address mapping of a DRAM."""

import numpy as np

from scanfuse.dram.config import DramConfig

LEVELS = ("channel", "rank", "bank", "row", "column")


def vector_limits(cfg: DramConfig) -> tuple[int, ...]:
    """How many there are of each level; columns are counted in bursts."""
    derived = cfg.derived
    bits = [derived[f"{level}_bits"] for level in LEVELS]
    bits[-1] -= derived["column_low_bits"]
    return tuple(1 << width for width in bits)


def vector_shifts(cfg: DramConfig) -> list[int]:
    """The address bit at which each level begins: found by asking the mapping where single bits go.

    Raises IndexError if overrides have taken away a channel or bank that addresses map to (quirk Q1).
    """
    derived = cfg.derived
    low = derived["byte_offset_bits"] + derived["column_low_bits"]
    bits = np.arange(low, 64)
    places = cfg.map_address(np.uint64(1) << bits.astype(np.uint64))
    return [int(bits[level == 1][0]) if (level == 1).any() else 0 for level in places]

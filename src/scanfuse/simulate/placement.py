"""Skewed storage: maps laid out so that equal steps through them do not fall into one bank.

A tile of some channels takes a piece of every pixel, or of every channel's plane; the pieces lie a fixed
number of bursts apart, often a multiple of the number of banks, and then all lie in the same bank. So the
banks are rotated by the digits of the column: bank = (bank + sum of the column's digits to base banks) mod
banks; row and column stay. Neighbours are still in different banks. Steps of 7 bursts are the weak spot of 8
banks. After Harper and Jump, "Vector access performance in parallel memories using a skewed storage scheme",
IEEE Trans. Computers C-36, 1987.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scanfuse.dram import DramConfig
from scanfuse.program import Bursts
from scanfuse.program.layout import REGION_ALIGNMENT_BYTES


def skew_banks(bursts: Bursts, is_map: np.ndarray, config: DramConfig) -> Bursts:
    """Bursts of the same transfers, those of maps in rotated banks.

    is_map: bool per transfer; weights are streams and stay. Places move within aligned regions alone, so no
    two tensors meet. Where the address mapping has the bank above a region, nothing is changed.
    """
    first_bit, banks = bank_field(config)
    if banks == 1 or (banks << first_bit) > REGION_ALIGNMENT_BYTES:
        return bursts
    mine = np.repeat(is_map, bursts.counts)
    addresses = bursts.addresses.copy()
    where = config.map_address(addresses[mine])
    rotated = (where.bank + digit_sum(where.column, banks)) % banks
    moved = (rotated - where.bank) << first_bit
    addresses[mine] = (addresses[mine].astype(np.int64) + moved).astype(np.uint64)
    return replace(bursts, addresses=addresses)


def bank_field(config: DramConfig) -> tuple[int, int]:
    """The lowest address bit of the bank, and how many banks addresses tell apart."""
    bits = np.arange(63)
    of_bank = np.flatnonzero(config.map_address(np.uint64(1) << bits.astype(np.uint64)).bank)
    return (int(of_bank[0]), 1 << len(of_bank)) if len(of_bank) else (0, 1)


def digit_sum(values: np.ndarray, base: int) -> np.ndarray:
    """The sum of the digits of each value to a base."""
    total, rest = np.zeros_like(values), values
    while rest.any():
        total, rest = total + rest % base, rest // base
    return total

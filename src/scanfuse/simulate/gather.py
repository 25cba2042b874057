"""The order in which the DMA asks for the bursts of a transfer.

In the order of their addresses, bursts go round the banks, and a bank whose row has to change (a new row, or
one that has served as many accesses as DRAMSim2 lets an activation serve) is asked for again before it can
be ready: with eight banks every 32 ticks, where DDR3-1333 needs 43 from a write to the next row's. So the
bursts of one row are gathered, as many as an activation serves, then those of the next bank: each has the
time of all the others to change its row. With several ranks the order of addresses changes the rank at every
burst, which costs bus time and rows; gathered, it takes a turn of all banks of a rank. Reads that change rows
in time for the next round, in one rank, stay in order of address: the next transfer finds their rows open.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scanfuse.dram import DramConfig
from scanfuse.program import Bursts

BLOCK_BURSTS = 1 << 17  # that are sorted at a time, in whole transfers


def gather_rows(bursts: Bursts, is_write: np.ndarray, config: DramConfig) -> Bursts:
    """The same transfers, the bursts of each in an order that keeps no bank waiting for its next row.

    is_write: bool per transfer. Transfers that keep none waiting in order of address, and stay in one rank,
    are as they were.
    """
    addresses, offsets = bursts.addresses.copy(), bursts.offsets
    first = 0
    while first < len(is_write):
        limit = offsets[first] + BLOCK_BURSTS
        end = max(first + 1, int(np.searchsorted(offsets, limit, side="right")) - 1)
        block = slice(int(offsets[first]), int(offsets[end]))
        order = _order(addresses[block], bursts.counts[first:end], is_write[first:end], config)
        addresses[block] = addresses[block][order]
        first = end
    return replace(bursts, addresses=addresses)


def accesses_per_activation(config: DramConfig) -> int:
    """Reads and writes that one activation serves at most."""
    if config["ROW_BUFFER_POLICY"] != "open_page":
        return 1
    # DRAMSim2 does not count the access that the row was opened for
    return int(config["TOTAL_ROW_ACCESSES"]) + (config.mode == "dramsim2")


def row_change_ticks(config: DramConfig, is_write: bool) -> int:
    """Ticks from an access of a bank to the first one of its next row."""
    key = {name: int(config[name]) for name in ("CL", "AL", "BL", "tRTP", "tCCD", "tWR", "tRP", "tRCD")}
    burst = key["BL"] // 2
    to_precharge = (
        key["CL"] + key["AL"] - 1 + burst + key["tWR"]
        if is_write
        else key["AL"] + burst + max(key["tRTP"], key["tCCD"]) - key["tCCD"]
    )
    return to_precharge + key["tRP"] + key["tRCD"] - key["AL"]


def _order(addresses: np.ndarray, counts: np.ndarray, is_write: np.ndarray, config: DramConfig) -> np.ndarray:
    """Indices of the bursts of some transfers in the order in which to ask for them."""
    where = config.map_address(addresses)
    transfer = np.repeat(np.arange(len(counts)), counts)
    bank = (where.channel * (int(where.rank.max(initial=0)) + 1) + where.rank) * int(config["NUM_BANKS"])
    bank += where.bank
    most = accesses_per_activation(config)
    hurried = _waits(transfer, where.channel, bank, where.row, is_write, most, config)
    switches = (where.rank[1:] != where.rank[:-1]) & (transfer[1:] == transfer[:-1])
    hurried |= np.bincount(transfer[1:], switches, minlength=len(counts)) > 0
    order = np.lexsort((where.row, bank, transfer))
    transfer, bank, row = transfer[order], bank[order], where.row[order]
    of_bank = _starts(transfer, bank)
    opens = _within(_starts(transfer, bank, row)) % most == 0
    opened = np.cumsum(opens)
    turn = opened - np.repeat(opened[of_bank], np.diff(np.flatnonzero(np.append(of_bank, True))))
    turn, bank = np.where(hurried[transfer], turn, 0), np.where(hurried[transfer], bank, 0)
    position = np.where(hurried[transfer], 0, order)
    return np.asarray(order[np.lexsort((position, bank, turn, transfer))])


def _waits(
    transfer: np.ndarray,
    channel: np.ndarray,
    bank: np.ndarray,
    row: np.ndarray,
    is_write: np.ndarray,
    most: int,
    config: DramConfig,
) -> np.ndarray:
    """Per transfer, whether in order of address a bank is asked for a row before it can have changed it."""
    slot = np.empty(len(transfer), dtype=np.int64)  # of a burst on its channel's bus
    order = np.lexsort((channel, transfer))
    slot[order] = _within(_starts(transfer[order], channel[order]))
    order = np.lexsort((bank, transfer))
    transfer, bank, row, slot = transfer[order], bank[order], row[order], slot[order]
    opens = _within(_starts(transfer, bank, row)) % most == 0
    again = ~_starts(transfer, bank)
    ticks = np.diff(slot, prepend=0) * max(int(config["BL"]) // 2, int(config["tCCD"]))
    needed = np.where(is_write, row_change_ticks(config, True), row_change_ticks(config, False))
    late = again & opens & (ticks < needed[transfer])
    return np.bincount(transfer, late, minlength=len(is_write)) > 0


def _starts(*columns: np.ndarray) -> np.ndarray:
    """Where a row of the columns differs from the one before."""
    starts = np.ones(len(columns[0]), dtype=bool)
    starts[1:] = False
    for column in columns:
        starts[1:] |= column[1:] != column[:-1]
    return starts


def _within(starts: np.ndarray) -> np.ndarray:
    """0, 1, 2, ... from each start on."""
    first = np.flatnonzero(starts)
    return np.arange(len(starts)) - np.repeat(first, np.diff(np.append(first, len(starts))))

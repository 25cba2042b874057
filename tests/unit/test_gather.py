"""The order in which the DMA asks for bursts: against a plain one, and what the engine makes of it."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanfuse.dram import DramConfig, RequestPort, replay
from scanfuse.program import Bursts
from scanfuse.simulate.gather import accesses_per_activation, gather_rows, row_change_ticks

PART = "DDR3_micron_32M_8B_x8_sg15"
SCHEMES = [f"scheme{number}" for number in range(1, 8)]


def dram(capacity_mib: int = 2048, **overrides: object) -> DramConfig:
    return DramConfig.from_ini(PART, None, capacity_mib, overrides)


def bursts_of(*transfers: list[int]) -> Bursts:
    """Transfers of bursts by number."""
    offsets = np.cumsum([0, *map(len, transfers)])
    addresses = np.array([number * 64 for transfer in transfers for number in transfer], dtype=np.uint64)
    return Bursts(offsets, addresses, np.zeros(len(transfers), dtype=np.int64), 64)


def parts(bursts: Bursts) -> list[list[int]]:
    numbers = (bursts.addresses // 64).tolist()
    return [numbers[a:b] for a, b in zip(bursts.offsets[:-1], bursts.offsets[1:], strict=True)]


def plainly_gathered(numbers: list[int], is_write: bool, config: DramConfig) -> list[int]:
    """One transfer in the order of `gather_rows`, burst by burst."""
    where = config.map_address([number * 64 for number in numbers])
    places = list(
        zip(where.channel.tolist(), where.rank.tolist(), where.bank.tolist(), where.row.tolist(), strict=True)
    )
    most, slot = accesses_per_activation(config), max(int(config["BL"]) // 2, int(config["tCCD"]))
    sent: dict[int, int] = {}  # bursts by channel
    last: dict[tuple[int, int, int], tuple[int, int, int]] = {}  # bank -> row, accesses of it, slot
    waits = any(one[1] != other[1] for one, other in pairwise(places))
    for channel, rank, bank, row in places:
        now = sent.get(channel, 0)
        before = last.get((channel, rank, bank))
        same = before is not None and before[0] == row
        accesses = before[1] + 1 if before and same else 0
        if before and (not same or accesses % most == 0):
            waits |= (now - before[2]) * slot < row_change_ticks(config, is_write)
        last[channel, rank, bank] = row, accesses, now
        sent[channel] = now + 1
    if not waits:
        return numbers
    rows: dict[tuple[int, int, int], dict[int, list[int]]] = {}
    for number, (channel, rank, bank, row) in zip(numbers, places, strict=True):
        rows.setdefault((channel, rank, bank), {}).setdefault(row, []).append(number)
    turns = {
        bank: [run[i : i + most] for _, run in sorted(by_row.items()) for i in range(0, len(run), most)]
        for bank, by_row in rows.items()
    }
    found = []
    for turn in range(max(map(len, turns.values()))):
        for bank in sorted(turns):
            found += turns[bank][turn] if turn < len(turns[bank]) else []
    return found


transfers = st.lists(
    st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(1, 60)), min_size=1, max_size=4).map(
        lambda runs: sorted({first + i for first, length in runs for i in range(length)})
    ),
    min_size=1,
    max_size=4,
)


@given(transfers, st.data())
def test_the_order_is_that_of_a_plain_sort(numbers: list[list[int]], data: st.DataObject) -> None:
    is_write = [data.draw(st.booleans()) for _ in numbers]
    config = dram(
        data.draw(st.sampled_from([2048, 4096])),  # one rank or two
        ADDRESS_MAPPING_SCHEME=data.draw(st.sampled_from(SCHEMES)),
        TOTAL_ROW_ACCESSES=data.draw(st.sampled_from([1, 4, 1000])),
        ROW_BUFFER_POLICY=data.draw(st.sampled_from(["open_page", "close_page"])),
    )
    found = parts(gather_rows(bursts_of(*numbers), np.array(is_write), config))
    assert found == [
        plainly_gathered(transfer, write, config) for transfer, write in zip(numbers, is_write, strict=True)
    ]


def test_many_transfers_are_ordered_as_each_alone() -> None:
    config = dram()
    numbers = [list(range(start, start + 300)) for start in range(0, 300_000, 300)]
    found = parts(gather_rows(bursts_of(*numbers), np.ones(1000, dtype=bool), config))
    assert found == [plainly_gathered(transfer, True, config) for transfer in numbers]


def test_writes_take_a_row_in_turns_and_reads_in_sequence_stay() -> None:
    stream = list(range(80))
    written, read = parts(gather_rows(bursts_of(stream, stream), np.array([True, False]), dram()))
    assert written[:10] == [0, 8, 16, 24, 32, 1, 9, 17, 25, 33]
    assert written[40:45] == [40, 48, 56, 64, 72]
    assert read == stream


def test_ranks_take_turns() -> None:
    (found,) = parts(gather_rows(bursts_of(list(range(160))), np.array([False]), dram(4096)))
    ranks = dram(4096).map_address([number * 64 for number in found]).rank
    assert ranks.tolist() == [0] * 40 + [1] * 40 + [0] * 40 + [1] * 40


def test_reads_in_one_bank_after_the_other_are_gathered() -> None:
    rows = [column * 8 + row * 1024 for row in range(4) for column in range(2)]  # of bank 0
    other = [number + 1 for number in rows]
    (found,) = parts(gather_rows(bursts_of(sorted(rows + other)), np.array([False]), dram()))
    assert found[:4] == [0, 8, 1, 9]


@pytest.mark.parametrize("is_write", [False, True])
@pytest.mark.parametrize("part", [PART, "DDR3L_micron_64M_8B_x8_sg107", "DDR3_micron_32M_8B_x8_sg25E"])
def test_a_row_change_takes_as_long_in_the_engine(part: str, is_write: bool) -> None:
    config = DramConfig.from_ini(part)
    numbers = [0, 8, 16, 24, 32, 1 << 16]  # as many as a row serves, so that it has been open for long enough
    where = config.map_address([number * 64 for number in numbers])
    assert set(where.bank.tolist()) == {0} and len(set(where.row.tolist())) == 2
    done = replay([0] * 6, [number * 64 for number in numbers], [is_write] * 6, config, commands=True)
    ticks = done.commands[done.commands["command"].isin(["RD", "WR"])]["tick"].tolist()
    assert ticks[5] - ticks[4] == row_change_ticks(config, is_write)


def test_what_one_activation_serves() -> None:
    assert accesses_per_activation(dram()) == 5
    assert accesses_per_activation(dram(TOTAL_ROW_ACCESSES=16)) == 17
    assert accesses_per_activation(dram(ROW_BUFFER_POLICY="close_page")) == 1
    assert accesses_per_activation(DramConfig.from_ini(PART, mode="strict")) == 4


def test_gathered_writes_keep_the_bus_busy() -> None:
    config = dram(REFRESH_PERIOD=7_800_000)  # refreshes aside
    stream = bursts_of(list(range(8000)))
    ticks = {}
    for name, bursts in (("plain", stream), ("gathered", gather_rows(stream, np.array([True]), config))):
        port = RequestPort(config)
        port.submit(bursts.addresses, True)
        ((_, ticks[name]),) = port.advance(1 << 40)
    assert 8000 * 4 / ticks["gathered"] > 0.99
    assert 8000 * 4 / ticks["plain"] < 0.95

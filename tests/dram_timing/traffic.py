"""Memories and streams for the tests of legality: every part, policy, structure and mapping."""

import numpy as np
from hypothesis import strategies as st

from scanfuse.dram import DramConfig, parts

POLICIES = ["open_page", "close_page"]
STRUCTURES = ["per_rank", "per_rank_per_bank"]
ORDERS = ["rank_then_bank_round_robin", "bank_then_rank_round_robin"]
MAPPINGS = [f"scheme{number}" for number in range(1, 8)]
RANKS = [1, 2, 4, 16]


def settings_of(part):
    return dict(DramConfig.from_ini(part).files)


def capacity_mib(c, ranks):
    """Megabytes that make so many ranks per channel."""
    rank_bits = c["NUM_ROWS"] * c["NUM_COLS"] * c["NUM_BANKS"] * c["JEDEC_DATA_BUS_BITS"]
    return (rank_bits >> 23) * ranks * c["NUM_CHANS"]


@st.composite
def shipped(draw, part=None):
    """A part as it is, under any controller: (settings, ranks per channel)."""
    c = settings_of(part or draw(st.sampled_from(parts())))
    c["NUM_CHANS"] = draw(st.sampled_from([1, 1, 2]))
    c["TRANS_QUEUE_DEPTH"] = draw(st.sampled_from([1, 4, 32]))
    c["CMD_QUEUE_DEPTH"] = draw(st.sampled_from([2, 4, 32]))
    c["TOTAL_ROW_ACCESSES"] = draw(st.sampled_from([1, 4, 64]))
    c["USE_LOW_POWER"] = draw(st.booleans())
    c["ROW_BUFFER_POLICY"] = draw(st.sampled_from(POLICIES))
    c["SCHEDULING_POLICY"] = draw(st.sampled_from(ORDERS))
    c["ADDRESS_MAPPING_SCHEME"] = draw(st.sampled_from(MAPPINGS))
    c["QUEUING_STRUCTURE"] = draw(st.sampled_from(STRUCTURES))
    return c, draw(st.sampled_from(RANKS))


@st.composite
def streams(draw, longest=60):
    """Requests (cycle, address, is_write, force) in runs over a few regions: dense, sparse, with gaps in
    which ranks fall asleep, and a tail of refreshes."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    gap = draw(st.sampled_from([0, 0, 1, 4, 40]))
    pause = draw(st.sampled_from([0, 30, 60, 7000]))
    writes = draw(st.sampled_from([0.0, 0.3, 0.5, 1.0]))
    step = draw(st.sampled_from([32, 64, 64, 4096, 1 << 17, 0]))
    forced = draw(st.sampled_from([0.0, 0.0, 0.3]))
    regions = [int(each) for each in rng.integers(0, 1 << 36, 5)]
    requests, cycle = [], 0
    for _ in range(draw(st.integers(1, longest))):
        region, write = int(rng.integers(5)), bool(rng.random() < writes)
        if rng.random() < 0.3:
            cycle += int(rng.integers(pause + 1))
        for _ in range(int(rng.integers(1, 12))):
            cycle += int(rng.integers(gap + 1))
            address = regions[region] if step else int(rng.integers(0, 1 << 36))
            requests.append((cycle, address, write, bool(rng.random() < forced)))
            regions[region] += step
    return requests

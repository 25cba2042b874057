"""Are the commands legal? The checker of `jedec.py` over any traffic on any memory.

In `dramsim2` mode it finds what is known, and only where it is known to be: `KNOWN` says for each rule in
which memories. The numbers of the quirks are those of docs/dram-modes.md.
"""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jedec import Latencies, violations
from test_twin import configure, memories
from traffic import POLICIES, STRUCTURES, capacity_mib, settings_of, shipped, streams

from scanfuse.dram import DramConfig, parts, replay

COMMON = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}


def asleep(c, ranks):
    """Q17: leaving power-down forgets tRC, tRRD and the end of an automatic precharge."""
    return c["USE_LOW_POWER"]


def closes(c, ranks):
    return c["ROW_BUFFER_POLICY"] == "close_page"


def auto_precharge(c, ranks):
    """Q17, and J3: what comes next waits for AL+tRTP+tRP, be tRAS not over or the burst long."""
    burst = c["BL"] // 2
    late = burst > c["tCCD"] or c["tRTP"] < c["tCCD"] or c["tRC"] < c["tRAS"] + c["tRP"]
    return closes(c, ranks) and (c["USE_LOW_POWER"] or late)


def bus(c, ranks):
    """Q7: a bank that opens after a burst has been ordered does not feel it. J4 for one rank."""
    soon = c["tRCD"] - c["AL"] < c["BL"] // 2 + c["tRTRS"]
    return (ranks > 1 and soon) or column_delays_shrink(c, ranks)


def column_delays_shrink(c, ranks):
    """J4: RDA and WRA set the next column access of their bank to its next activate, be that sooner. The
    bank must open again, and be ready, before the delay is over."""
    t = Latencies.of(c)
    reopened = min(c["AL"] + c["tRTP"], t.write_to_precharge) + c["tRP"] + c["tRCD"] - c["AL"]
    return closes(c, ranks) and reopened < max(
        t.write + t.burst + c["tWTR"], c["tCCD"], t.burst + c["tRTRS"] + 1
    )


def columns(c, ranks):
    """J5: between a read and a write tCCD does not count."""
    t = Latencies.of(c)
    turn = min(t.burst + c["tRTRS"] + 1, t.write + t.burst + c["tWTR"])
    return c["tCCD"] > turn or column_delays_shrink(c, ranks)


def chopped(c, ranks):
    """J2: the precharge after a burst shorter than tCCD comes tCCD-BL/2 too soon."""
    return not closes(c, ranks) and c["BL"] // 2 < c["tCCD"]


def reads_in_flight(c, ranks):
    """J1: a rank falls asleep when its banks are idle, even while it sends data."""
    t = Latencies.of(c)
    idle = min(c["AL"] + t.burst, t.read_to_precharge) + c["tRP"]
    return c["USE_LOW_POWER"] and idle <= t.read + t.burst


def naps(c, ranks):
    """J6: a rank that has just woken up may fall asleep again before tCKE is over."""
    awake = c["tXP"] + min(c["tRFC"], c["tRCD"] + c["BL"] // 2 + c["tRP"])  # for a refresh, for a request
    return c["USE_LOW_POWER"] and awake < c["tCKE"]


def overtaken(c, ranks):
    """Q4: a rank that falls due takes the place of one that still waits: of another, or its own, where the
    banks, which finish and close one after the other (Q18), are at it for longer than a period."""
    t = Latencies.of(c)
    turn = max(t.write + t.burst + c["tWTR"], t.burst + c["tRTRS"] + 1, c["tCCD"], t.burst)
    begun = max(c["tRC"], c["tRAS"], c["tRCD"]) + c["tRRD"]
    bank = turn + max(t.write_to_precharge, t.read_to_precharge) + c["tRP"]
    return ranks > 1 or begun + c["NUM_BANKS"] * bank > c["REFRESH_PERIOD"] / c["tCK"]


KNOWN = {
    "tRC": asleep,
    "tRRD": asleep,
    "auto-precharge": auto_precharge,
    "data bus": bus,
    "tCCD": columns,
    "tWTR": column_delays_shrink,
    "tRTP": chopped,
    "tRDPDEN": reads_in_flight,
    "tCKE": naps,
    "tREFI": overtaken,
    "refreshes owed": overtaken,
}


def run(cfg, c, ranks, requests, extra=3000):
    """The violations of a stream, and the commands."""
    assert cfg.num_ranks == ranks
    cycles, addresses, is_write, force = zip(*requests, strict=True)
    result = replay(cycles, addresses, is_write, cfg, force=force, commands=True, extra=extra)
    commands = list(result.commands.itertuples(index=False, name=None))
    return violations(commands, c, ranks, result.ticks), commands


def check_known(cfg, c, ranks, requests):
    found, _ = run(cfg, c, ranks, requests)
    unknown = [each for each in found if each.rule not in KNOWN or not KNOWN[each.rule](c, ranks)]
    assert unknown == []


@settings(max_examples=250, **COMMON)
@given(shipped(), streams())
def test_shipped_parts_break_only_what_is_known(memory, requests):
    c, ranks = memory
    check_known(DramConfig.from_ini(c, {}, capacity_mib(c, ranks)), c, ranks, requests)


@settings(max_examples=150, **COMMON)
@given(memories(), streams())
def test_any_memory_breaks_only_what_is_known(memory, requests):
    check_known(configure(*memory), *memory, requests)


@pytest.mark.slow
@settings(max_examples=3000, **COMMON)
@given(st.one_of(shipped(), memories()), streams(200))
def test_nothing_else_turns_up_at_length(memory, requests):
    c, ranks = memory
    check_known(DramConfig.from_ini(c, {}, capacity_mib(c, ranks)), c, ranks, requests)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("part", parts())
def test_one_rank_awake_is_legal(part, policy, structure):
    """Away from the quirks every part is legal (ST-*: from read to precharge, J2)."""
    c = settings_of(part) | {
        "USE_LOW_POWER": False,
        "ROW_BUFFER_POLICY": policy,
        "QUEUING_STRUCTURE": structure,
    }
    requests = [(0, n * 64 + (n % 7) * (1 << 22), n % 3 == 0, False) for n in range(400)]
    found, _ = run(DramConfig.from_ini(c, {}, capacity_mib(c, 1)), c, 1, requests, extra=60_000)
    assert {each.rule for each in found} == (
        {"tRTP"} if part.startswith("ST") and policy == "open_page" else set()
    )


# --- each known one by an example --------------------------------------------------------------------

PART = "DDR3_micron_16M_8B_x8_sg15"
CLOSE = {"ROW_BUFFER_POLICY": "close_page", "QUEUING_STRUCTURE": "per_rank_per_bank"}
AWAKE = {"USE_LOW_POWER": False}
POSTED = {"AL": 9, "tRCD": 12}  # just inside 1 + tRCD - AL >= BL/2
SHORT = {"tWR": 1, "tRP": 1, "tRCD": 1, "tRC": 1, "tRAS": 1, "tWTR": 9}


def spread(size, gap=0, writes=0.0):
    """Requests all over the place, `gap` ticks apart."""
    rng = np.random.default_rng(1)
    addresses = rng.integers(0, 1 << 36, size).tolist()
    return [(n * gap, address, bool(rng.random() < writes), False) for n, address in enumerate(addresses)]


def pair(cycle, address, write):
    """A read at tick 0 of address 0, and another request."""
    return [(0, 0, False, False), (cycle, address, write, False)]


LINES = [(0, n * 64, n % 2 == 0, False) for n in range(40)]
ROWS = [(n, n << 20, n % 2 == 0, False) for n in range(200)]  # of one bank

# quirk: (part, changes, ranks, requests, rules broken)
EXAMPLES = {
    "Q4": (
        PART,
        CLOSE | AWAKE | {"ROW_BUFFER_POLICY": "open_page"},
        16,
        spread(30_000),
        {"tREFI", "refreshes owed"},
    ),
    "Q4, one rank": (
        PART,
        CLOSE | AWAKE | {"ROW_BUFFER_POLICY": "open_page", "AL": 10, "REFRESH_PERIOD": 225},
        1,
        spread(3000, writes=0.5),
        {"refreshes owed"},
    ),
    "Q7": (PART, POSTED | AWAKE, 2, LINES, {"data bus"}),
    "Q17": (PART, CLOSE, 2, pair(27, 1 << 20, False), {"tRC", "auto-precharge"}),
    "J1": ("DDR3_micron_32M_8B_x8_sg25E", CLOSE, 2, spread(300, 40), {"tRDPDEN"}),
    "J2": ("ST-1.2x", {}, 1, [(0, n * 32, False, False) for n in range(40)], {"tRTP"}),
    "J3": (PART, CLOSE | AWAKE | {"tRC": 1}, 1, ROWS, {"auto-precharge"}),
    "J4": (PART, CLOSE | AWAKE | SHORT, 1, ROWS, {"tWTR"}),
    "J5": (PART, CLOSE | AWAKE | {"tCCD": 12, "tRTP": 12}, 1, pair(7, 64, True), {"tCCD"}),
    "J6": (PART, {"tRFC": 2, "tCKE": 20}, 1, spread(3, 9000), {"tCKE"}),
}


@pytest.mark.parametrize("quirk", EXAMPLES)
def test_each_known_violation_shows(quirk):
    part, changes, ranks, requests, rules = EXAMPLES[quirk]
    c = settings_of(part) | changes
    found, _ = run(DramConfig.from_ini(c, {}, capacity_mib(c, ranks)), c, ranks, requests)
    assert {each.rule for each in found} == rules

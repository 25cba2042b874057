"""Does the checker of command traces catch what it should, to the tick, and nothing else?"""

import pytest
from jedec import violations

from scanfuse.dram import DramConfig

BASE = {"tCK": 1.0, "REFRESH_PERIOD": 10**6, "NUM_CHANS": 1, "CL": 10, "AL": 0, "BL": 8, "tCMD": 1}
BASE |= {"tRCD": 10, "tRAS": 24, "tRC": 34, "tRP": 10, "tRTP": 5, "tWR": 10, "tWTR": 5, "tCCD": 4}
BASE |= {"tRRD": 4, "tFAW": 20, "tRFC": 74, "tCKE": 4, "tXP": 4, "tRTRS": 1}
WL, BURST = 9, 4
OPEN = (0, "ACT", 0, 0)  # row 0 of rank 0, bank 0, at tick 0
ACROSS = ((0, "ACT", 0, 0), (4, "ACT", 0, 1))
RANKS = ((0, "ACT", 0, 0), (1, "ACT", 1, 0))
SHUT = (OPEN, (24, "PRE", 0, 0))

# name of the case: (rule, settings, trace before, command, its first legal tick)
# A command of a trace is (tick, kind, rank, bank) and maybe the row.
GATES = {
    "ACT RD": ("tRCD", {"tRCD": 30}, (OPEN,), ("RD", 0, 0), 30),
    "ACT WRA": ("tRCD", {"tRCD": 30}, (OPEN,), ("WRA", 0, 0), 30),
    "ACT RD, posted": ("tRCD", {"tRCD": 30, "AL": 7}, (OPEN,), ("RD", 0, 0), 23),
    "ACT PRE": ("tRAS", {}, (OPEN,), ("PRE", 0, 0), 24),
    "ACT ACT": ("tRC", {"tRC": 50}, SHUT, ("ACT", 0, 0), 50),
    "PRE ACT": ("tRP", {"tRP": 40}, SHUT, ("ACT", 0, 0), 64),
    "PRE REF": ("tRP", {"tRP": 40}, SHUT, ("REF", 0, 0), 64),
    "PRE REF, another bank": (
        "tRP",
        {"tRP": 40},
        (*ACROSS, (28, "PRE", 0, 1), (29, "PRE", 0, 0)),
        ("REF", 0, 0),
        69,
    ),
    "RD PRE": ("tRTP", {"tRTP": 30}, (OPEN, (10, "RD", 0, 0)), ("PRE", 0, 0), 40),
    "RD PRE, posted": ("tRTP", {"tRTP": 30, "AL": 3}, (OPEN, (10, "RD", 0, 0)), ("PRE", 0, 0), 43),
    "RD PRE, burst of 16": ("tRTP", {"tRTP": 30, "BL": 16}, (OPEN, (10, "RD", 0, 0)), ("PRE", 0, 0), 44),
    "RD PRE, chopped burst": ("tRTP", {"tRTP": 30, "BL": 4}, (OPEN, (10, "RD", 0, 0)), ("PRE", 0, 0), 40),
    "WR PRE": ("tWR", {"tWR": 30}, (OPEN, (10, "WR", 0, 0)), ("PRE", 0, 0), 10 + WL + BURST + 30),
    "RD RD": ("tCCD", {"tCCD": 12}, (OPEN, (10, "RD", 0, 0)), ("RD", 0, 0), 22),
    "RD RD, another bank": ("tCCD", {"tCCD": 12}, (*ACROSS, (20, "RD", 0, 0)), ("RD", 0, 1), 32),
    "WR WR": ("tCCD", {"tCCD": 12}, (OPEN, (10, "WR", 0, 0)), ("WR", 0, 0), 22),
    "RD WR": ("tCCD", {"tCCD": 12}, (OPEN, (10, "RD", 0, 0)), ("WR", 0, 0), 22),
    "WR RD": ("tWTR", {}, (OPEN, (10, "WR", 0, 0)), ("RD", 0, 0), 10 + WL + BURST + 5),
    "WR RD, another bank": ("tWTR", {}, (*ACROSS, (20, "WR", 0, 0)), ("RD", 0, 1), 20 + WL + BURST + 5),
    "WR RD, posted": ("tWTR", {"AL": 6}, (OPEN, (10, "WR", 0, 0)), ("RD", 0, 0), 10 + WL + BURST + 5),
    "ACT ACT, another bank": ("tRRD", {"tRRD": 25}, (OPEN,), ("ACT", 0, 1), 25),
    "ACT ACT, another bank, not the last": (
        "tRRD",
        {"tRRD": 55, "tRC": 10, "tFAW": 1},
        (OPEN, (60, "ACT", 0, 1), (84, "PRE", 0, 1), (95, "ACT", 0, 1)),
        ("ACT", 0, 2),
        150,
    ),
    "five ACT": (
        "tFAW",
        {"tFAW": 60},
        ((0, "ACT", 0, 0), (4, "ACT", 0, 1), (8, "ACT", 0, 2), (12, "ACT", 0, 3)),
        ("ACT", 0, 4),
        60,
    ),
    "REF ACT": ("tRFC", {}, ((0, "REF", 0, 0),), ("ACT", 0, 3), 74),
    "REF REF": ("tRFC", {}, ((0, "REF", 0, 0),), ("REF", 0, 0), 74),
    "PDX ACT": ("tXP", {"tXP": 20}, ((0, "PDE", 0, 0), (9, "PDX", 0, 0)), ("ACT", 0, 2), 29),
    "PDX REF": ("tXP", {"tXP": 20}, ((0, "PDE", 0, 0), (9, "PDX", 0, 0)), ("REF", 0, 0), 29),
    "PDE PDX": ("tCKE", {}, ((0, "PDE", 0, 0),), ("PDX", 0, 0), 4),
    "PDX PDE": ("tCKE", {}, ((0, "PDE", 0, 0), (9, "PDX", 0, 0)), ("PDE", 0, 0), 13),
    "RD PDE": ("tRDPDEN", {}, (OPEN, (10, "RD", 0, 0)), ("PDE", 0, 0), 25),
    "RDA PDE": ("tRDPDEN", {}, (OPEN, (10, "RDA", 0, 0)), ("PDE", 0, 0), 25),
    "WR PDE": ("tWRPDEN", {}, (OPEN, (10, "WR", 0, 0)), ("PDE", 0, 0), 10 + WL + BURST + 10),
    "WRA PDE": ("tWRAPDEN", {}, (OPEN, (10, "WRA", 0, 0)), ("PDE", 0, 0), 10 + WL + BURST + 11),
    "ACT PDE": ("tACTPDEN", {}, (OPEN,), ("PDE", 0, 0), 1),
    "PRE PDE": ("tPRPDEN", {}, SHUT, ("PDE", 0, 0), 25),
    "REF PDE": ("tREFPDEN", {}, ((5, "REF", 0, 0),), ("PDE", 0, 0), 6),
    "RDA ACT, by tRAS": ("auto-precharge", {"tRC": 1}, (OPEN, (10, "RDA", 0, 0)), ("ACT", 0, 0), 34),
    "RDA ACT, by tRTP": (
        "auto-precharge",
        {"tRC": 1, "tRTP": 20, "AL": 2},
        (OPEN, (10, "RDA", 0, 0)),
        ("ACT", 0, 0),
        42,
    ),
    "WRA ACT": ("auto-precharge", {}, (OPEN, (10, "WRA", 0, 0)), ("ACT", 0, 0), 10 + WL + BURST + 20),
    "RDA REF": ("auto-precharge", {}, (OPEN, (10, "RDA", 0, 0)), ("REF", 0, 0), 34),
    "command bus": ("command bus", {}, (OPEN,), ("ACT", 1, 0), 1),
    "command bus of two ticks": ("command bus", {"tCMD": 2}, (OPEN,), ("ACT", 1, 0), 2),
    # The bus changes hands: tRTRS between the bursts.
    "RD RD, other rank": ("data bus", {"tRTRS": 9}, (*RANKS, (20, "RD", 0, 0)), ("RD", 1, 0), 33),
    "WR WR, other rank": ("data bus", {"tRTRS": 9}, (*RANKS, (20, "WR", 0, 0)), ("WR", 1, 0), 33),
    "WR RD, other rank": ("data bus", {"tRTRS": 9}, (*RANKS, (20, "WR", 0, 0)), ("RD", 1, 0), 32),
    "RD WR, other rank": ("data bus", {"tRTRS": 9}, (*RANKS, (20, "RD", 0, 0)), ("WR", 1, 0), 34),
    "RD WR, same rank": ("data bus", {"tRTRS": 9}, (OPEN, (20, "RD", 0, 0)), ("WR", 0, 0), 34),
    "RD RD, by burst": ("data bus", {"BL": 16}, (OPEN, (20, "RD", 0, 0)), ("RD", 0, 0), 28),
}
# rule: a trace that breaks it whenever it comes
NEVER = {
    "CAS to a closed bank": ("row", [(50, "RD", 0, 0)]),
    "CAS to a precharged bank": ("row", [*SHUT, (50, "WR", 0, 0)]),
    "CAS after RDA": ("row", [OPEN, (10, "RDA", 0, 0), (20, "RD", 0, 0)]),
    "CAS to another row": ("row", [OPEN, (50, "RD", 0, 0, 7)]),
    "ACT of an open bank": ("row", [OPEN, (80, "ACT", 0, 0, 7)]),
    "REF with an open row": ("row", [OPEN, (200, "REF", 0, 0)]),
    "command to a rank asleep": ("power-down", [(0, "PDE", 0, 0), (50, "ACT", 0, 0)]),
    "asleep twice": ("power-down", [(0, "PDE", 0, 0), (50, "PDE", 0, 0)]),
    "awake twice": ("power-down", [(50, "PDX", 0, 0)]),
}


def rules(trace, settings=(), end=0, ranks=2):
    c = BASE | dict(settings)
    rows = [(tick, kind, 0, rank, bank, *(row or [0]), 0) for tick, kind, rank, bank, *row in trace]
    return [each.rule for each in violations(rows, c, ranks, end)]


@pytest.mark.parametrize("name", GATES)
def test_a_gap_is_legal_at_its_tick_and_illegal_one_before(name):
    rule, settings, before, command, tick = GATES[name]
    assert rules(before, settings) == []
    for late in (0, 1, 100):
        assert rules([*before, (tick + late, *command)], settings) == []
    assert rules([*before, (tick - 1, *command)], settings) == [rule]


@pytest.mark.parametrize("name", NEVER)
def test_what_is_never_legal(name):
    rule, trace = NEVER[name]
    assert rules(trace[:-1]) == []
    assert rules(trace) == [rule]


def test_ranks_and_banks_are_apart():
    other_rank = [OPEN, (1, "ACT", 1, 0), (10, "RD", 0, 0), (15, "RD", 1, 0), (16, "REF", 2, 0)]
    assert rules(other_rank, ranks=3) == []
    c = BASE | {"NUM_CHANS": 2}
    same_tick = [(0, "ACT", channel, 0, 0, 0, 0) for channel in (0, 1)]
    assert violations(same_tick, c, 1, 0) == []


REFRESHED = {"REFRESH_PERIOD": 1000}


def refreshes(*ticks):
    return [(tick, "REF", 0, 0) for tick in ticks]


def test_refreshes_may_be_nine_intervals_apart_and_no_further():
    assert rules(refreshes(1000, 10000, *range(10100, 11000, 100)), REFRESHED, 11000, ranks=1) == []
    assert rules(refreshes(1000, 10001, *range(10100, 11000, 100)), REFRESHED, 11000, ranks=1) == ["tREFI"]


def test_eight_refreshes_may_be_owed_at_the_end_and_no_more():
    assert rules([], REFRESHED, 8999, ranks=1) == []
    assert rules([], REFRESHED, 9000, ranks=1) == ["refreshes owed"]
    assert rules(refreshes(500), REFRESHED, 9500, ranks=1) == []
    assert rules([], REFRESHED, 9001, ranks=2) == ["tREFI", "refreshes owed"] * 2


def test_one_refresh_in_two_is_too_few():
    every_other = refreshes(*range(2000, 32000, 2000))
    assert set(rules(every_other, REFRESHED, 32000, ranks=1)) == {"refreshes owed"}
    assert rules(refreshes(*range(1000, 32000, 1000)), REFRESHED, 32000, ranks=1) == []


def test_refreshes_are_not_hoarded():
    assert rules(refreshes(*range(0, 800, 100)), REFRESHED, 800, ranks=1) == []
    assert set(rules(refreshes(*range(0, 1200, 100)), REFRESHED, 1200, ranks=1)) == {"refreshes ahead"}


def test_the_base_is_a_part():
    part = DramConfig.from_ini("DDR3_micron_16M_8B_x8_sg15")
    same = set(BASE) - {"tCK", "REFRESH_PERIOD"}
    assert {key: part[key] for key in same} == {key: BASE[key] for key in same}

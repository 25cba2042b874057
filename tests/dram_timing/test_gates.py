"""Is every timing gate tight? Each delay, made the one that binds, is met to the tick, not a tick later."""

import pytest

from scanfuse.dram import DramConfig, replay

PART = "DDR3_micron_16M_8B_x8_sg15"  # 2 ranks of 8 banks at 2048 MiB
BASE = {"USE_LOW_POWER": False, "ADDRESS_MAPPING_SCHEME": "scheme2", "REFRESH_PERIOD": 7800}
CLOSE = {"ROW_BUFFER_POLICY": "close_page", "QUEUING_STRUCTURE": "per_rank_per_bank"}
WL, BURST = 9, 4  # of the part


def at(rank=0, bank=0, column=0, row=0):
    """The address of a place under scheme2 (from the lowest bits: rank, bank, column, row)."""
    return ((((row << 7 | column) << 3 | bank) << 1) | rank) << 6


def reads(*addresses):
    return [(address, False) for address in addresses]


def writes(*addresses):
    return [(address, True) for address in addresses]


SAME_BANK = (at(), at(row=1))
TWO_RANKS = (at(), at(rank=1))
ROW = (at(), at(column=1))

# name: (parameter, value, other settings, requests, earlier command, later command, distance - value)
# A command is (name, rank or None, how manieth of these).
GATES = {
    "activate to read": ("tRCD", 30, {}, reads(at()), ("ACT", 0, 0), ("RD", 0, 0), 0),
    "activate to write": ("tRCD", 30, {}, writes(at()), ("ACT", 0, 0), ("WR", 0, 0), 0),
    "activate to read, posted": ("tRCD", 30, {"AL": 7}, reads(at()), ("ACT", 0, 0), ("RD", 0, 0), -7),
    "activate to activate, other bank": (
        "tRRD",
        25,
        {},
        reads(at(), at(bank=1)),
        ("ACT", 0, 0),
        ("ACT", 0, 1),
        0,
    ),
    "four activates": (
        "tFAW",
        60,
        {},
        reads(*(at(bank=bank) for bank in range(5))),
        ("ACT", 0, 0),
        ("ACT", 0, 4),
        0,
    ),
    "activate to activate, same bank": ("tRC", 90, {}, reads(*SAME_BANK), ("ACT", 0, 0), ("ACT", 0, 1), 0),
    "activate to precharge": ("tRAS", 60, {}, reads(at()), ("ACT", 0, 0), ("PRE", 0, 0), 0),
    "precharge to activate": ("tRP", 40, {}, reads(*SAME_BANK), ("PRE", 0, 0), ("ACT", 0, 1), 0),
    "read to precharge": ("tRTP", 40, {}, reads(at()), ("RD", 0, 0), ("PRE", 0, 0), BURST - 4),
    "write to precharge": ("tWR", 40, {}, writes(at()), ("WR", 0, 0), ("PRE", 0, 0), WL + BURST),
    "read to read": ("tCCD", 12, {}, reads(*ROW), ("RD", 0, 0), ("RD", 0, 1), 0),
    "write to write": ("tCCD", 12, {}, writes(*ROW), ("WR", 0, 0), ("WR", 0, 1), 0),
    "read to read, by burst": (
        "BL",
        32,
        {"tCCD": 2, "tRCD": 16},
        reads(*ROW),
        ("RD", 0, 0),
        ("RD", 0, 1),
        -16,
    ),
    "write to read": (
        "tWTR",
        20,
        {},
        writes(at()) + reads(at(column=1)),
        ("WR", 0, 0),
        ("RD", 0, 0),
        WL + BURST,
    ),
    "read to write": (
        "tRTRS",
        10,
        {},
        reads(at()) + writes(at(column=1)),
        ("RD", 0, 0),
        ("WR", 0, 0),
        BURST + 1,
    ),
    "read to read, other rank": ("tRTRS", 9, {}, reads(*TWO_RANKS), ("RD", 0, 0), ("RD", 1, 0), BURST),
    "write to write, other rank": ("tRTRS", 9, {}, writes(*TWO_RANKS), ("WR", 0, 0), ("WR", 1, 0), BURST),
    "write to read, other rank": (
        "tRTRS",
        9,
        {},
        writes(at()) + reads(at(rank=1)),
        ("WR", 0, 0),
        ("RD", 1, 0),
        BURST - 1,
    ),
    "read to write, other rank": (
        "tRTRS",
        9,
        {},
        reads(at()) + writes(at(rank=1)),
        ("RD", 0, 0),
        ("WR", 1, 0),
        BURST + 1,
    ),
    "auto-precharged read to activate": (
        "tRP",
        40,
        CLOSE,
        reads(*SAME_BANK),
        ("RDA", 0, 0),
        ("ACT", 0, 1),
        5,
    ),
    "auto-precharged write to activate": (
        "tWR",
        40,
        CLOSE,
        writes(*SAME_BANK),
        ("WRA", 0, 0),
        ("ACT", 0, 1),
        WL + BURST + 10,
    ),
}


def run(overrides, requests, cycle=0):
    # BL belongs to the mapping too, so everything goes in as a file.
    files = dict(DramConfig.from_ini(PART).files) | BASE | overrides
    cfg = DramConfig.from_ini(files, {}, 2048)
    addresses, kinds = zip(*requests, strict=True)
    return replay([cycle] * len(requests), addresses, kinds, cfg, commands=True, extra=400).commands


def tick_of(commands, which):
    name, rank, index = which
    found = commands[(commands["command"] == name) & (commands["rank"] == rank)]
    return int(found["tick"].iloc[index])


@pytest.mark.parametrize("name", GATES)
def test_gate_is_tight(name):
    parameter, value, others, requests, earlier, later, offset = GATES[name]
    if parameter == "BL":
        # The only gate in beats; the addresses grow with the burst.
        longer = [(address * 4, kind) for address, kind in requests]
        commands = run(others | {"BL": value}, longer)
        assert tick_of(commands, later) - tick_of(commands, earlier) == value + offset
        return
    for delay in (value, value + 1, value + 7):
        commands = run(others | {parameter: delay}, requests)
        assert tick_of(commands, later) - tick_of(commands, earlier) == delay + offset


@pytest.mark.parametrize("delay", [150, 151])
def test_refresh_to_activate(delay):
    """The request is there in good time; only the refresh keeps it waiting."""
    commands = run({"tRFC": delay}, reads(at()), cycle=2600)
    assert tick_of(commands, ("REF", 0, 0)) == 2600
    assert tick_of(commands, ("ACT", 0, 0)) == 2600 + delay


@pytest.mark.parametrize(("tcke", "txp"), [(30, 20), (31, 20), (30, 21), (5, 0)])
def test_power_down_gates(tcke, txp):
    """An idle rank is down from tick 0; it leaves no sooner than tCKE and activates no sooner than tXP."""
    commands = run({"USE_LOW_POWER": True, "tCKE": tcke, "tXP": txp}, reads(at()), cycle=1)
    assert tick_of(commands, ("PDE", 0, 0)) == 0
    assert tick_of(commands, ("PDX", 0, 0)) == tcke
    assert tick_of(commands, ("ACT", 0, 0)) == tcke + max(txp, 1)


def test_a_rank_wakes_up_in_time_for_its_refresh():
    commands = run({"USE_LOW_POWER": True, "tXP": 13}, reads(at()), cycle=6000)
    wakes = commands[(commands["command"] == "PDX") & (commands["rank"] == 0)]["tick"]
    assert int(wakes.iloc[0]) == 2600 - 13
    assert tick_of(commands, ("REF", 0, 0)) == 2600


def test_a_row_serves_one_more_access_than_its_cap_of_hits():
    """Quirk Q3."""
    commands = run({"TOTAL_ROW_ACCESSES": 3}, reads(*(at(column=column) for column in range(9))))
    order = [name for name in commands["command"] if name in ("RD", "ACT", "PRE")]
    assert order == ["ACT", *["RD"] * 4, "PRE", "ACT", *["RD"] * 4, "PRE", "ACT", "RD", "PRE"]

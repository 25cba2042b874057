"""The parts of our own: delays are those of the speed bins, currents are what their label says."""

import itertools
import re
from decimal import ROUND_CEILING, Decimal

import numpy as np
import pytest

from scanfuse.dram import DramConfig, parts, replay
from scanfuse.dram.parts import part_path, part_table

# JESD79-3F, speed bins and timing parameters by speed bin, 4 Gbit. Nanoseconds; of pairs, the second is for
# pages of 2 KB (x16).
BINS = {
    "sg187E": {"MT/s": 1066, "CL": 7, "tCK": "1.875", "tRCD": "13.125", "tRP": "13.125", "tRAS": "37.5"}
    | {"tRC": "50.625", "tRRD": ("7.5", "10"), "tFAW": ("37.5", "50"), "tCKE": "5.625", "tXP": "7.5"},
    "sg15E": {"MT/s": 1333, "CL": 9, "tCK": "1.5", "tRCD": "13.5", "tRP": "13.5", "tRAS": "36"}
    | {"tRC": "49.5", "tRRD": ("6", "7.5"), "tFAW": ("30", "45"), "tCKE": "5.625", "tXP": "6"},
    "sg125": {"MT/s": 1600, "CL": 11, "tCK": "1.25", "tRCD": "13.75", "tRP": "13.75", "tRAS": "35"}
    | {"tRC": "48.75", "tRRD": ("6", "7.5"), "tFAW": ("30", "40"), "tCKE": "5", "tXP": "6"},
    "sg107": {"MT/s": 1866, "CL": 13, "tCK": "1.071", "tRCD": "13.91", "tRP": "13.91", "tRAS": "34"}
    | {"tRC": "47.91", "tRRD": ("5", "6"), "tFAW": ("27", "35"), "tCKE": "5", "tXP": "6"},
}
ALL = {"tRTP": "7.5", "tWTR": "7.5", "tWR": "15", "tRFC": "260"}
LEAST = {"tRRD": 4, "tRTP": 4, "tWTR": 4, "tCKE": 3, "tXP": 3}  # ticks
FAMILIES = {"DDR3": 1.5, "DDR3L": 1.35}  # volts
DIES = {4: "128M_8B_x4", 8: "64M_8B_x8", 16: "32M_8B_x16"}
OURS = [
    f"{family}_micron_{die}_{bin}" for family, die, bin in itertools.product(FAMILIES, DIES.values(), BINS)
]
CURRENTS = "IDD0 IDD1 IDD2P IDD2Q IDD2N IDD3Pf IDD3Ps IDD3N IDD4W IDD4R IDD5 IDD6 IDD6L IDD7".split()


def ticks(ns: str, tck: str, least: int = 0) -> int:
    return max(least, int((Decimal(ns) / Decimal(tck)).to_integral_value(ROUND_CEILING)))


def test_each_speed_comes_in_each_width_and_voltage():
    assert len(OURS) == 24
    assert set(OURS) <= set(parts())


@pytest.mark.parametrize("name", OURS)
def test_no_delay_is_shorter_than_its_bin_allows_nor_a_tick_longer(name):
    cfg = DramConfig.from_ini(name)
    sheet = BINS[name.rsplit("_", 1)[1]]
    wide = cfg["DEVICE_WIDTH"] == 16
    tck = Decimal(str(sheet["tCK"]))
    assert (cfg.tck_ps, cfg["CL"], cfg["BL"], cfg["tCCD"]) == (tck * 1000, sheet["CL"], 8, 4)
    assert abs(2000 / tck - sheet["MT/s"]) < 2
    for key, given in {**sheet, **ALL}.items():
        if key in ("MT/s", "CL", "tCK"):
            continue
        ns = Decimal(given[wide] if isinstance(given, tuple) else given)
        assert cfg[key] >= LEAST.get(key, 0), key
        assert cfg[key] * tck >= ns, key
        assert (cfg[key] - 1) * tck < ns or cfg[key] == LEAST.get(key), key
    assert cfg["tRC"] <= cfg["tRAS"] + cfg["tRP"]
    assert cfg["REFRESH_PERIOD"] == 7800
    assert cfg["NUM_BANKS"] * cfg["NUM_ROWS"] * cfg["NUM_COLS"] * cfg["DEVICE_WIDTH"] == 4 << 30
    assert cfg["NUM_COLS"] * cfg["DEVICE_WIDTH"] // 8 == (2048 if wide else 1024)
    assert cfg.vdd == FAMILIES[name.split("_")[0]]


@pytest.mark.parametrize("name", OURS)
def test_ticks_are_what_their_comments_say(name):
    text = part_path(name).read_text()
    tck = re.search(r"^tCK=(.*)$", text, re.M)[1]
    told = re.findall(r"^\w+=(\d+) ; (?:max\((\d+) tCK, )?([\d.]+) ns\)?$", text, re.M)
    assert len(told) == 12
    for value, least, ns in told:
        assert int(value) == ticks(ns, tck, int(least or 0))
    assert text.startswith(f"; {name}: Micron") and "\n; Source: " in text and "\n; Derived: " in text


@pytest.mark.parametrize("name", parts())
def test_every_part_serves_a_stream(name):
    random = np.random.default_rng(11)
    addresses = random.integers(0, 1 << 24, 300).astype(np.uint64) * 64
    run = replay(np.zeros(300, np.int64), addresses, random.random(300) < 0.3, DramConfig.from_ini(name))
    assert (run.completed > run.accepted).all()
    assert run.counters["reads"].sum() + run.counters["writes"].sum() == 300


def currents(name):
    cfg = DramConfig.from_ini(name)
    return {key: cfg[key] for key in CURRENTS}


def scaled(found):
    """At 1866 MT/s, if all that is not self refresh grew with the clock from 1600."""
    ratio = Decimal("1.25") / Decimal("1.071")
    return {key: found[key] if key[:4] == "IDD6" else ticks(found[key] * ratio, "1") for key in CURRENTS}


def test_every_part_says_where_its_currents_are_from():
    told = part_table(parts()).set_index("part")["currents"]
    assert set(told[OURS]) == {
        "unchecked",
        "upper bound: from sg125",
        "upper bound: from x8_sg107",
        "upper bound: from sg125, scaled",
    }
    assert set(told.drop(OURS)) == {"DRAMSim2"}
    for name in OURS:
        family, _, *die, bin = name.split("_")
        source = f"{family}_micron_{'_'.join(die)}_sg125"
        if told[name] == "upper bound: from sg125":
            assert bin in ("sg187E", "sg15E")
            assert currents(name) == currents(source)
        elif told[name] == "upper bound: from x8_sg107":
            source = f"{family}_micron_64M_8B_x8_sg107"
            assert currents(name) == currents(source)
        elif told[name] == "upper bound: from sg125, scaled":
            assert currents(name) == scaled(currents(source))
        if told[name] != "unchecked":
            assert source in part_path(name).read_text() and told[source] == "unchecked"


def test_the_bounds_hold_where_both_sides_are_known():
    """The x8 device is there at 1600 and at 1866, the x4 device at 1600."""
    for family in FAMILIES:
        slow, fast = (currents(f"{family}_micron_64M_8B_x8_{bin}") for bin in ("sg125", "sg107"))
        narrow = currents(f"{family}_micron_128M_8B_x4_sg125")
        for key in CURRENTS:
            assert slow[key] <= fast[key] <= scaled(slow)[key]
            assert narrow[key] <= slow[key]


def test_currents_do_not_wrap_in_parts_of_ours(recwarn):
    for name in OURS:
        DramConfig.from_ini(name)
    assert not recwarn

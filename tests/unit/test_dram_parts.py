"""The parts of our own: delays are those of the data sheets, rounded up to ticks."""

import re
from decimal import ROUND_CEILING, Decimal

import numpy as np
import pytest

from scanfuse.dram import DramConfig, parts, replay
from scanfuse.dram.parts import part_path

# JESD79-3F. Nanoseconds; of pairs, the second is for pages of 2 KB (x16).
BINS = {
    "sg125": {"tCK": "1.25", "CL": "13.75", "tRAS": "35", "tRC": "48.75", "tRRD": ("6", "7.5")}
    | {"tFAW": ("30", "40"), "tCKE": "5", "tXP": "6"},
    "sg107": {"tCK": "1.071", "CL": "13.91", "tRAS": "34", "tRC": "47.91", "tRRD": ("5", "6")}
    | {"tFAW": ("27", "35"), "tCKE": "5", "tXP": "6"},
}
ALL = {"tRTP": "7.5", "tWTR": "7.5", "tWR": "15", "tRFC": "260"}
LEAST = {"tRRD": 4, "tRTP": 4, "tWTR": 4, "tCKE": 3, "tXP": 3}
OURS = [name for name in parts() if re.search(r"_sg107$|DDR3L|(64M_8B_x8|128M_8B_x4|32M_8B_x16)_", name)]


def ticks(ns: str, tck: str, least: int = 0) -> int:
    return max(least, int((Decimal(ns) / Decimal(tck)).to_integral_value(ROUND_CEILING)))


def test_there_are_eight_of_them():
    assert len(OURS) == 8
    assert {re.search(r"_x(\d+)_", name)[1] for name in OURS} == {"4", "8", "16"}


@pytest.mark.parametrize("name", OURS)
def test_ticks_are_nanoseconds_rounded_up(name):
    cfg = DramConfig.from_ini(name)
    sheet = BINS[name.rsplit("_", 1)[1]] | ALL
    wide = cfg["DEVICE_WIDTH"] == 16
    tck = str(sheet["tCK"])
    assert cfg.tck_ps == Decimal(tck) * 1000
    for key, ns in {**sheet, "tRCD": sheet["CL"], "tRP": sheet["CL"]}.items():
        if key != "tCK":
            least_ns = ns[wide] if isinstance(ns, tuple) else ns
            assert cfg[key] == ticks(least_ns, tck, LEAST.get(key, 0)), key
    assert cfg["NUM_BANKS"] * cfg["NUM_ROWS"] * cfg["NUM_COLS"] * cfg["DEVICE_WIDTH"] == 4 << 30
    assert cfg.vdd == (1.35 if name.startswith("DDR3L") else 1.5)


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


def test_currents_do_not_wrap_in_parts_of_ours(recwarn):
    for name in OURS:
        DramConfig.from_ini(name)
    assert not recwarn

"""Replaying and driving memories: arguments, errors, and what is promised about cost."""

import subprocess
import sys
import time

import numpy as np
import pytest

from scanfuse.dram import DramConfig, DramConfigError, DramSystem, NoProgress, RequestPort, replay

PART = "DDR3_micron_32M_8B_x8_sg15"


@pytest.fixture
def cfg():
    return DramConfig.from_ini(PART)


def test_an_empty_stream_only_lets_time_pass(cfg):
    result = replay([], [], [], cfg, extra=100)
    assert result.ticks == 100
    assert len(result.accepted) == 0
    assert int(result.energy["background"].sum()) == 100 * 10 * 8  # powered down


def test_nanojoules(cfg):
    result = replay([0], [0], [False], cfg)
    energy = result.energy.iloc[0]
    assert int(energy["burst"]) == (255 - 90) * 4 * 8
    assert energy["burst_nj"] == pytest.approx(int(energy["burst"]) * 1.5 * 1.5e-3)
    parts = [energy[f"{name}_nj"] for name in ("background", "burst", "actpre", "refresh")]
    assert energy["total_nj"] == pytest.approx(sum(parts))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([0, 1], [0], [False]), "one length"),
        (([-1], [0], [False]), "cycles must not be negative"),
        (([0.5], [0], [False]), "cycles must be whole numbers"),
        (([0], [-64], [False]), "addresses must not be negative"),
        (([0], [0.5], [False]), "addresses must be whole numbers"),
    ],
)
def test_bad_streams_are_refused(cfg, arguments, words):
    with pytest.raises(ValueError, match=words):
        replay(*arguments, cfg)


def test_bad_options_are_refused(cfg):
    with pytest.raises(ValueError, match="feed='sideways'"):
        replay([0], [0], [False], cfg, feed="sideways")
    with pytest.raises(ValueError, match="per_cycle=-1"):
        replay([0], [0], [False], cfg, per_cycle=-1)
    with pytest.raises(ValueError, match="force must be as long as cycles"):
        replay([0], [0], [False], cfg, force=[True, False])
    with pytest.raises(ValueError, match="owners must be below"):
        replay([0], [0], [False], cfg, owners=[1 << 32])
    with pytest.raises(ValueError, match="address=-1"):
        DramSystem(cfg).add(-1, False, 0)


def test_what_was_not_recorded_is_not_empty_but_an_error(cfg):
    result = replay([0], [0], [False], cfg)
    for name in ("commands", "epochs", "last_epoch_power_w"):
        with pytest.raises(RuntimeError, match="were not recorded"):
            getattr(result, name)
    for ask in (DramSystem(cfg).commands, RequestPort(cfg).commands, RequestPort(cfg).log):
        with pytest.raises(RuntimeError, match="not recorded"):
            ask()


def test_a_full_queue_refuses(cfg):
    memory = DramSystem(cfg)
    for tag in range(32):
        memory.add(tag << 20, False, tag)
    assert not memory.can_accept(0)
    with pytest.raises(RuntimeError, match="channel 0 is full at tick 0: ask can_accept"):
        memory.add(0, False, 32)
    memory.advance(1)
    assert memory.can_accept(0)
    assert memory.pending == 32


def test_time_does_not_go_back(cfg):
    memory = DramSystem(cfg)
    memory.advance(10)
    with pytest.raises(ValueError, match="cannot go back to tick 9 from tick 10"):
        memory.advance(9)
    port = RequestPort(cfg)
    port.advance(10)
    with pytest.raises(ValueError, match="not_before_tick=9: must not lie before the current tick 10"):
        port.submit([0], False, not_before_tick=9)
    with pytest.raises(ValueError, match="at least one address"):
        port.submit([], False)
    with pytest.raises(ValueError, match="write_watermark=0"):
        RequestPort(cfg, write_watermark=0)


def test_a_memory_that_can_only_refresh_says_so():
    """Four ranks that leave each other no time; a single one is refused when configured."""
    changes = {"REFRESH_PERIOD": 7, "tCK": 1.0, "tRFC": 6, "USE_LOW_POWER": False}
    cfg = DramConfig.from_ini("DDR3_micron_16M_8B_x8_sg15", capacity_mib=4096, overrides=changes)
    addresses = np.arange(60) * 64 * 1031
    with pytest.raises(NoProgress, match="REFRESH_PERIOD/tCK must leave time after tRFC"):
        replay([400] * 60, addresses, np.arange(60) % 3 == 0, cfg)
    port = RequestPort(cfg)
    port.submit(addresses, False, not_before_tick=400)
    with pytest.raises(NoProgress):
        port.advance(1 << 50)
    with pytest.raises(DramConfigError, match=r"REFRESH_PERIOD=160: must be more than tRFC=107 ticks"):
        DramConfig.from_ini(PART, overrides={"REFRESH_PERIOD": 160})  # 106 ticks


def test_patience_is_not_spent_while_idle():
    """A request after a very long pause, in a memory that barely keeps up with its refreshes."""
    cfg = DramConfig.from_ini(PART, overrides={"REFRESH_PERIOD": 300})
    result = replay([0, 50_000_000], [0, 64], [False, False], cfg)
    assert result.completed[1] - 50_000_000 < 400


@pytest.mark.parametrize(
    ("part", "capacity_mib", "overrides"),
    [
        (PART, 2048, {}),
        ("DDR3_micron_16M_8B_x8_sg15", 4096, {"USE_LOW_POWER": False, "AL": 5}),
        ("DDR3_micron_16M_8B_x8_sg15", 8192, {"AL": 3}),
        ("DDR3_micron_16M_8B_x8_sg15", 2048, {"tCKE": 9000}),
        (
            "DDR2_micron_16M_8b_x8_sg3E",
            4096,
            {"ROW_BUFFER_POLICY": "close_page", "SCHEDULING_POLICY": "bank_then_rank_round_robin"},
        ),
    ],
)
def test_idle_stretches_are_passed_over_without_a_trace(part, capacity_mib, overrides):
    """Recording commands makes the engine go through every refresh; the figures are the same."""
    cfg = DramConfig.from_ini(part, capacity_mib=capacity_mib, overrides=overrides)
    rng = np.random.default_rng(0)
    cycles = np.cumsum(rng.choice([0, 3, 90000, 500001, 1234567], 100))
    addresses = rng.integers(0, 1 << 33, 100).astype(np.uint64)
    is_write = rng.random(100) < 0.4
    quick = replay(cycles, addresses, is_write, cfg, extra=700001)
    slow = replay(cycles, addresses, is_write, cfg, extra=700001, commands=True)
    assert quick.completed.tolist() == slow.completed.tolist()
    assert quick.energy.equals(slow.energy)
    assert quick.counters.equals(slow.counters)
    assert quick.ticks == slow.ticks


def test_idle_time_costs_nothing(cfg):
    began = time.process_time()
    memory = DramSystem(cfg)
    memory.advance(1 << 61)
    assert int(memory.counters()["refreshes"].sum()) == ((1 << 61) - 1) // 5200
    port = RequestPort(cfg)
    port.advance(1 << 60)
    port.submit([0], False, not_before_tick=(1 << 60) + 10**15)
    assert port.advance(1 << 61) == [(0, (1 << 60) + 10**15 + 29)]
    assert time.process_time() - began < 0.5


def test_pandas_is_not_imported_with_the_package():
    code = "import sys, scanfuse.dram; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_younger_request_may_pass_the_overflow_list_but_completions_keep_order():
    """Quirk Q6: with force, completions of one address come in order of acceptance."""
    cfg = DramConfig.from_ini(PART, overrides={"TRANS_QUEUE_DEPTH": 1})
    count = 40
    result = replay([0] * count, [0x40] * count, [False] * count, cfg, feed="pend")
    assert result.accepted.tolist() == [0] * count
    assert (np.diff(result.completed) > 0).all()

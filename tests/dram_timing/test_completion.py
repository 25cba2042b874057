"""Does every request that a memory accepts complete exactly once, with no queue longer than its settings?

Any memory, both modes, any stream, however it is fed and however the memory is advanced. Only requests that
do not ask for room (`force`, feed `pend`) may wait without bound, in the overflow list in front of the queue.
"""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_strict import strict_memories
from test_twin import memories
from traffic import capacity_mib, shipped, streams

from scanfuse.dram import DramConfig, DramSystem, replay

COMMON = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}


@st.composite
def configurations(draw):
    """A part or any memory, in either mode."""
    mode = draw(st.sampled_from(["dramsim2", "strict"]))
    c, ranks = draw(st.one_of(shipped(), memories() if mode == "dramsim2" else strict_memories()))
    return DramConfig.from_ini(c, {}, capacity_mib(c, ranks), mode=mode)


@st.composite
def feeds(draw):
    """How `replay` offers requests, and how long it goes on."""
    return {
        "feed": draw(st.sampled_from(["accept", "accept", "pend", "trace"])),
        "per_cycle": draw(st.sampled_from([0, 0, 1, 2])),
        "cpu_hz": draw(st.sampled_from([0, 0, 10**9, 3 * 10**8])),
        "extra": draw(st.sampled_from([0, 3000])),
    }


def when_done(cfg, commands):
    """Ticks at which the reads, and the writes, of a command trace complete."""
    latency = cfg["CL"] + cfg["AL"] + cfg["BL"] // 2
    reads = commands["tick"][commands["command"].isin(["RD", "RDA"])] + latency + cfg["tCMD"]
    writes = commands["tick"][commands["command"].isin(["WR", "WRA"])] + latency - 1
    return sorted(reads.tolist()), sorted(writes.tolist())


def check_replay(cfg, requests, how):
    cycles, addresses, is_write, force = (np.array(each) for each in zip(*requests, strict=True))
    result = replay(cycles, addresses, is_write, cfg, force=force, commands=True, **how)
    assert len(result.completed) == len(result.accepted) == len(requests)
    assert (result.accepted >= cycles).all()
    if not how["cpu_hz"]:
        assert (result.completed > result.accepted).all()
        assert result.completed.max() < result.ticks
    # One column access of its kind, where it lives, for each request; none besides.
    commands = result.commands
    accesses = commands[commands["command"].isin(["RD", "RDA", "WR", "WRA"])]
    served = zip(
        accesses["command"].str[:2], *(accesses[name] for name in cfg.map_address([0])._fields), strict=True
    )
    places = zip(*(each.tolist() for each in cfg.map_address(addresses)), strict=True)
    asked = [("WR" if write else "RD", *place) for write, place in zip(is_write, places, strict=True)]
    assert sorted(served) == sorted(asked)
    # And each access is the completion of one request.
    assert (sorted(result.completed[~is_write]), sorted(result.completed[is_write])) == when_done(
        cfg, commands
    )


@settings(max_examples=150, **COMMON)
@given(configurations(), streams(), feeds())
def test_each_request_completes_once_in_a_replay(cfg, requests, how):
    check_replay(cfg, requests, how)


@pytest.mark.slow
@settings(max_examples=3000, **COMMON)
@given(configurations(), streams(200), feeds())
def test_each_request_completes_once_in_a_replay_at_length(cfg, requests, how):
    check_replay(cfg, requests, how)


def most_waiting(cfg):
    """Requests a memory may hold whose access has not issued. A request takes two places of a command queue,
    its activate gives one back when it issues: so many fit as leave no two places."""
    per_bank = cfg["QUEUING_STRUCTURE"] == "per_rank_per_bank"
    queues = cfg.num_ranks * (cfg.num_banks if per_bank else 1)
    return cfg.num_channels * (cfg["TRANS_QUEUE_DEPTH"] + queues * (cfg["CMD_QUEUE_DEPTH"] - 1))


def check_system(cfg, requests, seed):
    rng = np.random.default_rng(seed)
    memory, expected, seen = DramSystem(cfg, commands=True), [], []

    def advance(until):
        begun = memory.tick
        tags, ticks = memory.advance(until)
        assert memory.tick == until
        assert sorted(ticks) == ticks.tolist()
        assert all(begun <= tick < until for tick in ticks)
        seen.extend(tags.tolist())

    for tag, (cycle, address, is_write, _) in enumerate(requests):
        while memory.tick < cycle:
            advance(min(cycle, memory.tick + int(rng.choice([1, 2, 7, 500]))))
        while not memory.can_accept(address):
            with pytest.raises(RuntimeError, match="full at tick"):
                memory.add(address, is_write, tag)
            advance(memory.tick + int(rng.choice([1, 2, 7])))
        memory.add(address, is_write, tag)
        expected.append(tag)
        assert memory.pending <= most_waiting(cfg)
    while len(seen) < len(expected):
        advance(memory.tick + int(rng.choice([1, 30, 5000])))
    advance(memory.tick + 50_000)
    assert sorted(seen) == expected
    assert memory.pending == 0
    assert memory.counters()[["reads", "writes"]].to_numpy().sum() == len(requests)


@settings(max_examples=100, **COMMON)
@given(configurations(), streams(30), st.integers(0, 2**32))
def test_each_request_completes_once_in_a_system(cfg, requests, seed):
    check_system(cfg, requests, seed)


@pytest.mark.slow
@settings(max_examples=2000, **COMMON)
@given(configurations(), streams(100), st.integers(0, 2**32))
def test_each_request_completes_once_in_a_system_at_length(cfg, requests, seed):
    check_system(cfg, requests, seed)


def test_a_full_memory_is_as_full_as_its_settings_allow():
    part = dict(DramConfig.from_ini("DDR3_micron_16M_8B_x8_sg15").files)
    slow = {"tRCD": 100, "tRRD": 1, "tFAW": 1}  # all activates issue before the first access
    cfg = DramConfig.from_ini(part | slow | {"CMD_QUEUE_DEPTH": 8, "TRANS_QUEUE_DEPTH": 4}, {}, 1024)
    memory, most = DramSystem(cfg), 0
    for tag in range(100):
        while not memory.can_accept(0):
            memory.advance(memory.tick + 1)
        memory.add(tag % 8 * 64, False, tag)
        most = max(most, memory.pending)
    assert most == most_waiting(cfg) == 4 + 7

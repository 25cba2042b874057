"""The engine equals its slow twin, whatever the configuration and the stream."""

import numpy as np
import pytest
from dram_twin import SCHEMES, Twin
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from scanfuse.dram import DramConfig, DramSystem, replay

ENERGIES = ("background", "burst", "actpre", "refresh")


@st.composite
def memories(draw):
    """Settings inside the domain of the model, and ranks per channel."""
    small = st.integers(0, 12)
    c = {name: draw(small) for name in "tRAS tRRD tRC tCCD tRTP tWTR tWR tRTRS tCKE tXP".split()}
    c["tRTRS"] = draw(st.integers(0, 3))
    c["tRP"] = draw(st.integers(1, 12))
    c["tFAW"] = draw(st.integers(1, 40))
    c["tRFC"] = draw(st.integers(1, 60))
    c["tCMD"] = 1
    c["tCK"], c["Vdd"] = 1.0, 1.5
    ranks = draw(st.sampled_from([1, 1, 2, 2, 4]))
    c["BL"] = draw(st.sampled_from([2, 4, 8]))
    c["tRCD"] = draw(st.integers(c["BL"] // 2 if ranks > 1 else 0, 14))
    # With several ranks 1+tRCD-AL must reach BL/2, or write bursts may collide (quirk Q8).
    most = min(c["tRCD"], 1 + c["tRCD"] - c["BL"] // 2) if ranks > 1 else c["tRCD"]
    c["AL"] = draw(st.sampled_from([0, 0, most, most // 2]))
    c["CL"] = draw(st.integers(max(2 - c["AL"], 0), 11))
    c["REFRESH_PERIOD"] = draw(st.sampled_from([150, 300, 700, 5000])) + ranks
    c["NUM_BANKS"] = draw(st.sampled_from([1, 2, 4, 8]))
    c["NUM_ROWS"], c["NUM_COLS"] = 1 << 13, 1 << 10
    c["DEVICE_WIDTH"] = draw(st.sampled_from([4, 8, 16]))
    c["JEDEC_DATA_BUS_BITS"] = draw(st.sampled_from([32, 64]))
    currents = "IDD0 IDD1 IDD2P IDD2Q IDD2N IDD3Pf IDD3Ps IDD3N IDD4W IDD4R IDD5 IDD6 IDD6L IDD7".split()
    c.update({name: draw(st.integers(0, 400)) for name in currents})
    c["NUM_CHANS"] = draw(st.sampled_from([1, 1, 2, 4]))
    c["TRANS_QUEUE_DEPTH"] = draw(st.sampled_from([1, 2, 5, 32]))
    c["CMD_QUEUE_DEPTH"] = draw(st.sampled_from([2, 3, 4, 9, 32]))
    c["EPOCH_LENGTH"] = draw(st.sampled_from([100, 1000]))
    c["TOTAL_ROW_ACCESSES"] = draw(st.sampled_from([1, 2, 4, 30]))
    c["USE_LOW_POWER"] = draw(st.booleans())
    c["ROW_BUFFER_POLICY"] = draw(st.sampled_from(["open_page", "close_page"]))
    c["SCHEDULING_POLICY"] = draw(
        st.sampled_from(["rank_then_bank_round_robin", "bank_then_rank_round_robin"])
    )
    c["ADDRESS_MAPPING_SCHEME"] = draw(st.sampled_from(sorted(SCHEMES)))
    c["QUEUING_STRUCTURE"] = draw(st.sampled_from(["per_rank", "per_rank_per_bank"]))
    return c, ranks


@st.composite
def streams(draw, size_bytes):
    """Requests with locality: runs of lines from a few regions, dense or sparse, now and then a long gap."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    requests, cycle = [], 0
    gap = draw(st.sampled_from([0, 1, 4, 20, 150]))
    regions = [int(each) for each in rng.integers(0, size_bytes, 4)]
    step = int(draw(st.sampled_from([32, 64, 4096, 1 << 17])))
    forced = draw(st.sampled_from([0.0, 0.0, 0.3]))
    for _ in range(draw(st.integers(1, 12))):
        region = int(rng.integers(4))
        write = bool(rng.integers(2))
        if rng.random() < 0.15:
            cycle += int(rng.integers(600))
        for _ in range(int(rng.integers(1, 12))):
            cycle += int(rng.integers(gap + 1))
            requests.append((cycle, regions[region], write, bool(rng.random() < forced)))
            regions[region] += step
    return requests


def configure(c, ranks, mode="dramsim2"):
    rank_mib = (c["NUM_ROWS"] * c["NUM_COLS"] * c["NUM_BANKS"] * c["JEDEC_DATA_BUS_BITS"] // 8) >> 20
    return DramConfig.from_ini(c, {}, capacity_mib=rank_mib * ranks * c["NUM_CHANS"], mode=mode)


def compare(c, ranks, requests, extra, twin_type=Twin, mode="dramsim2"):
    cfg = configure(c, ranks, mode)
    assert cfg.num_ranks == ranks
    cycles, addresses, is_write, force = zip(*requests, strict=True)
    result = replay(cycles, addresses, is_write, cfg, force=force, extra=extra, commands=True)
    twin = twin_type(c, ranks)
    accepted, completed = twin.run(requests, extra, limit=result.ticks + 10)
    assert result.accepted.tolist() == accepted
    assert result.completed.tolist() == in_order_of_acceptance(addresses, is_write, completed)
    assert result.ticks == twin.ticks
    assert result.banks["latency_sum_ticks"].sum() == twin.latency_sum
    assert list(result.commands.itertuples(index=False, name=None)) == twin.commands
    theirs = [[rank.energy[name] for name in ENERGIES] for channel in twin.channels for rank in channel.ranks]
    assert result.energy[list(ENERGIES)].to_numpy().tolist() == theirs
    down = [rank.down_ticks for channel in twin.channels for rank in channel.ranks]
    assert result.counters["power_down_ticks"].tolist() == down
    assert_bare_run_is_the_same(result, replay(cycles, addresses, is_write, cfg, force=force, extra=extra))
    if not any(force):
        assert_bare_run_is_the_same(result, replay(cycles, addresses, is_write, cfg, extra=extra))
    return result, cfg


def assert_bare_run_is_the_same(recorded, bare):
    """What is not recorded runs through loops of its own, plain streams through others again."""
    assert bare.accepted.tolist() == recorded.accepted.tolist()
    assert bare.completed.tolist() == recorded.completed.tolist()
    assert bare.ticks == recorded.ticks
    for table in ("energy", "counters", "banks"):
        assert getattr(bare, table).equals(getattr(recorded, table)), table


def in_order_of_acceptance(addresses, is_write, completed):
    """Completions of one address and kind go to its requests in order of acceptance: without asking for room,
    a younger request may pass an older one (quirk Q6)."""
    index = np.arange(len(completed))
    by_request = np.lexsort((index, is_write, addresses))
    by_completion = np.lexsort((completed, is_write, addresses))
    matched = np.empty(len(completed), np.int64)
    matched[by_request] = np.array(completed)[by_completion]
    return matched.tolist()


COMMON = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}


@settings(max_examples=250, **COMMON)
@given(st.data())
def test_engine_equals_twin(data):
    c, ranks = data.draw(memories())
    requests = data.draw(streams(1 << 28))
    compare(c, ranks, requests, extra=data.draw(st.sampled_from([0, 1, 700])))


@pytest.mark.slow
@settings(max_examples=4000, **COMMON)
@given(st.data())
def test_engine_equals_twin_at_length(data):
    test_engine_equals_twin.hypothesis.inner_test(data)


@settings(max_examples=30, **COMMON)
@given(st.data())
def test_a_request_that_was_passed_takes_the_completion_of_the_one_that_passed_it(data):
    c, ranks = data.draw(memories())
    c["TRANS_QUEUE_DEPTH"], c["CMD_QUEUE_DEPTH"] = data.draw(st.sampled_from([1, 3])), 2
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    cycles = np.cumsum(rng.integers(0, data.draw(st.sampled_from([2, 9])), 120)).tolist()
    places, writes = rng.integers(0, 3, 120), rng.random(120) < 0.3
    forced = rng.random(120) < data.draw(st.sampled_from([0.5, 1.0]))
    requests = [
        (cycle, int(place) << 6, bool(write), bool(force))
        for cycle, place, write, force in zip(cycles, places, writes, forced, strict=True)
    ]
    compare(c, ranks, requests, extra=0)


@settings(max_examples=40, **COMMON)
@given(st.data())
def test_slicing_of_advance_changes_nothing(data):
    c, ranks = data.draw(memories())
    cfg = configure(c, ranks)
    requests = [(cycle, address, write) for cycle, address, write, _ in data.draw(streams(1 << 26))]
    assume(len(requests) > 3)
    cycles, addresses, is_write = zip(*requests, strict=True)
    whole = replay(cycles, addresses, is_write, cfg, extra=50)
    memory = DramSystem(cfg)
    seen = {}
    rng = np.random.default_rng(len(requests))
    for tag, (accepted, address, write) in enumerate(
        zip(whole.accepted.tolist(), addresses, is_write, strict=True)
    ):
        while memory.tick < accepted:
            until = min(accepted, memory.tick + int(rng.integers(1, 30)))
            tags, ticks = memory.advance(until)
            seen.update(zip(tags.tolist(), ticks.tolist(), strict=True))
            assert all(tick < until for tick in ticks)
        assert memory.can_accept(address)
        memory.add(address, write, tag)
    while memory.tick < whole.ticks:
        tags, ticks = memory.advance(min(whole.ticks, memory.tick + 7))
        seen.update(zip(tags.tolist(), ticks.tolist(), strict=True))
    assert [seen[tag] for tag in range(len(requests))] == whole.completed.tolist()
    assert memory.energy().equals(whole.energy)
    assert memory.counters().equals(whole.counters)

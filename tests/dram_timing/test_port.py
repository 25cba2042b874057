"""The request port equals its rules spelled out tick by tick, however it is advanced."""

from collections import deque

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanfuse.dram import DramConfig, DramSystem, RequestPort, replay

FILES = dict(DramConfig.from_ini("DDR3_micron_16M_8B_x8_sg15").files)
COMMON = {"deadline": None, "derandomize": True, "suppress_health_check": [HealthCheck.too_slow]}


@st.composite
def memories(draw):
    changes = {
        "NUM_CHANS": draw(st.sampled_from([1, 1, 2, 4])),
        "TRANS_QUEUE_DEPTH": draw(st.sampled_from([1, 3, 32])),
        "CMD_QUEUE_DEPTH": draw(st.sampled_from([2, 8, 32])),
        "ROW_BUFFER_POLICY": draw(st.sampled_from(["open_page", "close_page"])),
        "QUEUING_STRUCTURE": draw(st.sampled_from(["per_rank", "per_rank_per_bank"])),
        "ADDRESS_MAPPING_SCHEME": draw(st.sampled_from(["scheme2", "scheme7"])),
        "USE_LOW_POWER": draw(st.booleans()),
    }
    return DramConfig.from_ini(FILES | changes, {}, capacity_mib=4096)


@st.composite
def plans(draw):
    """Transfers as (tick of submission, not before, is_write, owner, addresses)."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    tick, plan = 0, []
    for _ in range(draw(st.integers(1, 10))):
        tick += int(rng.choice([0, 0, 5, 60, 3000]))
        size = int(rng.choice([1, 7, 40]))
        start = int(rng.integers(1 << 20)) << 6
        late = int(rng.choice([0, 0, 0, 25]))
        addresses = [start + 64 * each for each in range(size)]
        plan.append((tick, tick + late, bool(rng.integers(2)), int(rng.integers(3)), addresses))
    return plan


def port_by_the_rules(cfg, plan, watermark, until):
    """One tick at a time on a DramSystem. Returns the completion tick of each transfer, and the system."""
    memory = DramSystem(cfg)
    queues = {False: deque(), True: deque()}  # (not before, transfer, address, owner)
    left = [len(each[4]) for each in plan]
    done = {}
    for tick in range(until):
        for number, (submitted, due, is_write, owner, addresses) in enumerate(plan):
            if submitted == tick:
                queues[is_write].extend((due, number, address, owner) for address in addresses)
        while True:
            ready = {}
            for kind, queue in queues.items():
                ready[kind] = 0
                for due, *_ in queue:
                    if due > tick:
                        break
                    ready[kind] += 1
            if not ready[False] and not ready[True]:
                break
            is_write = not (ready[True] < watermark and ready[False])
            _, number, address, owner = queues[is_write][0]
            if not memory.can_accept(address):
                break
            memory.add(address, is_write, number, owner)
            queues[is_write].popleft()
        for number, at in zip(*memory.advance(tick + 1), strict=True):
            left[number] -= 1
            if left[number] == 0:
                done[int(number)] = int(at)
    return done, memory


def drive(cfg, plan, watermark, until, slices):
    """Submits each transfer at its tick, advancing in slices of random length."""
    port = RequestPort(cfg, write_watermark=watermark, log=True)
    done = {}

    def advance_to(target):
        while port.tick < target:
            for number, tick in port.advance(min(target, port.tick + int(slices()))):
                assert port.tick == tick + 1
                done[number] = tick

    for submitted, due, is_write, owner, addresses in plan:
        advance_to(submitted)
        port.submit(np.array(addresses, np.uint64), is_write, owner, due)
    advance_to(until)
    return done, port


@settings(max_examples=40, **COMMON)
@given(memories(), plans(), st.sampled_from([1, 8, 32]))
def test_port_equals_its_rules(cfg, plan, watermark):
    until = plan[-1][0] + 4000
    done, port = drive(cfg, plan, watermark, until, lambda: 1 << 40)
    expected, memory = port_by_the_rules(cfg, plan, watermark, until)
    assert done == expected
    assert len(done) == len(plan)
    assert port.energy().equals(memory.energy())
    assert port.counters().equals(memory.counters())
    key = ["owner"]
    ours, theirs = port.owners(), memory.owners()
    assert ours.sort_values(key).to_numpy().tolist() == theirs.sort_values(key).to_numpy().tolist()


@settings(max_examples=40, **COMMON)
@given(memories(), plans(), st.integers(1, 90))
def test_slices_change_nothing_and_the_log_repeats_the_run(cfg, plan, longest):
    until = plan[-1][0] + 6000
    rng = np.random.default_rng(longest)
    whole, port = drive(cfg, plan, 8, until, lambda: 1 << 40)
    sliced, other = drive(cfg, plan, 8, until, lambda: rng.integers(1, longest + 1))
    assert whole == sliced
    log = port.log()
    assert all(np.array_equal(a, b) for a, b in zip(log, other.log(), strict=True))
    assert port.energy().equals(other.energy())
    again = replay(*log, cfg, feed="accept", total_ticks=port.tick)
    assert again.accepted.tolist() == log.cycles.tolist()
    assert again.ticks == port.tick == until
    assert again.energy.equals(port.energy())
    assert again.counters.equals(port.counters())
    assert sorted(set(whole.values()) - set(again.completed.tolist())) == []


@settings(max_examples=40, **COMMON)
@given(memories(), plans())
def test_what_goes_in_comes_out(cfg, plan):
    """Conservation: owners sum to ranks; every request is one read or write; every row opened is closed."""
    until = plan[-1][0] + 6000
    done, port = drive(cfg, plan, 8, until, lambda: 1 << 40)
    assert sorted(done) == list(range(len(plan)))
    assert (port.waiting_reads, port.waiting_writes, port.unfinished) == (0, 0, 0)
    owners, energy, counters = port.owners(), port.energy(), port.counters()
    for name in ("burst", "actpre"):
        assert owners[name].sum() == energy[name].sum()
    for name in ("reads", "writes", "activates", "row_hits"):
        assert owners[name].sum() == counters[name].sum()
    for is_write, name in ((False, "reads"), (True, "writes")):
        assert counters[name].sum() == sum(len(each[4]) for each in plan if each[2] == is_write)
        for owner in set(owners["owner"]):
            mine = sum(len(each[4]) for each in plan if each[2] == is_write and each[3] == owner)
            assert owners.set_index("owner").loc[owner, name] == mine
    requests = counters["reads"] + counters["writes"]
    assert (counters["activates"] == requests - counters["row_hits"]).all()
    if cfg["ROW_BUFFER_POLICY"] == "open_page":
        assert (counters["precharges"] == counters["activates"]).all()


def test_energy_can_be_read_at_any_tick():
    cfg = DramConfig.from_ini("DDR3_micron_32M_8B_x8_sg15")
    port = RequestPort(cfg)
    port.submit(np.arange(64, dtype=np.uint64) * 64, is_write=False)
    before = int(port.raw_energy()["background"].sum())
    assert before == 0
    memory = DramSystem(cfg, commands=True)
    readings = []
    for tick in range(1, 400):
        memory.advance(tick)
        while port.tick < tick:
            port.advance(tick)
        readings.append(int(port.raw_energy()["background"].sum()))
        idle = int(memory.energy()["background"].sum())
        # The idle memory is powered down from the first tick.
        assert idle == tick * 10 * cfg.num_devices
    steps = set(np.diff(readings).tolist())
    assert steps <= {current * cfg.num_devices for current in (10, 70, 90)}
    assert 90 * cfg.num_devices in steps

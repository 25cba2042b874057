"""Does an attached DRAMSim2 give, through every door, the reference's and the engine's figures?

The library is our own (native/dramsim2_api): what is tested is the shim, the process and the way back.
"""

import numpy as np
import pytest
from dram_golden import CASES, load

from scanfuse.dram import DramConfig, DramConfigError, DramSim2Error, DramSystem, RequestPort, replay
from scanfuse.dram.keys import MAPPED

PATHS = sorted(CASES.glob("*.json"))
FIRST_OF_FAMILY = {path.stem.split("-")[1]: path for path in reversed(PATHS)}
QUICK = ("clock", "multichan", "pend", "trace")
PART = "DDR3_micron_16M_8B_x8_sg15"


def check_golden(path):
    case = load(path)
    meta, run = case.meta, case.meta["run"]
    cfg = DramConfig.from_ini(meta["device"], meta["system"], meta["megs"], meta["overrides"])
    options = {key: run[key] for key in ("per_cycle", "cpu_hz", "extra")}
    found = replay(
        case.cycles,
        case.addresses,
        case.flags & 1,
        cfg,
        run["offer"],
        case.flags & 2,
        **options,
        epochs=True,
        backend="dramsim2",
    )
    assert found.backend == "dramsim2"
    assert found.accepted.tolist() == case.accepted.tolist()
    assert found.completed.tolist() == case.completed.tolist()
    assert (found.ticks, found.cpu_cycles) == (meta["expected"]["cycles"], meta["expected"]["cpu_cycles"])
    ranks = [rank for channel in meta["expected"]["chan"] for rank in channel["rank"]]
    for ours, theirs in {
        "background": "bg",
        "burst": "burst",
        "refresh": "refresh",
        "actpre": "actpre",
    }.items():
        assert found.energy[ours].tolist() == [rank[theirs] for rank in ranks]
    names = ["end_tick", "channel", "rank", "background", "burst", "refresh", "actpre"]
    rows = found.epochs[names].to_numpy().astype(np.int64).tolist()
    assert rows[: len(meta["epochs"])] == meta["epochs"]
    assert len(rows) == meta["expected"]["epochs"] * len(ranks)
    last = found.last_epoch_power_w[["background", "burst", "refresh", "actpre"]]
    assert last.to_numpy().ravel().tolist() == meta["expected"]["final_print_power_W"]


@pytest.mark.parametrize("family", QUICK)
def test_golden_case(attached, family):
    check_golden(FIRST_OF_FAMILY[family])


@pytest.mark.slow
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_golden_case(attached, path):
    try:
        check_golden(path)
    except DramConfigError as error:
        assert "does not reach the address mapping" in str(error)
        overrides = load(path).meta["overrides"]
        assert set(overrides) & set(MAPPED)


def stream(size, seed=3):
    random = np.random.default_rng(seed)
    cycles = np.cumsum(random.choice([0, 0, 1, 40, 3000], size))
    return cycles, random.integers(0, 1 << 25, size).astype(np.uint64) * 64, random.random(size) < 0.4


@pytest.mark.parametrize("stop_tick", [1, 4000, 10**6])
def test_a_replay_that_is_stopped(attached, stop_tick):
    cfg = DramConfig.from_ini(PART, overrides={"EPOCH_LENGTH": 5000})
    idle = np.arange(300) % 7 == 0
    ours, theirs = (
        replay(*stream(300), cfg, "trace", stop_tick=stop_tick, idle=idle.astype(int), backend=backend)
        for backend in ("engine", "dramsim2")
    )
    assert theirs.accepted.tolist() == ours.accepted.tolist()
    assert theirs.completed.tolist() == ours.completed.tolist()
    assert theirs.ticks == ours.ticks == stop_tick
    assert theirs.energy.equals(ours.energy)


def test_long_epochs_are_read_in_between(attached):
    """A print every 2^17 ticks, so that no accumulator is too large to be read off a power."""
    cfg = DramConfig.from_ini("ST-1.5x", overrides={"EPOCH_LENGTH": 2_000_000})  # wraps: 2^32 a read
    cycles = np.arange(2000) * 150
    ours, theirs = (
        replay(cycles, cycles.astype(np.uint64) * 32, cycles < 0, cfg, epochs=True, backend=backend)
        for backend in ("engine", "dramsim2")
    )
    assert ours.energy["burst"].max() > 2**42
    assert theirs.energy.equals(ours.energy) and theirs.epochs.equals(ours.epochs)


def test_a_port(attached):
    cfg = DramConfig.from_ini(PART)
    ports = [RequestPort(cfg, write_watermark=5, log=True, backend=b) for b in ("engine", "dramsim2")]
    random = np.random.default_rng(11)
    for number in range(60):
        size, first = int(random.integers(1, 40)), int(random.integers(0, 1 << 20))
        addresses = (first + np.arange(size)) * 64
        is_write, later, owner = bool(number % 3 == 0), int(random.choice([0, 0, 50, 6000])), number % 4
        until = int(random.choice([1, 100, 9000]))
        for port in ports:
            port.submit(addresses, is_write, owner, port.tick + later)
        told = [(port.waiting_reads, port.waiting_writes, port.unfinished) for port in ports]
        assert told[0] == told[1]
        until += ports[0].tick
        assert ports[1].advance(until) == ports[0].advance(until)
        assert ports[1].tick == ports[0].tick
        if number % 10 == 0:
            assert ports[1].energy().equals(ports[0].energy())
    while ports[0].unfinished:
        assert ports[1].advance(1 << 40) == ports[0].advance(1 << 40)
    ours, theirs = ports
    assert (theirs.unfinished, theirs.tick) == (0, ours.tick)
    assert theirs.energy().equals(ours.energy())
    counts = ["owner", "reads", "writes"]
    assert theirs.owners()[counts].equals(ours.owners()[counts]) and list(theirs.owners()) == counts
    for mine, other in zip(ours.log(), theirs.log(), strict=True):
        assert mine.tolist() == other.tolist()
    assert not theirs.tells_causes
    with pytest.raises(DramSim2Error, match="does not tell which commands"):
        theirs.counters()
    with pytest.raises(ValueError, match="must not lie before the current tick"):
        theirs.submit([0], False, not_before_tick=theirs.tick - 1)
    with pytest.raises(ValueError, match="at least one address"):
        theirs.submit([], False)


def test_a_system(attached):
    cfg = DramConfig.from_ini(PART, overrides={"TRANS_QUEUE_DEPTH": 3})
    systems = [DramSystem(cfg, backend=backend) for backend in ("engine", "dramsim2")]
    random, room = np.random.default_rng(5), []
    for tag in range(80):
        address, until = int(random.integers(0, 1 << 20)) * 64, int(random.choice([0, 1, 30]))
        answers = []
        for system in systems:
            answers.append(system.can_accept(address))
            if answers[-1]:
                system.add(address, bool(tag % 2), tag)
            else:
                with pytest.raises(RuntimeError, match=r"queue .*full at tick"):
                    system.add(address, bool(tag % 2), tag)
        done = [[column.tolist() for column in system.advance(system.tick + until)] for system in systems]
        assert (
            answers[0] == answers[1]
            and [sorted(zip(*each, strict=True)) for each in done] == [sorted(zip(*done[0], strict=True))] * 2
        )
        room.append(answers[0])
    assert not all(room)
    assert systems[1].energy().equals(systems[0].energy()) and systems[1].tick == systems[0].tick
    with pytest.raises(DramSim2Error, match="does not tell which commands"):
        _ = systems[1].pending


def test_what_it_does_not_tell(attached):
    cfg = DramConfig.from_ini(PART)
    done = replay(*stream(5), cfg, backend="dramsim2")
    for ask in ("counters", "banks", "owners", "latency_histograms"):
        with pytest.raises(DramSim2Error, match="an attached DRAMSim2 does not tell"):
            getattr(done, ask)
    for records in ({"commands": True}, {"owners": [1] * 5}):
        with pytest.raises(DramSim2Error, match="an attached DRAMSim2 does not tell them: use the engine"):
            replay(*stream(5), cfg, backend="dramsim2", **records)
    with pytest.raises(DramSim2Error, match="cannot stop within a cycle of cpu_hz"):
        replay(*stream(5), cfg, cpu_hz=10**9, total_ticks=10**5, backend="dramsim2")
    with pytest.raises(ValueError, match=r"backend='dramsim3': must be .* \(did you mean dramsim2\?\)"):
        replay(*stream(5), cfg, backend="dramsim3")


def test_what_it_cannot_be_told(attached):
    strict = DramConfig.from_ini(PART, mode="strict")
    with pytest.raises(DramConfigError, match="mode=strict: DRAMSim2 has no such mode"):
        DramSystem(strict, backend="dramsim2")
    moved = DramConfig.from_ini(PART, overrides={"NUM_CHANS": 2})
    with pytest.raises(DramConfigError, match="NUM_CHANS=2: as an override it does not reach"):
        DramSystem(moved, backend="dramsim2")
    same = DramConfig.from_ini(PART, overrides={"NUM_CHANS": 1, "tRCD": 12})
    assert replay(*stream(5), same, backend="dramsim2").ticks == replay(*stream(5), same).ticks

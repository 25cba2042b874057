"""Small streams on which an attached DRAMSim2 is held to our engine."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scanfuse.dram.attached.attachment import Attachment, attached
from scanfuse.dram.attached.difference import CrossCheck
from scanfuse.dram.attached.memories import AttachedReplay
from scanfuse.dram.config import DramConfig
from scanfuse.dram.errors import DramSim2Error
from scanfuse.dram.replay_stream import ReplayStream

REQUESTS = 600
GAPS_TICKS = (
    0,
    0,
    0,
    1,
    1,
    4,
    30,
    1500,
)  # between requests: bursts, pauses, power-down and refresh


Requests = tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.bool_]]


class Case(NamedTuple):
    """A memory and how it is fed."""

    title: str
    part: str
    settings: dict[str, object]
    options: dict[str, Any]


CASES = (
    Case("open page, two ranks", "DDR3_micron_16M_8B_x8_sg15", {}, {}),
    Case(
        "close page, two channels, more requests than room",
        "DDR3_micron_32M_8B_x8_sg25E",
        {
            "NUM_CHANS": 2,
            "ROW_BUFFER_POLICY": "close_page",
            "SCHEDULING_POLICY": "bank_then_rank_round_robin",
            "QUEUING_STRUCTURE": "per_rank_per_bank",
            "ADDRESS_MAPPING_SCHEME": "scheme7",
            "CMD_QUEUE_DEPTH": 4,
        },
        {"feed": "pend"},
    ),
    Case(
        "DDR2, short epochs, a clock of 1 GHz, no power-down",
        "DDR2_micron_32M_4B_x4_sg3E",
        {"EPOCH_LENGTH": 1000, "USE_LOW_POWER": False, "TRANS_QUEUE_DEPTH": 4},
        {"cpu_hz": 1_000_000_000},
    ),
)


class Result(NamedTuple):
    """What came of a case: `difference` is None where every figure is the engine's."""

    title: str
    requests: int
    difference: str | None


def check_conformance() -> Iterator[Result]:
    """Runs every case on the engine and on what is attached. Raises DramSim2Error where nothing is."""
    attached()
    for number, case in enumerate(CASES):
        try:
            found = difference(case, stream(number))
        except DramSim2Error as error:
            found = str(error)
        yield Result(case.title, REQUESTS, found)


def difference(case: Case, requests: Requests) -> str | None:
    """What is not the engine's, in words, None where all is. Raises DramSim2Error."""
    engine, dramsim2 = (
        ReplayStream(memory_of(case), backend=backend, **case.options) for backend in ("engine", "dramsim2")
    )
    check = CrossCheck()
    check.add(engine.feed(*requests), dramsim2.feed(*requests))
    check.add(engine.finish(), dramsim2.finish())
    return check.difference(engine.figures, dramsim2.figures)


def try_out(attachment: Attachment) -> None:
    """Raises DramSim2Error unless it can be loaded and lives through the first case."""
    config, (cycles, addresses, is_write) = memory_of(CASES[0]), stream(0)
    run = AttachedReplay(config, False, 0, False, 0, 0, 0, 0, attachment)
    run.feed(cycles, addresses, is_write, None, None, None)
    run.finish()


def memory_of(case: Case) -> DramConfig:
    files = dict(DramConfig.from_ini(case.part).files)
    return DramConfig.from_ini({**files, **case.settings}, {})


def stream(seed: int) -> Requests:
    """Cycles, addresses and kinds: runs of neighbours in a few places, in bursts with pauses between."""
    random = np.random.default_rng(seed)
    cycles = np.cumsum(random.choice(GAPS_TICKS, REQUESTS))
    places = random.integers(0, 1 << 31, REQUESTS // 8).repeat(8) & ~0xFFF
    addresses = (places + random.integers(0, 64, REQUESTS) * 64).astype(np.uint64)
    return cycles, addresses, random.random(REQUESTS) < 0.4

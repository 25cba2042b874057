"""The prices of a DRAM, measured on the engine: short streams of known shape, replayed.

So the estimates of the search hold for any part, policy and address mapping, and no timing is told twice. The
streams come as the accelerator's DMA would send them: in transfers, placed and gathered as in a simulation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from scanfuse.dram import DramConfig, Replay, replay
from scanfuse.hardware import Accelerator
from scanfuse.mapping import MemoryCosts
from scanfuse.mapping.memory_costs import Pattern, Patterns
from scanfuse.program import Bursts
from scanfuse.simulate.gather import gather_rows
from scanfuse.simulate.placement import skew_banks

LENGTHS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 1024, 4096)  # bursts of a run
STREAM_BURSTS = 4096
TRANSFER_BURSTS = 256  # of a transfer of short runs
MOST_PITCH = 8  # lengths from one run to the next that is near
TURN_BURSTS = 64  # of a run of reads, then of writes
ALONE_BURSTS = 16  # of a lone transfer
ALONE_TICKS = 4000  # from one lone transfer to the next, beside those of its bursts:
MOST_BURST_TICKS = 8
TRANSFERS = 64
IDLE_REFRESHES = 20  # refresh periods of an idle memory
SEED = 1


def memory_costs(config: DramConfig, accelerator: Accelerator) -> MemoryCosts:
    """Measure a memory behind an accelerator's DMA. Takes some tenths of a second; what is known is
    remembered."""
    return _measured(Asker(config, accelerator.dma.gather, accelerator.layout.skew_banks))


@dataclass(frozen=True)
class Asker:
    """What asks a memory for transfers: whether it gathers their bursts, and skews the banks they lie in."""

    config: DramConfig
    gathers: bool
    skews: bool

    def replay(
        self, addresses: np.ndarray, transfer_bursts: int, is_write: np.ndarray, pitch_ticks: int = 0
    ) -> Replay:
        """Transfers of so many bursts, so many ticks apart; is_write: bool per transfer."""
        config, transfers = self.config, len(is_write)
        offsets = np.minimum(np.arange(transfers + 1) * transfer_bursts, len(addresses))
        useful_bytes = np.diff(offsets) * config.transaction_bytes
        bursts = Bursts(offsets, addresses, useful_bytes, config.transaction_bytes)
        if self.skews:
            bursts = skew_banks(bursts, np.ones(transfers, dtype=bool), config)
        if self.gathers:
            bursts = gather_rows(bursts, is_write, config)
        owner = np.repeat(np.arange(transfers), bursts.counts)
        cycles, ends = owner * pitch_ticks, transfers * pitch_ticks
        return replay(cycles, bursts.addresses, is_write[owner], config, total_ticks=ends)


@lru_cache(maxsize=32)
def _measured(asker: Asker) -> MemoryCosts:
    config = asker.config
    tck_ps = config.tck_ps
    reads, best_read = _patterns(asker, False)
    writes, best_write = _patterns(asker, True)
    idle_nj, idle_us, refresh_nj = _idle(config)
    refresh_mw, idle_mw = refresh_nj / idle_us, idle_nj / idle_us
    open_mw = _nj(best_read, "background") / _us(config, best_read)
    alone = _alone(asker, ALONE_BURSTS)
    open_us = (
        (_nj(alone, "background") - idle_mw * _us(config, alone)) / (open_mw - idle_mw)
        if open_mw > idle_mw
        else 0.0
    )
    tail_ps = open_us * 1e6 / TRANSFERS - ALONE_BURSTS * reads.near.ps[LENGTHS.index(ALONE_BURSTS)]
    return MemoryCosts(
        burst_bytes=config.transaction_bytes,
        lengths=LENGTHS,
        reads=reads,
        writes=writes,
        alone_rows=tuple(_rows_alone(asker, length) for length in LENGTHS),
        banks=config.num_channels * config.num_ranks * config.num_banks,
        span_bursts=_span_bursts(config),
        window_bursts=int(config["CMD_QUEUE_DEPTH"]),
        turn_ps=_turn_ps(asker),
        latency_ps=float(int(replay([0], [0], [False], config).completed[0]) * tck_ps),
        tail_ps=max(tail_ps, 0.0),
        read_nj=_nj(best_read, "burst") / len(best_read.completed),
        write_nj=_nj(best_write, "burst") / len(best_write.completed),
        activation_nj=_nj(best_read, "actpre") / int(best_read.counters["activates"].sum()),
        open_mw=open_mw,
        idle_mw=idle_mw,
        refresh_mw=refresh_mw,
    )


def _patterns(asker: Asker, write: bool) -> tuple[Patterns, Replay]:
    """The prices of streams one way, and the replay of the one with the longest runs."""
    streams = {
        name: [_stream(asker, length, write, name) for length in LENGTHS] for name in ("near", "far", "same")
    }
    found = {
        name: Pattern(
            tuple(_us(asker.config, done) * 1e6 / len(done.completed) for done in some),
            tuple(int(done.counters["activates"].sum()) / len(done.completed) for done in some),
        )
        for name, some in streams.items()
    }
    return Patterns(**found), streams["near"][-1]


def _span_bursts(config: DramConfig) -> int:
    """Bursts that one row of every bank holds."""
    banks = config.num_channels * config.num_ranks * config.num_banks
    row_bytes = int(config["NUM_COLS"]) * int(config["JEDEC_DATA_BUS_BITS"]) // 8
    return banks * row_bytes // config.transaction_bytes


def _places(config: DramConfig, runs: int, length: int, pattern: str) -> np.ndarray:
    """Addresses of runs of contiguous bursts."""
    random = np.random.default_rng(SEED)
    room = config.capacity_bytes // config.transaction_bytes - length
    start = random.integers(0, room, runs, dtype=np.int64)
    if pattern == "near":
        pitches = random.integers(length, MOST_PITCH * length, runs, dtype=np.int64, endpoint=True)
        start = np.cumsum(pitches) % room
    elif pattern == "same":
        start -= start % (config.num_channels * config.num_ranks * config.num_banks)
    bursts = start[:, None] + np.arange(length)
    return bursts.reshape(-1).astype(np.uint64) * np.uint64(config.transaction_bytes)


def _stream(asker: Asker, length: int, write: bool, pattern: str) -> Replay:
    """Runs of a length: those from anywhere are transfers of their own, others make larger ones."""
    addresses = _places(asker.config, max(STREAM_BURSTS // length, 1), length, pattern)
    transfer = length if pattern == "far" else max(length, TRANSFER_BURSTS)
    return asker.replay(addresses, transfer, np.full(-(-len(addresses) // transfer), write))


def _turn_ps(asker: Asker) -> float:
    addresses = _places(asker.config, TRANSFERS, TURN_BURSTS, "far")
    turning = np.arange(TRANSFERS) % 2 == 1
    ticks = asker.replay(addresses, TURN_BURSTS, turning).ticks
    pure = [asker.replay(addresses, TURN_BURSTS, np.full(TRANSFERS, write)).ticks for write in (False, True)]
    return max(ticks - sum(pure) / 2, 0) * asker.config.tck_ps / (TRANSFERS / 2)


def _rows_alone(asker: Asker, length: int) -> float:
    done = _alone(asker, length)
    return int(done.counters["activates"].sum()) / len(done.completed)


def _alone(asker: Asker, bursts: int) -> Replay:
    """Lone runs of so many bursts, with much time between them."""
    addresses = _places(asker.config, TRANSFERS, bursts, "far")
    reads = np.zeros(TRANSFERS, dtype=bool)
    return asker.replay(addresses, bursts, reads, ALONE_TICKS + MOST_BURST_TICKS * bursts)


def _idle(config: DramConfig) -> tuple[float, float, float]:
    """Background energy [nJ] of an idle memory, the time [us], and what its refreshing took [nJ]."""
    ticks = IDLE_REFRESHES * int(int(config["REFRESH_PERIOD"]) / float(config["tCK"]))
    done = replay([0], [0], [False], config, total_ticks=ticks)
    return _nj(done, "background"), _us(config, done), _nj(done, "refresh")


def _nj(done: Replay, name: str) -> float:
    return float(done.energy[f"{name}_nj"].sum())


def _us(config: DramConfig, done: Replay) -> float:
    return float(done.ticks * config.tck_ps) * 1e-6

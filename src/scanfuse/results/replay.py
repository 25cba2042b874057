"""The summary of a replayed trace, under the same names as that of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scanfuse.dram import DramConfig, ReplayFigures, Trace, TraceError
from scanfuse.dram.replay_stream import TICK_BITS
from scanfuse.results.table import ACCUMULATORS

SCHEMA = 1
RANK_ENERGIES = ("channel", "rank", *ACCUMULATORS.values())
COMPARED = ("dram_ticks", "accumulators", "counters", "ranks")  # figures that a replay repeats exactly


@dataclass
class Tally:
    """What became of the requests of a stream, added up chunk by chunk."""

    requests: int = 0
    accepted: int = 0
    completed: int = 0
    reads: int = 0
    """Reads that completed."""
    read_ticks: int = 0
    """Sum of their latencies, from acceptance to completion."""

    def add(
        self, is_write: NDArray[np.bool_], accepted: NDArray[np.int64], completed: NDArray[np.int64]
    ) -> None:
        """Adds requests; -1 where one was not accepted or not completed."""
        done = completed >= 0
        reads = done & ~is_write
        self.requests += len(is_write)
        self.accepted += int((accepted >= 0).sum())
        self.completed += int(done.sum())
        self.reads += int(reads.sum())
        self.read_ticks += int((completed - accepted)[reads].sum())


def replay_summary(figures: ReplayFigures, tally: Tally, feed: str) -> dict[str, Any]:
    """What a trace did, as plain data for JSON.

    `accumulators` (mA x ticks x devices) and `counters` are summed over ranks and equal those in the summary
    of the run that the trace was saved from; `ranks` has them one by one. All requests are `accepted` and
    `completed` unless the replay was stopped at a tick. `counters` and `row_hit_rate` are None where they are
    not told, by an attached DRAMSim2.
    """
    config = figures.config
    counted = counters(figures) if figures.tells_causes else None
    accumulators = {name: int(figures.energy[name].sum()) for name in ACCUMULATORS.values()}
    return {
        "schema": SCHEMA,
        "requests": tally.requests,
        "accepted": tally.accepted,
        "completed": tally.completed,
        "feed": feed,
        "backend": figures.backend,
        "dram_ticks": figures.ticks,
        "time_ps": figures.ticks * config.tck_ps,
        "mean_read_latency_ticks": tally.read_ticks / tally.reads if tally.reads else 0.0,
        "row_hit_rate": None if counted is None else counted["row_hits"] / max(tally.requests, 1),
        **{f"{column}": accumulators[name] * config.nj_per_unit for column, name in ACCUMULATORS.items()},
        "dram_nj": sum(accumulators.values()) * config.nj_per_unit,
        "accumulators": accumulators,
        "counters": counted,
        "ranks": ranks(figures),
        "dram": config.to_dict(),
    }


def counters(figures: ReplayFigures) -> dict[str, int]:
    """Counters summed over ranks."""
    counted = figures.counters.drop(columns=["channel", "rank"])
    return {str(name): int(total) for name, total in counted.sum().items()}


def ranks(figures: ReplayFigures) -> list[dict[str, int]]:
    """Accumulators and, where they are told, counters of each rank."""
    table = figures.energy[[*RANK_ENERGIES]]
    if figures.tells_causes:
        table = table.merge(figures.counters, on=["channel", "rank"])
    return [{str(name): int(value) for name, value in row.items()} for row in table.to_dict("records")]


def comparable(
    expected: Mapping[str, Any], found: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The figures of two summaries that a replay repeats exactly: those that both tell."""
    both = [name for name in COMPARED if expected.get(name) is not None and found.get(name) is not None]
    one, other = ({name: summary[name] for name in both} for summary in (expected, found))
    if "ranks" in both and "counters" not in both:
        one["ranks"], other["ranks"] = (
            [{name: value for name, value in rank.items() if name in RANK_ENERGIES} for rank in each["ranks"]]
            for each in (expected, found)
        )
    return one, other


def check_whole(trace: Trace, name: str) -> None:
    """Raise TraceError where a trace holds another number of requests than it says, or no number of ticks."""
    check_total_ticks(trace.metadata, name)
    check_requests(trace.metadata, len(trace), trace.skipped, name)


def check_total_ticks(metadata: Mapping[str, Any], name: str) -> None:
    """Raise TraceError where the record of a trace has a length of the run that is none."""
    ticks = metadata.get("total_ticks", 0)
    if not isinstance(ticks, int) or not 0 <= ticks < 1 << TICK_BITS:
        raise TraceError(
            f"{name}: total_ticks {ticks!r} in its record: expected a whole number below 2^{TICK_BITS}"
        )


def check_requests(metadata: Mapping[str, Any], requests: int, skipped: int, name: str) -> None:
    """Raise TraceError where a trace held another number of requests than its record says, or none at all;
    malformed lines that were skipped may have been requests as well."""
    if not requests and "requests" not in metadata:
        raise TraceError(f"{name}: holds no requests: expected at least one")
    said = metadata.get("requests", requests)
    if said not in (requests, requests + skipped):
        raise TraceError(
            f"{name}: found {requests} requests: expected {said}, as its record says; truncated?"
        )


def with_cycles_checked(parts: Iterable[Trace], name: str) -> Iterator[Trace]:
    """The chunks of a trace. Raises TraceError at a request that comes later than the engine counts."""
    first = 0
    for part in parts:
        if len(part) and int(part.cycles.max()) >= 1 << TICK_BITS:
            late = int(part.cycles.argmax())
            raise TraceError(
                f"{name}: request {first + late} in cycle {part.cycles[late]}: expected cycles below "
                f"2^{TICK_BITS}"
            )
        first += len(part)
        yield part


def check_mapped(trace: Trace, config: DramConfig, name: str) -> None:
    """Raise TraceError where overrides have taken away the channel or bank of a request."""
    try:
        config.map_address(trace.addresses)
    except IndexError as error:
        raise TraceError(f"{name}: {error}") from None

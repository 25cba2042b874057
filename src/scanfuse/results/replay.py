"""The summary of a replayed trace, under the same names as that of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from scanfuse.dram import DramConfig, Replay, Trace, TraceError
from scanfuse.dram.replay_stream import TICK_BITS
from scanfuse.results.table import ACCUMULATORS

SCHEMA = 1
RANK_ENERGIES = ("channel", "rank", *ACCUMULATORS.values())
COMPARED = ("dram_ticks", "accumulators", "counters", "ranks")  # figures that a replay repeats exactly


def replay_summary(trace: Trace, replayed: Replay, feed: str) -> dict[str, Any]:
    """What a trace did, as plain data for JSON.

    `accumulators` (mA x ticks x devices) and `counters` are summed over ranks and equal those in the summary
    of the run that the trace was saved from; `ranks` has them one by one. All requests are `accepted` and
    `completed` unless the replay was stopped at a tick. `counters` and `row_hit_rate` are None where they are
    not told, by an attached DRAMSim2.
    """
    config = replayed.config
    counted = counters(replayed) if replayed.tells_causes else None
    accumulators = {name: int(replayed.energy[name].sum()) for name in ACCUMULATORS.values()}
    requests = len(trace)
    done = replayed.completed >= 0
    reads = ~trace.is_write & done
    waits = replayed.completed[reads] - replayed.accepted[reads]
    return {
        "schema": SCHEMA,
        "requests": requests,
        "accepted": int((replayed.accepted >= 0).sum()),
        "completed": int(done.sum()),
        "feed": feed,
        "backend": replayed.backend,
        "dram_ticks": replayed.ticks,
        "time_ps": replayed.ticks * config.tck_ps,
        "mean_read_latency_ticks": float(np.mean(waits)) if len(waits) else 0.0,
        "row_hit_rate": None if counted is None else counted["row_hits"] / max(requests, 1),
        **{f"{column}": accumulators[name] * config.nj_per_unit for column, name in ACCUMULATORS.items()},
        "dram_nj": sum(accumulators.values()) * config.nj_per_unit,
        "accumulators": accumulators,
        "counters": counted,
        "ranks": ranks(replayed),
        "dram": config.to_dict(),
    }


def counters(replayed: Replay) -> dict[str, int]:
    """Counters summed over ranks."""
    counted = replayed.counters.drop(columns=["channel", "rank"])
    return {str(name): int(total) for name, total in counted.sum().items()}


def ranks(replayed: Replay) -> list[dict[str, int]]:
    """Accumulators and, where they are told, counters of each rank."""
    figures = replayed.energy[[*RANK_ENERGIES]]
    if replayed.tells_causes:
        figures = figures.merge(replayed.counters, on=["channel", "rank"])
    return [{str(name): int(value) for name, value in row.items()} for row in figures.to_dict("records")]


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
    """Raise TraceError where a trace holds another number of requests than it says, or no number of ticks.

    Where malformed lines were skipped, their number counts as well."""
    try:
        _ = trace.total_ticks
    except TraceError as error:
        raise TraceError(f"{name}: {error}") from None
    said = trace.metadata.get("requests", len(trace))
    if said not in (len(trace), len(trace) + trace.skipped):
        raise TraceError(
            f"{name}: found {len(trace)} requests: expected {said}, as its record says; truncated?"
        )


def check_cycles(trace: Trace, name: str) -> None:
    """Raise TraceError where a request comes later than the engine counts."""
    if len(trace) and int(trace.cycles.max()) >= 1 << TICK_BITS:
        late = int(trace.cycles.argmax())
        raise TraceError(
            f"{name}: request {late} in cycle {trace.cycles[late]}: expected cycles below 2^{TICK_BITS}"
        )


def check_mapped(trace: Trace, config: DramConfig, name: str) -> None:
    """Raise TraceError where overrides have taken away the channel or bank of a request."""
    try:
        config.map_address(trace.addresses)
    except IndexError as error:
        raise TraceError(f"{name}: {error}") from None

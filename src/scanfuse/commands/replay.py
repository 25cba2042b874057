"""`scanfuse replay`: a saved trace on a DRAM."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanfuse.commands.check import moved_table, row_of
from scanfuse.commands.convert import say_skipped
from scanfuse.commands.errors import CHECK_FAILED, BadInput
from scanfuse.commands.options import (
    add_dram_backend,
    add_dram_mode,
    add_format,
    add_trace_format,
    warn_of_overrides,
)
from scanfuse.commands.progress import show_share
from scanfuse.commands.text import Column, table_text

if TYPE_CHECKING:
    from scanfuse.dram import DramConfig, ReplayFigures, ReplayStream, ServedChunk, Trace
    from scanfuse.dram.attached import CrossCheck
    from scanfuse.dram.backend import Backend
    from scanfuse.dram.replay_stream import Feed
    from scanfuse.results.replay import Tally

HELP = "feed a saved trace of requests to a DRAM: ticks and energy"
DESCRIPTION = """Feed a trace to a DRAM and print what it took: ticks, energy, commands. A trace saved by
scanfuse run --save-trace carries its DRAM: replayed as it is, it gives the ticks and the energy of the run,
to the last bit. Other traces (those of DRAMSim2, DRAMsim3 and Ramulator; csv with cycle,address,rw) go to
--dram."""
EPILOG = """examples:
  scanfuse run mobilenet_v2 --save-trace requests.npz --out runs/v2
  scanfuse replay requests.npz --verify-against runs/v2/summary.json
  scanfuse replay requests.npz --set TOTAL_ROW_ACCESSES=16 --format json
  scanfuse replay mase_art.trc --dram DDR3_micron_16M_8B_x8_sg15 --feed dramsim2 --requests-out requests.csv
  scanfuse replay k6_aoe.trc.gz --feed dramsim2 --ticks 1000    as DRAMSim2 -t k6_aoe.trc -c 1000
  scanfuse replay art.trace --from ramulator --skip-bad
  scanfuse replay requests.npz --set EPOCH_LENGTH=10000 --vis requests.vis
  scanfuse replay requests.npz --cross-check    on the attached DRAMSim2, too (scanfuse dramsim2)
"""
DEFAULT_PART = "DDR3_micron_32M_8B_x8_sg15"  # that of the preset `paper`
FEEDS: dict[str, Feed] = {"accept": "accept", "pend": "pend", "dramsim2": "trace", "trace": "trace"}
COLUMNS = (
    Column("channel", "channel"),
    Column("rank", "rank"),
    Column("reads", "reads"),
    Column("writes", "writes"),
    Column("activates", "activates"),
    Column("row hits", "row_hits"),
    Column("refreshes", "refreshes"),
    Column("power-down ticks", "power_down_ticks"),
    Column("act uJ", "actpre_nj", 3, 1e-3),
    Column("burst uJ", "burst_nj", 3, 1e-3),
    Column("refresh uJ", "refresh_nj", 3, 1e-3),
    Column("standby uJ", "background_nj", 3, 1e-3),
    Column("DRAM uJ", "total_nj", 3, 1e-3),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("trace", type=Path, metavar="TRACE", help="in any format that scanfuse convert reads")
    add_trace_format(parser, "--from", "trace_format", "of the trace")
    parser.add_argument(
        "--dram", metavar="PART|INI", help=f"the device; that of the trace, else {DEFAULT_PART}"
    )
    parser.add_argument(
        "--system", metavar="INI", help="DRAMSim2 system settings; the trace's, else DRAMSim2's own"
    )
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        dest="settings",
        help="replace one device or system setting, such as TOTAL_ROW_ACCESSES=16; may be repeated",
    )
    add_dram_mode(parser, "that of the trace, else dramsim2")
    add_dram_backend(parser)
    parser.add_argument(
        "--cross-check",
        action="store_true",
        help="replay both on our engine and on the attached DRAMSim2: exit status 1 unless every acceptance, "
        "completion and energy is the same",
    )
    parser.add_argument("--capacity-mib", type=int, metavar="MIB", help="size of the DRAM, a power of two")
    parser.add_argument(
        "--feed",
        choices=FEEDS,
        default="accept",
        help="how requests enter: when there is room, in order (accept); without asking (pend); one per "
        "cycle as DRAMSim2's own trace tool does (dramsim2, or trace)",
    )
    parser.add_argument(
        "--ticks",
        type=int,
        metavar="N",
        help="run for exactly so many ticks, finished or not, as with -c of DRAMSim2's tool; else to the "
        "last completion",
    )
    parser.add_argument("--skip-bad", action="store_true", help="pass over malformed lines and count them")
    parser.add_argument(
        "--requests-out", type=Path, metavar="CSV", help="when each request was accepted and completed"
    )
    parser.add_argument(
        "--vis", type=Path, metavar="FILE", help="figures by epoch and bank, as DRAMSim2's .vis file has them"
    )
    parser.add_argument("--summary-out", type=Path, metavar="JSON", help="the summary as a file")
    parser.add_argument(
        "--verify-against",
        type=Path,
        metavar="JSON",
        help="a summary of a run or a replay: exit status 1 unless ticks, counters and energy are the same",
    )
    add_format(parser)


def main(args: argparse.Namespace) -> int:
    from scanfuse.dram import ReplayStream, read_trace_chunks
    from scanfuse.dram.backend import check_backend
    from scanfuse.dram.trace_names import format_of
    from scanfuse.results.files import check_writable_file, write_whole
    from scanfuse.results.replay import (
        check_mapped,
        check_total_ticks,
        replay_summary,
        with_cycles_checked,
    )

    for place in (args.requests_out, args.summary_out, args.vis):
        if place is not None:
            check_writable_file(place)
    expected = None if args.verify_against is None else read_summary(args.verify_against)
    backend: Backend = args.dram_backend or "engine"
    if args.vis and backend != "engine":
        raise BadInput(
            "--vis: an attached DRAMSim2 does not tell what its banks do: leave out --dram-backend"
        )
    feed = FEEDS[args.feed]
    if args.ticks is not None and not 0 < args.ticks < 1 << 48:
        raise BadInput(f"--ticks {args.ticks}: must be a whole number from 1 to 2^48-1")
    # Reading may depend on the DRAM: for vectors on its mapping, for P_LOCK_WR on its mode.
    kind = format_of(args.trace, args.trace_format)
    asked = kind.needs_dram or (args.dram_mode is not None and not kind.holds_metadata)
    given = dram_of(args, None) if asked else None
    name = str(args.trace)
    chunks = read_trace_chunks(args.trace, args.trace_format, skip_bad=args.skip_bad, cfg=given)
    parts = with_cycles_checked(chunks, name)
    first = next(parts)
    check_total_ticks(first.metadata, name)
    config = given or dram_of(args, first.config)
    check_mapped(first, config, name)
    warn_of_overrides(config)
    check_backend("dramsim2" if args.cross_check else backend, config)
    total_ticks = first.total_ticks if config == first.config and not args.ticks else 0

    def stream_on(backend: Backend) -> ReplayStream:
        return ReplayStream(
            config,
            feed,
            epochs=args.vis is not None and backend == "engine",
            total_ticks=total_ticks,
            stop_tick=args.ticks or 0,
            backend=backend,
        )

    stream = stream_on(backend)
    other = stream_on("engine" if backend == "dramsim2" else "dramsim2") if args.cross_check else None
    tally, check = feed_all(args, chain([first], parts), stream, other)
    figures = stream.figures
    summary = replay_summary(figures, tally, feed)
    text = json.dumps({"trace": args.trace.name, **summary}, indent=1)
    if args.vis:
        write_whole(args.vis, figures.write_vis)
    if args.summary_out:
        write_whole(args.summary_out, text + "\n")
    if args.format == "csv":
        print_csv(summary)
    else:
        print(text if args.format == "json" else summary_text(figures, summary))
    agreed = not (check and other) or cross_check(check, tally.requests, figures, other.figures)
    verified = expected is None or verify(expected, summary, args.verify_against)
    return 0 if agreed and verified else CHECK_FAILED


def feed_all(
    args: argparse.Namespace, parts: Iterable[Trace], stream: ReplayStream, other: ReplayStream | None
) -> tuple[Tally, CrossCheck | None]:
    """Feed a trace to its end, add up what became of its requests, write a row for each if asked to, and
    hold `other`, if there is one, to it.

    Raises TraceError where the trace does not fit the DRAM or its own record; no file is left then.
    """
    from scanfuse.results.replay import Tally, check_requests
    from scanfuse.results.requests_file import requests_file

    tally, check, requests, skipped = Tally(), None, 0, 0
    if other:
        from scanfuse.dram.attached import CrossCheck

        check = CrossCheck()
    with ExitStack() as held:
        rows = held.enter_context(requests_file(args.requests_out)) if args.requests_out else None
        reach = held.enter_context(show_share(f"replay {args.trace.name}"))

        def take(served: list[ServedChunk], others: list[ServedChunk]) -> None:
            for each in served:
                tally.add(each.is_write, each.accepted, each.completed)
                if rows:
                    rows.add(each)
            if check:
                check.add(*((served, others) if stream.backend == "engine" else (others, served)))

        for part in parts:
            take(feed_part(args, part, stream), feed_part(args, part, other) if other else [])
            requests, skipped = requests + len(part), skipped + part.skipped
            reach(part.progress)
        take(stream.finish(), other.finish() if other else [])
        check_requests(part.metadata, requests, skipped, str(args.trace))
    if args.skip_bad:
        say_skipped(args.trace, skipped)
    return tally, check


def feed_part(args: argparse.Namespace, part: Trace, stream: ReplayStream) -> list[ServedChunk]:
    """Feed a chunk of the trace. Raises TraceError where overrides took away a request's channel or bank."""
    from scanfuse.dram import TraceError

    idle = part.idle if FEEDS[args.feed] == "trace" else None
    try:
        return stream.feed(part.cycles, part.addresses, part.is_write, idle=idle)
    except IndexError as error:
        raise TraceError(f"{args.trace}: {error}") from None


def cross_check(check: CrossCheck, requests: int, one: ReplayFigures, other: ReplayFigures) -> bool:
    """Whether our engine and the attached DRAMSim2 gave the same figures; tell on stderr."""
    found = check.difference(*((one, other) if one.backend == "engine" else (other, one)))
    if found is None:
        print(
            f"scanfuse: cross-check: {requests:,} requests: every acceptance, completion and energy is the "
            "attached DRAMSim2's",
            file=sys.stderr,
        )
    else:
        print(f"scanfuse: cross-check: {found}", file=sys.stderr)
    return found is None


def print_csv(summary: dict[str, Any]) -> None:
    """The summary as one row, nested names joined by dots; without what has a row of its own per rank."""
    import pandas as pd

    row = {name: value for name, value in summary.items() if not isinstance(value, list)}
    print(pd.json_normalize(row).to_csv(index=False, lineterminator="\n"), end="")


def dram_of(args: argparse.Namespace, own: DramConfig | None) -> DramConfig:
    """The DRAM that the trace goes to: its own, but for what options replace. Raises DramConfigError.

    --dram takes the place of the trace's device settings, overrides among them, and --system that of its
    system settings; all else stays.
    """
    from scanfuse.dram import DramConfig
    from scanfuse.results.setup import DEVICE_KEYS

    overrides = dict(setting_of(text) for text in args.settings)
    capacity = args.capacity_mib
    if own is None:
        if not args.dram:
            print(f"scanfuse: the trace names no DRAM; taking {DEFAULT_PART}", file=sys.stderr)
        return DramConfig.from_ini(
            args.dram or DEFAULT_PART,
            args.system,
            2048 if capacity is None else capacity,
            overrides,
            args.dram_mode or "dramsim2",
        )
    device = {key: value for key, value in own.files if key in DEVICE_KEYS}
    system = {key: value for key, value in own.files if key not in DEVICE_KEYS}
    kept = {
        key: value for key, value in own.overrides if not (args.dram if key in DEVICE_KEYS else args.system)
    }
    made = DramConfig.from_ini(
        args.dram or device,
        args.system or system,
        own.capacity_mib if capacity is None else capacity,
        {**kept, **overrides},
        args.dram_mode or own.mode,
    )
    return made if args.dram else replace(made, name=own.name)


def setting_of(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise BadInput(f"--set {text}: give KEY=VALUE, such as TOTAL_ROW_ACCESSES=16")
    return key.strip(), value.strip()


def read_summary(path: Path) -> dict[str, Any]:
    """A summary saved earlier. Raises BadInput, OSError."""
    from scanfuse.results.replay import COMPARED

    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInput(f"{path}: not whole JSON: {error}") from None
    if not isinstance(found, dict) or not any(name in found for name in COMPARED):
        raise BadInput(f"{path}: expected a summary with {', '.join(COMPARED)}")
    return found


def verify(expected: dict[str, Any], found: dict[str, Any], path: Path) -> bool:
    """Whether the figures that both have are the same; tell on stderr."""
    from scanfuse.results.difference import differences
    from scanfuse.results.replay import comparable

    before, now = comparable(expected, found)
    moved = differences(before, now)
    if not moved:
        print(f"scanfuse: {', '.join(now)} are those of {path}", file=sys.stderr)
    else:
        print(moved_table([row_of(one) for one in moved]), file=sys.stderr)
        print(f"scanfuse: {len(moved)} figures are not those of {path}", file=sys.stderr)
    return not moved


def summary_text(figures: ReplayFigures, summary: dict[str, Any]) -> str:
    """The summary for people: a line, and a row per channel and rank."""
    told = figures.tells_causes
    table = figures.energy.merge(figures.counters, on=["channel", "rank"]) if told else figures.energy
    columns = [column for column in COLUMNS if column.figure in table]
    hits = f"row hits {summary['row_hit_rate']:.1%}, " if told else ""
    open_ends = summary["requests"] - summary["completed"]
    left = f" ({open_ends:,} of them not completed)" if open_ends else ""
    head = (
        f"{summary['requests']:,} requests on {figures.config.name}{left}: {summary['dram_ticks']:,} ticks "
        f"({summary['time_ps'] * 1e-6:,.3f} us), {summary['dram_nj'] * 1e-3:,.3f} uJ, "
        f"{hits}mean read latency {summary['mean_read_latency_ticks']:.1f} ticks"
    )
    return (
        head
        + "\n\n"
        + table_text(columns, [{str(k): v for k, v in row.items()} for row in table.to_dict("records")])
    )

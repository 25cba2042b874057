"""`scanfuse convert`: a trace from one format to another, a network to SCALE-Sim's topology."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scanfuse.commands.errors import BadInput
from scanfuse.commands.options import add_scaling, add_trace_format, trace_help

if TYPE_CHECKING:
    from scanfuse.dram import DramConfig

HELP = "a trace from one format to another, or a network to SCALE-Sim's topology"
DESCRIPTION = """Convert a trace of DRAM requests: between our own npz, parquet and csv and the formats of
DRAMSim2, DRAMsim3 and Ramulator. Names tell the formats (requests.npz, mase_art.trc, art.dramsim3); .gz and
.zst at their end say that the file is packed. What the new format cannot hold is left out, and said.

A network as IN (of the zoo, .onnx, or .csv of SCALE-Sim) is written as a SCALE-Sim topology, OUT.csv: a row
per layer with weights."""
EPILOG = """examples:
  scanfuse convert requests.npz requests.dramsim3
  scanfuse convert mase_art.trc.gz art.parquet --dram DDR3_micron_16M_8B_x8_sg15
  scanfuse convert art.trace requests.csv --from ramulator --skip-bad
  scanfuse convert requests.npz rw.trace --to ramulator2-readwrite
  scanfuse convert mobilenet_v2 mobilenet_v2.csv --resolution 160

The formats, with a page for each under docs/formats/:
""" + trace_help()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", type=Path, metavar="IN", help="the trace, or the network, to read")
    parser.add_argument("target", type=Path, metavar="OUT", help="the file to write")
    add_scaling(parser)
    add_trace_format(parser, "--from", "source_format", "of IN")
    add_trace_format(parser, "--to", "target_format", "of OUT")
    parser.add_argument(
        "--dram",
        metavar="PART|INI",
        help="the DRAM the trace is for: kept where the format has a place for it, and its address mapping "
        "is that of ramulator2-readwrite; the trace's own",
    )
    parser.add_argument("--system", metavar="INI", help="DRAMSim2 system settings that go with --dram")
    parser.add_argument(
        "--capacity-mib", type=int, metavar="MIB", help="size of that DRAM, a power of two; 2048"
    )
    parser.add_argument("--skip-bad", action="store_true", help="pass over malformed lines and count them")


def main(args: argparse.Namespace) -> int:
    if args.target.exists() and Path(args.source).exists() and args.target.samefile(args.source):
        raise BadInput(f"{args.target} is what is to be converted: give another name to write to")
    if names_network(args):
        return write_topology(args)
    networks = {"--resolution": args.resolution, "--width": args.width}
    refuse(f"{args.source} is a trace", networks | {"--skip-unsupported": args.skip_unsupported or None})
    from scanfuse.dram import read_trace, write_trace
    from scanfuse.dram.trace_names import format_of
    from scanfuse.results.files import check_writable_file
    from scanfuse.results.replay import check_whole

    check_writable_file(args.target)
    given = dram_of(args)
    target = format_of(args.target, args.target_format)
    trace = read_trace(args.source, args.source_format, skip_bad=args.skip_bad, cfg=given)
    check_whole(trace, str(args.source))
    config = given or trace.config
    metadata = dict(trace.metadata)
    if config != trace.config:
        metadata.pop("total_ticks", None)  # those of another DRAM
    write_trace(
        args.target,
        trace.cycles,
        trace.addresses,
        trace.is_write,
        cfg=config,
        metadata=metadata,
        format=target.name,
    )
    if args.skip_bad:
        say_skipped(args.source, trace.skipped)
    lost = [
        what
        for what, is_lost in (
            ("cycles", trace.cycles.any() and not target.holds_cycles),
            ("the record of the run", bool(trace.metadata) and not target.holds_metadata),
        )
        if is_lost
    ]
    told = f"; {target.name} has no place for {' and '.join(lost)}" if lost else ""
    print(f"scanfuse: {len(trace):,} requests to {args.target}{told}", file=sys.stderr)
    return 0


def names_network(args: argparse.Namespace) -> bool:
    """Whether IN is a network: a csv file is one where its first row names layers."""
    from scanfuse.network.zoo import zoo_names

    source: Path = args.source
    if args.source_format is not None:
        return False
    if source.suffix.lower() == ".csv" and source.is_file():
        from scanfuse.network import is_topology

        return is_topology(source)
    return source.suffix.lower() == ".onnx" or (str(source) in zoo_names() and not source.exists())


def refuse(what: str, options: dict[str, object]) -> None:
    """Raise BadInput for an option that was given and is not for what is converted."""
    for option, value in options.items():
        if value is not None:
            raise BadInput(f"{what}: leave out {option}")


def write_topology(args: argparse.Namespace) -> int:
    """A network as SCALE-Sim has it. Raises NetworkError, BadInput, OSError."""
    from scanfuse.network import load, topology_text
    from scanfuse.results.files import check_writable_file, write_whole

    traces = {"--to": args.target_format, "--dram": args.dram, "--system": args.system}
    traces |= {"--capacity-mib": args.capacity_mib, "--skip-bad": args.skip_bad or None}
    refuse(f"{args.source} is a network", traces)
    if args.target.suffix.lower() != ".csv":
        raise BadInput(f"{args.target}: a network is written as a SCALE-Sim topology: give a name in .csv")
    check_writable_file(args.target)
    skips = args.skip_unsupported
    network = load(str(args.source), args.resolution, args.width, skip_unsupported=skips)
    text, left_out = topology_text(network)
    write_whole(args.target, text)
    told = f"; without a row, as they have no weights: {len(left_out)}" if left_out else ""
    print(f"scanfuse: {text.count(chr(10)) - 1:,} rows to {args.target}{told}", file=sys.stderr)
    return 0


def dram_of(args: argparse.Namespace) -> DramConfig | None:
    """The DRAM that the options name, None if they name none. Raises DramConfigError."""
    if not args.dram:
        return None
    from scanfuse.dram import DramConfig

    return DramConfig.from_ini(args.dram, args.system, args.capacity_mib or 2048)


def say_skipped(path: Path, lines: int) -> None:
    """Tell on stderr how many lines were passed over."""
    print(f"scanfuse: {path}: {lines:,} malformed lines skipped", file=sys.stderr)

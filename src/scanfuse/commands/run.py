"""`scanfuse run`: one network under one schedule."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanfuse.commands import options
from scanfuse.commands.errors import BadInput, blamed_on
from scanfuse.commands.progress import show_progress
from scanfuse.commands.text import Column, moved_text, table_text

if TYPE_CHECKING:
    from scanfuse.hardware import Accelerator
    from scanfuse.network import Network
    from scanfuse.results import Run, Setup

HELP = "run a network under a schedule: time and energy, layer by layer"
DESCRIPTION = """Map a network by a named schedule, or take a mapping from a file, prove the program right,
simulate it on the accelerator with its DRAM, and print a row per layer and the total.

The results go into a folder (--out; runs/NETWORK-SCHEDULE if not given; files of earlier runs in it are
replaced): layers.csv and layers.parquet, a row per layer; summary.json, totals and exact integer counts;
config.toml and mapping.toml, all that the run depends on: scanfuse run FOLDER/config.toml repeats it to the
bit. With other hardware or another network on top, the schedule is searched anew; a mapping that was given
stays as it is."""
EPILOG = """examples:
  scanfuse run mobilenet_v2
  scanfuse run mobilenet_v2 --schedule raster --set buffer.entries=32768 --out runs/half
  scanfuse run mobilenet_v2 --dram DDR3_micron_64M_8B_x4_sg15 --set pe_array.clock_hz="1 GHz"
  scanfuse run mobilenet_v2 --schedule deep --objective edp
  scanfuse run mobilenet_v2 --layers 3-8,12 --format csv
  scanfuse run mobilenet_v2 --schedule raster --time
  scanfuse run mobilenet_v2 --save-timeline fused.json
  scanfuse run mobilenet_v2 --schedule scan --buffer-policy lru --set buffer.lru_tile=32
  scanfuse run mobilenet_v2 --resolution 96 --verify --save-trace requests.csv
  scanfuse run runs/half/config.toml --out runs/again
  scanfuse run --mapping runs/half/mapping.toml --verify
"""
COLUMNS = (
    Column("#", lambda row: str(row["index"]) if "index" in row else ""),
    Column("layer", "layer"),
    Column("kind", "kind"),
    Column("group", "group"),
    Column("MMACs", "macs", 3, 1e-6),
    Column("tiles", "steps"),
    Column("time us", "latency_us", 1),
    Column("stall %", lambda row: 100 * row["stall_cycles"] / row["cycles"] if row["cycles"] else 0.0, 1),
    Column("PE use %", "pe_utilization", 1, 100),
    Column("read kB", "dram_read_bytes", 1, 1e-3),
    Column("write kB", "dram_write_bytes", 1, 1e-3),
    Column("row hit %", "row_hit_rate", 1, 100),
    Column("DRAM uJ", "dram_nj", 2, 1e-3),
    Column("buffer uJ", "buffer_nj", 2, 1e-3),
    Column("MAC uJ", "mac_nj", 2, 1e-3),
    Column("total uJ", "total_nj", 2, 1e-3),
    Column("peak entries", "peak_buffer_entries"),
)

TIME_COLUMNS = (
    COLUMNS[0],
    Column("layer", "layer"),
    Column("bound", "bound"),
    Column("compute us", "compute_us", 1),
    Column("memory us", "memory_us", 1),
    Column("both us", "overlap_us", 1),
    Column("stall us", "stall_us", 1),
    Column("of peak %", "bandwidth_utilization", 1, 100),
    Column("in stalls %", "stall_bandwidth_utilization", 1, 100),
    Column("act/MB", "activations_per_mb", 0),
    Column("MACs/byte", "macs_per_dram_byte", 1),
    Column("GMACs/s", "gmacs_per_s", 1),
)

TIMELINES = (".json", ".json.gz")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    options.add_network_or_mapping(
        parser,
        f"{options.NETWORK}; or the config.toml of a run folder",
        "run a network as a file says (see scanfuse map)",
    )
    options.add_objective(parser)
    options.add_no_cache(parser)
    options.add_hardware(parser)
    parser.add_argument(
        "--layers",
        metavar="3-8,12",
        help="print only these layers, by index or name, and their total; the whole network is simulated all "
        "the same, as what a layer costs depends on its neighbours, and the folder holds all layers",
    )
    parser.add_argument(
        "--time",
        action="store_true",
        help="print what the time is spent on instead of the energies: the array computes, DRAM has "
        "requests, both, the array waits (stall); the share of DRAM's peak bandwidth, over all and while the "
        "array waits; activations; MACs per byte moved and per second (the roofline)",
    )
    parser.add_argument("--out", type=options.folder, metavar="DIR", help="the folder for the results")
    parser.add_argument(
        "--save-trace", type=Path, metavar="FILE", help="keep the DRAM's requests, for scanfuse replay"
    )
    parser.add_argument(
        "--save-timeline",
        type=Path,
        metavar="FILE",
        help="keep what happened when, a slice per step and transfer, for ui.perfetto.dev: .json or .json.gz",
    )
    parser.add_argument(
        "--verify", action="store_true", help="also compute on integers and compare every layer's output"
    )
    options.add_format(parser)


def main(args: argparse.Namespace) -> int:
    from scanfuse import results
    from scanfuse.results.trace_events import write_timeline

    setup = setup_from(args)
    if setup.schedule is not None:
        options.check_schedules([setup.schedule])
    network = setup.load_network()
    every = list(range(len(network.layers)))
    shown = every if args.layers is None else options.parse_layers(args.layers, network)
    folder = args.out or Path("runs") / f"{network.name}-{setup.schedule or stem_of(setup)}"
    check_places(folder, args.save_trace, args.save_timeline)
    run = run_setup(setup, network, args)
    options.warn_of_overrides(run.simulation.config)
    if run.execution is not None:
        told = f"{run.execution.elements:,} outputs of {run.execution.layers} layers equal the network's"
        print(f"scanfuse: verified: {told}; {peak_told(run)}", file=sys.stderr)
    results.write_run(folder, run, setup)
    if args.save_trace:
        save_trace(args.save_trace, run)
    if args.save_timeline:
        write_timeline(args.save_timeline, run)
    if args.format == "table":
        settings = options.hardware_settings(args)
        given = "" if setup.schedule else f" ({setup.mapping})"
        name = f"{network.name}, {run.schedule}{given},"
        print(options.title(name, setup.hardware, run.simulation.config, settings))
    print_run(run, shown, args.format, TIME_COLUMNS if args.time else COLUMNS)
    print(f"scanfuse: wrote {folder}", file=sys.stderr)
    return 0


def peak_told(run: Run) -> str:
    """The largest of the live entries that the execution has measured, and in which group."""
    assert run.execution is not None
    peaks = run.execution.peak_entries
    group = peaks.index(max(peaks))
    first = run.network.layers[run.mapping.groups[group].layers[0]].name
    return f"at most {max(peaks):,} of {run.accelerator.buffer.entries:,} entries live, from {first} on"


def setup_from(args: argparse.Namespace) -> Setup:
    """What the arguments ask for. Raises HardwareError, MappingError, BadInput."""
    from scanfuse.results import Setup

    options.check_one_network(args, "run")
    if args.mapping is not None:
        return mapping_setup(args.mapping, options.load_accelerator(args))
    if not options.is_config(args.network):
        hardware = options.load_accelerator(args)
        schedule = args.schedule or "fused"
        return Setup(
            args.network,
            schedule,
            args.resolution,
            args.width,
            hardware,
            objective=args.objective,
            skip_unsupported=args.skip_unsupported,
        )
    if args.hardware:
        raise BadInput(f"{args.network} describes the hardware already: leave out --hardware, or use --set")
    return config_setup(args)


def mapping_setup(path: Path, hardware: Accelerator) -> Setup:
    """The run of a mapping that is given. Raises MappingError."""
    from scanfuse.results import Setup, load_mapping

    origin = load_mapping(path).network.origin
    assert origin is not None  # as the file has told it
    return Setup(
        origin.name,
        None,
        origin.resolution,
        origin.width,
        hardware,
        path,
        sha256=origin.sha256,
        skip_unsupported=bool(origin.skip_unsupported),
    )


def config_setup(args: argparse.Namespace) -> Setup:
    """The run of a config.toml, with changes on top: they drop a mapping that was searched for."""
    from scanfuse.results import load_setup

    settings = options.hardware_settings(args)
    setup = load_setup(Path(args.network), settings)
    asked = {name: getattr(args, name) for name in ("schedule", "resolution", "width", "objective")}
    asked["skip_unsupported"] = args.skip_unsupported or None
    changes = {name: value for name, value in asked.items() if value is not None}
    given = setup.schedule is None
    if given and changes and "schedule" not in changes:
        raise BadInput(
            f"{args.network} runs the mapping {setup.mapping}, made for its network: leave out "
            f"--{', --'.join(changes)}, or give a --schedule to search anew"
        )
    if "schedule" in changes or (not given and (changes or settings)):
        changes["mapping"] = None
    return replace(setup, **changes)


def stem_of(setup: Setup) -> str:
    assert setup.mapping is not None
    return setup.mapping.stem


def run_setup(setup: Setup, network: Network, args: argparse.Namespace) -> Run:
    """Search for the mapping, or take that of a file; what is wrong with that one names the file."""
    from scanfuse import results

    verify, log_requests = args.verify, args.save_trace is not None
    if setup.mapping is None:
        assert setup.schedule is not None
        return results.run(
            network,
            setup.schedule,
            setup.hardware,
            objective=setup.objective or "traffic",
            cache=not args.no_cache,
            verify=verify,
            log_requests=log_requests,
            progress=show_progress,
        )
    mapping = results.load_mapping(setup.mapping, network)
    with blamed_on(setup.mapping):
        return results.run_mapping(
            mapping, setup.hardware, verify=verify, log_requests=log_requests, progress=show_progress
        )


def check_places(folder: Path, trace: Path | None, timeline: Path | None) -> None:
    """Raise before the long work where its results could not be written."""
    from scanfuse.dram.trace import check_trace_name
    from scanfuse.results.files import check_writable_file, check_writable_folder

    check_writable_folder(folder)
    if trace is not None:
        check_trace_name(trace)
    if timeline is not None and not timeline.name.endswith(TIMELINES):
        raise BadInput(
            f"--save-timeline {timeline}: the name of the file must end in {' or '.join(TIMELINES)}"
        )
    for file in (trace, timeline):
        if file is not None and file.parent != folder:  # which is made when the results are written
            check_writable_file(file)


def save_trace(path: Path, run: Run) -> None:
    """The accepted requests with all that it takes to repeat them."""
    from scanfuse.dram import write_trace

    simulation = run.simulation
    requests = simulation.requests
    assert requests is not None
    write_trace(
        path,
        requests.ticks,
        requests.addresses,
        requests.is_write,
        cfg=simulation.config,
        total_ticks=simulation.ticks,
        metadata={
            "network": run.network.name,
            "schedule": run.schedule,
            "hardware": run.accelerator.name,
            "requests": len(requests.ticks),
        },
    )


def print_run(run: Run, shown: list[int], form: str, columns: tuple[Column, ...]) -> None:
    """The layers shown, and their total (CSV: the layers alone, so that a column can be summed)."""
    from scanfuse.results import total_row

    table = run.layers.iloc[shown]
    if form == "csv":
        print(table.to_csv(index=False, lineterminator="\n"), end="")
        return
    rows: list[dict[str, Any]] = [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]
    total = total_row(run.simulation, None if len(shown) == len(run.layers) else shown)
    if form == "json":
        print(json.dumps({"layers": rows, "total": total}, indent=1))
        return
    print(table_text(columns, rows, {"layer": "total", **total}))
    parts = {"activation": "act", "bursts": "burst", "refresh": "refresh", "standby": "background"}
    split_nj = {name: total[f"dram_{key}_nj"] for name, key in parts.items()}
    split = ", ".join(f"{name} {nj * 1e-3:,.1f}" for name, nj in split_nj.items() if nj is not None)
    print(f"DRAM uJ: {split}")
    print(moved_text(run.entries, run.bounds["layer_by_layer_entries"], run.extra_macs))

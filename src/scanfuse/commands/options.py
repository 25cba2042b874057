"""Options that several commands share, and what they come to."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scanfuse.commands.errors import BadInput, did_you_mean

if TYPE_CHECKING:
    from scanfuse.dram import DramConfig
    from scanfuse.hardware import Accelerator
    from scanfuse.network import Network

NETWORK = "a network of the zoo (scanfuse list networks), or a file: .onnx, or SCALE-Sim's .csv"
FORMATS = ("table", "json", "csv")
# What a search may make least, said here too so that help imports no room; a test holds it to what there is.
OBJECTIVES = ("traffic", "bursts", "energy", "latency", "edp")
# The trace formats, said here too so that help needs no DRAM engine; a test holds them to those there are.
TRACE_FORMATS = {
    "npz": "ours: columns and a record, compact, for numpy",
    "parquet": "ours: the same columns, for other tools",
    "csv": "ours, as text: cycle,address,rw",
    "mase": "DRAMSim2: 0xADDRESS IFETCH|READ|WRITE CYCLE",
    "k6": "DRAMSim2: 0xADDRESS P_MEM_RD|P_MEM_WR|... CYCLE",
    "misc": "DRAMSim2: 0xADDRESS read|write [DATA], no cycles",
    "dramsim3": "DRAMsim3: 0xADDRESS READ|WRITE CYCLE",
    "ramulator": "Ramulator 1, DRAM trace: 0xADDRESS R|W, no cycles",
    "ramulator-cpu": "Ramulator 1, CPU trace: BUBBLES READ_ADDRESS [WRITE_ADDRESS]",
    "ramulator2-loadstore": "Ramulator 2, load/store trace: LD|ST ADDRESS, no cycles",
    "ramulator2-readwrite": "Ramulator 2, read/write trace: R|W ADDRESS_VECTOR, no cycles",
}


def add_network(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("network", metavar="NETWORK", help=NETWORK)
    add_scaling(parser)


def add_network_or_mapping(parser: argparse.ArgumentParser, network: str, mapping: str) -> None:
    """NETWORK or --mapping, each with its help; `check_one_network` wants one of them."""
    parser.add_argument("network", metavar="NETWORK", nargs="?", help=network)
    add_scaling(parser)
    parser.add_argument("--schedule", metavar="NAME", help="how it runs (scanfuse list schedules); fused")
    parser.add_argument("--mapping", type=Path, metavar="FILE", help=mapping)


def check_one_network(args: argparse.Namespace, command: str) -> None:
    """Raise BadInput unless there is either a network or a mapping, which says all about its network."""
    if args.mapping is None:
        if args.network is None:
            raise BadInput(f"give NETWORK, or --mapping FILE (see scanfuse {command} --help)")
        return
    keys = ("schedule", "resolution", "width", "skip_unsupported", "objective")
    given = [key for key in keys if getattr(args, key, None) not in (None, False)]
    asked = [f"--{key.replace('_', '-')}" for key in given]
    extra = asked if args.network is None else [args.network, *asked]
    if extra:
        raise BadInput(f"--mapping {args.mapping} says what runs, and how: leave out {', '.join(extra)}")


def folder(text: str) -> Path:
    """A folder to write to; an empty name, as of a shell's unset variable, is none."""
    if not text:
        raise argparse.ArgumentTypeError("the name of a folder must not be empty")
    return Path(text)


def add_scaling(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--resolution", type=int, metavar="PIXELS", help="height and width of the input image"
    )
    parser.add_argument(
        "--width", type=float, metavar="FACTOR", help="multiplies the numbers of channels, in the zoo"
    )
    parser.add_argument(
        "--skip-unsupported",
        action="store_true",
        help="pass over the operators of an ONNX file that are not modelled, and count them",
    )


def load_network(args: argparse.Namespace) -> Network:
    """The network that NETWORK and its options name. Raises NetworkError, OSError."""
    from scanfuse.network import load

    return load(args.network, args.resolution, args.width, skip_unsupported=args.skip_unsupported)


def add_hardware(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--hardware",
        metavar="FILE|PRESET",
        help="a TOML file, SCALE-Sim's .cfg, or a preset (scanfuse list presets); paper",
    )
    parser.add_argument(
        "--dram", metavar="PART|INI", help="a DRAM part (scanfuse list parts) or a DRAMSim2 device file"
    )
    add_dram_mode(parser, "dramsim2")
    parser.add_argument(
        "--buffer-policy",
        choices=("explicit", "lru"),
        help="what stays in the buffer is said by the mapping (explicit), or left to a cache of small tiles "
        "(lru: for the schedules fixed, raster and scan; see buffer.lru_tile and lru_order); explicit",
    )
    parser.add_argument(
        "--reserve",
        metavar="SHARE",
        help="the share of the buffer that a mapping leaves free for loads ahead, such as 0.1; 0, and with "
        "the objectives latency and edp what is best",
    )
    add_dram_backend(parser)
    parser.add_argument(
        "--set",
        metavar="SECTION.KEY=VALUE",
        action="append",
        default=[],
        dest="settings",
        help="change one figure of the hardware, such as buffer.entries=32768; may be repeated",
    )


def add_objective(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--objective",
        choices=OBJECTIVES,
        help="what the search makes least: entries moved (traffic), DRAM bursts, energy of the DRAM, "
        "latency, or energy times latency (edp); the best few are simulated (docs/objectives.md); traffic",
    )


def add_no_cache(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--no-cache",
        action="store_true",
        help="search anew, and keep nothing; else what a search finds is kept in the user's cache folder",
    )


def add_dram_mode(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument(
        "--dram-mode",
        choices=("dramsim2", "strict"),
        help="DRAMSim2 to the tick, quirks included (dramsim2), or with its bugs put right and every command "
        f"legal (strict); {default}",
    )


def add_dram_backend(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dram-backend",
        choices=("engine", "dramsim2"),
        help="who simulates the DRAM: our engine, or the DRAMSim2 that is attached (scanfuse dramsim2); that "
        "gives the same figures more slowly and tells no commands and row hits; engine",
    )


def add_format(parser: argparse.ArgumentParser, formats: tuple[str, ...] = FORMATS) -> None:
    parser.add_argument(
        "--format", choices=formats, default=formats[0], help=f"how to print the result; {formats[0]}"
    )


def add_trace_format(parser: argparse.ArgumentParser, option: str, dest: str, what: str) -> None:
    parser.add_argument(
        option,
        choices=TRACE_FORMATS,
        dest=dest,
        metavar="FORMAT",
        help=f"the format {what}, where its name does not tell",
    )


def trace_help() -> str:
    """The trace formats, a line each."""
    width = max(map(len, TRACE_FORMATS))
    return "".join(f"  {name.ljust(width)}  {title}\n" for name, title in TRACE_FORMATS.items())


def hardware_settings(args: argparse.Namespace) -> list[str]:
    """The settings of --dram, --dram-mode, --dram-backend, --buffer-policy, --reserve and --set, in order."""
    given = {
        "dram.part": args.dram,
        "dram.mode": args.dram_mode,
        "dram.backend": args.dram_backend,
        "buffer.policy": args.buffer_policy,
        "buffer.reserve": args.reserve,
    }
    asked = [f"{key}={value}" for key, value in given.items() if value is not None]
    return [*asked, *args.settings]


def load_accelerator(args: argparse.Namespace) -> Accelerator:
    """The hardware that --hardware, --set and the options of DRAM and buffer describe. Raises
    HardwareError."""
    from scanfuse.hardware import load_hardware

    return load_hardware(args.hardware or "paper", hardware_settings(args))


def title(what: str, accelerator: Accelerator, config: DramConfig, settings: list[str]) -> str:
    """What runs on what, in a line; settings that change the named hardware are part of its name."""
    changed = f" with {', '.join(settings)}" if settings else ""
    buffer = accelerator.buffer
    return (
        f"{what} on {accelerator.name}{changed}: {config.name}, "
        f"{buffer.entries:,} entries of {buffer.entry_bits} bits"
    )


def warn_of_overrides(*configs: DramConfig) -> None:
    """Tell on stderr, once, of overrides that leave the address mapping as it was (quirk Q1, not in mode
    strict)."""
    from scanfuse.dram.keys import MAPPED

    told = {
        f"{key}={value}: addresses are mapped as for {key}={dict(config.files)[key]}": None
        for config in configs
        for key, value in config.overrides
        if config.mode != "strict" and key in MAPPED and value != dict(config.files).get(key, value)
    }
    for what in told:
        print(
            f"scanfuse: warning: {what}, as an override does not reach the mapping (DRAMSim2's quirk); set "
            "it in a device or system file",
            file=sys.stderr,
        )


def check_schedules(names: list[str]) -> None:
    """Raise BadInput unless all are schedules."""
    from scanfuse.mapping import SCHEDULES

    for name in names:
        if name not in SCHEDULES:
            known = list(SCHEDULES)
            hint = did_you_mean(name, known)
            raise BadInput(f"unknown schedule {name!r}{hint}; the schedules are {', '.join(known)}")


def parse_layers(text: str, network: Network) -> list[int]:
    """Layers as `3-8,12`, by index, or by name; in order, each once. Raises BadInput, NetworkError."""
    found: set[int] = set()
    last = len(network.layers) - 1
    for item in text.split(","):
        first, dash, end = (part.strip() for part in item.partition("-"))
        if first.isdecimal() and (not dash or end.isdecimal()):
            low, high = int(first), int(end if dash else first)
            if not low <= high <= last:
                raise BadInput(f"--layers {item.strip()}: {network.name} has layers 0 to {last}")
            found.update(range(low, high + 1))
        else:
            found.add(network.layers.index(network.layer(item.strip())))
    return sorted(found)


def is_config(name: str) -> bool:
    """Whether NETWORK is the config.toml of a run folder."""
    return Path(name).suffix == ".toml"

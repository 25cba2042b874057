"""`scanfuse doctor`: what is installed, what is not, and whether the engine is right on this machine."""

from __future__ import annotations

import argparse
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from scanfuse.commands.errors import CHECK_FAILED
from scanfuse.commands.text import Column, table_text

HELP = "what is installed, and whether the DRAM engine is right here"
DESCRIPTION = """Print the version, how the engine was compiled, which optional parts are there and how to get
the others, the DRAMSim2 that is attached, and where caches lie. Then replay a stream of 850 requests whose
figures were measured on DRAMSim2, and compare them all. Exit status 1 where one differs."""
EPILOG = """examples:
  scanfuse doctor       the first thing to look at, and to send along, when something is wrong
"""
EXTRAS = {  # package: extra, what it is for
    "onnx": ("onnx", "networks in ONNX files"),
    "matplotlib": ("plot", "figures as PNG, SVG, PDF"),
    "distributed": ("cluster", "sweeps on a Dask cluster"),
    "zstandard": ("zstd", "traces in .zst (Python 3.14 has it)"),
    "cffi": ("dramsim2", "attaching a DRAMSim2"),
    "pytest": ("test", "the tests, the fixture energy_regression"),
}
COLUMNS = (Column("part", "part"), Column("version", "version"), Column("what it is for", "use"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none."""


def main(args: argparse.Namespace) -> int:
    print("\n".join(f"{name:12} {value}" for name, value in facts().items()))
    print()
    print(table_text(COLUMNS, [part_row(package) for package in EXTRAS]))
    print()
    return conformance()


def facts() -> dict[str, str]:
    """What this installation is, by name."""
    import scanfuse
    from scanfuse.dram import build

    return {
        "scanfuse": f"{scanfuse.__version__}, {Path(scanfuse.__file__).parent}",
        "Python": f"{platform.python_version()} ({platform.python_implementation()}), {sys.executable}",
        "machine": f"{platform.system()} {platform.machine()}",
        "engine": build(),
        "DRAMSim2": dramsim2(),
        "mappings": mappings(),
    }


def dramsim2() -> str:
    """The DRAMSim2 that is attached, or how to attach one."""
    from scanfuse.dram import DramSim2Error
    from scanfuse.dram.attached import attached

    try:
        found = attached()
    except (DramSim2Error, RuntimeError) as error:
        return str(error)
    return str(found.library)


def mappings() -> str:
    """Where mappings that were found are kept."""
    from scanfuse.results.mapping_cache import mappings_folder

    try:
        folder = mappings_folder()
    except RuntimeError:
        return "not kept: this user has no home"
    kept = len(list(folder.glob("*.toml"))) if folder.is_dir() else 0
    return f"{kept} kept in {folder}"


def part_row(package: str) -> dict[str, str]:
    """An optional part: its version, or how to get it."""
    extra, use = EXTRAS[package]
    try:
        found = version(package)
    except PackageNotFoundError:
        found = "absent"
        use += f": pip install 'scanfuse[{extra}]'"
    return {"part": package, "version": found, "use": use}


def conformance() -> int:
    """Hold the engine to what was measured on DRAMSim2."""
    from scanfuse.commands.check import moved_table, row_of
    from scanfuse.results import compare_golden, load_golden
    from scanfuse.results.conformance import REFERENCE

    golden = load_golden(REFERENCE)
    moved = compare_golden(golden)
    if moved:
        print(moved_table([row_of(one) for one in moved]))
        print(f"the engine is WRONG here: {len(moved)} figures are not those measured on DRAMSim2")
        return CHECK_FAILED
    requests = golden.figures["figures"]["requests"]
    print(f"the engine is right: {requests} requests give every figure that was measured on DRAMSim2")
    return 0

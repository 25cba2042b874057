"""`scanfuse dramsim2`: attach a DRAMSim2 that you have built, and prove that it and our engine agree."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scanfuse.commands.errors import CHECK_FAILED, BadInput
from scanfuse.commands.progress import show_progress

if TYPE_CHECKING:
    from scanfuse.dram.attached import Attachment

HELP = "attach a DRAMSim2 that you have built, as a second backend"
DESCRIPTION = """Attach a DRAMSim2: compile a small shim against its headers and its shared library, into the
user's cache folder. From then on --dram-backend dramsim2 (of replay, run and compare) has the DRAM simulated
by it, in a process and a folder of its own, and replay --cross-check holds it to our engine, request by
request.

  attach   compile the shim (needs a C++ compiler, Python's headers, and cffi: the extra dramsim2)
  status   what is attached, and whether it gives the engine's figures on a few small streams: exit status 1
           where it does not"""
EPILOG = """examples:
  scanfuse dramsim2 attach --root ~/DRAMSim2               the folder in which make libdramsim.so was run
  scanfuse dramsim2 attach --root /opt/dramsim --library /opt/dramsim/lib/libdramsim.so
  scanfuse dramsim2 status
  scanfuse replay requests.npz --cross-check
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True, dest="action")
    attaching = actions.add_parser("attach", help="compile the shim", allow_abbrev=False)
    attaching.add_argument(
        "--root",
        type=Path,
        required=True,
        metavar="DIR",
        help="the folder of a DRAMSim2, with DRAMSim.h and libdramsim.so in it or in include/ and lib/",
    )
    attaching.add_argument(
        "--library", type=Path, metavar="FILE", help="its shared library, if that lies elsewhere"
    )
    actions.add_parser("status", help="what is attached, and whether it agrees", allow_abbrev=False)


def main(args: argparse.Namespace) -> int:
    from scanfuse.dram.attached import attach, attached

    if args.action == "status":
        print(attachment_text(attached()))
        return conform()
    if not args.root.is_dir():
        raise BadInput(f"--root {args.root}: no such folder; give the one in which DRAMSim2 was built")
    print(f"scanfuse: compiling a shim against {args.root}", file=sys.stderr)
    print(attachment_text(attach(args.root, args.library)))
    print("scanfuse: attached; scanfuse dramsim2 status holds it to the engine", file=sys.stderr)
    return 0


def attachment_text(attachment: Attachment) -> str:
    """What is attached, a line each."""
    ours = " (not DRAMSim2 itself: scanfuse's own engine behind its interface)" if attachment.is_ours else ""
    abi = "that of C++11" if attachment.cxx11_abi else "the one before C++11"
    return "\n".join(
        (
            f"root         {attachment.root}",
            f"library      {attachment.library}{ours}",
            f"SHA-256      {attachment.library_sha256}",
            f"std::string  {abi} (_GLIBCXX_USE_CXX11_ABI={int(attachment.cxx11_abi)})",
            f"shim         {attachment.shim}",
        )
    )


def conform() -> int:
    """Hold what is attached to the engine; tell of each stream."""
    from scanfuse.dram.attached import check_conformance
    from scanfuse.dram.attached.conformance import CASES

    with show_progress("conformance", len(CASES)) as advance:
        results = []
        for result in check_conformance():
            results.append(result)
            advance()
    print()
    for result in results:
        verdict = result.difference or "every acceptance, completion and energy equal"
        print(f"{result.requests} requests, {result.title}: {verdict}")
    return CHECK_FAILED if any(result.difference for result in results) else 0

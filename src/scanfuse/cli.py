"""The command line: parses, calls one of `scanfuse.commands`, and turns what goes wrong into one line.

Exit status: 0 good, 1 a check failed, 2 bad input, 130 interrupted. Results go to stdout, all else to stderr.
A defect of scanfuse itself is not caught: its traceback is what a bug report needs.
"""

from __future__ import annotations

import argparse
import difflib
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

from scanfuse import __version__
from scanfuse.commands import COMMANDS
from scanfuse.commands.errors import BadInput, status_of, text_of

INTERRUPTED = 130  # 128 + SIGINT, as shells count
BROKEN_PIPE = 141  # 128 + SIGPIPE

EPILOG = """examples:
  scanfuse compare mobilenet_v2                what four schedules cost, and what the better ones save
  scanfuse run mobilenet_v2 --schedule fused   one schedule, layer by layer, with a folder of results
  scanfuse show resnet50                       the layers of a network
  scanfuse COMMAND --help                      options and examples of a command
"""


class Parser(argparse.ArgumentParser):
    """Reports what is wrong as an error to be caught, not with a usage text and an exit."""

    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{message} (see {self.prog} --help)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit status."""
    try:
        with warnings_as_lines():
            status = run(sys.argv[1:] if argv is None else list(argv))
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("scanfuse: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        silence_stdout()
        return BROKEN_PIPE
    except Exception as error:
        found = status_of(error)
        if found is None:
            raise
        print(f"scanfuse: error: {text_of(error)}", file=sys.stderr)
        silence_stdout()
        return found
    return status


def run(argv: list[str]) -> int:
    check_command(argv)
    try:
        args = parser().parse_args(argv)
    except SystemExit as left:  # --help and --version
        return int(left.code or 0)
    status: int = args.command(args)
    return status


def parser() -> Parser:
    """The parser of the whole command line."""
    top = Parser(
        prog="scanfuse",
        description="What a CNN costs in DRAM energy and time, and what a better schedule saves.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"scanfuse {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=module.HELP,
            description=module.DESCRIPTION,
            epilog=module.EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.add_arguments(command)
        command.set_defaults(command=module.main)
    return top


def check_command(argv: list[str]) -> None:
    """Raise BadInput unless the first word is a command or an option."""
    known = ", ".join(COMMANDS)
    if not argv:
        raise BadInput(f"no command given; the commands are {known} (see scanfuse --help)")
    if argv[0] not in COMMANDS and not argv[0].startswith("-"):
        close = difflib.get_close_matches(argv[0], list(COMMANDS), n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise BadInput(f"unknown command {argv[0]!r}{hint}; the commands are {known}")


@contextmanager
def warnings_as_lines() -> Iterator[None]:
    """Our own warnings, such as of a setting that DRAMSim2 would ignore, as lines on stderr."""
    with warnings.catch_warnings():
        shown = warnings.showwarning
        told = set()  # a configuration may be made more than once in a command

        def show(message: object, category: type[Warning], *where: object) -> None:
            if category.__module__.startswith("scanfuse."):
                if str(message) in told:
                    return
                told.add(str(message))
                print(f"scanfuse: warning: {message}", file=sys.stderr)
            else:
                shown(message, category, *where)  # type: ignore[arg-type]

        warnings.showwarning = show  # type: ignore[assignment]
        warnings.filterwarnings("always", module=r"scanfuse\.")
        yield


def silence_stdout() -> None:
    """Nothing more can go to stdout, so that Python does not complain about it on its way out."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

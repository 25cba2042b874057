"""The subcommands, one file each: HELP, DESCRIPTION, EPILOG, `add_arguments(parser)`, `main(args)`.

What is slow to import is imported inside `main`: `scanfuse --help` answers at once.
"""

from scanfuse.commands import check, compare, convert, dramsim2, replay, run, show
from scanfuse.commands import list as listing

COMMANDS = {
    "run": run,
    "compare": compare,
    "show": show,
    "replay": replay,
    "convert": convert,
    "check": check,
    "list": listing,
    "dramsim2": dramsim2,
}

"""The subcommands, one file each: HELP, DESCRIPTION, EPILOG, `add_arguments(parser)`, `main(args)`.

What is slow to import is imported inside `main`: `scanfuse --help` answers at once.
"""

from scanfuse.commands import (
    check,
    compare,
    completion,
    convert,
    doctor,
    dramsim2,
    explain,
    replay,
    report,
    run,
    show,
    sweep,
)
from scanfuse.commands import list as listing
from scanfuse.commands import map as mapping

COMMANDS = {
    "run": run,
    "compare": compare,
    "map": mapping,
    "sweep": sweep,
    "explain": explain,
    "report": report,
    "show": show,
    "replay": replay,
    "convert": convert,
    "check": check,
    "list": listing,
    "dramsim2": dramsim2,
    "doctor": doctor,
    "completion": completion,
}

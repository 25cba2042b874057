"""Which errors are the user's to mend, and how they read in one line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

CHECK_FAILED = 1
BAD_INPUT = 2

# By name, as an error that was raised is in a module that was imported; no other needs to be.
STATUS = {
    "scanfuse.execute.ExecutionError": CHECK_FAILED,
    "scanfuse.program.ProgramError": CHECK_FAILED,
    "scanfuse.results.agreement.AgreementError": CHECK_FAILED,
    "scanfuse.dram.BusCollision": BAD_INPUT,
    "scanfuse.dram.DramConfigError": BAD_INPUT,
    "scanfuse.dram.DramSim2Error": BAD_INPUT,
    "scanfuse.dram.NoProgress": BAD_INPUT,
    "scanfuse.dram.TraceError": BAD_INPUT,
    "scanfuse.hardware.HardwareError": BAD_INPUT,
    "scanfuse.mapping.MappingError": BAD_INPUT,
    "scanfuse.network.NetworkError": BAD_INPUT,
    "scanfuse.program.LayoutError": BAD_INPUT,
    "scanfuse.report.ReportError": BAD_INPUT,
    "scanfuse.results.golden_file.GoldenError": BAD_INPUT,
    "scanfuse.results.record.RunFolderError": BAD_INPUT,
    "scanfuse.sweeps.SweepError": BAD_INPUT,
}


class BadInput(ValueError):
    """A command line that cannot be carried out: the text says what was given and what is allowed."""


def did_you_mean(given: str, allowed: list[str]) -> str:
    """A hint, with a space before it, when something allowed is close to what was given; else nothing."""
    import difflib

    close = difflib.get_close_matches(given, allowed, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


@contextmanager
def blamed_on(file: object) -> Iterator[None]:
    """What is wrong with a mapping inside is the fault of the file it was read from."""
    from scanfuse.mapping import MappingError
    from scanfuse.program import ProgramError

    try:
        yield
    except (MappingError, ProgramError) as error:
        raise BadInput(f"{file}: {error}") from None


@contextmanager
def asked_by(file: object) -> Iterator[None]:
    """What is wrong with that which a file asks for is told with the file's name before it."""
    try:
        yield
    except Exception as error:
        text = text_of(error)
        if status_of(error) != BAD_INPUT or isinstance(error, ImportError) or text.startswith(f"{file}"):
            raise
        raise BadInput(f"{file}: {text}") from None


def status_of(error: Exception) -> int | None:
    """The exit status for an error, or None for one that is a defect."""
    if isinstance(error, (BadInput, OSError)):
        return BAD_INPUT
    for name, status in STATUS.items():
        module, _, kind = name.rpartition(".")
        known = getattr(sys.modules.get(module), kind, None)
        if known is not None and isinstance(error, known):
            return status
    if isinstance(error, ImportError) and (error.name or "").startswith("scanfuse."):
        return BAD_INPUT  # the compiled engine is missing; the text says how to get it
    return None


def text_of(error: Exception) -> str:
    """An error in one line; that of a file names it."""
    text = str(error)
    if isinstance(error, OSError) and error.strerror:
        text = error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"
    return " ".join(text.split())

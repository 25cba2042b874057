"""What can go wrong, by name."""

import difflib
from collections.abc import Iterable

from scanfuse.dram.native import engine

BusCollision = engine.BusCollision
"""Two write bursts meet on the data bus: the configuration is one the model cannot run (quirk Q8)."""

NoProgress = engine.NoProgress
"""Requests wait, but the configuration lets none be served."""


class DramConfigError(ValueError):
    """A device or system setting is missing, unknown or out of range: where, what, and what is allowed."""


class DramConfigWarning(UserWarning):
    """A setting is legal but most likely not what was meant."""


class TraceError(ValueError):
    """A trace file cannot be read; says where, what was found and what was expected."""


class DramSim2Error(RuntimeError):
    """An attached DRAMSim2 is missing, has changed or died, or is asked for what it does not tell."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` (did you mean X?)` for the closest of the known words, or nothing."""
    close = difflib.get_close_matches(word.strip(), list(known), n=1)
    if not close:
        folded = {each.lower(): each for each in known}
        close = [folded[word.strip().lower()]] if word.strip().lower() in folded else []
    return f" (did you mean {close[0]}?)" if close else ""

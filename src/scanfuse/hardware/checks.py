"""Checks of single values. Each names the key, what was given and what is allowed."""

import math
from collections.abc import Iterable

from scanfuse.hardware.errors import HardwareError, did_you_mean

MOST = 1 << 40  # beyond what any machine has; sums over a network stay within 64 bits


def whole_number(key: str, value: object, at_least: int = 1, at_most: int = MOST) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise HardwareError(f"{key}: expected a whole number, got {value!r}")
    if value < at_least:
        raise HardwareError(f"{key}: must be {at_least} or more, got {value}")
    if value > at_most:
        raise HardwareError(f"{key}: must be {at_most} or less, got {value}")
    return value


def one_of_numbers(key: str, value: object, allowed: Iterable[int]) -> None:
    if whole_number(key, value) not in allowed:
        raise HardwareError(f"{key}: must be one of {', '.join(map(str, allowed))}, got {value}")


def truth(key: str, value: object) -> None:
    if not isinstance(value, bool):
        raise HardwareError(f"{key}: expected true or false, got {value!r}")


def text(key: str, value: object, *, empty: bool = False) -> None:
    if not isinstance(value, str):
        raise HardwareError(f"{key}: expected a text, got {value!r}")
    if not value and not empty:
        raise HardwareError(f"{key}: must not be empty")


def one_of(key: str, value: object, allowed: Iterable[str]) -> None:
    text(key, value, empty=True)
    names = tuple(allowed)
    if value not in names:
        hint = did_you_mean(str(value), names)
        raise HardwareError(f"{key}: must be one of {', '.join(names)}, got {value!r}{hint}")


def energy(key: str, value: object) -> None:
    """A number of picojoules, or None where the table is to say."""
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise HardwareError(f"{key}: expected a number of pJ, got {value!r}")
    if not math.isfinite(value) or value < 0:
        raise HardwareError(f"{key}: must be 0 pJ or more and finite, got {value}")


def share(key: str, value: object) -> None:
    """A part of a whole, less than all of it."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise HardwareError(f"{key}: expected a share such as 0.1, got {value!r}")
    if not 0 <= value < 1:
        raise HardwareError(f"{key}: must be 0 or more and less than 1, got {value}")


def scalars(key: str, value: object) -> None:
    """A table of plain values, as in a DRAM ini file."""
    if not isinstance(value, dict):
        raise HardwareError(f"{key}: expected a table of KEY = value, got {value!r}")
    for name, entry in value.items():
        if not isinstance(name, str) or not name.isidentifier():
            raise HardwareError(f"{key}: {name!r} is not a parameter name")
        if not isinstance(entry, (bool, int, float, str)):
            raise HardwareError(f"{key}.{name}: expected a number, a text, true or false, got {entry!r}")

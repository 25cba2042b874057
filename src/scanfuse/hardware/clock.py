"""Clocks: frequencies given by people, periods that are whole picoseconds.

Simulated time is an integer count of picoseconds, so the period is what is exact. A frequency is accepted
when it is, to the nearest hertz, that of a whole period: 500 MHz is 2000 ps, 300030003 Hz is 3333 ps, and
300 MHz is neither 3333 ps nor 3334 ps and is refused with both named.
"""

from decimal import Decimal

from scanfuse.hardware import checks
from scanfuse.hardware.errors import HardwareError, did_you_mean

PS_PER_SECOND = 10**12
HZ_PER_UNIT = {"Hz": 1, "kHz": 10**3, "MHz": 10**6, "GHz": 10**9}


def period_ps(clock_hz: int) -> int:
    """The whole period nearest to a frequency."""
    return (2 * PS_PER_SECOND + clock_hz) // (2 * clock_hz)


def nearest_hz(clock_period_ps: int) -> int:
    return period_ps(clock_period_ps)  # one is the reciprocal of the other


def check_clock(key: str, value: object) -> None:
    clock_hz = checks.whole_number(key, value, at_most=1 << 62)
    if clock_hz > PS_PER_SECOND:
        raise HardwareError(f"{key}: {clock_hz} Hz is a period below 1 ps, the unit of time here")
    if nearest_hz(period_ps(clock_hz)) == clock_hz:
        return
    shorter = PS_PER_SECOND // clock_hz
    allowed = " and ".join(f"{nearest_hz(ps)} ({ps} ps)" for ps in (shorter, shorter + 1))
    raise HardwareError(
        f"{key}: {clock_hz} Hz is a period of {PS_PER_SECOND / clock_hz:.3f} ps, which must be a whole "
        f"number of picoseconds; the nearest allowed are {allowed}"
    )


def parse_hz(key: str, text: str) -> int:
    """Hertz from a number with a unit, such as "500 MHz"."""
    number = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    unit = text[len(number) :]
    units = ", ".join(HZ_PER_UNIT)
    if not unit:
        raise HardwareError(f"{key}: {text!r}: give a number of Hz, or a text with a unit ({units})")
    if unit not in HZ_PER_UNIT:
        meant = [known for known in HZ_PER_UNIT if known.lower() == unit.lower()]
        hint = did_you_mean(meant[0] if meant else unit, HZ_PER_UNIT)
        raise HardwareError(f"{key}: {text!r}: unknown unit {unit!r}{hint}; the units are {units}")
    try:
        hertz = Decimal(number.strip()) * HZ_PER_UNIT[unit]
    except ArithmeticError:
        raise HardwareError(f"{key}: {text!r}: {number.strip()!r} is not a number") from None
    if hertz.is_nan() or not 0 < hertz <= PS_PER_SECOND or hertz != int(hertz):
        raise HardwareError(f"{key}: {text!r}: must be a whole number of Hz, from 1 Hz to 1000 GHz")
    return int(hertz)

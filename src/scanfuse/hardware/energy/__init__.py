"""Energy of a multiply-accumulate and of a buffer access, from a published table of points.

A table is a TOML file: those beside this one go by name, others by path. Between two published points, and
beyond the outermost, a power law is taken through the nearest two (a straight line in log-log): multiplier
energy grows with about the square of the width, SRAM energy with about the square root of the size.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from scanfuse.hardware.errors import HardwareError, did_you_mean
from scanfuse.hardware.toml import parse_toml

Points = tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class EnergyTable:
    """Published points, each as (bits or bytes, pJ), in rising order."""

    source: str
    accumulator_bits: int
    integer_multiply_pj: Points
    integer_add_pj: Points
    sram_access_bits: int
    sram_access_pj: Points

    def mac_pj(self, entry_bits: int) -> float:
        """A multiplication of two entries and an addition into the accumulator."""
        multiply = power_law(self.integer_multiply_pj, entry_bits)
        return multiply + power_law(self.integer_add_pj, self.accumulator_bits)

    def buffer_access_pj(self, buffer_bytes: int, entry_bits: int) -> float:
        """One entry read or written: its share of an access as wide as the published ones."""
        return power_law(self.sram_access_pj, buffer_bytes) * entry_bits / self.sram_access_bits


def power_law(points: Points, x: float) -> float:
    """The value at x on the power law through the two points around it, or through the nearest two."""
    for known_x, known_y in points:
        if known_x == x:
            return known_y
    above = next((i for i, (known_x, _) in enumerate(points) if known_x > x), len(points) - 1)
    (x0, y0), (x1, y1) = points[max(above, 1) - 1], points[max(above, 1)]
    exponent = math.log(y1 / y0) / math.log(x1 / x0)
    return float(y0 * (x / x0) ** exponent)


def table_names() -> list[str]:
    names = (entry.name for entry in files(__name__).iterdir())
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


@lru_cache(maxsize=16)
def energy_table(source: str) -> EnergyTable:
    """A table by its name, or by the path of a TOML file of the same form."""
    names = table_names()
    if source in names:
        return parse(source, (files(__name__) / f"{source}.toml").read_text(encoding="utf-8"))
    if source.endswith(".toml"):
        try:
            return parse(source, Path(source).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise HardwareError(f"energy.source: {source}: cannot be read: {error}") from None
    raise HardwareError(
        f"energy.source: unknown table {source!r}{did_you_mean(source, names)}; the tables are "
        f"{', '.join(names)}, or give the path of a .toml file of the same form"
    )


def parse(source: str, text: str) -> EnergyTable:
    table = parse_toml(text, f"energy.source: {source}")
    try:
        return EnergyTable(
            source=str(table["source"]),
            accumulator_bits=int(table["accumulator_bits"]),
            integer_multiply_pj=points(table["integer_multiply_pj"]),
            integer_add_pj=points(table["integer_add_pj"]),
            sram_access_bits=int(table["sram"]["access_bits"]),
            sram_access_pj=points(table["sram"]["access_pj"]),
        )
    except KeyError as error:
        raise HardwareError(f"energy.source: {source}: key {error} is missing") from None
    except (TypeError, ValueError) as error:
        raise HardwareError(f"energy.source: {source}: {error}") from None


def points(table: object) -> Points:
    if not isinstance(table, dict):
        raise ValueError(f"expected a table of points, got {table!r}")
    found = tuple(sorted((int(x), float(y)) for x, y in table.items()))
    if len(found) < 2 or min(min(point) for point in found) <= 0:
        raise ValueError(f"{table}: give two points or more, all above 0")
    return found

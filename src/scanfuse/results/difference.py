"""What moved between two sets of figures: nested tables compared leaf by leaf."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

RELATIVE_TOLERANCE = 1e-9  # of figures that are not counts
ABSENT = "-"


@dataclass(frozen=True)
class Difference:
    """One figure that is not what it was. `old` or `new` is "-" where there is none."""

    where: str
    figure: str
    old: Any
    new: Any

    @property
    def delta(self) -> float | int | None:
        """How far it moved; None where that is no number."""
        return self.new - self.old if is_number(self.old) and is_number(self.new) else None

    @property
    def relative(self) -> float | None:
        """How far it moved as a part of what it was; None where that is no number, or nothing."""
        return self.delta / self.old if self.delta is not None and self.old else None


def differences(
    old: Mapping[str, Any], new: Mapping[str, Any], relative_tolerance: float = RELATIVE_TOLERANCE
) -> list[Difference]:
    """Leaves that differ: whole numbers and texts at all, others by more than that part of the larger.

    They come in the order of `new`, those that are gone last.
    """
    before, after = dict(leaves(old)), dict(leaves(new))
    return [
        Difference(where, figure, before.get((where, figure), ABSENT), after.get((where, figure), ABSENT))
        for where, figure in {**after, **before}
        if not same(
            before.get((where, figure), ABSENT), after.get((where, figure), ABSENT), relative_tolerance
        )
    ]


def same(one: Any, other: Any, relative_tolerance: float = RELATIVE_TOLERANCE) -> bool:
    if type(one) is type(other) and one == other:
        return True
    if is_number(one) and is_number(other) and isinstance(one, float) | isinstance(other, float):
        return bool(abs(one - other) <= relative_tolerance * max(abs(one), abs(other)))
    return False


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def leaves(
    table: Mapping[str, Any] | Sequence[Any], where: str = ""
) -> Iterator[tuple[tuple[str, str], Any]]:
    """((place, figure), value) of everything in nested tables and lists."""
    items = (
        table.items() if isinstance(table, Mapping) else ((str(i), value) for i, value in enumerate(table))
    )
    for name, value in items:
        if isinstance(value, (Mapping, list, tuple)):
            yield from leaves(value, f"{where}.{name}" if where else str(name))
        else:
            yield (where, str(name)), value

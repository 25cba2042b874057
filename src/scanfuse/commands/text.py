"""Tables for people: columns aligned, numbers to the right, units in the headings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """A heading, and how a row's figure is shown: a field or a function of the row, scaled, with decimals."""

    heading: str
    figure: str | Callable[[Row], Any]
    decimals: int | None = None
    scale: float = 1

    def show(self, row: Row) -> str:
        value = self.figure(row) if callable(self.figure) else row.get(self.figure)
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        if self.decimals is None:
            return f"{value:,}" if isinstance(value, int) else str(value)
        text = f"{value * self.scale:,.{self.decimals}f}"
        return text.lstrip("-") if not text.strip("-0.") else text


def table_text(columns: Sequence[Column], rows: Sequence[Row], total: Row | None = None) -> str:
    """Lines of text, a heading and a rule on top; the total below a rule of its own."""
    shown = [[column.show(row) for column in columns] for row in (*rows, *([total] if total else []))]
    widths = [max(len(c.heading), *(len(row[i]) for row in shown), 0) for i, c in enumerate(columns)]
    is_text = [any(isinstance(value_of(column, row), str) for row in rows) for column in columns]

    def line(cells: Sequence[str]) -> str:
        padded = (
            cell.ljust(width) if text else cell.rjust(width)
            for cell, width, text in zip(cells, widths, is_text, strict=True)
        )
        return "  ".join(padded).rstrip()

    rule = "  ".join("-" * width for width in widths)
    lines = [line([column.heading for column in columns]), rule, *map(line, shown[: len(rows)])]
    if total:
        lines += [rule, line(shown[-1])]
    return "\n".join(lines)


def moved_text(entries: int, least: int, extra_macs: int) -> str:
    """What was moved, against the least that layer by layer can move, and what was computed again."""
    change = entries / least - 1
    compared = (
        f"{abs(change):.1%} {'above' if change > 0 else 'below'} the least that layer by layer can move"
    )
    again = (
        f"{extra_macs:,} MACs computed again"
        if extra_macs >= 0
        else f"{-extra_macs:,} MACs that nothing reads left out"
    )
    return f"{entries:,} entries moved, {compared}; {again}"


def span_text(layers: Sequence[str]) -> str:
    """Layers in a row, by the first and the last."""
    return layers[0] if len(layers) == 1 else f"{layers[0]} to {layers[-1]}"


def value_of(column: Column, row: Row) -> Any:
    return column.figure(row) if callable(column.figure) else row.get(column.figure)

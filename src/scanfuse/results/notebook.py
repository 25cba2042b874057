"""How results show themselves in a notebook: a small table, whose every word is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any


def html_table(caption: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as an HTML table."""
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    cells = [[f"<td>{escape(shown(row.get(name)))}</td>" for name in columns] for row in rows]
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in cells)
    title = f"<caption>{escape(caption)}</caption>"
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def shown(value: Any) -> str:
    """A figure as people read it; nothing where it is not told."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)

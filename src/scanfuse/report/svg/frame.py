"""What all drawings share: the frame, text, ticks."""

from __future__ import annotations

import math
from typing import Any
from xml.etree.ElementTree import Element

from scanfuse.report.markup import node

WIDTH = 360
MOST_ROWS = 36  # of a drawing: more are drawn in parts, so that each fits a printed page


def frame(title: str, height: float, *children: Element) -> Element:
    """An SVG of WIDTH x height."""
    return node(
        "svg",
        *children,
        viewBox=f"0 0 {WIDTH} {math.ceil(height)}",
        role="img",
        aria_label=title,
        xmlns="http://www.w3.org/2000/svg",
    )


def parts(rows: int, title: str) -> list[tuple[range, str]]:
    """Rows in parts of MOST_ROWS, each with its title."""
    starts = range(0, max(rows, 1), MOST_ROWS)
    found = [range(start, min(start + MOST_ROWS, rows)) for start in starts]
    if len(found) == 1:
        return [(found[0], title)]
    return [(each, f"{title}, part {number} of {len(found)}") for number, each in enumerate(found, start=1)]


def text(x: float, y: float, words: str, class_: str | None = None, anchor: str | None = None) -> Element:
    return node("text", words, x=x, y=y, class_=class_, text_anchor=anchor)


def line(x1: float, y1: float, x2: float, y2: float, class_: str = "grid") -> Element:
    return node("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def box(x: float, y: float, width: float, height: float, tip: str | None = None, **more: Any) -> Element:
    """A rectangle, with its tooltip."""
    title = None if tip is None else node("title", tip)
    return node("rect", title, x=x, y=y, width=max(width, 0.0), height=max(height, 0.0), **more)


def ticks(most: float, wanted: int = 4) -> list[float]:
    """Round values from 0 to at most `most`, about as many as wanted."""
    if not most > 0 or not math.isfinite(most):
        return [0.0]
    power = 10.0 ** math.floor(math.log10(most / wanted))
    step = min((n * power for n in (1, 2, 5, 10) if most / (n * power) <= wanted + 1), default=10 * power)
    return [round(i * step, 12) for i in range(int(most / step * (1 + 1e-9)) + 1)]


def tick_text(value: float) -> str:
    return f"{value:,.10g}"


def legend(items: list[tuple[str, str]]) -> tuple[list[Element], float]:
    """A row of swatches with their words, wrapped where it is too long; and how high it is."""
    found: list[Element] = []
    at, row = 0.0, 0
    for key, words in items:
        wide = 24 + 6.8 * len(words)
        if at > 0 and at + wide > WIDTH:
            at, row = 0.0, row + 1
        top = 16.0 * row + 2
        found.append(box(at, top, 10, 10, class_=f"f-{key}"))
        found.append(text(at + 14, top + 9, words))
        at += wide
    return found, 16.0 * (row + 1) + 2

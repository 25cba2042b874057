"""HTML and SVG as trees: whatever text or attribute goes in, it comes out escaped."""

from __future__ import annotations

import math
from typing import Any
from xml.etree.ElementTree import Element, tostring

MOST_LETTERS = 14  # of a layer's name beside its bar

Child = Element | str | None


def node(tag: str, *children: Child, **attributes: Any) -> Element:
    """An element. In names of attributes `_` stands for `-`, and a trailing one is dropped (`class_`);
    attributes that are None, and children that are None, are left out."""
    given = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    found = Element(tag, {name: coordinate(value) for name, value in given.items() if value is not None})
    for child in children:
        if isinstance(child, Element):
            found.append(child)
        elif child is not None and len(found):
            found[-1].tail = (found[-1].tail or "") + child
        elif child is not None:
            found.text = (found.text or "") + child
    return found


def coordinate(value: Any) -> str:
    """A number as short as it may be in a drawing; all else as it is."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:.2f}".rstrip("0").rstrip(".") if math.isfinite(value) else "0"


def text_of(tree: Element) -> str:
    """A tree as HTML, with what no page can hold (half of a surrogate pair) replaced."""
    return tostring(tree, encoding="unicode", method="html").encode("utf-8", "replace").decode("utf-8")


def number(value: Any) -> str:
    """A figure for people: whole numbers in full, others to four digits; a dash where it is not told."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, str):
        return value
    if float(value).is_integer():
        return f"{int(value):,}"
    whole = len(str(int(abs(value))))
    return f"{value:,.{max(0, 4 - whole)}f}" if abs(value) >= 1e-3 else f"{value:.3g}"


def shortened(text: str, most: int) -> str:
    """A text without its middle where it is too long: names differ at their ends."""
    if len(text) <= most:
        return text
    head = (most - 1) // 3
    return f"{text[:head]}…{text[len(text) - (most - 1 - head) :]}"

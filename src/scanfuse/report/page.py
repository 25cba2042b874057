"""The page: one file that needs nothing else, neither network nor fonts nor scripts of others."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import Element

import pandas as pd

from scanfuse.report.charts import Figure
from scanfuse.report.markup import node, number, text_of
from scanfuse.report.palette import stylesheet
from scanfuse.report.svg import draw
from scanfuse.results.record import csv_text

VIEWPORT = "width=device-width,initial-scale=1"


def page_text(title: str, *parts: Element) -> str:
    """The page as HTML."""
    room = files("scanfuse.report")
    style = stylesheet() + room.joinpath("page.css").read_text("utf-8")
    script = room.joinpath("page.js").read_text("utf-8")
    head = node(
        "head",
        node("meta", charset="utf-8"),
        node("meta", name="viewport", content=VIEWPORT),
        node("meta", name="color-scheme", content="light dark"),
        node("title", title),
        node("style", style),
    )
    body = node("body", node("main", *parts), node("script", script))
    return "<!DOCTYPE html>\n" + text_of(node("html", head, body, lang="en")) + "\n"


def section(title: str, *parts: Element) -> Element:
    return node("section", node("h2", title), *parts)


def facts(values: Sequence[tuple[str, str]]) -> Element:
    """A few figures, large."""
    return node(
        "dl", *(node("div", node("dt", name), node("dd", value)) for name, value in values), class_="facts"
    )


def gallery(figures: Sequence[Figure]) -> Element:
    return node("div", *map(figure, figures), class_="figures")


def figure(shown: Figure) -> Element:
    """A figure: title, drawing with tooltips, how to read it, its data as a table and to be had as CSV."""
    title = node("h3", shown.title)
    drawn = [] if shown.chart is None else draw(shown.chart, shown.title)
    parts: list[Element] = [node("div", title, *drawn[:1], class_="head"), *drawn[1:]]  # never apart in print
    if drawn:
        parts.append(node("output", class_="reading", aria_live="polite"))
    else:
        parts.append(node("p", shown.missing, class_="missing"))
    caption = node("figcaption", node("p", shown.note, class_="note"))
    if not shown.data.empty:
        caption.append(download(shown))
        caption.append(node("details", node("summary", "Table"), table(shown.data, shown.title)))
    parts.append(caption)
    return node("figure", *parts, id=shown.key, class_="long" if len(drawn) > 1 else None)


def download(shown: Figure) -> Element:
    """The data of a figure within a link."""
    address = "data:text/csv;charset=utf-8," + quote(csv_text(shown.data), safe=",:;()+", errors="replace")
    name = f"{shown.key}.csv"
    return node("a", f"Data ({name})", href=address, download=name, class_="note data")


def table(data: pd.DataFrame, caption: str, class_: str = "scroll") -> Element:
    """A table that a screen reader can walk, and that scrolls within its own frame."""
    names = [str(name) for name in data.columns]
    words = [not pd.api.types.is_numeric_dtype(data[name]) for name in data.columns]
    head = node(
        "tr", *(node("th", name, scope="col", class_=_class(w)) for name, w in zip(names, words, strict=True))
    )
    rows = [_row(row, words) for row in data.itertuples(index=False, name=None)]
    whole = node("table", node("caption", caption), node("thead", head), node("tbody", *rows))
    return node("div", whole, class_=class_, tabindex="0", role="region", aria_label=f"Table: {caption}")


def _row(row: tuple[Any, ...], words: list[bool]) -> Element:
    return node(
        "tr", *(node("td", number(cell), class_=_class(word)) for cell, word in zip(row, words, strict=True))
    )


def _class(word: bool) -> str | None:
    return "w" if word else None

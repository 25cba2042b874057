"""Levels over time: steps, stacked and filled, an epoch wide each."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import numpy as np

from scanfuse.report.charts import Levels, Series
from scanfuse.report.markup import coordinate, node, number
from scanfuse.report.svg.frame import WIDTH, box, frame, legend, line, text, tick_text, ticks

LEFT, RIGHT, PLOT = 46.0, 16.0, 140.0


def draw_levels(chart: Levels, title: str) -> Element:
    series = [*chart.parts, *([chart.line] if chart.line else [])]
    marks, legend_height = legend([(one.key, one.label) for one in series])
    top, ceiling = legend_height + 22, chart.ceiling[1] if chart.ceiling else 0.0
    stacked = np.cumsum([np.nan_to_num(one.values) for one in chart.parts], axis=0)
    reached = [float(np.max(stacked, initial=0.0)), ceiling]
    reached += [float(np.max(np.nan_to_num(chart.line.values), initial=0.0))] if chart.line else []
    most = chart.top or max(reached) or 1.0
    end_us = float(chart.edges_us[-1]) or 1.0
    xs = LEFT + chart.edges_us * ((WIDTH - LEFT - RIGHT) / end_us)
    bottom, per_unit = top + PLOT, PLOT / most
    marks += [text(0, top - 8, chart.axis, "muted"), *_axes(most, end_us, top, bottom)]
    below = np.zeros(stacked.shape[1])
    for part, above in zip(chart.parts, stacked, strict=True):
        marks.append(_area(part, xs, bottom - below * per_unit, bottom - above * per_unit))
        below = above
    if chart.line is not None:
        path = _steps(xs, bottom - np.nan_to_num(chart.line.values) * per_unit)
        marks.append(node("path", d=f"M{path}", class_=f"line l-{chart.line.key}"))
    if chart.ceiling is not None:
        y = bottom - ceiling * per_unit
        marks.append(line(LEFT, y, WIDTH - RIGHT, y, "roof"))
        words = f"{chart.ceiling[0]}, {number(ceiling)} {chart.unit}"
        marks.append(text(WIDTH - RIGHT, y - 4, words, "tick", "end"))
    marks += [_hover(chart, series, index, xs, top) for index in range(len(xs) - 1)]
    return frame(title, bottom + 30, *marks)


def _axes(most: float, end_us: float, top: float, bottom: float) -> list[Element]:
    unit, scale = ("ms", 1e-3) if end_us >= 1000 else ("µs", 1.0)
    found = []
    for value in ticks(most, 4):
        y = bottom - value * (PLOT / most)
        found += [line(LEFT, y, WIDTH - RIGHT, y), text(LEFT - 5, y + 4, tick_text(value), "tick", "end")]
    for value in ticks(end_us * scale, 5):
        x = LEFT + value / scale * ((WIDTH - LEFT - RIGHT) / end_us)
        found += [line(x, bottom, x, bottom + 4, "axis")]
        found += [text(x, bottom + 15, tick_text(value), "tick", "middle")]
    found.append(text(WIDTH - RIGHT, bottom + 28, f"time, {unit}", "muted", "end"))
    return [*found, line(LEFT, bottom, WIDTH - RIGHT, bottom, "axis")]


def _steps(xs: np.ndarray, ys: np.ndarray) -> str:
    """A path of steps, from the left end of the first to the right end of the last."""
    moves = [f"{coordinate(float(xs[0]))} {coordinate(float(ys[0]))}"]
    for index in range(1, len(ys)):
        if ys[index] != ys[index - 1]:
            moves.append(f"H{coordinate(float(xs[index]))}V{coordinate(float(ys[index]))}")
    return "".join([*moves, f"H{coordinate(float(xs[-1]))}"])


def _area(part: Series, xs: np.ndarray, low: np.ndarray, high: np.ndarray) -> Element:
    """What lies between two lines of steps, the lower one walked back."""
    back = _steps(xs[::-1], low[::-1])
    return node("path", d=f"M{_steps(xs, high)}L{back}Z", class_=f"f-{part.key}")


def _hover(chart: Levels, series: list[Series], index: int, xs: np.ndarray, top: float) -> Element:
    """The whole height of an epoch, to be pointed at."""
    start, end = (f"{chart.edges_us[at]:,.1f}" for at in (index, index + 1))
    values = ", ".join(f"{one.label} {number(float(one.values[index]))}" for one in series)
    tip = f"{start} to {end} µs: {values} {chart.unit}"
    x, wide = float(xs[index]), float(xs[index + 1] - xs[index])
    return box(x, top, wide, PLOT, tip, class_="hit")

"""Bars, one below the other: a row for each label."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import numpy as np

from scanfuse.report.charts import Bars
from scanfuse.report.markup import MOST_LETTERS, node, number, shortened
from scanfuse.report.svg.frame import WIDTH, box, frame, legend, line, parts, text, tick_text, ticks

LEFT, RIGHT, ROW, THICK, THIN = 106.0, 46.0, 17.0, 11.0, 4.0


def draw_bars(chart: Bars, title: str) -> list[Element]:
    stacked = np.sum([np.nan_to_num(one.values) for one in chart.parts], axis=0)
    ends = [stacked, np.nan_to_num(chart.below.values)] if chart.below else [stacked]
    most = max(float(np.max(end, initial=0.0)) for end in ends) or 1.0
    return [_part(chart, rows, most, name) for rows, name in parts(len(chart.labels), title)]


def _part(chart: Bars, rows: range, most: float, title: str) -> Element:
    """Some rows, below the legend if they are the first."""
    row_height = ROW + (THIN + 1 if chart.below else 0)
    series = [*chart.parts, *([chart.below] if chart.below else [])]
    named = [] if rows.start else [(one.key, one.label) for one in series]
    marks, legend_height = legend(named) if named else ([], 0.0)
    top = legend_height + 16
    bottom = top + row_height * len(rows)
    per_unit = (WIDTH - LEFT - RIGHT) / most
    marks.append(text(LEFT - 5, top - 3, chart.axis, "muted", "end"))
    for value in ticks(most, 4):
        x = LEFT + value * per_unit
        marks.append(line(x, top - 1, x, bottom))
        if value:
            marks.append(text(x, top - 3, tick_text(value), "tick", "middle"))
    for place, index in enumerate(rows):
        marks.append(_row(chart, index, chart.labels[index], top + row_height * place, per_unit))
    return frame(title, bottom + 2, *marks)


def _row(chart: Bars, index: int, label: str, y: float, per_unit: float) -> Element:
    total = chart.total[index]
    name = text(LEFT - 5, y + 12, shortened(label, MOST_LETTERS), None, "end")
    name.append(node("title", label))
    found, x = [name], LEFT
    for part in chart.parts:
        wide = float(np.nan_to_num(part.values[index])) * per_unit
        if wide > 0:
            tip = f"{label}: {part.label} {number(part.values[index])} of {number(total)} {chart.unit}"
            found.append(box(x, y + 3, wide, THICK, tip, class_=f"f-{part.key}"))
        x += wide
    if chart.below:
        value = chart.below.values[index]
        tip = f"{label}: {chart.below.label} {number(value)} {chart.unit}"
        wide = float(np.nan_to_num(value)) * per_unit
        found.append(box(LEFT, y + 3 + THICK + 1, wide, THIN, tip, class_=f"f-{chart.below.key}"))
    found.append(text(x + 4, y + 12, number(total), "tick"))
    return node("g", *found)

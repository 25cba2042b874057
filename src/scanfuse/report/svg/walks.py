"""Walks over the same tiles, side by side."""

from __future__ import annotations

from itertools import pairwise
from xml.etree.ElementTree import Element

from scanfuse.report.charts import Panel, Walks
from scanfuse.report.markup import coordinate, node
from scanfuse.report.svg.frame import WIDTH, box, frame, line, text

GAP, TOP, TALLEST, LARGEST = 20.0, 46.0, 420.0, 26.0
SIDE = 16.0  # for the name of the loop that goes down


def draw_walks(chart: Walks, title: str) -> Element:
    rows = max(int(panel.rows.max()) + 1 for panel in chart.panels)
    columns = max(int(panel.columns.max()) + 1 for panel in chart.panels)
    wide = (WIDTH - SIDE - GAP * (len(chart.panels) - 1)) / len(chart.panels)
    cell_x = min(wide / columns, LARGEST * 2)
    cell_y = min(TALLEST / rows, LARGEST)
    most = max(float(panel.moved.max(initial=0.0)) for panel in chart.panels) or 1.0
    bottom = TOP + rows * cell_y
    marks = [text(SIDE, 32, f"→ {chart.across}", "muted")]
    down = text(0, 0, f"{chart.down} →", "muted")
    down.set("transform", f"translate(10 {TOP:g}) rotate(90)")
    marks.append(down)
    for index, panel in enumerate(chart.panels):
        left = SIDE + index * (wide + GAP)
        marks.append(text(left, 13, panel.name, "strong"))
        marks.append(_panel(panel, left, cell_x, cell_y, most))
    return frame(title, max(bottom, TOP + 6.2 * len(chart.down)) + 6, *marks)


def _panel(panel: Panel, left: float, cell_x: float, cell_y: float, most: float) -> Element:
    found = []
    centres = []
    for row, column, moved, tip in zip(
        panel.rows.tolist(), panel.columns.tolist(), panel.moved.tolist(), panel.tips, strict=True
    ):
        x, y = left + column * cell_x, TOP + row * cell_y
        shade = 0.06 + 0.74 * moved / most
        tile = box(x + 0.5, y + 0.5, cell_x - 1, cell_y - 1, tip, class_="f-burst", fill_opacity=shade)
        found.append(tile)
        centres.append((x + cell_x / 2, y + cell_y / 2))
    for (x1, y1), (x2, y2) in pairwise(centres):
        near = abs(x1 - x2) <= cell_x * 1.01 and (x1 == x2 or y1 == y2)
        found.append(line(x1, y1, x2, y2, "walk" if near else "walk jump"))
    (x0, y0), (xn, yn) = centres[0], centres[-1]
    found.append(node("circle", cx=x0, cy=y0, r=3.5, class_="end"))
    corners = ((xn - 4, yn - 4), (xn + 4, yn - 4), (xn + 4, yn + 4), (xn - 4, yn + 4))
    points = " ".join(f"{coordinate(a)},{coordinate(b)}" for a, b in corners)
    return node("g", *found, node("polygon", points=points, class_="end"))

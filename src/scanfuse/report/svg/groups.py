"""The network from top to bottom: a row per layer, a frame around what runs as one, lines for the maps."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from scanfuse.report.charts import Edge, Groups, GroupSpan
from scanfuse.report.markup import MOST_LETTERS, node, number, shortened
from scanfuse.report.svg.frame import box, frame, legend, parts, text

NAMES, BOX, WIDE, ROW, HIGH = 106.0, 116.0, 64.0, 20.0, 13.0
ARCS, SAID = 17.0, 222.0


def draw_groups(chart: Groups, title: str) -> list[Element]:
    return [_part(chart, rows, name) for rows, name in parts(len(chart.layers), title)]


def _part(chart: Groups, rows: range, title: str) -> Element:
    """Some rows, below the legend if they are the first; frames and lines that go on are cut at the edge."""
    named = [] if rows.start else [("dram", "map loaded from DRAM"), ("chip", "map stays on chip")]
    marks, legend_height = legend(named) if named else ([], 0.0)
    top = legend_height + 8 - ROW * rows.start
    for span in chart.spans:
        if span.last >= rows.start and span.first < rows.stop:
            marks += _span(span, rows, top)
    within = [edge for edge in chart.edges if edge.target >= rows.start and edge.source < rows.stop]
    marks += [_edge(chart, edge, top) for edge in within]
    for index in rows:
        marks += _layer(chart.layers[index], chart.kinds[index], top + ROW * index)
    return frame(title, top + ROW * rows.stop + 2, *marks)


def _span(span: GroupSpan, rows: range, top: float) -> list[Element]:
    """A frame around what runs as one, and what it is, beside the rows of it that are drawn here."""
    y, high = top + ROW * span.first, ROW * (span.last - span.first + 1)
    class_ = "several" if span.last > span.first else "alone"
    around = box(BOX - 6, y + 1, WIDE + 12, high - 2, span.tip, rx=5, class_=class_)
    first, last = max(span.first, rows.start), min(span.last, rows.stop - 1)
    said = text(SAID, top + ROW * (first + last + 1) / 2 + 4, shortened(span.title, 24), "tick")
    said.append(node("title", span.tip))
    return [around, said]


def _layer(name: str, kind: str, y: float) -> list[Element]:
    label = text(NAMES - 2, y + 14, shortened(name, MOST_LETTERS), None, "end")
    label.append(node("title", name))
    outline = box(BOX, y + 3.5, WIDE, HIGH, f"{name}: {kind}", rx=2, class_="layer")
    return [label, outline, text(BOX + WIDE / 2, y + 14, kind, "kind", "middle")]


def _edge(chart: Groups, edge: Edge, top: float) -> Element:
    """A short line to the next layer, or a bow beside the layers that are passed over."""
    where = "dram" if edge.loaded_bytes else "chip"
    start = top + ROW * edge.source + 3.5 + HIGH if edge.source >= 0 else top - 6
    end = top + ROW * edge.target + 3.5
    names = [chart.layers[index] if index >= 0 else "input" for index in (edge.source, edge.target)]
    told = f"{number(edge.loaded_bytes)} bytes loaded from DRAM" if edge.loaded_bytes else "stays on the chip"
    tip = node("title", f"{edge.map}, {names[0]} to {names[1]}: {number(edge.entries)} entries, {told}")
    if edge.target - edge.source <= 1:
        middle = BOX + WIDE / 2
        return node("path", tip, d=f"M{middle} {start}V{end}", class_=f"line wide l-{where}")
    right, reach = BOX + WIDE, min(10 + 3 * (edge.target - edge.source), ARCS * 2)
    first, last = start - HIGH / 2, end + HIGH / 2
    bow = f"M{right} {first}C{right + reach} {first} {right + reach} {last} {right} {last}"
    return node("path", tip, d=bow, class_=f"line l-{where}")

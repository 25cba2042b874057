"""Charts drawn as SVG by hand: small, sharp, in the colours of the page they stand on.

All are WIDTH units wide, which is a phone's width or little more: text stays readable when a narrow page
shrinks them. Every mark has a `<title>`, which browsers show as a tooltip and screen readers read.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from scanfuse.report.charts import Bars, Chart, Groups, Levels, Roofline, Walks
from scanfuse.report.svg.bars import draw_bars
from scanfuse.report.svg.groups import draw_groups
from scanfuse.report.svg.levels import draw_levels
from scanfuse.report.svg.roofline import draw_roofline
from scanfuse.report.svg.walks import draw_walks

__all__ = ["draw"]


def draw(chart: Chart, title: str) -> list[Element]:
    """The drawing of a chart, a long one in parts; title: what a screen reader calls it."""
    if isinstance(chart, Bars):
        return draw_bars(chart, title)
    if isinstance(chart, Levels):
        return [draw_levels(chart, title)]
    if isinstance(chart, Roofline):
        return [draw_roofline(chart, title)]
    if isinstance(chart, Groups):
        return draw_groups(chart, title)
    assert isinstance(chart, Walks)
    return [draw_walks(chart, title)]

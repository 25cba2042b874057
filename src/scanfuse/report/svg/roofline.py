"""The roofline: a dot per layer under the roofs, both axes logarithmic."""

from __future__ import annotations

import math
from xml.etree.ElementTree import Element

from scanfuse.report.charts import Roofline
from scanfuse.report.markup import coordinate, node, number
from scanfuse.report.svg.frame import WIDTH, frame, legend, line, text

LEFT, RIGHT, PLOT = 46.0, 20.0, 220.0
MOST_DECADES = 4  # that are all named


def draw_roofline(chart: Roofline, title: str) -> Element:
    marks, legend_height = legend([("compute", "compute bound"), ("memory", "memory bound")])
    top = legend_height + 22
    bottom = top + PLOT
    low_x, high_x = decades(min(*chart.macs_per_byte, chart.ridge), max(*chart.macs_per_byte, chart.ridge))
    low_y, high_y = decades(min(chart.gmacs_per_s), chart.peak_gmacs_per_s)

    def x_of(value: float) -> float:
        return LEFT + (math.log10(value) - low_x) / (high_x - low_x) * (WIDTH - LEFT - RIGHT)

    def y_of(value: float) -> float:
        return bottom - (math.log10(value) - low_y) / (high_y - low_y) * PLOT

    marks.append(text(0, top - 8, "GMACs/s", "muted"))
    for power in range(low_y, high_y + 1):
        y = y_of(10.0**power)
        marks += [line(LEFT, y, WIDTH - RIGHT, y), text(LEFT - 5, y + 4, power_text(power), "tick", "end")]
    for power in range(low_x, high_x + 1):
        x = x_of(10.0**power)
        marks.append(line(x, top, x, bottom))
        if (high_x - power) % (1 if high_x - low_x <= MOST_DECADES else 2) == 0:
            anchor = "end" if power == high_x else "middle"
            marks.append(text(x, bottom + 15, power_text(power), "tick", anchor))
    marks.append(text(WIDTH - RIGHT, bottom + 29, "MACs per byte moved", "muted", "end"))
    start = max(10.0**low_x, 10.0**low_y / chart.peak_gb_s)
    roof, ridge = y_of(chart.peak_gmacs_per_s), x_of(chart.ridge)
    slope = f"M{coordinate(x_of(start))} {coordinate(y_of(start * chart.peak_gb_s))}"
    marks.append(
        node("path", d=f"{slope}L{coordinate(ridge)} {coordinate(roof)}H{WIDTH - RIGHT}", class_="roof")
    )
    marks.append(
        text(WIDTH - RIGHT, roof - 5, f"PE array, {number(chart.peak_gmacs_per_s)} GMACs/s", "tick", "end")
    )
    words = f"DRAM, {number(chart.peak_gb_s)} GB/s"
    x = max((x_of(start) + ridge) / 2, LEFT + 14 + 6.2 * len(words))  # where the words fit beside the slope
    y = roof + (ridge - x) * PLOT / (high_y - low_y) * (high_x - low_x) / (WIDTH - LEFT - RIGHT)
    marks.append(text(x - 8, y - 4, words, "tick", "end"))
    for index, label in enumerate(chart.labels):
        intensity, speed = float(chart.macs_per_byte[index]), float(chart.gmacs_per_s[index])
        kind = chart.kinds[index]
        tip = f"{label}: {number(intensity)} MACs/byte, {number(speed)} GMACs/s, {kind} bound"
        marks.append(_dot(x_of(intensity), y_of(speed), kind, tip))
    return frame(title, bottom + 34, *marks)


def _dot(x: float, y: float, kind: str, tip: str) -> Element:
    """A disc where the array is the limit, a diamond where memory is: told apart without colour too."""
    if kind == "compute":
        return node("circle", node("title", tip), cx=x, cy=y, r=4, class_="dot f-compute")
    corners = ((x, y - 5), (x + 5, y), (x, y + 5), (x - 5, y))
    points = " ".join(f"{coordinate(a)},{coordinate(b)}" for a, b in corners)
    return node("polygon", node("title", tip), points=points, class_="dot f-memory")


def decades(low: float, high: float) -> tuple[int, int]:
    """The powers of ten around some values."""
    first = math.floor(math.log10(low))
    return first, max(math.ceil(math.log10(high) + 1e-9), first + 1)


def power_text(power: int) -> str:
    return f"{10**power:,}" if power >= 0 else f"{10.0**power:g}"

"""Charts drawn with matplotlib, for a paper: a file per figure, in the light colours of the page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from scanfuse.report.charts import Bars, Chart, Figure, Groups, Levels, Roofline, Walks
from scanfuse.report.errors import ReportError
from scanfuse.report.markup import MOST_LETTERS, number, shortened
from scanfuse.report.palette import COLOURS
from scanfuse.results.files import write_whole

COLUMN_INCHES = 3.5  # of a page with two
SETTINGS: dict[Any, Any] = {
    "font.size": 8, "axes.titlesize": 8, "axes.spines.top": False, "axes.spines.right": False,
    "legend.frameon": False, "legend.fontsize": 7, "svg.hashsalt": "scanfuse", "pdf.fonttype": 42,
    "text.parse_math": False,
}  # fmt: skip
METADATA: dict[str, dict[str, Any]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}


def write_figures(figures: Sequence[Figure], folder: Path, form: str) -> list[Path]:
    """Write each figure that has a chart as KEY.form (png, svg or pdf) into a folder, which is made.

    Raises ReportError where matplotlib is not installed, OSError.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure as Canvas
    except ModuleNotFoundError as error:
        raise ReportError(
            f"--format {form}: needs matplotlib, which is not installed: pip install 'scanfuse[plot]'"
        ) from error
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with matplotlib.rc_context(SETTINGS):
        for figure in figures:
            if figure.chart is None:
                continue
            canvas = Canvas(figsize=(COLUMN_INCHES, height_of(figure.chart)), layout="constrained")
            plot(figure.chart, canvas)
            path = folder / f"{figure.key}.{form}"
            write_whole(path, partial(canvas.savefig, format=form, dpi=300, metadata=METADATA[form]))
            written.append(path)
    return written


def height_of(chart: Chart) -> float:
    if isinstance(chart, Bars):
        return max(1.6, 0.9 + 0.13 * len(chart.labels))  # room for the legend and the axis
    if isinstance(chart, Groups):
        return max(1.2, 0.6 + 0.15 * len(chart.layers))
    return 2.4 if isinstance(chart, Levels | Roofline) else 3.2


def plot(chart: Chart, canvas: Any) -> None:
    if isinstance(chart, Walks):
        plot_walks(chart, canvas)
        return
    axes = canvas.add_subplot()
    if isinstance(chart, Bars):
        plot_bars(chart, axes)
    elif isinstance(chart, Levels):
        plot_levels(chart, axes)
    elif isinstance(chart, Roofline):
        plot_roofline(chart, axes)
    else:
        plot_groups(chart, axes)


def colour(key: str) -> str:
    return COLOURS[key][0]


def plot_bars(chart: Bars, axes: Any) -> None:
    rows = np.arange(len(chart.labels))
    left = np.zeros(len(rows))
    for part in chart.parts:
        values = np.nan_to_num(part.values)
        axes.barh(rows, values, 0.6, left, color=colour(part.key), label=part.label)
        left = left + values
    if chart.below is not None:
        below = chart.below
        axes.barh(rows + 0.4, np.nan_to_num(below.values), 0.2, color=colour(below.key), label=below.label)
    for row, (end, total) in enumerate(zip(left, chart.total, strict=True)):
        axes.text(end, row, f" {number(float(total))}", va="center", fontsize=6)
    axes.set_yticks(rows, [shortened(label, MOST_LETTERS) for label in chart.labels], fontsize=6)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.margins(x=0.12)
    axes.set_xlabel(chart.axis)
    axes.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.4, 1.0))


def plot_levels(chart: Levels, axes: Any) -> None:
    ms = chart.edges_us / 1e3
    below = np.zeros(len(ms) - 1)
    for part in chart.parts:
        above = below + np.nan_to_num(part.values)
        axes.stairs(above, ms, baseline=below, fill=True, color=colour(part.key), label=part.label)
        below = above
    if chart.line is not None:
        axes.stairs(
            chart.line.values, ms, color=colour(chart.line.key), label=chart.line.label, baseline=None
        )
    if chart.ceiling is not None:
        axes.axhline(chart.ceiling[1], color="black", linestyle="--", linewidth=0.8, label=chart.ceiling[0])
    axes.set_ylim(0, chart.top)
    axes.set_xlim(0, ms[-1])
    axes.set_xlabel("time, ms")
    axes.set_ylabel(chart.axis)
    axes.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))


def plot_roofline(chart: Roofline, axes: Any) -> None:
    kinds = np.array(chart.kinds)
    for kind, marker in (("compute", "o"), ("memory", "D")):
        mine = kinds == kind
        xs, ys = chart.macs_per_byte[mine], chart.gmacs_per_s[mine]
        axes.plot(xs, ys, marker, markersize=3, color=colour(kind), label=f"{kind} bound", alpha=0.75)
    low, high = min(*chart.macs_per_byte, chart.ridge) / 2, max(*chart.macs_per_byte, chart.ridge) * 2
    roof = [low, chart.ridge, high], [low * chart.peak_gb_s, chart.peak_gmacs_per_s, chart.peak_gmacs_per_s]
    axes.plot(*roof, "--", color="black", linewidth=0.8)
    axes.text(high, chart.peak_gmacs_per_s * 1.1, f"{number(chart.peak_gmacs_per_s)} GMACs/s", ha="right")
    middle = float(np.sqrt(low * chart.ridge))
    axes.text(middle * 0.8, middle * chart.peak_gb_s, f"{number(chart.peak_gb_s)} GB/s", ha="right")
    axes.loglog()
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:,g}")
        axis.set_minor_formatter("")
    axes.set_xlabel("MACs per byte moved")
    axes.set_ylabel("GMACs/s")
    axes.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))


def plot_groups(chart: Groups, axes: Any) -> None:
    from matplotlib.patches import FancyBboxPatch, Rectangle

    for span in chart.spans:
        if span.last > span.first:
            shape = ((0.9, span.first - 0.42), 1.2, span.last - span.first + 0.84)
            around = FancyBboxPatch(*shape, "round,pad=0.02", fc="#dcebe1", ec=colour("chip"), lw=0.8)
            axes.add_patch(around)
        axes.text(2.9, (span.first + span.last) / 2, shortened(span.title, 24), fontsize=6, va="center")
    for edge in chart.edges:
        where = colour("dram" if edge.loaded_bytes else "chip")
        if edge.target - edge.source <= 1:
            axes.plot([1.5, 1.5], [edge.source + 0.3, edge.target - 0.3], color=where, lw=1.8)
        else:
            bow = {"arrowstyle": "-", "color": where, "lw": 0.8, "connectionstyle": "arc3,rad=-0.3"}
            axes.annotate("", (2.0, edge.target), (2.0, edge.source), arrowprops=bow)
    for row, (name, kind) in enumerate(zip(chart.layers, chart.kinds, strict=True)):
        axes.add_patch(Rectangle((1.0, row - 0.3), 1.0, 0.6, fc="white", ec="gray", lw=0.6))
        axes.text(1.5, row, kind, fontsize=5.5, ha="center", va="center")
        axes.text(0.8, row, shortened(name, MOST_LETTERS), fontsize=6, ha="right", va="center")
    axes.set_xlim(-0.2, 4.4)
    axes.set_ylim(len(chart.layers), -1)
    axes.axis("off")
    named = [("dram", "map loaded from DRAM"), ("chip", "map stays on chip")]
    lines = [axes.plot([], [], color=colour(key), label=label)[0] for key, label in named]
    axes.legend(handles=lines, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))


def plot_walks(chart: Walks, canvas: Any) -> None:
    most = max(float(panel.moved.max(initial=0.0)) for panel in chart.panels)
    for place, panel in enumerate(chart.panels, start=1):
        axes = canvas.add_subplot(1, len(chart.panels), place)
        shape = int(panel.rows.max()) + 1, int(panel.columns.max()) + 1
        moved = np.full(shape, np.nan)
        moved[panel.rows, panel.columns] = panel.moved
        axes.imshow(moved, cmap="Blues", vmin=0, vmax=most * 1.3, aspect="auto")
        axes.plot(panel.columns, panel.rows, color=colour("path"), lw=1)
        axes.plot(panel.columns[:1], panel.rows[:1], "o", color=colour("path"), markersize=4)
        axes.set_title(panel.name)
        axes.set_xlabel(chart.across)
        axes.set_ylabel(chart.down if place == 1 else "")
        axes.set_xticks([])
        axes.set_yticks([])

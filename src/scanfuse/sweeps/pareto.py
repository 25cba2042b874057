"""Pareto fronts of a sweep: the points that no other beats in energy, latency and buffer size; drawn."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scanfuse.results.files import write_whole
from scanfuse.sweeps.errors import SweepError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

DIMENSIONS = ("total_nj", "latency_us", "buffer.entries")  # the less, the better
WORKLOAD = ["network", "resolution", "width"]  # points of one workload are compared, no others
AXES = {  # column -> what it says, and by what it is multiplied
    "total_nj": ("energy [mJ]", 1e-6),
    "latency_us": ("latency [ms]", 1e-3),
    "buffer.entries": ("buffer [1024 entries]", 1 / 1024),
}
PANELS = (("latency_us", "total_nj"), ("buffer.entries", "total_nj"), ("buffer.entries", "latency_us"))
PLOT_FORMATS = ("png", "svg", "pdf")
# Colours of Okabe and Ito, told apart by the colour-blind, with a mark for each
MARKS = (
    ("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#CC79A7", "D"), ("#E69F00", "v"),
    ("#56B4E9", "P"),
)  # fmt: skip
FILLED = "filled: on the front of energy, latency and buffer together"
INCHES = (4.0, 3.4)  # of a panel
DPI = 150


def pareto_front(table: pd.DataFrame, dimensions: tuple[str, ...] = DIMENSIONS) -> pd.DataFrame:
    """The rows of a sweep's table that no other of the same workload beats in all of some columns, sorted by
    workload and columns. Failed points are left out."""
    found = table[table["error"].isna()].sort_values([*WORKLOAD, *dimensions], kind="stable")
    keep = np.zeros(len(found), dtype=bool)
    for places in found.reset_index(drop=True).groupby(WORKLOAD, dropna=False, sort=False).indices.values():
        values = found[list(dimensions)].to_numpy(dtype=float)[places]
        keep[places] = _unbeaten(values)
    return found[keep]


def _unbeaten(values: np.ndarray) -> np.ndarray:
    """Of rows in ascending order, those that no other row beats: it is as little in all, and less in one."""
    keep = np.ones(len(values), dtype=bool)
    front = values[:0]
    for place, row in enumerate(values):  # only rows before it can beat it
        beaten = ((front <= row).all(axis=1) & (front < row).any(axis=1)).any()
        keep[place] = not beaten
        if not beaten:
            front = np.vstack([front, row])
    return keep


def plot_fronts(table: pd.DataFrame, path: str | Path) -> None:
    """Draw the points of a sweep's table, and the fronts of each two of energy, latency and buffer size.

    A row of panels for each workload; the file's suffix says what it is (`PLOT_FORMATS`). Points on the front
    of all three are filled. Raises SweepError, OSError.
    """
    path = Path(path)
    if path.suffix[1:] not in PLOT_FORMATS:
        raise SweepError(f"{path}: the name must end in one of .{', .'.join(PLOT_FORMATS)}")
    figure_type = matplotlib_figure()
    good = table[table["error"].isna()]
    if good.empty:
        raise SweepError("nothing to draw: every point failed")
    workloads = list(good.groupby(WORKLOAD, dropna=False, sort=False))
    width, height = INCHES
    figure = figure_type(figsize=(width * len(PANELS), height * len(workloads) + 0.5), layout="constrained")
    grid = figure.subplots(len(workloads), len(PANELS), squeeze=False)
    marks = dict(zip(good["schedule"].unique(), MARKS, strict=False))
    for (_, points), axes in zip(workloads, grid, strict=True):
        for (x, y), panel in zip(PANELS, axes, strict=True):
            _draw(panel, points, x, y, marks)
        axes[0].set_title(workload_name(points.iloc[0]), loc="left", fontweight="bold")
    handles, labels = grid[0][0].get_legend_handles_labels()
    seen = dict(zip(labels, handles, strict=True))
    legend: dict[str, Any] = {
        "ncols": len(seen),
        "frameon": False,
        "title": FILLED,
        "title_fontsize": "small",
    }
    figure.legend(seen.values(), seen.keys(), loc="outside lower center", **legend)
    write_whole(path, partial(figure.savefig, format=path.suffix[1:], dpi=DPI))


def matplotlib_figure() -> type[Figure]:
    """What is drawn on. Raises SweepError where matplotlib is absent."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise SweepError("plots need matplotlib: pip install 'scanfuse[plot]'") from None
    return Figure


def workload_name(row: pd.Series) -> str:
    """What the point of a row computes: the network, of one in a file the file's name, and its scaling."""
    told = {"resolution": " {} px", "width": " x {:g}"}
    scaled = (text.format(row[name]) for name, text in told.items() if row.notna()[name])
    return os.path.basename(row["network"]) + "".join(scaled)


def _draw(panel: Any, points: pd.DataFrame, x: str, y: str, marks: dict[str, tuple[str, str]]) -> None:
    """One panel: every point, hollow unless on the front of all; the front of these two as steps."""
    (x_label, x_scale), (y_label, y_scale) = AXES[x], AXES[y]
    best = points.index.isin(pareto_front(points).index)
    for schedule, (colour, mark) in marks.items():
        mine = (points["schedule"] == schedule).to_numpy(dtype=bool)
        for on_front in (False, True):
            some = points[mine & (best == on_front)]
            panel.scatter(
                some[x].astype(float) * x_scale,
                some[y].astype(float) * y_scale,
                s=26 if on_front else 12,
                marker=mark,
                facecolor=colour if on_front else "none",
                edgecolor=colour,
                linewidth=0.7,
                alpha=1.0 if on_front else 0.45,
                zorder=3 if on_front else 2,
                label=schedule if on_front else None,
            )
    front = pareto_front(points, (x, y))
    panel.step(
        front[x].astype(float) * x_scale,
        front[y].astype(float) * y_scale,
        where="post",
        color="#444444",
        linewidth=1.2,
        zorder=1,
        label="front of the two",
    )
    if x == "buffer.entries":
        panel.set_xscale("log", base=2)
        panel.xaxis.set_major_formatter(lambda value, place: f"{value:g}")
    panel.set_xlabel(x_label)
    panel.set_ylabel(y_label)
    panel.grid(True, color="#dddddd", linewidth=0.5)
    panel.set_axisbelow(True)

"""The figures of the reproduction, as SVG: what some of the tables say, to be seen at once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from experiments.grid import MACHINES
from experiments.point import Point
from experiments.tables import BETTER, CLAIM, MICRO, SIZES, Get, cached, saved
from scanfuse.mapping import SCHEDULES
from scanfuse.results.files import write_whole


@dataclass(frozen=True)
class Chart:
    """What a figure shows: series of values over labels, and a dotted line at `level`; bars are stacked."""

    title: str
    unit: str
    labels: list[str]
    series: dict[str, list[float]]
    kind: Literal["bars", "lines", "points"] = "lines"
    level: float | None = None


def energy_by_schedule(get: Get) -> Chart:
    kinds = {"activate": "act", "burst": "burst", "refresh": "refresh", "background": "background"}
    series = {
        title: [get(Point(schedule=name)).figure(f"dram_{kind}_nj") * MICRO for name in SCHEDULES]
        for title, kind in kinds.items()
    }
    return Chart("DRAM energy of MobileNet V2, preset paper", "uJ", list(SCHEDULES), series, "bars")


def saving_by_machine(get: Get) -> Chart:
    """Machines in the order of what the first schedule saves on them."""
    machines = sorted(
        MACHINES, key=lambda machine: saved(get, machine.point(BETTER[0]), machine.point("raster"))
    )
    series = {
        name: [saved(get, machine.point(name), machine.point("raster")) for machine in machines]
        for name in BETTER
    }
    labels = [" ".join(machine.cells).replace(" x ", "x").replace(" MHz", "M") for machine in machines]
    labels = [label.replace(" GHz", "G") for label in labels]
    return Chart(
        "DRAM energy saved against raster: PEs, clock, bits, bus", "%", labels, series, "points", CLAIM
    )


def scan_by_buffer(get: Get) -> Chart:
    def line(make: Callable[[str, int], Point]) -> list[float]:
        return [saved(get, make("scan", entries), make("raster", entries)) for entries in SIZES]

    series = {
        "best tiles": line(lambda name, size: Point(schedule=name, settings=(f"buffer.entries={size}",))),
        **{
            f"LRU, tiles of 16, {','.join(order)}": line(
                lambda name, size, order=order: cached(name, 16, order, size)  # type: ignore[misc]
            )
            for order in ("nmk", "mnk")
        },
    }
    return Chart(
        "DRAM energy that Scan alone saves, by entries of the buffer", "%", [f"{s:,}" for s in SIZES], series
    )


FIGURES: dict[str, Callable[[Get], Chart]] = {
    "energy-by-schedule": energy_by_schedule,
    "saving-by-machine": saving_by_machine,
    "scan-by-buffer": scan_by_buffer,
}


def draw(get: Get, folder: Path) -> None:
    """Write every figure into a folder, or say on stderr that there is no matplotlib to do it."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        print("no matplotlib (pip install matplotlib): the figures stay as they are", file=sys.stderr)
        return
    folder.mkdir(exist_ok=True)
    for name, make in FIGURES.items():
        write_whole(folder / f"{name}.svg", lambda path, make=make: plot(make(get), path))  # type: ignore[misc]


def plot(chart: Chart, path: Path) -> None:
    """One chart as SVG, the same bytes each time."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with matplotlib.rc_context({"svg.hashsalt": chart.title, "svg.fonttype": "none", "font.size": 9}):
        figure, axes = pyplot.subplots(figsize=(8, 3.6), layout="constrained")
        places, bottom = range(len(chart.labels)), [0.0] * len(chart.labels)
        for name, values in chart.series.items():
            if chart.kind == "bars":
                axes.bar(places, values, bottom=bottom, label=name, width=0.6)
                bottom = [below + value for below, value in zip(bottom, values, strict=True)]
            else:
                line = "-" if chart.kind == "lines" else ""
                axes.plot(places, values, line, marker="o", markersize=3, label=name)
        if chart.level is not None:
            axes.axhline(chart.level, color="black", linewidth=0.8, linestyle=":")
        turned = len(chart.labels) > 10
        axes.set_xticks(places, chart.labels, rotation=90 if turned else 0)
        axes.set(title=chart.title, ylabel=chart.unit)
        axes.legend(frameon=False)
        figure.savefig(path, format="svg", metadata={"Date": None})
        pyplot.close(figure)

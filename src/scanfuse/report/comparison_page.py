"""The page of a comparison: the table of savings, what each schedule costs, and the figures of one run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.etree.ElementTree import Element

import pandas as pd

from scanfuse.report.charts import Bars, Figure, Series
from scanfuse.report.markup import node, number
from scanfuse.report.page import download, gallery, page_text, section, table
from scanfuse.report.run_figures import CAUSES, NOT_TOLD, run_figures
from scanfuse.report.run_page import foot, title_of, totals
from scanfuse.results.record import Record

SAVINGS = {  # figure: heading, scale
    "schedule": ("schedule", None),
    "entries": ("entries moved", 1),
    "below_percent": ("below the least layer by layer, %", 1),
    "dram_bytes": ("DRAM traffic, MB", 1e-6),
    "dram_nj": ("DRAM energy, µJ", 1e-3),
    "vs_raster_percent": ("DRAM energy vs raster, %", 1),
    "vs_fixed_percent": ("DRAM energy vs fixed, %", 1),
    "latency_us": ("time, ms", 1e-3),
    "total_nj": ("total energy, µJ", 1e-3),
    "extra_macs": ("MACs computed again", 1),
}
TIMES = ("compute_us", "stall_us", "memory_us", "overlap_us", "latency_us")


def comparison_page(rows: Sequence[dict[str, Any]], record: Record) -> str:
    """The page of rows of savings (see `scanfuse.results.comparison`) and the run of one of the schedules."""
    summary = record.summary
    title = f"{summary['network']}, hardware {summary['hardware']}: what schedules save"
    figures = [energy_by_schedule(rows), time_by_schedule(rows)]
    best = section(
        f"In detail: {summary['schedule']}, of least DRAM energy",
        node("p", title_of(record), class_="sub"),
        *totals(record),
        gallery(run_figures(record)),
    )
    return page_text(
        title, node("h1", title), savings_table(rows, record), gallery(figures), best, foot(record)
    )


def savings_table(rows: Sequence[dict[str, Any]], record: Record) -> Element:
    """What each schedule costs and saves, with the least that can be moved."""
    shown = {name: told for name, told in SAVINGS.items() if name in rows[0]}
    data = pd.DataFrame(
        {
            heading: [row[name] if scale is None else _scaled(row[name], scale) for row in rows]
            for name, (heading, scale) in shown.items()
        }
    )
    bounds = record.summary["bounds"]
    least = (
        f"The least entries: {number(bounds['layer_by_layer_entries'])} layer by layer, "
        f"{number(bounds['network_entries'])} for any schedule."
    )
    exact = Figure("savings", "Savings", "", pd.DataFrame(rows))
    whole = table(data, "What each schedule costs and saves", "scroll savings")
    return section("Savings", whole, node("p", least, class_="note"), download(exact))


def _scaled(value: float | int | None, scale: float) -> float | int | None:
    return value if value is None or scale == 1 else value * scale


def energy_by_schedule(rows: Sequence[dict[str, Any]]) -> Figure:
    key, title = "energy-by-schedule", "DRAM energy of each schedule, by cause"
    data = pd.DataFrame([{name: row[name] for name in ("schedule", *CAUSES, "dram_nj")} for row in rows])
    note = "All layers together; the shorter the bar, the less energy the same network takes."
    if data.isna().any(axis=None):
        return Figure(key, title, note, missing=NOT_TOLD)
    parts = [Series(name, label, data[column].to_numpy() / 1e3) for column, (name, label) in CAUSES.items()]
    chart = Bars(list(data["schedule"]), parts, "µJ", "DRAM energy, µJ", data["dram_nj"].to_numpy() / 1e3)
    return Figure(key, title, note, data, chart)


def time_by_schedule(rows: Sequence[dict[str, Any]]) -> Figure:
    data = pd.DataFrame([{name: row[name] for name in ("schedule", *TIMES)} for row in rows])
    ms = {name: data[name].to_numpy() / 1e3 for name in TIMES}
    parts = [
        Series("compute", "the array computes", ms["compute_us"]),
        Series("stall", "it waits (stall)", ms["stall_us"]),
    ]
    below = Series("memory", "memory: transfers in flight", ms["memory_us"])
    chart = Bars(list(data["schedule"]), parts, "ms", "time, ms", ms["latency_us"], below)
    title = "Time of each schedule: compute, stall, memory"
    note = "Thick: the PE array computes or waits. Thin: DRAM transfers were in flight, hidden or not."
    return Figure("time-by-schedule", title, note, data, chart)

"""The figures of one run, made of its record alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from scanfuse.report.charts import Bars, Chart, Edge, Figure, Groups, GroupSpan, Levels, Roofline, Series
from scanfuse.report.markup import MOST_LETTERS, number, shortened
from scanfuse.report.walk_figure import tile_walk
from scanfuse.results.record import Record
from scanfuse.results.tensors import TENSORS

MOST_LAYERS = 250  # that a page draws; networks of more are shown by those of the most energy or time
CAUSES = {
    "dram_act_nj": ("activate", "activate"),
    "dram_burst_nj": ("burst", "burst"),
    "dram_refresh_nj": ("refresh", "refresh"),
    "dram_background_nj": ("background", "background"),
}
STANDING = ("dram_refresh_nj", "dram_background_nj")
NOT_TOLD = "An attached DRAMSim2 does not tell this: run with the engine (--dram-backend engine)."


def run_figures(record: Record, layer: str | None = None) -> list[Figure]:
    """All figures of a run; layer: whose tiles are drawn, by name or index. Raises ReportError."""
    return [
        tile_walk(record, layer),
        groups(record),
        energy_by_cause(record),
        energy_by_tensor(record),
        latency(record),
        roofline(record),
        occupancy(record),
        bandwidth(record),
        row_hits(record),
    ]


def absent(name: str) -> str:
    return (
        f"{name} is not in this run folder, which an earlier version has written: repeat the run "
        "(scanfuse run FOLDER/config.toml)."
    )


def most(table: pd.DataFrame, column: str) -> tuple[pd.DataFrame, str]:
    """The rows that a figure has room for, and a word on those left out."""
    if len(table) <= MOST_LAYERS:
        return table, ""
    shown = table.loc[table[column].nlargest(MOST_LAYERS).index.sort_values()]
    return shown, f" Of {len(table):,} layers the {MOST_LAYERS} largest are shown; layers.csv has all."


def names_of(table: pd.DataFrame) -> list[str]:
    """The layers' names, with their indices where they could not be told apart when they are shortened."""
    names = list(table["layer"])
    if len({shortened(name, MOST_LETTERS) for name in names}) == len(names):
        return names
    return [f"{index} {name}" for index, name in zip(table["index"], names, strict=True)]


def energy_by_cause(record: Record) -> Figure:
    title = "DRAM energy of each layer, by cause"
    note = (
        "Activating rows and moving bursts belong to the layer whose transfer caused them; refresh and "
        "background to the time that a layer takes."
    )
    if record.layers["dram_nj"].isna().any():
        return Figure("energy-by-cause", title, note, missing=NOT_TOLD)
    shown, left_out = most(record.layers, "dram_nj")
    parts = [Series(key, label, shown[column].to_numpy() / 1e3) for column, (key, label) in CAUSES.items()]
    chart = Bars(names_of(shown), parts, "µJ", "DRAM energy, µJ", shown["dram_nj"].to_numpy() / 1e3)
    data = shown[["index", "layer", *CAUSES, "dram_nj"]]
    return Figure("energy-by-cause", title, note + left_out, data, chart)


def energy_by_tensor(record: Record) -> Figure:
    key, title = "energy-by-tensor", "DRAM energy of each layer, by tensor"
    note = (
        "Activation and burst energy go by the tensor that was moved; refresh and background belong to time, "
        "not to a tensor."
    )
    if record.tensors is None:
        return Figure(key, title, note, missing=absent("tensors.csv"))
    if record.tensors["dram_dynamic_nj"].isna().any() or record.layers["dram_nj"].isna().any():
        return Figure(key, title, note, missing=NOT_TOLD)
    shown, left_out = most(record.layers, "dram_nj")
    wide = record.tensors.pivot_table("dram_dynamic_nj", "index", "tensor", "sum").reindex(columns=TENSORS)
    data = shown[["index", "layer", *STANDING, "dram_nj"]].copy()
    for place, tensor in enumerate(TENSORS, start=2):
        data.insert(place, f"{tensor}_nj", wide[tensor].reindex(shown["index"]).fillna(0.0).to_numpy())
    parts = [Series(tensor, tensor, data[f"{tensor}_nj"].to_numpy() / 1e3) for tensor in TENSORS]
    parts += [Series(*CAUSES[column], data[column].to_numpy() / 1e3) for column in STANDING]
    chart = Bars(names_of(shown), parts, "µJ", "DRAM energy, µJ", data["dram_nj"].to_numpy() / 1e3)
    return Figure(key, title, note + left_out, data, chart)


def latency(record: Record) -> Figure:
    shown, left_out = most(record.layers, "latency_us")
    columns = ["compute_us", "stall_us", "memory_us", "overlap_us", "idle_us", "latency_us"]
    parts = [
        Series("compute", "the array computes", shown["compute_us"].to_numpy()),
        Series("stall", "it waits (stall)", shown["stall_us"].to_numpy()),
    ]
    below = Series("memory", "memory: transfers in flight", shown["memory_us"].to_numpy())
    total = shown["latency_us"].to_numpy()
    note = (
        "Thick: each layer's time, in which the PE array computes or waits. Thin: for how much of it DRAM "
        "transfers were in flight, hidden behind computing or not."
    )
    chart = Bars(names_of(shown), parts, "µs", "time, µs", total, below)
    data = shown[["index", "layer", *columns, "bound"]]
    return Figure("latency", "Time of each layer: compute, stall, memory", note + left_out, data, chart)


def over_time(record: Record, columns: list[str]) -> tuple[pd.DataFrame, np.ndarray]:
    """The columns by epoch, and the edges of the epochs."""
    assert record.timeline is not None
    data = record.timeline[["epoch", "start_us", "end_us", *columns]]
    return data, np.append(data["start_us"].to_numpy(), data["end_us"].to_numpy()[-1:])


def timed(record: Record, key: str, title: str, note: str, columns: list[str]) -> Figure | None:
    """The figure that says why there is none over time, or None."""
    if record.timeline is None:
        return Figure(key, title, note, missing=absent("timeline.csv"))
    if record.timeline[columns].isna().all(axis=None) or record.timeline.empty:
        return Figure(key, title, note, missing=NOT_TOLD)
    return None


def occupancy(record: Record) -> Figure:
    key, title = "buffer", "Buffer occupancy over time"
    note = "Entries claimed, by tiles at work and by loads ahead: mean over an epoch, and the most in it."
    columns = ["claimed_entries", "peak_claimed_entries"]
    if (found := timed(record, key, title, note, columns)) is not None:
        return found
    data, edges = over_time(record, columns)
    entries = record.summary.get("buffer_entries")
    chart = Levels(
        edges,
        [Series("level", "mean", data["claimed_entries"].to_numpy())],
        "entries",
        "entries",
        Series("peak", "most", data["peak_claimed_entries"].to_numpy()),
        ("size of the buffer", float(entries)) if isinstance(entries, int) else None,
    )
    return Figure(key, title, note, data, chart)


def bandwidth(record: Record) -> Figure:
    key, title = "bandwidth", "DRAM bandwidth over time"
    note = "Whole bursts by the epoch in which their command issues; reads and writes stacked."
    columns = ["dram_read_gb_s", "dram_write_gb_s"]
    if (found := timed(record, key, title, note, columns)) is not None:
        return found
    data, edges = over_time(record, [*columns, "dram_read_bytes", "dram_write_bytes"])
    parts = [
        Series("read", "reads", data["dram_read_gb_s"].to_numpy()),
        Series("write", "writes", data["dram_write_gb_s"].to_numpy()),
    ]
    peak = float(record.summary["roofline"]["peak_dram_gb_s"])
    return Figure(
        key, title, note, data, Levels(edges, parts, "GB/s", "GB/s", ceiling=("peak of the bus", peak))
    )


def row_hits(record: Record) -> Figure:
    key, title = "row-hits", "DRAM row-hit rate over time"
    note = "The share of reads and writes that found their row open; gaps where there were none."
    columns = ["row_hit_rate"]
    if (found := timed(record, key, title, note, columns)) is not None:
        return found
    data, edges = over_time(record, [*columns, "row_activations"])
    rate = [Series("level", "row hits", 100 * data["row_hit_rate"].to_numpy(dtype=float))]
    return Figure(key, title, note, data, Levels(edges, rate, "%", "row hits, %", top=100.0))


def roofline(record: Record) -> Figure:
    """Layers that make no MACs, or move nothing, have no place on its logarithmic axes."""
    table = record.layers
    placed = table[(table["macs_per_dram_byte"] > 0) & (table["gmacs_per_s"] > 0)]
    shown, left_out = most(placed, "macs")
    note = (
        "A dot per layer that makes MACs and moves bytes. Under the slope DRAM's bandwidth is the limit, "
        "under the flat roof the PE array. A layer whose loads ran ahead, in others' time, may be above it."
    )
    data = shown[["index", "layer", "macs_per_dram_byte", "gmacs_per_s", "bound"]]
    title, roofs = "Roofline", record.summary["roofline"]
    if shown.empty:
        return Figure("roofline", title, note, data, missing="No layer makes MACs and moves bytes.")
    chart = Roofline(
        names_of(shown),
        shown["macs_per_dram_byte"].to_numpy(),
        shown["gmacs_per_s"].to_numpy(),
        ["memory" if bound == "memory" else "compute" for bound in shown["bound"]],
        float(roofs["peak_gmacs_per_s"]),
        float(roofs["peak_dram_gb_s"]),
        float(roofs["ridge_macs_per_dram_byte"]),
    )
    return Figure("roofline", title, note + left_out, data, chart)


def groups(record: Record) -> Figure:
    key, title = "groups", "What runs as one, over the network"
    note = (
        "Layers in a frame run as one group, tile by tile: the maps between them never leave the chip. A map "
        "that a layer loads from DRAM is drawn in blue."
    )
    summary = record.summary
    if record.tensors is None or "groups" not in summary or "edges" not in summary:
        return Figure(key, title, note, missing=absent("groups in summary.json"))
    table = record.layers.head(MOST_LAYERS)
    left_out = f" Drawn are the first {MOST_LAYERS} layers." if len(table) < len(record.layers) else ""
    data = table[["index", "layer", "kind", "group", "steps", "peak_buffer_entries"]]
    return Figure(key, title, note + left_out, data, _groups_chart(record, table))


def _groups_chart(record: Record, table: pd.DataFrame) -> Chart:
    assert record.tensors is not None
    rows = {row["group"]: row for row in record.summary["groups"]}
    loaded = record.tensors.set_index(["index", "tensor"])["bytes"].to_dict()
    names, numbers = names_of(table), table["group"].tolist()
    spans, first = [], 0
    for last, group in enumerate(numbers):
        if last + 1 == len(numbers) or numbers[last + 1] != group:
            spans.append(_span(first, last, rows.get(group), names))
            first = last + 1
    edges = [
        Edge(row["from"], row["to"], row["map"], row["entries"], int(loaded.get((row["to"], row["as"]), 0)))
        for row in record.summary["edges"]
        if row["to"] < len(names)
    ]
    return Groups(names, list(table["kind"]), spans, edges)


def _span(first: int, last: int, row: dict[str, Any] | None, names: list[str]) -> GroupSpan:
    if row is None:
        return GroupSpan(first, last, "", "")
    kind = str(row["kind"]).replace("_", " ")
    tiles = f"{number(row['steps'])} step{'' if row['steps'] == 1 else 's'}"
    layers = names[first] if first == last else f"{names[first]} to {names[last]}"
    known = ("group", "kind", "layers", "steps", "peak_buffer_entries")
    cut = ", ".join(f"{key} {value}" for key, value in row.items() if key not in known and key != "units")
    live = f"at most {number(row['peak_buffer_entries'])} entries live"
    return GroupSpan(
        first, last, f"{kind}, {tiles}", f"group {row['group']}, {layers}: {kind}, {tiles}, {live}; {cut}"
    )

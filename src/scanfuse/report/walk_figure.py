"""The picture that explains the idea: one layer's tiles, visited in raster order and in Scan order."""

from __future__ import annotations

from typing import Any

import pandas as pd

from scanfuse.report.charts import Figure, Panel, Walks
from scanfuse.report.errors import ReportError
from scanfuse.report.markup import number
from scanfuse.results.record import Record

LOOPS = {"m": "output pixels (m)", "n": "output channels (n)", "k": "input channels (k)"}
KEY = "tile-walk"
EASY = 3  # tiles along both loops that make a good picture


def tile_walk(record: Record, layer: str | None = None) -> Figure:
    """The walks of a layer, by name or index; by default of one where Scan saves much. Raises ReportError."""
    title = "Raster beside Scan"
    walks = record.summary.get("walks")
    if record.walks is None or not isinstance(walks, list):
        why = "walks.csv is not in this run folder, which an earlier version has written: repeat the run."
        return Figure(KEY, title, "", missing=why)
    if not walks:
        _check_asked(layer, walks)
        why = "No layer has tiles whose order matters, or the buffer is a cache (buffer.policy lru)."
        return Figure(KEY, title, "", missing=why)
    chosen = choose(walks, layer)
    visits = record.walks[record.walks["index"] == chosen["index"]]
    outer, inner = chosen["outer"], chosen["inner"]
    panels = [
        _panel(name, f"{title_}: {number(chosen[f'{name}_entries'])} entries", visits, outer, inner)
        for name, title_ in (("raster", "raster"), ("scan", "Scan"))
    ]
    return Figure(
        KEY,
        f"{title}: the tiles of {chosen['layer']}",
        _note(chosen),
        visits,
        Walks(panels, LOOPS[outer], LOOPS[inner]),
    )


def choose(walks: list[dict[str, Any]], layer: str | None) -> dict[str, Any]:
    """The layer asked for, or of those that make a good picture the one where Scan saves most."""
    _check_asked(layer, walks)
    if layer is not None:
        return next(walk for walk in walks if layer in (walk["layer"], str(walk["index"])))

    def saved(walk: dict[str, Any]) -> tuple[bool, int]:
        trips = walk["trips"]
        easy = min(trips[walk["outer"]], trips[walk["inner"]]) >= EASY
        return easy, walk["raster_entries"] - walk["scan_entries"]

    return max(walks, key=saved)


def _check_asked(layer: str | None, walks: list[dict[str, Any]]) -> None:
    names = [str(walk["layer"]) for walk in walks]
    if layer is None or layer in names or layer in [str(walk["index"]) for walk in walks]:
        return
    known = ", ".join(names) or "none in this run"
    raise ReportError(f"--layer {layer}: no walk of such a layer; the layers with walks are {known}")


def _note(walk: dict[str, Any]) -> str:
    trips = walk["trips"]
    cut = " × ".join(f"{count} {LOOPS[axis]}" for axis, count in trips.items())
    whose = "as this run cuts it" if walk["tiles"] == "own" else "in the tiles of the schedule fixed"
    planes = 1
    for axis, count in trips.items():
        planes *= 1 if axis in (walk["outer"], walk["inner"]) else count
    drawn = walk["visits"]
    whole = trips[walk["outer"]] * trips[walk["inner"]]
    part = f" Drawn are the first {drawn} visits." if drawn < whole or planes > 1 else ""
    return (
        f"The layer {whose}, {cut}. Raster jumps back at the end of each row (dashed) and must load again "
        "what it has left; Scan turns round and goes on with a tile that is still there. The stronger its "
        f"colour, the more entries a visit moves.{part}"
    )


def _panel(name: str, title: str, visits: pd.DataFrame, outer: str, inner: str) -> Panel:
    mine = visits[visits["walk"] == name].sort_values("visit")
    moved = [column for column in mine.columns if column.endswith("_entries") and column != "moved_entries"]
    tips = []
    for row in mine.to_dict("records"):
        parts = [
            f"{column.removesuffix('_entries')} {number(row[column])}" for column in moved if row[column]
        ]
        place = ", ".join(f"{axis} {row[axis]}" for axis in "mnk")
        told = f"moves {number(row['moved_entries'])} entries" + (f" ({', '.join(parts)})" if parts else "")
        tips.append(f"visit {row['visit']} ({place}): {told}")
    return Panel(
        title,
        mine[outer].to_numpy(),
        mine[inner].to_numpy(),
        mine["moved_entries"].to_numpy(dtype=float),
        tips,
    )

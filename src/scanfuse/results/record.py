"""What a run leaves behind, as plain data: its summary, and tables by layer, by tensor, over time, of walks.

A record is made of a finished run (`record`), written into a run folder and read back (`load_record`);
reports are made of records alone. Folders of earlier versions lack some tables: those are None.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scanfuse.results.run import Run
from scanfuse.results.setup import Setup
from scanfuse.results.summary import summary
from scanfuse.results.summary_shape import check_shape
from scanfuse.results.table import COLUMNS
from scanfuse.results.tensors import TENSOR_COLUMNS, tensor_table
from scanfuse.results.tile_walks import WALK_COLUMNS, walk_table
from scanfuse.results.timeline import TIMELINE_COLUMNS, timeline_table

TEXTS = ("layer", "kind", "bound", "tensor", "walk")
TABLES = {
    "layers.csv": COLUMNS,
    "tensors.csv": TENSOR_COLUMNS,
    "timeline.csv": TIMELINE_COLUMNS,
    "walks.csv": WALK_COLUMNS,
}
REQUIRED = ("layers.csv",)
UNTOLD = {  # columns that an attached DRAMSim2 leaves empty, and rates where there is nothing to divide by
    "row_activations", "row_hit_rate", "dram_act_nj", "dram_burst_nj", "dram_nj", "total_nj",
    "dram_bandwidth_gb_s", "bandwidth_utilization", "stall_bandwidth_utilization", "activations_per_mb",
    "dram_dynamic_nj", "dram_read_bytes", "dram_write_bytes", "dram_read_gb_s", "dram_write_gb_s",
}  # fmt: skip
AGAIN = "; repeat the run (scanfuse run FOLDER/config.toml)"


class RunFolderError(ValueError):
    """A run folder that cannot be read: the text names the file and what is wrong with it."""


@dataclass(frozen=True)
class Record:
    """A run's `summary.json`, and its tables by file name without the suffix."""

    summary: dict[str, Any]
    layers: pd.DataFrame
    tensors: pd.DataFrame | None = None
    timeline: pd.DataFrame | None = None
    walks: pd.DataFrame | None = None

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables there are, by file name."""
        found = {name: getattr(self, name.removesuffix(".csv")) for name in TABLES}
        return {name: table for name, table in found.items() if table is not None}


def record(run: Run, setup: Setup) -> Record:
    """All that is to be kept of a run."""
    found = Record(
        {},
        run.layers,
        tensor_table(run.simulation),
        timeline_table(run.simulation),
        walk_table(run.mapping, run.accelerator),
    )
    rows = {name: len(table) for name, table in found.tables.items()}
    return Record(summary(run, setup) | {"rows": rows}, *found.tables.values())


def csv_text(table: pd.DataFrame) -> str:
    """A table as it lies in a run folder."""
    return table.to_csv(index=False, lineterminator="\n")


def load_record(folder: Path) -> Record:
    """The record in a run folder. Raises RunFolderError, OSError."""
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "no such folder"
        raise RunFolderError(f"{folder}: {what}: give the folder of a run (scanfuse run --out DIR)")
    path = folder / "summary.json"
    try:
        found = json.loads(_text(path))
    except (ValueError, RecursionError) as error:
        raise RunFolderError(f"{path}: not valid JSON: {error}{AGAIN}") from None
    try:
        shape = check_shape(found)
    except ValueError as error:
        raise RunFolderError(f"{path}: {error}{AGAIN}") from None
    rows = {"layers.csv": len(shape.layers)} | shape.rows
    tables = {
        name.removesuffix(".csv"): _table(folder / name, columns, rows.get(name))
        for name, columns in TABLES.items()
        if name in REQUIRED or (folder / name).exists()
    }
    if list(tables["layers"]["index"]) != list(range(len(shape.layers))):
        raise RunFolderError(f"{folder / 'layers.csv'}: index: must count the layers from 0{AGAIN}")
    if "walks" in tables and set(tables["walks"]["index"]) != {walk.index for walk in shape.walks}:
        raise RunFolderError(f"{folder / 'walks.csv'}: index: other layers than summary.json has{AGAIN}")
    return Record(found, **tables)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise RunFolderError(f"{path}: not UTF-8 text: {error.reason}{AGAIN}") from None


def _table(path: Path, columns: tuple[str, ...], rows: int | None) -> pd.DataFrame:
    """A table whose columns are all there, whole, and of numbers where they should be."""
    text = _text(path)
    texts = dict.fromkeys(TEXTS, str)
    try:
        found = pd.read_csv(io.StringIO(text), dtype=texts, keep_default_na=False, na_values=[""])
    except (ValueError, OverflowError) as error:  # pandas' errors of parsing are ValueErrors
        raise RunFolderError(f"{path}: not a table: {error}{AGAIN}") from None
    missing = [name for name in columns if name not in found]
    if missing:
        raise RunFolderError(f"{path}: no column {missing[0]}{AGAIN}")
    if not text.endswith("\n") or (rows is not None and len(found) != rows):
        expected = "" if rows is None else f" of {rows}"
        raise RunFolderError(f"{path}: cut off after {len(found)} rows{expected}{AGAIN}")
    for name in columns:
        if name in TEXTS:
            found[name] = found[name].fillna("")
        elif not _is_whole(found[name], name in UNTOLD):
            raise RunFolderError(f"{path}: {name}: expected numbers{AGAIN}")
    return found[list(columns)]


def _is_whole(values: pd.Series[Any], may_lack: bool) -> bool:
    """Whether all values are finite numbers, or are not told where that may be."""
    if not pd.api.types.is_numeric_dtype(values):
        return values.empty
    return not np.isinf(values).any() and (may_lack or not values.isna().any())

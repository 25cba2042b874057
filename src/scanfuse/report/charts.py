"""What figures are, apart from how they are drawn: `svg` draws them on a page, `plot` for a paper.

Values are as the results have them, but for a `scale` that brings them into the unit that is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Series:
    """Values of one kind, under one colour of the palette."""

    key: str
    label: str
    values: np.ndarray


@dataclass(frozen=True)
class Bars:
    """A bar for each label, stacked of parts; total: what stands at its end; below: a thin bar under it."""

    labels: Sequence[str]
    parts: Sequence[Series]
    unit: str
    axis: str
    total: np.ndarray
    below: Series | None = None


@dataclass(frozen=True)
class Levels:
    """Levels over time, stacked; line: drawn over them; ceiling: a level that is never passed, and its name.
    top: where the axis ends, if not with the data."""

    edges_us: np.ndarray
    parts: Sequence[Series]
    unit: str
    axis: str
    line: Series | None = None
    ceiling: tuple[str, float] | None = None
    top: float | None = None


@dataclass(frozen=True)
class Roofline:
    """Points under the roofs of the hardware. kinds: per point, a colour of the palette."""

    labels: Sequence[str]
    macs_per_byte: np.ndarray
    gmacs_per_s: np.ndarray
    kinds: Sequence[str]
    peak_gmacs_per_s: float
    peak_gb_s: float
    ridge: float


@dataclass(frozen=True)
class Edge:
    """A map from one layer to another, by index (-1: given), and the bytes of it loaded from DRAM."""

    source: int
    target: int
    map: str
    entries: int
    loaded_bytes: int


@dataclass(frozen=True)
class GroupSpan:
    """Layers in a row (first to last) that run as one, and what there is to say of them."""

    first: int
    last: int
    title: str
    tip: str


@dataclass(frozen=True)
class Groups:
    """The network from top to bottom: layers with their kinds, what runs as one, and the maps between."""

    layers: Sequence[str]
    kinds: Sequence[str]
    spans: Sequence[GroupSpan]
    edges: Sequence[Edge]


@dataclass(frozen=True)
class Panel:
    """One walk over a plane of tiles: its name, and per visit row, column, entries moved, and a tip."""

    name: str
    rows: np.ndarray
    columns: np.ndarray
    moved: np.ndarray
    tips: Sequence[str]


@dataclass(frozen=True)
class Walks:
    """Walks over the same tiles, side by side; the names of the loops down and across."""

    panels: Sequence[Panel]
    down: str
    across: str


Chart = Bars | Levels | Roofline | Groups | Walks


@dataclass(frozen=True)
class Figure:
    """A figure: what it is called (key: as a file), how to read it, its data, and its chart, or why there is
    none."""

    key: str
    title: str
    note: str
    data: pd.DataFrame = field(default_factory=pd.DataFrame)
    chart: Chart | None = None
    missing: str = ""

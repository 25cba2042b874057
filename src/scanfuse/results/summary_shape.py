"""What a report reads of a run's `summary.json`, so that one that was damaged is told by the key.

What earlier versions did not write may be left out.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

Count = Annotated[int, Meta(ge=0)]
Figure = Annotated[float, Meta(ge=0)]
Positive = Annotated[float, Meta(gt=0)]
Loop = Literal["m", "n", "k"]


class Bounds(Struct):
    network_entries: Count
    layer_by_layer_entries: Count


class Roofline(Struct):
    peak_gmacs_per_s: Positive
    peak_dram_gb_s: Positive
    ridge_macs_per_dram_byte: Positive


class Total(Struct):
    latency_us: Figure
    stall_us: Figure
    pe_utilization: Figure
    dram_nj: Figure | None
    total_nj: Figure | None
    row_hit_rate: Figure | None
    bandwidth_utilization: Figure | None


class GroupRow(Struct):
    group: Count
    kind: str
    layers: list[Count]
    steps: Count
    peak_buffer_entries: Count


class EdgeRow(Struct, rename={"source": "from", "target": "to", "tensor": "as"}):
    source: Annotated[int, Meta(ge=-1)]
    target: Count
    map: str
    tensor: str
    entries: Count


class WalkRow(Struct):
    index: Count
    layer: str
    tiles: Literal["own", "fixed"]
    trips: dict[Loop, Annotated[int, Meta(ge=1)]]
    outer: Loop
    inner: Loop
    visits: Count
    raster_entries: Count
    scan_entries: Count


class SummaryShape(Struct):
    schema: Literal[1]
    network: str
    schedule: str
    hardware: str
    entries: Count
    extra_macs: int
    bounds: Bounds
    roofline: Roofline
    total: Total
    layers: list[dict[str, Any]]
    buffer_entries: Count = 0
    groups: list[GroupRow] = []
    edges: list[EdgeRow] = []
    walks: list[WalkRow] = []
    rows: dict[str, Count] = {}
    versions: dict[str, str] = {}


def check_shape(summary: Any) -> SummaryShape:
    """Raise ValueError, opening with the key, where a summary is not what it should be."""
    try:
        found = msgspec.convert(summary, SummaryShape)
    except msgspec.ValidationError as error:
        told, _, key = str(error).partition(" - at `$")
        where = key.strip(".`") or "the whole"
        raise ValueError(f"{where}: {told[:1].lower()}{told[1:]}") from None
    count = len(found.layers)
    for name, indices in {
        "groups": [index for row in found.groups for index in row.layers],
        "edges": [index for row in found.edges for index in (row.source, row.target)],
        "walks": [row.index for row in found.walks],
    }.items():
        if any(index >= count for index in indices):
            raise ValueError(f"{name}: names layer {max(indices)}, but there are {count}")
    for row in found.walks:
        if row.outer == row.inner or {row.outer, row.inner} - row.trips.keys():
            raise ValueError(f"walks: {row.layer}: must have trips of two loops, outer and inner")
    return found

"""How a network runs on an accelerator: tiles, loop orders (raster or Scan), fused blocks, and their
search."""

from scanfuse.mapping.cascade import Cascade, CascadeCost, Held
from scanfuse.mapping.errors import MappingError
from scanfuse.mapping.fusion import BlockShape, FusedBlock, FusedCost
from scanfuse.mapping.mapping import Group, Mapping, layer_nest
from scanfuse.mapping.nest import Nest
from scanfuse.mapping.schedules import SCHEDULES, make_mapping
from scanfuse.mapping.tiling import LayerTiling, TilingCost
from scanfuse.mapping.traffic import Traffic

__all__ = [
    "SCHEDULES",
    "BlockShape",
    "Cascade",
    "CascadeCost",
    "FusedBlock",
    "FusedCost",
    "Group",
    "Held",
    "LayerTiling",
    "Mapping",
    "MappingError",
    "Nest",
    "TilingCost",
    "Traffic",
    "layer_nest",
    "make_mapping",
]

"""How a network runs on an accelerator: tiles, loop orders (raster or Scan), fused blocks, and their
search."""

from scanfuse.mapping.bounds import (
    compulsory_entries,
    group_entries,
    inside,
    layer_matmul_entries,
    matmul_entries,
)
from scanfuse.mapping.candidates import DOUBT, Candidate, Choice
from scanfuse.mapping.cascade import Cascade, CascadeCost, Held
from scanfuse.mapping.document import (
    MAPPING_FORMATS,
    group_document,
    mapping_document,
    mapping_text,
    parse_mapping,
)
from scanfuse.mapping.errors import MappingError
from scanfuse.mapping.estimate import Target
from scanfuse.mapping.explain import Explanation, explain
from scanfuse.mapping.fields import cut_of
from scanfuse.mapping.forecast import Forecast, forecast
from scanfuse.mapping.fusion import BlockShape, FusedBlock, FusedCost
from scanfuse.mapping.layouts import Placed, block_of
from scanfuse.mapping.lru import CachedCost, CachedTiling
from scanfuse.mapping.mapping import Group, Mapping
from scanfuse.mapping.memory_costs import MemoryCosts
from scanfuse.mapping.nest import Nest
from scanfuse.mapping.objective import OBJECTIVES, check_objective
from scanfuse.mapping.schedules import SCHEDULES, lay_out_together, make_mapping
from scanfuse.mapping.searches import Searches
from scanfuse.mapping.stages import layer_nest
from scanfuse.mapping.tiling import LayerTiling, TilingCost
from scanfuse.mapping.traffic import Traffic
from scanfuse.mapping.units import Unit, UnitShape
from scanfuse.mapping.ways import Way, instead

__all__ = [
    "DOUBT",
    "MAPPING_FORMATS",
    "OBJECTIVES",
    "SCHEDULES",
    "BlockShape",
    "CachedCost",
    "CachedTiling",
    "Candidate",
    "Cascade",
    "CascadeCost",
    "Choice",
    "Explanation",
    "Forecast",
    "FusedBlock",
    "FusedCost",
    "Group",
    "Held",
    "LayerTiling",
    "Mapping",
    "MappingError",
    "MemoryCosts",
    "Nest",
    "Placed",
    "Searches",
    "Target",
    "TilingCost",
    "Traffic",
    "Unit",
    "UnitShape",
    "Way",
    "block_of",
    "check_objective",
    "compulsory_entries",
    "cut_of",
    "explain",
    "forecast",
    "group_document",
    "group_entries",
    "inside",
    "instead",
    "lay_out_together",
    "layer_matmul_entries",
    "layer_nest",
    "make_mapping",
    "mapping_document",
    "mapping_text",
    "matmul_entries",
    "parse_mapping",
]

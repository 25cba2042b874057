"""The shape of a fixed tile of a size: the same for every layer of a network, whatever it moves."""

from __future__ import annotations

from scanfuse.mapping.nest import Nest
from scanfuse.mapping.stages import Stage
from scanfuse.mapping.tiling import LayerTiling

FIXED_WIDTHS = {16: 4, 32: 8, 64: 8, 128: 16}  # spatial tile width for a fixed tile size


def tiling_of_size(nest: Nest, stage: Stage, size: int, channels: int) -> LayerTiling:
    """A layer in tiles of about `size` output pixels by `channels` channels, in raster order.

    Matrices: `size` pixels in a row. Layers with windows: a rectangle. Channels go outermost where each has
    its own kernel.
    """
    if nest.flat:
        tile_p, tile_q = 1, min(size, nest.columns)
    else:
        tile_q = min(nest.columns, FIXED_WIDTHS.get(size, max(1, size // 8)), size)
        tile_p = min(nest.rows, max(1, size // tile_q))
    tile_n, tile_k = min(channels, nest.extent["n"]), min(channels, nest.extent["k"])
    if nest.channelwise and nest.layer.kind == "conv":
        widest = max(nest.coefficient["A"], nest.coefficient["C"])
        tile_n = max(1, min(channels // widest, nest.extent["n"]))
    order = "nmk" if nest.channelwise else "mnk"
    return LayerTiling(stage.layer, stage.add, tile_p, tile_q, tile_n, tile_k, order, "raster")

"""Does a buffer run as an LRU cache of small tiles move the published number of entries?

The figures are those of the matrix layers of MobileNet V2: its 34 pointwise layers and the classifier, each
alone, without the residual that an addition would read. Which conventions they hold for was found by trying:

* Scan is full Scan: the middle and the inner loop turn round. Turning the inner loop alone saves nothing.
* The cache holds 65,536 entries, and tiles at an edge take only what they have (with 256 slots of 16 x 16 the
  first figure would be 17,553,448). Every layer starts with an empty cache.
* Outputs count once, as written. The tile of outputs being summed takes room in the cache and gives it up
  when it is complete. Were complete outputs left there to be pushed out, it would be 17,462,872 (and, m,n,k,
  18,146,152); if they took no room, 17,423,208.
* A step touches its outputs first, then inputs, then weights (weights before inputs: 17,441,560; outputs
  last: 13,953,384 where 13,952,616 is listed). With k innermost no partial sum is ever pushed out.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanfuse.hardware import Buffer
from scanfuse.mapping import CachedCost, Nest
from scanfuse.mapping.cached_schedules import cached_tiling
from scanfuse.mapping.stages import Stage
from scanfuse.network import load


@pytest.mark.parametrize(
    ("tile", "order", "raster", "scan"),
    [
        (16, "nmk", 17_432_680, 13_405_736),
        (16, "mnk", 16_250_984, 13_952_616),
        (32, "mnk", 12_480_104, 12_012_744),
    ],
)
def test_matrix_layers_of_mobilenet_v2(tile: int, order: str, raster: int, scan: int) -> None:
    found = {"raster": 0, "full": 0}
    matrices = [layer for layer in load("mobilenet_v2").layers if layer.kind in ("pointwise", "linear")]
    assert len(matrices) == 35
    for layer in matrices:
        nest = Nest(layer)
        start = cached_tiling(nest, Stage(0), Buffer(policy="lru", lru_tile=tile))
        for way in found:
            walked = replace(start, tiling=replace(start.tiling, order=order, scan=way))  # type: ignore[arg-type]
            traffic = CachedCost(nest, walked).traffic
            assert traffic.psum_written == traffic.psum_read == 0
            found[way] += int(traffic.total)
    assert found == {"raster": raster, "full": scan}

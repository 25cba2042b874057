"""A mapping unrolled into a program."""

from __future__ import annotations

import numpy as np

from scanfuse.mapping import (
    CachedCost,
    CachedTiling,
    CascadeCost,
    FusedBlock,
    FusedCost,
    Group,
    LayerTiling,
    Mapping,
    TilingCost,
)
from scanfuse.mapping.stages import Stage, residual_of, stored_tensor
from scanfuse.program.program import Program
from scanfuse.program.tables import GroupTables
from scanfuse.program.tensors import TensorTable
from scanfuse.program.unroll_cached import CachedUnroller
from scanfuse.program.unroll_cascade import CascadeUnroller
from scanfuse.program.unroll_fused import FusedUnroller
from scanfuse.program.unroll_tiling import TilingUnroller


def unroll(mapping: Mapping) -> Program:
    """The program of a mapping: its groups one after the other, each starting and ending with nothing in the
    buffer but the maps that the mapping keeps there."""
    table = TensorTable.of(mapping.network)
    groups: list[np.ndarray] = []
    ops: list[np.ndarray] = []
    moves: list[np.ndarray] = []
    offset = 0
    for number, group in enumerate(mapping.groups):
        tables = _unroll_group(mapping, group, table)
        for rows, found in ((tables.ops, ops), (table.placed(tables.moves), moves)):
            rows["step"] += offset
            found.append(rows)
        groups.append(np.full(tables.steps, number, dtype=np.int32))
        offset += tables.steps
    return Program(mapping, table.tensors, np.concatenate(groups), np.concatenate(ops), np.concatenate(moves))


def _unroll_group(mapping: Mapping, group: Group, table: TensorTable) -> GroupTables:
    network, cost = mapping.network, mapping.cost(group)
    if isinstance(cost, CascadeCost):
        return CascadeUnroller(cost, table).unroll()
    if isinstance(group, FusedBlock) and isinstance(cost, FusedCost):
        stage = Stage(group.project, group.add)
        residual = residual_of(network, stage)
        output = stored_tensor(network, stage).name
        return FusedUnroller(cost, group, table, output, None if residual is None else residual.name).unroll()
    assert isinstance(group, LayerTiling | CachedTiling)
    output = stored_tensor(network, Stage(group.layer, group.add)).name
    if isinstance(cost, CachedCost):
        return CachedUnroller(cost.nest, cost.cached.tiling, table, output, cost).unroll()
    assert isinstance(group, LayerTiling) and isinstance(cost, TilingCost)
    return TilingUnroller(cost.nest, group, table, output).unroll()

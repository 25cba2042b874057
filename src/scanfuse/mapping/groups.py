"""What groups may be: the layers they cover, and the bounds of what they are cut into.

Errors open with the place, as `groups[3].tile_p`. Whether a group fits a buffer is for `check` to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from itertools import pairwise
from typing import Any, get_args

from scanfuse.mapping.cascade import Cascade, Walk
from scanfuse.mapping.errors import MappingError
from scanfuse.mapping.fusion import BlockShape, FusedBlock, FusedCost
from scanfuse.mapping.lru import CachedTiling
from scanfuse.mapping.nest import Nest
from scanfuse.mapping.stages import Block, Stage, fuses, layer_nest, stages
from scanfuse.mapping.tiling import LayerTiling
from scanfuse.mapping.traffic import ORDERS, SCANS
from scanfuse.mapping.units import Unit, UnitShape, branches, chains, gates, units
from scanfuse.network import Layer, Network


def check_groups(network: Network, groups: Sequence[Any]) -> None:
    """Raise MappingError unless the groups cover the layers in order, each cut within its extents.

    A cascade may begin with layers that groups before it have computed: it computes them again.
    """
    _check_coverage(network, groups)
    for number, group in enumerate(groups):
        try:
            check_group(group, network)
        except MappingError as error:
            raise MappingError(f"groups[{number}].{error}") from None


def _check_coverage(network: Network, groups: Sequence[Any]) -> None:
    names = [layer.name for layer in network.layers]
    upcoming = 0
    for number, group in enumerate(groups):
        if not group.layers:
            raise MappingError(f"groups[{number}]: has no layers")
        known, before = upcoming if isinstance(group, Cascade) else 0, upcoming
        for position, index in enumerate(group.layers):
            if index < known and group.layers[:position] == tuple(sorted(group.layers[:position])):
                continue
            if index != upcoming:
                found = names[index] if 0 <= index < len(names) else f"layer {index}"
                due = names[upcoming] if upcoming < len(names) else "the last layer's end"
                raise MappingError(
                    f"groups[{number}]: {found} stands where {due} is due: groups cover every layer of "
                    f"{network.name} once, in the network's order"
                )
            upcoming += 1
        if upcoming == before:
            what = ", ".join(names[index] for index in group.layers[:3]) + ("..." if group.layers[3:] else "")
            raise MappingError(f"groups[{number}]: {what}: every layer has run in groups before it")
    if upcoming < len(names):
        missing = ", ".join(names[upcoming : upcoming + 3]) + ("..." if upcoming + 3 < len(names) else "")
        raise MappingError(f"groups: {missing} of {network.name} in no group: every layer needs one")


@singledispatch
def check_group(group: Any, network: Network) -> None:
    """Raise MappingError, opening with the field that is wrong, where a group is not cut within its layers.

    Each kind of group registers its own check.
    """
    raise TypeError(f"no kind of group: {group!r}")


@check_group.register
def _(tiling: LayerTiling, network: Network) -> None:
    stage = Stage(tiling.layer, tiling.add)
    layer = network.layers[tiling.layer]
    if tiling.add is not None and stage not in stages(network):
        raise MappingError(f"add: {network.layers[tiling.add].name} does not fold into {layer.name}")
    nest = layer_nest(network, stage)
    most = {
        "tile_p": (nest.rows, "rows of pixels (it runs as one)" if nest.flat else "output rows"),
        "tile_q": (nest.columns, "output pixels" if nest.flat else "output columns"),
        "tile_n": (nest.extent["n"], "channel groups" if nest.channelwise else "output channels"),
        "tile_k": (nest.extent["k"], _summed(nest)),
    }
    for field, (extent, what) in most.items():
        _within(field, getattr(tiling, field), extent, what, layer)
    for field, allowed in (("order", ORDERS), ("scan", SCANS)):
        if getattr(tiling, field) not in allowed:
            raise MappingError(
                f"{field}: must be one of {', '.join(allowed)}, got {getattr(tiling, field)!r}"
            )
    _check_rolling(tiling, nest)
    _check_residual_step(tiling, nest)


def _summed(nest: Nest) -> str:
    """What the axis k of a layer counts."""
    if nest.sums_rows:
        return "rows of the map"
    return "channel at a time" if nest.channelwise else "input channels"


def _within(field: str, value: int, most: int, what: str, layer: Layer) -> None:
    if not 1 <= value <= most:
        raise MappingError(f"{field}: must be 1 to {most}, the {what} of {layer.name}; got {value}")


def _check_rolling(tiling: LayerTiling, nest: Nest) -> None:
    if not tiling.rolling:
        return
    whole = {"tile_q": nest.columns, "tile_k": nest.extent["k"]}
    if nest.channelwise:
        whole["tile_n"] = nest.extent["n"]  # whose input rows would else be those of another tile
    for field, extent in whole.items():
        if getattr(tiling, field) != extent:
            raise MappingError(
                f"{field}: must be {extent}, all of {nest.layer.name}, as rolling bands are as wide as the "
                f"map and read all input channels; got {getattr(tiling, field)}"
            )
    if nest.flat or tiling.order[0] != "m":
        why = f"{nest.layer.name} has no halo to keep" if nest.flat else "bands must be the outer loop, m"
        raise MappingError(f"rolling: {why}; got order {tiling.order}")


def _check_residual_step(tiling: LayerTiling, nest: Nest) -> None:
    lines = tiling.tile_p if tiling.tile_p > 1 else tiling.tile_q
    most = 0 if nest.residual is None else lines
    if not 0 <= tiling.residual_step <= most:
        what = f"the lines of its tile, {most}" if most else f"0, as {nest.layer.name} adds nothing"
        raise MappingError(f"residual_step: must be at most {what}; got {tiling.residual_step}")


@check_group.register
def _(fused: FusedBlock, network: Network) -> None:
    expand = None if fused.expand is None else Stage(fused.expand)
    block = Block(expand, Stage(fused.depthwise), Stage(fused.project, fused.add))
    depthwise = network.layers[fused.depthwise]
    if not fuses(network, block):
        raise MappingError(
            f"depthwise: {', '.join(network.layers[index].name for index in fused.layers)} do not fuse: a "
            "block is a pointwise expansion (or none), a depthwise layer and a pointwise projection, each "
            "read by the next alone"
        )
    if fused.add is not None and block.project not in stages(network):
        last = network.layers[fused.project].name
        raise MappingError(f"add: {network.layers[fused.add].name} does not fold into {last}")
    _within("band_rows", fused.band_rows, depthwise.P, "output rows", depthwise)
    _within("step_rows", fused.step_rows, fused.band_rows, "rows of a band", depthwise)
    _within("chunk", fused.chunk, depthwise.C, "channels", depthwise)
    if fused.held_chunks < 1:
        raise MappingError(f"held_chunks: must be 1 or more, got {fused.held_chunks}")
    try:
        FusedCost(BlockShape(network, block), fused)
    except MappingError as error:
        raise MappingError(f"input_by_chunk: {error}") from None


@check_group.register
def _(cached: CachedTiling, network: Network) -> None:
    try:
        check_group(cached.tiling, network)
    except MappingError as error:
        raise MappingError(f"tiling.{error}") from None
    if cached.tiling.rolling or cached.tiling.residual_step:
        raise MappingError("tiling: a cache takes tiles that neither roll nor come with a residual_step")


@check_group.register
def _(cascade: Cascade, network: Network) -> None:
    if not cascade.units:
        raise MappingError("units: a cascade needs one or more")
    for name in ("chunks", "pinned"):
        if len(getattr(cascade, name)) != len(cascade.units):
            found, units_there = len(getattr(cascade, name)), len(cascade.units)
            raise MappingError(f"{name}: give one for each of the {units_there} units, got {found}")
    if cascade.walk not in get_args(Walk):
        raise MappingError(f"walk: must be one of {', '.join(get_args(Walk))}, got {cascade.walk!r}")
    if cascade.walk == "chunks" and len(cascade.units) > 1:
        raise MappingError(f"walk: the walk by chunks is for one unit, not {len(cascade.units)}")
    shapes = [_unit_shape(network, unit, number) for number, unit in enumerate(cascade.units)]
    for number, (before, after) in enumerate(pairwise(shapes), start=1):
        if after.ifmap.name != before.output.name:
            read = after.ifmap.name
            raise MappingError(f"units[{number}]: reads {read}, not the result of the unit before it")
    if not chains(network, cascade.units):
        raise MappingError("units: they read or make maps that have entries in common: run them apart")
    for number, shape in enumerate(shapes):
        _within(f"chunks[{number}]", cascade.chunks[number], shape.channels, "channels", shape.final)
        most = shape.channels if cascade.walk == "rows" else 0
        if not 0 <= cascade.pinned[number] <= most:
            why = (
                f"the channels of {shape.final.name}" if most else "as weights come once in a walk by chunks"
            )
            raise MappingError(f"pinned[{number}]: must be 0 to {most}, {why}; got {cascade.pinned[number]}")
    last = shapes[-1].walked
    _within("band_rows", cascade.band_rows, last.P, "output rows", last)
    if cascade.walk == "chunks" and cascade.band_rows > 1:
        raise MappingError(f"band_rows: must be 1, as bands are for walks by rows; got {cascade.band_rows}")
    tallest = max((shape.walked for shape in shapes), key=lambda layer: layer.P)
    _within("step_rows", cascade.step_rows, tallest.P, "output rows", tallest)
    if cascade.input_again and shapes[0].ifmap not in [shape.residual for shape in shapes[1:]]:
        raise MappingError(f"input_again: no later unit adds {shapes[0].ifmap.name}: must be false")
    _within("stripes", cascade.stripes, last.Q, "output columns", last)
    _within("parts", cascade.parts, shapes[-1].output.channels, "output channels", last)


def _unit_shape(network: Network, unit: Unit, number: int) -> UnitShape:
    starts = [stage.layer for stage in stages(network)]
    first = unit.layers[0] if unit.layers else -1
    if first not in starts or unit not in _units_at(network, starts.index(first)):
        names = ", ".join(network.layers[index].name for index in unit.layers) or "nothing"
        raise MappingError(
            f"units[{number}]: {names} are no unit: a lead that mixes channels, a middle that works channel "
            "by channel, a last that mixes them again, each read by the next alone, an addition folded in; "
            "or, of squeeze-excite, a pool for the last, or a gate before it; or a lead, with a side that "
            "makes what its addition reads"
        )
    return UnitShape(network, unit)


def _units_at(network: Network, stage: int) -> tuple[Unit, ...]:
    gate = gates(network)[stage]
    sided = tuple(chain[-1] for chain in branches(network) if chain)
    return (*units(network)[stage], *sided, *(() if gate is None else (gate.pooling, gate.scaling)))

"""Units: the pieces that a cascade is made of, each one stage or a few that run as one.

A unit has up to three layers, in this order:

* `lead`, which mixes channels (pointwise, conv, linear);
* `middle`, which works channel by channel (depthwise, pool, scale);
* `last`, which mixes channels again (pointwise): the projection.

What the lead makes for the middle, and the middle for the last, is made a chunk of channels at a time and
never kept whole. An addition may be folded into the unit's result. A unit that is a lead alone may have a
`side`: a 1 x 1 convolution that makes what its addition reads from a map further up (a projected shortcut).

Squeeze-excite stands between middle and last, and needs the sums of the middle's whole planes before one
entry can be scaled. Two units make the middle's result, one after the other (`Gate`): the first has a `pool`
in the place of the last, which sums the rows up as they are made; the second a `gate`, which scales them on
their way to the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from scanfuse.mapping.fields import LayerIndex
from scanfuse.mapping.stages import Stage, chained, lie_apart, residual_of, stages, stored_tensor
from scanfuse.network import Layer, Network, Tensor

MIXING = ("conv", "pointwise", "linear")
CHANNELWISE = ("depthwise", "pool", "scale")


@dataclass(frozen=True)
class Unit:
    """Layer indices of a unit; at least one of lead and middle is there. A pool or a gate follows a middle; a
    gate comes before a last, a pool instead of one; a side belongs to a lead alone, with an addition."""

    lead: LayerIndex | None = None
    middle: LayerIndex | None = None
    pool: LayerIndex | None = None
    gate: LayerIndex | None = None
    last: LayerIndex | None = None
    side: LayerIndex | None = None
    add: LayerIndex | None = None

    @property
    def layers(self) -> tuple[int, ...]:
        found = (self.lead, self.middle, self.pool, self.gate, self.last, self.side, self.add)
        return tuple(index for index in found if index is not None)

    @property
    def final(self) -> int:
        """The layer whose result leaves the unit, before a folded addition."""
        return max(index for index in (self.lead, self.middle, self.pool, self.last) if index is not None)


@dataclass(frozen=True)
class Gate:
    """Squeeze-excite: the unit that pools, those that make the factors, the unit that scales, in the order in
    which they run; `stages` of the network are covered by all of them."""

    pooling: Unit
    factors: tuple[Unit, ...]
    scaling: Unit
    stages: int


@dataclass(frozen=True)
class UnitShape:
    """The layers of a unit and what follows from their shapes."""

    network: Network
    unit: Unit

    def _layer(self, index: int | None) -> Layer | None:
        return None if index is None else self.network.layers[index]

    @cached_property
    def lead(self) -> Layer | None:
        return self._layer(self.unit.lead)

    @cached_property
    def middle(self) -> Layer | None:
        return self._layer(self.unit.middle)

    @cached_property
    def pool(self) -> Layer | None:
        return self._layer(self.unit.pool)

    @cached_property
    def gate(self) -> Layer | None:
        return self._layer(self.unit.gate)

    @cached_property
    def last(self) -> Layer | None:
        return self._layer(self.unit.last)

    @cached_property
    def side(self) -> Layer | None:
        return self._layer(self.unit.side)

    @cached_property
    def walked(self) -> Layer:
        """The layer whose rows are made in turn: the final one, but for a pool what it sums up."""
        return self.middle if self.pool is not None and self.middle is not None else self.final

    @cached_property
    def factors(self) -> Tensor | None:
        """What a scale in the unit multiplies by, an entry a channel."""
        scales = (layer for layer in (self.gate, self.middle) if layer is not None and layer.kind == "scale")
        return next((layer.inputs[1] for layer in scales), None)

    @cached_property
    def passing(self) -> int:
        """Results of the unit's layers that come and go within a step, each as large as the middle's."""
        middle = self.middle is not None and (self.last is not None or self.pool is not None)
        return int(middle) + int(self.gate is not None)

    @cached_property
    def first(self) -> Layer:
        return self.network.layers[self.unit.layers[0]]

    @cached_property
    def final(self) -> Layer:
        return self.network.layers[self.unit.final]

    @cached_property
    def stage(self) -> Stage:
        return Stage(self.unit.final, self.unit.add)

    @cached_property
    def output(self) -> Tensor:
        return stored_tensor(self.network, self.stage)

    @cached_property
    def residual(self) -> Tensor | None:
        return residual_of(self.network, self.stage)

    @cached_property
    def ifmap(self) -> Tensor:
        return self.first.ifmap

    @cached_property
    def channels(self) -> int:
        """Channels that chunks cut: of the middle, or of the result where there is but one layer."""
        return self.middle.C if self.middle is not None else self.final.K

    @cached_property
    def weight_entries(self) -> int:
        return sum(self.network.layers[index].weight_entries for index in self.unit.layers)

    @cached_property
    def weights_per_channel(self) -> int:
        """Weights that belong to one of `channels`, over all layers of the unit."""
        return self.weight_entries // self.channels

    def window_rows(self, p0: int, p1: int) -> tuple[int, int]:
        """Rows of the middle's input under rows [p0, p1) of the result."""
        return self._rows_under(p0, p1)[0]

    def input_rows(self, p0: int, p1: int) -> tuple[int, int]:
        """Rows of the unit's input under rows [p0, p1) of its result."""
        return self._rows_under(p0, p1)[1]

    def _rows_under(self, p0: int, p1: int) -> tuple[tuple[int, int], tuple[int, int]]:
        known = self._rows_known.get((p0, p1))
        if known is None:
            window = (p0, p1) if self.middle is None else self.middle.input_rows(p0, p1)
            known = window, (window if self.lead is None else self.lead.input_rows(*window))
            self._rows_known[p0, p1] = known
        return known

    @cached_property
    def _rows_known(self) -> dict[tuple[int, int], tuple[tuple[int, int], tuple[int, int]]]:
        return {}

    @cached_property
    def recomputes(self) -> bool:
        """Whether there is something to compute twice: a lead under the windows of a middle."""
        return self.lead is not None and self.middle is not None

    @cached_property
    def sums(self) -> bool:
        """Whether the chunks add up to each entry of the result."""
        return self.last is not None


def chains(network: Network, some: Sequence[Unit]) -> bool:
    """Whether units, each of which reads what the one before it makes, can run in one cascade: what they read
    and make lies apart."""
    shapes = [UnitShape(network, unit) for unit in some]
    made = [tensor for shape in shapes for tensor in (shape.output, shape.residual)]
    return lie_apart(network, shapes[0].ifmap, *made)


@dataclass(frozen=True, eq=False)
class _Known:
    """The shapes of a network's units, each made once: many walks of the same units are looked at."""

    network: Network
    shapes: dict[Unit, UnitShape]


_latest: list[_Known] = []


def unit_shape(network: Network, unit: Unit) -> UnitShape:
    """The shape of a unit, remembered for as long as the same network is asked about."""
    known = next(iter(_latest), None)
    if known is None or known.network is not network:
        known = _Known(network, {})
        _latest[:] = [known]
    if unit not in known.shapes:
        known.shapes[unit] = UnitShape(network, unit)
    return known.shapes[unit]


def units(network: Network) -> tuple[tuple[Unit, ...], ...]:
    """Per stage, the units that may start there, the longest first; empty where none may.

    A stage that no unit can hold (an addition alone, a linear layer that flattens a map) has none. Those of a
    `Gate` are not among them.
    """
    parts = stages(network)
    return tuple(tuple(_starting(network, parts, start)) for start in range(len(parts)))


def _starting(network: Network, parts: tuple[Stage, ...], start: int) -> list[Unit]:
    found = []
    for length in (3, 2, 1):
        some = parts[start : start + length]
        unit = _as_unit(network, some) if len(some) == length else None
        if unit is not None:
            found.append(unit)
    return found


def _as_unit(network: Network, some: tuple[Stage, ...]) -> Unit | None:
    kinds = [_kind(network, stage) for stage in some]
    if None in kinds or any(stage.add is not None for stage in some[:-1]):
        return None
    if not all(chained(network, a, b) for a, b in pairwise(some)):
        return None
    if not lie_apart(network, network.layers[some[0].layer].ifmap, residual_of(network, some[-1])):
        return None
    add, first = some[-1].add, some[0].layer
    if kinds == ["mix"]:
        return Unit(lead=first, add=add)
    if kinds == ["each"]:
        return Unit(middle=first, add=add)
    if kinds == ["mix", "each"] and _covers(network, some[1]):
        return Unit(lead=first, middle=some[1].layer, add=add)
    if kinds == ["each", "mix"] and _projects(network, some[1]) and network.layers[first].kind != "pool":
        return Unit(middle=first, last=some[1].layer, add=add)
    if kinds == ["mix", "each", "mix"] and _covers(network, some[1]) and _projects(network, some[2]):
        return Unit(lead=first, middle=some[1].layer, last=some[2].layer, add=add)
    return None


def branches(network: Network) -> tuple[tuple[Unit, ...], ...]:
    """Per stage, the units of a block whose shortcut's projection starts there: the main branch, with the
    projection as the side of its last unit; empty where there is none."""
    parts, starting = stages(network), units(network)
    return tuple(_branch(network, parts, starting, start) for start in range(len(parts)))


def _branch(
    network: Network, parts: tuple[Stage, ...], starting: tuple[tuple[Unit, ...], ...], start: int
) -> tuple[Unit, ...]:
    layers, side = network.layers, parts[start]
    projection = layers[side.layer]
    readers = network.consumers(projection.output)
    if _kind(network, side) != "mix" or projection.kernel != (1, 1) or side.add is not None:
        return ()
    if [reader.kind for reader in readers] != ["add"]:
        return ()
    chain: list[Unit] = []
    at, source = start + 1, projection.ifmap
    while at < len(parts) and starting[at]:
        unit = starting[at][0]
        shape = UnitShape(network, unit)
        if shape.ifmap != source:
            return ()
        chain.append(unit)
        if unit.add is not None and layers[unit.add] == readers[0]:
            lead_alone = unit == Unit(lead=unit.lead, add=unit.add)
            covered = _sees(network, chain, projection)
            return (*chain[:-1], replace(unit, side=side.layer)) if lead_alone and covered else ()
        at, source = at + len(unit.layers) - (unit.add is not None), shape.output
        if len(network.consumers(source)) > 1:
            return ()
    return ()


def _sees(network: Network, chain: Sequence[Unit], projection: Layer) -> bool:
    """Whether each result of a chain comes from rows and columns among which are those of the projection."""
    for axis in (0, 1):
        for position in range((projection.P, projection.Q)[axis]):
            start, stop = position, position + 1
            for unit in reversed(chain):
                shape = UnitShape(network, unit)
                for layer in (shape.last, shape.middle, shape.lead):
                    if layer is not None:
                        reach = layer.input_columns if axis else layer.input_rows
                        start, stop = reach(start, stop)
            reach = projection.input_columns if axis else projection.input_rows
            first, last = reach(position, position + 1)
            if not start <= first < last <= stop:
                return False
    return True


def gates(network: Network) -> tuple[Gate | None, ...]:
    """Per stage, the squeeze-excite block that starts there, if any."""
    parts = stages(network)
    return tuple(_gate(network, parts, start) for start in range(len(parts)))


def _gate(network: Network, parts: tuple[Stage, ...], start: int) -> Gate | None:
    layers = network.layers
    lead, at = None, start
    if _kind(network, parts[at]) == "mix" and parts[at].add is None:
        lead, at = parts[at], at + 1
    if at + 3 >= len(parts):
        return None
    middle, pooled = parts[at], layers[parts[at + 1].layer]
    made = layers[middle.layer].output
    if layers[middle.layer].kind != "depthwise" or middle.add is not None or not _sums_planes(pooled, made):
        return None
    if lead is not None and not (chained(network, lead, middle) and _covers(network, middle)):
        return None
    between, vector, pool_at, at = [], pooled.output, at + 1, at + 2
    while at < len(parts) and _kind(network, parts[at]) == "mix" and layers[parts[at].layer].ifmap == vector:
        between.append(Unit(lead=parts[at].layer, add=parts[at].add))
        vector, at = stored_tensor(network, parts[at]), at + 1
    if at + 1 >= len(parts):
        return None
    scale, project = parts[at], parts[at + 1]
    scaled = layers[scale.layer]
    if scaled.kind != "scale" or scaled.inputs != (made, vector) or not _projects(network, project):
        return None
    if not chained(network, scale, project) or set(network.consumers(made)) != {pooled, scaled}:
        return None
    first = None if lead is None else lead.layer
    return Gate(
        Unit(lead=first, middle=middle.layer, pool=parts[pool_at].layer),
        tuple(between),
        Unit(lead=first, middle=middle.layer, gate=scale.layer, last=project.layer, add=project.add),
        at + 2 - start,
    )


def _sums_planes(layer: Layer, ifmap: Tensor) -> bool:
    """Whether a layer averages whole planes of a map."""
    plane = layer.kernel == (ifmap.height, ifmap.width) and not any(layer.padding)
    return layer.kind == "pool" and layer.pool_kind == "average" and layer.ifmap == ifmap and plane


def _kind(network: Network, stage: Stage) -> str | None:
    layer = network.layers[stage.layer]
    if layer.kind in CHANNELWISE:
        return "each"
    if layer.kind not in MIXING or layer.groups > 1:
        return None
    if layer.kind == "linear" and not _reads_vector(network, layer):
        return None
    return "mix"


def _reads_vector(network: Network, layer: Layer) -> bool:
    """Whether a linear layer reads a map of one pixel, not a larger one flattened."""
    return network.maps[layer.ifmap.name].shape == layer.ifmap.shape


def _projects(network: Network, stage: Stage) -> bool:
    return network.layers[stage.layer].kind == "pointwise"


def _covers(network: Network, stage: Stage) -> bool:
    """Whether the windows of a channelwise layer leave no rows between them."""
    layer = network.layers[stage.layer]
    return layer.stride[0] <= (layer.R - 1) * layer.dilation[0] + 1


def least_read(layer: Layer, made: tuple[int, int] | None = None) -> int:
    """Entries of its ifmap that a layer must read: its windows may leave out rows and columns.

    made: how many rows and columns of its output it must make at the least; all where None.
    """
    rows, columns = least_plane(layer, made)
    return layer.C * rows * columns


def least_plane(layer: Layer, made: tuple[int, int] | None = None) -> tuple[int, int]:
    """Rows and columns of its ifmap that a layer must read; `made` as for `least_read`."""
    p, q = (layer.P, layer.Q) if made is None else made
    rows = _covered(layer, 0, layer.input_rows(0, layer.P), layer.P, p)
    return rows, _covered(layer, 1, layer.input_columns(0, layer.Q), layer.Q, q)


def _covered(layer: Layer, axis: int, reach: tuple[int, int], windows: int, made: int) -> int:
    """Positions along one axis under windows, at the least: between and within them some may lie idle."""
    taps, stride, dilation = layer.kernel[axis], layer.stride[axis], layer.dilation[axis]
    covered = reach[1] - reach[0]
    whole = layer.kind in ("add", "scale", "linear", "pointwise") or stride <= taps == 1
    if not whole and (dilation > 1 or stride > taps):
        covered = min(windows, covered)
    return max(0, covered - (windows - made) * ((taps - 1) * dilation + 1))

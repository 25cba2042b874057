"""Units: the pieces that a cascade is made of, each one stage or a few that run as one.

A unit has up to three layers, in this order:

* `lead`, which mixes channels (pointwise, conv, linear);
* `middle`, which works channel by channel (depthwise, pool);
* `last`, which mixes channels again (pointwise): the projection.

What the lead makes for the middle, and the middle for the last, is made a chunk of channels at a time and
never kept whole. An addition may be folded into the unit's result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from scanfuse.mapping.fields import LayerIndex
from scanfuse.mapping.stages import Stage, chained, lie_apart, residual_of, stages, stored_tensor
from scanfuse.network import Layer, Network, Tensor

MIXING = ("conv", "pointwise", "linear")
CHANNELWISE = ("depthwise", "pool")


@dataclass(frozen=True)
class Unit:
    """Layer indices of a unit; at least one of lead, middle and last is there (last never alone)."""

    lead: LayerIndex | None = None
    middle: LayerIndex | None = None
    last: LayerIndex | None = None
    add: LayerIndex | None = None

    @property
    def layers(self) -> tuple[int, ...]:
        found = (self.lead, self.middle, self.last, self.add)
        return tuple(index for index in found if index is not None)

    @property
    def final(self) -> int:
        """The layer whose result leaves the unit, before a folded addition."""
        return max(index for index in (self.lead, self.middle, self.last) if index is not None)


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
    def last(self) -> Layer | None:
        return self._layer(self.unit.last)

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
        return (p0, p1) if self.middle is None else self.middle.input_rows(p0, p1)

    def input_rows(self, p0: int, p1: int) -> tuple[int, int]:
        """Rows of the unit's input under rows [p0, p1) of its result."""
        rows = self.window_rows(p0, p1)
        return rows if self.lead is None else self.lead.input_rows(*rows)

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


def units(network: Network) -> tuple[tuple[Unit, ...], ...]:
    """Per stage, the units that may start there, the longest first; empty where none may.

    A stage that no unit can hold (a scale, an addition alone, a linear layer that flattens a map) has none.
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
    if kinds == ["each", "mix"] and _projects(network, some[1]) and network.layers[first].kind == "depthwise":
        return Unit(middle=first, last=some[1].layer, add=add)
    if kinds == ["mix", "each", "mix"] and _covers(network, some[1]) and _projects(network, some[2]):
        return Unit(lead=first, middle=some[1].layer, last=some[2].layer, add=add)
    return None


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

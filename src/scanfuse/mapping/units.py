"""Units: the pieces that a cascade is made of, each one stage or a few that run as one.

A unit has up to three layers, in this order:

* `lead`, which mixes channels (pointwise, conv, linear);
* `middle`, which works channel by channel (depthwise, pool);
* `last`, which mixes channels again (pointwise): the projection.

What the lead makes for the middle, and the middle for the last, is made a chunk of channels at a time and
never kept whole. An addition may be folded into the unit's result.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from scanfuse.mapping.fields import LayerIndex
from scanfuse.mapping.stages import Stage, chained, residual_of, stages, stored_tensor
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
    producers = [other for other in network.layers if other.output.name == layer.ifmap.name]
    made = producers[0].output if producers else network.input
    return made.shape == layer.ifmap.shape


def _projects(network: Network, stage: Stage) -> bool:
    return network.layers[stage.layer].kind == "pointwise"


def _covers(network: Network, stage: Stage) -> bool:
    """Whether the windows of a channelwise layer leave no rows between them."""
    layer = network.layers[stage.layer]
    return layer.stride[0] <= (layer.R - 1) * layer.dilation[0] + 1


def least_read(layer: Layer) -> int:
    """Entries of its ifmap that a layer must read: its windows may leave out rows and columns."""
    rows = _covered(layer, 0, layer.input_rows(0, layer.P), layer.P)
    columns = _covered(layer, 1, layer.input_columns(0, layer.Q), layer.Q)
    return layer.C * rows * columns


def _covered(layer: Layer, axis: int, reach: tuple[int, int], windows: int) -> int:
    """Positions along one axis under windows, at the least: between and within them some may lie idle."""
    taps = layer.kernel[axis]
    if layer.kind in ("add", "scale", "linear", "pointwise") or layer.stride[axis] <= taps == 1:
        return reach[1] - reach[0]
    if layer.dilation[axis] == 1 and layer.stride[axis] <= taps:
        return reach[1] - reach[0]
    return min(windows, reach[1] - reach[0])

"""A way to run some groups of a mapping, and what the search thinks of it.

The figures are those that the search looks at: closed forms, and its estimates of bursts and of cost (bursts
plus latency, in bursts).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Any

from scanfuse.mapping.cascade import Cascade, CascadeCost
from scanfuse.mapping.estimate import Target, latency_slots, reduction, tile_cycles
from scanfuse.mapping.forecast import forecast_phases
from scanfuse.mapping.fusion import FusedCost
from scanfuse.mapping.lru import CachedCost, CachedTiling
from scanfuse.mapping.mapping import Group, Mapping
from scanfuse.mapping.rolling import judge_rolling
from scanfuse.mapping.search import Found, judge_block, judge_tiling
from scanfuse.mapping.tiling import TilingCost
from scanfuse.mapping.work import phases


@dataclass(frozen=True)
class Way:
    """One way to run some layers.

    name: "chosen", the schedule it is of, or what it does otherwise in a few words. numbers: the groups of
    the mapping that it stands for. groups: what runs instead of them; elsewhere: other groups that run
    otherwise because of it, with their numbers; kept: the maps that then stay in the buffer, of the whole
    mapping. entries, extra_macs, bursts, cost: of the groups that are explained, and what changes in all
    others counted in; elsewhere_entries: how much of the entries that is. live_entries: the closed form's
    peak, over all that changes. missing_entries: by how many it does not fit the buffer; 0 where it does.
    bursts, cost: estimates; cost is bursts plus latency, in bursts.
    """

    name: str
    groups: tuple[Group, ...]
    entries: int
    extra_macs: int
    live_entries: int
    bursts: float
    cost: float
    missing_entries: int = 0
    numbers: tuple[int, ...] = ()
    kept: tuple[str, ...] = ()
    elsewhere: tuple[tuple[int, Group], ...] = ()
    elsewhere_entries: int = 0
    cost_first: bool = False  # with another objective than traffic

    @property
    def fits(self) -> bool:
        return not self.missing_entries

    @property
    def moved(self) -> tuple[int, int]:
        """What the search compares first."""
        return self.entries, self.extra_macs

    @property
    def rank(self) -> tuple[float, ...]:
        """What the search compares, in this order."""
        if self.cost_first:
            return not self.fits, self.cost, *self.moved
        return not self.fits, *self.moved, self.cost


@dataclass(frozen=True)
class Figures:
    """Sums over groups."""

    entries: int
    extra_macs: int
    bursts: float
    cost: float
    live_entries: int  # the most of them

    @classmethod
    def of(cls, costs: Sequence[Any], live: Sequence[int], layout: str, target: Target) -> Figures:
        found = [judge(cost, layout, target) for cost in costs]
        return cls(
            sum(one.traffic for one in found),
            sum(cost.extra_macs for cost in costs),
            sum(one.bursts for one in found),
            sum(one.score for one in found),
            max(live, default=0),
        )


def way_of(
    name: str,
    mapping: Mapping,
    groups: Sequence[Group],
    target: Target,
    numbers: tuple[int, ...],
    over_entries: int = 0,
) -> Way:
    """Groups whose closed forms a mapping knows, instead of those numbered; `over_entries` are held over all
    of them but cascades, which count their own."""
    costs = [mapping.cost(group) for group in groups]
    live = [int(cost.live_entries) + (0 if isinstance(cost, CascadeCost) else over_entries) for cost in costs]
    found = Figures.of(costs, live, mapping.layout, target)
    return Way(
        name,
        tuple(groups),
        found.entries,
        found.extra_macs,
        found.live_entries,
        found.bursts,
        found.cost,
        max(found.live_entries - target.buffer_entries, 0),
        numbers,
        mapping.kept,
        cost_first=target.goal is not None,
    )


def instead(mapping: Mapping, way: Way) -> Mapping:
    """A mapping with some of its groups run another way."""
    first, last = way.numbers[0], way.numbers[-1]
    groups = list(mapping.groups)
    for number, group in way.elsewhere:
        groups[number] = group
    groups[first : last + 1] = way.groups
    return replace(mapping, groups=tuple(groups), kept=way.kept)


@singledispatch
def judge(cost: Any, layout: str, target: Target) -> Found:
    """What the search thinks of a group, by its closed forms. Each kind of group registers its own."""
    raise TypeError(f"no kind of group: {cost!r}")


@judge.register
def _(cost: TilingCost, layout: str, target: Target) -> Found:
    return (judge_rolling if cost.tiling.rolling else judge_tiling)(cost, layout, target)


@judge.register
def _(cost: FusedCost, layout: str, target: Target) -> Found:
    return judge_block(cost, target)


@judge.register
def _(cost: CascadeCost, layout: str, target: Target) -> Found:
    """Whole rows of all channels: as good as sequential."""
    cycles = 0
    for unit, shape in enumerate(cost.shapes):
        for layer in (shape.lead, shape.middle, shape.last):
            if layer is not None:
                chunk = min(cost.cascade.chunks[unit], layer.K)
                outs, ins = (layer.K, chunk) if layer is shape.last else (chunk, reduction(layer))
                pixels = layer.P * layer.Q / cost.events[unit]
                trips = cost.events[unit] * -(-shape.channels // cost.cascade.chunks[unit])
                cycles += trips * int(tile_cycles(layer, max(int(pixels), 1), outs, ins, target.array))
    return _found(cost.cascade, cost, cycles, target)


@judge.register
def _(cost: CachedCost, layout: str, target: Target) -> Found:
    layer = cost.nest.layer
    cycles = int(tile_cycles(layer, layer.P * layer.Q, layer.K, reduction(layer), target.array))
    return _found(cost.cached, cost, cycles, target)


def _found(
    choice: Cascade | CachedTiling, cost: CascadeCost | CachedCost, cycles: int, target: Target
) -> Found:
    traffic = int(cost.traffic.total)
    if target.goal is not None:
        known = forecast_phases(phases(cost, target.goal.layouts, target), target, target.goal.memory)
        return Found(choice, traffic, float(known.bursts), float(target.goal.score(known)))
    bursts = traffic * target.entry_bytes / target.burst_bytes
    slots = float(latency_slots(bursts, cycles, cost.steps, True, target))
    return Found(choice, traffic, bursts, bursts + slots)

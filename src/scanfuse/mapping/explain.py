"""Why a group is run as it is: the other ways to run its layers, and what they would cost.

The figures are those that the search looks at: closed forms, and its estimates of bursts and of cost (bursts
plus latency, in bursts). A group is one choice among tilings or cuts of its own kind; where it takes several
layers together, the simpler schedules tell what its layers cost under them, and where the layers of a block
run alone, the cuts that would fuse it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Any

from scanfuse.hardware import Accelerator, Layout
from scanfuse.mapping.bounds import group_entries
from scanfuse.mapping.cascade import Cascade, CascadeCost
from scanfuse.mapping.estimate import Target, latency_slots, reduction, tile_cycles
from scanfuse.mapping.forecast import forecast, forecast_phases
from scanfuse.mapping.fusion import BlockShape, FusedCost
from scanfuse.mapping.lru import CachedCost, CachedTiling
from scanfuse.mapping.mapping import Group, Mapping
from scanfuse.mapping.memory_costs import MemoryCosts
from scanfuse.mapping.objective import goal_of
from scanfuse.mapping.ranking import rank_blocks, rank_tilings, same_tiles
from scanfuse.mapping.rolling import judge_rolling
from scanfuse.mapping.schedules import SCHEDULES, make_mapping
from scanfuse.mapping.search import Found, judge_block, judge_tiling
from scanfuse.mapping.stages import Block, blocks
from scanfuse.mapping.tiling import TilingCost
from scanfuse.mapping.work import phases

LAYER_BY_LAYER = ("fixed", "raster", "scan")
MOST = 3  # runners-up of a group's own kind


@dataclass(frozen=True)
class Way:
    """One way to run some layers.

    name: "chosen", "runner-up", "fused", or the schedule it is of. live_entries: the closed form's peak.
    bursts, cost: estimates; cost is bursts plus latency, in bursts.
    """

    name: str
    groups: tuple[Group, ...]
    entries: int
    extra_macs: int
    live_entries: int
    bursts: float
    cost: float
    cost_first: bool = False  # with another objective than traffic

    @property
    def rank(self) -> tuple[float, ...]:
        """What the search compares, in this order."""
        if self.cost_first:
            return self.cost, self.entries, self.extra_macs
        return self.entries, self.extra_macs, self.cost


@dataclass(frozen=True)
class Explanation:
    """Some groups of a mapping, by number, and the other ways to run their layers, best first.

    least_entries: what the layers move at least between DRAM and a buffer of this size.
    """

    numbers: tuple[int, ...]
    chosen: Way
    others: tuple[Way, ...]
    least_entries: int

    @property
    def reason(self) -> str:
        """Why it was chosen, or what would be better for these layers alone."""
        found = [] if self.chosen.entries > self.least_entries else ["the least these layers can move"]
        found.append(_compared(self.chosen, self.others[0]) if self.others else "no other way fits")
        return "; ".join(found)


def _compared(chosen: Way, other: Way) -> str:
    better, worse = sorted((chosen, other), key=lambda way: way.rank)
    if chosen.cost_first and better.cost < worse.cost:
        what = f"an estimated cost {100 * (1 - better.cost / worse.cost):.2g}% lower"
        return f"{what} than {other.name}" if better is chosen else f"but {other.name} has {what}"
    fewer, macs = worse.entries - better.entries, worse.extra_macs - better.extra_macs
    if fewer:
        what = f"{fewer:,} entries ({fewer / worse.entries:.2%}) fewer"
    elif macs:
        what = f"as few entries, and {macs:,} fewer MACs computed again"
    elif better.cost < worse.cost:
        what = f"as few entries, at an estimated cost {100 * (1 - better.cost / worse.cost):.2g}% lower"
    else:
        return f"equal to {other.name} in all that the search looks at"
    return f"{what} than {other.name}" if better is chosen else f"but {other.name} has {what}"


def explain(
    mapping: Mapping,
    accelerator: Accelerator,
    *,
    burst_bytes: int = 64,
    burst_ps: int = 6000,
    objective: str = "traffic",
    memory: MemoryCosts | None = None,
    progress: Callable[[], None] | None = None,
) -> Iterator[Explanation]:
    """Why each group of a mapping was chosen, and each block that was not fused; see `make_mapping` for the
    arguments. Raises MappingError."""
    target = Target.of(accelerator, burst_bytes, burst_ps)
    hardware = replace(accelerator, layout=Layout(mapping.layout))  # type: ignore[arg-type]
    if objective != "traffic" and memory is not None:
        near = forecast(mapping, target, memory)
        target = replace(target, goal=replace(goal_of(objective, memory, near), layout=mapping.layout))
    simpler = [
        make_mapping(
            mapping.network,
            name,
            hardware,
            burst_bytes=burst_bytes,
            burst_ps=burst_ps,
            objective=objective,
            memory=memory,
        )
        for name in _simpler_schedules(mapping)
    ]
    for number, group in enumerate(mapping.groups):
        cost = mapping.cost(group)
        found = runners_up(cost, mapping.layout, target)
        rivals = [_way("runner-up", mapping, [one.choice], target) for one in found]
        chosen = _way("chosen", mapping, [group], target)
        others = [way for way in rivals if not _same(way, chosen)][:MOST]
        others += [way for way in map(_covering(mapping, group, target), simpler) if way is not None]
        yield _explanation((number,), mapping, chosen, others, target)
        if progress is not None:
            progress()
    if mapping.schedule not in LAYER_BY_LAYER:
        yield from _unfused(mapping, target)


def _simpler_schedules(mapping: Mapping) -> list[str]:
    """The searched schedules that fuse less, the nearest first; none where every group is a layer alone."""
    if all(isinstance(mapping.cost(group), TilingCost) for group in mapping.groups):
        return []
    names = [name for name in SCHEDULES if name != "fixed"]
    known = names[: names.index(mapping.schedule)] if mapping.schedule in names else names
    return known[::-1]  # of two that run some layers alike, the one that is nearer gives its name


def _covering(mapping: Mapping, group: Group, target: Target) -> Callable[[Mapping], Way | None]:
    """Finds another mapping's groups for exactly the layers of one, unless that is a layer alone."""

    def find(other: Mapping) -> Way | None:
        mine = set(group.layers)
        groups = [one for one in other.groups if mine & set(one.layers)]
        exact = {index for one in groups for index in one.layers} == mine
        alone = isinstance(mapping.cost(group), TilingCost)
        return _way(other.schedule, other, groups, target) if exact and not alone else None

    return find


def _unfused(mapping: Mapping, target: Target) -> Iterator[Explanation]:
    """Of every block whose layers run alone, the cuts that would fuse it."""
    number_of = {index: number for number, group in enumerate(mapping.groups) for index in group.layers}
    for block in blocks(mapping.network):
        if not isinstance(block, Block):
            continue
        numbers = sorted({number_of[index] for index in _layers_of(block)})
        groups = [mapping.groups[number] for number in numbers]
        covered = sorted(index for group in groups for index in group.layers)
        if len(groups) > 1 and covered == _layers_of(block):
            found = rank_blocks(BlockShape(mapping.network, block), target)[:MOST]
            others = [_way("fused", mapping, [one.choice], target) for one in found]
            chosen = _way("chosen", mapping, groups, target)
            yield _explanation(tuple(numbers), mapping, chosen, others, target)


def _layers_of(block: Block) -> list[int]:
    stages = (block.expand, block.depthwise, block.project)
    found = [index for stage in stages if stage is not None for index in (stage.layer, stage.add)]
    return [index for index in found if index is not None]


def _explanation(
    numbers: tuple[int, ...], mapping: Mapping, chosen: Way, others: Iterable[Way], target: Target
) -> Explanation:
    distinct: list[Way] = []
    for way in sorted(others, key=lambda way: way.rank):
        if not any(_same(way, known) for known in (chosen, *distinct)):
            distinct.append(way)
    least = group_entries(mapping.network, chosen.groups, target.buffer_entries)
    return Explanation(numbers, chosen, tuple(distinct), least)


def _same(one: Way, other: Way) -> bool:
    """Whether two ways differ in nothing but the order of loops that comes to the same."""
    tiles = [tuple(map(same_tiles, way.groups)) for way in (one, other)]
    return tiles[0] == tiles[1] and one.entries == other.entries


def _way(name: str, mapping: Mapping, groups: Sequence[Group], target: Target) -> Way:
    costs = [mapping.cost(group) for group in groups]
    found = [judge(cost, mapping.layout, target) for cost in costs]
    return Way(
        name,
        tuple(groups),
        sum(one.traffic for one in found),
        sum(cost.extra_macs for cost in costs),
        max(cost.live_entries for cost in costs),
        sum(one.bursts for one in found),
        sum(one.score for one in found),
        target.goal is not None,
    )


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
        known = forecast_phases(phases(cost, target.goal.layout, target), target, target.goal.memory)
        return Found(choice, traffic, float(known.bursts), float(target.goal.score(known)))
    bursts = traffic * target.entry_bytes / target.burst_bytes
    slots = float(latency_slots(bursts, cycles, cost.steps, True, target))
    return Found(choice, traffic, bursts, bursts + slots)


@singledispatch
def runners_up(cost: Any, layout: str, target: Target) -> list[Found]:
    """Other groups of the same kind for the same layers, best first. Each kind registers its own."""
    raise TypeError(f"no kind of group: {cost!r}")


@runners_up.register
def _(cost: TilingCost, layout: str, target: Target) -> list[Found]:
    return rank_tilings(cost.nest, cost.tiling.layer, cost.tiling.add, layout, target)


@runners_up.register
def _(cost: FusedCost, layout: str, target: Target) -> list[Found]:
    return rank_blocks(cost.shape, target)


@runners_up.register
def _(cost: CascadeCost, layout: str, target: Target) -> list[Found]:
    return []  # the simpler schedules are what it is held against


@runners_up.register
def _(cost: CachedCost, layout: str, target: Target) -> list[Found]:
    return []

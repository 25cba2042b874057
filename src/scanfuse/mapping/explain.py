"""Why a group is run as it is: the other ways to run its layers, and what they would cost.

The figures are those that the search looks at: closed forms, and its estimates of bursts and of cost (bursts
plus latency, in bursts). A group is one choice among tilings or cuts of its own kind; where it takes several
layers together, the simpler schedules tell what its layers cost under them, and where the layers of a block
run alone, the cuts that would fuse it. Of a cascade: other walks, its chain in two, with the next group, its
result kept or stored (see `alternatives`), and of ways that do not fit those that would be better, with what
room they lack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Any

from scanfuse.hardware import Accelerator, Layout
from scanfuse.mapping.alternatives import Alternatives
from scanfuse.mapping.bounds import group_entries
from scanfuse.mapping.cascade import CascadeCost
from scanfuse.mapping.estimate import Target
from scanfuse.mapping.forecast import forecast
from scanfuse.mapping.fusion import BlockShape, FusedCost
from scanfuse.mapping.layouts import GroupLayouts
from scanfuse.mapping.lru import CachedCost
from scanfuse.mapping.mapping import Mapping
from scanfuse.mapping.memory_costs import MemoryCosts
from scanfuse.mapping.objective import goal_of
from scanfuse.mapping.ranking import rank_blocks, rank_tilings, same_tiles
from scanfuse.mapping.schedules import SCHEDULES, make_mapping
from scanfuse.mapping.search import Found
from scanfuse.mapping.stages import Block, blocks
from scanfuse.mapping.tiling import TilingCost
from scanfuse.mapping.ways import Way, way_of

LAYER_BY_LAYER = ("fixed", "raster", "scan")
MOST = 3  # runners-up of a group's own kind, walks of a cascade, ways to split it


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
        """Why it was chosen, or what would be better, and what would be if there were room."""
        least = min([self.least_entries, *(way.entries for way in self.others)])
        found = [] if self.chosen.entries > least else ["the least these layers can move"]
        fitting = [way for way in self.others if way.fits]
        found.append(_compared(self.chosen, fitting[0]) if fitting else "no other way fits")
        better = [way for way in self.others if not way.fits and way.moved < self.chosen.moved]
        if better:
            near = min(better, key=lambda way: way.missing_entries)
            found.append(f"{near.name} would be better, with {near.missing_entries:,} entries more of room")
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
        target = replace(
            target, goal=replace(goal_of(objective, memory, near), layouts=GroupLayouts.same(mapping.layout))
        )
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
    alternatives = Alternatives(mapping, target)
    for number, group in enumerate(mapping.groups):
        cost, over = mapping.cost(group), mapping.held[group].over_entries
        room = replace(target, buffer_entries=target.buffer_entries - over)
        found = runners_up(cost, mapping.layout, room)
        rivals = [way_of("runner-up", mapping, [one.choice], target, (number,), over) for one in found]
        chosen = way_of("chosen", mapping, [group], target, (number,), over)
        others = [way for way in rivals if not _same(way, chosen)][:MOST]
        others += [way for way in map(_covering(mapping, number, target), simpler) if way is not None]
        others += _otherwise(alternatives, number, chosen)
        yield _explanation((number,), mapping, chosen, others, target)
        if progress is not None:
            progress()
    yield from _gated(alternatives)
    if mapping.schedule not in LAYER_BY_LAYER:
        yield from _unfused(mapping, target)


def _otherwise(alternatives: Alternatives, number: int, chosen: Way) -> list[Way]:
    """Of each kind of alternative to a group the few that tell most."""
    if not alternatives.cascades:
        return []
    walks: dict[str, list[Way]] = {}
    for way in alternatives.walks(number):
        walks.setdefault(way.name, []).append(way)
    best = [_few(ways, chosen, 1) for ways in walks.values()]
    found = _few([way for ways in best for way in ways], chosen, MOST)
    found += _few(list(alternatives.splits(number)), chosen, MOST)
    single = (alternatives.joined(number), alternatives.result_otherwise(number))
    return found + [way for way in single if way is not None]


def _few(ways: Sequence[Way], chosen: Way, most: int) -> list[Way]:
    """The best that fit; and of those that do not, one that would be better, or the only hope."""
    fitting = sorted((way for way in ways if way.fits), key=lambda way: way.rank)[:most]
    missing = [way for way in ways if not way.fits and (way.moved < chosen.moved or not fitting)]
    return fitting + sorted(missing, key=lambda way: way.missing_entries)[:1]


def _gated(alternatives: Alternatives) -> Iterator[Explanation]:
    """Of squeeze-excite that is computed twice, why, all its groups together."""
    mapping, target = alternatives.mapping, alternatives.target
    for run in alternatives.runs:
        numbers = tuple(range(run.first, run.stop))
        chosen = way_of("chosen", mapping, mapping.groups[run.first : run.stop], target, numbers)
        ways = list(alternatives.of_run(run))
        yield _explanation(numbers, mapping, chosen, ways, target)


def _simpler_schedules(mapping: Mapping) -> list[str]:
    """The searched schedules that fuse less, the nearest first; none where every group is a layer alone."""
    if all(isinstance(mapping.cost(group), TilingCost) for group in mapping.groups):
        return []
    names = [name for name in SCHEDULES if name != "fixed"]
    known = names[: names.index(mapping.schedule)] if mapping.schedule in names else names
    return known[::-1]  # of two that run some layers alike, the one that is nearer gives its name


def _covering(mapping: Mapping, number: int, target: Target) -> Callable[[Mapping], Way | None]:
    """Finds another mapping's groups for exactly the layers of one, unless that is a layer alone, or they
    keep maps in the buffer that are in DRAM here, or had more room there."""
    group = mapping.groups[number]

    def find(other: Mapping) -> Way | None:
        mine = set(group.layers)
        groups = [one for one in other.groups if mine & set(one.layers)]
        exact = {index for one in groups for index in one.layers} == mine
        alone = isinstance(mapping.cost(group), TilingCost)
        if not exact or alone or not _crossing(other, mine) <= _crossing(mapping, mine):
            return None
        over = min(other.held[one].over_entries for one in groups)
        most = max(other.live_entries(one) for one in groups) - over + mapping.held[group].over_entries
        if most > target.buffer_entries:
            return None
        return replace(way_of(other.schedule, other, groups, target, (number,)), kept=mapping.kept)

    return find


def _crossing(mapping: Mapping, layers: set[int]) -> set[str]:
    """The kept maps that some layers read from others, or make for others."""
    network = mapping.network
    made = {network.layers[index].output.name for index in layers}
    read = {
        source for index in layers for t in network.layers[index].inputs for source in network.sources(t.name)
    }
    readers = {name: set(network.consumers(network.maps[name])) for name in made}
    mine = {network.layers[index] for index in layers}
    return {name for name in mapping.kept if name in read - made or (name in made and readers[name] - mine)}


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
            several = tuple(numbers)
            others = [way_of("fused", mapping, [one.choice], target, several) for one in found]
            chosen = way_of("chosen", mapping, groups, target, several)
            yield _explanation(several, mapping, chosen, others, target)


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
    tiles = [(tuple(map(same_tiles, way.groups)), set(way.kept)) for way in (one, other)]
    return tiles[0] == tiles[1] and one.entries == other.entries


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
    return []  # `Alternatives` has more than other walks


@runners_up.register
def _(cost: CachedCost, layout: str, target: Target) -> list[Found]:
    return []

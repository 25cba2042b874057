"""The best grouping of a network: which stages run as one group, and which maps stay in the buffer between
groups. Dynamic programming over the boundaries between stages; a state is the set of maps kept there.

The cost is (entries moved, MACs computed again, steps). What a state still needs at least (its remaining
weights, the maps that are not kept, the network's output) prunes all that cannot beat what is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from scanfuse.mapping.cascade import CascadeCost, Held
from scanfuse.mapping.estimate import Target
from scanfuse.mapping.fit import fit_cascade, key
from scanfuse.mapping.mapping import Group
from scanfuse.mapping.stages import Stage, stages, stored_tensor
from scanfuse.mapping.units import Unit, UnitShape, least_read, units
from scanfuse.network import Network, Tensor

Kept = frozenset[str]
Cost = tuple[float, int, int]  # entries or the goal's score, MACs computed again, steps
# (first stage, stages, entries of the buffer) -> a group from DRAM to DRAM and its cost
Alone = Callable[[int, int, int], tuple[Group, Cost] | None]

FREE: Cost = (0, 0, 0)


@dataclass(frozen=True)
class Option:
    """A group that runs the stages up to `stop`, and the maps kept after it."""

    stop: int
    kept: Kept
    group: Group
    cost: Cost


@dataclass(frozen=True)
class Grouping:
    """The outcome: groups in order, the maps kept between them, and (entries moved, extra MACs, steps)."""

    groups: tuple[Group, ...]
    kept: tuple[str, ...]
    cost: Cost


@dataclass
class GroupingSearch:
    """Finds the best grouping. With `depth_first`, cascades of several units are among the groups."""

    network: Network
    target: Target
    alone: Alone
    depth_first: bool

    @cached_property
    def parts(self) -> tuple[Stage, ...]:
        return stages(self.network)

    @cached_property
    def starting(self) -> tuple[tuple[Unit, ...], ...]:
        return units(self.network)

    @cached_property
    def outputs(self) -> tuple[Tensor, ...]:
        return tuple(stored_tensor(self.network, stage) for stage in self.parts)

    @cached_property
    def reads(self) -> tuple[frozenset[str], ...]:
        """Per stage, the names of the maps that it reads from outside itself."""
        found = []
        for stage in self.parts:
            layers = [self.network.layers[index] for index in (stage.layer, stage.add) if index is not None]
            inside = {self.network.layers[stage.layer].output.name}
            found.append(frozenset(t.name for layer in layers for t in layer.inputs) - inside)
        return tuple(found)

    @cached_property
    def last_read(self) -> dict[str, int]:
        return {name: number for number, names in enumerate(self.reads) for name in names}

    @cached_property
    def made_at(self) -> dict[str, int]:
        return {tensor.name: number for number, tensor in enumerate(self.outputs)}

    @cached_property
    def sizes(self) -> dict[str, int]:
        return {tensor.name: tensor.entries for tensor in self.outputs}

    @cached_property
    def weights_from(self) -> list[int]:
        """Per boundary, the weights of all stages after it."""
        found = [0]
        for stage in self.parts[::-1]:
            found.append(found[-1] + self.network.layers[stage.layer].weight_entries)
        return found[::-1]

    @cached_property
    def least_read(self) -> dict[str, list[tuple[int, int]]]:
        """Per map, (stage, entries that it must read) for each stage that reads it."""
        found: dict[str, list[tuple[int, int]]] = {}
        for number, stage in enumerate(self.parts):
            layer = self.network.layers[stage.layer]
            for name in self.reads[number]:
                whole = self.sizes.get(name, self.network.input.entries)
                entries = least_read(layer) if name == layer.ifmap.name else whole
                found.setdefault(name, []).append((number, min(entries, whole)))
        return found

    def _must_read(self, name: str, boundary: int) -> int:
        """Entries of a map that stages from a boundary on read at the least, if it is in DRAM."""
        return max((entries for number, entries in self.least_read[name] if number >= boundary), default=0)

    def least_rest(self, boundary: int, kept: Kept) -> float:
        """What must still be spent after a boundary whatever happens."""
        return self._value(self._least_entries(boundary, kept), boundary)

    def _value(self, entries: int, boundary: int) -> float:
        """Entries as the search counts them; with a goal, with what the stages from a boundary on compute."""
        goal, target = self.target.goal, self.target
        if goal is None:
            return entries
        compute_ps = self.cycles_from[boundary] * target.cycle_ps
        return float(goal.least(entries * target.entry_bytes / target.burst_bytes, compute_ps))

    @cached_property
    def cycles_from(self) -> list[int]:
        """Per boundary, the least array cycles of all stages after it."""
        found, array = [0], self.target.array
        for stage in self.parts[::-1]:
            layer = self.network.layers[stage.layer]
            found.append(found[-1] + layer.macs // (array.rows * array.columns))
        return found[::-1]

    def _least_entries(self, boundary: int, kept: Kept) -> int:
        """Entries that must move after a boundary whatever happens."""
        if boundary == len(self.parts):
            return 0
        crossing = sum(
            self._must_read(name, boundary)
            for name in self.least_read
            if self.made_at.get(name, -1) < boundary and name not in kept
        )
        return crossing + self.weights_from[boundary] + self.network.output.entries

    def _too_much(self, cost: Cost, boundary: int, kept: Kept, least: Cost) -> bool:
        return (cost[0] + self.least_rest(boundary, kept), *cost[1:]) > least

    def run(self) -> Grouping:
        """The best grouping. There is always one: every stage alone, from DRAM to DRAM."""
        least = self._greedy_bound()
        best: list[dict[Kept, tuple[Cost, int, Kept, Option | None]]] = [
            {} for _ in range(len(self.parts) + 1)
        ]
        best[0][frozenset()] = (FREE, -1, frozenset(), None)
        for boundary in range(len(self.parts)):
            for kept, (cost, *_) in list(best[boundary].items()):
                if self._too_much(cost, boundary, kept, least):
                    continue
                for option in self._options(boundary, kept, cost, least):
                    total = _sum(cost, option.cost)
                    if self._too_much(total, option.stop, option.kept, least):
                        continue
                    known = best[option.stop].get(option.kept)
                    if known is None or total < known[0]:
                        best[option.stop][option.kept] = (total, boundary, kept, option)
        return self._trace(best)

    def _trace(self, best: list[dict[Kept, tuple[Cost, int, Kept, Option | None]]]) -> Grouping:
        boundary, kept = len(self.parts), Kept()
        cost = best[boundary][kept][0]
        chosen: list[Option] = []
        while boundary:
            _, boundary, kept, option = best[boundary][kept]
            assert option is not None
            chosen.append(option)
        names = {name for option in chosen for name in option.kept}
        ordered = tuple(tensor.name for tensor in self.outputs if tensor.name in names)
        return Grouping(tuple(option.group for option in chosen[::-1]), ordered, cost)

    def _greedy_bound(self) -> Cost:
        """What a grouping that is easy to find costs: from the front, the longest unit that fits, its result
        kept where it fits. Nothing worse need be looked at."""
        boundary, kept, total, worst = 0, Kept(), FREE, (1 << 62, 0, 0)
        while boundary < len(self.parts):
            options = list(self._unit_options(boundary, kept, FREE, worst))
            options += list(self._alone_options(boundary, kept, FREE, worst))
            if not options:
                return worst
            ranked = {
                (
                    option.cost[0] + self.least_rest(option.stop, option.kept),
                    *option.cost[1:],
                    -option.stop,
                ): option
                for option in options
            }
            option = ranked[min(ranked)]
            total = _sum(total, option.cost)
            boundary, kept = option.stop, option.kept
        return total

    def _options(self, boundary: int, kept: Kept, cost: Cost, least: Cost) -> Iterator[Option]:
        yield from self._unit_options(boundary, kept, cost, least)
        if self.depth_first:
            yield from self._cascade_options(boundary, kept, cost, least)
        yield from self._alone_options(boundary, kept, cost, least)

    def _unit_options(self, boundary: int, kept: Kept, cost: Cost, least: Cost) -> Iterator[Option]:
        for unit in self.starting[boundary]:
            yield from self._with((unit,), boundary, kept, cost, least)

    def _cascade_options(self, boundary: int, kept: Kept, cost: Cost, least: Cost) -> Iterator[Option]:
        """Longer and longer chains of units, until one does not fit."""
        for first in self.starting[boundary]:
            chain: tuple[Unit, ...] = (first,)
            stop = boundary + self._length(first)
            while stop < len(self.parts) and self.starting[stop]:
                unit = self.starting[stop][0]
                previous = UnitShape(self.network, chain[-1]).output
                if UnitShape(self.network, unit).ifmap.name != previous.name:
                    break
                chain, stop = (*chain, unit), stop + self._length(unit)
                if not self._pays(chain):
                    break
                yield from self._with(chain, boundary, kept, cost, least)

    def _pays(self, chain: tuple[Unit, ...]) -> bool:
        """Whether the chain moves less than without its last unit, which then runs alone, all from DRAM to
        DRAM."""
        whole, before, last = (self._moves_least(each) for each in (chain, chain[:-1], chain[-1:]))
        if whole is None:
            return False
        if before is None or last is None:
            return True
        return bool(whole.traffic.total < before.traffic.total + last.traffic.total)

    @staticmethod
    def _length(unit: Unit) -> int:
        return len(unit.layers) - (unit.add is not None)

    def _with(
        self, chain: tuple[Unit, ...], boundary: int, kept: Kept, cost: Cost, least: Cost
    ) -> Iterator[Option]:
        """The chain with its result kept and not kept, where nothing made inside is read elsewhere."""
        stop = boundary + sum(self._length(unit) for unit in chain)
        if not self._closed(boundary, stop):
            return
        output = self.outputs[stop - 1].name
        rest = frozenset(name for name in kept if self.last_read[name] >= stop)
        for after in (rest | {output}, rest) if output in self.last_read else (rest,):
            if self._hopeless(boundary, stop, kept, after, cost, least):
                continue
            found = self._fit(chain, self._held(boundary, stop, kept, after))
            if found is not None:
                yield Option(stop, after, found.cascade, key(found, self.target))

    def _closed(self, start: int, stop: int) -> bool:
        return all(
            self.last_read.get(self.outputs[number].name, -1) < stop for number in range(start, stop - 1)
        )

    def _held(self, start: int, stop: int, before: Kept, after: Kept) -> Held:
        touched = frozenset().union(*self.reads[start:stop]) | {self.outputs[stop - 1].name}
        around = before | after
        return Held(
            kept=frozenset(name for name in around if name in touched),
            freed=before - after,
            over_entries=sum(self.sizes[name] for name in around if name not in touched),
        )

    def _hopeless(self, start: int, stop: int, before: Kept, after: Kept, cost: Cost, least: Cost) -> bool:
        """Whether the group cannot be part of anything as good as what is known."""
        read = frozenset().union(*self.reads[start:stop]) - before
        outside = [name for name in read if self.made_at.get(name, -1) < start]
        moved = sum(self._must_read_within(name, start, stop) for name in outside)
        if self.outputs[stop - 1].name not in after:
            moved += self.outputs[stop - 1].entries
        moved += self.weights_from[start] - self.weights_from[stop]
        return cost[0] + self._value(moved + self._least_entries(stop, after), start) > least[0]

    def _must_read_within(self, name: str, start: int, stop: int) -> int:
        return max(entries for number, entries in self.least_read[name] if start <= number < stop)

    def _alone_options(self, boundary: int, kept: Kept, cost: Cost, least: Cost) -> Iterator[Option]:
        """Groups from DRAM to DRAM, with whatever is kept held over them."""
        for length in (1, 2, 3):
            stop = boundary + length
            if stop > len(self.parts) or not self._closed(boundary, stop):
                break
            if kept & frozenset().union(*self.reads[boundary:stop]):
                continue
            rest = frozenset(name for name in kept if self.last_read[name] >= stop)
            if self._hopeless(boundary, stop, kept, rest, cost, least):
                continue
            found = self.alone(
                boundary, length, self.target.buffer_entries - sum(self.sizes[n] for n in kept)
            )
            if found is not None:
                yield Option(stop, rest, *found)

    def _fit(self, chain: tuple[Unit, ...], held: Held) -> CascadeCost | None:
        if (chain, held) not in self._known:
            self._known[chain, held] = fit_cascade(self.network, chain, held, self.target)
        return self._known[chain, held]

    def _moves_least(self, chain: tuple[Unit, ...]) -> CascadeCost | None:
        """The chain from DRAM to DRAM, for the least traffic."""
        if self.target.goal is None:
            return self._fit(chain, Held())
        if chain not in self._known_alone:
            target = replace(self.target, goal=None)
            self._known_alone[chain] = fit_cascade(self.network, chain, Held(), target)
        return self._known_alone[chain]

    @cached_property
    def _known_alone(self) -> dict[tuple[Unit, ...], CascadeCost | None]:
        return {}

    @cached_property
    def _known(self) -> dict[tuple[tuple[Unit, ...], Held], CascadeCost | None]:
        return {}


def _sum(one: Cost, other: Cost) -> Cost:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]

"""Other ways to run a cascade: walked otherwise, split in two, joined with the next group, its result kept or
not; and for squeeze-excite in two passes, its expanded map stored or kept, or its run of units split.

An alternative puts other chains of units in the place of some groups, or keeps other maps. All groups around
which other maps are then held are fitted anew, so that what a way costs elsewhere is counted in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from scanfuse.mapping.cascade import Cascade, CascadeCost, Held
from scanfuse.mapping.errors import MappingError
from scanfuse.mapping.estimate import Target
from scanfuse.mapping.fusion import FusedBlock
from scanfuse.mapping.mapping import Group, Mapping, check_kept, held_by_group
from scanfuse.mapping.tiling import LayerTiling
from scanfuse.mapping.units import Gate, Unit, UnitShape, chains, gates, units
from scanfuse.mapping.walks import Walks
from scanfuse.mapping.ways import Figures, Way
from scanfuse.network import Network

Chain = tuple[Unit, ...]


@dataclass(frozen=True)
class Run:
    """Squeeze-excite in two passes: groups [first, stop), of which the last runs `chain` to its end, and the
    others what pools and makes the factors before."""

    first: int
    stop: int
    chain: Chain


@dataclass(frozen=True)
class Alternatives:
    """Finds other ways for the cascades of a mapping."""

    mapping: Mapping
    target: Target

    @property
    def network(self) -> Network:
        return self.mapping.network

    @property
    def cascades(self) -> bool:
        """Whether there are any: mappings of simpler schedules have none, and are not held against them."""
        return any(isinstance(group, Cascade) for group in self.mapping.groups)

    @cached_property
    def _fitted(self) -> dict[tuple[Chain, Held], CascadeCost | None]:
        return {}

    @cached_property
    def _gates(self) -> dict[Unit, Gate]:
        """Gates by the unit that scales."""
        return {gate.scaling: gate for gate in gates(self.network) if gate is not None}

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """The runs of groups in which squeeze-excite is computed twice."""
        found = []
        for number, group in enumerate(self.mapping.groups):
            chain = _chain(group)
            mine = [self._gates[unit] for unit in chain if unit in self._gates]
            if mine and chain[-1].pool is None:
                pooling = {gate.pooling for gate in mine}
                first = min(at for at, other in enumerate(self.mapping.groups) if pooling & {*_chain(other)})
                found.append(Run(first, number + 1, chain))
        return tuple(found)

    def walks(self, number: int) -> Iterator[Way]:
        """The units of one cascade walked otherwise, all else as it is."""
        group, held = self.mapping.groups[number], self.mapping.held[self.mapping.groups[number]]
        if isinstance(group, Cascade):
            for name, cost in Walks(self.network, group.units, held, self.target).others(group):
                if cost.cascade != group:
                    yield self._as_way(name, number, number + 1, [cost], {}, self.mapping.kept)

    def splits(self, number: int) -> Iterator[Way]:
        """One cascade as two groups, the map between stored or kept."""
        group = self.mapping.groups[number]
        chain = _chain(group)
        if not isinstance(group, Cascade) or self._in_run(number):
            return
        for at in range(1, len(chain)):
            yield from self._cut(f"split after {self._name(chain[at - 1])}", number, number + 1,
                                 [[chain[:at]], [chain[at:]]])  # fmt: skip

    def joined(self, number: int) -> Way | None:
        """One group and the next as one cascade."""
        if number + 1 == len(self.mapping.groups):
            return None
        several = [self._as_chain(self.mapping.groups[at]) for at in (number, number + 1)]
        if not all(several) or self._in_run(number) or self._in_run(number + 1):
            return None
        chain = (*several[0], *several[1])
        made, read = (UnitShape(self.network, unit) for unit in (several[0][-1], several[1][0]))
        if made.output.name != read.ifmap.name or not chains(self.network, chain):
            return None
        kept = tuple(name for name in self.mapping.kept if name != made.output.name)
        return self._way("joined with the next", number, number + 2, [chain], kept, number + 1)

    def result_otherwise(self, number: int) -> Way | None:
        """The result of one group stored where it is kept, or kept where it is stored."""
        chain = self._as_chain(self.mapping.groups[number])
        if not chain or (self._in_run(number) and not self._ends_run(number)):
            return None
        name, kept = UnitShape(self.network, chain[-1]).output.name, self.mapping.kept
        if name in kept:
            rest = tuple(each for each in kept if each != name)
            return self._way("result stored", number, number + 1, [chain], rest)
        return self._way("result kept", number, number + 1, [chain], (*kept, name))

    def of_run(self, run: Run) -> Iterator[Way]:
        """A run of squeeze-excite in two passes otherwise: an expanded map whole, or the run split."""
        for at, unit in enumerate(run.chain):
            gate = self._gates.get(unit)
            if gate is not None:
                yield from self._whole_map(run, at, gate)
        for at in range(1, len(run.chain)):
            parts = [self._in_turn(run.chain[:at]), self._in_turn(run.chain[at:])]
            name = f"split after {self._name(run.chain[at - 1])}"
            yield from self._cut(name, run.first, run.stop, parts)

    def _whole_map(self, run: Run, at: int, gate: Gate) -> Iterator[Way]:
        """One of its expanded maps computed once, stored or kept, then pooled, then scaled."""
        pooling, scaling = gate.pooling, gate.scaling
        maker = replace(pooling, pool=None)
        rest = Unit(middle=scaling.gate, last=scaling.last, add=scaling.add)
        before = self._in_turn((*run.chain[:at], maker))
        after: list[Chain] = [(Unit(middle=pooling.pool),), *((unit,) for unit in gate.factors)]
        after += self._in_turn((rest, *run.chain[at + 1 :]))
        yield from self._cut(f"{self._name(maker)} once", run.first, run.stop, [before, after])

    def _in_turn(self, chain: Chain) -> list[Chain]:
        """A chain after the passes that its gates need."""
        found: list[Chain] = []
        for at, unit in enumerate(chain):
            if unit in self._gates:
                gate = self._gates[unit]
                found += [(*chain[:at], gate.pooling), *((each,) for each in gate.factors)]
        return [*found, chain]

    def _cut(self, name: str, first: int, stop: int, parts: Sequence[Sequence[Chain]]) -> Iterator[Way]:
        """Two parts, each of chains one after the other, with the map between stored, and kept."""
        several = [chain for part in parts for chain in part]
        made = UnitShape(self.network, parts[0][-1][-1]).output.name
        vectors = [UnitShape(self.network, chain[-1]).output for chain in several[:-1]]
        kept = {*self.mapping.kept, *(each.name for each in vectors if each.shape[1:] == (1, 1))} - {made}
        for how, maps in (("stored", kept), ("kept", kept | {made})):
            way = self._way(f"{name}, {how}", first, stop, several, self._in_order(maps))
            if way is not None:
                yield way

    def _in_order(self, names: Iterable[str]) -> tuple[str, ...]:
        wanted = set(names)
        return tuple(layer.output.name for layer in self.network.layers if layer.output.name in wanted)

    def _name(self, unit: Unit) -> str:
        return UnitShape(self.network, unit).output.name

    def _in_run(self, number: int) -> bool:
        return any(run.first <= number < run.stop for run in self.runs)

    def _ends_run(self, number: int) -> bool:
        return any(number + 1 == run.stop for run in self.runs)

    def _way(
        self,
        name: str,
        first: int,
        stop: int,
        several: Sequence[Chain],
        kept: tuple[str, ...],
        explained: int | None = None,
    ) -> Way | None:
        """What it comes to when chains run instead of groups [first, stop), with these maps kept, or None
        where that cannot be."""
        drafts: list[Group] = [
            *self.mapping.groups[:first],
            *(_draft(chain) for chain in several),
            *self.mapping.groups[stop:],
        ]
        after = first + len(several)
        if not self._closed(several):
            return None
        for at, group in enumerate(drafts):
            if self._touches(group, kept) and not isinstance(group, Cascade):
                chain = self._as_chain(group)
                if not chain:
                    return None
                drafts[at] = _draft(chain)
        try:
            check_kept(self.network, tuple(drafts), kept)
            held = held_by_group(self.network, tuple(drafts), frozenset(kept))
        except MappingError:
            return None
        fitted = [self._fit(_chain(group), held[group]) for group in drafts[first:after]]
        elsewhere: dict[int, CascadeCost | None] = {}
        for at, group in enumerate(drafts):
            number = at if at < first else at - len(several) + stop - first
            if first <= at < after or not isinstance(group, Cascade):
                continue
            old = self.mapping.groups[number]
            if group != old or held[group] != self.mapping.held[old]:
                elsewhere[number] = self._fit(group.units, held[group])
        if any(cost is None for cost in (*fitted, *elsewhere.values())):
            return None
        over = [
            int(self.mapping.cost(group).live_entries) + held[group].over_entries
            for group in drafts
            if not isinstance(group, Cascade)
        ]
        found = [cost for cost in fitted if cost is not None]
        changed = {number: cost for number, cost in elsewhere.items() if cost is not None}
        return self._as_way(name, first, explained or stop, found, changed, kept, stop, max(over, default=0))

    def _as_way(
        self,
        name: str,
        first: int,
        explained: int,
        found: Sequence[CascadeCost],
        elsewhere: dict[int, CascadeCost],
        kept: tuple[str, ...],
        stop: int | None = None,
        over_entries: int = 0,
    ) -> Way:
        """Groups [first, explained) are what is explained, [first, stop) what is replaced."""
        stop = stop or explained
        new = self._figures([*found, *elsewhere.values()])
        mine = self._figures(found)
        gone = [self.mapping.cost(self.mapping.groups[at]) for at in (*range(explained, stop), *elsewhere)]
        old = self._figures(gone)
        return Way(
            name,
            tuple(cost.cascade for cost in found),
            new.entries - old.entries,
            new.extra_macs - old.extra_macs,
            new.live_entries,
            new.bursts - old.bursts,
            new.cost - old.cost,
            max(max(new.live_entries, over_entries) - self.target.buffer_entries, 0),
            tuple(range(first, stop)),
            kept,
            tuple((number, cost.cascade) for number, cost in elsewhere.items()),
            new.entries - old.entries - mine.entries,
            self.target.goal is not None,
        )

    def _figures(self, costs: Sequence[object]) -> Figures:
        live = [int(cost.live_entries) for cost in costs]  # type: ignore[attr-defined]
        return Figures.of(costs, live, self.mapping.layout, self.target)

    def _fit(self, chain: Chain, held: Held) -> CascadeCost | None:
        if (chain, held) not in self._fitted:
            self._fitted[chain, held] = Walks(self.network, chain, held, self.target).best()
        return self._fitted[chain, held]

    def _touches(self, group: Group, kept: Iterable[str]) -> bool:
        """Whether a group makes or reads a map that is to be kept."""
        layers = [self.network.layers[index] for index in group.layers]
        names = {layer.output.name for layer in layers}
        names |= {source for layer in layers for t in layer.inputs for source in self.network.sources(t.name)}
        return bool(names & set(kept))

    def _closed(self, several: Sequence[Chain]) -> bool:
        """Whether what is made inside a chain is read by those alone that make it too."""
        layers = self.network.layers
        every = [{index for unit in chain for index in unit.layers} for chain in several]
        for chain, mine in zip(several, every, strict=True):
            last = UnitShape(self.network, chain[-1]).output.name
            for index in mine:
                made = layers[index].output
                if made.name == last:
                    continue
                readers = {layers.index(layer) for layer in self.network.consumers(made)}
                others = [each for each in every if each & readers]
                if self.network.leaves(made) or not readers <= set().union(*others, mine):
                    return False
                if any(index not in each for each in others):
                    return False
        return True

    def _as_chain(self, group: Group) -> Chain:
        """The units that would run the layers of a group as a cascade; none where none can."""
        if isinstance(group, Cascade):
            return group.units
        if isinstance(group, LayerTiling | FusedBlock):
            for each in (unit for starting in units(self.network) for unit in starting):
                if tuple(sorted(each.layers)) == tuple(sorted(group.layers)):
                    return (each,)
        return ()


def _chain(group: Group) -> Chain:
    return group.units if isinstance(group, Cascade) else ()


def _draft(chain: Chain) -> Cascade:
    """A cascade to be fitted once it is known what is held around it."""
    return Cascade(chain, (1,) * len(chain), (0,) * len(chain))

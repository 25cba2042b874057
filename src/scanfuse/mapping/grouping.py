"""The best grouping of a network: which stages run as one group, and which maps stay in the buffer between
groups. Dynamic programming over the boundaries between stages; a state is the set of maps kept there.

Squeeze-excite needs a whole map before one entry of it can be scaled. Beside keeping or storing that map, a
run of stages may be computed once up to the sums of the map's planes, and again, scaled, to its end: then
the map is never whole anywhere. Such a run is one option, of several groups.

The cost is (entries moved, MACs computed again, steps). What a state still needs at least (its remaining
weights, the maps that are not kept, the network's output) prunes all that cannot beat what is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

from scanfuse.mapping.cascade import CascadeCost, Held
from scanfuse.mapping.estimate import Target
from scanfuse.mapping.fit import fit_cascade, key
from scanfuse.mapping.held import held_around
from scanfuse.mapping.mapping import Group
from scanfuse.mapping.stages import Stage, stages, stored_tensor
from scanfuse.mapping.units import (
    Gate,
    Unit,
    branches,
    chains,
    gates,
    least_plane,
    least_read,
    unit_shape,
    units,
)
from scanfuse.network import Network, Tensor

Kept = frozenset[str]
Chain = tuple[Unit, ...]
Chains = tuple[Chain, ...]
Cost = tuple[float, int, int]  # entries or the goal's score, MACs computed again, steps
# (first stage, stages, entries of the buffer) -> a group from DRAM to DRAM and its cost
Alone = Callable[[int, int, int], tuple[Group, Cost] | None]

FREE: Cost = (0, 0, 0)
WHOLE = 1 << 30  # links of a chain: as many as pay


@dataclass(frozen=True)
class Option:
    """Groups that run the stages up to `stop`, and the maps kept after them; `between` them others are."""

    stop: int
    kept: Kept
    groups: tuple[Group, ...]
    cost: Cost
    between: Kept = frozenset()


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
    def starting(self) -> Chains:
        return units(self.network)

    @cached_property
    def branches(self) -> Chains:
        return branches(self.network)

    @cached_property
    def gates(self) -> tuple[Gate | None, ...]:
        return gates(self.network)

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
        """Per map that is written, the last stage that reads any entry of it."""
        return {
            name: number
            for number, names in enumerate(self.reads)
            for read in names
            for name in self.network.sources(read)
        }

    @cached_property
    def made_at(self) -> dict[str, int]:
        return {tensor.name: number for number, tensor in enumerate(self.outputs)}

    @cached_property
    def sizes(self) -> dict[str, int]:
        return {name: tensor.entries for name, tensor in self.network.maps.items()}

    @cached_property
    def weights_from(self) -> list[int]:
        """Per boundary, the weights of all stages after it."""
        found = [0]
        for stage in self.parts[::-1]:
            found.append(found[-1] + self.network.layers[stage.layer].weight_entries)
        return found[::-1]

    @cached_property
    def output_from(self) -> list[int]:
        """Per boundary, the entries of the network's outputs that stages after it make."""
        found, place = [0], self.network.place
        for made in self.outputs[::-1]:
            channels = sum(place(output).common(place(made)) for output in self.network.outputs)
            found.append(found[-1] + channels * made.height * made.width)
        return found[::-1]

    @cached_property
    def least_read(self) -> dict[str, list[tuple[int, int]]]:
        """Per map, (stage, entries that it must read) for each stage that reads it, whatever it runs with."""
        found: dict[str, list[tuple[int, int]]] = {}
        for number, stage in enumerate(self.parts):
            layer, made = self.network.layers[stage.layer], self._least_made[number]
            for name in self.reads[number]:
                added = self.outputs[number].channels * made[0] * made[1]
                entries = least_read(layer, made) if name == layer.ifmap.name else added
                if layer.kind == "scale" and name != layer.ifmap.name:
                    entries = layer.C
                found.setdefault(name, []).append((number, min(entries, self.sizes[name])))
        return found

    @cached_property
    def _least_made(self) -> list[tuple[int, int]]:
        """Per stage, the rows and columns of its result that must be made for the stages after it."""
        found: list[tuple[int, int]] = []
        needed: dict[str, tuple[int, int]] = {}
        for number in reversed(range(len(self.parts))):
            made, layer = self.outputs[number], self.network.layers[self.parts[number].layer]
            whole = (made.height, made.width)
            plane = whole if self.network.leaves(made) else needed.get(made.name, whole)
            found.append(plane)
            for read in self.reads[number]:
                under = least_plane(layer, plane) if read == layer.ifmap.name else plane
                if layer.kind == "linear":  # which may flatten
                    under = self.network.maps[read].shape[1:]
                elif layer.kind == "scale" and read != layer.ifmap.name:
                    under = (1, 1)
                for name in self.network.sources(read):
                    needed[name] = max(needed.get(name, (0, 0)), under, key=prod)
        return found[::-1]

    @cached_property
    def _spared_from(self) -> list[int]:
        """Per boundary, the MACs of results of stages after it that need not be made; 0 or less."""
        found = [0]
        for stage, (rows, columns) in zip(self.parts[::-1], self._least_made[::-1], strict=True):
            layer = self.network.layers[stage.layer]
            pixels = layer.P * layer.Q
            found.append(found[-1] + (rows * columns - pixels) * (layer.macs // pixels))
        return found[::-1]

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
            self._must_read(name, boundary) for name in self.least_read if self._in_dram(name, boundary, kept)
        )
        return crossing + self.weights_from[boundary] + self.output_from[boundary]

    def _in_dram(self, name: str, boundary: int, kept: Kept) -> bool:
        """Whether a map, or a part of it and so all of it, is in DRAM at a boundary."""
        return any(made < boundary and source not in kept for source, made in self._sources[name])

    @cached_property
    def _sources(self) -> dict[str, tuple[tuple[str, int], ...]]:
        """Per map that is read, the maps written into it, and the stages that make them (-1: the input)."""
        return {
            name: tuple((source, self.made_at.get(source, -1)) for source in self.network.sources(name))
            for name in self.least_read
        }

    def _too_much(self, cost: Cost, boundary: int, kept: Kept, least: Cost) -> bool:
        return (
            cost[0] + self.least_rest(boundary, kept),
            cost[1] + self._spared_from[boundary],
            cost[2],
        ) > least

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
        names = {name for option in chosen for name in option.kept | option.between}
        ordered = tuple(tensor.name for tensor in self.outputs if tensor.name in names)
        groups = tuple(group for option in chosen[::-1] for group in option.groups)
        return Grouping(groups, ordered, cost)

    def _greedy_bound(self) -> Cost:
        """What a grouping that is easy to find costs: from the front, the longest unit that fits, its result
        kept where it fits. Nothing worse need be looked at."""
        boundary, kept, total, worst = 0, Kept(), FREE, (1 << 62, 0, 0)
        while boundary < len(self.parts):
            options = list(self._unit_options(boundary, kept, FREE, worst))
            options += list(self._gated_options(boundary, kept, FREE, worst, 1))
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
        links = WHOLE if self.depth_first else self._shallow_links(boundary)
        yield from self._unit_options(boundary, kept, cost, least)
        yield from self._gated_options(boundary, kept, cost, least, links)
        yield from self._cascade_options(boundary, kept, cost, least, links)
        yield from self._alone_options(boundary, kept, cost, least)

    def _shallow_links(self, boundary: int) -> int:
        """Links of a chain where not any may be depth-first: the stem alone goes with what follows it."""
        return 1 if boundary else 2

    def _unit_options(self, boundary: int, kept: Kept, cost: Cost, least: Cost) -> Iterator[Option]:
        for unit in self.starting[boundary]:
            yield from self._with((unit,), boundary, kept, cost, least)

    def _cascade_options(
        self, boundary: int, kept: Kept, cost: Cost, least: Cost, links: int
    ) -> Iterator[Option]:
        """Longer and longer chains of links, until one does not fit or pay."""
        for first in self._links(boundary):
            chain, stop = first, boundary + self._lengths(first)
            more = links - 1 if self.depth_first or self._is_stem(first) else 0
            if len(chain) > 1 and chains(self.network, chain):
                yield from self._with(chain, boundary, kept, cost, least)
            while more and stop < len(self.parts) and self._links(stop):
                link = self._links(stop)[0]
                previous = unit_shape(self.network, chain[-1]).output
                if unit_shape(self.network, link[0]).ifmap.name != previous.name:
                    break
                chain, stop, more = (*chain, *link), stop + self._lengths(link), more - 1
                if not chains(self.network, chain) or not self._pays(chain, len(link)):
                    break
                yield from self._with(chain, boundary, kept, cost, least)

    def _is_stem(self, link: Chain) -> bool:
        """Whether a link is one convolution, perhaps with a pool: no block of its own."""
        shape = unit_shape(self.network, link[0])
        return len(link) == 1 and (shape.middle is None or shape.middle.kind == "pool") and shape.last is None

    def _links(self, boundary: int) -> Chains:
        """What a chain may go on with: a block with a projected shortcut, or one unit."""
        branch = self.branches[boundary]
        return (*((branch,) if branch else ()), *((unit,) for unit in self.starting[boundary]))

    def _pays(self, chain: Chain, last_units: int) -> bool:
        """Whether the chain moves less than without its last link, which then runs alone, all from DRAM to
        DRAM."""
        parts = (chain, chain[:-last_units], chain[-last_units:])
        whole, before, last = (self._fit(each, Held(), moving_least=True) for each in parts)
        if whole is None:
            return False
        if before is None or last is None:
            return True
        return bool(whole.traffic.total < before.traffic.total + last.traffic.total)

    def _lengths(self, chain: Chain) -> int:
        return sum(self._length(unit) for unit in chain)

    @staticmethod
    def _length(unit: Unit) -> int:
        return len(unit.layers) - (unit.add is not None)

    def _with(self, chain: Chain, boundary: int, kept: Kept, cost: Cost, least: Cost) -> Iterator[Option]:
        """The chain with its result kept and not kept, where nothing made inside is read elsewhere."""
        stop = boundary + self._lengths(chain)
        for after in self._afterwards(boundary, stop, kept, cost, least):
            held = self._held(boundary, stop, kept, after)
            found = None if held is None else self._fit(chain, held)
            if found is not None:
                yield Option(stop, after, (found.cascade,), key(found, self.target))

    def _afterwards(self, boundary: int, stop: int, kept: Kept, cost: Cost, least: Cost) -> Iterator[Kept]:
        """What may be kept after stages that run as one, where nothing made inside is read elsewhere."""
        if not self._closed(boundary, stop):
            return
        output = self.outputs[stop - 1].name
        rest = frozenset(name for name in kept if self.last_read[name] >= stop)
        for after in (rest | {output}, rest) if output in self._keepable else (rest,):
            if not self._hopeless(boundary, stop, kept, after, cost, least):
                yield after

    def _gated_options(
        self, boundary: int, kept: Kept, cost: Cost, least: Cost, links: int
    ) -> Iterator[Option]:
        """Chains of up to so many links with squeeze-excite among them, until one does not fit or pay."""
        passes: Chains = ()
        chain: Chain = ()
        stop, moved = boundary, 0
        while stop < len(self.parts) and links:
            gate, plain = self.gates[stop], self.starting[stop]
            if gate is None and not plain:
                return
            link, length = (plain[0], self._length(plain[0])) if gate is None else (gate.scaling, gate.stages)
            shape = unit_shape(self.network, link)
            if chain and shape.ifmap.name != unit_shape(self.network, chain[-1]).output.name:
                return
            alone = self._moved(_passes((), gate), (link,))
            passes, chain, stop, links = (
                passes + _passes(chain, gate),
                (*chain, link),
                stop + length,
                links - 1,
            )
            if not chains(self.network, chain):
                return
            whole = self._moved(passes, chain)
            if whole is None or (alone is not None and len(chain) > 1 and whole >= moved + alone):
                return
            moved = whole
            if passes:
                yield from self._run_again(passes, chain, boundary, stop, kept, cost, least)

    def _moved(self, passes: Chains, chain: Chain) -> int | None:
        """Entries moved by all passes and the last one, from DRAM to DRAM."""
        found = self._fit_passes((*passes, chain), frozenset(), frozenset(), moving_least=True)
        return None if found is None else sum(int(each.traffic.total) for each in found)

    def _run_again(
        self, passes: Chains, chain: Chain, boundary: int, stop: int, kept: Kept,
        cost: Cost, least: Cost,
    ) -> Iterator[Option]:  # fmt: skip
        for after in self._afterwards(boundary, stop, kept, cost, least):
            found = self._fit_passes((*passes, chain), kept, after)
            if found is not None:
                total = FREE
                for each in found:
                    total = _sum(total, key(each, self.target))
                between = frozenset(each.output.name for each in found[:-1])
                yield Option(stop, after, tuple(each.cascade for each in found), total, between)

    def _fit_passes(
        self, several: Chains, before: Kept, after: Kept, *, moving_least: bool = False
    ) -> list[CascadeCost] | None:
        """All of the chains, run one after the other; what each but the last makes is kept for those that
        read it."""
        found = []
        computed: set[int] = set()
        reads = [self._read_by(chain) for chain in several]
        for number, chain in enumerate(several):
            output = unit_shape(self.network, chain[-1]).output.name
            later = {
                source
                for names in reads[number + 1 :]
                for name in names
                for source in self.network.sources(name)
            }
            leaving = after if not later else frozenset(n for n in before | {output} if n in after | later)
            held = held_around(self.network, reads[number], [output], before, leaving)
            layers = {index for unit in chain for index in unit.layers}
            cost = None
            if held is not None:
                seen = replace(held, again=frozenset(computed & layers))
                cost = self._fit(chain, seen, moving_least=moving_least)
            if cost is None:
                return None
            found.append(cost)
            computed |= layers
            before = leaving
        return found

    def _read_by(self, chain: Chain) -> set[str]:
        """Names of the maps that units read from outside themselves."""
        layers = [self.network.layers[index] for unit in chain for index in unit.layers]
        made = {layer.output.name for layer in layers}
        return {tensor.name for layer in layers for tensor in layer.inputs} - made

    @cached_property
    def _keepable(self) -> frozenset[str]:
        """The maps that may be kept: made by a stage, read later, never in part, and no output."""
        network, read = self.network, self.least_read
        partly = {
            source for name in read for source in network.sources(name) if not network.holds(name, [source])
        }
        return frozenset(
            made.name
            for made in self.outputs
            if made.name in self.last_read and made.name not in partly and not network.leaves(made)
        )

    def _closed(self, start: int, stop: int) -> bool:
        """Whether nothing that is made inside is needed outside."""
        inside = self.outputs[start : stop - 1]
        return all(
            self.last_read.get(made.name, -1) < stop and not self.network.leaves(made) for made in inside
        )

    def _held(self, start: int, stop: int, before: Kept, after: Kept) -> Held | None:
        reads = frozenset().union(*self.reads[start:stop])
        return held_around(self.network, reads, [self.outputs[stop - 1].name], before, after)

    def _hopeless(self, start: int, stop: int, before: Kept, after: Kept, cost: Cost, least: Cost) -> bool:
        """Whether the group cannot be part of anything as good as what is known."""
        read = frozenset().union(*self.reads[start:stop])
        outside = [name for name in read if self._in_dram(name, start, before)]
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
            read = (self.network.sources(name) for name in frozenset().union(*self.reads[boundary:stop]))
            if kept & frozenset().union(*read):
                continue
            rest = frozenset(name for name in kept if self.last_read[name] >= stop)
            if self._hopeless(boundary, stop, kept, rest, cost, least):
                continue
            found = self.alone(
                boundary, length, self.target.buffer_entries - sum(self.sizes[n] for n in kept)
            )
            if found is not None:
                group, moved = found
                yield Option(stop, rest, (group,), moved)

    def _fit(self, chain: Chain, held: Held, *, moving_least: bool = False) -> CascadeCost | None:
        """The best walk of a chain, for the goal or for the least traffic."""
        target = replace(self.target, goal=None) if moving_least else self.target
        known = chain, held, target.goal is None
        if known not in self._known:
            self._known[known] = fit_cascade(self.network, chain, held, target)
        return self._known[known]

    @cached_property
    def _known(self) -> dict[tuple[Chain, Held, bool], CascadeCost | None]:
        return {}


def _passes(chain: Chain, gate: Gate | None) -> Chains:
    """What runs after a chain, before a gate's own scaling: once more up to the sums, then their factors."""
    return () if gate is None else ((*chain, gate.pooling), *((unit,) for unit in gate.factors))


def _sum(one: Cost, other: Cost) -> Cost:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]

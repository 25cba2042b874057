"""The tiles of layers that run alone and the layouts of all maps, chosen together.

Which tiles take the fewest bursts depends on how the maps lie that a layer reads and makes, and a map lies in
one way for all that touch it. A layer chooses among the tiles that would be best if all maps lay as `nhwc`,
as `nchw`, or in blocks of channels; which of them, and how each map lies, is found exactly by dynamic
programming over the groups: its state is the layouts of the maps that later groups still touch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from scanfuse.mapping.cascade import CascadeCost
from scanfuse.mapping.estimate import Target, latency_slots, operand_bursts, tiling_cycles
from scanfuse.mapping.forecast import forecast_phases
from scanfuse.mapping.fusion import FusedCost
from scanfuse.mapping.layouts import GroupLayouts, Placed, block_of
from scanfuse.mapping.mapping import Group, Mapping
from scanfuse.mapping.nest import even_cut
from scanfuse.mapping.room import share_that_fits, tile_loads
from scanfuse.mapping.searches import Searches
from scanfuse.mapping.stages import Stage
from scanfuse.mapping.tiling import LayerTiling, TilingCost
from scanfuse.mapping.traffic import Scan
from scanfuse.mapping.work import phases

BLOCKS = (16, 8)  # channels that lie together: the first of which a map has whole ones
PLAIN = ("nhwc", "nchw")
Ends = tuple[str | None, str | None, str | None]  # maps that a group reads, makes, adds; None on the chip
State = tuple[tuple[str, str], ...]


def choose_together(mapping: Mapping, scans: tuple[Scan, ...], target: Target, searches: Searches) -> Mapping:
    """The mapping with other tiles, that move no more, and a layout for each map; what they cost by the
    target's goal, or in bursts and time, is the least.

    scans: those that tiles may be walked in; none where the mapping's tiles are to stay.
    """
    return LayoutChoice(mapping, scans, target, searches).best()


@dataclass(frozen=True)
class Step:
    """The last of a chain of choices: a group, the layouts first chosen with it, and the steps before."""

    cost: float
    group: Group | None = None
    layouts: tuple[tuple[str, str], ...] = ()
    before: Step | None = None


@dataclass(frozen=True)
class LayoutChoice:
    """See `choose_together`."""

    mapping: Mapping
    scans: tuple[Scan, ...]
    target: Target
    searches: Searches
    _known: dict[object, Any] = field(default_factory=dict)

    def best(self) -> Mapping:
        states: dict[State, Step] = {(): Step(0.0)}
        for number in range(len(self.mapping.groups)):
            states = self._after(number, states)
        step: Step | None = min(states.values(), key=lambda one: one.cost)
        groups, layouts = [], []
        while step is not None and step.group is not None:
            groups.append(step.group)
            layouts += [Placed(name, layout) for name, layout in step.layouts]
            step = step.before
        others = tuple(placed for placed in reversed(layouts) if placed.layout != self.mapping.layout)
        return replace(self.mapping, groups=tuple(reversed(groups)), layouts=others)

    def _after(self, number: int, states: dict[State, Step]) -> dict[State, Step]:
        """The states after a group, each with the cheapest way to it."""
        ends, found = self.ends[number], dict[State, Step]()
        mine = list(dict.fromkeys(end for end in ends if end is not None))
        for state, step in states.items():
            known = dict(state)
            free = [name for name in mine if name not in known]
            for chosen in product(*(self.options[name] for name in free)):
                layouts = known | dict(zip(free, chosen, strict=True))
                usual = self.mapping.layout
                three = (usual if end is None else layouts[end] for end in ends)
                cheapest = self._cheapest(number, GroupLayouts(*three))
                if cheapest is None:
                    continue
                cost, group = step.cost + cheapest[0], cheapest[1]
                later = tuple(sorted(each for each in layouts.items() if self.last[each[0]] > number))
                if later not in found or cost < found[later].cost:
                    found[later] = Step(cost, group, tuple(zip(free, chosen, strict=True)), step)
        return found

    @cached_property
    def ends(self) -> list[Ends]:
        """Per group, the stores that it reads, makes and adds."""
        kept = set(self.mapping.kept)
        return [
            tuple(None if name in kept else name for name in self.mapping.ends_of(group))  # type: ignore[misc]
            for group in self.mapping.groups
        ]

    @cached_property
    def last(self) -> dict[str, int]:
        """Per store, the last group that touches it."""
        return {end: number for number, ends in enumerate(self.ends) for end in ends if end is not None}

    @cached_property
    def options(self) -> dict[str, tuple[str, ...]]:
        """Per store, the layouts to choose from: the mapping's own first."""
        network, usual = self.mapping.network, self.mapping.layout
        flattened = {
            network.place(layer.ifmap).store.name for layer in network.layers if layer.kind == "linear"
        }
        found = {}
        for place in network.places.values():
            store = place.store
            layouts = [usual, *(layout for layout in PLAIN if layout != usual)]
            blocks = [block for block in BLOCKS if store.channels % block == 0 and block < store.channels]
            if blocks and store.name not in flattened:
                layouts.append(f"nchw{blocks[0]}")
            found[store.name] = tuple(layouts) if store.height * store.width > 1 else (usual,)
        return found

    def _cheapest(self, number: int, layouts: GroupLayouts) -> tuple[float, Group] | None:
        """What a group costs when its maps lie so, and how it is cut then; None where it cuts a block."""
        if (number, layouts) not in self._known:
            costs = ((judge.cost(layouts), judge.group) for judge in self._judges(number))
            judged = ((cost, group) for cost, group in costs if cost is not None)
            self._known[number, layouts] = min(judged, key=lambda one: one[0], default=None)
        found: tuple[float, Group] | None = self._known[number, layouts]
        return found

    def _judges(self, number: int) -> list[Judge]:
        if number not in self._known:
            group = self.mapping.groups[number]
            entries = self.target.buffer_entries - self.mapping.held[group].over_entries
            room = replace(self.target, buffer_entries=entries)
            self._known[number] = [Judge(self.mapping, each, room) for each in self._cuts(group, room)]
        found: list[Judge] = self._known[number]
        return found

    def _cuts(self, group: Group, room: Target) -> Iterator[Group]:
        """Ways to cut a group: its own, and for a layer alone those that are best for each layout."""
        yield group
        if not isinstance(group, LayerTiling) or group.rolling or not self.scans:
            return
        moved, seen = int(self.mapping.traffic(group).total), {group}
        stage = Stage(group.layer, group.add)
        for layout in (*PLAIN, *(f"nchw{block}" for block in BLOCKS)):
            found = self.searches.in_blocks(self.mapping.network, stage, self.scans, layout, room)
            if found is None or (self.target.goal is None and found.traffic > moved):
                continue
            assert isinstance(found.choice, LayerTiling)
            if found.choice not in seen:
                seen.add(found.choice)
                yield found.choice


@dataclass(frozen=True)
class Judge:
    """What one way to cut a group costs, by the layouts of its maps."""

    mapping: Mapping
    group: Group
    target: Target

    def cost(self, layouts: GroupLayouts) -> float | None:
        """By the goal, or for a layer alone in bursts and time, for others in bursts; None where it cuts a
        block of channels."""
        if not self._in_blocks(layouts):
            return None
        goal = self.target.goal
        if goal is not None:
            work = phases(self.form, layouts, self.target)
            return float(goal.score(forecast_phases(work, self.target, goal.memory)))
        if isinstance(self.form, TilingCost):
            ways = (self._operands(layout) for layout in (layouts.read, layouts.made, layouts.added))
            read, made, added = ways
            bursts = float(read.ifmap + made.result + added.residual + made.weight)
            cycles, ahead = self._time
            slots = latency_slots(bursts, cycles, self.form.steps, ahead, self.target)
            return bursts + float(slots) + self.form.steps
        return float(sum(phase.bursts for phase in phases(self.form, layouts, self.target)))

    @cached_property
    def form(self) -> Any:
        """The closed forms of the group."""
        return self.mapping.cost(self.group)

    @cached_property
    def _tiles(self) -> dict[str, Any]:
        tiling = self.form.tiling
        sizes = {"p": tiling.tile_p, "q": tiling.tile_q, "n": tiling.tile_n, "k": tiling.tile_k}
        return {axis: np.asarray(size) for axis, size in sizes.items()}

    @cached_property
    def _by_layout(self) -> dict[str, Any]:
        return {}

    def _operands(self, layout: str) -> Any:
        if layout not in self._by_layout:
            nest, tiling = self.form.nest, self.form.tiling
            sizes = {"p": tiling.tile_p, "q": tiling.tile_q}
            spans = tuple(nest.span_cuts(axis, sizes[axis])[0].largest for axis in "pq")
            self._by_layout[layout] = operand_bursts(
                nest, self._tiles, spans, self.form.traffic, layout, self.target
            )
        return self._by_layout[layout]

    @cached_property
    def _time(self) -> tuple[Any, bool]:
        """Array cycles, and whether loads run ahead."""
        nest, tiling = self.form.nest, self.form.tiling
        cuts = {axis: nest.span_cuts(axis, int(self._tiles[axis]))[1] for axis in "pq"}
        cuts |= {axis: even_cut(nest.extent[axis], int(self._tiles[axis])) for axis in "nk"}
        axes = {axis: (np.asarray(cut.trips), cut.first, cut.last) for axis, cut in cuts.items()}
        room = self.target.capacity - self.form.live_entries
        ahead = bool(share_that_fits(tile_loads(self.form, axes), room) >= 1)
        return tiling_cycles(nest, axes, self.target.array), ahead and not tiling.residual_step

    def _in_blocks(self, layouts: GroupLayouts) -> bool:
        read, made, added = (block_of(layout) for layout in (layouts.read, layouts.made, layouts.added))
        if max(read, made, added) < 2:
            return True
        of_input, of_result = self._cuts
        return (
            all(edge % max(read, 1) == 0 for edge in of_input)
            and all(edge % max(made, 1) == 0 and edge % max(added, 1) == 0 for edge in of_result)
        )  # fmt: skip

    @cached_property
    def _cuts(self) -> tuple[list[int], list[int]]:
        """Where its transfers cut the channels of its input and of its result, in the stores of those."""
        form, network = self.form, self.mapping.network
        layers = [network.layers[index] for index in self.group.layers]
        places = [network.place(tensor) for tensor in (layers[0].ifmap, layers[-1].output)]
        if isinstance(form, TilingCost):
            nest, tiling = form.nest, form.tiling
            ins, outs = nest.coefficient["A"], nest.coefficient["C"]
            size = tiling.tile_n * ins if nest.channelwise else tiling.tile_k
            spans = [range(0, layers[0].C, size), range(0, layers[0].K, tiling.tile_n * outs)]
        elif isinstance(form, FusedCost):
            starts = [start for start, _ in form.chunks] if form.fused.input_by_chunk else [0]
            spans = [starts, [0]]  # type: ignore[list-item]
        elif isinstance(form, CascadeCost):
            chunks = [start for start, _ in form.chunk_spans[-1]]
            parts = [start for start, _ in form.part_spans] if form.cascade.parts > 1 else [0]
            by_chunk = not form.shapes[-1].sums and not form.pools
            spans = [chunks if form.by_chunk else [0], chunks if by_chunk else parts]  # type: ignore[list-item]
        else:
            raise TypeError(f"no kind of group with layouts to choose: {self.group!r}")
        cut = [
            [*(place.first + start for start in starts), place.first, place.stop]
            for place, starts in zip(places, spans, strict=True)
        ]
        return cut[0], cut[1]

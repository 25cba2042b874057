"""Mappings among which an objective is to choose: what a schedule's search finds for it and for less traffic,
with more or less of the buffer left for loads ahead, and what the schedules below it find, which it may
always run instead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from scanfuse.hardware import Accelerator
from scanfuse.mapping.errors import MappingError
from scanfuse.mapping.estimate import Target
from scanfuse.mapping.forecast import Forecast, forecast
from scanfuse.mapping.mapping import Mapping
from scanfuse.mapping.memory_costs import MemoryCosts
from scanfuse.mapping.objective import Goal, figure, goal_of
from scanfuse.mapping.schedules import (
    GROUPED,
    SCHEDULES,
    Progress,
    check_schedule,
    lay_out_together,
    search_mapping,
)
from scanfuse.mapping.searches import Searches
from scanfuse.network import Network, layer_by_layer_entries

LAYER_BY_LAYER = ("fixed", "raster", "scan")
RESERVES = (0.0, 0.1, 0.2)  # tried for latency and edp, unless the hardware says a share
GROUPED_RESERVES = (0.0, 0.1)  # their searches are long, and they leave room group by group anyway
DOUBT = 1.3  # an estimate so many times the best cannot be of the best: twice its error at the worst
WITH_RESERVE = ("latency", "edp")


@dataclass(frozen=True)
class Candidate:
    """A mapping, its estimate, and the figure of that which the objective makes least."""

    mapping: Mapping
    forecast: Forecast
    figure: float


@dataclass(frozen=True)
class Choice:
    """What is to be chosen: an objective for a network on hardware, by a memory's prices."""

    network: Network
    accelerator: Accelerator
    objective: str
    memory: MemoryCosts
    burst_ps: int
    searches: Searches = field(default_factory=Searches)

    def candidates(self, schedule: str, progress: Progress | None = None) -> list[Candidate]:
        """Of a schedule and those below it, best estimate first. Raises MappingError."""
        check_schedule(schedule)
        names = list(SCHEDULES)
        below = names[: names.index(schedule)]
        found: dict[object, Candidate] = {}
        for name in [schedule, *below[::-1]]:
            best = min((one.figure for one in found.values()), default=None)
            if best is not None and name in LAYER_BY_LAYER and self._cannot_win(best):
                break
            try:
                for searched in self._of(name, progress):
                    mapping = replace(searched, schedule=schedule)
                    found.setdefault(
                        (mapping.groups, mapping.layout, mapping.kept, mapping.layouts), self.judge(mapping)
                    )
            except MappingError:
                if name == schedule:
                    raise
        return sorted(found.values(), key=lambda one: one.figure)

    def judge(self, mapping: Mapping) -> Candidate:
        known = forecast(mapping, self._target(0.0), self.memory)
        return Candidate(mapping, known, figure(self.objective, known))

    def _cannot_win(self, best: float) -> bool:
        """Whether no mapping that runs layer by layer comes to less than `best`."""
        buffer, memory = self.accelerator.buffer, self.memory
        bursts = layer_by_layer_entries(self.network) * buffer.entry_bytes / memory.burst_bytes
        time_ps = bursts * memory.least_ps
        energy_nj = float(Goal(memory, per_nj=1.0).least(bursts, 0.0))
        figures = {"bursts": bursts, "energy": energy_nj, "latency": time_ps, "edp": energy_nj * time_ps}
        return figures[self.objective] > best * DOUBT

    def _target(self, reserve: float) -> Target:
        buffer = replace(self.accelerator.buffer, reserve=reserve)
        hardware = replace(self.accelerator, buffer=buffer)
        return Target.of(hardware, self.memory.burst_bytes, self.burst_ps)

    def _of(self, schedule: str, progress: Progress | None) -> Iterator[Mapping]:
        """What a schedule's searches find: for less traffic, then for the objective."""
        mine = self.accelerator.buffer.reserve
        shares: tuple[float, ...] = (mine,)
        if self.objective in WITH_RESERVE and not mine:
            shares = GROUPED_RESERVES if schedule in GROUPED else RESERVES
        first = self._search(schedule, self._target(mine), progress)
        yield from self._with_layouts(first, self._target(mine))
        if schedule == "fixed" or self.accelerator.buffer.policy == "lru":
            return
        near = forecast(first, self._target(0.0), self.memory)
        goal = goal_of(self.objective, self.memory, near)
        for share in shares:
            target = replace(self._target(share), goal=goal)
            try:
                found = self._search(schedule, target, progress)
            except MappingError:
                if share == mine:
                    raise
                continue
            yield from self._with_layouts(found, target)

    def _with_layouts(self, mapping: Mapping, target: Target) -> Iterator[Mapping]:
        """All maps laid out alike, and each as suits it."""
        yield mapping
        yield lay_out_together(mapping, self.accelerator, target, self.searches)

    def _search(self, schedule: str, target: Target, progress: Progress | None) -> Mapping:
        return search_mapping(self.network, schedule, self.accelerator, target, self.searches, progress)

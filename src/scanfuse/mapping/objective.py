"""What a search makes least: entries moved, or a weighted sum of what a forecast tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scanfuse.mapping.errors import MappingError
from scanfuse.mapping.layouts import NHWC, GroupLayouts
from scanfuse.mapping.memory_costs import MemoryCosts

if TYPE_CHECKING:
    from scanfuse.mapping.forecast import Forecast

OBJECTIVES: dict[str, str] = {
    "traffic": "entries moved between DRAM and the buffer",
    "bursts": "DRAM bursts, partly used ones included",
    "energy": "energy of the DRAM: bursts, activations, refresh and background",
    "latency": "time from the first request to the last",
    "edp": "energy of the DRAM times latency",
}


@dataclass(frozen=True)
class Goal:
    """A weighted sum of a forecast's figures, for maps that lie as `layouts` say in a memory.

    With the weights 1 / nJ and 1 / ps of some mapping, a sum that falls is a product that falls: so the
    energy-delay product, which does not add up over groups, is searched for group by group.
    """

    memory: MemoryCosts
    per_burst: float = 0.0
    per_nj: float = 0.0
    per_ps: float = 0.0
    layouts: GroupLayouts = NHWC

    def score(self, found: Forecast) -> Any:
        return self.per_burst * found.bursts + self.per_nj * found.dram_nj + self.per_ps * found.time_ps

    def least(self, bursts: Any, compute_ps: Any) -> Any:
        """What so many bursts and so much computing score at the very least."""
        memory = self.memory
        time = np.maximum(bursts * memory.least_ps, compute_ps)
        standing = time * (memory.idle_mw + memory.refresh_mw) * 1e-6
        return (
            self.per_burst * bursts + self.per_nj * (bursts * memory.least_nj + standing) + self.per_ps * time
        )


def goal_of(objective: str, memory: MemoryCosts, near: Forecast | None = None) -> Goal:
    """The sum that stands for an objective other than traffic; near: for `edp`, a forecast in whose
    neighbourhood the sum falls as the product does."""
    if objective == "bursts":
        # Of equal bursts the ones that take less energy: weights so small that they decide nothing else.
        return Goal(memory, per_burst=1.0, per_nj=1e-9)
    if objective == "energy":
        return Goal(memory, per_nj=1.0)
    if objective == "latency":
        return Goal(memory, per_ps=1.0, per_nj=1e-6)
    assert near is not None
    return Goal(memory, per_nj=1.0 / float(near.dram_nj), per_ps=1.0 / float(near.time_ps))


def figure(objective: str, found: Forecast) -> float:
    """The figure of a forecast that an objective makes least."""
    figures = {
        "bursts": found.bursts,
        "energy": found.dram_nj,
        "latency": found.time_ps,
        "edp": found.dram_nj * found.time_ps,
    }
    return float(figures[objective])


def check_objective(name: str) -> None:
    """Raise MappingError for a name that is no objective."""
    if name not in OBJECTIVES:
        raise MappingError(f"unknown objective {name!r}; the objectives are {', '.join(OBJECTIVES)}")

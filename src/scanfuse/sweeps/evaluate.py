"""One point run: the same call in this process, in one of a pool, and on a cluster."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import scanfuse
from scanfuse.dram.backend import check_backend
from scanfuse.hardware import Accelerator, Buffer, Layout
from scanfuse.mapping import Mapping
from scanfuse.program import Program
from scanfuse.results.run import map_network, prove, run_program
from scanfuse.results.table import TOTAL_COLUMNS
from scanfuse.sweeps.points import Ready, error_text

FIGURES = ("entries", "extra_macs", *TOTAL_COLUMNS)
PROGRAMS = 4  # kept by each process: a family has few


@dataclass(frozen=True)
class Outcome:
    """The figures of a point under `FIGURES`, or why there are none."""

    figures: dict[str, Any] | None
    error: str | None = None


class OtherVersion(RuntimeError):
    """A worker that has another version of scanfuse than who asks it."""


def evaluate(point: Ready, version: str) -> Outcome:
    """Run a point. What goes wrong in it is its outcome; raises OtherVersion alone."""
    if version != scanfuse.__version__:
        raise OtherVersion(f"a worker has scanfuse {scanfuse.__version__}, and here is {version}")
    try:
        return Outcome(_figures(point))
    except Exception as error:
        return Outcome(None, error_text(error))


def _figures(point: Ready) -> dict[str, Any]:
    accelerator, config = point.accelerator, point.config
    check_backend(accelerator.dram.backend, config)
    mapping = map_network(point.network, point.schedule, accelerator, config, objective=point.objective)
    program = proved(mapping, accelerator.buffer, accelerator.layout)
    done = run_program(program, accelerator, config)
    return {"entries": done.entries, "extra_macs": done.extra_macs, **done.total}


@lru_cache(maxsize=PROGRAMS)
def proved(mapping: Mapping, buffer: Buffer, layout: Layout) -> Program:
    """A program and its proof, for which no more of the hardware matters: the points of a family share it."""
    return prove(mapping, replace(Accelerator(), buffer=buffer, layout=layout))

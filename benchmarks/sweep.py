"""What a point of a sweep costs: points per minute, CPU seconds each, and which phase takes them.

Run with `python benchmarks/sweep.py [SPEC.toml] [--jobs N]`. The first lines stand beside the goal: 1,000
points of MobileNet V2 in at most 15 minutes on 2 cores, which is 1.8 s of CPU a point. Every search is made
anew, in a cache folder of its own. The phases are those of one family of points of each schedule, run in
this process with nothing kept either: `search` finds mappings, or takes them from disk where another point
has found them; `prove` unrolls and checks programs, or remembers them; `simulate` is never shared.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import scanfuse.sweeps.evaluate as evaluation
from scanfuse.sweeps import load_spec
from scanfuse.sweeps.points import in_order, make_ready

SPEC = Path(__file__).parents[1] / "examples" / "sweeps" / "accelerators.toml"
PHASES = {"search": "map_network", "prove": "proved", "simulate": "run_program"}


def whole_command(spec: Path, jobs: int) -> None:
    count = len(load_spec(spec).points)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "scanfuse", "sweep", str(spec), "--jobs", str(jobs), "--out", folder]
        start_s = time.monotonic()
        subprocess.run(
            command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "XDG_CACHE_HOME": folder}
        )
        wall_s = time.monotonic() - start_s
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = used.ru_utime + used.ru_stime
    print(
        f"{count} points, {jobs} processes: {wall_s:.0f} s, {60 * count / wall_s:.0f} points a minute; "
        f"{cpu_s / count:.2f} s of CPU a point; {used.ru_maxrss / 1024:.0f} MiB at the peak of a process"
    )


def by_phase(spec: Path) -> None:
    spent_s: dict[str, float] = defaultdict(float)
    start_s = time.process_time()
    ordered = in_order(make_ready(load_spec(spec)))
    spent_s["ready"] = time.process_time() - start_s
    families = {point.schedule: point.family for point in ordered}  # the last of each schedule
    points = [point for point in ordered if point.family in families.values()]
    spent_s["ready"] *= len(points) / len(ordered)
    for phase, name in PHASES.items():
        setattr(evaluation, name, timed(getattr(evaluation, name), phase, spent_s))
    start_s = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        for point in points:
            evaluation.evaluate(point, evaluation.scanfuse.__version__)
    total_s = time.process_time() - start_s + spent_s["ready"]
    spent_s["rest"] = total_s - sum(spent_s.values())
    print(f"{len(points)} points of {len(families)} families: {total_s / len(points):.2f} s of CPU a point")
    for phase, seconds in spent_s.items():
        print(f"  {phase:8} {seconds / len(points):6.3f} s  {100 * seconds / total_s:3.0f} %")


def timed(function: Callable[..., Any], phase: str, spent_s: dict[str, float]) -> Callable[..., Any]:
    def measured(*args: Any, **options: Any) -> Any:
        start_s = time.process_time()
        try:
            return function(*args, **options)
        finally:
            spent_s[phase] += time.process_time() - start_s

    return measured


if __name__ == "__main__":
    reader = argparse.ArgumentParser()
    reader.add_argument("spec", type=Path, nargs="?", default=SPEC)
    reader.add_argument("--jobs", type=int, default=2)
    reader.add_argument("--phases", action="store_true", help="the phases alone")
    asked = reader.parse_args()
    if not asked.phases:
        whole_command(asked.spec, asked.jobs)
    by_phase(asked.spec)

"""Runs many points on all cores, and keeps what came out on disk by the content of what made it.

A point's file is named by a hash of the point and of every source file and data file of the rooms that a run
goes through, the compiled engine included: whatever changes a figure makes a new file.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from experiments.point import Figures, Point, measure
from scanfuse.results.files import write_whole

ROOMS = ("network", "hardware", "mapping", "program", "dram", "simulate", "results")
HERE = Path(__file__).parent


@cache
def sources_digest() -> str:
    """A hash of all that decides a figure beside the point itself."""
    found = find_spec("scanfuse")
    engine = find_spec("scanfuse.dram._engine")
    assert found is not None and found.origin is not None and engine is not None and engine.origin is not None
    package = Path(found.origin).parent
    files = [path for room in ROOMS for path in (package / room).rglob("*") if path.is_file()]
    files = [path for path in files if path.suffix != ".pyc"]
    digest = hashlib.sha256()
    for path in sorted([*files, HERE / "point.py", Path(engine.origin)]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def file_of(point: Point, folder: Path) -> Path:
    text = json.dumps(asdict(point), sort_keys=True) + sources_digest()
    return folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"


def measure_all(points: Iterable[Point], folder: Path, jobs: int) -> dict[Point, Figures]:
    """The figures of every point, from disk where they are there; a bar on stderr shows how far it is."""
    from tqdm import tqdm

    folder.mkdir(parents=True, exist_ok=True)
    every = list(dict.fromkeys(points))
    missing = [point for point in every if not file_of(point, folder).exists()]
    if missing:
        with ProcessPoolExecutor(jobs) as pool:
            running = {pool.submit(measure, point): point for point in missing}
            bar = tqdm(
                as_completed(running), "points", len(running), file=sys.stderr, leave=False, disable=None
            )
            try:
                for done in bar:
                    text = json.dumps(asdict(done.result()))
                    write_whole(file_of(running[done], folder), text)
            except Exception as error:
                raise RuntimeError(f"{running[done]}: {error}") from error
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
    return {point: read(file_of(point, folder)) for point in every}


def read(path: Path) -> Figures:
    return Figures(**json.loads(path.read_text(encoding="utf-8")))

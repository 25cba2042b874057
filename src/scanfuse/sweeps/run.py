"""A sweep from its file to its table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanfuse.dram import DramConfig
from scanfuse.results.files import check_writable_folder
from scanfuse.results.run import Progress, quiet
from scanfuse.sweeps.errors import SweepError
from scanfuse.sweeps.evaluate import Outcome
from scanfuse.sweeps.kept import read_figures, write_figures
from scanfuse.sweeps.points import Ready, check_values, in_order, make_ready, of_shard
from scanfuse.sweeps.pools import Workers, cores, outcomes
from scanfuse.sweeps.spec import Spec, load_spec
from scanfuse.sweeps.table import table_of, write_table

if TYPE_CHECKING:
    import pandas as pd

WHOLE = (1, 1)


@dataclass(frozen=True)
class Done:
    """A finished sweep. kept: how many of its points were there before; configs: the memories in it."""

    table: pd.DataFrame
    kept: int
    configs: tuple[DramConfig, ...]


def sweep(
    spec: str | Path | Mapping[str, Any],
    out: str | Path | None = None,
    *,
    jobs: int | None = None,
    cluster: str | None = None,
    shard: tuple[int, int] = WHOLE,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Run every point of a sweep and return a table, a row per point (see `scanfuse.sweeps.table`).

    The figures are the same to the bit whoever makes them.

    Args:
        spec: a TOML file, or a table as it would stand in one (docs/sweeps.md).
        out: a folder that keeps each point as soon as it is finished, so that the next call carries on from
            there, and the table as `results.csv` and `results.parquet`; None keeps nothing.
        jobs: processes on this machine; None for as many as it has cores. With more than one, a script must
            guard its own code with `if __name__ == "__main__":`.
        cluster: the address of a Dask scheduler, to run there instead (extra `cluster`).
        shard: `(i, n)` runs the i-th of n parts.
        progress: what shows how far it is; None for nothing.

    Returns:
        The table, a DataFrame: a row per point with its parameters, the figures of its whole run under the
        names of `layers.csv`, and `error`, the reason of a point that failed.

    Raises:
        SweepError: a key or a value that cannot be: names file, key, what was found and what is allowed.
        OSError: a file or folder that cannot be read or written.

    Example:
        >>> grid = {"network": "mobilenet_v2", "resolution": 32, "buffer": [8192, 16384]}
        >>> table = scanfuse.sweep({"grid": grid}, jobs=1)
        >>> table["buffer.entries"].tolist(), table["entries"].tolist()
        ([8192, 16384], [3518696, 3518696])
    """
    return run_sweep(load_spec(spec), out, jobs, cluster, shard, progress).table


def run_sweep(
    spec: Spec,
    out: str | Path | None,
    jobs: int | None,
    cluster: str | None,
    shard: tuple[int, int],
    progress: Progress | None,
) -> Done:
    """Like `sweep`, of what has been read. Raises SweepError, OSError."""
    check_shard(shard)
    if jobs is not None and jobs < 1:
        raise SweepError(f"jobs: must be 1 or more, got {jobs}")
    folder = None if out is None else Path(out)
    if folder is not None:
        check_writable_folder(folder)
    check_values(spec)
    points = make_ready(spec)
    mine = of_shard(in_order(point for point in points if isinstance(point, Ready)), shard)
    figures = {} if folder is None else kept_figures(folder, mine)
    kept = sum(point.key in figures for point in mine)
    missing = {point.key: point for point in reversed(mine) if point.key not in figures}
    waiting = [point for point in mine if missing.get(point.key) is point]  # of equal ones the first
    found = {key: Outcome(known) for key, known in figures.items()}
    with (progress or quiet)("sweep", len(waiting)) as advance:
        for point, outcome in outcomes(waiting, Workers(jobs or cores(), cluster)):
            if folder is not None and outcome.figures is not None:
                write_figures(folder, point.key, outcome.figures)
            found[point.key] = outcome
            advance()
    by_index = {point.index: found[point.key] for point in mine}
    if shard[0] == 1:  # who tells of points that cannot be made ready
        by_index |= {p.index: Outcome(None, p.error) for p in points if not isinstance(p, Ready)}
    table = table_of([point for point in points if point.index in by_index], spec.points, by_index)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        write_table(folder, table, shard)
    return Done(table, kept, tuple(dict.fromkeys(point.config for point in mine)))


def check_shard(shard: tuple[int, int]) -> None:
    """Raise SweepError for a shard that cannot be."""
    number, count = shard
    if not 1 <= number <= count:
        raise SweepError(f"shard {number}/{count}: give i/n with i from 1 to n, such as 1/4")


def kept_figures(folder: Path, points: list[Ready]) -> dict[str, dict[str, Any]]:
    """By key, the figures of points that a folder keeps. Raises OSError."""
    found = {}
    for key in {point.key for point in points}:
        figures = read_figures(folder, key)
        if figures is not None:
            found[key] = figures
    return found

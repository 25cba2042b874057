"""The table of a sweep: a row per point, its parameters, its figures under the names of `layers.csv`, its
error.

Parameters are those that a sweep usually varies, and all others that this one sets, as they came out: clocks
in Hz, paths whole. Counts are whole numbers (`Int64`), missing where a point failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanfuse.hardware import Accelerator
from scanfuse.results.files import write_whole
from scanfuse.sweeps.evaluate import FIGURES, Outcome
from scanfuse.sweeps.points import DEFAULTS, Ready, Unready
from scanfuse.sweeps.spec import RUN_KEYS, Settings

if TYPE_CHECKING:
    import pandas as pd

RUN_COLUMNS = ("network", "resolution", "width", "schedule", "objective", "hardware")
HARDWARE_COLUMNS = (
    "pe_array.rows", "pe_array.columns", "pe_array.clock_hz", "buffer.entries", "buffer.entry_bits",
    "dram.part", "layout.order",
)  # fmt: skip
TEXTS = {"bound"}  # figures that are no numbers
FLOATS = ("_nj", "_us", "_s", "_rate", "_utilization", "_mb", "_byte")  # how names of such figures end
ERROR = "error"


def table_of(
    points: Sequence[Ready | Unready], settings: Sequence[Settings], outcomes: Mapping[int, Outcome]
) -> pd.DataFrame:
    """A row per point: in the order of `points`, the settings by index as they were asked for."""
    import pandas as pd

    extra = _extra_columns(settings)
    columns = ["point", *RUN_COLUMNS, *HARDWARE_COLUMNS, *extra]
    rows = []
    for point in points:
        asked: dict[str, Any] = {**DEFAULTS, **dict(settings[point.index])}
        hardware = point.accelerator if isinstance(point, Ready) else None
        row = {name: asked.get(name) for name in columns}
        row |= {"point": point.index}
        row |= {name: _value(hardware, name, asked) for name in (*HARDWARE_COLUMNS, *extra)}
        outcome = outcomes[point.index]
        rows.append({**row, **(outcome.figures or dict.fromkeys(FIGURES)), ERROR: outcome.error})
    table = pd.DataFrame(rows, columns=[*columns, *FIGURES, ERROR])
    return table.astype(_types(table))


def _extra_columns(settings: Iterable[Settings]) -> list[str]:
    """Other keys that some point sets, in the order in which they are met."""
    usual = {*RUN_COLUMNS, *HARDWARE_COLUMNS}
    return list(dict.fromkeys(key for each in settings for key, _ in each if key not in usual))


def _value(hardware: Accelerator | None, key: str, asked: dict[str, Any]) -> Any:
    section, _, name = key.partition(".")
    if hardware is None or key in RUN_KEYS or key.startswith("dram.overrides."):
        return asked.get(key)
    return getattr(getattr(hardware, section), name)


def _types(table: pd.DataFrame) -> dict[str, str]:
    """Types that do not depend on which points failed."""
    types = {"resolution": "Int64", "width": "float64", ERROR: "string"}
    for name in FIGURES:
        types[name] = "string" if name in TEXTS else "float64" if name.endswith(FLOATS) else "Int64"
    for name in table.columns:
        if name not in types:
            kinds = {type(value) for value in table[name] if value is not None}
            whole = {int: "Int64", bool: "boolean", float: "float64"}
            types[name] = whole.get(kinds.pop(), "string") if len(kinds) == 1 else "string"
    return types


def write_table(out: Path, table: pd.DataFrame, shard: tuple[int, int]) -> list[Path]:
    """Write `results.csv` and `results.parquet`, of a shard with its number in the name. Raises OSError."""
    number, count = shard
    stem = "results" if count == 1 else f"results-{number}-of-{count}"
    csv, parquet = out / f"{stem}.csv", out / f"{stem}.parquet"
    write_whole(csv, table.to_csv(index=False, lineterminator="\n"))
    write_whole(parquet, table.to_parquet(index=False))
    return [csv, parquet]

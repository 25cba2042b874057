"""Which format a trace has: told by name, or by the name of the file."""

from pathlib import Path

from scanfuse.dram import trace_text
from scanfuse.dram.errors import TraceError, did_you_mean
from scanfuse.dram.trace_csv import CSV
from scanfuse.dram.trace_files import unpacked_name
from scanfuse.dram.trace_formats import Format
from scanfuse.dram.trace_npz import NPZ
from scanfuse.dram.trace_parquet import PARQUET

FORMATS = {
    each.name: each
    for each in (
        NPZ,
        PARQUET,
        CSV,
        trace_text.MASE,
        trace_text.K6,
        trace_text.MISC,
        trace_text.DRAMSIM3,
        trace_text.RAMULATOR,
        trace_text.RAMULATOR_CPU,
        trace_text.RAMULATOR2_LOADSTORE,
        trace_text.RAMULATOR2_READWRITE,
    )
}


def trace_formats() -> list[str]:
    """Names of the trace formats."""
    return list(FORMATS)


def format_of(path: Path, name: str | None) -> Format:
    """The format of that name, else the one that the file's name tells. Raises TraceError."""
    if name is not None:
        if name not in FORMATS:
            hint = did_you_mean(name, FORMATS)
            raise TraceError(f"{name}: no trace format{hint}; the formats are {', '.join(FORMATS)}")
        return FORMATS[name]
    plain = unpacked_name(path)
    by_suffix = FORMATS.get(plain.suffix.lower().removeprefix("."))
    found = by_suffix or FORMATS.get(plain.name.split("_", 1)[0])
    if found is None:
        raise TraceError(
            f"{path}: cannot tell the kind of trace: expected a suffix .npz, .parquet, .csv, a name that "
            "begins or ends with a format (mase_NAME, NAME.dramsim3), or the format itself: "
            f"{', '.join(FORMATS)}"
        )
    return found

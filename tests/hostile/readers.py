"""The readers of files as tests and fuzzers see them: any bytes are read, or refused in words.

`targets()` names what there is to read, `samples` gives whole files of it, `read` reads one file and checks
what comes of it.
"""

import time

import numpy as np

from scanfuse.dram import (
    DramConfig,
    DramConfigError,
    TraceError,
    read_trace,
    trace_formats,
    write_trace,
)
from scanfuse.dram.parts import default_system_path, part_path

PART = "DDR3_micron_32M_8B_x8_sg15"
CFG = DramConfig.from_ini(PART, capacity_mib=4096)
PACKINGS = ("", ".gz", ".zst")
MOST_SECONDS = 5.0


def targets():
    """`ini`, and each trace format as it is and packed: `csv`, `csv.gz`, `csv.zst`, ..."""
    return ["ini", *(name + packing for name in trace_formats() for packing in PACKINGS)]


def samples(target, folder):
    """Whole files of a kind, as bytes."""
    if target == "ini":
        device, system = part_path(PART).read_bytes(), default_system_path().read_bytes()
        return [device + system, device, system, device.replace(b"=", b" = ").replace(b"\n", b"\r\n")]
    name, packing = _split(target)
    found = []
    path = folder / f"sample{packing}"
    for size in (0, 3, 40):
        numbers = np.arange(size)
        metadata = {"requests": size, "network": "none"}
        write_trace(
            path,
            numbers * 3,
            numbers * 64,
            numbers % 2 == 1,
            cfg=CFG,
            total_ticks=900,
            metadata=metadata,
            format=name,
        )
        found.append(path.read_bytes())
    return found


def read(target, data, folder, skip_bad=False):
    """Reads `data` as a file of that kind; its trace or configuration, or None if it was refused.

    Whatever is not a reading or the error that the reader promises comes through.
    """
    begun = time.monotonic()
    found = _read_ini(data, folder) if target == "ini" else _read_trace(target, data, folder, skip_bad)
    seconds = time.monotonic() - begun
    assert seconds < MOST_SECONDS, f"{seconds:.1f} s for {len(data)} bytes"
    return found


def _read_ini(data, folder):
    path = folder / "own.ini"
    path.write_bytes(data)
    try:
        cfg = DramConfig.from_ini(path)
    except DramConfigError as error:
        assert str(path) in str(error) or "capacity_mib" in str(error)
        return None
    assert DramConfig.from_dict(cfg.to_dict()) == cfg
    return cfg


def _read_trace(target, data, folder, skip_bad):
    name, packing = _split(target)
    path = folder / f"own{packing}"
    path.write_bytes(data)
    try:
        trace = read_trace(path, name, skip_bad=skip_bad, cfg=CFG)
    except TraceError as error:
        assert str(path) in str(error)
        return None
    assert len(trace.cycles) == len(trace.addresses) == len(trace.is_write)
    assert trace.idle is None or len(trace.idle) == len(trace)
    assert not len(trace) or trace.cycles.min() >= 0
    for what in ("config", "total_ticks"):
        try:
            getattr(trace, what)
        except TraceError as error:
            assert "metadata of the trace" in str(error)
    return trace


def _split(target):
    name, dot, packing = target.partition(".")
    return name, dot + packing

"""Cycle-exact DDR2/DDR3 memory: what a stream of requests costs in ticks and energy.

========================  =====================================================================
`DramConfig`              a memory system: device and system settings, checked, frozen
`parts`                   the names of the devices that come with scanfuse
`replay`                  feed a recorded stream, get completions, commands, energy, counters
`ReplayStream`            the same, chunk by chunk: streams of any length in constant memory
`DramSystem`              drive a memory request by request, advancing as far as you like
`RequestPort`             submit whole transfers; for simulations that run beside the memory
`read_trace, write_trace` request streams on disk, in our own formats and those of other simulators
`read_trace_chunks`       the same, a piece at a time
`trace_formats`           the names of these formats
========================  =====================================================================

The model is DRAMSim2's, quirks included. Time is in ticks (DRAM clock cycles), counted from 0.
"""

from scanfuse.dram.build import build
from scanfuse.dram.config import DramConfig
from scanfuse.dram.errors import (
    BusCollision,
    DramConfigError,
    DramConfigWarning,
    DramSim2Error,
    NoProgress,
    TraceError,
)
from scanfuse.dram.parts import parts
from scanfuse.dram.port import RequestPort
from scanfuse.dram.replay import Replay, replay
from scanfuse.dram.replay_figures import ReplayFigures
from scanfuse.dram.replay_stream import ReplayStream, ServedChunk
from scanfuse.dram.system import DramSystem
from scanfuse.dram.trace import Trace, read_trace, read_trace_chunks, write_trace
from scanfuse.dram.trace_names import trace_formats

__all__ = [
    "BusCollision",
    "DramConfig",
    "DramConfigError",
    "DramConfigWarning",
    "DramSim2Error",
    "DramSystem",
    "NoProgress",
    "Replay",
    "ReplayFigures",
    "ReplayStream",
    "RequestPort",
    "ServedChunk",
    "Trace",
    "TraceError",
    "build",
    "parts",
    "read_trace",
    "read_trace_chunks",
    "replay",
    "trace_formats",
    "write_trace",
]

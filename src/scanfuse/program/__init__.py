"""A mapping unrolled into steps: loads, computes, stores. The one thing that timing, values and traces
share."""

from scanfuse.program.check import ProgramError, check
from scanfuse.program.layout import AddressLayout, Bursts, LayoutError
from scanfuse.program.map_layouts import fewest_bursts
from scanfuse.program.program import BOX, MOVES, OPS, Cause, Move, Program, Stored, View
from scanfuse.program.tensors import TensorTable
from scanfuse.program.unroll import unroll

__all__ = [
    "BOX",
    "MOVES",
    "OPS",
    "AddressLayout",
    "Bursts",
    "Cause",
    "LayoutError",
    "Move",
    "Program",
    "ProgramError",
    "Stored",
    "TensorTable",
    "View",
    "check",
    "fewest_bursts",
    "unroll",
]

"""Scanfuse: what a CNN costs in DRAM energy and time, and what a better schedule saves."""

__version__ = "0.1.0"

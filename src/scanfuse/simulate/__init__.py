"""The timing model: a program run on the accelerator, with the DRAM engine answering its requests."""

from scanfuse.simulate.simulation import DYNAMIC, STANDING, RequestLog, Simulation, simulate

__all__ = ["DYNAMIC", "STANDING", "RequestLog", "Simulation", "simulate"]

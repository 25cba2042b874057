"""Many runs: a sweep of points over networks, schedules and hardware, on the cores of a machine or a cluster.

`sweep(spec)` returns a table; `scanfuse sweep` is the same as a command. See docs/sweeps.md.
"""

from scanfuse.sweeps.errors import SweepError
from scanfuse.sweeps.pareto import (
    DIMENSIONS,
    PLOT_FORMATS,
    matplotlib_figure,
    pareto_front,
    plot_fronts,
    workload_name,
)
from scanfuse.sweeps.run import Done, run_sweep, sweep
from scanfuse.sweeps.spec import Spec, load_spec

__all__ = [
    "DIMENSIONS",
    "PLOT_FORMATS",
    "Done",
    "Spec",
    "SweepError",
    "load_spec",
    "matplotlib_figure",
    "pareto_front",
    "plot_fronts",
    "run_sweep",
    "sweep",
    "workload_name",
]

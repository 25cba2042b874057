"""Proves a program by values: runs its steps on integers and compares every output with the network itself.

`check` (in `program`) proves by presence and is quick; `execute` also sees wrong entries, wrong weights,
and partial sums that start or end at the wrong step.
"""

from scanfuse.execute.errors import ExecutionError
from scanfuse.execute.executor import Execution, execute
from scanfuse.execute.reference import evaluate
from scanfuse.execute.values import Values, requantise

__all__ = ["Execution", "ExecutionError", "Values", "evaluate", "execute", "requantise"]

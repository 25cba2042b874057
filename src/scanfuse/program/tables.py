"""Building the tables of a program, group by group."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field

import numpy as np

from scanfuse.program.program import BOX, MOVES, OPS, Cause, Move, View

Box = tuple[int, int, int, int, int, int]


@dataclass
class GroupTables:
    """The moves and ops of one group while it is unrolled; steps count from 0 within the group.

    Columns come in bulk (`add_moves`, `add_ops`) or a row at a time (`move`, `op`).
    """

    steps: int = 0
    _moves: list[np.ndarray] = field(default_factory=list)
    _ops: list[np.ndarray] = field(default_factory=list)
    _move_rows: list[tuple[int, ...]] = field(default_factory=list)
    _op_rows: list[tuple[int, ...]] = field(default_factory=list)

    def move(self, step: int, move: Move, cause: Cause, layer: int, tensor: int, box: Box) -> None:
        self._move_rows.append((step, move, cause, layer, tensor, View.MAP, *box))

    def op(
        self, step: int, layer: int, rows: tuple[int, int], columns: tuple[int, int], outs: tuple[int, int],
        ins: tuple[int, int], begin: bool, finish: bool,
    ) -> None:  # fmt: skip
        self._op_rows.append((step, layer, View.MAP, begin, finish, *outs, *rows, *columns, *ins))

    def add_moves(
        self, steps: np.ndarray, move: Move, cause: Cause, layer: int, tensor: int, view: View,
        box: Dictionary[str, np.ndarray],
    ) -> None:  # fmt: skip
        """Rows of one kind of move; `box` maps each edge to an array parallel to `steps`."""
        rows = np.zeros(len(steps), dtype=MOVES)
        rows["step"], rows["move"], rows["cause"] = steps, move, cause
        rows["layer"], rows["tensor"], rows["view"] = layer, tensor, view
        for edge in BOX:
            rows[edge] = box[edge]
        self._moves.append(rows)

    def add_ops(self, rows: np.ndarray) -> None:
        self._ops.append(rows)

    @property
    def moves(self) -> np.ndarray:
        """All moves in the order of execution."""
        rows = np.concatenate([*self._moves, np.array(self._move_rows, dtype=MOVES)])
        return rows[np.lexsort((np.arange(len(rows)), rows["move"], rows["step"]))]

    @property
    def ops(self) -> np.ndarray:
        rows = np.concatenate([*self._ops, np.array(self._op_rows, dtype=OPS)])
        return rows[np.argsort(rows["step"], kind="stable")]

"""The order in which the tiles of a loop nest are visited: raster or Scan."""

from __future__ import annotations

import numpy as np


def visit(trips: dict[str, int], order: str, scan: str) -> dict[str, np.ndarray]:
    """The tile index along each axis at every step.

    Raster runs every loop forwards. Scan turns the inner loop round each time it is entered again, full
    Scan the middle loop too.
    """
    a, b, c = (trips[axis] for axis in order)
    outer, middle, inner = (index.ravel() for index in np.indices((a, b, c)))
    entered = outer * b + middle  # how often the inner loop has been entered before
    if scan == "full":
        middle = np.where(outer % 2 == 1, b - 1 - middle, middle)
    if scan != "raster":
        inner = np.where(entered % 2 == 1, c - 1 - inner, inner)
    return dict(zip(order, (outer, middle, inner), strict=True))

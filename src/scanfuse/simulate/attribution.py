"""Who pays: exact shares of DRAM energy and time for every layer, as integers that add up to the engine's
own.

Burst and activation energy belong to the layer whose transfer caused the command. Refresh and background
energy and cycles belong to the group in whose window they fall (from the end of the group before to the end
of its own last computation; the last group's lasts to the end of the run), and within a fused group to its
layers in proportion to their computing time.
"""

from __future__ import annotations

from collections.abc import Sequence


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """`total` split in proportion to `weights` into integers that add up to it (largest remainders first).

    With weights that are all zero everything goes to the first.
    """
    whole = sum(weights)
    if whole == 0:
        return [total] + [0] * (len(weights) - 1)
    shares = [total * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in order[: total - sum(shares)]:
        shares[i] += 1
    return shares

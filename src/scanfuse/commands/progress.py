"""Progress bars on stderr: once a command has taken two seconds, and only where a person is watching."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

DELAY_S = 2.0
started_s = time.monotonic()  # of the command: many short stages together are long too


@contextmanager
def show_progress(what: str, parts: int) -> Iterator[Callable[[], None]]:
    """A bar that is told of each finished part; `parts` is 0 where their number is not known."""
    with _bar(what, parts or None) as bar:

        def advance() -> None:
            bar.update()

        yield advance


@contextmanager
def show_share(what: str) -> Iterator[Callable[[float], None]]:
    """A bar that is told how much has been done, from 0 to 1."""
    with _bar(what, 1.0, bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}") as bar:

        def reach(share: float) -> None:
            bar.update(share - bar.n)

        yield reach


def _bar(what: str, total: float | None, **layout: str) -> Any:
    from tqdm import tqdm

    return tqdm(
        desc=what,
        total=total,
        delay=max(0.0, DELAY_S - (time.monotonic() - started_s)),
        disable=None,  # where stderr is no terminal
        leave=False,
        smoothing=0,  # the time left by the mean of all parts so far
        file=sys.stderr,
        **layout,
    )

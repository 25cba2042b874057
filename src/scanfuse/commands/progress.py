"""Progress on stderr: a bar once a command has taken two seconds; in a log, where nobody is watching, a line
now and then from what takes long."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

DELAY_S = 2.0
LINE_S = 30.0  # between the lines in a log
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


class _Lines:
    """Stands where the bar does when stderr is no terminal."""

    def __init__(self, what: str, total: float | None) -> None:
        self.what, self.total, self.n = what, total, 0.0
        self._told_s = time.monotonic()

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def update(self, parts: float = 1) -> None:
        self.n += parts
        now_s = time.monotonic()
        if now_s - self._told_s >= LINE_S:
            self._told_s = now_s
            share = f"{self.n:,.0f} parts" if self.total is None else f"{self.n / self.total:.0%}"
            print(f"scanfuse: {self.what}: {share}", file=sys.stderr)


def _bar(what: str, total: float | None, **layout: str) -> Any:
    if not sys.stderr.isatty():
        return _Lines(what, total)
    from tqdm import tqdm

    return tqdm(
        desc=what,
        total=total,
        delay=max(0.0, DELAY_S - (time.monotonic() - started_s)),
        leave=False,
        smoothing=0,  # the time left by the mean of all parts so far
        file=sys.stderr,
        **layout,
    )

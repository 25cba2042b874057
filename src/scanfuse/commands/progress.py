"""Progress bars on stderr: once a command has taken two seconds, and only where a person is watching."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

DELAY_S = 2.0
started_s = time.monotonic()  # of the command: many short stages together are long too


@contextmanager
def show_progress(what: str, parts: int) -> Iterator[Callable[[], None]]:
    """A bar that is told of each finished part; `parts` is 0 where their number is not known."""
    from tqdm import tqdm

    bar = tqdm(
        desc=what,
        total=parts or None,
        delay=max(0.0, DELAY_S - (time.monotonic() - started_s)),
        disable=None,  # where stderr is no terminal
        leave=False,
        file=sys.stderr,
    )

    def advance() -> None:
        bar.update()

    with bar:
        yield advance

"""Progress bars on stderr: for what takes over two seconds, and only where a person is watching."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

DELAY_S = 2


@contextmanager
def show_progress(what: str, parts: int) -> Iterator[Callable[[], None]]:
    """A bar that is told of each finished part; `parts` is 0 where their number is not known."""
    from tqdm import tqdm

    with tqdm(
        desc=what, total=parts or None, delay=DELAY_S, disable=None, leave=False, file=sys.stderr
    ) as bar:
        yield lambda: bar.update() and None

"""The one error of this room, and its one warning."""

import difflib
from collections.abc import Iterable


class NetworkError(ValueError):
    """A network that cannot be: the text says where, what was given and what is allowed."""


class NetworkWarning(UserWarning):
    """A network that was read, but not as it stands in its file: the text says what is different."""


def did_you_mean(given: str, allowed: Iterable[str]) -> str:
    """A hint, with a space before it, when something allowed is close to what was given; else nothing."""
    close = difflib.get_close_matches(given, list(allowed), n=1)
    return f" (did you mean {close[0]}?)" if close else ""

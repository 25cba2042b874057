"""The one error of this room."""


class ExecutionError(ValueError):
    """A program that gives wrong values: names step, layer and entry, what was expected and found."""

"""The one error of this room."""


class SweepError(ValueError):
    """A sweep that cannot be carried out: the text says where, what was given and what is allowed."""

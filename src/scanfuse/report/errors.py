"""What a report cannot be made of."""


class ReportError(ValueError):
    """A report that cannot be made: the text says what was asked for and what there is."""

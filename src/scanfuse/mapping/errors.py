"""What mapping raises when a network cannot be run as asked."""


class MappingError(ValueError):
    """No tile fits the buffer, an unknown schedule, or a mapping that does not match its network."""

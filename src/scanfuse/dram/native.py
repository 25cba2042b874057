"""The compiled engine, or a word on how to get it."""

try:
    from scanfuse.dram import _engine as engine
except ImportError as error:  # pragma: no cover - needs a tree without the extension
    raise ImportError(
        "scanfuse.dram._engine, the compiled DRAM engine, cannot be loaded "
        f"({error}). Build it from the root of the project with: pip install -e . "
        "(needs a C++17 compiler; cmake and ninja are fetched when missing)"
    ) from error

__all__ = ["engine"]

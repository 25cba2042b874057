"""How the engine was compiled."""

from scanfuse.dram import _engine as engine


def build() -> str:
    """Compiler, its version, the kind of build, and where the compiled engine lies."""
    return f"{engine.compiler}, {engine.__file__}"

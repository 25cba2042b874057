"""How a group of a mapping is cut, in a few words: what its file says, but for what is usual."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from scanfuse.mapping import CachedTiling, Cascade, FusedBlock, LayerTiling, UnitShape
from scanfuse.network import Network


@singledispatch
def cut_text(group: Any, network: Network) -> str:
    """Short enough for a column of a table. Each kind of group registers its own."""
    raise TypeError(f"no kind of group: {group!r}")


@cut_text.register
def _(tiling: LayerTiling, network: Network) -> str:
    size = f"tile {tiling.tile_p}x{tiling.tile_q}x{tiling.tile_n}x{tiling.tile_k}"
    found = [size, f"{tiling.order} {tiling.scan}", *(["rolling"] if tiling.rolling else [])]
    return ", ".join(found + _number("residual", tiling.residual_step, 0))


@cut_text.register
def _(cached: CachedTiling, network: Network) -> str:
    return f"cached {cut_text(cached.tiling, network)}"


@cut_text.register
def _(fused: FusedBlock, network: Network) -> str:
    found = ["block", f"band {fused.band_rows}", f"step {fused.step_rows}", f"chunk {fused.chunk}"]
    found += _number("held", fused.held_chunks, 1)
    return ", ".join(found + (["input by chunk"] if fused.input_by_chunk else []))


@cut_text.register
def _(cascade: Cascade, network: Network) -> str:
    shapes = [UnitShape(network, unit) for unit in cascade.units]
    step = [] if cascade.step_rows >= max(s.walked.P for s in shapes) else [f"step {cascade.step_rows}"]
    chunks = _each(cascade.chunks)
    if cascade.walk == "chunks":
        return ", ".join([f"chunks {chunks}", *step, *_number("parts", cascade.parts, 1)])
    found = [f"rows {cascade.band_rows}", *step, f"chunks {chunks}"]
    if cascade.pinned == tuple(shape.channels for shape in shapes):
        found.append("pinned")
    elif any(cascade.pinned):
        found.append(f"pinned {_each(cascade.pinned)}")
    found += _number("stripes", cascade.stripes, 1)
    return ", ".join(found + (["input again"] if cascade.input_again else []))


def _each(numbers: tuple[int, ...]) -> str:
    """One number where all are the same."""
    return "/".join(map(str, numbers if len(set(numbers)) > 1 else numbers[:1]))


def _number(name: str, value: int, usual: int) -> list[str]:
    return [] if value == usual else [f"{name} {value}"]

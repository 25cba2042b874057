"""Tables as markdown, and blocks of a page that are written by a program."""

from __future__ import annotations

import re
from collections.abc import Sequence

BLOCK = re.compile(r"(<!-- begin (\S+) -->\n)(.*?)(<!-- end \2 -->)", re.DOTALL)


def table(head: Sequence[str], rows: Sequence[Sequence[object]], texts: int = 1) -> str:
    """A table whose first `texts` columns are texts and the others numbers; floats get one decimal."""
    lines = [row_text(head), "|" + "|".join(["---"] * texts + ["--:"] * (len(head) - texts)) + "|"]
    return "\n".join([*lines, *(row_text([cell_text(cell) for cell in row]) for row in rows)]) + "\n"


def row_text(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def cell_text(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:,.1f}".replace("-0.0", "0.0") if abs(cell) < 0.05 else f"{cell:,.1f}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def block_names(page: str) -> list[str]:
    return [found[2] for found in BLOCK.finditer(page)]


def fill(page: str, blocks: dict[str, str]) -> str:
    """The page with the content of the blocks named in `blocks` replaced by theirs."""
    return BLOCK.sub(
        lambda found: f"{found[1]}\n{blocks[found[2]]}\n{found[4]}" if found[2] in blocks else found[0], page
    )

"""Draws the pictures of docs/concepts.md, from mappings, programs and the DRAM engine.

python docs/concepts.py            # which are not what the code draws? exit 1 where there are any
python docs/concepts.py --write    # draw them anew

"""

from __future__ import annotations

import sys
from pathlib import Path

from drawings.blocks import fusion, kept, lines
from drawings.memory import rows
from drawings.tiles import halo, orders
from scanfuse.results.files import write_whole

FIGURES = Path(__file__).parent / "figures"
PICTURES = {"orders": orders, "halo": halo, "fusion": fusion, "lines": lines, "kept": kept, "rows": rows}


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--write"]):
        print("usage: python docs/concepts.py [--write]", file=sys.stderr)
        return 2
    stale = []
    for name, draw in PICTURES.items():
        path, text = FIGURES / f"{name}.svg", draw().text()
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale.append(path.name)
        if arguments:
            write_whole(path, text)
    for name in stale:
        print(f"{name}: {'drawn anew' if arguments else 'not what the code draws'}")
    return 1 if stale and not arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

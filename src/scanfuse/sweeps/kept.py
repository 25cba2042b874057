"""The figures of points on disk: a file each, in the folder `points`, named by the point's key.

Files appear whole, so a sweep that is killed loses the points that were running and no more, and many sweeps,
shards too, may fill one folder; files of one folder may be copied into another. A file that is damaged is as
good as none. Failures are not kept: they are tried again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scanfuse.results.files import write_whole
from scanfuse.sweeps.evaluate import FIGURES

FOLDER = "points"


def figures_text(figures: dict[str, Any]) -> str:
    """Figures as JSON: every float comes back to the last bit."""
    return json.dumps(figures, indent=0) + "\n"


def read_figures(out: Path, key: str) -> dict[str, Any] | None:
    """What is kept under a key, or None. Raises OSError where a file cannot be read."""
    try:
        found = json.loads(path_of(out, key).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return found if isinstance(found, dict) and tuple(found) == FIGURES else None


def write_figures(out: Path, key: str, figures: dict[str, Any]) -> None:
    """Keep figures under a key. Raises OSError."""
    path = path_of(out, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, figures_text(figures))


def path_of(out: Path, key: str) -> Path:
    return out / FOLDER / f"{key}.json"

"""The run folder: `layers.csv`, `layers.parquet`, `summary.json`, `config.toml`, `mapping.toml`, and the ini
files of its DRAM.

Each file appears under its name only when it is whole; files of the same names are replaced.
"""

from __future__ import annotations

import json
from pathlib import Path

from scanfuse.results.files import write_whole
from scanfuse.results.run import Run
from scanfuse.results.setup import Setup, config_files
from scanfuse.results.summary import summary


def write_run(folder: Path, run: Run, setup: Setup) -> None:
    """Write a run's folder. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in config_files(setup, run.simulation.config, run.mapping).items():
        write_whole(folder / name, text)
    write_whole(folder / "layers.csv", run.layers.to_csv(index=False, lineterminator="\n"))
    write_whole(folder / "layers.parquet", run.layers.to_parquet(index=False))
    write_whole(folder / "summary.json", json.dumps(summary(run, setup), indent=1) + "\n")

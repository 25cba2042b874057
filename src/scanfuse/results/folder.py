"""The run folder: `summary.json` and the tables of `record` (`layers.csv`, also as `layers.parquet`,
`tensors.csv`, `timeline.csv`, `walks.csv`), `config.toml`, `mapping.toml`, and the ini files of its DRAM.

Each file appears under its name only when it is whole; files of the same names are replaced.
"""

from __future__ import annotations

import json
from pathlib import Path

from scanfuse.results.files import write_whole
from scanfuse.results.record import csv_text, record
from scanfuse.results.run import Run
from scanfuse.results.setup import Setup, config_files


def write_run(folder: Path, run: Run, setup: Setup) -> None:
    """Write a run's folder. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in config_files(setup, run.simulation.config, run.mapping).items():
        write_whole(folder / name, text)
    found = record(run, setup)
    for name, table in found.tables.items():
        write_whole(folder / name, csv_text(table))
    write_whole(folder / "layers.parquet", run.layers.to_parquet(index=False))
    write_whole(folder / "summary.json", json.dumps(found.summary, indent=1) + "\n")

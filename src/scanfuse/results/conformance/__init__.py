"""A stream of requests and what DRAMSim2 made of it, measured: by this an installed engine is held.

`reference.csv` is case public-mixed-00027 of the reference figures (`tests/dram_reference/cases`): DDR3-1600
x4, eight ranks, reads and writes, close page, refreshes and power-down. The tests hold the `.toml` to it.
"""

from pathlib import Path

REFERENCE = Path(__file__).with_name("reference.toml")

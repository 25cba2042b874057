"""What requests do to a DRAM bank, from the commands that the engine gives."""

from __future__ import annotations

import numpy as np

import scanfuse
from drawings.svg import Picture


def rows() -> Picture:
    """Three reads of one bank: two of the open row, one of another."""
    picture = Picture(
        720, 216, "Row hits and activations",
        "A bank opens a row with an activation. A read of the open row is a row hit and is quick; a read of "
        "another row has to wait for the precharge and the activation.",
    )  # fmt: skip
    cfg = scanfuse.DramConfig.from_ini("DDR3_micron_64M_8B_x8_sg125")
    lines = np.arange(1 << 20, dtype=np.uint64) * cfg.transaction_bytes
    where = cfg.map_address(lines)
    here = (where.bank == where.bank[0]) & (where.rank == where.rank[0])
    same = lines[here & (where.row == where.row[0])][:2]
    other = lines[here & (where.row != where.row[0])][:1]
    done = scanfuse.replay([0, 0, 0], [*same, *other], [False] * 3, cfg, commands=True)
    left, scale, line = 96, 600 / (int(done.completed.max()) + 6), 92
    picture.words(24, 28, "one bank, three reads", "title")
    picture.words(24, line + 20, "row open", "small")
    picture.words(24, line + 62, "data", "small")

    def at(tick: int) -> float:
        return left + tick * scale

    opened, kinds = 0, iter("ac")
    for row in done.commands.itertuples():
        if row.command == "ACT":
            opened = row.tick
        if row.command in ("PRE", "RDA") or row.tick == done.commands["tick"].iloc[-1]:
            end = row.tick if row.command == "PRE" else int(done.completed.max()) + 2
            picture.rect(at(opened), line + 6, (end - opened) * scale, 20, next(kinds))
        picture.path([(at(row.tick), line - 22), (at(row.tick), line + 4)], "thin", arrow=True)
        picture.words(at(row.tick), line - 30, row.command, "small", "middle")
        picture.words(at(row.tick), line - 44, str(row.tick), "small muted", "middle")
    reads, burst = done.commands["tick"][done.commands["command"] == "RD"], int(cfg["BL"]) // 2
    for index, tick in enumerate(reads + int(cfg["CL"]) + int(cfg["AL"])):
        picture.rect(at(tick), line + 48, burst * scale, 20, "c" if index == 2 else "a")
        picture.words(at(tick + burst / 2), line + 62, str(index + 1), "small", "middle")
    hits = int(done.counters["row_hits"].sum())
    counts = f"{int(done.counters['activates'].sum())} activations, {hits} row hit"
    told = f"{counts}; ticks of {cfg.tck_ps / 1000:g} ns; {cfg.name}"
    picture.words(24, 196, told, "small muted")
    return picture

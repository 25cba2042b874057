"""Layers run together: what fusion keeps off the DRAM, the rows of a depth-first walk, maps that stay."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np

import scanfuse
from drawings.svg import Picture
from scanfuse.mapping import make_mapping
from scanfuse.program import Move, Program, unroll

NETWORK, HARDWARE = scanfuse.load("mobilenet_v2"), scanfuse.load_hardware("paper")
BLOCK = ("b3.expand", "b3.depthwise", "b3.project", "b3.add")


@cache
def program_of(schedule: str) -> Program:
    return unroll(make_mapping(NETWORK, schedule, HARDWARE))


def moved(program: Program, layers: tuple[str, ...]) -> Counter[tuple[str, str]]:
    """Entries that the groups of some layers move, by direction and tensor."""
    wanted = {index for index, layer in enumerate(NETWORK.layers) if layer.name in layers}
    groups = [number for number, group in enumerate(program.mapping.groups) if wanted & {*group.layers}]
    found: Counter[tuple[str, str]] = Counter()
    for index in program.transfers:
        move = program.moves[index]
        if program.groups[move["step"]] in groups:
            stored = program.tensors[move["tensor"]]
            name = "weights" if stored.kind == "weight" else stored.name
            found["load" if move["move"] == Move.LOAD else "store", name] += int(program.sizes[index])
    return found


def fusion() -> Picture:
    """A block layer by layer, and as one: every transfer, drawn as long as it is large."""
    picture = Picture(
        720, 346, "Fusion of a block",
        "Layer by layer the expanded maps are stored to DRAM and loaded again, which is most of the traffic. "
        "Fused, only the block's input, weights and result move.",
    )  # fmt: skip
    y, scale = 34, 0.00105
    for schedule, title in (("scan", "layer by layer (scan)"), ("fused", "as one group (fused)")):
        traffic = moved(program_of(schedule), BLOCK)
        picture.words(24, y, f"{title}: {sum(traffic.values()):,} entries", "title")
        y += 12
        for (way, name), entries in traffic.items():
            inside = name in ("b3.expand", "b3.depthwise")
            kind = "d" if inside else "b" if name == "weights" else "c" if way == "store" else "a"
            picture.words(24, y + 15, f"{way} {name}", "small")
            picture.rect(150, y + 4, max(entries * scale, 1.5), 14, kind)
            picture.words(156 + entries * scale, y + 15, f"{entries:,}", "small")
            y += 22
        y += 26
    legend = {"a": "maps in", "b": "weights", "c": "maps out", "d": "inside the block"}
    for x, (kind, text) in zip((24, 114, 204, 300), legend.items(), strict=True):
        picture.rect(x, 318, 12, 12, kind)
        picture.words(x + 18, 329, text, "small")
    picture.words(430, 329, "block 3 of MobileNet V2, preset paper", "small muted")
    return picture


def rows_there(program: Program, step: int) -> dict[str, set[int]]:
    """The rows of each map that are in the buffer while a step computes."""
    found: dict[str, Counter[int]] = {}
    moves = program.moves[program.moves["step"] <= step]
    for move in moves:
        stored = program.tensors[move["tensor"]]
        if stored.kind == "weight" or (move["step"] == step and move["move"] >= Move.STORE):
            continue
        change = {Move.LOAD: 1, Move.ALLOC: 1, Move.FREE: -1}.get(Move(move["move"]), 0)
        entries = change * int((move["a1"] - move["a0"]) * (move["c1"] - move["c0"]))
        held = found.setdefault(stored.name, Counter())
        for row in range(move["b0"], move["b1"]):
            held[row] += entries
    return {name: {row for row, entries in held.items() if entries} for name, held in found.items()}


def lines() -> Picture:
    """The first group of `deep` in the middle of its walk: the rows of each map that are in the buffer."""
    picture = Picture(
        720, 348, "Depth-first, by rows",
        "Of each map between the units of a cascade only a few rows are in the buffer: those that the next "
        "row of the last unit's result still needs.",
    )  # fmt: skip
    program = program_of("deep")
    group = program.mapping.groups[0]
    result = NETWORK.layers[max(group.layers)].output
    ops = program.ops[
        (program.groups[program.ops["step"]] == 0) & (program.ops["layer"] == max(group.layers))
    ]
    middle = result.height // 2
    step = int(ops["step"][ops["p0"] >= middle][0])
    there = rows_there(program, step)
    made = [NETWORK.input, *(NETWORK.layers[index].output for index in group.layers)]
    shown = [tensor for tensor in made if there.get(tensor.name)]
    picture.words(24, 26, f"rows in the buffer while row {middle} of {result.name} is made", "title")
    for number, tensor in enumerate(shown):
        x, rows = 24 + (number + 0.5) * 672 / len(shown), there[tensor.name]
        picture.rect(x - 26, 48, 52, tensor.height)
        for row in sorted(rows):
            picture.rect(x - 26, 48 + row, 52, 1, "c flat" if tensor == result else "ink flat")
        picture.words(x, 296, tensor.name, "small", "middle")
        picture.words(x, 312, f"{len(rows)} of {tensor.height}", "small muted", "middle")
    among = "entries are live, weights and the rows that stay among them; the buffer holds"
    picture.words(24, 336, f"{program.live[step]:,} {among} {HARDWARE.buffer.entries:,}", "small")
    return picture


def kept() -> Picture:
    """How full the buffer is under `deep`, group by group, and what stays from one to the next."""
    picture = Picture(
        720, 330, "Maps that stay",
        "The occupancy of the buffer over the groups of deep: the maps that stay from group to group, and "
        "what a group needs beside them, never more than the buffer's size.",
    )  # fmt: skip
    program = program_of("deep")
    size, left, base, height = HARDWARE.buffer.entries, 72, 262, 210
    groups = len(program.mapping.groups)
    width = 624 / groups
    after = np.cumsum(program.claims - program.releases)
    picture.words(24, 28, "entries in the buffer under deep", "title")
    picture.path([(left, base - height), (left + 624, base - height)], "dash")
    picture.words(left - 6, base - height + 4, f"{size:,}", "small", "end")
    picture.words(left - 6, base + 4, "0", "small", "end")
    scale = height / size
    for number in range(groups):
        steps = np.flatnonzero(program.groups == number)
        stays_in = int(after[steps[0] - 1]) if number else 0
        stays = int(after[steps[-1]])
        bins = np.array_split(program.live[steps], min(12, len(steps)))
        x = left + number * width
        part = (width - 6) / len(bins)
        for index, each in enumerate(bins):
            picture.rect(x + index * part, base - each.max() * scale, part, each.max() * scale, "a flat")
        picture.rect(x, base - stays_in * scale, (width - 6) / 2, stays_in * scale, "c flat")
        picture.rect(x + (width - 6) / 2, base - stays * scale, (width - 6) / 2, stays * scale, "c flat")
        picture.words(x + (width - 6) / 2, base + 16, str(number), "small muted", "middle")
    picture.path([(left, base), (left + 624, base)], "thin")
    legend = {
        "a": "live at the most, by twelfths of the group's steps",
        "c": "maps that stay: at its begin, at its end",
    }
    for x, (kind, text) in zip((72, 392), legend.items(), strict=True):
        picture.rect(x, 300, 12, 12, kind)
        picture.words(x + 18, 311, text, "small")
    return picture

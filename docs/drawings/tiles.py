"""Tiles: the path over them in raster and in Scan order, and the halo of a layer with a window."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

import scanfuse
from drawings.svg import Picture
from scanfuse.mapping import LayerTiling, Mapping
from scanfuse.network import Layer, Network
from scanfuse.program import Cause, Move, Program, check, unroll

CELL = 62
NETWORK = scanfuse.load("mobilenet_v2")


def alone(layer: Layer) -> Network:
    """A network of one layer."""
    return Network(layer.name, (layer,), layer.inputs[0], layer.output)


def tiled(layer: Layer, scan: str) -> Program:
    """A pointwise layer in tiles of 49 pixels by 96 output channels, all input channels at once."""
    tiling = LayerTiling(0, None, 1, 49, 96, layer.C, "mkn", scan)
    program = unroll(Mapping(alone(layer), scan, (tiling,), "nhwc"))
    check(program, 65_536)
    return program


def loaded(program: Program, step: int, cause: Cause) -> int:
    moves = program.moves
    mine = (moves["step"] == step) & (moves["move"] == Move.LOAD) & (moves["cause"] == cause)
    return int(program.sizes[mine].sum())


def orders() -> Picture:
    """A layer walked in raster and in Scan order: what each step loads, as its program says."""
    layer = NETWORK.layer("b8.expand")
    picture = Picture(
        720, 432, "Raster and Scan order",
        "Sixteen tiles of a layer, visited row by row. In raster order every row begins at the left and "
        "every step loads weights. In Scan order every second row is walked backwards, and the first tile "
        "of a row uses the weights that are there.",
    )  # fmt: skip
    for left, scan, title in ((74, "raster", "raster"), (414, "inner", "Scan")):
        program = tiled(layer, scan)
        picture.words(left, 30, title, "title")
        picture.words(left, 50, "output channels", "small muted")
        if left < 200:
            picture.words(18, 76, "pixels", "small muted")
        at = []
        for op in program.ops:
            column, row = op["k0"] // 96, op["q0"] // 49
            x, y = left + column * CELL, 62 + row * CELL
            picture.rect(x, y, CELL, CELL)
            if loaded(program, op["step"], Cause.IFMAP):
                picture.rect(x + 4, y + 4, 12, 12, "a")
            if loaded(program, op["step"], Cause.WEIGHT):
                picture.rect(x + 20, y + 4, 12, 12, "b")
            picture.words(x + CELL - 5, y + 15, str(op["step"] + 1), "small muted", "end")
            at.append((x + CELL / 2, y + CELL / 2 + 8))
        for here, there in pairwise(at):
            picture.path((here, there), "line" if abs(here[0] - there[0]) <= CELL else "thin", arrow=True)
        traffic = program.traffic()
        picture.words(
            left, 336, f"inputs {traffic[Cause.IFMAP]:,}, weights {traffic[Cause.WEIGHT]:,} entries"
        )
    picture.rect(74, 360, 12, 12, "a")
    picture.words(92, 371, "the step loads a tile of inputs", "small")
    picture.rect(74, 380, 12, 12, "b")
    told = "the step loads a tile of weights; where it does not, those of the step before are there"
    picture.words(92, 391, told, "small")
    maps = f"{layer.C} channels of {layer.P} x {layer.Q} pixels to {layer.K}"
    shape = f"{layer.name} of MobileNet V2: {maps}, tiles of 49 x 96"
    picture.words(74, 414, shape, "small muted")
    return picture


def halo() -> Picture:
    """The input regions of neighbouring tiles of a 3 x 3 layer overlap."""
    layer, size, unit = NETWORK.layer("b8.depthwise"), 7, 15
    given = layer.inputs[0]
    picture = Picture(
        720, 300, "Halo",
        "Output tiles of 7 by 7 pixels need input regions of 9 by 9; what neighbours share is the halo.",
    )  # fmt: skip
    left, top = 40, 48

    def region(row: int, column: int) -> tuple[int, int, int, int]:
        return (*layer.input_rows(row, row + size), *layer.input_columns(column, column + size))

    picture.words(left, 28, f"input, {given.height} x {given.width}", "title")
    picture.rect(left, top, given.width * unit, given.height * unit)
    first, second = region(0, 0), region(0, size)
    for (p0, p1, q0, q1), kind in ((first, "a"), (second, "c")):
        picture.rect(left + q0 * unit, top + p0 * unit, (q1 - q0) * unit, (p1 - p0) * unit, kind)
    shared = max(first[2], second[2]), min(first[3], second[3])
    height = (first[1] - first[0]) * unit
    picture.rect(left + shared[0] * unit, top, (shared[1] - shared[0]) * unit, height, "b")
    for index in range(size, given.width, size):
        x, y = left + index * unit, top + index * unit
        picture.path([(x, top), (x, top + given.height * unit)], "thin")
        picture.path([(left, y), (left + given.width * unit, y)], "thin")
    right = 420
    picture.words(right, 28, f"output, {layer.P} x {layer.Q}", "title")
    picture.rect(right, top, layer.Q * unit, layer.P * unit)
    picture.rect(right, top, size * unit, size * unit, "a")
    picture.rect(right + size * unit, top, size * unit, size * unit, "c")
    picture.path([(left + given.width * unit + 20, 150), (right - 20, 150)], arrow=True)
    picture.words((left + given.width * unit + right) / 2, 138, "3 x 3", "small", "middle")
    tiles = [(row, column) for row in range(0, layer.P, size) for column in range(0, layer.Q, size)]
    read = sum(int(np.prod((b[1] - b[0], b[3] - b[2]))) for b in (region(*tile) for tile in tiles))
    whole = given.height * given.width
    picture.words(left, 284, "needed by both tiles", "small")
    picture.rect(left + 124, 274, 12, 12, "b")
    told = f"four tiles read {read} pixels of {whole}: {100 * (read / whole - 1):.0f} % more"
    picture.words(right, 284, told, "small")
    return picture

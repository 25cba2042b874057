"""Proves a program without running it: by presence alone, entry by entry, no values.

At every step: what enters was not there, what is read or stored is there, what is freed is there, the live
entries fit the buffer. Over the program: every map that DRAM must hold is stored exactly once and loaded only
after that, what is computed is computed into room that was claimed, the buffer ends empty, and the counters
equal the mapping's closed forms.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from scanfuse.network import Layer
from scanfuse.program.boxes import input_box, region
from scanfuse.program.program import Cause, Move, Program, View
from scanfuse.program.tensors import TensorTable


class ProgramError(ValueError):
    """A program that is not right: names the step, the layer, the tensor and what is wrong."""


def check(program: Program, buffer_entries: int) -> int:
    """Prove that a program is right for a buffer of `buffer_entries`.

    Returns the peak of the live entries. Raises ProgramError at the first thing that is wrong.
    """
    _check_counters(program)
    _Presence(program).run()
    live = program.live
    worst = int(np.argmax(live))
    if live[worst] > buffer_entries:
        layers = program.mapping.groups[int(program.groups[worst])].layers
        names = ", ".join(program.mapping.network.layers[index].name for index in layers)
        raise ProgramError(
            f"step {worst} (group {int(program.groups[worst])}: {names}): {int(live[worst])} entries live, "
            f"the buffer holds {buffer_entries}"
        )
    return int(live[worst])


def _check_counters(program: Program) -> None:
    """The program's traffic equals the closed forms, group by group and cause by cause."""
    moves, sizes = program.moves[program.transfers], program.sizes[program.transfers]
    group_of = program.groups[moves["step"]]
    loads = moves["move"] == Move.LOAD
    for number, group in enumerate(program.mapping.groups):
        mine = group_of == number
        expected = program.mapping.traffic(group)
        counted = {
            "ifmap": (Cause.IFMAP, True),
            "weight": (Cause.WEIGHT, True),
            "ofmap": (Cause.OFMAP, False),
            "psum_written": (Cause.PSUM, False),
            "psum_read": (Cause.PSUM, True),
            "residual": (Cause.RESIDUAL, True),
        }
        for name, (cause, loading) in counted.items():
            mask = mine & (moves["cause"] == cause) & (loads == loading)
            found, wanted = int(sizes[mask].sum()), int(getattr(expected, name))
            if found != wanted:
                layer = program.mapping.network.layers[group.layers[0]].name
                raise ProgramError(
                    f"group {number} ({layer}): the program moves {found} {name} entries, "
                    f"the closed form says {wanted}"
                )


class _Presence:
    """Which entries of which tensors are in the buffer and in DRAM, step by step."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.network = program.mapping.network
        self.table = TensorTable.of(self.network)
        shapes = [tensor.shape for tensor in program.tensors]
        self.held = [np.zeros(shape, dtype=bool) for shape in shapes]
        self.complete = [np.zeros(shape, dtype=bool) for shape in shapes]
        self.macs = [0] * len(self.network.layers)
        self.in_dram = [np.full(tensor.shape, tensor.kind == "weight") for tensor in program.tensors]
        for tensor, array in zip(program.tensors, self.in_dram, strict=True):
            array[slice(*tensor.given)] = True
        self.spilled: dict[int, np.ndarray] = {}

    def run(self) -> None:
        program = self.program
        first_move = np.searchsorted(program.moves["step"], np.arange(program.steps + 1))
        first_op = np.searchsorted(program.ops["step"], np.arange(program.steps + 1))
        leaving = program.moves["move"] >= Move.STORE
        moves, ops = program.moves.tolist(), program.ops.tolist()
        for step in range(program.steps):
            mine = range(first_move[step], first_move[step + 1])
            for index in mine:
                if not leaving[index]:
                    self._enter(moves[index])
            for index in range(first_op[step], first_op[step + 1]):
                self._compute(ops[index])
            for index in mine:
                if leaving[index]:
                    self._leave(moves[index])
        self._finish()

    def _fail(self, step: int, layer: int, what: str) -> ProgramError:
        return ProgramError(f"step {step} ({self.network.layers[layer].name}): {what}")

    def _text(self, tensor: int, box: tuple[int, ...]) -> str:
        ranges = ", ".join(f"{a}:{b}" for a, b in zip(box[::2], box[1::2], strict=True))
        return f"{self.program.tensors[tensor].name}[{ranges}]"

    def _enter(self, row: tuple[int, ...]) -> None:
        step, move, cause, layer, tensor, view, *box = row
        place = region(self.held[tensor], View(view), box)
        if place.size == 0:
            raise self._fail(step, layer, f"an empty box of {self._text(tensor, tuple(box))}")
        if place.any():
            raise self._fail(step, layer, f"{self._text(tensor, tuple(box))} is in the buffer already")
        if move == Move.LOAD:
            source = self.spilled.get(tensor) if cause == Cause.PSUM else self.in_dram[tensor]
            if source is None or not region(source, View(view), box).all():
                raise self._fail(
                    step, layer, f"loads {self._text(tensor, tuple(box))}, which is not in DRAM yet"
                )
        place[...] = True
        region(self.complete[tensor], View(view), box)[...] = move == Move.LOAD and cause != Cause.PSUM

    def _leave(self, row: tuple[int, ...]) -> None:
        step, move, cause, layer, tensor, view, *box = row
        place = region(self.held[tensor], View(view), box)
        if place.size == 0 or not place.all():
            verb = "stores" if move == Move.STORE else "frees"
            raise self._fail(
                step, layer, f"{verb} {self._text(tensor, tuple(box))}, which is not in the buffer"
            )
        if move == Move.FREE:
            place[...] = False
        elif move == Move.KEEP:
            if not region(self.complete[tensor], View(view), box).all():
                raise self._fail(step, layer, f"keeps {self._text(tensor, tuple(box))} before it is complete")
        elif cause == Cause.PSUM:
            shape = self.program.tensors[tensor].shape
            region(self.spilled.setdefault(tensor, np.zeros(shape, dtype=bool)), View(view), box)[...] = True
        else:
            target = region(self.in_dram[tensor], View(view), box)
            if not region(self.complete[tensor], View(view), box).all():
                raise self._fail(
                    step, layer, f"stores {self._text(tensor, tuple(box))} before it is complete"
                )
            if target.any():
                raise self._fail(step, layer, f"stores {self._text(tensor, tuple(box))} a second time")
            target[...] = True

    def _compute(self, row: tuple[int, ...]) -> None:
        step, index, view, _, finish, k0, k1, p0, p1, q0, q1, c0, c1 = row
        layer = self.network.layers[index]
        output = self._output_of(index)
        out_box = (k0, k1, p0, p1, q0, q1)
        self._need(step, index, output, View(view), out_box, "writes to")
        source, source_view, box = self._reads(layer, View(view), out_box, (c0, c1))
        self._need(step, index, source, source_view, box, "reads")
        if index in self.table.weights:
            taps = layer.R * layer.S
            channels = (c0, c1)
            self._need(
                step, index, self.table.weights[index], View.MAP, (k0, k1, *channels, 0, taps), "reads"
            )
        if layer.kind == "scale":
            factors = self.table.maps[layer.inputs[1].name]
            self._need(step, index, factors, View.MAP, (k0, k1, 0, 1, 0, 1), "reads")
        residual = self._residual_of(index)
        if finish and residual is not None:
            self._need(step, index, residual, View(view), out_box, "adds")
        if finish:
            tensor, made = self.table.at(output, out_box)
            region(self.complete[tensor], View(view), made)[...] = True
        if layer.macs:
            self.macs[index] += (k1 - k0) * (p1 - p0) * (q1 - q0) * (c1 - c0) * layer.R * layer.S

    def _reads(
        self, layer: Layer, view: View, out_box: tuple[int, ...], channels: tuple[int, int]
    ) -> tuple[int, View, tuple[int, ...]]:
        source_view = View.CHANNELS if self.table.flattened(layer) else view
        return self.table.maps[layer.ifmap.name], source_view, input_box(layer, view, out_box, channels)

    def _need(self, step: int, layer: int, number: int, view: View, box: tuple[int, ...], verb: str) -> None:
        """Raise ProgramError unless a box of a map or of weights, by number, is there (and complete)."""
        tensor, box = self.table.at(number, box)
        place = region(self.held[tensor], view, box)
        nothing = place.size == 0 and verb == "writes to"  # windows in the padding alone read nothing
        if nothing or not place.all():
            raise self._fail(step, layer, f"{verb} {self._text(tensor, box)}, which is not in the buffer")
        if verb != "writes to" and not region(self.complete[tensor], view, box).all():
            raise self._fail(step, layer, f"{verb} {self._text(tensor, box)} before it is complete")

    def _output_of(self, index: int) -> int:
        add = self._folded_add(index)
        return self.table.maps[self.network.layers[index if add is None else add].output.name]

    def _folded_add(self, index: int) -> int | None:
        return self._folds.get(index)

    @cached_property
    def _folds(self) -> dict[int, int]:
        computed = set(self.program.ops["layer"].tolist())
        layers = self.network.layers
        adds = (index for index, layer in enumerate(layers) if layer.kind == "add" and index not in computed)
        return {index - 1: index for index in adds}

    def _residual_of(self, index: int) -> int | None:
        add = self._folded_add(index)
        layer = self.network.layers[index if add is None else add]
        if layer.kind != "add":
            return None
        made = self.network.layers[index].output.name
        name = layer.inputs[1].name if add is None else next(t.name for t in layer.inputs if t.name != made)
        return self.table.maps[name]

    def _finish(self) -> None:
        expected = self.network.macs + self.program.mapping.extra_macs
        if sum(self.macs) != expected:
            raise ProgramError(
                f"the steps make {sum(self.macs)} MACs, the network and its recomputed rows {expected}"
            )
        for tensor, held in enumerate(self.held):
            if held.any():
                name, entries = self.program.tensors[tensor].name, int(held.sum())
                raise ProgramError(f"after the last step {entries} entries of {name} are still held")
        for output in self.network.outputs:
            result = self.table.maps[output.name]
            if not self.table.part(self.in_dram[self.table.home[result][0]], result).all():
                raise ProgramError(f"the output {output.name} is not stored whole")

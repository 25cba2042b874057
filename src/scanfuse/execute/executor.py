"""Runs a program step by step on integers and compares every layer's output with the direct evaluation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from scanfuse.execute.buffer import Memory
from scanfuse.execute.compute import Op, tile_sums
from scanfuse.execute.errors import ExecutionError
from scanfuse.execute.reference import evaluate
from scanfuse.execute.values import Values, exact_type, requantise
from scanfuse.network import Layer, Tensor
from scanfuse.program import Cause, Move, Program, View
from scanfuse.program.boxes import region
from scanfuse.program.tensors import TensorTable

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Place:
    """A box of a map or of weights, for reading it from an array and naming its entries in errors."""

    name: str
    shape: tuple[int, int, int]
    view: View
    box: Sequence[int]

    def of(self, array: np.ndarray) -> np.ndarray:
        return region(array, self.view, self.box)

    def first(self, wrong: np.ndarray) -> str:
        """The first of the wrong entries in this box, with its indices in the whole tensor."""
        inside = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
        at = tuple(int(index) + start for index, start in zip(inside, self.box[::2], strict=True))
        if self.view == View.PIXELS:
            at = (at[0], *divmod(at[2], self.shape[2]))
        elif self.view == View.CHANNELS:
            at = tuple(int(index) for index in np.unravel_index(at[0], self.shape))
        return f"{self.name}[{', '.join(map(str, at))}]"


@dataclass(frozen=True)
class Execution:
    """What running a program has shown; every figure measured while it ran.

    peak_entries: per group, the most entries live in the buffer at once; loaded, stored: entries by cause;
    layers, elements: how many layers, and entries of their outputs, were equal to the direct evaluation. An
    entry of a map inside a fused group that nothing reads is never made; all others are.
    """

    steps: int
    peak_entries: tuple[int, ...]
    loaded: dict[Cause, int]
    stored: dict[Cause, int]
    layers: int
    elements: int

    @property
    def entries(self) -> int:
        """Entries moved between DRAM and the buffer."""
        return sum(self.loaded.values()) + sum(self.stored.values())


def execute(
    program: Program, buffer_entries: int, seed: int = 0, progress: Progress | None = None
) -> Execution:
    """Run a program on integers of `seed`, with a buffer of `buffer_entries`.

    `progress` is called with the name of the first layer of each group. Raises ExecutionError at the first
    wrong value, at the first read of an entry that is not there, and where the buffer does not suffice.
    """
    with np.errstate(invalid="ignore"):  # what is not there is NaN or infinite, and found as such
        return Executor(program, buffer_entries, seed).run(progress or (lambda name: None))


class Executor:
    """The state of a run: memory, and which entries of which layers have been compared."""

    def __init__(self, program: Program, buffer_entries: int, seed: int) -> None:
        self.program = program
        self.network = program.mapping.network
        self.buffer_entries = buffer_entries
        self.table = TensorTable.of(self.network)
        self.expected = evaluate(self.network, seed)
        self.stored = self._stored()
        self.memory = Memory(program, Values(self.network, seed), exact_type(self.network))
        self.compared = [np.zeros(layer.output.shape, dtype=bool) for layer in self.network.layers]
        self.peaks = [0] * len(program.mapping.groups)

    def _stored(self) -> list[np.ndarray]:
        """What each map of the program must hold at the end, by index: the network's, each in its place."""
        found = [np.empty(known.shape, np.int8) for known in self.table.tensors if known.kind == "map"]
        for tensor in self.network.tensors:
            self._part(tensor, found.__getitem__)[...] = self.expected[tensor.name]
        return found

    def run(self, progress: Progress) -> Execution:
        program = self.program
        bounds = np.arange(program.steps + 1)
        first_move = np.searchsorted(program.moves["step"], bounds).tolist()
        first_op = np.searchsorted(program.ops["step"], bounds).tolist()
        moves, ops = program.moves.tolist(), program.ops.tolist()
        leaving = (program.moves["move"] >= Move.STORE).tolist()
        last_group = -1
        for step, group in enumerate(program.groups.tolist()):
            if group != last_group:
                self.memory.forget_idle()
                progress(self.network.layers[program.mapping.groups[group].layers[0]].name)
                last_group = group
            mine = range(first_move[step], first_move[step + 1])
            for index in mine:
                if not leaving[index]:
                    self._enter(moves[index])
            self._weigh(step, group)
            for index in range(first_op[step], first_op[step + 1]):
                self._compute(ops[index])
            for index in mine:
                if leaving[index]:
                    self._leave(moves[index])
        self._finish()
        memory = self.memory
        return Execution(
            program.steps, tuple(self.peaks), dict(memory.loaded), dict(memory.stored),
            len(self.network.layers), sum(int(mask.sum()) for mask in self.compared),
        )  # fmt: skip

    def _fail(self, step: int, layer: int, what: str) -> ExecutionError:
        return ExecutionError(f"step {step} ({self.network.layers[layer].name}): {what}")

    def _weigh(self, step: int, group: int) -> None:
        live = self.memory.live
        self.peaks[group] = max(self.peaks[group], live)
        if live > self.buffer_entries:
            layer = self.program.mapping.groups[group].layers[0]
            raise self._fail(step, layer, f"{live} entries are live, the buffer holds {self.buffer_entries}")

    def _enter(self, row: tuple[int, ...]) -> None:
        step, move, cause, layer, tensor, view, *box = row
        place = self._place(tensor, view, box)
        came = self.memory.move(Move(move), Cause(cause), tensor, View(view), box)
        if move == Move.LOAD:
            if np.isnan(came).any():
                raise self._fail(step, layer, f"loads {place.first(np.isnan(came))}, which is not in DRAM")
        elif not np.isnan(came).all():
            taken = place.first(~np.isnan(came))
            raise self._fail(step, layer, f"claims room for {taken}, which is in the buffer already")

    def _leave(self, row: tuple[int, ...]) -> None:
        step, move, cause, layer, tensor, view, *box = row
        place = self._place(tensor, view, box)
        went = self.memory.move(Move(move), Cause(cause), tensor, View(view), box)
        if np.isnan(went).any():
            verb = {Move.STORE: "stores", Move.KEEP: "keeps", Move.FREE: "frees"}[Move(move)]
            raise self._fail(step, layer, f"{verb} {place.first(np.isnan(went))}, which is not in the buffer")
        if move == Move.STORE and cause != Cause.PSUM:
            self._compare(step, layer, place, went, self.stored[tensor])

    def _place(self, tensor: int, view: int, box: Sequence[int]) -> Place:
        known = self.program.tensors[tensor]
        return Place(known.name, known.shape, View(view), box)

    def _compare(self, step: int, layer: int, place: Place, found: np.ndarray, whole: np.ndarray) -> None:
        expected = place.of(whole)
        wrong = found != expected
        if wrong.any():
            at = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
            values = f"{value_text(found[at])}, expected {value_text(expected[at])}"
            raise self._fail(step, layer, f"{place.first(wrong)} is {values}")

    def _compute(self, row: tuple[int, ...]) -> None:
        op = Op(row[0], row[1], View(row[2]), bool(row[3]), bool(row[4]), *row[5:])
        layer, add = self.network.layers[op.layer], self._folded.get(op.layer)
        output = self.table.maps[(layer if add is None else add).output.name]
        tensor, box = self.table.at(output, op.output_box)
        place = self._place(tensor, op.view, box)
        sums = place.of(self.memory.in_buffer(tensor))
        if np.isnan(sums).any():
            where = place.first(np.isnan(sums))
            raise self._fail(op.step, op.layer, f"computes {where}, which has no room in the buffer")
        tile = tile_sums(layer, op, self._map, self._weights(op.layer))
        sums[...] = tile if op.begin else sums + tile
        if not np.isfinite(sums).all():
            raise self._fail(op.step, op.layer, self._why(op, place.first(~np.isfinite(sums)), sums))
        if op.finish:
            self._finish_output(op, layer, add, sums)

    def _finish_output(self, op: Op, layer: Layer, add: Layer | None, sums: np.ndarray) -> None:
        """Sums become the layer's output and, with a folded addition, that of the addition."""
        if layer.kind == "add":
            sums += self._second(op, layer.inputs[1])
        self._quantise(op, op.layer, sums)
        if add is not None:
            sums += self._second(op, next(other for other in add.inputs if other.name != layer.output.name))
            self._quantise(op, op.layer + 1, sums)

    def _second(self, op: Op, tensor: Tensor) -> np.ndarray:
        """An addition's other input, in the op's output box."""
        index, box = self.table.at(self.table.maps[tensor.name], op.output_box)
        place = self._place(index, op.view, box)
        found = place.of(self.memory.in_buffer(index))
        if not np.isfinite(found).all():
            where = place.first(~np.isfinite(found))
            raise self._fail(op.step, op.layer, f"adds {where}, which is not in the buffer")
        return found

    def _quantise(self, op: Op, index: int, sums: np.ndarray) -> None:
        """Sums become the output of layer `index`, which is compared at once."""
        output = self.network.layers[index].output
        sums[...] = requantise(sums)
        place = Place(output.name, output.shape, op.view, op.output_box)
        self._compare(op.step, index, place, sums, self.expected[output.name])
        place.of(self.compared[index])[...] = True

    def _why(self, op: Op, where: str, sums: np.ndarray) -> str:
        """What made a result that is not a number."""
        weights = self._weights(op.layer)
        if weights is not None and np.isnan(weights[op.k0 : op.k1, op.c0 : op.c1]).any():
            return f"{where} needs weights that are not in the buffer"
        if np.isnan(sums).any():
            names = " or ".join(tensor.name for tensor in self.network.layers[op.layer].inputs)
            return f"{where} needs an entry of {names} that is not in the buffer"
        return f"{where} is added to, or needs an entry that is, claimed but not computed"

    def _weights(self, index: int) -> np.ndarray | None:
        number = self.table.weights.get(index)
        return None if number is None else self.memory.in_buffer(self.table.home[number][0])

    def _map(self, tensor: Tensor) -> np.ndarray:
        return self._part(tensor, self.memory.in_buffer)

    def _part(self, tensor: Tensor, array_of: Callable[[int], np.ndarray]) -> np.ndarray:
        """A map in the array of the program's tensor where it lies."""
        number = self.table.maps[tensor.name]
        return self.table.part(array_of(self.table.home[number][0]), number)

    @cached_property
    def _folded(self) -> dict[int, Layer]:
        """Layers whose result goes straight into the addition after them: the program has no op for that."""
        computed = set(np.unique(self.program.ops["layer"]).tolist())
        layers = self.network.layers
        return {
            index - 1: layer
            for index, layer in enumerate(layers)
            if layer.kind == "add" and index not in computed
        }

    def _finish(self) -> None:
        for layer, mask in zip(self.network.layers, self.compared, strict=True):
            if not mask.any():
                raise ExecutionError(f"layer {layer.name}: nothing of {layer.output.name} is computed")
        if self.memory.live:
            raise ExecutionError(f"after the last step {self.memory.live} entries are still in the buffer")
        for output in self.network.outputs:
            absent = np.isnan(self._part(output, self.memory.in_dram))
            if absent.any():
                raise ExecutionError(f"the network's output {whole(output).first(absent)} is never stored")


def whole(tensor: Tensor) -> Place:
    c, h, w = tensor.shape
    return Place(tensor.name, tensor.shape, View.MAP, (0, c, 0, h, 0, w))


def value_text(value: float) -> str:
    if np.isfinite(value):
        return str(int(value))
    return "not computed"

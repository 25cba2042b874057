"""What the timing model needs of a program, step by step: transfers, cycles, space, and what waits for
what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from scanfuse.hardware import Accelerator, PEArray
from scanfuse.hardware.pe_array import depthwise_accesses, matmul_accesses
from scanfuse.mapping.estimate import tile_cycles
from scanfuse.network import Layer
from scanfuse.program import Bursts, Cause, Move, Program

CAUSES = 5  # causes that move data between DRAM and the buffer


@dataclass(frozen=True)
class Plan:
    """A program and its bursts, arranged by step; every cached array is indexed by step or by transfer."""

    program: Program
    bursts: Bursts
    accelerator: Accelerator

    @cached_property
    def op_cycles(self) -> np.ndarray:
        """PE-array cycles of each op, int64."""
        return self._per_op(lambda layer, rows: _op_cycles(layer, rows, self.accelerator.pe_array))

    @cached_property
    def op_accesses(self) -> np.ndarray:
        """Entries each op reads from and writes to the buffer, int64."""
        return self._per_op(lambda layer, rows: _op_accesses(layer, rows, self.accelerator.pe_array))

    @cached_property
    def op_macs(self) -> np.ndarray:
        """MACs each op makes, recomputed rows included."""
        return self._per_op(lambda layer, rows: _volume(rows) * _reduction(layer, rows) * bool(layer.macs))

    def _per_op(self, measure: Callable[[Layer, np.ndarray], np.ndarray]) -> np.ndarray:
        ops = self.program.ops
        found = np.zeros(len(ops), dtype=np.int64)
        for index in np.unique(ops["layer"]).tolist():
            mine = ops["layer"] == index
            found[mine] = measure(self.program.mapping.network.layers[index], ops[mine])
        return found

    @cached_property
    def cycles(self) -> np.ndarray:
        """PE-array cycles of each step, int64."""
        total = np.bincount(self.program.ops["step"], self.op_cycles, minlength=self.program.steps)
        return total.astype(np.int64)

    @cached_property
    def transfer_step(self) -> np.ndarray:
        return np.asarray(self.program.moves["step"][self.program.transfers])

    @cached_property
    def transfer_is_load(self) -> np.ndarray:
        return np.asarray(self.program.moves["move"][self.program.transfers] == Move.LOAD)

    @cached_property
    def transfer_is_map(self) -> np.ndarray:
        """Whether a transfer moves part of a map or its partial sums, not weights."""
        return np.asarray(self.program.moves["cause"][self.program.transfers] != Cause.WEIGHT)

    @cached_property
    def transfer_entries(self) -> np.ndarray:
        """Entries that a transfer's box takes in the buffer."""
        return np.asarray(self.program.sizes[self.program.transfers])

    @cached_property
    def room(self) -> np.ndarray:
        """Per step, entries claimed for what is made on the chip: all it claims beyond its loads."""
        loads = np.where(self.transfer_is_load, self.transfer_entries, 0)
        loaded = np.bincount(self.transfer_step, loads, minlength=self.program.steps)
        return np.asarray(self.program.claims - loaded.astype(np.int64))

    @cached_property
    def transfer_owner(self) -> np.ndarray:
        """Who causes a transfer: layer x CAUSES + cause."""
        moves = self.program.moves[self.program.transfers]
        return np.asarray(moves["layer"].astype(np.int64) * CAUSES + moves["cause"])

    @cached_property
    def store_key(self) -> np.ndarray:
        """Per transfer, a number for the place in DRAM it touches: tensor, and whether its partial sums."""
        moves = self.program.moves[self.program.transfers]
        return np.asarray(moves["tensor"].astype(np.int64) * 2 + (moves["cause"] == Cause.PSUM))

    @cached_property
    def stores_needed(self) -> np.ndarray:
        """Per load, how many stores to its place must be complete before it may start (0 for a store)."""
        needed = np.zeros(len(self.store_key), dtype=np.int64)
        for key in np.unique(self.store_key[~self.transfer_is_load]).tolist():
            mine = np.flatnonzero(self.store_key == key)
            stored = np.cumsum(~self.transfer_is_load[mine])
            needed[mine] = np.where(self.transfer_is_load[mine], stored, 0)
        return needed

    @cached_property
    def released_at_once(self) -> np.ndarray:
        """Per step, entries free as soon as the step has computed."""
        return self.program.releases - self.released_when_stored

    @cached_property
    def released_when_stored(self) -> np.ndarray:
        """Per step, entries free once the step's stores are complete."""
        waits = self.program.stored_with_free
        steps, sizes = self.program.moves["step"][waits], self.program.sizes[waits]
        return np.bincount(steps, sizes, minlength=self.program.steps).astype(np.int64)


def _volume(rows: np.ndarray) -> np.ndarray:
    pixels = (rows["p1"] - rows["p0"]).astype(np.int64) * (rows["q1"] - rows["q0"])
    return np.asarray(pixels * (rows["k1"] - rows["k0"]))


def _reduction(layer: Layer, rows: np.ndarray) -> np.ndarray:
    """Products per output of an op."""
    return np.asarray((rows["c1"] - rows["c0"]).astype(np.int64) * layer.R * layer.S)


def _op_cycles(layer: Layer, rows: np.ndarray, array: PEArray) -> np.ndarray:
    pixels = (rows["p1"] - rows["p0"]).astype(np.int64) * (rows["q1"] - rows["q0"])
    outs = (rows["k1"] - rows["k0"]).astype(np.int64)
    return np.asarray(tile_cycles(layer, pixels, outs, (rows["c1"] - rows["c0"]).astype(np.int64), array))


def _op_accesses(layer: Layer, rows: np.ndarray, array: PEArray) -> np.ndarray:
    pixels = (rows["p1"] - rows["p0"]).astype(np.int64) * (rows["q1"] - rows["q0"])
    outs = (rows["k1"] - rows["k0"]).astype(np.int64)
    taps = layer.R * layer.S
    if layer.kind in ("add", "scale"):
        return 3 * pixels * outs
    again = np.where(rows["begin"], 0, pixels * outs)
    if layer.kind == "pool":
        rows_summed = (rows["c1"] - rows["c0"]).astype(np.int64)
        return np.asarray(depthwise_accesses(array, pixels, outs, rows_summed * layer.S).total + again)
    if layer.kind == "depthwise":
        return np.asarray(depthwise_accesses(array, pixels, outs, taps).total)
    if layer.groups > 1:
        per_group = layer.K // layer.groups
        one = matmul_accesses(array, pixels, np.full_like(pixels, per_group), _reduction(layer, rows)).total
        return np.asarray(one * (outs // per_group))
    return np.asarray(matmul_accesses(array, pixels, outs, _reduction(layer, rows)).total + again)

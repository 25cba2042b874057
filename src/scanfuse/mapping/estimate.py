"""Fast estimates by which the search chooses among tilings of equal traffic: bursts, cycles, latency.

The score is the number of bursts plus the latency in burst slots: DRAM energy is about proportional to both
(dynamic energy per burst, background energy per time). The simulation, not this estimate, gives the figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from scanfuse.hardware import Accelerator, PEArray
from scanfuse.hardware.pe_array import depthwise_cycles, matmul_cycles
from scanfuse.mapping.fusion import FusedCost, spans
from scanfuse.mapping.layouts import block_of, fitting
from scanfuse.mapping.nest import Nest
from scanfuse.mapping.objective import Goal
from scanfuse.mapping.traffic import Traffic
from scanfuse.network import Layer


@dataclass(frozen=True)
class Target:
    """What the estimates are for: the array, the buffer, how fast DRAM can deliver, and what the search makes
    least: the goal, or where there is none entries moved."""

    array: PEArray
    buffer_entries: int
    entry_bytes: int
    psum_entries: int = 1
    burst_bytes: int = 64
    burst_ps: int = 6000  # BL/2 ticks of DDR3-1333: 4 x 1500 ps
    goal: Goal | None = None
    reserve_entries: int = 0
    prefetch: bool = True  # whether the DMA loads ahead at all

    @classmethod
    def of(cls, accelerator: Accelerator, burst_bytes: int = 64, burst_ps: int = 6000) -> Target:
        """That of an accelerator; burst_bytes, burst_ps: a DRAM burst, and the time the bus needs for it."""
        buffer = accelerator.buffer
        return cls(
            accelerator.pe_array,
            buffer.mapped_entries,
            buffer.entry_bytes,
            buffer.psum_entries,
            burst_bytes,
            burst_ps,
            reserve_entries=buffer.entries - buffer.mapped_entries,
            prefetch=accelerator.dma.prefetch,
        )

    @property
    def capacity(self) -> int:
        """Entries that loads ahead may fill: those of the mapping, and those that it leaves free."""
        return self.buffer_entries + self.reserve_entries

    @property
    def cycle_ps(self) -> float:
        return 1e12 / self.array.clock_hz

    def burst_slots(self, cycles: Any) -> Any:
        """Array cycles as a number of bursts that DRAM could move meanwhile."""
        return cycles * (self.cycle_ps / self.burst_ps)


class Runs(NamedTuple):
    """How a box lies in DRAM: runs of contiguous addresses, the bursts that each fills, those that it is
    expected to touch, and those from the start of one to the start of the next."""

    count: Any
    length: Any
    bursts: Any
    pitch: Any


def box_bursts(shape: tuple[int, int, int], box: tuple[Any, Any, Any], order: str, target: Target) -> Any:
    """Expected bursts of one transfer of a `box` (channels, rows, columns) of a map of `shape` (C, H, W)."""
    runs = box_runs(shape, box, order, target)
    return runs.count * runs.bursts


def box_runs(shape: tuple[int, int, int], box: tuple[Any, Any, Any], order: str, target: Target) -> Runs:
    """The runs of one transfer of a `box`.

    Runs that cannot be proven aligned touch on average almost one burst more than they fill.
    """
    (total_c, total_h, total_w), (c, h, w) = shape, box
    block = block_of(order)
    if block > 1:  # it lies as one channel would with pixels as wide as the block
        total_c, total_w, c, w = total_c // block, total_w * block, -(-c // block), w * block
    if order == "nhwc":
        whole_inner, whole_middle = c == total_c, w == total_w
        inner, middle, outer, inner_total, middle_total = c, w, h, total_c, total_w
    else:
        whole_inner, whole_middle = w == total_w, h == total_h
        inner, middle, outer, inner_total, middle_total = w, h, c, total_w, total_h
    length = np.where(whole_inner, np.where(whole_middle, inner * middle * outer, inner * middle), inner)
    runs = np.where(whole_inner, np.where(whole_middle, 1, outer), middle * outer)
    pitch = np.where(whole_inner | (middle == 1), inner_total * middle_total, inner_total)
    unit = target.burst_bytes // target.entry_bytes
    grid = np.where(whole_inner, inner_total * middle_total, inner_total)  # runs start at multiples of it
    aligned = (length % unit == 0) & (grid % unit == 0) | (whole_inner & whole_middle)
    touched = np.where(aligned, -(-length // unit), (length - 1) / unit + 1)
    return Runs(runs, length / unit, touched, pitch / unit)


class OperandBursts(NamedTuple):
    """Expected bursts of a tiled layer: of its ifmap, of results and partial sums, of what an addition reads,
    of weights."""

    ifmap: Any
    result: Any
    residual: Any
    weight: Any


def tiling_bursts(
    nest: Nest, tiles: dict[str, Any], spans_a: tuple[Any, Any], traffic: Traffic, order: str, target: Target
) -> Any:
    """Expected bursts of a tiled layer whose maps lie alike; for the arguments see `operand_bursts`."""
    return sum(operand_bursts(nest, tiles, spans_a, traffic, order, target))


def operand_bursts(
    nest: Nest, tiles: dict[str, Any], spans_a: tuple[Any, Any], traffic: Traffic, order: str, target: Target
) -> OperandBursts:
    """Expected bursts of a tiled layer; `tiles` has p, q, n, k, `spans_a` A's largest rows and columns. Maps
    without whole blocks of the layout `order` lie as `nhwc`."""
    layer = nest.layer
    ins, outs = nest.coefficient["A"], nest.coefficient["C"]
    shape_a = (max(layer.C, nest.stores[0]), *layer.ifmap.shape[1:])
    shape_c = (max(layer.K, nest.stores[1]), *layer.output.shape[1:])
    if nest.flat:
        shape_a = (shape_a[0], 1, shape_a[1] * shape_a[2])
        shape_c = (shape_c[0], 1, shape_c[1] * shape_c[2])
    rows_a, columns_a = (np.maximum(span, 1) for span in spans_a)  # 0 where windows see padding alone
    if nest.sums_rows:
        rows_a = tiles["k"]
    box_a = (tiles["n"] * ins if nest.channelwise else tiles["k"], rows_a, columns_a)
    box_c = (tiles["n"] * outs, tiles["p"], tiles["q"])
    per_entry_a, per_entry_c = (
        box_bursts(shape, box, fitting(order, shape[0]), target) / (box[0] * box[1] * box[2])
        for shape, box in ((shape_a, box_a), (shape_c, box_c))
    )
    results = traffic.ofmap + traffic.psum_written + traffic.psum_read
    weights = traffic.weight * target.entry_bytes / target.burst_bytes
    return OperandBursts(
        traffic.ifmap * per_entry_a, results * per_entry_c, traffic.residual * per_entry_c, weights
    )


def tiling_cycles(nest: Nest, cuts: dict[str, tuple[Any, Any, Any]], array: PEArray) -> Any:
    """PE-array cycles of a tiled layer: `cuts` maps p, q, n, k to (trips, first, last) extents."""
    total: Any = 0
    kinds = []
    for trips, first, last in (cuts[axis] for axis in "pqnk"):
        kinds.append(((trips - 1, first), (np.ones_like(trips), last)))
    for (p_count, p), (q_count, q), (n_count, n), (k_count, k) in product(*kinds):
        outs = n * nest.coefficient["C"]
        ins = reduction(nest.layer) if nest.channelwise and not nest.sums_rows else k
        total = total + p_count * q_count * n_count * k_count * tile_cycles(
            nest.layer, p * q, outs, ins, array
        )
    return total


def reduction(layer: Layer) -> int:
    """All that a layer sums over, as `tile_cycles` counts it: input channels of a group, a pool's rows."""
    if layer.kind == "pool":
        return layer.R
    return 1 if layer.kind in ("add", "scale") else layer.C // layer.groups


def tile_cycles(layer: Layer, pixels: Any, outs: Any, ins: Any, array: PEArray) -> Any:
    """PE-array cycles of one tile: `pixels` x `outs` output channels from `ins` input channels per group, or
    rows of a pool's window."""
    taps = layer.R * layer.S
    if layer.kind in ("add", "scale"):
        return depthwise_cycles(array, pixels, outs, 1)
    if layer.kind == "pool":
        return depthwise_cycles(array, pixels, outs, ins * layer.S)
    if layer.kind == "depthwise":
        return depthwise_cycles(array, pixels, outs, taps)
    if layer.groups > 1:  # its groups one after the other
        per_group = layer.K // layer.groups
        return outs // per_group * matmul_cycles(array, pixels, per_group, ins * taps)
    return matmul_cycles(array, pixels, outs, ins * taps)


def latency_slots(bursts: Any, cycles: Any, steps: Any, overlaps: Any, target: Target) -> Any:
    """Estimated latency in burst slots: the longer of memory and compute, plus what cannot overlap."""
    compute = target.burst_slots(cycles)
    longer, shorter = np.maximum(bursts, compute), np.minimum(bursts, compute)
    return longer + shorter * np.where(overlaps, 1 / steps, 1.0)


def fused_cycles(cost: FusedCost, array: PEArray) -> int:
    """PE-array cycles of a fused block, step by step."""
    shape, fused = cost.shape, cost.fused
    depthwise, project, expand = shape.depthwise, shape.project, shape.expand
    taps = depthwise.R * depthwise.S
    new_rows, out_rows = [], []
    held = 0
    for p0, p1 in cost.bands:
        if len(cost.chunks) > 1:
            held = 0
        for a, b in spans(p1 - p0, fused.step_rows):
            start, stop = depthwise.input_rows(p0 + a, p0 + b)
            new_rows.append(stop - max(start, held))
            out_rows.append(b - a)
            held = stop
    new, out = np.array(new_rows), np.array(out_rows)
    total = 0
    widths, counts = np.unique([stop - start for start, stop in cost.chunks], return_counts=True)
    for chunk, count in zip(widths.tolist(), counts.tolist(), strict=True):
        cycles = depthwise_cycles(array, out * depthwise.Q, chunk, taps)
        cycles = cycles + matmul_cycles(array, out * project.Q, project.K, chunk)
        if expand is not None:
            cycles = cycles + matmul_cycles(array, np.maximum(new, 1) * expand.Q, chunk, expand.C) * (new > 0)
        total += count * int(np.sum(cycles))
    return total

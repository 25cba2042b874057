"""A fused block: expand, depthwise, project as one; the expanded tensor never leaves the chip.

The output is made in bands of rows. Within a band the expanded channels are made a chunk at a time, and
within a chunk a few output rows per step: each step expands the rows that are still missing (or reads them,
where the block has no expansion), runs the depthwise kernel over them and adds the chunk's share to the
projection's partial sums. Input rows are loaded in a band's first chunk and freed in its last, so that they
stream; a block without expansion may instead load each chunk's own channels (`input_by_chunk`) and reread
the halo of a band.

* One chunk: every window rolls on over the whole map, nothing is recomputed, whatever the bands.
* Several chunks, one band: partial sums of the whole map stay in the buffer, weights are streamed once.
* Several chunks and bands: the rows of the expanded tensor at a band border are computed twice; weights held
  over the turn between two bands (Scan order: the chunks run backwards in every other band) are not reloaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from scanfuse.mapping.errors import MappingError
from scanfuse.mapping.fields import LayerIndex, Positive
from scanfuse.mapping.stages import Block, residual_of
from scanfuse.mapping.traffic import Traffic
from scanfuse.network import Layer, Network


@dataclass(frozen=True)
class FusedBlock:
    """How a block is walked.

    expand, depthwise, project, add: layer indices (expand and add may be None).
    band_rows: output rows of a band; step_rows: output rows of a step; chunk: expanded channels made at a
    time; held_chunks: chunks whose weights stay in the buffer over the turn between two bands (1 or more);
    input_by_chunk: load only the chunk's channels of the input, for a block without expansion that does not
    add its own input.
    """

    expand: LayerIndex | None
    depthwise: LayerIndex
    project: LayerIndex
    add: LayerIndex | None
    band_rows: Positive
    step_rows: Positive
    chunk: Positive
    held_chunks: Positive = 1
    input_by_chunk: bool = False

    @property
    def layers(self) -> tuple[int, ...]:
        found = (self.expand, self.depthwise, self.project, self.add)
        return tuple(index for index in found if index is not None)


@dataclass(frozen=True)
class BlockShape:
    """The layers of a block and the extents that its closed forms need."""

    network: Network
    block: Block

    @cached_property
    def expand(self) -> Layer | None:
        return None if self.block.expand is None else self.network.layers[self.block.expand.layer]

    @cached_property
    def depthwise(self) -> Layer:
        return self.network.layers[self.block.depthwise.layer]

    @cached_property
    def project(self) -> Layer:
        return self.network.layers[self.block.project.layer]

    @cached_property
    def row_entries(self) -> int:
        """Entries of one row of the block's input."""
        ifmap = (self.expand or self.depthwise).ifmap
        return ifmap.channels * ifmap.width

    @cached_property
    def adds_own_input(self) -> bool:
        """Whether the addition reads the block's own input, whose rows are then still in the buffer."""
        return residual_of(self.network, self.block.project) == (self.expand or self.depthwise).ifmap

    @cached_property
    def residual_reloaded(self) -> bool:
        """Whether the addition reads a tensor that is not the block's own input."""
        return residual_of(self.network, self.block.project) is not None and not self.adds_own_input

    @cached_property
    def weights_per_channel(self) -> int:
        """Weights that belong to one expanded channel, over all layers of the block."""
        expand = 0 if self.expand is None else self.expand.C
        return expand + self.depthwise.R * self.depthwise.S + self.project.K


@dataclass(frozen=True)
class FusedCost:
    """Closed forms of a `FusedBlock`."""

    shape: BlockShape
    fused: FusedBlock
    psum_entries: int = 1

    def __post_init__(self) -> None:
        if self.fused.input_by_chunk and (self.shape.expand is not None or self.shape.adds_own_input):
            raise MappingError(
                f"layer {self.shape.depthwise.name}: input_by_chunk is for blocks without expansion that do "
                "not add their own input: the addition needs all its channels at once"
            )

    @cached_property
    def bands(self) -> tuple[tuple[int, int], ...]:
        return spans(self.shape.depthwise.P, self.fused.band_rows)

    @cached_property
    def chunks(self) -> tuple[tuple[int, int], ...]:
        return spans(self.shape.depthwise.C, self.fused.chunk)

    @cached_property
    def steps(self) -> int:
        return sum(len(spans(stop - start, self.fused.step_rows)) for start, stop in self.bands) * len(
            self.chunks
        )

    @cached_property
    def traffic(self) -> Traffic:
        shape = self.shape
        ifmap = (shape.expand or shape.depthwise).ifmap
        rows = fresh_rows(shape.depthwise, self.bands)
        if self.fused.input_by_chunk and len(self.chunks) > 1:
            rows = sum(stop - start for start, stop in map(self._rows_of, self.bands))
        outputs = shape.project.output.entries
        return Traffic(
            ifmap=rows * ifmap.channels * ifmap.width,
            weight=self.weight_entries,
            ofmap=outputs,
            psum_written=0,
            psum_read=0,
            residual=outputs if shape.residual_reloaded else 0,
        )

    @cached_property
    def weight_entries(self) -> int:
        """Weights once, and again in every further band except the chunks held over the turn."""
        sizes = [(stop - start) * self.shape.weights_per_channel for start, stop in self.chunks]
        total = sum(sizes)
        for band in range(1, len(self.bands)):
            last_visited = sizes[::-1] if band % 2 else sizes
            total += sum(sizes) - sum(last_visited[: self.fused.held_chunks])
        return total

    @cached_property
    def extra_macs(self) -> int:
        """MACs of expanded rows that are computed again at band borders, less those of rows nothing reads.

        Such rows lie below or between the windows of a strided depthwise layer; they are never made.
        """
        expand = self.shape.expand
        if expand is None:
            return 0
        made = fresh_rows(self.shape.depthwise, self.bands)
        if len(self.chunks) > 1:
            made = sum(stop - start for start, stop in map(self._rows_of, self.bands))
        return (made - expand.P) * expand.Q * expand.C * expand.K

    def _rows_of(self, band: tuple[int, int]) -> tuple[int, int]:
        return self.shape.depthwise.input_rows(*band)

    @cached_property
    def live_entries(self) -> int:
        """Entries live at the peak: never less than what the unrolled program holds."""
        shape, fused, depthwise = self.shape, self.fused, self.shape.depthwise
        project = shape.project
        step = min(fused.step_rows, fused.band_rows)
        window_rows = min(depthwise.ifmap.height, (step - 1) * depthwise.stride[0] + _reach(depthwise))
        chunk = max(stop - start for start, stop in self.chunks)
        one_chunk = len(self.chunks) == 1
        if one_chunk:
            input_rows, psum_rows = window_rows, step
        else:
            input_rows = max(stop - start for start, stop in map(self._rows_of, self.bands))
            psum_rows = fused.band_rows
        window = window_rows * depthwise.ifmap.width if shape.expand is not None else 0
        if fused.input_by_chunk:
            input_rows, window = 0, window_rows * depthwise.ifmap.width
        live = input_rows * shape.row_entries + chunk * (window + step * depthwise.Q)
        live += psum_rows * project.Q * project.K * self.psum_entries
        live += min(len(self.chunks), self._weights_held) * chunk * shape.weights_per_channel
        return live + (step * project.Q * project.K if shape.residual_reloaded else 0)

    @cached_property
    def _weights_held(self) -> int:
        return 1 if len(self.bands) == 1 else self.fused.held_chunks


def spans(extent: int, size: int) -> tuple[tuple[int, int], ...]:
    """[0, extent) cut into pieces of `size`, the last one clipped."""
    return tuple((start, min(start + size, extent)) for start in range(0, extent, size))


def fresh_rows(layer: Layer, bands: tuple[tuple[int, int], ...]) -> int:
    """Distinct input rows that the bands of a layer need, rows kept from band to band counted once."""
    held = total = 0
    for start, stop in (layer.input_rows(*band) for band in bands):
        total += max(0, stop - max(start, held))
        held = max(held, stop)
    return total


def _reach(layer: Layer) -> int:
    """Input rows under one output row."""
    return (layer.R - 1) * layer.dilation[0] + 1


def boustrophedon(chunks: int, bands: int) -> Iterator[tuple[int, list[int]]]:
    """Per band, the order in which Scan visits the chunks: forwards, then backwards, and so on."""
    for band in range(bands):
        order = list(range(chunks))
        yield band, order[::-1] if band % 2 else order

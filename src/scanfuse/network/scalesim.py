"""SCALE-Sim topology files: a row per layer, in its column form or in its GEMM form.

    Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
    Layer, M, N, K,

The files name layers, not what they read. A layer reads what the row before it makes where that has just the
shape that the row says, or that shape but for padding: heights and widths are those of the input as padded by
the author, by less than the filter at most. Else it reads a map of its own, which is in DRAM from the start,
its padding with it. Only whole windows count; some tools round their number up.

A product of M x K by K x N is pointwise over M pixels, with the second factor as weights. A row with one
filter over as many channels as the next row reads is a depthwise layer.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scanfuse.network.errors import NetworkError, NetworkWarning
from scanfuse.network.layer import Kind, Layer, Tensor, windows
from scanfuse.network.network import Network, Origin

COLUMNS = (
    "Layer name", "IFMAP Height", "IFMAP Width", "Filter Height", "Filter Width", "Channels", "Num Filter",
    "Strides",
)  # fmt: skip
GEMM = ("Layer", "M", "N", "K")
Padding = tuple[int, int, int, int]
NO_PADDING: Padding = (0, 0, 0, 0)
SHOWN = 6  # names of layers in a warning


@dataclass(frozen=True)
class Row:
    """A layer as a file has it."""

    name: str
    height: int
    width: int
    kernel: tuple[int, int]
    channels: int
    filters: int
    stride: tuple[int, int]
    depthwise: bool = False


def read_topology(path: str | Path, origin: Origin | None = None) -> Network:
    """The network of a topology file, with a NetworkWarning for layers read as depthwise.

    Raises NetworkError that names the file, the line and the column, OSError.
    """
    where = str(path)
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise NetworkError(f"{where}: not a text file") from None
    try:
        rows = [_row_as_meant(row, after) for row, after in _with_next(_rows(text, where))]
        network = _network(Path(path).stem, rows, origin)
    except csv.Error as error:
        raise NetworkError(f"{where}: not comma-separated text: {error}") from None
    except NetworkError as error:
        told = str(error)
        raise NetworkError(told if told.startswith(where) else f"{where}: {told}") from None
    names = [row.name for row in rows if row.depthwise]
    if names:
        told = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
        warnings.warn(
            f"{where}: read as depthwise: {told}; SCALE-Sim computes such a row as one ordinary filter",
            NetworkWarning,
            stacklevel=2,
        )
    return network


def is_topology(path: Path) -> bool:
    """Whether a csv file begins like a topology: with a header that names layers."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        first = next((line for line in file if line.strip(", \t\r\n")), "")
    return first.strip().lower().startswith("layer")


def _rows(text: str, where: str) -> list[Row]:
    found: list[Row] = []
    columns: Sequence[str] = ()
    names: set[str] = set()
    for number, cells in _lines(text):
        place = f"{where}:{number}"
        if not columns:
            columns, is_header = _columns(cells, place)
            if is_header:
                continue
        row = _row(cells, columns, place)
        name, count = row.name, 1
        while name in names:
            count += 1
            name = f"{row.name}_{count}"
        names.add(name)
        found.append(replace(row, name=name))
    if not found:
        raise NetworkError(f"{where}: no layers; expected rows of {', '.join(COLUMNS)}, or {', '.join(GEMM)}")
    return found


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that hold anything, with their numbers; cells without the spaces around them."""
    reader = csv.reader(io.StringIO(text))
    for row in reader:
        cells = [cell.strip() for cell in row]
        if any(cells):
            yield reader.line_num, cells


def _columns(cells: list[str], place: str) -> tuple[Sequence[str], bool]:
    """The columns of a file by its first row, and whether that is a header."""
    names = [re.sub(r"[^a-z]", "", cell.lower()) for cell in cells]
    if names[1:4] == ["m", "n", "k"]:
        return GEMM, True
    if names[0].startswith("layer") and len(cells) > 1 and not cells[1].isdecimal():
        two = len(names) > 8 and names[7].startswith("stride") and names[8].startswith("stride")
        return (*COLUMNS[:7], "Stride Height", "Stride Width") if two else COLUMNS, True
    numbers = [cell for cell in cells[1:] if cell]
    if len(numbers) in (len(GEMM) - 1, len(COLUMNS) - 1):
        return (GEMM if len(numbers) == len(GEMM) - 1 else COLUMNS), False
    raise NetworkError(
        f"{place}: no topology of SCALE-Sim: expected the columns {', '.join(COLUMNS)}, or {', '.join(GEMM)}"
    )


def _row(cells: list[str], columns: Sequence[str], place: str) -> Row:
    if not cells[0]:
        raise NetworkError(f"{place}: column {columns[0]}: the layer has no name")
    values = []
    for at, column in enumerate(columns[1:], 1):
        cell = cells[at] if at < len(cells) else ""
        if not cell.isascii() or not cell.isdecimal() or int(cell[:19]) < 1 or len(cell) > 18:
            raise NetworkError(f"{place}: column {column}: expected a whole number, 1 or more, got {cell!r}")
        values.append(int(cell))
    if columns is GEMM:
        m, n, k = values
        return Row(cells[0], m, 1, (1, 1), k, n, (1, 1))
    height, width, r, s, channels, filters, *stride = values
    return Row(cells[0], height, width, (r, s), channels, filters, (stride[0], stride[-1]))


def _with_next(rows: list[Row]) -> Iterator[tuple[Row, Row | None]]:
    yield from zip(rows, [*rows[1:], None], strict=True)


def _row_as_meant(row: Row, after: Row | None) -> Row:
    """A row as the author means it: one filter over channels that are all there after it is depthwise."""
    depthwise = row.filters == 1 < row.channels and after is not None and after.channels == row.channels
    return replace(row, depthwise=depthwise)


def _network(name: str, rows: Sequence[Row], origin: Origin | None) -> Network:
    layers: list[Layer] = []
    given: list[Tensor] = []
    taken = {row.name for row in rows}
    for row in rows:
        padding = _padding(row, layers[-1].output) if layers else None
        if padding is None:
            own = f"{row.name}.input"
            while own in taken:
                own += "_"
            taken.add(own)
            given.append(Tensor(own, row.channels, row.height, row.width))
            layers.append(_layer(row, given[-1], NO_PADDING))
        else:
            layers.append(_layer(row, layers[-1].output, padding))
    return Network(name, tuple(layers), given[0], layers[-1].output, origin, given=tuple(given[1:]))


def _padding(row: Row, before: Tensor) -> Padding | None:
    """What must be added around a map to be what a row reads; None where it cannot be that map."""
    found: list[int] = []
    for wanted, extent, size in zip((row.height, row.width), before.shape[1:], row.kernel, strict=True):
        more = wanted - extent
        if not 0 <= more < size:
            return None
        found += [more // 2, more - more // 2]
    return (found[0], found[1], found[2], found[3]) if row.channels == before.channels else None


def _layer(row: Row, source: Tensor, padding: Padding) -> Layer:
    kind: Kind = "conv"
    channels, groups, stride = row.filters, 1, row.stride
    if row.depthwise:
        kind, channels, groups = "depthwise", row.channels, row.channels
    elif source.shape[1:] == row.kernel == (1, 1):
        kind, stride = "linear", (1, 1)
    elif row.kernel == (1, 1) == row.stride:
        kind = "pointwise"
    plane = [
        windows(extent, size, step, padding=0)
        for extent, size, step in zip((row.height, row.width), row.kernel, stride, strict=True)
    ]
    if min(plane) < 1:
        raise NetworkError(
            f"layer {row.name}: a filter of {row.kernel[0]} x {row.kernel[1]} does not fit into "
            f"{row.height} x {row.width}"
        )
    output = Tensor(row.name, channels, *plane)
    return Layer(row.name, kind, (source,), output, row.kernel, stride, padding, groups=groups)


def topology_text(network: Network) -> tuple[str, list[Layer]]:
    """A network as a topology file in the column form, and the layers that have no row there.

    Layers without weights have none. Inputs are as large as they are with their padding; a depthwise layer is
    a row with one filter, and other groups are a row each. Raises NetworkError for what has no columns: a
    dilation, a stride that differs between rows and columns.
    """
    lines, left_out = [", ".join(COLUMNS) + ","], []
    names: set[str] = set()
    for layer in network.layers:
        if not layer.weight_entries:
            left_out.append(layer)
            continue
        if layer.dilation != (1, 1) or layer.stride[0] != layer.stride[1]:
            raise NetworkError(
                f"network {network.name}: layer {layer.name}: SCALE-Sim's topologies have no column for "
                f"dilation {layer.dilation}, and one for stride {layer.stride}"
            )
        top, bottom, left, right = layer.padding
        plane = (layer.ifmap.height + top + bottom, layer.ifmap.width + left + right)
        depthwise = layer.kind == "depthwise"
        groups = 1 if depthwise else layer.groups
        for group in range(groups):
            name = _plain_name(layer.name if groups == 1 else f"{layer.name}.group{group}", names)
            filters = 1 if depthwise else layer.K // groups
            figures = (*plane, *layer.kernel, layer.C // groups, filters, layer.stride[0])
            lines.append(", ".join(map(str, (name, *figures))) + ",")
    if len(lines) == 1:
        raise NetworkError(f"network {network.name}: no layer has weights, and so none has a row")
    return "\n".join(lines) + "\n", left_out


def _plain_name(name: str, names: set[str]) -> str:
    """A name without what separates columns and rows, and unlike the names so far, to which it is added."""
    plain = re.sub(r'[,"\s]', "_", name)
    while plain in names:
        plain += "_"
    names.add(plain)
    return plain

"""What runs as what: the groups of a mapping over the layers of its network, and the maps between layers."""

from __future__ import annotations

from typing import Any

from scanfuse.mapping import Mapping, group_document
from scanfuse.network import Network
from scanfuse.simulate import Simulation


def group_rows(simulation: Simulation) -> list[dict[str, Any]]:
    """A row per group: the group as in a mapping's file, its layers by index, the tiles it computes in, and
    the most entries live in it."""
    program = simulation.program
    mapping: Mapping = program.mapping
    peaks = program.peaks
    return [
        {
            "group": number,
            **group_document(mapping, group),
            "layers": list(group.layers),
            "steps": int((program.groups == number).sum()),
            "peak_buffer_entries": int(peaks[number]),
        }
        for number, group in enumerate(mapping.groups)
    ]


def edge_rows(network: Network) -> list[dict[str, Any]]:
    """A row per map that a layer reads and layer that writes it, by index; -1 writes what is given. `as`: the
    tensor under which it is counted where it is loaded."""
    writer = {layer.output.name: index for index, layer in enumerate(network.layers)}
    return [
        {
            "from": writer.get(name, -1),
            "to": index,
            "map": name,
            "as": "residual" if layer.kind == "add" and place else "ifmap",
            "entries": network.maps[name].entries,
        }
        for index, layer in enumerate(network.layers)
        for place, tensor in enumerate(layer.inputs)
        for name in sorted(network.sources(tensor.name))
    ]

"""`scanfuse show`: the layers of a network."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from scanfuse.commands.options import add_format, add_network, load_network
from scanfuse.commands.text import Column, table_text

if TYPE_CHECKING:
    from scanfuse.network import Layer, Network

HELP = "the layers of a network: kind, shapes, MACs, weights, activations"
DESCRIPTION = """Show a network's layers and their totals, and the least data it can move.

Weights and activations are counted in entries. Bias, batch norm and activation functions are folded into
the layer before them and are not counted.

A network in a file: .onnx (pip install 'scanfuse[onnx]'), read by its operators and from shapes alone, or
.csv, a topology of SCALE-Sim. docs/networks.md tells what is folded and what is refused."""
EPILOG = """examples:
  scanfuse show mobilenet_v2
  scanfuse show mobilenet_v2 --resolution 160 --width 0.75
  scanfuse show resnet50 --format json
  scanfuse show model.onnx --resolution 192
  scanfuse show net.csv
"""
COLUMNS = (
    Column("#", lambda row: str(row["index"]) if "index" in row else ""),
    Column("layer", "layer"),
    Column("kind", "kind"),
    Column("input", lambda row: shape_text(row.get("input_shape"))),
    Column("output", lambda row: shape_text(row.get("output_shape"))),
    Column("kernel", lambda row: "x".join(map(str, row["kernel"])) if "kernel" in row else ""),
    Column("stride", lambda row: "x".join(map(str, row["stride"])) if "stride" in row else ""),
    Column("MACs", "macs"),
    Column("weights", "weights"),
    Column("inputs", "input_entries"),
    Column("outputs", "output_entries"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_network(parser)
    add_format(parser)


def main(args: argparse.Namespace) -> int:
    document = describe(load_network(args))
    if args.format == "json":
        import json

        print(json.dumps(document, indent=1))
    elif args.format == "csv":
        print_csv(document["layers"])
    else:
        total = {"layer": "total", **document["totals"]}
        print(table_text(COLUMNS, document["layers"], total))
        bounds = document["bounds"]
        print(f"\nleast entries to move: {bounds['network_entries']:,} in all, ", end="")
        print(f"{bounds['layer_by_layer_entries']:,} layer by layer")
        for name, parts in document.get("concats", {}).items():
            print(f"{name}: {', '.join(parts)}, side by side in one map")
    return 0


def describe(network: Network) -> dict[str, Any]:
    """A network as plain data: layers, totals, bounds, and the parts of maps that lie in others, if any."""
    from scanfuse.network import layer_by_layer_entries, network_entries

    rows = [describe_layer(index, layer) for index, layer in enumerate(network.layers)]
    summed = ("macs", "weights", "input_entries", "output_entries")
    parts = {concat.output.name: [part.name for part in concat.parts] for concat in network.concats}
    return {
        "network": network.name,
        "layers": rows,
        "totals": {name: sum(row[name] for row in rows) for name in summed},
        "bounds": {
            "network_entries": network_entries(network),
            "layer_by_layer_entries": layer_by_layer_entries(network),
        },
        **({"concats": parts} if parts else {}),
    }


def describe_layer(index: int, layer: Layer) -> dict[str, Any]:
    return {
        "index": index,
        "layer": layer.name,
        "kind": layer.kind,
        "inputs": [tensor.name for tensor in layer.inputs],
        "output": layer.output.name,
        "input_shape": list(layer.ifmap.shape),
        "output_shape": list(layer.output.shape),
        "kernel": list(layer.kernel),
        "stride": list(layer.stride),
        "padding": list(layer.padding),
        "dilation": list(layer.dilation),
        "groups": layer.groups,
        "macs": layer.macs,
        "weights": layer.weight_entries,
        "input_entries": sum(tensor.entries for tensor in layer.inputs),
        "output_entries": layer.output.entries,
    }


def print_csv(rows: list[dict[str, Any]]) -> None:
    import csv
    import sys

    writer = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        joined = {
            name: " ".join(map(str, value)) if isinstance(value, list) else value
            for name, value in row.items()
        }
        writer.writerow(joined)


def shape_text(shape: list[int] | None) -> str:
    return "" if shape is None else " x ".join(map(str, shape))

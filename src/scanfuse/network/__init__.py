"""What is computed: layers over named tensors, the zoo and files, and how little data a network can move."""

from scanfuse.network.bounds import layer_by_layer_entries, layer_entries, network_entries
from scanfuse.network.concat import Concat, Place
from scanfuse.network.errors import NetworkError, NetworkWarning
from scanfuse.network.layer import KINDS, Kind, Layer, PoolKind, Tensor
from scanfuse.network.network import Network, Origin
from scanfuse.network.scalesim import is_topology, topology_text
from scanfuse.network.source import is_file_name, load, load_again
from scanfuse.network.zoo import zoo_names

__all__ = [
    "KINDS",
    "Concat",
    "Kind",
    "Layer",
    "Network",
    "NetworkError",
    "NetworkWarning",
    "Origin",
    "Place",
    "PoolKind",
    "Tensor",
    "is_file_name",
    "is_topology",
    "layer_by_layer_entries",
    "layer_entries",
    "load",
    "load_again",
    "network_entries",
    "topology_text",
    "zoo_names",
]

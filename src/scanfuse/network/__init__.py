"""What is computed: layers over named tensors, the zoo, and how little data a network can move."""

from scanfuse.network.bounds import layer_by_layer_entries, layer_entries, network_entries
from scanfuse.network.concat import Concat, Place
from scanfuse.network.errors import NetworkError
from scanfuse.network.layer import KINDS, Kind, Layer, PoolKind, Tensor
from scanfuse.network.network import Network, Origin
from scanfuse.network.zoo import load, zoo_names

__all__ = [
    "KINDS",
    "Concat",
    "Kind",
    "Layer",
    "Network",
    "NetworkError",
    "Origin",
    "Place",
    "PoolKind",
    "Tensor",
    "layer_by_layer_entries",
    "layer_entries",
    "load",
    "network_entries",
    "zoo_names",
]

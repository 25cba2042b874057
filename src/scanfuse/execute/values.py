"""The integers a network is run on: seeded input and weights, and what happens to a result.

Everything is exact. Activations lie in [-8, 7] and weights in [-4, 4]; sums stay below 2^24 or 2^53, so that
they are held exactly by the floats that BLAS is quick with (`exact_type`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scanfuse.network import Layer, Network

LOWEST, HIGHEST = -8, 7  # activations
WEIGHT = 4  # weights lie in [-WEIGHT, WEIGHT]
FIBONACCI = 0x9E3779B1  # floor(2^32 / golden ratio), odd; Knuth, TAOCP vol. 3, 6.4


def requantise(sums: np.ndarray) -> np.ndarray:
    """What becomes of a layer's sums: `((sum * FIBONACCI) mod 2^32 >> 28) - 8`, as int8.

    The top four bits of a multiplicative hash: not linear, and the neighbours of a sum give other values, so
    that no error cancels or is rounded away. It stands for bias, norm, activation and rounding. Every layer
    ends with it: the result of a layer before a folded addition, and the sum after it, each on its own.
    """
    hashed = (sums.astype(np.int64) * FIBONACCI) & 0xFFFFFFFF
    return ((hashed >> 28) + LOWEST).astype(np.int8)


def largest_sum(layer: Layer) -> int:
    """A bound on the magnitude of any partial sum of a layer."""
    terms = layer.R * layer.S
    if layer.weight_shape is not None:
        return terms * (layer.C // layer.groups) * WEIGHT * -LOWEST
    if layer.kind == "scale":
        return LOWEST * LOWEST
    return max(terms, 2) * -LOWEST


def exact_type(network: Network) -> type[np.floating]:
    """The smallest float type that holds every partial sum of a network exactly."""
    largest = max(largest_sum(layer) for layer in network.layers)
    return np.float32 if largest <= 1 << 24 else np.float64


@dataclass(frozen=True)
class Values:
    """The input and the weights of a network for one seed; the same seed gives the same values."""

    network: Network
    seed: int = 0

    def input(self) -> np.ndarray:
        """The network's input, C x H x W."""
        return self.given(self.network.input.name)

    def given(self, name: str) -> np.ndarray:
        """A map that is there from the start, the input or another, C x H x W."""
        numbers = {tensor.name: number for number, tensor in enumerate(self.network.at_start)}
        number, tensor = numbers[name], self.network.maps[name]
        key = [self.seed, 0, number] if number else [self.seed, 0]
        random = np.random.default_rng(key)
        return random.integers(LOWEST, HIGHEST + 1, tensor.shape, dtype=np.int8)

    def weights(self, index: int) -> np.ndarray:
        """The weights of layer `index`: K x C per group x taps."""
        shape = self.network.layers[index].weight_shape
        if shape is None:
            raise ValueError(f"layer {self.network.layers[index].name} has no weights")
        k, c, r, s = shape
        random = np.random.default_rng([self.seed, 1 + index])
        return random.integers(-WEIGHT, WEIGHT + 1, (k, c, r * s), dtype=np.int8)

"""The order in which layers run: each after what it reads, an addition right after its main branch.

What the mapper looks for (`mapping.stages`, `mapping.units`): an addition follows the layer whose result it
takes as that leaves the array, and a shortcut that is a layer of its own comes before the branch around which
it leads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from scanfuse.network.layer import Layer, Tensor

MadeBy = Mapping[str, tuple[str, ...]]


def in_order(layers: Mapping[str, Layer], made_by: MadeBy, output: Tensor) -> tuple[Layer, ...]:
    """The layers under the output, in execution order.

    layers: by name, each after those it needs. made_by: the layers that a map comes from. The summands of an
    addition are put in the order (main branch, residual).
    """
    depths = _depths(layers, made_by)
    readers: dict[str, int] = {}
    for layer in layers.values():
        for tensor in layer.inputs:
            for name in made_by[tensor.name]:
                readers[name] = readers.get(name, 0) + 1

    def folds(add: Layer, tensor: Tensor) -> bool:
        """Whether a summand is made by a layer that the addition can be folded into."""
        maker = layers.get(tensor.name)
        if maker is None or not maker.weight_entries or readers[maker.name] > 1:
            return False
        return all(maker.ifmap.name != other.name for other in add.inputs)

    def depth(tensor: Tensor) -> int:
        return max((depths[name] for name in made_by[tensor.name]), default=-1)

    sorted_adds = {}
    for name, layer in layers.items():
        if layer.kind == "add":
            first, second = layer.inputs
            keys = [(folds(layer, tensor), depth(tensor)) for tensor in (first, second)]
            inputs = (second, first) if keys[1] > keys[0] else (first, second)
            sorted_adds[name] = replace(layer, inputs=inputs)
    final = {**layers, **sorted_adds}
    needs = {name: _needs(layer, made_by) for name, layer in final.items()}
    return tuple(final[name] for name in _after_needs(made_by[output.name], needs.__getitem__))


def _needs(layer: Layer, made_by: MadeBy) -> tuple[str, ...]:
    """The layers that one needs, in the order in which they had best run: of an addition the residual's
    first."""
    inputs = layer.inputs[::-1] if layer.kind == "add" else layer.inputs
    return tuple(name for tensor in inputs for name in made_by[tensor.name])


def _depths(layers: Mapping[str, Layer], made_by: MadeBy) -> dict[str, int]:
    """Per layer, the most layers that come before it on one way."""
    found: dict[str, int] = {}
    for name, layer in layers.items():
        before = (found[maker] for tensor in layer.inputs for maker in made_by[tensor.name])
        found[name] = 1 + max(before, default=-1)
    return found


def _after_needs(last: tuple[str, ...], needs: Callable[[str], tuple[str, ...]]) -> list[str]:
    """All that is needed for the last ones, each after what it needs itself."""
    found: dict[str, None] = {}
    waiting = list(reversed(last))
    while waiting:
        name = waiting[-1]
        missing = [other for other in needs(name) if other not in found]
        if name in found or not missing:
            found[name] = None
            waiting.pop()
        else:
            waiting.extend(reversed(missing))
    return list(found)

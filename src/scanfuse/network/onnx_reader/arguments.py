"""What a node is given: attributes and constant inputs, each of the type that the operator wants."""

from __future__ import annotations

from scanfuse.network.errors import NetworkError
from scanfuse.network.onnx_reader.graph import Constant, Node


class Unmodelled(NetworkError):
    """An operator that moves data in a way that no kind of layer does: the text says why."""


def integer(node: Node, name: str, default: int) -> int:
    """A whole number among the attributes."""
    value = node.attributes.get(name, default)
    if not isinstance(value, int):
        raise NetworkError(f"attribute {name} is {value!r}: expected a whole number")
    return value


def integers(node: Node, name: str, count: int, default: int) -> tuple[int, ...]:
    """A list of whole numbers among the attributes, all the same where it is absent."""
    value = node.attributes.get(name)
    if value is None:
        return (default,) * count
    if not isinstance(value, list) or len(value) != count or not all(isinstance(n, int) for n in value):
        raise NetworkError(f"attribute {name} is {value!r}: expected {count} whole numbers")
    return tuple(value)


def text(node: Node, name: str, default: str) -> str:
    value = node.attributes.get(name, default.encode())
    if not isinstance(value, bytes):
        raise NetworkError(f"attribute {name} is {value!r}: expected a text")
    return value.decode("utf-8", "replace")


def listed(node: Node, name: str, inputs: list[Constant | None], place: int) -> tuple[int, ...] | None:
    """Whole numbers that older versions of an operator have as an attribute, newer ones as an input; None
    where they are absent."""
    if name in node.attributes:
        value = node.attributes[name]
        if not isinstance(value, list) or not all(isinstance(n, int) for n in value):
            raise NetworkError(f"attribute {name} is {value!r}: expected whole numbers")
        return tuple(value)
    if place >= len(inputs) or inputs[place] is None:
        return None
    constant = inputs[place]
    assert constant is not None
    if constant.array is None:
        raise NetworkError(f"the values of its input {node.inputs[place]} are not in the file")
    if len(constant.shape) > 1 or constant.array.dtype.kind not in "iu":
        raise NetworkError(f"its input {node.inputs[place]} holds no list of whole numbers")
    return tuple(int(value) for value in constant.array.reshape(-1))


def axis_of(value: int, rank: int) -> int:
    """A dimension by its number, which counts from the end where it is negative."""
    if not -rank <= value < rank:
        raise NetworkError(f"axis {value}: the value has {rank} dimensions")
    return value % rank

"""Frozen dataclasses as plain data for TOML and JSON, and back: keys are the fields, layers go by name.

What a field may hold is said by its type: whole numbers (bounded, as `Positive`), texts, truths, numbers,
`Literal` choices, a layer (`LayerIndex`), what may be absent (`| None`), tuples of these, and dataclasses.
"""

from __future__ import annotations

import reprlib
import types
from collections.abc import Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from scanfuse.mapping.errors import MappingError
from scanfuse.network import Layer
from scanfuse.network.errors import did_you_mean

BY_NAME = "the index of a layer, written as its name"
LayerIndex = Annotated[int, BY_NAME]
Positive = Annotated[int, msgspec.Meta(ge=1)]
NotNegative = Annotated[int, msgspec.Meta(ge=0)]

Record = TypeVar("Record")
NOUNS = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "a text"}


def to_plain(record: Any, layers: Sequence[Layer]) -> dict[str, Any]:
    """A dataclass as a table of its fields; those that are None are left out."""
    hints = get_type_hints(type(record), include_extras=True)
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    return {
        name: _to_plain(hints[name], value, layers) for name, value in values.items() if value is not None
    }


def _to_plain(hint: Any, value: Any, layers: Sequence[Layer]) -> Any:
    hint = _present(hint)
    if _is_layer(hint):
        return layers[value].name
    if get_origin(hint) is tuple:
        return [_to_plain(get_args(hint)[0], item, layers) for item in value]
    return to_plain(value, layers) if is_dataclass(hint) else value


def cut_of(record: Any) -> dict[str, Any]:
    """The fields of a group that say how it is cut: none that name layers, none at their defaults."""
    hints = get_type_hints(type(record), include_extras=True)
    found = {field.name: getattr(record, field.name) for field in fields(record)}
    usual = {field.name: field.default for field in fields(record)}
    return {
        name: value
        for name, value in found.items()
        if not _is_layer(_present(hints[name])) and value != usual[name]
    }


def from_plain(kind: type[Record], table: Any, where: str, layers: Sequence[Layer]) -> Record:
    """The dataclass that a table describes.

    `where` is the place of the table, as `groups[3]`: it opens every error. Raises MappingError for keys that
    are unknown or missing and for values of a wrong type or out of bounds.
    """
    if not isinstance(table, dict):
        raise MappingError(f"{where}: expected a table, got {shown(table)}")
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    for key in table:
        if key not in known:
            hint = did_you_mean(str(key), known)
            raise MappingError(f"{_at(where, key)}: unknown key{hint}; the keys are {', '.join(known)}")
    hints = get_type_hints(kind, include_extras=True)
    found = {}
    for name, field in known.items():
        if name in table:
            found[name] = _from_plain(hints[name], table[name], _at(where, name), layers)
        elif _is_optional(hints[name]):
            found[name] = None
        elif _is_required(field):
            raise MappingError(f"{_at(where, name)}: missing; the keys are {', '.join(known)}")
    return kind(**found)


def _from_plain(hint: Any, value: Any, where: str, layers: Sequence[Layer]) -> Any:
    if value is None and _is_optional(hint):
        return None
    hint = _present(hint)
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise MappingError(f"{where}: expected a list, got {shown(value)}")
        item = get_args(hint)[0]
        return tuple(_from_plain(item, one, f"{where}[{at}]", layers) for at, one in enumerate(value))
    if is_dataclass(hint):
        return from_plain(hint, value, where, layers)  # type: ignore[arg-type]
    if _is_layer(hint):
        return _layer_index(_scalar(str, value, where), where, layers)
    return _scalar(hint, value, where)


def _layer_index(name: str, where: str, layers: Sequence[Layer]) -> int:
    names = [layer.name for layer in layers]
    if name not in names:
        hint = did_you_mean(name, names)
        raise MappingError(f"{where}: the network has no layer {name!r}{hint}")
    return names.index(name)


def _scalar(hint: Any, value: Any, where: str) -> Any:
    if get_origin(hint) is Literal and (value not in get_args(hint) or isinstance(value, bool)):
        allowed = [str(choice) for choice in get_args(hint)]
        close = did_you_mean(value, allowed) if isinstance(value, str) else ""
        raise MappingError(f"{where}: must be one of {', '.join(allowed)}, got {shown(value)}{close}")
    if isinstance(value, int) and value.bit_length() > 63:
        raise MappingError(f"{where}: out of range: whole numbers have at most 64 bits")
    try:
        return msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        text = str(error).partition(", got ")[0]
        for name, noun in NOUNS.items():
            text = text.replace(f"`{name}`", noun)
        raise MappingError(f"{where}: {text[0].lower()}{text[1:]}, got {shown(value)}") from None


def shown(value: Any) -> str:
    try:
        return reprlib.repr(value)
    except ValueError:  # more digits than Python prints
        return "a number of thousands of digits"


def _at(where: str, key: object) -> str:
    return f"{where}.{key}" if where else str(key)


def _is_layer(hint: Any) -> bool:
    return get_origin(hint) is Annotated and BY_NAME in hint.__metadata__


def _is_optional(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType) and type(None) in get_args(hint)


def _present(hint: Any) -> Any:
    """A type without the None that it may also be."""
    if not _is_optional(hint):
        return hint
    (only,) = (choice for choice in get_args(hint) if choice is not type(None))
    return only


def _is_required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING

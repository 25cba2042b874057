"""Maps that lie side by side in the channels of one: concatenation, and splitting, without a copy.

A `Concat` is a name, no layer: it computes and moves nothing. Its parts lie one after the other in the
channels of its output, so that they are one storage under several names. Who writes is free: layers may write
the parts and others read the output (a concatenation), a layer may write the output and others read the parts
(a split). A part may be read alone, be the output of another `Concat` (nested), or a part of several, as long
as every channel of every map then has one place. `places` finds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scanfuse.network.errors import NetworkError
from scanfuse.network.layer import Tensor, shape_text


@dataclass(frozen=True)
class Concat:
    """Two or more maps of one height and width, in the order of their channels, as one larger map."""

    output: Tensor
    parts: tuple[Tensor, ...]

    def __post_init__(self) -> None:
        name = self.output.name
        if len(self.parts) < 2:
            raise NetworkError(f"concat {name}: give two parts or more, got {len(self.parts)}")
        for part in self.parts:
            if part.shape[1:] != self.output.shape[1:]:
                raise NetworkError(
                    f"concat {name}: {part.name} is {shape_text(part)}: parts have the height and width of "
                    f"the output, {shape_text(self.output)}"
                )
        channels = sum(part.channels for part in self.parts)
        if channels != self.output.channels:
            raise NetworkError(
                f"concat {name}: the parts have {channels} channels together, the output "
                f"{self.output.channels}"
            )

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The output and the parts."""
        return (self.output, *self.parts)

    @property
    def first_channels(self) -> tuple[int, ...]:
        """Where each part begins in the output."""
        found = [0]
        for part in self.parts[:-1]:
            found.append(found[-1] + part.channels)
        return tuple(found)


@dataclass(frozen=True)
class Place:
    """Where a map lies: in the channels [first, stop) of a store, which shares its storage with no other."""

    store: Tensor
    first: int
    stop: int

    def common(self, other: Place) -> int:
        """How many channels two maps have in common."""
        if self.store != other.store:
            return 0
        return max(0, min(self.stop, other.stop) - max(self.first, other.first))

    def overlaps(self, other: Place) -> bool:
        """Whether two maps have channels in common."""
        return self.common(other) > 0


def places(named: Mapping[str, Tensor], concats: Sequence[Concat]) -> dict[str, Place]:
    """The place of every map, by name. A map that is in no concat is a store of its own.

    A store bears the name of the map that is all of it, or where there is none those of its maps, joined.
    Raises NetworkError where a map would have to be in two places.
    """
    found: dict[str, Place] = {}
    for name in named:
        if name not in found:
            offsets = _offsets(name, concats)
            lowest = min(offsets.values())
            channels = max(offset + named[each].channels for each, offset in offsets.items()) - lowest
            store = Tensor(_store_name(offsets, channels, named), channels, *named[name].shape[1:])
            for each, offset in offsets.items():
                first = offset - lowest
                found[each] = Place(store, first, first + named[each].channels)
    return found


def _store_name(sharing: Iterable[str], channels: int, named: Mapping[str, Tensor]) -> str:
    whole = [name for name in sharing if named[name].channels == channels]
    joined = whole[0] if whole else "+".join(sharing)
    while not whole and joined in named:
        joined += "+"
    return joined


def _offsets(start: str, concats: Sequence[Concat]) -> dict[str, int]:
    """The maps that share their storage with one, itself included, and where each begins relative to it."""
    offsets, waiting = {start: 0}, [start]
    while waiting:
        name = waiting.pop(0)
        for concat in concats:
            begins = list(zip(concat.tensors, (0, *concat.first_channels), strict=True))
            for tensor, begin in begins:
                if tensor.name != name:
                    continue
                for other, at in begins:
                    where = offsets[name] + at - begin
                    if other.name not in offsets:
                        offsets[other.name] = where
                        waiting.append(other.name)
                    elif offsets[other.name] != where:
                        raise NetworkError(
                            f"concat {concat.output.name}: {other.name} would lie in two places of one map: "
                            "that needs a copy, such as a pool of 1 x 1 windows makes"
                        )
    return offsets

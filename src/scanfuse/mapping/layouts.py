"""How maps lie in DRAM: the order of their axes.

* `nhwc`: the channels of a pixel together. * `nchw`: the pixels of a channel together. * `nchw<k>` (nchw16):
blocks of k channels, in each the channels of a pixel together; for maps whose channels come in whole blocks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from scanfuse.mapping.errors import MappingError
from scanfuse.network import Network

LAYOUT = re.compile(r"nhwc|nchw([1-9][0-9]{0,8})?")


@dataclass(frozen=True)
class Placed:
    """A map by name, and how it lies where that is not as the mapping says of all."""

    map: str
    layout: str


@dataclass(frozen=True)
class GroupLayouts:
    """How the maps lie that a group reads, makes, and adds to what it makes."""

    read: str
    made: str
    added: str

    @classmethod
    def same(cls, layout: str) -> GroupLayouts:
        """All maps alike, as the search has them."""
        return cls(layout, layout, layout)


NHWC = GroupLayouts.same("nhwc")


def block_of(layout: str) -> int:
    """Channels of a block: 1 for `nchw`, 0 for `nhwc`, whose block has all."""
    return 0 if layout == "nhwc" else int(layout.removeprefix("nchw") or 1)


def fitting(layout: str, channels: int) -> str:
    """The layout, or `nhwc` where the channels are no whole blocks of it."""
    block = block_of(layout)
    return "nhwc" if block and channels % block else layout


def check_layouts(network: Network, layouts: tuple[Placed, ...]) -> None:
    """Raise MappingError unless each is of a map that has a place of its own, once, in whole blocks."""
    stores = {place.store.name: place.store for place in network.places.values()}
    seen: set[str] = set()
    for number, placed in enumerate(layouts):
        where = f"layouts[{number}]"
        if placed.map not in stores:
            raise MappingError(
                f"{where}.map: {placed.map} is no map of {network.name} with a place of its own"
            )
        if placed.map in seen:
            raise MappingError(f"{where}.map: {placed.map} has a layout already")
        seen.add(placed.map)
        if not LAYOUT.fullmatch(placed.layout):
            raise MappingError(
                f"{where}.layout: must be nhwc, nchw or nchw with a block of channels, as nchw16; "
                f"got {placed.layout!r}"
            )
        channels, block = stores[placed.map].channels, block_of(placed.layout)
        if block and channels % block:
            raise MappingError(
                f"{where}.layout: the {channels} channels of {placed.map} are no whole blocks of {block}"
            )

"""Which maps are in the buffer around a group, by the names by which the group reads them.

What stays in the buffer between groups is named as it is written. A group may read it by another name, where
it lies with others in a larger map; then all of that must be there, and go, at once.
"""

from __future__ import annotations

from collections.abc import Iterable

from scanfuse.mapping.cascade import Held
from scanfuse.network import Network


def held_around(
    network: Network,
    reads: Iterable[str],
    makes: Iterable[str],
    before: frozenset[str],
    after: frozenset[str],
) -> Held | None:
    """What a group sees of the maps that are kept before and after it.

    reads, makes: the maps that it reads and makes. None where a map that it reads lies in part in DRAM, would
    go in part, or is but a part of what is kept.
    """
    made, kept, freed = frozenset(makes), set[str](), set[str]()
    touched = set(made)
    for name in reads:
        sources = network.sources(name)
        touched |= sources
        if not sources & before:
            continue
        gone = sources - after
        if sources - before or gone not in (frozenset(), sources) or not network.holds(name, sources):
            return None
        kept.add(name)
        freed |= {name} if gone else set()
    around = before | after
    return Held(
        kept=frozenset(kept | (made & after)),
        freed=frozenset(freed),
        over_entries=sum(network.maps[name].entries for name in around if name not in touched),
    )

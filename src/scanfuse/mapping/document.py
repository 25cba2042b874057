"""A mapping as text, TOML or JSON, to be edited by hand and read back: exactly what it was.

    schedule = "fused"              # a name for it; the groups say what it is
    layout = "nhwc"
    psum_entries = 1
    kept = ["b5.add"]               # maps that stay in the buffer between groups; left out where none do
    layouts = [                     # maps that lie otherwise; left out where none do
        { map = "b1.project", layout = "nchw16" },
    ]

    [network]                       # as `load` takes it; of a file also its sha256
    name = "mobilenet_v2"
    resolution = 224
    width = 1.0

    [[groups]]                      # in the order in which they run
    kind = "layer_tiling"           # the dataclass, and below its fields; layers go by name
    layer = "stem"
    ...

JSON has the same keys. A new kind of group needs nothing here but to be one of `Group`.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from typing import Any, Literal, get_args

from scanfuse.mapping.errors import MappingError
from scanfuse.mapping.fields import from_plain, shown, to_plain
from scanfuse.mapping.layouts import Placed
from scanfuse.mapping.mapping import Group, Mapping
from scanfuse.network import Layer, Network, NetworkError, Origin, load_again
from scanfuse.network.errors import did_you_mean

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAPPING_FORMATS = ("toml", "json")
HEAD = """\
# How {network} runs, for scanfuse (see docs/mapping.md). Every layer is in one group, in order.
# scanfuse map --mapping FILE tells what it costs, scanfuse run --mapping FILE runs it.
"""


@dataclass(frozen=True)
class Header:
    """What a file says of a mapping beside its groups."""

    network: Origin
    schedule: str
    layout: Literal["nhwc", "nchw"]
    psum_entries: Literal[1, 2, 4]
    kept: tuple[str, ...] | None = None
    layouts: tuple[Placed, ...] | None = None


def kind_of(group: type[Any]) -> str:
    """What a kind of group is called in a file: `layer_tiling` for LayerTiling."""
    return re.sub(r"(?<=.)(?=[A-Z])", "_", group.__name__).lower()


KINDS: dict[str, type[Any]] = {kind_of(group): group for group in get_args(Group)}


def group_document(mapping: Mapping, group: Group) -> dict[str, Any]:
    """One group as plain data: its kind and its fields, layers by name."""
    return {"kind": kind_of(type(group)), **to_plain(group, mapping.network.layers)}


def mapping_document(mapping: Mapping) -> dict[str, Any]:
    """A mapping as plain data."""
    origin = mapping.network.origin or Origin(mapping.network.name)
    header = Header(
        origin,
        mapping.schedule,
        mapping.layout,  # type: ignore[arg-type]
        mapping.psum_entries,  # type: ignore[arg-type]
        mapping.kept or None,
        mapping.layouts or None,
    )
    groups = [group_document(mapping, group) for group in mapping.groups]
    return {**to_plain(header, ()), "groups": groups}


def mapping_text(mapping: Mapping, form: str = "toml") -> str:
    """A mapping as the text of a file. `form` is one of MAPPING_FORMATS."""
    document = mapping_document(mapping)
    if form == "json":
        return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    network, groups = document.pop("network"), document.pop("groups")
    tables = [("", document), ("[network]\n", network), *(("[[groups]]\n", group) for group in groups)]
    head = HEAD.format(network=mapping.network.name)
    return "\n".join([head, *(f"{title}{_toml_lines(table)}" for title, table in tables)])


def _toml_lines(table: dict[str, Any]) -> str:
    return "".join(f"{key} = {_toml_value(value)}\n" for key, value in table.items())


def _toml_value(value: Any) -> str:
    """A value on one line, but a list of tables on a line each."""
    import tomli_w

    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        items = [_toml_value(item) for item in value]
        if any(isinstance(item, dict) for item in value):
            return "".join(["[\n", *(f"    {item},\n" for item in items), "]"])
        return f"[{', '.join(items)}]"
    return tomli_w.dumps({"value": value}).removeprefix("value = ").rstrip("\n")


def parse_mapping(text: str, where: str, form: str = "toml", network: Network | None = None) -> Mapping:
    """The mapping that a text describes.

    where: the file, which opens every error. network: what it maps, where that cannot be loaded by the name
    in the text; it must be the one the text names. Raises MappingError.
    """
    try:
        document = tomllib.loads(text) if form == "toml" else json.loads(text)
    except (ValueError, RecursionError) as error:  # a TOMLDecodeError, a number of too many digits...
        raise MappingError(f"{where}: not valid {form.upper()}: {error}") from None
    try:
        return _from_document(document, network)
    except (MappingError, NetworkError, OSError) as error:
        raise MappingError(f"{where}: {error}") from None


def _from_document(document: Any, network: Network | None) -> Mapping:
    if not isinstance(document, dict):
        raise MappingError("expected a table of network, schedule, layout, psum_entries and groups")
    document = dict(document)
    groups = document.pop("groups", None)
    header = from_plain(Header, document, "", ())
    if not header.schedule:
        raise MappingError("schedule: must not be empty")
    if not isinstance(groups, list):
        raise MappingError("groups: expected [[groups]] tables, a group each")
    found = _network(header.network, network)
    parsed = [_group(group, f"groups[{number}]", found.layers) for number, group in enumerate(groups)]
    return Mapping(
        found,
        header.schedule,
        tuple(parsed),
        header.layout,
        header.psum_entries,
        header.kept or (),
        header.layouts or (),
    )


def _network(origin: Origin, given: Network | None) -> Network:
    if given is None:
        return load_again(origin)
    expected, named = given.origin or Origin(given.name), origin
    if given.origin is not None:  # what the file leaves out is the network's own
        named = load_again(origin).origin or origin
    if named != expected:
        raise MappingError(f"network: the mapping is for {_told(named)}, not for {_told(expected)}")
    return given


def _told(origin: Origin) -> str:
    scaled = {"resolution": origin.resolution, "width": origin.width, "sha256": origin.sha256}
    told = [f"{key} {value}" for key, value in scaled.items() if value is not None]
    return " ".join([origin.name, *told])


def _group(table: Any, where: str, layers: tuple[Layer, ...]) -> Group:
    if not isinstance(table, dict):
        raise MappingError(f"{where}: expected a table, got {shown(table)}")
    kind, kinds = table.get("kind", ""), f"the kinds are {', '.join(KINDS)}"
    if not isinstance(kind, str) or not kind:
        raise MappingError(f"{where}.kind: {'no text' if kind else 'missing'}; {kinds}")
    if kind not in KINDS:
        raise MappingError(f"{where}.kind: unknown kind {kind!r}{did_you_mean(kind, KINDS)}; {kinds}")
    fields = {key: value for key, value in table.items() if key != "kind"}
    group: Group = from_plain(KINDS[kind], fields, where, layers)
    return group

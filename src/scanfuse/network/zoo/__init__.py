"""The zoo: well-known networks, each a small TOML file beside this one.

A file names its source, the published figures the tests hold it to, and its stages in order; `blocks.py`
turns a stage into layers.
"""

import sys
from importlib.resources import files
from numbers import Real
from typing import Any

from scanfuse.network.errors import NetworkError, did_you_mean
from scanfuse.network.layer import Tensor
from scanfuse.network.network import Network, Origin
from scanfuse.network.zoo.blocks import append
from scanfuse.network.zoo.chain import Chain, Stage

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def zoo_names() -> list[str]:
    return sorted(
        entry.name.removesuffix(".toml") for entry in files(__name__).iterdir() if is_network(entry.name)
    )


def load(name: str, resolution: int | None = None, width: float | None = None) -> Network:
    """A network of the zoo, at its own resolution and width 1 unless told otherwise.

    `resolution` is the height and width of the input image. `width` multiplies every number of channels by
    MobileNet's rule (`chain.make_divisible`), except the classes, and a head that may grow but not shrink.
    A fully connected layer that reads a map, as VGG-16's `fc6` does, has weights in proportion to the map.
    """
    table = read(name)
    pixels = table["resolution"] if resolution is None else resolution
    check_scaling(name, pixels, 1.0 if width is None else width)
    factor = 1.0 if width is None else float(width)
    chain = Chain(Tensor("input", 3, pixels, pixels), factor)
    for stage in table["stage"]:
        append(chain, Stage(**stage))
    variant = name if (pixels, factor) == (table["resolution"], 1) else f"{name}_{factor:g}_{pixels}"
    origin = Origin(name, pixels, factor)
    return Network(variant, tuple(chain.layers), chain.input, chain.current, origin, tuple(chain.concats))


def read(name: str) -> dict[str, Any]:
    """The file of a network as it stands, published figures and all."""
    names = zoo_names()
    if name not in names:
        raise NetworkError(
            f"unknown network {name!r}{did_you_mean(name, names)}; the zoo has {', '.join(names)}"
        )
    return tomllib.loads((files(__name__) / f"{name}.toml").read_text(encoding="utf-8"))


def is_network(file_name: str) -> bool:
    return file_name.endswith(".toml")


def check_scaling(name: str, resolution: object, width: object) -> None:
    if not isinstance(resolution, int) or isinstance(resolution, bool) or resolution < 1:
        raise NetworkError(f"{name}: resolution {resolution!r}: give a whole number of pixels, 1 or more")
    if not isinstance(width, Real) or isinstance(width, bool) or not 0 < float(width) < float("inf"):
        raise NetworkError(f"{name}: width {width!r}: give a factor above 0, such as 0.75")

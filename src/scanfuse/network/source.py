"""Networks by name: of the zoo, or in a file, which its suffix tells."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from scanfuse.network import zoo
from scanfuse.network.errors import NetworkError
from scanfuse.network.network import Network, Origin
from scanfuse.network.scalesim import read_topology

SUFFIXES = (".onnx", ".csv")


def load(
    name: str,
    resolution: int | None = None,
    width: float | None = None,
    *,
    skip_unsupported: bool = False,
    sha256: str | None = None,
) -> Network:
    """A network of the zoo by its name, or one in a file: `.onnx`, or `.csv` as SCALE-Sim has it.

    Args:
        name: a name of the zoo (`scanfuse.network.zoo_names()`), or a path that ends in `.onnx` (which needs
            the extra `onnx`; weights may be absent) or `.csv`.
        resolution: height and width of the input in pixels; None for the network's own, such as 224.
        width: multiplies the numbers of channels, as the networks' authors do; in the zoo only.
        skip_unsupported: of an ONNX file, pass over operators that are not modelled, with a `NetworkWarning`.
        sha256: what the hexadecimal SHA-256 of a file's content must be.

    Returns:
        The `Network`: `layers` in the order in which they run (each with `name`, `kind`, `inputs`, `output`,
        `macs`, `weight_entries`; shapes are channels, height, width; batch 1), `macs`, `weight_entries`.

    Raises:
        NetworkError: an unknown name, an option that does not apply, a file that cannot be understood: names
            what was found, and the nearest that is allowed.
        OSError: a file that cannot be read.

    Example:
        >>> network = scanfuse.load("mobilenet_v2", resolution=96)
        >>> network.macs, network.layers[0].output.shape
        (56289152, (32, 48, 48))
    """
    if not is_file_name(name):
        if skip_unsupported:
            raise NetworkError(f"{name}: --skip-unsupported is for ONNX files")
        return zoo.load(name, resolution, width)
    path = Path(os.path.realpath(name))  # resolve() raises no OSError at links in a circle
    if width is not None:
        raise NetworkError(f"{name}: --width scales networks of the zoo, not one in a file")
    found = hashlib.sha256(Path(name).read_bytes()).hexdigest()
    if sha256 not in (None, found):
        raise NetworkError(
            f"{name}: the file has changed: its SHA-256 is {found}, and was {sha256}; take the file as it "
            "was, or map the network anew"
        )
    origin = Origin(str(path), resolution, None, found, skip_unsupported or None)
    if path.suffix.lower() == ".csv":
        return _topology(name, origin)
    from scanfuse.network.onnx_reader import read_onnx

    return read_onnx(name, resolution, skip_unsupported=skip_unsupported, origin=origin)


def _topology(name: str, origin: Origin) -> Network:
    """A SCALE-Sim topology, which has its own sizes."""
    if origin.resolution is not None:
        raise NetworkError(f"{name}: a SCALE-Sim topology has sizes of its own: leave out --resolution")
    if origin.skip_unsupported:
        raise NetworkError(f"{name}: --skip-unsupported is for ONNX files")
    return read_topology(name, origin)


def load_again(origin: Origin) -> Network:
    """The network that came from somewhere, exactly as it was. Raises NetworkError, OSError."""
    return load(
        origin.name,
        origin.resolution,
        origin.width,
        skip_unsupported=bool(origin.skip_unsupported),
        sha256=origin.sha256,
    )


def is_file_name(name: str) -> bool:
    """Whether a name is that of a file, and not of the zoo."""
    return Path(name).suffix.lower() in SUFFIXES

"""TOML that says where it is wrong."""

import sys
from typing import Any

from scanfuse.hardware.errors import HardwareError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def parse_toml(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, or a number of thousands of digits
        lines = len(text.rstrip().splitlines())
        told = str(error).replace("at end of document", f"at line {lines}, the last")
        raise HardwareError(f"{where}: not valid TOML: {told}") from None

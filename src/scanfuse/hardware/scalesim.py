"""SCALE-Sim architecture files (`.cfg`) as hardware.

    ArrayHeight, ArrayWidth                          pe_array.rows, columns
    Dataflow os, ws, is                              pe_array.dataflow systolic_os, systolic_ws, systolic_is
    IfmapSramSzkB + FilterSramSzkB + OfmapSramSzkB   buffer.entries, of 8 bits: SCALE-Sim's words are bytes
    run_name                                         name

All else stays as in the preset `paper`, and what the file says beside these is ignored, with a warning that
names it: offsets are laid out anew, and bandwidth and banks come from the DRAM part.
"""

import configparser
import warnings
from pathlib import Path
from typing import Any

from scanfuse.hardware.errors import HardwareError, HardwareWarning

DATAFLOWS = {"os": "systolic_os", "ws": "systolic_ws", "is": "systolic_is"}
SRAMS = ("ifmapsramsz", "filtersramsz", "ofmapsramsz")  # KiB; newer files append kB to the key
READ = ("arrayheight", "arraywidth", *SRAMS, "dataflow", "run_name")
MOST_DIGITS = 12


def architecture_table(text: str, where: str) -> dict[str, Any]:
    """The description in a `.cfg` file, as a TOML file would have it. Raises HardwareError."""
    values = _values(text, where)
    rows = _number(values, "arrayheight", "ArrayHeight", where)
    columns = _number(values, "arraywidth", "ArrayWidth", where)
    kib = [_number(values, f"{key}kb" if f"{key}kb" in values else key, key, where) for key in SRAMS]
    if "dataflow" not in values:
        raise HardwareError(f"{where}: Dataflow is missing: give one of {', '.join(DATAFLOWS)}")
    dataflow = values.pop("dataflow")[1].lower()
    if dataflow not in DATAFLOWS:
        raise HardwareError(f"{where}: Dataflow: must be one of {', '.join(DATAFLOWS)}, got {dataflow!r}")
    name = values.pop("run_name", ("", ""))[1].strip("\"'") or Path(where).stem
    if values:
        ignored = ", ".join(key for key, _ in values.values())
        warnings.warn(
            f"{where}: ignored: {ignored}; clock, DRAM and energies are those of the preset paper",
            HardwareWarning,
            stacklevel=3,
        )
    return {
        "name": name,
        "pe_array": {"rows": rows, "columns": columns, "dataflow": DATAFLOWS[dataflow]},
        "buffer": {"entries": sum(kib) * 1024, "entry_bits": 8},
    }


def _values(text: str, where: str) -> dict[str, tuple[str, str]]:
    """Key as written and value, by key in small letters; of all sections, as versions differ in them."""
    parser = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=("#", ";"))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text)
    except configparser.Error as error:
        told = " ".join(str(error).replace("<string>", where).splitlines()[:2])  # a third would be the line
        raise HardwareError(f"{where}: not an architecture file of SCALE-Sim: {told}") from None
    found: dict[str, tuple[str, str]] = {}
    for section in parser.sections():
        for key, value in parser.items(section):
            if key.lower() in found and key.lower().removesuffix("kb") in READ:
                raise HardwareError(f"{where}: {key} is given twice")
            found[key.lower()] = (key, value.strip())
    return found


def _number(values: dict[str, tuple[str, str]], key: str, name: str, where: str) -> int:
    if key not in values:
        raise HardwareError(f"{where}: {name} is missing: expected a whole number, 1 or more")
    written, text = values.pop(key)
    if not text.isascii() or not text.isdecimal() or len(text) > MOST_DIGITS or int(text) < 1:
        raise HardwareError(f"{where}: {written}: expected a whole number, 1 or more, got {text!r}")
    return int(text)

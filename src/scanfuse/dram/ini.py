"""Reading device and system files: `KEY=value` lines with `;` comments.

The syntax is DRAMSim2's, in which any key may stand in either file and the last of duplicates counts. What
it reads strangely we read the same, with a warning: text after a number is ignored, a number with a minus
wraps, a bool is true only for `true` or `1`, an unknown policy is the default one. Where it stumbles we do
not: blank lines, blanks around `=` and Windows line ends count for nothing. Where it goes on in silence we
refuse: a key that nobody knows, a number that is none.
"""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scanfuse.dram.errors import DramConfigError, DramConfigWarning, did_you_mean
from scanfuse.dram.keys import BOOLS, CHOICES, FLOATS, KEYS, PRINTING

Value = int | float | bool | str

_UINT = re.compile(r"\s*([+-]?)([0-9]+)")
_FLOAT = re.compile(r"\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?![eE])")
_UINT_RANGE = 1 << 32

# In numbers blanks do not count for DRAMSim2 either (around their keys they make it stop).
_EXACT = (BOOLS - PRINTING) | CHOICES.keys()


@dataclass(frozen=True)
class Setting:
    """One value as found: its text (or number, from a dict) and where it stood."""

    key: str
    text: object
    where: str  # `file.ini:12`, or the name of the argument


def read_ini(path: Path) -> list[Setting]:
    """The settings of a file in order.

    Raises DramConfigError for a line that is no setting and for an unknown key, OSError. Warns where
    DRAMSim2, to which blanks and Windows line ends are part of key or value, reads what counts otherwise.
    """
    text = path.read_bytes().decode("utf-8-sig", errors="replace")
    settings, otherwise = [], []
    for number, line in enumerate(text.split("\n"), 1):
        body = line.split(";", 1)[0]
        if not body.strip():
            continue
        key, equals, value = body.partition("=")
        where = f"{path}:{number}"
        if not equals:
            raise DramConfigError(f"{where}: found {_shown(body)}: expected KEY=value or a comment after ';'")
        setting = Setting(key.strip(), value.strip(), where)
        settings.append(_known(setting))
        exact = (key, value.rstrip(" \t")) == (setting.key, setting.text)
        if not exact and setting.key in _EXACT:
            otherwise.append(setting.key)
    if otherwise:
        _warn(
            f"{path}: {', '.join(otherwise)}: read as meant; DRAMSim2 reads them otherwise because of the "
            "blanks or Windows line ends there"
        )
    return settings


def from_mapping(values: Mapping[str, object], where: str) -> list[Setting]:
    """The settings of a dict, values as text or numbers. Raises DramConfigError on an unknown key."""
    return [_known(Setting(key, value, where)) for key, value in values.items()]


def _known(setting: Setting) -> Setting:
    key = setting.key
    if key in KEYS:
        return setting
    shown = key if str(key).isidentifier() else _shown(key)
    raise DramConfigError(f"{setting.where}: {shown}: unknown key{did_you_mean(str(key), KEYS)}")


def parse(setting: Setting) -> Value:
    """The value of a known key, of the key's kind. Raises DramConfigError."""
    key, text = setting.key, setting.text
    if key in BOOLS:
        return _bool(setting, text)
    if key in CHOICES:
        return _choice(setting, text)
    if isinstance(text, bool) or not isinstance(text, int | float | str):
        raise _refused(setting, "a number")
    return _float(setting, text) if key in FLOATS else _uint(setting, text)


def _uint(setting: Setting, text: int | float | str) -> int:
    if not isinstance(text, str):
        if not 0 <= text < _UINT_RANGE or text != int(text):
            raise _refused(setting, "a whole number from 0 to 4294967295")
        return int(text)
    match = _UINT.match(text)
    magnitude = int(match[2]) if match and len(match[2]) < 20 else _UINT_RANGE
    if match is None or magnitude >= _UINT_RANGE:
        raise _refused(setting, "a whole number from 0 to 4294967295")
    if match[1] == "-" or match.end() != len(text.rstrip()):
        value = -magnitude % _UINT_RANGE if match[1] == "-" else magnitude
        _warn(f"{setting.where}: {setting.key}={_shown(text)}: read as {value}, as DRAMSim2 does")
        return value
    return magnitude


def _float(setting: Setting, text: int | float | str) -> float:
    if not isinstance(text, str):
        return float(text)
    match = _FLOAT.match(text)
    if match is None:
        raise _refused(setting, "a number")
    return float(match[1])


def _bool(setting: Setting, text: object) -> bool:
    if isinstance(text, bool | int):
        return bool(text)
    if text not in ("true", "1", "false", "0"):
        _warn(
            f"{setting.where}: {setting.key}={_shown(text)}: read as false (only exactly true or 1 is true)"
        )
    return text in ("true", "1")


def _choice(setting: Setting, text: object) -> str:
    choices = CHOICES[setting.key]
    if isinstance(text, str) and text in choices:
        return text
    hint = did_you_mean(str(text), choices)
    allowed = ", ".join(sorted(choices))
    _warn(f"{setting.where}: {setting.key}={_shown(text)}: not one of {allowed}{hint}; read as {choices[-1]}")
    return choices[-1]


def _refused(setting: Setting, allowed: str) -> DramConfigError:
    return DramConfigError(f"{setting.where}: {setting.key}={_shown(setting.text)}: must be {allowed}")


def _shown(text: object) -> str:
    shown = repr(text)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def _warn(message: str) -> None:
    warnings.warn(message, DramConfigWarning, stacklevel=2)

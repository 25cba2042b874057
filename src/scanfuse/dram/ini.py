"""Reading device and system files: `KEY=value` lines with `;` comments.

The syntax is DRAMSim2's, as forgiving and as strict as there wherever DRAMSim2 accepts a file: keys are
not trimmed, text after a number is ignored, a bool is true only for exactly `true` or `1`, unknown keys are
ignored (with a warning). Files that it does not accept (lines of blanks only, Windows line ends on empty
lines, numbers missing because of blanks around their keys) are read as they are meant, blanks and line ends
aside. Where it goes on with a zero (a number that is none) we refuse.
"""

import re
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from scanfuse.dram.errors import DramConfigError, DramConfigWarning, did_you_mean
from scanfuse.dram.keys import BOOLS, CHOICES, FLOATS, KEYS, REQUIRED

Value = int | float | bool | str

_UINT = re.compile(r"\s*([+-]?)([0-9]+)")
_FLOAT = re.compile(r"\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?![eE])")
_UINT_RANGE = 1 << 32


@dataclass(frozen=True)
class Setting:
    """One value as found: its text (or number, from a dict) and where it stood."""

    key: str
    text: object
    where: str  # `file.ini:12`, or the name of the argument


def read_ini(path: Path) -> tuple[list[Setting], bool]:
    """The settings of a file in order, unknown keys included, and whether DRAMSim2 aborts on a line of it.

    Raises DramConfigError, OSError.
    """
    text = path.read_bytes().decode("utf-8-sig", errors="replace")
    lines = text.split("\n")
    bodies = [line.split(";", 1)[0] for line in lines]
    # An empty line with a Windows line end makes DRAMSim2 abort, so such a file can be read as meant.
    windows = any(not body.strip() and body != "" and body.endswith("\r") for body in bodies)
    settings = []
    aborts = False
    for number, body in enumerate(bodies, 1):
        line = body.removesuffix("\r") if windows else body
        line = line.rstrip(" \t")
        if not line.strip():
            aborts = aborts or (lines[number - 1] != "" and not lines[number - 1].startswith(";"))
            continue
        key, equals, value = line.partition("=")
        where = f"{path}:{number}"
        if not equals:
            raise DramConfigError(f"{where}: found {_shown(line)}: expected KEY=value or a comment after ';'")
        settings.append(Setting(key, value, where))
    return settings, aborts


def from_mapping(values: Mapping[str, object], where: str) -> list[Setting]:
    """The settings of a dict, values as text or numbers. Raises DramConfigError on an unknown key."""
    for key in values:
        if key not in KEYS:
            raise DramConfigError(f"{where}: {key}: unknown key{did_you_mean(str(key), KEYS)}")
    return [Setting(key, value, where) for key, value in values.items()]


def settle(settings: list[Setting], overridden: Collection[str], aborts: bool) -> dict[str, Setting]:
    """Known keys, the last of duplicates. Warns of unknown ones.

    `overridden` are the keys set otherwise, `aborts` says that DRAMSim2 does not accept the files. Nor does
    it where numbers are missing; then blanks around keys and values and Windows line ends count for nothing.
    """
    exact = {setting.key: setting for setting in settings if setting.key in KEYS}
    tolerant = aborts or any(key not in exact and key not in overridden for key in REQUIRED)
    known: dict[str, Setting] = {}
    for setting in settings:
        key = setting.key.strip() if tolerant else setting.key
        if tolerant and key in exact and key != setting.key:
            _warn(f"{setting.where}: {_shown(setting.key)}: ignored, because of the blanks around the key")
        elif key in KEYS:
            text = setting.text.strip() if tolerant and isinstance(setting.text, str) else setting.text
            known[key] = Setting(key, text, setting.where)
        else:
            hint = did_you_mean(setting.key, KEYS)
            _warn(f"{setting.where}: {_shown(setting.key)}: unknown key, ignored{hint}")
    return known


def missing_text(missing: list[str], settings: list[Setting]) -> str:
    """The missing keys, each with the unknown one that was found and may have been meant for it."""
    texts = []
    unknown = {setting.key.strip(): setting for setting in settings if setting.key.strip() not in KEYS}
    for key in missing:
        meant = [s for name, s in unknown.items() if did_you_mean(name, missing) == f" (did you mean {key}?)"]
        texts.append(
            key + (f" ({meant[0].where}: {_shown(meant[0].key)}: did you mean {key}?)" if meant else "")
        )
    return f"missing {', '.join(texts)}"


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

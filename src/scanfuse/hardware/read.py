"""Hardware from TOML: a preset or a file, with settings applied on top; or from a `.cfg` of SCALE-Sim.

A file gives only what differs from the defaults (the preset `paper`). A setting is `section.key=value`; its
value is read as TOML, or as plain text where TOML does not know it. Relative paths are those of the file
they stand in, for settings those of the working directory, and are made absolute: a description can be
saved elsewhere and read back.
"""

import dataclasses
import os
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from scanfuse.hardware.accelerator import DMA, DRAM, Accelerator, Buffer, Energy, Layout, PEArray
from scanfuse.hardware.clock import parse_hz
from scanfuse.hardware.errors import HardwareError, did_you_mean
from scanfuse.hardware.scalesim import architecture_table
from scanfuse.hardware.toml import parse_toml

SECTIONS: dict[str, type[Any]] = {
    "pe_array": PEArray,
    "buffer": Buffer,
    "dma": DMA,
    "layout": Layout,
    "dram": DRAM,
    "energy": Energy,
}
PATHS = {"dram.part", "dram.system", "energy.source"}  # texts that may be paths

Table = dict[str, Any]


def preset_names() -> list[str]:
    names = (entry.name for entry in (files(__package__) / "presets").iterdir())
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def load_hardware(
    name_or_path: str | Path = "paper", settings: Mapping[str, str] | Sequence[str] = ()
) -> Accelerator:
    """A preset by its name, or the description in a TOML file, with `section.key=value` settings applied.

    Args:
        name_or_path: a preset (`scanfuse.hardware.preset_names()`), a `.toml` file that gives what differs
            from the preset `paper`, or a `.cfg` file, an architecture of SCALE-Sim. docs/hardware.md has
            every key.
        settings: what to change, as `["section.key=value", ...]` or `{"section.key": "value"}`; values are
            read as TOML, or as text where they are not TOML ("200 MHz").

    Returns:
        The `Accelerator`, frozen: `pe_array`, `buffer`, `dma`, `layout`, `dram`, `energy`. Change one with
        `dataclasses.replace`, or make one in Python; the checks are the same.

    Raises:
        HardwareError: an unknown preset or key (with the nearest known one), a value out of range, a file
            that cannot be read: names file and key, what was found and what is allowed.

    Example:
        >>> hardware = scanfuse.load_hardware("paper", ["pe_array.rows=16", "pe_array.clock_hz=200 MHz"])
        >>> hardware.pe_array.rows, hardware.pe_array.clock_hz, hardware.buffer.entries
        (16, 200000000, 65536)
    """
    values: Table = {}
    for key, text in setting_pairs(settings):
        check_key(key, "settings")
        values[key] = parse_value(key, text)
    return hardware_with(name_or_path, values, "settings", Path.cwd())


def hardware_with(
    name_or_path: str | Path, values: Mapping[str, object], origin: str, folder: Path
) -> Accelerator:
    """A preset, or the description in a file, with `section.key`s set to values as TOML has them.

    origin: where the values stand, for errors; folder: what their relative paths are relative to.
    """
    text, where, home = find(name_or_path)
    is_cfg = Path(where).suffix.lower() == ".cfg"
    table = architecture_table(text, where) if is_cfg else parse_toml(text, where)
    table.pop("run", None)  # in the config.toml of a run folder: what was run, not on what
    table.setdefault("name", Path(where).stem)
    own = {key: coerce(key, value, where, home) for key, value in flatten(table, where).items()}
    for key, value in values.items():
        check_key(key, origin)
        own[key] = coerce(key, value, origin, folder)
    return build(own, dict.fromkeys(values, origin), where)


def find(name_or_path: str | Path) -> tuple[str, str, Path]:
    """The text of a description, what to call it in errors, and the folder its paths are relative to."""
    names = preset_names()
    if name_or_path in names:
        preset = files(__package__) / "presets" / f"{name_or_path}.toml"
        return preset.read_text(encoding="utf-8"), preset.name, Path.cwd()
    path = Path(name_or_path)
    if path.suffix != ".toml" and not path.exists():
        raise HardwareError(
            f"unknown preset {str(name_or_path)!r}{did_you_mean(str(name_or_path), names)}; the presets are "
            f"{', '.join(names)}, or give the path of a .toml file, or of SCALE-Sim's .cfg"
        )
    try:
        return path.read_text(encoding="utf-8"), str(path), path.parent
    except FileNotFoundError:
        raise HardwareError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise HardwareError(f"{path}: cannot be read: {error}") from None


def setting_pairs(settings: Mapping[str, str] | Sequence[str]) -> Iterable[tuple[str, str]]:
    if isinstance(settings, Mapping):
        yield from settings.items()
        return
    for setting in [settings] if isinstance(settings, str) else settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise HardwareError(f"settings: {setting!r}: give section.key=value")
        yield key.strip(), text.strip()


def flatten(table: Table, where: str) -> Table:
    """Dotted keys to values, every key checked."""
    values: Table = {}
    for section, content in table.items():
        if section not in SECTIONS:
            check_key(section, where)
            values[section] = content
        elif not isinstance(content, dict):
            raise HardwareError(f"{where}: {section}: expected a table, got {content!r}")
        else:
            for name, value in content.items():
                check_key(f"{section}.{name}", where)
                values[f"{section}.{name}"] = value
    return values


def check_key(key: str, where: str) -> None:
    section, _, name = key.partition(".")
    if key == "name" or key.startswith("dram.overrides."):
        return
    if section not in SECTIONS:
        hint = did_you_mean(section, [*SECTIONS, "name"]) or homes(name or section)
        raise HardwareError(f"{where}: {key}: unknown {'section' if name else 'key'}{hint}")
    names = [known.name for known in dataclasses.fields(SECTIONS[section])]
    if not name:
        raise HardwareError(f"{where}: {key}: is a section; give one of {key}.{{{', '.join(names)}}}")
    if name not in names:
        hint = did_you_mean(name, names) or homes(name) or f"; the keys are {', '.join(names)}"
        raise HardwareError(f"{where}: {key}: unknown key{hint}")


def homes(name: str) -> str:
    """A hint for a key that was given without its section or in a wrong one."""
    known = [
        f"{s}.{f.name}" for s, kind in SECTIONS.items() for f in dataclasses.fields(kind) if f.name == name
    ]
    return f" (did you mean {' or '.join(known)}?)" if known else ""


def parse_value(key: str, text: str) -> object:
    """A setting's value: TOML if it is, else the text itself. Keys that hold text need no quotes."""
    if not isinstance(text, str):
        raise HardwareError(f"settings: {key}: expected a text to read the value from, got {text!r}")
    try:
        parsed = parse_toml(f"value = {text}", key)
    except HardwareError:
        return text
    value = parsed["value"]
    if set(parsed) != {"value"} or (isinstance(default(key), str) and not isinstance(value, str)):
        return text
    return value


def default(key: str) -> object:
    section, _, name = key.partition(".")
    return getattr(SECTIONS[section](), name, None) if section in SECTIONS else ""


def coerce(key: str, value: object, where: str, folder: Path) -> object:
    """What people may write where the sections want one form: 1e9 or "1 GHz" for a count, a relative path."""
    if key == "pe_array.clock_hz" and isinstance(value, str):
        try:
            return parse_hz(key, value)
        except HardwareError as error:
            raise HardwareError(f"{where}: {error}") from None
    if isinstance(value, float) and value.is_integer() and type(default(key)) is int:
        return int(value)
    if key in PATHS and isinstance(value, str) and is_path(key, value):
        return os.path.realpath(folder / value)
    return value


def is_path(key: str, value: str) -> bool:
    return bool(value) and (key == "dram.system" or value.endswith((".ini", ".toml")) or os.sep in value)


def build(values: Table, origins: Mapping[str, str], where: str) -> Accelerator:
    sections: dict[str, Table] = {section: {} for section in SECTIONS}
    try:
        for key, value in values.items():
            section, _, name = key.partition(".")
            if key.startswith("dram.overrides."):
                merge_override(sections["dram"], key, value)
            elif name:
                sections[section][name] = value
        parts = {section: SECTIONS[section](**content) for section, content in sections.items()}
        return Accelerator(name=values["name"], **parts)
    except HardwareError as error:
        key = str(error).split(":", 1)[0]
        raise HardwareError(f"{origins.get(key, where)}: {error}") from None


def merge_override(dram: Table, key: str, value: object) -> None:
    known = dram.get("overrides", {})
    if isinstance(known, dict):
        dram["overrides"] = {**known, key.removeprefix("dram.overrides."): value}

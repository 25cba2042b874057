"""Do the pages on hardware and on DRAM parts have every key, with its default and its unit?"""

import dataclasses
import re
from pathlib import Path

from scanfuse.dram.keys import CHOICES, KEYS, REQUIRED
from scanfuse.hardware.read import SECTIONS
from scanfuse.results.setup import tomllib

DOCS = Path(__file__).parents[2] / "docs"


def rows(page: str, columns: int) -> list[list[str]]:
    """The rows of the tables of a page that begin with a key."""
    found = re.findall(r"^\| (`.*) \|$", (DOCS / page).read_text("utf-8"), re.MULTILINE)
    cells = [re.split(r"\s*\|\s*", row) for row in found]
    assert all(len(row) == columns for row in cells)
    return cells


def test_the_page_on_hardware_has_every_key_with_its_default() -> None:
    told = {key.strip("`"): default for key, default, _, _ in rows("hardware.md", 4)}
    fields = {
        f"{name}.{field.name}": getattr(section(), field.name)
        for name, section in SECTIONS.items()
        for field in dataclasses.fields(section)
    }
    assert told.keys() == fields.keys()
    for key, default in told.items():
        known = None if default == "none" else tomllib.loads(f"value = {default.strip('`')}")["value"]
        assert (known, type(known)) == (fields[key], type(fields[key])), key


def test_each_key_of_hardware_has_its_unit_or_its_values() -> None:
    for key, _, values, meaning in rows("hardware.md", 4):
        name = key.strip("`")
        assert values and meaning
        section, _, field = name.partition(".")
        kind = next(each for each in dataclasses.fields(SECTIONS[section]) if each.name == field).type
        choices = getattr(kind, "__args__", ())
        if choices and all(isinstance(each, str) for each in choices):
            assert re.findall(r"`(\w+)`", values) == list(choices), name


def test_the_page_on_dram_parts_has_every_key() -> None:
    told = [key for names, _, _ in rows("dram-parts.md", 3) for key in re.findall(r"`(\w+)`", names)]
    assert sorted(told) == sorted(KEYS)
    for names, values, meaning in rows("dram-parts.md", 3):
        (key, *_) = re.findall(r"`(\w+)`", names)
        assert meaning
        if key in CHOICES and len(CHOICES[key]) == 2:
            assert set(re.findall(r"`(\w+)`", values)) == set(CHOICES[key])
        if re.match(r"t[A-Z]|IDD|CL|AL", key) and key in REQUIRED:
            assert values == ("ns" if key == "tCK" else "mA" if key.startswith("IDD") else "ticks")

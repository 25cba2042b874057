"""Does docs/dram-modes.md say what is measured?"""

from pathlib import Path

from mode_effects import EFFECTS, rows

DOCUMENT = Path(__file__).parents[2] / "docs" / "dram-modes.md"


def test_the_table_of_effects_is_measured(tmp_path):
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    start = lines.index("| | stream | `dramsim2` | `strict` |") + 2
    assert lines[start : start + len(EFFECTS)] == rows(tmp_path)


def test_every_quirk_has_a_row():
    text = DOCUMENT.read_text(encoding="utf-8")
    for quirk in {each for each, *_ in EFFECTS} | {"Q8"}:
        assert f"\n| {quirk} | " in text

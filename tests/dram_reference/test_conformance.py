"""Does the conformance table of third_party/DRAMSim2/README.md say what the cases are?

That each case is equal in every figure is the matter of test_reference.py; a case that is not fails there.
"""

from conformance import ABOUT, CASES, README, added, counts, read_table, table
from test_reference import SHARED


def test_the_table_is_that_of_the_cases():
    text = README.read_text(encoding="utf-8")
    rows = read_table(text)
    assert list(rows) == list(ABOUT)
    kept, measured = ({name: row[i] for name, row in rows.items()} for i in (0, 1))
    assert table(kept, measured) in text
    assert kept == added({path: [1, 1, *counts(path)] for path in CASES.glob("*.json")})
    if SHARED.is_dir():
        assert measured == added({path: [1, 1, *counts(path)] for path in SHARED.glob("*.npz")})
    assert all(row[0] == row[1] for row in (*kept.values(), *measured.values()))

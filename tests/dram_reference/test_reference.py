"""Does the engine equal the reference simulator, in every figure?"""

from pathlib import Path

import pytest
from dram_golden import CASES, differences, load

# The full set is kept beside the repository where there is room for it.
SHARED = Path(__file__).resolve().parents[3] / "shared" / "dram" / "golden"


@pytest.mark.parametrize("path", sorted(CASES.glob("*.json")), ids=lambda path: path.stem)
def test_case(path):
    assert differences(load(path)) == []


def test_every_family_is_kept():
    families = {path.stem.split("-")[1] for path in CASES.glob("*.json")}
    assert families >= set(
        "big bus clock conflict default hits lowpower mixed multichan override pend posted refresh tightq "
        "timing tiny trace".split()
    )


@pytest.mark.skipif(not SHARED.is_dir(), reason="the full set of golden cases is not here")
@pytest.mark.parametrize("path", sorted(SHARED.glob("*.npz")), ids=lambda path: path.stem)
def test_shared_case(path):
    assert differences(load(path)) == []

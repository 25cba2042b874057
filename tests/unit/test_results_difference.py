"""What counts as a difference between figures."""

from hypothesis import given
from hypothesis import strategies as st

from scanfuse.results.difference import ABSENT, Difference, differences

LEAVES = st.integers() | st.floats(allow_nan=False) | st.text(max_size=3)
TABLES = st.dictionaries(st.text(max_size=3), LEAVES | st.dictionaries(st.text(max_size=3), LEAVES))


@given(TABLES)
def test_nothing_differs_from_itself(table):
    assert differences(table, table) == []


@given(st.integers(), st.integers())
def test_whole_numbers_are_exact(one, other):
    assert bool(differences({"x": one}, {"x": other})) == (one != other)


@given(st.floats(1e-30, 1e30))
def test_others_to_one_in_a_thousand_million(value):
    assert not differences({"x": value}, {"x": value * (1 + 0.9e-9)})
    assert differences({"x": value}, {"x": value * (1 - 1.1e-9)})
    assert differences({"x": value}, {"x": -value})


def test_places_deltas_and_absences():
    old = {"total": {"cycles": 10, "name": "a"}, "rows": [{"x": 1.0}]}
    new = {"total": {"cycles": 7, "name": "b", "more": 1}, "rows": [{"x": 1.0}, {"x": 2.0}]}
    found = differences(old, new)
    assert found == [
        Difference("total", "cycles", 10, 7),
        Difference("total", "name", "a", "b"),
        Difference("total", "more", ABSENT, 1),
        Difference("rows.1", "x", ABSENT, 2.0),
    ]
    assert [one.delta for one in found] == [-3, None, None, None]


def test_a_count_that_became_a_truth_is_a_difference():
    assert differences({"x": 1}, {"x": True})

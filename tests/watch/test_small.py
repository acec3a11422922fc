"""Small counts of villages: which are not told, in the table, in the map, and to who subtracts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.engines.watch.season.small import hidden
from camphora.pages import PointMap, Table
from watch.test_season import block, counts, season, view

LEAST = 3


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9)), min_size=1, max_size=12))
def test_nobody_reckons_a_small_count_from_its_township(villages):
    """All that lies below the threshold is hidden, zeros are told; one alone takes the next smallest with it."""
    of, numbers = [town for town, _ in villages], np.array([float(number) for _, number in villages])
    found = hidden(numbers, of, LEAST)
    small = (numbers > 0) & (numbers < LEAST)
    assert found[small].all()
    assert not found[numbers == 0].any()
    for town in set(of):
        own = np.array([each == town for each in of])
        others = (numbers[own] >= LEAST).sum()
        extra = found[own & ~small].sum()
        assert extra == (1 if small[own].sum() == 1 and others else 0)
        if extra:
            assert numbers[own & found & ~small][0] == numbers[own & (numbers >= LEAST)].min()


@pytest.mark.parametrize("day", ["2015-02-10", "2015-07-20", "2015-08-20", "2015-12-31"])
@pytest.mark.parametrize("area", ["", "67000340"])
def test_no_village_of_the_public_page_has_one_or_two_cases(day, area):
    shown = view(given={"day": day, **({"area": area} if area else {})})
    table = block(shown, Table, "villages")
    told = [row[key] for row in table.rows for key in ("fortnight", "total")]
    assert not [number for number in told if number in (1, 2)]
    assert "Fewer than 3 cases of a village are not told" in table.note
    patches = block(shown, PointMap).patches
    assert not [each.label for each in patches if each.label.endswith((": 1 case", ": 2 cases"))]
    assert {each.value for each in patches} - {0.0, 2.0} == {
        each.value for each in patches if "not told" not in each.label and each.value
    }


def test_the_order_of_a_table_tells_no_more_than_its_numbers():
    """Villages whose counts are not told stand behind the others, as the table of villages has them."""
    rows = block(view(given={"day": "2015-08-20", "area": "67000340"}), Table, "villages").rows
    numbers = [(row["fortnight"] or 0, row["total"] or 0) for row in rows]
    assert numbers == sorted(numbers, reverse=True)
    names = [row["village"] for row in rows if row["fortnight"] is None and row["total"] is None]
    known = [name for code, name in counts().villages if code == "67000340" and name in names]
    assert names == known


def test_the_threshold_is_declared():
    assert season().least == LEAST

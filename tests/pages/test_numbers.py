"""Numbers and cells by kind."""

import pytest

from camphora.pages import Column
from camphora.pages.counties import BY_CODE, COUNTIES
from camphora.pages.numbers import cell, number, points


@pytest.mark.parametrize(
    ("value", "kind", "decimals", "text"),
    [
        (1234567, "integer", 1, "1,234,567"),
        (1234.56, "decimal", 1, "1,234.6"),
        (10 / 29, "percent", 1, "34.5%"),
        (0.83, "percent", 0, "83%"),
        (8.5, "ratio", 1, "1:8.5"),
        (-3.2, "decimal", 1, "−3.2"),
    ],
)
def test_a_number_is_written_in_the_form_of_its_kind(value, kind, decimals, text) -> None:
    assert number(value, kind, decimals) == text


def test_cells_by_language() -> None:
    assert cell("2024-03", Column("m", "", "month"), "zh-TW") == "113/03"
    assert cell("2024-03-01", Column("d", "", "date"), "en") == "2024-03-01"
    assert cell(None, Column("x", "", "integer"), "en", "no data") == "no data"
    assert cell(True, Column("x", ""), "zh-TW") == "是"


def test_changes_of_a_share_bear_their_sign() -> None:
    assert [points(0.02), points(-0.015, 1), points(0.0001)] == ["+2", "−1.5", "0"]


def test_there_are_22_counties_each_on_its_own_tile_under_official_names() -> None:
    assert len(BY_CODE) == 22
    assert len({county.tile for county in COUNTIES}) == len({county.letters for county in COUNTIES}) == 22
    assert not any("台" in county.zh for county in COUNTIES)
    assert len({county.short("zh-TW") for county in COUNTIES}) == 22

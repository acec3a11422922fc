"""Dates as people say them. Expected forms are from the brief and from the calendar."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.errors import Invalid
from camphora.pages import dates


@pytest.mark.parametrize(
    ("when", "zh", "en"),
    [
        ("2024", "113 年", "2024"),
        ("2024-12", "113 年 12 月", "Dec 2024"),
        ("2024-12-31", "113 年 12 月 31 日", "31 Dec 2024"),
        ("1911-05", "民國前 1 年 5 月", "May 1911"),
        (date(1912, 1, 1), "1 年 1 月 1 日", "1 Jan 1912"),
    ],
)
def test_a_date_is_written_as_precisely_as_it_is_known(when, zh, en) -> None:
    assert (dates.written(when, "zh-TW"), dates.written(when, "en")) == (zh, en)


def test_short_forms_and_moments() -> None:
    assert dates.short("2024-12", "zh-TW") == "113/12"
    assert dates.short("2024-03-01", "en") == "2024-03-01"
    assert dates.month_day("2024-12-31", "zh-TW") == "12 月 31 日"
    assert dates.moment(datetime(2026, 11, 3, 9, 41, tzinfo=UTC), "zh-TW") == "115 年 11 月 3 日 09:41"
    assert dates.moment("2026-11-03T09:41:07+08:00", "en") == "3 Nov 2026, 09:41"
    assert dates.week(2019, 3, "zh-TW") == "108 年第 3 週"


def test_the_year_is_left_out_only_within_the_same_year() -> None:
    today = date(2026, 11, 21)
    assert dates.near("2026-11-03", today, "zh-TW") == "11 月 3 日"
    assert dates.near("2025-11-03", today, "zh-TW") == "114 年 11 月 3 日"


@given(st.dates(date(1920, 1, 1), date(2020, 1, 1)), st.integers(0, 36000))
def test_age_is_the_number_of_birthdays_passed(birth, days) -> None:
    on = date.fromordinal(birth.toordinal() + days)
    passed = sum(
        (birth.month, birth.day) <= (on.month, on.day) or year < on.year
        for year in range(birth.year + 1, on.year + 1)
    )
    said = dates.age(birth, on, "zh-TW")
    assert said == f"{passed} 歲" if passed >= 2 else said.endswith("個月")


@pytest.mark.parametrize("text", ["", "113/12", "2024-13", "yesterday"])
def test_other_forms_are_refused(text) -> None:
    with pytest.raises(Invalid, match="pages-date-form"):
        dates.written(text, "zh-TW")


def test_a_week_on_an_axis_is_not_taken_for_a_month():
    assert dates.short_week(2019, 3, "en") == "2019-W03"
    assert dates.short_week(2019, 3, "zh-TW") == "108 年 3 週"

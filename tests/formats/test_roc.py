import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.errors import Invalid
from camphora.formats import roc

MONTHS = {
    "11303": "2024-03",
    "113/03": "2024-03",
    "9903": "2010-03",
    "09903": "2010-03",
    "113年3月": "2024-03",
}
DATES = {"1130315": "2024-03-15", "0990315": "2010-03-15", "990315": "2010-03-15", "113/3/15": "2024-03-15"}


@pytest.mark.parametrize(("text", "iso"), [*MONTHS.items(), ("2024-03", "2024-03"), ("202403", "2024-03")])
def test_months_are_read_with_and_without_leading_zeros(text, iso):
    assert roc.month(text) == iso


@pytest.mark.parametrize(
    ("text", "iso"), [*DATES.items(), ("20240315", "2024-03-15"), ("113年3月15日", "2024-03-15")]
)
def test_dates_are_read_in_every_form_in_use(text, iso):
    assert roc.date(text) == iso


@given(st.dates(dt.date(1000, 1, 1), dt.date(2111, 12, 31)))
def test_what_is_written_compactly_is_read_back(day):
    iso = day.isoformat()
    assert roc.date(roc.compact(iso)) == iso
    assert roc.month(roc.compact(iso[:7])) == iso[:7]
    assert roc.date(roc.slashed(iso)) == iso


@given(st.dates(dt.date(1912, 1, 1), dt.date(2910, 12, 31)))
def test_the_year_is_the_gregorian_one_less_1911(day):
    assert roc.compact(day.isoformat()) == f"{day.year - 1911:03d}{day.month:02d}{day.day:02d}"


def test_year_one_follows_year_minus_one():
    assert [roc.roc_year(year) for year in (1910, 1911, 1912, 2024)] == [-2, -1, 1, 113]
    assert roc.month("-0101") == "1911-01"


@pytest.mark.parametrize("text", ["", "11313", "113/00", "abc", "1", "113/03/15", "00003"])
def test_what_is_no_month_is_refused_by_shape(text):
    with pytest.raises(Invalid) as error:
        roc.month(text)
    assert error.value.code == "formats-month"
    assert text not in error.value.text("zh-TW") or not any(sign.isdigit() for sign in text)


@pytest.mark.parametrize("text", ["1130230", "113/02/30", "1120229", "1131301", "113/03"])
def test_days_that_no_month_has_are_refused(text):
    with pytest.raises(Invalid, match="formats-date"):
        roc.date(text)


def test_a_month_is_spoken_as_people_say_it():
    assert roc.spoken("2024-03") == "113 年 3 月"
    assert roc.spoken("2024-03-05") == "113 年 3 月 5 日"

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.fhir.dates import EARLIEST, LATEST, days_of_month, span
from camphora.fhir.readings import period

TAIPEI = timezone(timedelta(hours=8))
moments = st.datetimes(datetime(1800, 1, 2), datetime(2200, 1, 1))  # noqa: DTZ001
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def ms(moment):
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("text", "first", "after"),
    [
        ("2024", datetime(2024, 1, 1), datetime(2025, 1, 1)),  # noqa: DTZ001
        ("2024-02", datetime(2024, 2, 1), datetime(2024, 3, 1)),  # noqa: DTZ001
        ("2024-12", datetime(2024, 12, 1), datetime(2025, 1, 1)),  # noqa: DTZ001
        ("2024-02-29", datetime(2024, 2, 29), datetime(2024, 3, 1)),  # noqa: DTZ001
        ("2024-02-29T10:00", datetime(2024, 2, 29, 10), datetime(2024, 2, 29, 10, 1)),  # noqa: DTZ001
    ],
)
def test_a_partial_date_covers_its_whole_span_in_taiwan(text, first, after):
    assert span(text) == (ms(first.replace(tzinfo=TAIPEI)), ms(after.replace(tzinfo=TAIPEI)) - 1)


@given(moments, zones)
def test_a_second_covers_its_thousand_milliseconds(moment, zone):
    moment = moment.replace(microsecond=0, tzinfo=zone)
    assert span(moment.isoformat()) == (ms(moment), ms(moment) + 999)


@given(moments)
def test_zulu_is_utc_and_milliseconds_are_exact(moment):
    text = moment.isoformat(timespec="milliseconds") + "Z"
    exact = ms(moment.replace(tzinfo=UTC))
    assert span(text) == (exact, exact)


@pytest.mark.parametrize(("part", "width"), [(".5", 100), (".12", 10), (".123", 1), (".1234567", 1)])
def test_a_fraction_covers_what_it_leaves_open(part, width):
    low, high = span(f"2024-03-01T00:00:00{part}Z")
    assert high - low == width - 1
    assert low == span("2024-03-01T00:00:00.000Z")[0] + int((part[1:] + "00")[:3])


@given(st.dates(date(1, 1, 2), date(9998, 12, 31)))
def test_days_months_and_years_are_laid_end_to_end(day):
    low, high = span(day.isoformat())
    assert high + 1 == span((day + timedelta(days=1)).isoformat())[0]
    for part in (day.isoformat()[:4], day.isoformat()[:7]):
        assert span(part)[0] <= low <= high <= span(part)[1]


def test_a_leap_second_is_the_next_minute():
    assert span("2016-12-31T23:59:60Z")[0] == span("2017-01-01T00:00:00Z")[0]


@pytest.mark.parametrize(
    "text",
    ["", "24", "2024-13", "2024-00", "2024-02-30", "2024-2-3", "0000", "2024-03-01T25:00Z", "113/03/01", "２０２４",
     "2024-03-01T10:00:00+8", "2024-03-01 10:00"],
)  # fmt: skip
def test_what_is_no_date_is_refused(text):
    with pytest.raises(ValueError):
        span(text)


def test_open_periods_reach_to_the_ends_of_time():
    assert period({"start": "2024"}) == (span("2024")[0], LATEST)
    assert period({"end": "2024"}) == (EARLIEST, span("2024")[1])
    assert period({}) is None


@given(st.integers(1, 9998), st.integers(1, 12))
def test_months_have_the_days_of_the_calendar(year, month):
    after = date(year + month // 12, month % 12 + 1, 1)
    assert days_of_month(year, month) == (after - timedelta(days=1)).day

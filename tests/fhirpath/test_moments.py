"""Moments at the ends of the calendar and with many digits; adding and taking away."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.fhir.fhirpath import compile as compiled
from camphora.fhir.fhirpath import dates

LONG = "1234567890123456789012345678"


def said(text):
    return [str(one) for one in compiled(text)({})]


@pytest.mark.parametrize(
    ("left", "sign", "right"),
    [
        ("@9999-12-31T23:59:59-05:00", ">", "@9999-12-31T23:59:59Z"),
        ("@9999-12-31T23:00-05:00", ">", "@9999-12-31T23:59-04:00"),
        ("@0001-01-01T00:00:00+14:00", "<", "@0001-01-01T00:00:00Z"),
        ("@0001-01-01T08:00:00+08:00", "=", "@0001-01-01T00:00:00Z"),
        ("@0001-01-01T00:00:00+14:00", "=", "@0001-01-01T00:30:00+14:30"),
        (f"@2020-01-01T08:00:00.{LONG}+08:00", "=", f"@2020-01-01T00:00:00.{LONG}Z"),
        (f"@2020-01-01T00:00:00.{LONG}", "<", f"@2020-01-02T02:00:00.{LONG}1Z"[:-2] + "Z"),
    ],
)
def test_moments_with_zones_compare_beyond_the_calendar_and_in_every_digit(left, sign, right):
    assert compiled(f"{left} {sign} {right}")({}) == [True]
    assert compiled(f"({left} | {right}).count()")({}) == [1 if sign == "=" else 2]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@T10:00:00.5 + 10 milliseconds", "10:00:00.510"),
        ("@T10:00:00 + 10 milliseconds", "10:00:00.010"),
        ("@T10:00:00.5 - 250 milliseconds", "10:00:00.250"),
        ("@T00:00:00 - 1 millisecond", "23:59:59.999"),
        ("@2020-01-01T10:00:00.5 - 250 milliseconds", "2020-01-01T10:00:00.250"),
        ("@2020-01-01T10:00:00.5 + 0.25 seconds", "2020-01-01T10:00:00.75"),
        ("@2020-01-01T10:00:00.50 + 1 second", "2020-01-01T10:00:01.50"),
        ("@2020-01-01T10:00:00 + 1 minute", "2020-01-01T10:01:00"),
        ("@2020-01-01T10:00 + 59999 milliseconds", "2020-01-01T10:00"),
        (f"@2020-01-01T00:00:00.{LONG} + 1 second", f"2020-01-01T00:00:01.{LONG}"),
    ],
)
def test_a_sum_keeps_the_finer_digits(text, found):
    assert said(text) == [found]


def test_a_sum_beyond_the_calendar_is_empty():
    assert said("@9999-12-31T23:59:59.999 + 1 millisecond") == []
    assert said("@0001-01-01T00:00:00 - 1 millisecond") == []


CLOCKS = st.builds("{:02d}:{:02d}:{:02d}{}".format, st.integers(0, 23), st.integers(0, 59), st.integers(0, 59),
                   st.from_regex(r"(\.[0-9]{1,28})?", fullmatch=True))  # fmt: skip
DAYS = st.dates().map(str)
OFFSETS = st.integers(-12 * 60, 14 * 60)


def seconds(text, offset):
    """Seconds since the year 1, counted apart from the engine."""
    day, clock = text.split("T")
    year, month, of_month = map(int, day.split("-"))
    lengths = [
        31,
        28 + (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)),
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ]
    before = year - 1
    days = before * 365 + before // 4 - before // 100 + before // 400 + sum(lengths[: month - 1]) + of_month
    hour, minute, second = clock.split(":")
    return days * 86_400 + int(hour) * 3600 + (int(minute) - offset) * 60 + Fraction(second)


ZONED = st.tuples(st.builds("{}T{}".format, DAYS, CLOCKS), OFFSETS)


@given(ZONED, ZONED)
def test_the_order_of_zoned_moments_is_that_of_their_seconds(one, other):
    left, right = (dates.DateTime(dates.date_time(text).parts, offset) for text, offset in (one, other))
    apart = seconds(*one) - seconds(*other)
    assert dates.compare(left, right) == (apart > 0) - (apart < 0)


@given(DAYS, CLOCKS, st.integers(-(10**13), 10**13))
def test_a_shift_moves_by_its_very_length(day, clock, thousandths):
    start = dates.date_time(f"{day}T{clock}")
    moved = dates.shifted(start.parts, Decimal(thousandths).scaleb(-3))
    if moved is not None:
        apart = seconds(str(dates.DateTime(moved)), 0) - seconds(f"{day}T{clock}", 0)
        assert apart == Fraction(thousandths, 1000)
        assert dates.shifted(moved, Decimal(-thousandths).scaleb(-3))[:5] == start.parts[:5]

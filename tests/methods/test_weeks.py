"""Weeks: numbers, week 53, missing dates and an incomplete last week, the errors most often reported in this field."""

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camphora.errors import Invalid
from camphora.methods import weeks
from camphora.methods.detection import farrington
from methods.watch_answers import counts, rows

DAYS = st.dates(date(1980, 1, 1), date(2060, 12, 31))
SYSTEMS = st.sampled_from(weeks.SYSTEMS)
SUITE = settings(max_examples=150, deadline=None)


def by_hand(day):
    """The CDC's week by its definition: from Sunday, of the year that has four of its days or more."""
    sunday = day - timedelta((day.weekday() + 1) % 7)
    inside = [sunday + timedelta(each) for each in range(7)]
    year = max({each.year for each in inside}, key=[each.year for each in inside].count)
    number, first = 1, sunday - timedelta(7)
    while sum((first + timedelta(each)).year == year for each in range(7)) >= 4:
        number, first = number + 1, first - timedelta(7)
    return year, number


@SUITE
@given(DAYS)
def test_iso_is_that_of_the_calendar_and_cdc_that_of_its_definition(day):
    assert tuple(map(int, weeks.week_of(day, system="iso"))) == tuple(day.isocalendar())[:2]
    assert tuple(map(int, weeks.week_of(day, system="cdc"))) == by_hand(day)


@SUITE
@given(DAYS, SYSTEMS)
def test_a_day_lies_in_its_week_and_numbers_lead_back(day, system):
    year, week = weeks.week_of(day, system=system)
    first = weeks.first_day(year, week, system=system).item()
    assert 0 <= (day - first).days < 7
    assert first.weekday() == (0 if system == "iso" else 6)
    assert weeks.week_begins(day, system=system).item() == first
    label = str(weeks.labels(day, system=system))
    for text in (label, label.replace("-", "-W"), label.replace("-", "W"), label.replace("-", "")):
        assert weeks.of_labels(text, system=system).item() == first


@SUITE
@given(DAYS, SYSTEMS)
def test_the_next_week_is_one_more_or_the_first_of_the_next_year(day, system):
    year, week = map(int, weeks.week_of(day, system=system))
    following = tuple(map(int, weeks.week_of(day + timedelta(7), system=system)))
    last = week == int(weeks.weeks_in(year, system=system))
    assert following == ((year + 1, 1) if last else (year, week + 1))


@SUITE
@given(st.integers(1980, 2060), SYSTEMS)
def test_a_year_has_52_or_53_weeks_and_no_more(year, system):
    number = int(weeks.weeks_in(year, system=system))
    assert number in (52, 53)
    with pytest.raises(Invalid, match=system):
        weeks.first_day(year, number + 1, system=system)
    with pytest.raises(Invalid):
        weeks.first_day(year, 0, system=system)


def test_years_with_53_weeks():
    found = {
        system: [year for year in range(2007, 2027) if weeks.weeks_in(year, system=system) == 53]
        for system in weeks.SYSTEMS
    }
    assert found == {
        "iso": [2009, 2015, 2020, 2026],
        "cdc": [2008, 2014, 2020, 2025],
        "taiwan": [2009, 2014, 2020, 2025],
    }


@pytest.mark.conformance
@pytest.mark.parametrize("table", ["weekly_ili", "weekly_enterovirus"])
def test_taiwans_own_numbers_are_those_of_its_source(table):
    found = rows(f"inputs/{table}")
    dates = np.array([row["date"] for row in found])
    written = np.array([row["source_label"] for row in found])
    np.testing.assert_array_equal(weeks.labels(dates, system="taiwan"), written)
    np.testing.assert_array_equal(weeks.of_labels(written, system="taiwan").astype(str), dates)


@SUITE
@given(st.lists(st.tuples(DAYS, st.integers(0, 50)), min_size=1, max_size=30), SYSTEMS)
def test_no_case_is_lost_and_no_week_is_left_out(found, system):
    first = min(day for day, _ in found)
    found = [(first + timedelta((day - first).days % 400), number) for day, number in found]
    days, numbers = zip(*found, strict=True)
    made = weeks.weekly(list(days), numbers, system=system, incomplete="kept", rows="days")
    assert np.nansum(made.counts) == sum(numbers)
    assert (np.diff(made.first).astype(int) == 7).all()
    assert made.days.sum() == (max(days) - min(days)).days + 1
    for day, number in found:
        row = int(np.searchsorted(made.first, np.datetime64(day), side="right")) - 1
        assert made.counts[row] >= number
        assert made.label[row] == weeks.labels(day, system=system)


@SUITE
@given(DAYS, st.integers(0, 60), SYSTEMS)
def test_an_incomplete_week_is_never_taken_for_a_whole_one(day, length, system):
    days = [day + timedelta(each) for each in range(length + 1)]
    kept = weeks.weekly(days, system=system, incomplete="kept")
    missing = weeks.weekly(days, system=system)
    dropped = weeks.weekly(days, system=system, incomplete="dropped")
    assert (kept.counts == kept.days).all()
    assert (kept.complete == (kept.counts == 7)).all()
    np.testing.assert_array_equal(np.isnan(missing.counts), ~kept.complete)
    np.testing.assert_array_equal(dropped.counts, kept.counts[kept.complete])


def test_a_source_that_leaves_out_weeks_without_cases():
    """The national dengue table omits 871 of its 1,408 weeks."""
    table = [row for row in rows("inputs/cc-by-sa/weekly_dengue_national") if float(row["count"]) > 0]
    made = weeks.weekly(
        [row["date"] for row in table],
        [float(row["count"]) for row in table],
        since="1998-01-04",
        until="2024-12-28",
    )
    np.testing.assert_array_equal(made.counts, counts()["dengue_weekly_national"])
    unknown = weeks.weekly(
        [row["date"] for row in table], since="1998-01-04", until="2024-12-28", absent="missing"
    )
    assert np.isnan(unknown.counts).sum() == 1408 - len(table)


def test_a_missing_count_makes_its_week_missing():
    made = weeks.weekly(["2026-01-04", "2026-01-05", "2026-01-11"], [1, np.nan, 3], until="2026-01-17")
    assert np.isnan(made.counts[0])
    assert made.counts[1] == 3
    assert made.label.tolist() == ["2026-01", "2026-02"]


def test_a_last_week_that_is_still_open_raises_no_alarm():
    draw = np.random.default_rng(1)
    sundays = np.datetime64("2019-01-06") + 7 * np.arange(330)
    days = np.repeat(sundays, draw.poisson(9, 330))
    days = np.append(days, np.repeat(sundays[-1], 80))
    open_ = weeks.weekly(days, since="2019-01-06", until=str(sundays[-1] + 2))
    assert not farrington.flexible(open_.counts, **farrington.IMPROVED).alarm[0, 0]
    closed = weeks.weekly(days, since="2019-01-06", until=str(sundays[-1] + 6))
    assert farrington.flexible(closed.counts, **farrington.IMPROVED).alarm[0, 0]


@SUITE
@given(DAYS, st.lists(st.integers(0, 50), min_size=2, max_size=60), SYSTEMS, st.integers(0, 6))
def test_no_week_of_a_table_of_weeks_is_taken_for_incomplete(day, numbers, system, weekday):
    """Dated by their first day, or by any other, as long as it is always the same."""
    first = weeks.week_begins(day, system=system).item()
    days = [first + timedelta(7 * each + weekday) for each in range(len(numbers))]
    made = weeks.weekly(days, numbers, system=system)
    np.testing.assert_array_equal(made.counts, numbers)
    assert made.complete.all()
    assert made.first[0].item() == first
    np.testing.assert_array_equal(made.label, weeks.labels(days, system=system))
    told = weeks.weekly(days, numbers, system=system, rows="weeks", until=str(days[-1]))
    np.testing.assert_array_equal(told.counts, numbers)


@SUITE
@given(DAYS, st.sets(st.integers(0, 60), min_size=1, max_size=30), SYSTEMS)
def test_a_table_that_leaves_out_weeks_keeps_its_last(day, places, system):
    first = weeks.week_begins(day, system=system).item()
    days = [first + timedelta(7 * each) for each in sorted(places)]
    made = weeks.weekly(days, np.ones(len(days)), system=system, rows="weeks")
    assert made.counts.sum() == len(days)
    assert made.complete.all()
    if len(days) >= 4:
        again = weeks.weekly(days, np.ones(len(days)), system=system)
        np.testing.assert_array_equal(again.counts, made.counts)


def test_rows_of_days_are_days_where_that_is_said_or_shown():
    mondays = ["2026-01-05", "2026-01-12"]
    assert np.isnan(weeks.weekly(mondays, [1, 2], rows="days").counts).all()
    assert np.isnan(weeks.weekly(mondays).counts).all()
    assert np.isnan(weeks.weekly(mondays, [1, 2], until="2026-01-13").counts[-1])
    assert np.isnan(weeks.weekly([*mondays, "2026-01-13"], [1, 2, 3]).counts[-1])


def test_the_same_again():
    made = weeks.weekly(["2026-01-04", "2026-02-01"], system="iso", incomplete="kept")
    again = made.made.again(["2026-01-04", "2026-02-01"])
    np.testing.assert_array_equal(again.counts, made.counts)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: weeks.week_of("2026/01/01"), "methods-date"),
        (lambda: weeks.week_of("NaT"), "methods-date"),
        (lambda: weeks.week_of("2026-01-01", system="who"), "methods-choice"),
        (lambda: weeks.of_labels("2026"), "methods-week"),
        (lambda: weeks.of_labels("2026-53"), "methods-week"),
        (lambda: weeks.weekly([]), "methods-short"),
        (lambda: weeks.weekly(["2026-01-01"], [1, 2]), "methods-shape"),
        (lambda: weeks.weekly(["2026-01-01"], [-1]), "methods-negative"),
        (lambda: weeks.weekly(["2026-01-01"], until="2025-12-31"), "methods-outside"),
        (lambda: weeks.weekly(["2026-01-01"], absent="none"), "methods-choice"),
        (lambda: weeks.first_day(2026, 1.5), "methods-not-whole"),
        (lambda: weeks.week_of("2026-01"), "methods-date"),
        (lambda: weeks.week_of(20260104), "methods-date"),
        (lambda: weeks.weekly(["2026-01-04"], until=["2026-01-04", "2026-01-05"]), "methods-date"),
        (lambda: weeks.weekly(["2026-01-04"], rows="months"), "methods-choice"),
    ],
)
def test_what_may_not_be_given(call, code):
    with pytest.raises(Invalid) as found:
        call()
    assert found.value.code == code


@SUITE
@given(
    st.datetimes(),
    st.integers(-11, 14).filter(bool),
    st.sampled_from(["seconds", "minutes", "microseconds"]),
)
def test_the_day_of_an_instant_is_the_day_where_it_happened(moment, hours, digits):
    moment = moment.replace(year=1990 + moment.year % 60, day=min(moment.day, 28))
    there = moment.replace(tzinfo=timezone(timedelta(hours=hours)))
    expected = weeks.labels([moment.date()])
    for given_as in (there.isoformat(timespec=digits), there, moment, moment.isoformat(sep=" ")):
        assert weeks.labels([given_as]) == expected


@pytest.mark.parametrize(
    "instant",
    [
        "2026-01-03T23:30:00Z",
        "2026-01-03T23:30:00+00:00",
        datetime(2026, 1, 3, 23, 30, tzinfo=UTC),
        "2026-01-03 noon",
        "2026-01-03x",
        " 2026-01-03",
    ],
)
def test_an_instant_in_universal_time_names_no_day_of_taiwan(instant):
    with pytest.raises(Invalid, match="methods-date"):
        weeks.labels([instant])
    with pytest.raises(Invalid, match="methods-date"):
        weeks.weekly([instant, "2026-01-04"])

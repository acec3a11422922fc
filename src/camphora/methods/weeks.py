"""Weeks and their numbers, and counts by week without gaps.

Three ways of numbering: "iso" (ISO 8601: from Monday), "cdc" (epidemiological weeks of the CDC and the WHO: from
Sunday), and "taiwan" (the emergency visits of Taiwan's CDC: as "cdc", but with week 53 at the end of 2009 rather than
2008). In all of them a week belongs to the year that holds four of its days or more, in "taiwan" but for 2009, which
begins on 28 December 2008.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import ArrayLike, NDArray

from camphora.errors import Invalid
from camphora.methods.arguments import Floats, not_negative, numbers, one_of
from camphora.methods.made import Made

Days = NDArray[np.datetime64]
Whole = NDArray[np.int64]
SYSTEMS = ("iso", "cdc", "taiwan")
INSTANT = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?")
UNIVERSAL = ("Z", "+00:00", "-00:00")
LABEL = re.compile(r"(\d{4})-?W?(\d{1,2})")
TABLE = 4
_SIX, _SEVEN = np.timedelta64(6, "D"), np.timedelta64(7, "D")
_EARLIEST, _LATEST = np.datetime64("0001-01-01", "D"), np.datetime64("9999-12-31", "D")
_MONDAY = np.datetime64("1970-01-05", "D")
_OWN = (np.datetime64("2008-12-28", "D"), np.datetime64("2010-01-03", "D"))  # Taiwan's 2009


@dataclass(frozen=True, slots=True)
class Weekly:
    """Counts by week without gaps. `first`: the first day of each; `label`: its number, "2026-03"; `counts`: NaN
    where nothing is known; `days`: how many of its days have been reported; `complete`: all seven."""

    first: Days
    label: NDArray[np.str_]
    counts: Floats
    days: Whole
    complete: NDArray[np.bool_]
    made: Made


def week_of(days: ArrayLike, *, system: str = "cdc") -> tuple[Whole, Whole]:
    """The year and the number of the week that holds each day ("2026-01-04", or numpy's). Invalid `methods-date`,
    `methods-choice`."""
    return _numbered(week_begins(days, system=system), system)


def week_begins(days: ArrayLike, *, system: str = "cdc") -> Days:
    """The first day of the week that holds each day."""
    found = _days(days)
    away = (found - _origin(system)).astype(np.int64) % 7
    return np.asarray(found - away.astype("timedelta64[D]"))


def first_day(year: ArrayLike, week: ArrayLike, *, system: str = "cdc") -> Days:
    """The first day of weeks by number. Invalid `methods-week` where the year has no such week."""
    years, weeks = (_whole(each, name) for each, name in ((year, "year"), (week, "week")))
    try:
        years, weeks = np.broadcast_arrays(years, weeks)
    except ValueError:
        raise Invalid(
            "methods-shape", argument="week", wanted=str(years.shape), found=str(weeks.shape)
        ) from None
    if np.any((weeks < 1) | (weeks > weeks_in(years, system=system))):
        raise Invalid("methods-week", system=system)
    return np.asarray(_new_year(years, system) + (7 * (weeks - 1)).astype("timedelta64[D]"))


def weeks_in(year: ArrayLike, *, system: str = "cdc") -> Whole:
    """How many weeks a year has: 52 or 53."""
    years = _whole(year, "year")
    return (_new_year(years + 1, system) - _new_year(years, system)).astype(np.int64) // 7


def labels(days: ArrayLike, *, system: str = "cdc") -> NDArray[np.str_]:
    """The number of the week that holds each day, as "2026-03"."""
    years, weeks = week_of(days, system=system)
    text = [f"{y:04d}-{w:02d}" for y, w in zip(years.ravel().tolist(), weeks.ravel().tolist(), strict=True)]
    return np.array(text, dtype=np.str_).reshape(years.shape)


def of_labels(texts: ArrayLike, *, system: str = "cdc") -> Days:
    """The first day of weeks written as "2026-03", "2026-W03", "2026W03" or "202603". Invalid `methods-week`."""
    try:
        written = np.asarray(texts)
    except (TypeError, ValueError):
        raise Invalid("methods-week", system=one_of(system, SYSTEMS, "system")) from None
    found = [LABEL.fullmatch(str(text)) for text in written.ravel()]
    pairs = [(int(each[1]), int(each[2])) for each in found if each]
    if len(pairs) < len(found) or isinstance(texts, np.ma.MaskedArray):
        raise Invalid("methods-week", system=one_of(system, SYSTEMS, "system"))
    years, weeks = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return first_day(years, weeks, system=system).reshape(written.shape)


def weekly(
    days: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    system: str = "cdc",
    since: str | None = None,
    until: str | None = None,
    absent: str = "zero",
    incomplete: str = "missing",
    rows: str | None = None,
) -> Weekly:
    """Counts of a line list, of days, or of weeks (by any of their days), by week and without gaps.

    `days`: one date a row, in any order; `counts`: cases of each row, 1 if not given; rows of one week are added.
    `rows`: "days", each row tells of its day, or "weeks", each tells of the whole week that holds its day. By default
    rows are weeks where `counts` are given and the rows are as in tables of weeks: each of another week, all on the
    same day of the week, two or more in a row without gaps, or four or more with them; else days.
    `since`, `until`: the first and the last day that were reported on, by default the first and the last day given, or
    of the weeks given (a source that leaves out days without cases needs both, or its last week is taken for
    incomplete). `absent`: weeks without a row are "zero" or "missing". `incomplete`: a first or last week of which not
    all days have been reported is "missing" (NaN), "kept" as it is, or "dropped". A missing count makes its week
    missing.

    Errors: Invalid `methods-date`, `methods-shape`, `methods-negative`, `methods-choice`, `methods-outside` where a
    day lies outside `since` and `until`, `methods-short` where there is neither a day nor both of these.
    """
    one_of(system, SYSTEMS, "system")
    one_of(absent, ("zero", "missing"), "absent")
    one_of(incomplete, ("missing", "kept", "dropped"), "incomplete")
    if rows is not None:
        one_of(rows, ("days", "weeks"), "rows")
    given = _days(days).ravel()
    cases = _cases(given, counts)
    begins = week_begins(given, system=system)
    whole = rows == "weeks" or (rows is None and counts is not None and _by_week(given, begins))
    start, end = _span(given, begins if whole else given, since, until)
    if rows == "weeks":
        start, end = week_begins(start, system=system), np.asarray(week_begins(end, system=system) + _SIX)
    first, total, reported = _added(begins, cases, (start, end), system, absent)
    complete = reported == 7
    if incomplete == "missing":
        total = np.where(complete, total, np.nan)
    kept = complete if incomplete == "dropped" else np.ones(len(first), dtype=bool)
    parameters = {
        "system": system, "since": since, "until": until, "absent": absent, "incomplete": incomplete,
        "rows": rows,
    }  # fmt: skip
    return Weekly(
        first[kept],
        labels(first[kept], system=system),
        total[kept],
        reported[kept],
        complete[kept],
        Made("weeks.weekly", 2, parameters),
    )


def _by_week(days: Days, begins: Days) -> bool:
    """Whether the days are as in a table of weeks: one a week, the same of its days, each week or four at least."""
    ordered = np.unique(begins)
    alike = len(days) > 1 and len(ordered) == len(days) and len(np.unique(days - begins)) == 1
    return alike and (len(days) >= TABLE or bool(np.all(np.diff(ordered) == _SEVEN)))


def _added(
    begins: Days, cases: Floats, span: tuple[Days, Days], system: str, absent: str
) -> tuple[Days, Floats, Whole]:
    """The first day of each week of the span, its cases, and how many of its days lie within."""
    start, end = span
    begin = week_begins(start, system=system)
    number = int((end - begin).astype(np.int64)) // 7 + 1
    first: Days = np.asarray(begin + (7 * np.arange(number)).astype("timedelta64[D]"))
    where = (begins - first[0]).astype(np.int64) // 7
    added = np.bincount(where, weights=cases, minlength=number)
    total: Floats = added.astype(np.float64)
    if absent == "missing":
        total = np.where(np.bincount(where, minlength=number) == 0, np.nan, total)
    early = np.maximum(0, (start - first).astype(np.int64))
    late = np.minimum(7, (end - first).astype(np.int64) + 1)
    reported: Whole = np.asarray(late - early, dtype=np.int64)
    return first, total, reported


def _cases(days: Days, counts: ArrayLike | None) -> Floats:
    if counts is None:
        return np.ones(len(days))
    found = numbers(counts, "counts").ravel()
    if len(found) != len(days):
        raise Invalid("methods-shape", argument="counts", wanted=str(days.shape), found=str(found.shape))
    return not_negative(found, "counts")


def _span(days: Days, begins: Days, since: str | None, until: str | None) -> tuple[Days, Days]:
    """The first and the last day reported on; `begins` differ from `days` where rows are weeks."""
    if not len(days) and (since is None or until is None):
        raise Invalid("methods-short", argument="days", least=1, found=0)
    start = np.asarray(begins.min()) if since is None else _day(since, "since")
    by_week = begins is not days
    end = (
        np.asarray(begins.max() + _SIX if by_week else days.max()) if until is None else _day(until, "until")
    )
    if end < start or (len(days) and (days.min() < start or days.max() > end)):
        raise Invalid("methods-outside", argument="days")
    return start, end


def _days(given: ArrayLike, name: str = "days") -> Days:
    """Whole dates of the years 1 to 9999: "2026-01" is no day, nor is a number. Of an instant with an offset the date
    that is written, which is the day where it happened; one in universal time names no such day. Invalid
    `methods-date`."""
    if isinstance(given, np.ma.MaskedArray):
        raise Invalid("methods-masked", argument=name)
    try:
        found = np.asarray(given)
        if found.dtype.kind in "UO":
            found = np.array([_written(each) for each in found.flat], dtype="O").reshape(found.shape)
        elif found.dtype.kind != "M" and found.size:
            raise TypeError
        days = found.astype("datetime64[D]") if found.size else np.zeros(found.shape, "datetime64[D]")
    except (TypeError, ValueError, OverflowError):
        raise Invalid("methods-date", argument=name) from None
    if not np.all((days >= _EARLIEST) & (days <= _LATEST)):
        raise Invalid("methods-date", argument=name)
    return days


def _written(one: object) -> object:
    """The day of a text, date, datetime or numpy's; ValueError, TypeError where it names none."""
    if isinstance(one, str):
        if not (found := INSTANT.fullmatch(one)) or found[2] in UNIVERSAL:
            raise ValueError
        return found[1]
    if isinstance(one, datetime):
        if one.tzinfo is not None and not one.utcoffset():
            raise ValueError
        return one.date()
    if not isinstance(one, date | np.datetime64):
        raise TypeError
    return one


def _day(given: str, name: str) -> Days:
    found = _days(given, name)
    if found.ndim:
        raise Invalid("methods-date", argument=name)
    return found


def _whole(given: ArrayLike, name: str) -> Whole:
    found = numbers(given, name)
    if np.any(found != np.floor(found)):
        raise Invalid("methods-not-whole", argument=name)
    if np.any((found < 0) | (found > 9999)):
        raise Invalid("methods-range", argument=name, low=0, high=9999)
    return found.astype(np.int64)


def _origin(system: str) -> np.datetime64:
    """A day on which weeks begin."""
    return _MONDAY if one_of(system, SYSTEMS, "system") == "iso" else _MONDAY - np.timedelta64(1, "D")


def _new_year(years: Whole, system: str) -> Days:
    """The first day of week 1: that of the week of 4 January."""
    fourth = (years - 1970).astype("datetime64[Y]").astype("datetime64[D]") + np.timedelta64(3, "D")
    found = week_begins(fourth, system=system)
    return np.where(years == 2009, _OWN[0], found) if system == "taiwan" else found


def _numbered(begins: Days, system: str) -> tuple[Whole, Whole]:
    middle = begins + np.timedelta64(3, "D")
    year = middle.astype("datetime64[Y]")
    years = year.astype(np.int64) + 1970
    if system == "taiwan":
        years = np.where((begins >= _OWN[0]) & (begins < _OWN[1]), 2009, years)
    return years, (begins - _new_year(years, system)).astype(np.int64) // 7 + 1

"""Holidays as what is known in advance: clinics close and emergency rooms fill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from camphora.methods.arguments import Floats, day, texts, whole
from camphora.methods.made import Made

# The first day of the lunar year (Central Weather Administration, almanac).
LUNAR_NEW_YEAR = (
    "2007-02-18",
    "2008-02-07",
    "2009-01-26",
    "2010-02-14",
    "2011-02-03",
    "2012-01-23",
    "2013-02-10",
    "2014-01-31",
    "2015-02-19",
    "2016-02-08",
    "2017-01-28",
    "2018-02-16",
    "2019-02-05",
    "2020-01-25",
    "2021-02-12",
    "2022-02-01",
    "2023-01-22",
    "2024-02-10",
    "2025-01-29",
    "2026-02-17",
    "2027-02-06",
    "2028-01-26",
    "2029-02-13",
    "2030-02-03",
)


@dataclass(frozen=True, slots=True)
class Holidays:
    """`known`, shape (weeks, 5), as a forecast takes it: the share of the holiday that lies in the week, and 1 in the
    weeks two and one before and one and two after it."""

    known: Floats
    made: Made


def by_week(
    *, start: str, weeks: int, days: Sequence[str] = LUNAR_NEW_YEAR, before: int = 1, after: int = 4
) -> Holidays:
    """For `weeks` weeks from `start` (ISO date of the first day): the share of the holiday, from
    `before` days before each day to `after` after it, that lies in the week; and 1 in the weeks two and one before and
    one and two after the one with the day itself. To be given as `known` to a forecast."""
    weeks = whole(weeks, 1, 1_000_000, "weeks")
    before, after = whole(before, 0, 366, "before"), whole(after, 0, 366, "after")
    first = day(start, "start")
    found = np.zeros((weeks, 5))
    listed = [str(text) for text in texts(days, "days").ravel()]
    for text in listed:
        middle = (day(text, "days") - first).days
        for near in range(middle - before, middle + after + 1):
            if 0 <= near < 7 * weeks:
                found[near // 7, 0] += 1 / (before + after + 1)
        for column, away in enumerate((-2, -1, 1, 2), 1):
            week = middle // 7 + away
            if 0 <= week < weeks:
                found[week, column] = 1
    parameters = {"start": start, "weeks": weeks, "days": listed, "before": before, "after": after}
    return Holidays(found, Made("forecasting.holidays.by_week", 1, parameters))

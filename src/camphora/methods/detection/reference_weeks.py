"""Which earlier weeks a week is compared with, and to which part of the year each belongs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from camphora.errors import Invalid

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class References:
    """`rows`: the earlier rows, from the oldest; `period`: 0 for those around the same time of the year, 1 and on for
    the other parts of it."""

    rows: Whole
    period: Whole


def by_rows(b: int, frequency: int) -> list[int]:
    """How many rows back the same time of the year lies, of this year and `b` before it: `frequency` rows a year."""
    return [year * frequency for year in range(b + 1)]


def by_dates(day: date, b: int, days: int) -> list[int]:
    """The same, by the calendar: rows of `days` days, that nearest to the same date one year before, two, and so on;
    29 February is 1 March elsewhere."""
    return [int(np.floor((day - _years_before(day, year)).days / days + 0.5)) for year in range(b + 1)]


def references(row: int, back: list[int], *, w: int, no_periods: int, left_out: int) -> References:
    """The references of a row whose like ones lie `back`: `w` to either side are period 0; with more periods than one
    the rows between these windows are too, in `no_periods` - 1 parts as equal as may be, the longer ones first; the
    `left_out` rows just before are not. Invalid `methods-short` where they begin before the series does."""
    rows = np.arange(row - back[-1] - w, row - left_out)
    if len(rows) and rows[0] < 0:
        raise Invalid("methods-short", argument="counts", least=back[-1] + w + 1, found=row + 1)
    period = np.full(len(rows), -1, np.int64)
    for near, far in pairwise(back):
        _between(rows, period, row - far + w + 1, row - near - w - 1, no_periods - 1)
    for like in back:
        period[np.abs(rows - (row - like)) <= w] = 0
    return References(rows[period >= 0], period[period >= 0])


def _between(rows: Whole, period: Whole, first: int, last: int, parts: int) -> None:
    inside = (rows >= first) & (rows <= last)
    if parts > 0 and last >= first:
        each, longer = divmod(last - first + 1, parts)  # the earlier parts are the longer ones
        at = rows[inside] - first
        period[inside] = 1 + np.where(
            at < longer * (each + 1), at // (each + 1), longer + (at - longer * (each + 1)) // max(each, 1)
        )


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28) + timedelta(days=1)

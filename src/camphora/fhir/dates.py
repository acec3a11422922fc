"""The span of time that a FHIR date covers (https://hl7.org/fhir/R4/search.html#date).

A partial date covers its whole year, month or day; a second without fraction its whole second. A date or time
without a zone is read in Taiwan's (+08:00): see docs/rulings.md.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

Span = tuple[int, int]
"""First and last millisecond since 1970-01-01T00:00Z, both inclusive."""

DAY = 86_400_000
ZONE = 8 * 3_600_000
EARLIEST = -62_135_596_800_000
"""0001-01-01T00:00Z: the low end of a period that does not say when it began."""
LATEST = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z: the high end of a period that has not ended."""

_EPOCH = date(1970, 1, 1).toordinal()
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d|60)(?:\.(\d+))?)?(Z|[+-](?:0\d|1[0-4]):[0-5]\d)?",
    re.ASCII,
)
_CALENDAR = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)


def span(text: str) -> Span:
    """The span of a date, dateTime or instant; ValueError where it is none or names no day of the calendar."""
    return _span(text) if len(text) <= 40 else _span.__wrapped__(text)


@lru_cache(maxsize=16_384)
def _span(text: str) -> Span:
    return _days(text) if len(text) <= 10 else _moment(text)


def _days(text: str) -> Span:
    found = _CALENDAR.fullmatch(text)
    if not found:
        raise ValueError("not a date")
    year, month, day = found.groups()
    first = date(int(year), int(month or 1), int(day or 1))
    last_month = int(month or 12)
    last = first if day else date(first.year, last_month, days_of_month(first.year, last_month))
    low = (first.toordinal() - _EPOCH) * DAY - ZONE
    return low, (last.toordinal() - _EPOCH + 1) * DAY - ZONE - 1


def _moment(text: str) -> Span:
    found = _MOMENT.fullmatch(text)
    if not found:
        raise ValueError("not a date and time")
    day, hour, minute, second, fraction, zone = found.groups()
    low = _days(day)[0] + ZONE - _offset(zone)
    low += int(hour) * 3_600_000 + int(minute) * 60_000 + int(second or 0) * 1000
    if fraction:
        low += int(fraction[:3].ljust(3, "0"))
        return low, low + 10 ** max(0, 3 - len(fraction)) - 1
    return low, low + (999 if second else 59_999)


def _offset(zone: str | None) -> int:
    if zone is None:
        return ZONE
    if zone == "Z":
        return 0
    size = int(zone[1:3]) * 3_600_000 + int(zone[4:6]) * 60_000
    return -size if zone[0] == "-" else size


def days_of_month(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in {4, 6, 9, 11} else 31

"""Dates, times and their partial forms, with comparison that may stay undecided.

`parts` hold what is said, from the year (or the hour) down; the seconds are a Decimal whose digits are kept.
Comparison goes part by part; where one value says less than the other the answer is None
(https://hl7.org/fhirpath/N1/#datetime-equality).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, datetime, timedelta, timezone
from datetime import date as date_of_days
from decimal import ROUND_DOWN, ROUND_FLOOR, Context, Decimal

from camphora.fhir.dates import days_of_month

Part = int | Decimal
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_CLOCK = re.compile(r"(\d\d)(?::(\d\d)(?::(\d\d(?:\.\d{1,28})?))?)?", re.ASCII)
_ZONE = re.compile(r"(.*?)(Z|[+-]\d\d:\d\d)?", re.ASCII | re.DOTALL)
_EARLIEST_ZONE, _LATEST_ZONE = 14 * 60, -12 * 60
DAY = 86_400
CYCLE = 146_097
"""Days in 400 years, after which the calendar repeats."""
FINEST = 28
"""Digits after the point of a second."""
WIDE = Context(prec=80, rounding=ROUND_DOWN)
"""Exact for the seconds of any year with their digits."""
TAIWAN = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Date:
    """Year, month, day; those that are not said are missing from the end."""

    parts: tuple[int, ...]

    def __str__(self) -> str:
        return _date_text(self.parts)


@dataclass(frozen=True, slots=True)
class DateTime:
    """Year to second; `offset` is the zone's distance from UTC in minutes, None where none is said."""

    parts: tuple[Part, ...]
    offset: int | None = None

    def __str__(self) -> str:
        if len(self.parts) <= 3:
            return _date_text(self.parts)
        return f"{_date_text(self.parts[:3])}T{_clock_text(self.parts[3:])}{_zone_text(self.offset)}"


@dataclass(frozen=True, slots=True)
class Time:
    """Hour, minute, second of a day; without a zone."""

    parts: tuple[Part, ...]

    def __str__(self) -> str:
        return _clock_text(self.parts)


Temporal = Date | DateTime | Time


def date(text: str) -> Date | None:
    """A date such as 2024, 2024-03, 2024-03-01; None where the text is none or names no day."""
    found = _DATE.fullmatch(text)
    parts = tuple(int(part) for part in found.groups() if part) if found else ()
    return Date(parts) if parts and _on_calendar(parts) else None


def date_time(text: str) -> DateTime | None:
    """A date and time, also partial (2024, 2024-03T, 2024-03-01T10); None where the text is none."""
    day, _, rest = text.partition("T")
    start = date(day)
    if start is None or not rest:
        return DateTime(start.parts) if start else None
    found = _ZONE.fullmatch(rest)
    clock = _clock(found[1]) if found else None
    if not found or clock is None:
        return None
    offset = _offset(found[2])
    return None if found[2] and offset is None else DateTime((*start.parts, *clock), offset)


def time(text: str) -> Time | None:
    """A time of day such as 14, 14:30, 14:30:15.250; None where the text is none."""
    clock = _clock(text)
    return None if clock is None else Time(clock)


def now() -> DateTime:
    """This moment in Taiwan's zone, to the millisecond."""
    at = datetime.now(TAIWAN)
    second = Decimal(at.second * 1000 + at.microsecond // 1000).scaleb(-3)
    return DateTime((at.year, at.month, at.day, at.hour, at.minute, second), 8 * 60)


def compare(left: Temporal, right: Temporal) -> int | None:
    """-1, 0 or 1; None where the precision or a missing zone leaves it open. Times only with times."""
    if isinstance(left, Time) or isinstance(right, Time):
        return _by_parts(left.parts, right.parts)
    a, b = _zone_of(left), _zone_of(right)
    if a is None and b is None:
        return _by_parts(left.parts, right.parts)
    if a is not None and b is not None:
        return _by_parts(at_utc(left.parts, a), at_utc(right.parts, b))
    return _by_span(left, right)


def _zone_of(value: Temporal) -> int | None:
    return value.offset if isinstance(value, DateTime) else None


def _by_parts(left: Sequence[Part], right: Sequence[Part]) -> int | None:
    for a, b in zip(left, right, strict=False):
        if a != b:
            return -1 if a < b else 1
    return 0 if len(left) == len(right) else None


def _by_span(left: Temporal, right: Temporal) -> int | None:
    """Of two moments of which one has no zone: decided only where every zone gives the same answer."""
    low_a, high_a = span(left)
    low_b, high_b = span(right)
    if high_a < low_b:
        return -1
    return 1 if high_b < low_a else None


def span(value: Temporal) -> tuple[Decimal, Decimal]:
    """First and last second since 0001-01-01T00:00Z that the value may mean, in whichever zone it was said."""
    zone = _zone_of(value)
    first, last = (zone, zone) if zone is not None else (_EARLIEST_ZONE, _LATEST_ZONE)
    return (
        WIDE.subtract(_seconds(low(value.parts)), first * 60),
        WIDE.subtract(_seconds(high(value.parts)), last * 60),
    )


def low(parts: Sequence[Part], size: int = 6) -> tuple[Part, ...]:
    """The first moment that the parts cover, with `size` parts."""
    return (*parts, *(1, 1, 1, 0, 0, Decimal("0.000"))[len(parts) : size])


def high(parts: Sequence[Part], size: int = 6) -> tuple[Part, ...]:
    """The last moment that the parts cover, with `size` parts."""
    full = (*parts, *(0, 12, 0, 23, 59, Decimal("59.999"))[len(parts) : size])
    if len(parts) < 3 <= size:
        return (*full[:2], days_of_month(int(full[0]), int(full[1])), *full[3:])
    return full


def _seconds(parts: Sequence[Part]) -> Decimal:
    year, month, day, hour, minute = (int(part) for part in parts[:5])
    days = date_of_days(year, month, day).toordinal() - 1
    return WIDE.add(days * DAY + hour * 3600 + minute * 60, parts[5])


def at_utc(parts: Sequence[Part], offset: int) -> tuple[Part, ...]:
    """The parts at UTC, as many as there were; the year may be 0 or 10000."""
    return _moved(parts, Decimal(-60 * offset))


def shifted(parts: Sequence[Part], seconds: Decimal) -> tuple[Part, ...] | None:
    """The moment so many seconds later, with as many parts and the finer digits of both; None outside the years 1 to
    9999."""
    moved = _moved(parts, seconds)
    return moved if MINYEAR <= moved[0] <= MAXYEAR else None


def _moved(parts: Sequence[Part], seconds: Decimal) -> tuple[Part, ...]:
    """In a calendar without end."""
    total = WIDE.add(_seconds(low(parts)), seconds)
    whole = int(total.to_integral_value(ROUND_FLOOR))
    second = WIDE.add(whole % 60, WIDE.subtract(total, whole))
    if _digits(second) > FINEST:
        second = second.quantize(Decimal(1).scaleb(-FINEST), context=WIDE)
    cycles, days = divmod(whole // DAY, CYCLE)
    day = date_of_days.fromordinal(days + 1)
    clock = (whole // 3600 % 24, whole // 60 % 60, second)
    return (day.year + 400 * cycles, day.month, day.day, *clock)[: len(parts)]


def months_later(parts: Sequence[Part], months: int) -> tuple[Part, ...] | None:
    """So many months later, on the last day of the month where the day is none of it; None off the calendar."""
    month = int(parts[1]) if len(parts) > 1 else 1
    year, month = divmod(int(parts[0]) * 12 + month - 1 + months, 12)
    if not MINYEAR <= year <= MAXYEAR:
        return None
    day = min(int(parts[2]), days_of_month(year, month + 1)) if len(parts) > 2 else 1
    return (year, month + 1, day, *parts[3:])[: len(parts)]


def _digits(second: Part) -> int:
    exponent = second.as_tuple().exponent if isinstance(second, Decimal) else 0
    return -exponent if isinstance(exponent, int) else 0


def _on_calendar(parts: Sequence[int]) -> bool:
    year, month, day = low(parts)[:3]
    return year >= MINYEAR and 1 <= month <= 12 and 1 <= day <= days_of_month(int(year), int(month))


def _clock(text: str) -> tuple[Part, ...] | None:
    found = _CLOCK.fullmatch(text)
    if not found:
        return None
    hour, minute, second = found.groups()
    if int(hour) > 23 or int(minute or 0) > 59 or Decimal(second or 0) >= 60:
        return None
    if minute is None:
        return (int(hour),)
    return (int(hour), int(minute)) if second is None else (int(hour), int(minute), Decimal(second))


def _offset(text: str | None) -> int | None:
    if text is None or text == "Z":
        return None if text is None else 0
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 14 or minutes > 59:
        return None
    return (hours * 60 + minutes) * (-1 if text[0] == "-" else 1)


def _date_text(parts: Sequence[Part]) -> str:
    return "-".join(f"{part:04d}" if at == 0 else f"{part:02d}" for at, part in enumerate(map(int, parts)))


def _clock_text(parts: Sequence[Part]) -> str:
    return ":".join(f"{part:02d}" if isinstance(part, int) else _second_text(part) for part in parts)


def _second_text(second: Decimal) -> str:
    whole, dot, fraction = f"{second:f}".partition(".")
    return f"{whole:0>2}{dot}{fraction}"


def _zone_text(offset: int | None) -> str:
    if offset is None:
        return ""
    if offset == 0:
        return "Z"
    hours, minutes = divmod(abs(offset), 60)
    return f"{'-' if offset < 0 else '+'}{hours:02d}:{minutes:02d}"

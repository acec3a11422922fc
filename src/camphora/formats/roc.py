"""Republic-of-China months and dates. Year 1 is 1912; years before it are negative (year −1 is 1911).

Read at the edge into ISO text (`2024-03`, `2024-03-01`) and never kept otherwise. Four-digit years are Gregorian.
Source: the ROC date rules of NHI files (YYYMM, YYYMMDD) and of the prior-authorisation guide (negative years).
"""

from __future__ import annotations

import calendar
import re

from camphora.errors import Invalid
from camphora.formats.shape import shape

_SPLIT = re.compile(r"(-?\d{1,4})[/.\-年](\d{1,2})(?:[/.\-月](\d{1,2})日?|月)?$")
_MONTH = re.compile(r"(-?\d{2,4})(\d{2})$")
_DATE = re.compile(r"(-?\d{2,4})(\d{2})(\d{2})$")


def month(text: str) -> str:
    """`11303`, `113/03`, `9903`, `09903`, `113年3月`, `202403`, `2024-03` → `2024-03`. Invalid formats-month."""
    found = _SPLIT.match(text.strip()) or _MONTH.match(text.strip())
    if not found or (found.re is _SPLIT and found[3]):
        raise Invalid("formats-month", shape=shape(text))
    year, number = _year(found[1]), int(found[2])
    if year is None or not 1 <= number <= 12:
        raise Invalid("formats-month", shape=shape(text))
    return f"{year:04d}-{number:02d}"


def date(text: str) -> str:
    """`1130315`, `113/03/15`, `990315`, `113年3月15日`, `20240315`, `2024-03-15` → `2024-03-15`.

    Invalid formats-date also for days that no month has."""
    found = _SPLIT.match(text.strip()) or _DATE.match(text.strip())
    if not found or not found[3]:
        raise Invalid("formats-date", shape=shape(text))
    year, number, day = _year(found[1]), int(found[2]), int(found[3])
    if year is None or not 1 <= number <= 12 or not 1 <= day <= calendar.monthrange(year, number)[1]:
        raise Invalid("formats-date", shape=shape(text))
    return f"{year:04d}-{number:02d}-{day:02d}"


def _year(text: str) -> int | None:
    """The Gregorian year: four digits are one already, up to three (and a sign) count from 1912."""
    number = int(text)
    if len(text) == 4 and not text.startswith(("-", "0")):
        year = number
    else:
        year = number + 1911 if number > 0 else number + 1912
    return year if number != 0 and 1 <= year <= 9999 else None


def roc_year(year: int) -> int:
    """The ROC year of a Gregorian one: 2024 → 113, 1911 → −1."""
    return year - 1911 if year > 1911 else year - 1912


def compact(iso: str) -> str:
    """An ISO month or date as NHI files write it: `2024-03` → `11303`, `2024-03-15` → `1130315`."""
    year, *rest = iso.split("-")
    number = roc_year(int(year))
    return f"{'-' if number < 0 else ''}{abs(number):03d}{''.join(rest)}"


def slashed(iso: str) -> str:
    """As people write it: `2024-03` → `113/03`, `2024-03-15` → `113/03/15`."""
    year, *rest = iso.split("-")
    return "/".join([str(roc_year(int(year))), *rest])


def spoken(iso: str) -> str:
    """In a sentence: `2024-03` → `113 年 3 月`, `2024-03-15` → `113 年 3 月 15 日`."""
    year, *rest = iso.split("-")
    parts = [
        f"{roc_year(int(year))} 年",
        *(f"{int(n)} {unit}" for n, unit in zip(rest, "月日", strict=False)),
    ]
    return " ".join(parts)

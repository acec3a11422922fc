"""Republic-of-China months, dates and instants. Year 1 is 1912; years before it are negative (−1, 民前 1 年, is 1911).

Read at the edge into ISO text (`2024-03`, `2024-03-01`, `2024-03-01T10:20:30+08:00`) and never kept otherwise.
Four-digit years are Gregorian. Source: the ROC date rules of NHI files (YYYMM, YYYMMDD, YYYMMDDHHMMSS) and of the
prior-authorisation guide (negative years).
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
import unicodedata
from typing import NamedTuple

from camphora.errors import Invalid
from camphora.formats import numerals
from camphora.formats.shape import shape

TAIWAN = dt.timezone(dt.timedelta(hours=8))
LAST = 200
"""The last ROC year that is written without separators; `2010105` is more likely 2010-10-5 than the year 201."""
_ERA = re.compile(r"(?:中華)?民國(前)?|(民前)")
_SPLIT = re.compile(r"(-?[0-9]{1,4})[/.\-年]([0-9]{1,2})(?:[/.\-月]([0-9]{1,2})[日號]?|月)?$")
_MONTH = re.compile(r"(-?[0-9]{2,4})([0-9]{2})$")
_DATE = re.compile(r"(-?[0-9]{2,4})([0-9]{2})([0-9]{2})$")
_INSTANT = re.compile(
    r"(-?[0-9]{7})([0-9]{2})([0-9]{2})([0-9]{2})?$|([0-9]{8})([0-9]{2})([0-9]{2})([0-9]{2})$"
)
_CLOCK = re.compile(r"(?:(上午|下午)|T)?([0-9]{1,2})[:時]([0-9]{1,2})(?:[:分](?:([0-9]{1,2})秒?)?)?$")
_NOUGHT = re.compile(r"[0/.\-:年月日]*$")
_COUNTED = re.compile(f"[{numerals.SIGNS}]+(?=[年月日號])")
_CENTURY = re.compile(r"(?:19|20)[0-9]{2}(?:[0-9]{2})?$")


class _Read(NamedTuple):
    year: int
    month: int
    day: int | None


def given(text: str) -> bool:
    """Whether anything stands there: with blanks and noughts (`0000000`, `000/00/00`) files say that nothing does."""
    return _NOUGHT.match(_plain(text)) is None


def month(text: str, *, western: bool = True) -> str:
    """`11303`, `113/03`, `9903`, `09903`, `民國113年3月`, `202403`, `2024-03` → `2024-03`.

    Raises Invalid formats-month, formats-date-ambiguous (`2012`: the year, or month 12 of ROC year 20) and, unless
    `western`, formats-date-western for a Gregorian year.
    """
    plain = _plain(text)
    found = _read(plain, _MONTH, 4)
    if found is None or found.day is not None:
        raise Invalid("formats-month", shape=shape(text))
    _sure(plain, text, found, western=western)
    return f"{found.year:04d}-{found.month:02d}"


def date(text: str, *, western: bool = True) -> str:
    """`1130315`, `113/03/15`, `990315`, `民國113年3月15日`, `民前1年5月3日`, `-0010503`, `20240315` → `2024-03-15`.

    Raises Invalid formats-date also for days that no month has, formats-date-ambiguous (`201203`: ROC year 20, or
    the month 2012-03) and, unless `western`, formats-date-western for a Gregorian year.
    """
    plain = _plain(text)
    found = _read(plain, _DATE, 6)
    if (
        found is None
        or found.day is None
        or not 1 <= found.day <= calendar.monthrange(found.year, found.month)[1]
    ):
        raise Invalid("formats-date", shape=shape(text))
    _sure(plain, text, found, western=western)
    return f"{found.year:04d}-{found.month:02d}-{found.day:02d}"


def partial(text: str) -> str:
    """A date of which day or month may be nought: `1130300` → `2024-03`, `1130000` and `113年` → `2024`."""
    plain = _plain(text)
    if (only := re.fullmatch(r"(-?[0-9]{2,4}?)0000|(-?[0-9]{1,4})年|(-?[0-9]{3})", plain)) is not None:
        year = _year(only[1] or only[2] or only[3])
        if year is not None:
            return f"{year:04d}"
    if found := re.fullmatch(r"(-?[0-9]{4,6})00", plain):
        return month(found[1])
    return date(plain)


def instant(text: str) -> str:
    """`1130315102030`, `11303151020`, `113/03/15 10:20`, `民國113年3月15日下午3時5分` → `2024-03-15T10:20:30+08:00`.

    The clock is Taiwan's, +08:00. Raises Invalid formats-instant.
    """
    found = _INSTANT.match(_plain(text))
    if found:
        day, *clock = [part for part in found.groups() if part is not None]
        return _at(date(day), text, *clock)
    day, clock_text = _halves(unicodedata.normalize("NFKC", text).strip())
    clocked = _CLOCK.match(re.sub(r"\s", "", clock_text))
    if not clocked:
        raise Invalid("formats-instant", shape=shape(text))
    half, hour, *rest = clocked.groups()
    late = 12 if half == "下午" and int(hour) < 12 else 0
    early = 12 if half == "上午" and int(hour) == 12 else 0
    return _at(date(day), text, str(int(hour) + late - early), *(part for part in rest if part is not None))


def roc_year(year: int) -> int:
    """The ROC year of a Gregorian one: 2024 → 113, 1911 → −1."""
    return year - 1911 if year > 1911 else year - 1912


def compact(iso: str) -> str:
    """As NHI files write it: `2024-03` → `11303`, `2024-03-15` → `1130315`, `2024-03-15T10:20:30+08:00` →
    `1130315102030` (Taiwan's clock)."""
    if "T" in iso:
        at = dt.datetime.fromisoformat(iso).astimezone(TAIWAN)
        return compact(at.date().isoformat()) + at.strftime("%H%M%S")
    year, *rest = iso.split("-")
    number = roc_year(int(year))
    return f"{'-' if number < 0 else ''}{abs(number):03d}{''.join(rest)}"


def slashed(iso: str) -> str:
    """As people write it: `2024-03` → `113/03`, `2024-03-15` → `113/03/15`."""
    year, *rest = iso.split("-")
    return "/".join([str(roc_year(int(year))), *rest])


def spoken(iso: str) -> str:
    """In a sentence: `2024-03` → `113 年 3 月`, `2024-03-15` → `113 年 3 月 15 日`, `1911-05` → `民前 1 年 5 月`."""
    year, *rest = iso.split("-")
    number = roc_year(int(year))
    parts = [
        f"{'民前 ' if number < 0 else ''}{abs(number)} 年",
        *(f"{int(n)} {unit}" for n, unit in zip(rest, "月日", strict=False)),
    ]
    return " ".join(parts)


def _plain(text: str) -> str:
    """Half-width, without blanks and the name of the era; years before it negative, numerals as digits."""
    if text.isascii():
        return text.strip()
    wide = unicodedata.normalize("NFKC", text).replace("−", "-")
    era = _ERA.search(bare := re.sub(r"\s", "", wide).replace("元年", "1年"))
    plain = ("-" if era and (era[1] or era[2]) else "") + _ERA.sub("", bare, count=1)
    return _COUNTED.sub(lambda run: str(numerals.value(run[0]) or run[0]), plain)


def _read(plain: str, compact: re.Pattern[str], least: int) -> _Read | None:
    found = _SPLIT.match(plain) or (compact.match(plain) if len(plain.lstrip("-")) >= least else None)
    if not found or (year := _year(found[1])) is None or not 1 <= (number := int(found[2])) <= 12:
        return None
    day = found[3] if found.re.groups > 2 else None
    return _Read(year, number, int(day) if day else None)


def _sure(plain: str, text: str, found: _Read, *, western: bool) -> None:
    """Refuses what may mean two days, and Gregorian years where they are not wanted."""
    digits = plain.isdecimal()
    gregorian = re.match(r"[1-9][0-9]{3}(?:$|[^0-9])", plain) or (
        digits and len(plain) == (8 if found.day else 6)
    )
    if gregorian and not western:
        raise Invalid("formats-date-western", shape=shape(text))
    two = digits and len(plain) == (6 if found.day else 4) and _CENTURY.match(plain)
    late = digits and not gregorian and roc_year(found.year) > LAST
    if two or late:
        raise Invalid("formats-date-ambiguous", shape=shape(text))


def _year(text: str) -> int | None:
    """The Gregorian year: four digits are one already, up to three (and a sign) count from 1912."""
    number = int(text)
    if len(text) == 4 and not text.startswith(("-", "0")):
        year = number
    else:
        year = number + 1911 if number > 0 else number + 1912
    return year if number != 0 and 1 <= year <= 9999 else None


def _halves(text: str) -> tuple[str, str]:
    """A written instant at the end of its day: a 日, or the last blank or T before the clock."""
    found = re.match(r"(.*?[日號])\s*(.*)$|(.*?[0-9])(?:\s+|T)(.*)$", text)
    return (found[1] or found[3], found[2] or found[4] or "") if found else (text, "")


def _at(day: str, text: str, hour: str, minute: str, second: str = "00") -> str:
    if int(hour) > 23 or int(minute) > 59 or int(second) > 59:
        raise Invalid("formats-instant", shape=shape(text))
    return f"{day}T{int(hour):02d}:{int(minute):02d}:{int(second):02d}+08:00"

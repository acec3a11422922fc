"""Dates as people in Taiwan and English readers say them: 113 年 12 月, Dec 2024.

Input is a `date`, a `datetime`, or ISO text of any FHIR precision (YYYY, YYYY-MM, YYYY-MM-DD, with a time).
Republic-of-China dates are only written here; they are never parsed.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import NamedTuple

from camphora.errors import Invalid, Lang

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ISO = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d:\d\d))?)?)?")

When = date | str


class Parts(NamedTuple):
    """What is known of a date; zero and empty where it is not."""

    year: int
    month: int = 0
    day: int = 0
    clock: str = ""


def parts(when: When) -> Parts:
    """Year, month, day and clock (HH:MM, as written) of a date. Raises Invalid `pages-date-form`."""
    text = when.isoformat() if isinstance(when, date) else when
    found = _ISO.match(text)
    if not found or not 0 <= int(found[2] or 1) <= 12:
        raise Invalid("pages-date-form")
    return Parts(int(found[1]), int(found[2] or 0), int(found[3] or 0), found[4] or "")


def year(when: When, lang: Lang) -> str:
    """113 年; 民國前 1 年; 2024."""
    known = parts(when).year
    if lang == "en":
        return str(known)
    return f"{known - 1911} 年" if known > 1911 else f"民國前 {1912 - known} 年"


def month(when: When, lang: Lang) -> str:
    """113 年 12 月; Dec 2024."""
    known = parts(when)
    if lang == "en":
        return f"{MONTHS[known.month - 1]} {known.year}"
    return f"{year(when, lang)} {known.month} 月"


def day(when: When, lang: Lang) -> str:
    """113 年 12 月 31 日; 31 Dec 2024."""
    known = parts(when)
    return f"{known.day} {month(when, lang)}" if lang == "en" else f"{month(when, lang)} {known.day} 日"


def written(when: When, lang: Lang) -> str:
    """As precise as the date is known: year, month or day, without the time."""
    known = parts(when)
    return (day if known.day else month if known.month else year)(when, lang)


def short(when: When, lang: Lang) -> str:
    """For axes and cells: 113/12 or 113/12/31; 2024-12 or 2024-12-31."""
    known = parts(when)
    if lang == "en" or known.year <= 1911:
        return "-".join([str(known.year), *(f"{part:02}" for part in known[1:3] if part)])
    return "/".join([str(known.year - 1911), *(f"{part:02}" for part in known[1:3] if part)])


def month_day(when: When, lang: Lang) -> str:
    """12 月 31 日; 31 Dec."""
    known = parts(when)
    name = MONTHS[known.month - 1]
    return f"{known.day} {name}" if lang == "en" else f"{known.month} 月 {known.day} 日"


def moment(when: When, lang: Lang) -> str:
    """113 年 11 月 3 日 09:41; 3 Nov 2024, 09:41."""
    clock = parts(when).clock
    comma = "," if lang == "en" else ""
    return f"{day(when, lang)}{comma} {clock}" if clock else day(when, lang)


def near(when: When, today: date, lang: Lang) -> str:
    """Without the year where it is this year's: 11 月 3 日; otherwise as `written`."""
    known = parts(when)
    return month_day(when, lang) if known.day and known.year == today.year else written(when, lang)


def week(year_of_week: int, number: int, lang: Lang) -> str:
    """108 年第 3 週; 2019 week 3."""
    if lang == "en":
        return f"{year_of_week} week {number}"
    return f"{year_of_week - 1911} 年第 {number} 週"


def short_week(year_of_week: int, number: int, lang: Lang) -> str:
    """For axes, where 2019-03 would be March: 108 年 3 週; 2019-W03."""
    return f"{year_of_week}-W{number:02}" if lang == "en" else f"{year_of_week - 1911} 年 {number} 週"


def age(birth: date, on: date, lang: Lang) -> str:
    """Completed years; below two years completed months: 82 歲, 5 個月; 82 years, 5 months."""
    months = (on.year - birth.year) * 12 + on.month - birth.month - (on.day < birth.day)
    if months < 24:
        return f"{months} 個月" if lang == "zh-TW" else _counted(months, "month")
    return f"{months // 12} 歲" if lang == "zh-TW" else _counted(months // 12, "year")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def iso(when: When) -> str:
    """ISO text of what is known, without the time."""
    return when.date().isoformat() if isinstance(when, datetime) else str(when)[:10]

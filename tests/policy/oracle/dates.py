"""Dates of R4, and what they say of a person's life."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from typing import Any

from camphora.policy.asking import Whom
from policy.oracle.values import OPEN, TAIPEI, Json, Rules


class Unreadable(ValueError):
    """A text that should be a date and is none."""


WRITTEN = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?)?)?)?", re.ASCII
)


@cache
def moments(text: Any) -> tuple[int, int]:
    """First and last millisecond of an R4 date."""
    found = WRITTEN.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise Unreadable
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        if hour:
            start = datetime(
                int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=_zone(zone)
            )
            first = milliseconds(start)
            if fraction:
                part = int((fraction[1:] + "000")[:3])
                return first + part, first + part
            return first, first + 999
        start = datetime(int(year), int(month or 1), int(day or 1), tzinfo=TAIPEI)
        if day:
            after = start + timedelta(days=1)
        elif month:
            after = datetime(
                int(year) + (month == "12"), 1 if month == "12" else int(month) + 1, 1, tzinfo=TAIPEI
            )
        else:
            after = datetime(int(year) + 1, 1, 1, tzinfo=TAIPEI)
    except ValueError as wrong:
        raise Unreadable from wrong
    return milliseconds(start), milliseconds(after) - 1


def _zone(zone: str | None) -> timezone:
    if zone is None:
        return TAIPEI
    if zone == "Z":
        return UTC
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    return timezone((1 if zone[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes))


def milliseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def period(said: Json) -> tuple[int, int]:
    """A partial start counts from its first moment, a partial end to its last."""
    start = moments(said["start"])[0] if said.get("start") is not None else OPEN[0]
    end = moments(said["end"])[1] if said.get("end") is not None else OPEN[1]
    return start, end


def holds(span: tuple[int | None, int | None], at: int) -> bool:
    first, last = span
    return (first is None or first <= at) and (last is None or at <= last)


def birthday(day: date, years: int) -> int:
    """The first moment of the day on which somebody born on `day` reaches an age."""
    year = day.year + years
    try:
        reached = day.replace(year=year)
    except ValueError:
        reached = date(year, 3, 1)
    return moments(reached.isoformat())[0]


def day_of(moment: int) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment)).astimezone(TAIPEI).date()


def minor(whom: Whom, at: int, rules: Rules) -> bool:
    if whom.born is None:
        return False
    first, last = moments(whom.born)
    return first <= at < birthday(day_of(last), rules.settings["ages.majority"])


def old_enough(whom: Whom, at: int, rules: Rules) -> bool:
    if whom.born is None:
        return True
    return at >= birthday(day_of(moments(whom.born)[0]), rules.settings["ages.own_act"])


def incapable(whom: Whom, at: int) -> bool:
    return any(holds(span, at) for span in whom.incapable)


def dead(whom: Whom, at: int) -> bool:
    return whom.died is not None and at > moments(whom.died)[1]

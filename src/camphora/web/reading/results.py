"""Results: the latest of each code with its course, and how a value compares with the one before."""

from __future__ import annotations

from collections.abc import Iterable

from camphora.web.contexts import Result
from camphora.web.reading.plain import Json, Reading
from camphora.web.reading.titles import date_of, title

LONGEST = 12
"""So many values at most make a trend."""


def key_of(resource: Json) -> str:
    """What makes two results comparable: the first coding, else the text."""
    code = resource.get("code", {})
    first: Json = next(iter(code.get("coding", ())), {})
    return f"{first.get('system', '')}|{first['code']}" if "code" in first else str(code.get("text", ""))


def number_of(observation: Json) -> float | None:
    """The number that is drawn: the value, or the first component's."""
    for owner in (observation, *observation.get("component", ())):
        value = owner.get("valueQuantity", {}).get("value")
        if isinstance(value, int | float):
            return float(value)
    return None


def by_code(observations: Iterable[Json]) -> dict[str, list[Json]]:
    """Groups that can be compared, oldest first within each; the group with the newest value comes first."""
    groups: dict[str, list[Json]] = {}
    for row in sorted(observations, key=date_of, reverse=True):
        groups.setdefault(key_of(row), []).insert(0, row)
    return groups


def compared(reading: Reading, latest: Json, before: Json | None) -> str:
    """Lower than, higher than, same as last time; empty where nothing can be compared."""
    now, then = number_of(latest), number_of(before) if before else None
    if now is None or then is None:
        return ""
    return reading.words(
        "compare.same" if now == then else "compare.lower" if now < then else "compare.higher"
    )


def trend_in_words(reading: Reading, group: list[Json]) -> str:
    """What the course of a value shows: how many values, the newest, and how it changed. At least two are needed."""
    newest = group[-1]
    value, change = reading.value(newest), compared(reading, newest, group[-2])
    return reading.words(
        "reading.trend", name=title(reading, newest), n=len(group), value=value, change=change
    )


def latest(reading: Reading, observations: Iterable[Json], suffix: str = "") -> list[Result]:
    """One result for each code: those out of range first, then laboratory and blood pressure, then measures of
    the body; the newest first within each."""
    found = [
        (_result(reading, group, suffix), _is_measure(group[-1])) for group in by_code(observations).values()
    ]
    ordered = sorted(found, key=lambda pair: (not pair[0].flag, pair[1]))
    return [result for result, _ in ordered]


def _is_measure(observation: Json) -> bool:
    """Height, weight and the like: a vital sign without a judgement."""
    categories = (coding for each in observation.get("category", ()) for coding in each.get("coding", ()))
    vital = any(coding.get("code") == "vital-signs" for coding in categories)
    return vital and not observation.get("interpretation")


def _result(reading: Reading, group: list[Json], suffix: str) -> Result:
    newest = group[-1]
    numbers = [number for row in group[-LONGEST:] if (number := number_of(row)) is not None]
    ranges = newest.get("referenceRange", ())
    before = group[-2] if len(group) > 1 else None
    change = compared(reading, newest, before)
    name = title(reading, newest)
    return Result(
        name=name,
        href=f"/records/Observation/{newest['id']}{suffix}",
        value=reading.value(newest),
        when=reading.when(date_of(newest)) if date_of(newest) else "",
        range=reading.range(ranges[0]) if ranges else "",
        flag=reading.flag(newest),
        trend=numbers if len(numbers) > 1 else (),
        trend_text=trend_in_words(reading, group) if change else "",
    )

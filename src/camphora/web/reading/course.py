"""One result opened: its value, and its course over time as a line for each part."""

from __future__ import annotations

from collections.abc import Sequence

from camphora.fhir.dates import DAY, span
from camphora.pages import Band, Block, Cell, Column, Figure, Figures, LineChart, Series, Table, Tone, dates
from camphora.web.reading.plain import Json, Reading, ends
from camphora.web.reading.results import trend_in_words
from camphora.web.reading.titles import date_of


def figure(reading: Reading, observation: Json) -> Figures:
    """The value for which the page was opened."""
    ranges = [reading.range(each) for each in observation.get("referenceRange", ())]
    notes = [reading.flag(observation), *(reading.words("item.usual", range=each) for each in ranges if each)]
    tone: Tone = "notice" if reading.flag(observation) else "plain"
    figure = Figure(
        reading.words("item.this"), reading.value(observation) or "–", reading.sentences(notes), tone
    )
    return Figures([figure])


def chart(reading: Reading, rows: list[Json]) -> list[Block]:
    """The course of a number over time, where there are at least two: a line for each part, with its table."""
    measured = sorted((row for row in rows if date_of(row) and numbers_of(reading, row)), key=date_of)
    if len(measured) < 2:
        return []
    last, values = measured[-1], [numbers_of(reading, row) for row in measured]
    names = list(values[-1])
    columns = [Column("date", reading.words("item.when"), "date"), *(Column(name, name) for name in names)]
    places = decimals_of(values)
    lines: list[dict[str, Cell]] = [
        {"date": date_of(row)[:10], **{name: f"{number:.{places}f}" for name, number in found.items()}}
        for row, found in zip(measured, values, strict=True)
    ]
    low, high = bounds(values, last)
    drawn = LineChart(
        name="trend",
        title=reading.words("item.trend"),
        positions=[dates.short(date_of(row)[:10], reading.lang) for row in measured],
        times=_times(measured),
        series=_lines(values, places),
        sentence=trend_in_words(reading, measured),
        table=Table("trend", reading.words("item.values"), columns, lines[::-1]),
        unit=unit_of(reading, last),
        low=low,
        high=high,
        band=usual(reading, last, len(measured)),
    )
    return [drawn]


def _times(measured: Sequence[Json]) -> list[float]:
    """Days at which the measurements stand on the axis; empty, and so evenly apart, where one has no plain date."""
    try:
        found = [span(date_of(row))[0] / DAY for row in measured]
    except ValueError:
        return []
    return found if found == sorted(found) else []


def _lines(values: list[dict[str, float]], places: int) -> list[Series]:
    """A line for each part; a single one bears only its last value, since the page's title names it."""
    names = list(values[-1])
    ends = {name: f"{values[-1][name]:.{places}f}" for name in names}
    return [
        Series(
            name,
            [found.get(name) for found in values],
            f"{name} {ends[name]}" if len(names) > 1 else ends[name],
        )
        for name in names
    ]


def numbers_of(reading: Reading, observation: Json) -> dict[str, float]:
    """Every number of a result by its name: one, or one for each component (systolic, diastolic)."""
    owners = [observation] if "valueQuantity" in observation else observation.get("component", ())
    found = (
        (reading.concept(owner.get("code")), owner.get("valueQuantity", {}).get("value")) for owner in owners
    )
    return {name: float(number) for name, number in found if isinstance(number, int | float)}


def unit_of(reading: Reading, observation: Json) -> str:
    owners = (observation, *observation.get("component", ()))
    return next((reading.unit(owner["valueQuantity"]) for owner in owners if "valueQuantity" in owner), "")


def usual(reading: Reading, observation: Json, length: int) -> Band | None:
    """The reference range as a band, where it has both ends."""
    for each in observation.get("referenceRange", ()):
        low, high = ends(each)
        if low is not None and high is not None:
            return Band([low] * length, [high] * length, reading.words("reading.usual"))
    return None


def bounds(values: list[dict[str, float]], newest: Json) -> tuple[float, float]:
    """The ends of the axis: the values and their reference range with some room, so that a change can be seen."""
    numbers = [number for found in values for number in found.values()]
    for each in newest.get("referenceRange", ()):
        numbers += [float(number) for number in ends(each) if number is not None]
    low, high = min(numbers), max(numbers)
    room = (high - low or abs(high) or 1.0) * 0.15
    return max(0.0, low - room) if low >= 0 else low - room, high + room


def decimals_of(values: list[dict[str, float]]) -> int:
    """How many places the numbers are given to, so that a column shows them alike."""
    written = (f"{number:.6f}".rstrip("0").partition(".")[2] for found in values for number in found.values())
    return max(map(len, written), default=0)

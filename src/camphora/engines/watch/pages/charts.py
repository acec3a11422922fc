"""The pictures and tables that several pages show: a series with its expected range, counties held against theirs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from camphora.engines.watch.forecasts import Ahead
from camphora.engines.watch.pages import sentences
from camphora.engines.watch.pages.asked import Asked, Count
from camphora.engines.watch.pages.frame import (
    about,
    address,
    area_name,
    group_name,
    place,
    state,
    week_text,
)
from camphora.pages import Band, Cell, Column, CountyMap, LineChart, Series, Table, dates
from camphora.pages.counties import BY_CODE
from camphora.pages.words import Words

WEEKS = 104


def course(
    asked: Asked,
    words: Words,
    *,
    weeks: int = WEEKS,
    ahead: Sequence[Ahead] = (),
    came: bool = False,
    name: str = "course",
) -> LineChart:
    """A series up to the week, with the expected range, the week in question and what is foreseen; `came`: with what
    came of that, too."""
    span, found = _known_from(asked, weeks)
    more = [None] * len(ahead)
    seen = sum(each.observed is not None for each in found)
    title = words("course.title", place=place(asked.watch, asked.area, asked.group, words), n=seen)
    months = [*_months(asked, span, words), *(axis(each.week, asked, words) for each in ahead)]
    band = Band(
        [*(each.expected for each in found), *more],
        [*(each.upper if each.expected is not None else None for each in found), *more],
        words("course.band"),
    )
    observed: list[float | None] = [each.observed for each in found]
    now = words("course.now", n=f"{round(observed[-1]):,}") if ahead and observed[-1] is not None else ""
    series = [Series(words("column.observed"), [*observed, *more], now)]
    if came and any(each.came is not None for each in ahead):
        later = [*([None] * (len(observed) - 1)), observed[-1], *(each.came for each in ahead)]
        series.append(Series(words("ahead.later"), later))
    return LineChart(
        name,
        title,
        months,
        series,
        _said(asked, found, list(span), ahead, words),
        _weeks(asked, found, list(span), words),
        low=0,
        unit=asked.watch.unit[words.lang],
        band=band,
        fan=fan(observed, ahead, words),
        point=(0, len(span) - 1) if observed[-1] is not None else None,
    )


def _known_from(asked: Asked, weeks: int) -> tuple[range, list[Count]]:
    """So many weeks up to the asked one, without those before the first that is known; and their counts."""
    span = range(max(0, asked.at + 1 - weeks), asked.at + 1)
    found = asked.counts_of(asked.row, span)
    first = next((at for at, each in enumerate(found) if each.observed is not None), 0)
    return span[first:], found[first:]


def _months(asked: Asked, span: range, words: Words) -> list[str]:
    """The month of the first day of each week: 108/01."""
    months = np.datetime_as_string(asked.watched.series.first[span.start : span.stop], unit="M").tolist()
    said = {month: dates.short(month, words.lang) for month in set(months)}
    return [said[month] for month in months]


def axis(label: str, asked: Asked, words: Words) -> str:
    """The month of the week's first day: 108/01."""
    series = asked.watched.series
    at = np.flatnonzero(series.label == label)
    first = series.first[int(at[0])] if len(at) else _later(asked, label)
    return dates.short(str(first)[:7], words.lang)


def _later(asked: Asked, label: str) -> np.datetime64:
    """The first day of a week after the last one known."""
    series = asked.watched.series
    step = int(np.flatnonzero(series.labels(8) == label)[0]) - len(series.label) + 1
    return np.datetime64(series.first[-1] + np.timedelta64(7 * step, "D"))


def fan(observed: Sequence[float | None], ahead: Sequence[Ahead], words: Words) -> list[Band]:
    """The 95 % and the 50 % range of what is foreseen, from the last count on."""
    if not ahead or observed[-1] is None:
        return []
    before: list[float | None] = [None] * (len(observed) - 1)
    bands = []
    for name, pairs in (("most", [each.most for each in ahead]), ("half", [each.half for each in ahead])):
        low, high = ([observed[-1], *(pair[side] for pair in pairs)] for side in (0, 1))
        bands.append(Band([*before, *low], [*before, *high], words(f"ahead.{name}")))
    return bands


def _said(
    asked: Asked, found: Sequence[Count], span: Sequence[int], ahead: Sequence[Ahead], words: Words
) -> str:
    labels = [str(asked.watched.series.label[at]) for at in span]
    said = sentences.past_weeks(found, labels, asked, words)
    return sentences.joined([said, foreseen(ahead, words)], words)


def foreseen(ahead: Sequence[Ahead], words: Words) -> str:
    """What is foreseen of the last week ahead."""
    if not ahead:
        return ""
    last = ahead[-1]
    return words(
        "ahead.said",
        week=week_text(last.week, words),
        median=about(last.median),
        low=about(last.most[0]),
        high=about(last.most[1]),
    )


def _weeks(asked: Asked, found: Sequence[Count], span: Sequence[int], words: Words) -> Table:
    """The weeks of a chart, the newest first."""
    series = asked.watched.series
    rows = [
        {
            "week": week_text(str(series.label[at]), words),
            "first": str(series.first[at]),
            **compared(count, words),
        }
        for count, at in reversed(list(zip(found, span, strict=True)))
    ]
    columns = [
        Column("week", words("column.week")),
        Column("first", words("column.first"), "date"),
        *against(asked, words),
    ]
    return Table("weeks", words("course.table"), columns, rows, chip={"state": "tone"}, folded=True)


def compared(count: Count, words: Words) -> dict[str, Cell]:
    """A count as a row: observed, expected, bound, how many times, its state."""
    chip = state(count, words)
    return {
        "observed": None if count.observed is None else round(count.observed),
        "expected": count.expected,
        "upper": count.upper,
        "ratio": count.ratio,
        "state": chip.text,
        "tone": chip.tone,
    }


def against(asked: Asked, words: Words) -> list[Column]:
    """The columns of `compared`."""
    unit = asked.watch.unit[words.lang]
    return [
        Column("observed", words("column.observed"), "integer", unit),
        Column("expected", words("column.expected"), "decimal"),
        Column("upper", words("column.upper"), "decimal"),
        Column("ratio", words("column.ratio"), "decimal"),
        Column("state", words("column.state")),
    ]


def counties(asked: Asked, words: Words, *, group: str = "", folded: bool = False) -> CountyMap | Table:
    """Every place in the week against what was expected, the furthest above first; as a map where they are counties."""
    found = [(area, asked.count(asked.row_of(area, group), asked.at)) for area in asked.areas]
    rows = [
        {
            "area": area_name(area, words),
            **compared(count, words),
            "href": address(asked, "series", area=area, group=group),
        }
        for area, count in sorted(found, key=lambda each: -(each[1].ratio or 0))
    ]
    columns = [Column("area", words("column.area")), *against(asked, words)]
    title = words("counties.title", week=week_text(asked.week, words))
    table = Table("counties", title, columns, rows, {"area": "href"}, {"state": "tone"}, folded=folded)
    if not any(area in BY_CODE for area in asked.areas):
        return table
    return CountyMap(
        "map",
        words("counties.map"),
        {area: count.ratio for area, count in found},
        sentences.counties(found, words),
        table,
        hrefs={area: address(asked, "series", area=area, group=group) for area, _ in found},
    )


def groups(asked: Asked, words: Words) -> Table | None:
    """The groups of the place in the week; None where places are not parted."""
    rows = asked.rows(asked.area)
    if not rows:
        return None
    made = []
    for row in [asked.row_of(asked.area, ""), *rows]:
        group = asked.watched.series.keys[row][1]
        href = address(asked, "series", area=asked.area, group=group)
        count = compared(asked.count(row, asked.at), words)
        made.append({"group": group_name(asked.watch, group, words), **count, "href": href})
    columns = [Column("group", words("column.group")), *against(asked, words)]
    title = words("groups.title", place=area_name(asked.area, words))
    return Table("groups", title, columns, made, {"group": "href"}, {"state": "tone"}, stacked=True)

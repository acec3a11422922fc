"""The cases of a season by day, of each township and each village."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from camphora.engines.watch.season.declaration import Season
from camphora.errors import Invalid

Floats = NDArray[np.float64]
Rows = Mapping[str, Iterable[Mapping[str, Any]]]
"""Rows by the name of their table."""
TOWNSHIP, COUNTY = 8, 5
"""Signs of a code that name the township, and its county."""


class Township(NamedTuple):
    code: str
    name: str
    name_en: str
    people: int
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Counts:
    """`days` (ISO) without gaps; `townships` of the counties that are scanned, and `cases` (townships, days) of them;
    `villages`: (township's code, name) of those with cases, and `by_village` (villages, days); `by_county`: cases by
    day of every county with a case; `elsewhere`: cases outside the counties that are scanned, `unknown`: cases of
    villages that the table of villages does not hold."""

    days: tuple[str, ...]
    townships: tuple[Township, ...]
    cases: Floats
    villages: tuple[tuple[str, str], ...]
    by_village: Floats
    by_county: Mapping[str, Floats]
    elsewhere: float
    unknown: float

    def at(self, day: str) -> int:
        """Where a day is. Invalid `watch-no-day`."""
        if day not in self.days:
            raise Invalid("watch-no-day", first=self.days[0], last=self.days[-1])
        return self.days.index(day)

    def township(self, code: str) -> int:
        """Where a township is. Invalid `watch-no-series`."""
        found = next((at for at, each in enumerate(self.townships) if each.code == code), None)
        if found is None:
            raise Invalid("watch-no-series")
        return found


def counts_of(season: Season, rows: Rows) -> Counts:
    """The counts of rows of the season's tables. Invalid `watch-no-rows`."""
    cases = list(rows[season.table])
    if not cases:
        raise Invalid("watch-no-rows", table=season.table)
    villages = {
        str(row[season.place_key]): (str(row["village"]), str(row["village_name"]))
        for row in rows[season.places]
    }
    begin, end = (dt.date.fromisoformat(str(pick(row[season.day] for row in cases))) for pick in (min, max))
    days = tuple(str(begin + dt.timedelta(days=n)) for n in range((end - begin).days + 1))
    at = {day: number for number, day in enumerate(days)}
    townships = _townships(season, rows)
    place = {each.code: number for number, each in enumerate(townships)}
    by_township, by_county = np.zeros((len(townships), len(days))), dict[str, Floats]()
    by_village: dict[tuple[str, str], Floats] = {}
    elsewhere = unknown = 0.0
    for row in cases:
        number, day = float(row[season.count] or 0), at[str(row[season.day])]
        code, name = villages.get(str(row[season.place]), ("", ""))
        if not code:
            unknown += number
            continue
        by_county.setdefault(code[:COUNTY], np.zeros(len(days)))[day] += number
        if (township := place.get(code[:TOWNSHIP])) is None:
            elsewhere += number
            continue
        by_township[township, day] += number
        by_village.setdefault((code[:TOWNSHIP], name), np.zeros(len(days)))[day] += number
    keys = tuple(sorted(by_village))
    each_village = np.array([by_village[key] for key in keys]).reshape(len(keys), len(days))
    return Counts(days, townships, by_township, keys, each_village, by_county, elsewhere, unknown)


def _townships(season: Season, rows: Rows) -> tuple[Township, ...]:
    """Those of the counties that are scanned, with their people and point."""
    people: dict[str, int] = {}
    for row in rows[season.people]:
        code = str(row["township"])
        if code[:COUNTY] in season.counties:
            people[code] = people.get(code, 0) + int(row["persons"])
    found = [
        Township(
            str(row["township"]),
            str(row["township_name"]),
            str(row["name_en"]),
            people[str(row["township"])],
            float(row["latitude"]),
            float(row["longitude"]),
        )
        for row in rows[season.points]
        if str(row["township"]) in people
    ]
    return tuple(sorted(found))

"""Where people live and where they are treated: townships, villages, postcodes and real facilities.

The real township × age × sex table is of November 2015 (Ministry of the Interior). `aged` carries it to
November 2026, openly: everyone is eleven years older, thinned by our mortality (`mortality.py`); the ages
0 to 10 are the township's infants of 2015 scaled by the births of the whole country in each later year.
Moves between townships since 2015 are not modelled. The birth figures are the Ministry's yearly totals,
rounded, from memory: an assumption of ours.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import accumulate

from camphora.synth.mortality import survival

YEARS = 11
"""From the table (2015-11) to the present of the synthetic Taiwan (2026-11)."""
BIRTHS_2015 = 213
BIRTHS = (105, 108, 135, 136, 139, 154, 165, 178, 182, 194, 208)
"""Births in thousands, for people now 0, 1, … 10 years old."""


def rows(name: str) -> Iterator[dict[str, str]]:
    """Rows of a bundled table (`.csv` or `.csv.gz`)."""
    content = (files("camphora.synth") / "data" / name).read_bytes()
    text = gzip.decompress(content) if name.endswith(".gz") else content
    return iter(csv.DictReader(io.StringIO(text.decode("utf-8"), newline="")))


def _counts(name: str) -> dict[str, list[int]]:
    content = gzip.decompress((files("camphora.synth") / "data" / name).read_bytes()).decode("utf-8")
    lines = (line.split(",") for line in content.splitlines()[1:])
    return {line[0]: [int(cell) for cell in line[1:]] for line in lines}


def read_population() -> dict[str, list[int]]:
    """The real counts of 2015-11 by county+town: men and women aged 0, then 1, … 100 and over (202 numbers)."""
    return _counts("population.csv.gz")


def aged(counts: list[int]) -> list[float]:
    """One township's 202 counts of 2015, carried to 2026 (see the module's text)."""
    now = [0.0] * 202
    for cell, count in enumerate(counts):
        age, sex = divmod(cell, 2)
        now[2 * min(age + YEARS, 100) + sex] += count * survival("mf"[sex], age, YEARS)
    infants = [sum(counts[sex : 6 + sex : 2]) / 3 for sex in (0, 1)]
    for age, births in enumerate(BIRTHS):
        for sex in (0, 1):
            now[2 * age + sex] = infants[sex] * births / BIRTHS_2015
    return now


@dataclass(frozen=True, slots=True)
class Place:
    """A township: county and town as the Ministry writes them, its postcode and its villages."""

    county: str
    town: str
    postcode: str
    villages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facility:
    """A real contracted facility: its ten-character code, name, county, township where known, and kind
    (hospital, clinic, dental, pharmacy, station)."""

    code: str
    name: str
    county: str
    town: str
    kind: str


@dataclass(frozen=True)
class Country:
    """The reference tables of the synthetic Taiwan. `Country.load()` reads them once."""

    places: tuple[Place, ...]
    facilities: tuple[Facility, ...]
    seeds: list[int]
    """Cumulative anchor weights: cell = 202 × township + 2 × age + (0 man, 1 woman)."""
    nearby: dict[tuple[str, str, str], tuple[Facility, ...]] = field(default_factory=dict)
    """Facilities of a kind for (county, town, kind): the township's own where there are any."""

    @staticmethod
    @cache
    def load() -> Country:
        places = tuple(
            Place(r["county"], r["town"], r["postcode"], tuple(r["villages"].split()))
            for r in rows("places.csv.gz")
        )
        facilities = tuple(
            Facility(r["code"], r["name"], r["county"], r["town"], r["kind"])
            for r in rows("facilities.csv.gz")
        )
        weights = _counts("seeds.csv.gz")
        seeds = list(accumulate(w for p in places for w in weights[p.county + p.town]))
        return Country(places, facilities, seeds, _nearby(places, facilities))


KINDS = {
    "hospital": ("hospital",),
    "clinic": ("clinic", "station", "hospital"),
    "dental": ("dental", "station", "hospital"),
    "pharmacy": ("pharmacy", "station", "hospital"),
    "station": ("station", "hospital"),
}
"""What is looked for, and what serves where a county has none."""


def _nearby(
    places: tuple[Place, ...], facilities: tuple[Facility, ...]
) -> dict[tuple[str, str, str], tuple[Facility, ...]]:
    by_county: dict[tuple[str, str], list[Facility]] = {}
    for facility in facilities:
        by_county.setdefault((facility.county, facility.kind), []).append(facility)
    found = {}
    for place in places:
        for wanted, kinds in KINDS.items():
            pool = next(by_county[place.county, k] for k in kinds if (place.county, k) in by_county)
            own = [f for f in pool if f.town == place.town] if wanted != "hospital" else []
            found[place.county, place.town, wanted] = tuple(own or pool)
    return found

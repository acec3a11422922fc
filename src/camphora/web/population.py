"""Population by county and township: a map, a table, and the townships of one county."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from camphora.errors import Lang, NotFound
from camphora.formats.declaration import base_tables
from camphora.pages import (
    Action,
    Bars,
    Block,
    Cell,
    Column,
    CountyMap,
    Figure,
    Figures,
    Kind,
    Link,
    Table,
    View,
    dates,
    numbers,
)
from camphora.pages.counties import BY_CODE
from camphora.pages.words import Words
from camphora.web.showing import Kept, Shown
from camphora.web.site import Site

TABLE = "population_township"
HOME = "/open/population"
UNIT: Mapping[Lang, int] = {"zh-TW": 10_000, "en": 1_000}
"""Of persons on the map: 萬人, thousands."""
OLD = 65
"""The usual group of population statistics: 65 and over."""


@dataclass(slots=True)
class Count:
    """Persons of one place."""

    name: str
    persons: int = 0
    male: int = 0
    female: int = 0
    old: int = 0

    def add(self, row: Mapping[str, Any]) -> None:
        self.persons += row["persons"]
        self.old += row["persons"] if row["age"] >= OLD else 0
        if row["sex"] == "male":
            self.male += row["persons"]
        else:
            self.female += row["persons"]

    @property
    def share(self) -> float:
        return self.old / self.persons if self.persons else 0.0


Counts = Mapping[str, Count]


@dataclass(frozen=True, slots=True)
class Tallied:
    """Counts by county code, and by township code (eight digits, the county's five first)."""

    counties: Counts
    townships: Counts


def tallied(rows: Iterable[Mapping[str, Any]]) -> Tallied:
    """Sums over sex and age of rows of `population_township`."""
    townships: dict[str, Count] = {}
    for row in rows:
        townships.setdefault(row["township"], Count(row["township_name"])).add(row)
    counties = {code: Count(county.zh) for code, county in BY_CODE.items()}
    for code, count in townships.items():
        whole = counties[code[:5]]
        for key in ("persons", "male", "female", "old"):
            setattr(whole, key, getattr(whole, key) + getattr(count, key))
    return Tallied(counties, townships)


class Population:
    """`/open/population`; `county` opens one county, `measure=old` shows the share of those aged 65 and over."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._kept: Kept[Tallied] = Kept(2)

    def shown(self, request: Request) -> Shown:
        words, county = self.site.words(request), request.query_params.get("county", "")
        measure = request.query_params.get("measure", "")
        if county and county not in BY_CODE:
            raise NotFound("web-no-such-county", count=len(BY_CODE))
        if measure not in ("", "old"):
            raise NotFound("web-no-such-measure")
        counts = self._counts()
        view = (
            township_view(counts, county, words) if county else county_view(counts.counties, measure, words)
        )
        declared = base_tables()[TABLE]
        asked = {"county": county, "measure": measure}
        return Shown(view, str(declared.as_of), declared.licence, asked)

    def map(self, words: Words) -> CountyMap:
        """Persons by county."""
        return county_map(self._counts().counties, "", words)

    def _counts(self) -> Tallied:
        access, installation = self.site.open_access(), self.site.installation
        batches = installation.store.batches(access, TABLE)
        digest = tuple(batch.digest for batch in batches)
        return self._kept.get(digest, lambda: tallied(installation.lake.rows(access, TABLE).rows))


def county_map(counties: Counts, measure: str, words: Words) -> CountyMap:
    """Counties by persons, or by the share aged 65 and over."""
    shown = measure or "persons"
    hrefs = {code: f"{HOME}?county={code}" for code in counties}
    rows = [_row(count, BY_CODE[code].name(words.lang), hrefs[code]) for code, count in counties.items()]
    rows.sort(key=lambda row: -float(row["share" if measure else "persons"] or 0))
    columns = _columns(words, "county")
    return CountyMap(
        "population_map",
        words(f"population.map_{shown}"),
        {
            code: count.share if measure else count.persons / UNIT[words.lang]
            for code, count in counties.items()
        },
        _map_sentence(counties, measure, words),
        Table("population", words("population.counties"), columns, rows, {"name": "href"}),
        "percent" if measure else "decimal",
        words(f"population.low_{shown}"),
        words(f"population.high_{shown}"),
        hrefs,
    )


def county_view(counties: Counts, measure: str, words: Words) -> View:
    """All counties, with a map."""
    chart = county_map(counties, measure, words)
    other = Action(words("population.see_persons"), HOME)
    if not measure:
        other = Action(words("population.see_old"), f"{HOME}?measure=old")
    blocks: list[Block] = [_figures(_sum(counties.values()), words), chart]
    return _view(words("population.title"), blocks, [other], [], words)


def _map_sentence(counties: Counts, measure: str, words: Words) -> str:
    known = sorted((count.share if measure else count.persons, code) for code, count in counties.items())
    (low, lowest), (high, highest) = known[0], known[-1]
    kind: Kind = "percent" if measure else "integer"
    return words(
        f"population.sentence_{measure or 'persons'}",
        high=BY_CODE[highest].name(words.lang),
        low=BY_CODE[lowest].name(words.lang),
        most=numbers.number(high, kind),
        least=numbers.number(low, kind),
    )


def township_view(counts: Tallied, county: str, words: Words) -> View:
    """The townships of one county, the largest first."""
    inside = [(code, count) for code, count in counts.townships.items() if code[:5] == county]
    inside.sort(key=lambda item: -item[1].persons)
    rows = [{"code": code, **_row(count, count.name)} for code, count in inside]
    name = BY_CODE[county].name(words.lang)
    columns = [Column("code", words("population.code")), *_columns(words, "township")]
    columns[:2] = [columns[1], columns[0]]
    table = Table("population", words("population.townships", county=name), columns, rows)
    first, last = inside[0][1], inside[-1][1]
    sentence = words(
        "population.sentence_townships", county=name, n=len(inside), high=first.name, most=first.persons,
        low=last.name, least=last.persons,
    )  # fmt: skip
    bars = Bars(
        "townships", words("population.bars"), [count.name for _, count in inside],
        [count.persons for _, count in inside], sentence, table, "integer",
    )  # fmt: skip
    crumbs = [Link(words("population.title"), HOME)]
    actions = [Action(words("population.see_counties"), HOME)]
    title = words("population.title_of", county=name)
    return _view(title, [_figures(counts.counties[county], words), bars], actions, crumbs, words)


def _sum(counts: Iterable[Count]) -> Count:
    whole = Count("")
    for count in counts:
        whole.persons += count.persons
        whole.male += count.male
        whole.female += count.female
        whole.old += count.old
    return whole


def _figures(count: Count, words: Words) -> Figures:
    return Figures(
        [
            Figure(words("population.persons"), f"{count.persons:,}"),
            Figure(words("population.male"), f"{count.male:,}"),
            Figure(words("population.female"), f"{count.female:,}"),
            Figure(
                words("population.share"),
                numbers.number(count.share, "percent"),
                words("population.old_note"),
            ),
        ]
    )


def _row(count: Count, name: str, href: str | None = None) -> dict[str, Cell]:
    row: dict[str, Cell] = {
        "name": name,
        "persons": count.persons,
        "male": count.male,
        "female": count.female,
        "old": count.old,
        "share": count.share,
    }
    return {**row, "href": href} if href else row


def _columns(words: Words, place: str) -> list[Column]:
    return [
        Column("name", words(f"population.{place}")),
        *(Column(key, words(f"population.{key}"), "integer") for key in ("persons", "male", "female", "old")),
        Column("share", words("population.share"), "percent"),
    ]


def _view(title: str, blocks: list[Block], actions: list[Action], crumbs: list[Link], words: Words) -> View:
    declared = base_tables()[TABLE]
    return View(
        "population",
        title,
        blocks,
        lead=declared.note[words.lang],
        badge="open",
        as_of=dates.month(declared.as_of, words.lang),
        source=declared.source[words.lang],
        why=words("open.why"),
        crumbs=[Link(words("door.open"), "/open"), *crumbs],
        actions=actions,
        downloads="population",
    )

"""The public part of the portal: the first page, its search, patterns, health; with it the open data and the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from camphora import __version__
from camphora.catalogue import State, System
from camphora.formats.fold import fold
from camphora.pages import (
    Badge,
    Block,
    Cell,
    Column,
    CountyMap,
    LineChart,
    Moment,
    Prose,
    Table,
    Timeline,
    View,
)
from camphora.pages.counties import COUNTIES
from camphora.pages.words import Words
from camphora.web import about, codes, open_data, operation, uses, vectors
from camphora.web.contexts import Card, Home
from camphora.web.patterns import patterns
from camphora.web.plans import Plans, chapter_name
from camphora.web.population import HOME as POPULATION
from camphora.web.population import Population
from camphora.web.showing import Finder, Kept, found_page
from camphora.web.site import Site, get

FACILITY = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/organization-identifier-tw"
DRUG = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/medication-nhi-tw"
RATIO = "nurse_ratio"
MOST, LOOKED = 20, 400
"""How many rows of a kind are listed, and how many facilities are looked at: those with a page come first."""


def routes(site: Site) -> list[BaseRoute]:
    """`/`, `/search`, `/patterns`, `/health`, and the routes of about, open data, the log and operation."""
    public = Public(site)
    return [
        get("/", public.home, "home", "tables"),
        get("/search", public.search, "search", "tables"),
        get("/patterns", public.patterns, "patterns", "nothing"),
        get("/health", public.health, "health", "nothing"),
        *(
            route
            for part in (about, codes, open_data, uses, operation, vectors)
            for route in part.routes(site)
        ),
    ]


class Hospital(NamedTuple):
    """A facility as the search lists it; `href` is empty where it has no page."""

    name: str
    code: str
    href: str


def hospital_of(row: Mapping[str, object]) -> Hospital:
    """The hospital of a row of nurse ratios, with its page."""
    branch = f"?{urlencode({'branch': row['branch']})}" if row["branch"] else ""
    return Hospital(
        str(row["name"]),
        str(row["hospital_code"]),
        f"/systems/{RATIO}/hospitals/{row['hospital_code']}{branch}",
    )


class Public:
    def __init__(self, site: Site) -> None:
        self.site = site
        self.plans, self.population = Plans(site), Population(site)
        self._pictures: Kept[LineChart | CountyMap | None] = Kept(32)
        self._hospitals: Kept[Sequence[Hospital]] = Kept(2)

    def home(self, request: Request) -> Response:
        words, catalogue = self.site.words(request), self.site.installation.catalogue
        context = Home(
            cards=self._cards(words),
            counts=self.plans.counts(),
            chapters=self.plans.chapters(catalogue.entries(), words),
            states=self.plans.states(words),
            engines=self.plans.engines(words),
            search="/search",
        )
        return self.site.page(request, context)

    def patterns(self, request: Request) -> Response:
        return self.site.page(request, patterns(self.site.lang(request)))

    def health(self, request: Request) -> Response:  # noqa: ARG002
        """200 where the store answers; nothing about what it holds."""
        self.site.installation.store.last_change()
        return JSONResponse({"status": "ok", "version": __version__})

    # Cards

    def _cards(self, words: Words) -> list[Card]:
        """What can be opened now: systems with pages of their own, then the record and the question."""
        systems = self.site.installation.catalogue.available()
        own = [self._system_card(system, words) for system in systems if system.pages and system.public]
        return [*own, self._record_card(words), self._question_card(words)]

    def _system_card(self, system: System, words: Words) -> Card:
        title, text = system.title[words.lang], system.summary[words.lang]
        picture = self._picture(system, words)
        return Card(title, text, self.site.opening(system), system.state, system.badge, picture)

    def _picture(self, system: System, words: Words) -> LineChart | CountyMap | None:
        """The first chart of the system's first page; of what is watched, once somebody has opened that page."""
        page, installation, access = system.pages[0], self.site.installation, self.site.open_access()
        names = system.tables_of(page)
        batches = [batch.digest for name in names for batch in installation.store.batches(access, name)]
        watched = self.site.watching.made(installation, system, access, page.watch)

        def make() -> LineChart | CountyMap | None:
            tables = {name: installation.lake.rows(access, name).rows for name in page.tables}
            blocks = system.view(page, tables, words.lang, {}, watched).blocks
            return next((block for block in blocks if isinstance(block, LineChart | CountyMap)), None)

        if (
            not batches
            or len(watched) < len(page.watch)
            or not all(part.is_weighed for one in watched.values() for part in one.sharing)
        ):
            return None
        return self._pictures.get((system.name, words.lang, *batches), make)

    def _record_card(self, words: Words) -> Card:
        badge: Badge | None = "synthetic" if self.site.installation.demo else None
        choices = self.site.installation.catalogue.systems.get("choices")
        picture = Timeline("record", "", [Moment("", "")] * 3)
        state: State = choices.state if choices else "partly"
        return Card(words("card.record"), words("card.record_text"), "/me", state, badge, picture)

    def _question_card(self, words: Words) -> Card:
        badge: Badge | None = "synthetic" if self.site.installation.demo else None
        picture = self._pictures.get(("population", words.lang), lambda: self.population.map(words))
        return Card(words("card.ask"), words("card.ask_text"), "/ask", "partly", badge, picture)

    # Search

    def search(self, request: Request) -> Response:
        """Systems, hospitals and other facilities, drugs and counties whose names hold every word."""
        words, query = self.site.words(request), request.query_params.get("q", "").strip()
        found: list[Table] = []
        if query:
            tables = (
                self._counties(query, words),
                self._systems(query, words),
                self._facilities(query, words),
                self._drugs(query, words),
            )
            found = [table for table in tables if table.rows]
        blocks: list[Block] = list(found) or [Prose("", [words("search.none" if query else "search.ask")])]
        view = View("search", words("search.title"), blocks)
        finder = Finder("/search", query, words("search.all"), words("search.all_hint"))
        return found_page(self.site, request, view, finder)

    def _systems(self, query: str, words: Words) -> Table:
        rows: list[dict[str, Cell]] = [
            {
                "name": entry.clause.name(words.lang),
                "href": f"/systems/{entry.clause.id}",
                "chapter": chapter_name(entry.clause.chapter, words),
                "state": words(f"state.{entry.state}"),
                "tone": "plain" if entry.state == "planned" else "good",
            }
            for entry in self.site.installation.catalogue.entries(query=query)
        ]
        columns = _columns(words, "name", "chapter", "state")
        title = words("search.systems_found", n=len(rows))
        return Table(
            "systems",
            title,
            columns,
            rows[:MOST],
            {"name": "href"},
            {"state": "tone"},
            note=_more(rows, query, words),
        )

    def _facilities(self, query: str, words: Words) -> Table:
        """Hospitals with a page of their own first, under the names that people use, then all other facilities."""
        wanted = fold(query).split()
        own = [one for one in self._with_ratio() if all(word in fold(one.name) for word in wanted)]
        known = {one.code: one for one in self._with_ratio()}
        named = [
            Hospital(
                concept.display(words.lang),
                concept.code,
                known[concept.code].href if concept.code in known else "",
            )
            for concept in self.site.installation.terminology.search(query, FACILITY, LOOKED)
            if concept.code not in {one.code for one in own}
        ]
        found = [*own, *sorted(named, key=lambda one: not one.href)]
        rows: list[dict[str, Cell]] = [one._asdict() for one in found[:MOST]]
        note = words("search.most", n=MOST) if len(found) > MOST else ""
        columns = _columns(words, "name", "code")
        return Table("facilities", words("search.facilities"), columns, rows, {"name": "href"}, note=note)

    def _with_ratio(self) -> Sequence[Hospital]:
        """The hospitals that have a page of their nurse ratios."""
        installation, access = self.site.installation, self.site.open_access()
        batches = tuple(batch.digest for batch in installation.store.batches(access, RATIO))

        def make() -> Sequence[Hospital]:
            return tuple({hospital_of(row) for row in installation.lake.rows(access, RATIO).rows})

        return self._hospitals.get(batches, make) if batches else ()

    def _drugs(self, query: str, words: Words) -> Table:
        rows: list[dict[str, Cell]] = [
            {
                "name": concept.display(words.lang),
                "code": concept.code,
                "status": words("codes.active" if concept.active else "codes.inactive"),
            }
            for concept in self.site.installation.terminology.search(query, DRUG, MOST)
        ]
        note = words("search.most", n=MOST) if len(rows) == MOST else ""
        return Table(
            "drugs", words("search.drugs"), _columns(words, "name", "code", "status"), rows, note=note
        )

    def _counties(self, query: str, words: Words) -> Table:
        wanted = fold(query).split()
        rows: list[dict[str, Cell]] = [
            {
                "name": county.name(words.lang),
                "href": f"{POPULATION}?county={county.code}",
                "ratio": words("search.ratio"),
                "ratio_href": f"/systems/{RATIO}/hospitals?county={county.code}",
            }
            for county in COUNTIES
            if all(word in fold(f"{county.zh} {county.en}") for word in wanted)
        ]
        links = {"name": "href", "ratio": "ratio_href"}
        return Table("counties", words("search.counties"), _columns(words, "name", "ratio"), rows, links)


def _more(rows: Sequence[object], query: str, words: Words) -> str:
    return words("search.systems_more", n=len(rows), most=MOST, query=query) if len(rows) > MOST else ""


def _columns(words: Words, *keys: str) -> list[Column]:
    return [Column(key, words(f"search.column.{key}")) for key in keys]

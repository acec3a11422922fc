"""`/open`: every public view with its source, date and licence; population by county; the code systems."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from camphora.catalogue.folder import System
from camphora.formats.declaration import TableDeclaration, base_tables
from camphora.pages import Cell, Column, Link, Table, View
from camphora.pages.words import Words
from camphora.terminology import Edition
from camphora.web.population import Population
from camphora.web.showing import Finder, Shown, found_page, view_routes
from camphora.web.site import Site

MOST = 200


def routes(site: Site) -> list[BaseRoute]:
    """`/open`, `/open/population`, `/open/codes`, each with its files."""
    population, data = Population(site), OpenData(site)
    return [
        *view_routes(site, "/open/population", population.shown, "open.population", "tables"),
        *view_routes(site, "/open/codes", data.codes, "open.codes", "tables", page=data.codes_page),
        *view_routes(site, "/open", data.index, "open", "tables"),
    ]


class OpenData:
    def __init__(self, site: Site) -> None:
        self.site = site

    def index(self, request: Request) -> Shown:
        """One row per public view."""
        words = self.site.words(request)
        rows = [*self._systems(words), _population(words), self._codes_row(words)]
        columns = [
            Column("name", words("open.view")),
            Column("as_of", words("open.as_of"), "date"),
            Column("source", words("sources.source")),
            Column("licence", words("sources.licence")),
            Column("address", words("open.address")),
        ]
        table = Table("open", words("open.views"), columns[:-1], rows, {"name": "address"})
        view = View(
            "open", words("door.open"), [table], lead=words("open.lead"), badge="open", why=words("open.why"),
            downloads="open",
        )  # fmt: skip
        return Shown(view)

    def _systems(self, words: Words) -> Iterator[dict[str, Cell]]:
        for system in self.site.installation.catalogue.systems.values():
            if system.public and system.badge == "open":
                for page in system.pages:
                    if "{" not in page.path:
                        title = page.title[words.lang]
                        whole = system.title[words.lang]
                        name = whole if not page.path else words("open.part", whole=whole, part=title)
                        yield {**_origin(system, words), "name": name, "address": address(system, page.path)}

    def _codes_row(self, words: Words) -> dict[str, Cell]:
        editions = self.site.installation.terminology.systems()
        return {
            "name": words("codes.title"),
            "as_of": None,
            "source": words("codes.sources"),
            "licence": words("mark.comma").join(sorted({edition.licence for edition in editions})),
            "address": "/open/codes",
        }

    def codes(self, request: Request) -> Shown:
        """The code systems, or what a search finds in them."""
        words = self.site.words(request)
        terms, query = self.site.installation.terminology, request.query_params.get("q", "").strip()
        editions = {edition.url: edition for edition in terms.systems()}
        if query:
            chosen = request.query_params.get("system") or None
            table = self._concepts(query, chosen if chosen in editions else None, editions, words)
        else:
            table = _editions(list(editions.values()), words)
        view = View(
            "codes", words("codes.title"), [table], lead=words("codes.lead"), badge="open",
            crumbs=[Link(words("door.open"), "/open")], why=words("open.why"), downloads=table.name,
        )  # fmt: skip
        return Shown(view)

    def codes_page(self, request: Request) -> Response:
        words = self.site.words(request)
        query = request.query_params.get("q", "").strip()
        finder = Finder("/open/codes", query, words("codes.search"), words("codes.hint"))
        return found_page(self.site, request, self.codes(request).view, finder, nav="open")

    def _concepts(self, query: str, system: str | None, editions: dict[str, Edition], words: Words) -> Table:
        found = self.site.installation.terminology.search(query, system, MOST)
        rows: list[dict[str, Cell]] = [
            {
                "code": concept.code,
                "zh": concept.zh,
                "en": concept.en,
                "system": _name(editions[concept.system], words)
                if concept.system in editions
                else concept.system,
                "version": concept.version or words("codes.ours"),
                "status": words("codes.active" if concept.active else "codes.inactive"),
            }
            for concept in found
        ]
        columns = [
            Column(key, words(f"codes.{key}")) for key in ("code", "zh", "en", "system", "version", "status")
        ]
        note = words("codes.most", n=MOST) if len(found) == MOST else ""
        return Table("concepts", words("codes.found", n=len(found)), columns, rows, note=note)


def _editions(editions: list[Edition], words: Words) -> Table:
    rows: list[dict[str, Cell]] = [
        {
            "name": _name(edition, words),
            "version": edition.version,
            "count": edition.count,
            "licence": edition.licence,
            "source": edition.source,
            "url": edition.url,
        }
        for edition in editions
    ]
    columns = [
        Column("name", words("codes.system")),
        Column("version", words("codes.version")),
        Column("count", words("codes.count"), "integer"),
        Column("licence", words("sources.licence")),
        Column("source", words("sources.source")),
        Column("url", words("codes.url")),
    ]
    return Table("code_systems", words("codes.systems"), columns, rows)


def _name(edition: Edition, words: Words) -> str:
    return edition.zh if words.lang == "zh-TW" else edition.en


def address(system: System, path: str) -> str:
    """Where a page of a system lies."""
    return f"/systems/{system.name}/{path}" if path else f"/systems/{system.name}"


def _origin(system: System, words: Words) -> dict[str, Cell]:
    own = list(system.own_tables.values())
    return _facts(own[0], words) if own else {}


def _facts(table: TableDeclaration, words: Words) -> dict[str, Cell]:
    return {"as_of": str(table.as_of), "source": table.source[words.lang], "licence": table.licence}


def _population(words: Words) -> dict[str, Cell]:
    table = base_tables()["population_township"]
    return {
        "name": words("population.title"),
        "address": "/open/population",
        **_facts(table, words),
    }

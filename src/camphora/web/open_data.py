"""`/open`: every public view with its source, date and licence; population by county."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.requests import Request
from starlette.routing import BaseRoute

from camphora.catalogue.folder import System
from camphora.formats.declaration import TableDeclaration, base_tables
from camphora.pages import Cell, Column, Table, View
from camphora.pages.words import Words
from camphora.web.population import Population
from camphora.web.showing import Shown, view_routes
from camphora.web.site import Site


def routes(site: Site) -> list[BaseRoute]:
    """`/open` and `/open/population`, each with its files."""
    population, data = Population(site), OpenData(site)
    return [
        *view_routes(site, "/open/population", population.shown, "open.population", "tables"),
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
            "address": "/codes",
        }


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

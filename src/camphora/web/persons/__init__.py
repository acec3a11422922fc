"""`/persons`: pages of those who keep the person index."""

from __future__ import annotations

from starlette.routing import BaseRoute

from camphora.web.persons.pages import PersonsPages
from camphora.web.site import Site, get, post


def routes(site: Site) -> list[BaseRoute]:
    """`/persons/duplicates`, `/persons/pair` and `/persons/history`."""
    pages = PersonsPages(site)
    return [
        get("/persons/duplicates", pages.page, "persons.duplicates", "persons"),
        get("/persons/pair", pages.pair, "persons.pair", "persons"),
        get("/persons/history", pages.history, "persons.history", "persons"),
        post("/persons/decide", pages.decide, "persons.decide", site),
        post("/persons/split", pages.split, "persons.split", site),
    ]

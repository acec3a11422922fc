"""The catalogue of all systems of the plans: by chapter, with the plan's own words and an honest state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from camphora.catalogue import Entry, State, System
from camphora.catalogue.clauses import STATES
from camphora.errors import NotFound
from camphora.pages import Cell, Column, Link, Table, View
from camphora.pages.words import Words
from camphora.web.contexts import Catalogue, Chapter, Counts, Facet, SystemPage, SystemRow
from camphora.web.showing import Shown, as_file, require_form
from camphora.web.site import Site, get, wants_fragment


def routes(site: Site) -> list[BaseRoute]:
    """`/systems` with its files, and `/systems/NUMBER`."""
    plans = Plans(site)
    return [
        get("/systems.{form}", plans.file, "systems.download", "nothing", "download"),
        get("/systems", plans.page, "systems", "nothing"),
        get("/systems/{number:int}", plans.one, "systems.clause", "nothing"),
    ]


class Plans:
    """What the plans ask for, and how far it works."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.catalogue = site.installation.catalogue

    def page(self, request: Request) -> Response:
        words, asked = self.site.words(request), self._asked(request)
        found = self._found(asked)
        narrowed = any(asked.values())
        listed = self.chapters(found, words, opened=narrowed and len(found) <= 60)
        if wants_fragment(request):
            values = {"found": len(found), "chapters": listed, "more": ""}
            return self.site.fragment(request, "catalogue_rows.html", values)
        context = Catalogue(
            chapters=listed,
            counts=self.counts(),
            found=len(found),
            states=self.states(words, asked),
            engines=self.engines(words, asked),
            query=asked["q"],
        )
        return self.site.page(request, context, nav="systems")

    def file(self, request: Request) -> Response:
        """The rows of the page as a file."""
        form, words, asked = str(request.path_params["form"]), self.site.words(request), self._asked(request)
        require_form(form)
        table = plan_table(self._found(asked), words)
        view = View(
            "systems", words("systems.title"), [table], source=words("plan.sources"), downloads="systems"
        )
        return as_file(self.site, request, Shown(view, parameters=asked), form)

    def one(self, request: Request) -> Response:
        """`/systems/NUMBER`: one row of the plans."""
        words = self.site.words(request)
        entry = self.catalogue.entry(int(request.path_params["number"]))
        clause = entry.clause
        served = [system for system, _ in entry.served_by]
        context = SystemPage(
            name=clause.name(words.lang),
            state=entry.state,
            chapter=clause.chapter,
            quotes=[clause.quote],
            does=does(entry, words),
            engine=words(f"engine.{clause.engine}"),
            users=clause.users if words.lang == "en" and clause.users != "–" else "",
            source=source(clause.source, words),
            badge=served[0].badge if served else None,
            inferred=clause.inferred,
            pages=[link for system in served for link in doors(system, words)],
            related=self._related(entry, words),
        )
        return self.site.page(request, context, nav="systems")

    def _related(self, entry: Entry, words: Words) -> list[Link]:
        """Others of the same chapter on the same engine."""
        near = [
            other.clause
            for other in self.catalogue.entries(engine=entry.clause.engine)
            if other.clause.chapter == entry.clause.chapter and other.clause.id != entry.clause.id
        ]
        return [Link(clause.name(words.lang), f"/systems/{clause.id}") for clause in near[:6]]

    def _asked(self, request: Request) -> dict[str, str]:
        """What the address asks for. NotFound where it names a state or an engine that there is not."""
        asked = {key: request.query_params.get(key, "").strip() for key in ("q", "state", "engine")}
        if asked["state"] not in ("", *STATES):
            raise NotFound("web-no-such-state", count=len(STATES))
        if asked["engine"] not in ("", *self.catalogue.engines()):
            raise NotFound("web-no-such-engine", count=len(self.catalogue.engines()))
        return asked

    def _found(self, asked: dict[str, str]) -> list[Entry]:
        state = cast("State | None", asked["state"] or None)
        return self.catalogue.entries(query=asked["q"], engine=asked["engine"] or None, state=state)

    def counts(self) -> Counts:
        counts = self.catalogue.counts()
        return Counts(sum(counts.values()), counts["works"], counts["partly"], counts["planned"])

    def states(self, words: Words, asked: dict[str, str] | None = None) -> list[Facet]:
        """A facet per state, with how many rows of the present search and engine are in it."""
        asked = asked or {"q": "", "state": "", "engine": ""}
        found = [entry.state for entry in self._found({**asked, "state": ""})]
        return [
            _facet(words(f"state.{state}"), "state", state, found.count(state), asked) for state in STATES
        ]

    def engines(self, words: Words, asked: dict[str, str] | None = None) -> list[Facet]:
        """A facet per engine, with how many rows of the present search and state stand on it."""
        asked = asked or {"q": "", "state": "", "engine": ""}
        found = [entry.clause.engine for entry in self._found({**asked, "engine": ""})]
        return [
            _facet(words(f"engine.{name}"), "engine", name, found.count(name), asked)
            for name in self.catalogue.engines()
            if name in found or name == asked["engine"]
        ]

    def chapters(self, found: Sequence[Entry], words: Words, *, opened: bool = False) -> list[Chapter]:
        """Rows under their chapters in the plans' order; `opened` shows them at once."""
        return [
            Chapter(
                chapter_name(chapter.name, words),
                [row(entry, words) for entry in entries],
                open=opened,
            )
            for chapter, entries in self.catalogue.by_chapter(found)
        ]


def _facet(label: str, key: str, value: str, count: int, asked: dict[str, str]) -> Facet:
    chosen = asked[key] == value
    query = {name: text for name, text in {**asked, key: "" if chosen else value}.items() if text}
    return Facet(label, f"/systems?{urlencode(query)}" if query else "/systems", count, chosen)


def doors(system: System, words: Words) -> list[Link]:
    """What can be opened of a system: its own pages, then those that lie elsewhere."""
    own = [
        Link(page.title[words.lang], f"/systems/{system.name}/{page.path}".rstrip("/"))
        for page in system.pages
        if "{" not in page.path
    ]
    return own + [Link(link.label[words.lang], link.href) for link in system.links]


def chapter_name(name: str, words: Words) -> str:
    """A chapter with its plan, in the reader's language; the printed name lies in `words/zh-TW`."""
    return words(f"chapter.{name}")


def row(entry: Entry, words: Words) -> SystemRow:
    clause = entry.clause
    name, engine = clause.name(words.lang), words(f"engine.{clause.engine}")
    return SystemRow(name, f"/systems/{clause.id}", clause.quote, entry.state, engine)


def does(entry: Entry, words: Words) -> str:
    """What works and what does not, where a folder serves it; otherwise what the plan implies."""
    joint = "" if words.lang == "zh-TW" else " "
    if entry.served_by:
        return joint.join(
            text[words.lang] for _, one in entry.served_by for text in (one.works, one.missing) if text
        )
    if words.lang == "en":
        return entry.clause.does
    return words("plan.asked", engine=words(f"engine.{entry.clause.engine}"))


def source(text: str, words: Words) -> str:
    """Where in which plan: the documents' names in the reader's language, the section as printed."""
    for mark in ("white paper", "MOHW plan 113", "both"):
        text = text.replace(mark, words(f"plan.in.{mark}"))
    return text


def plan_table(found: Sequence[Entry], words: Words) -> Table:
    """The rows of the plans as a table for downloads, in both languages."""
    rows: list[dict[str, Cell]] = [
        {
            "id": entry.clause.id,
            "plan": words(f"plan.{entry.clause.plan}"),
            "chapter": chapter_name(entry.clause.chapter, words),
            "zh": entry.clause.zh,
            "en": entry.clause.en,
            "quote": entry.clause.quote,
            "source": entry.clause.source,
            "inferred": entry.clause.inferred,
            "engine": words(f"engine.{entry.clause.engine}"),
            "state": words(f"state.{entry.state}"),
        }
        for entry in found
    ]
    keys = ("plan", "chapter", "zh", "en", "quote", "source", "inferred", "engine", "state")
    columns = [
        Column("id", words("plan.id"), "integer"),
        *(Column(key, words(f"plan.column.{key}")) for key in keys),
    ]
    return Table("systems", words("systems.title"), columns, rows)

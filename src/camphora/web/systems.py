"""The pages of system folders: `/systems/NAME/...`, their parameters in the address, and their files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute

from camphora.catalogue import Page, Parameter, System
from camphora.catalogue.folder import WATCHED
from camphora.errors import Busy, Forbidden, NotFound
from camphora.pages import Link, Prose, View, dates
from camphora.pages.counties import BY_CODE
from camphora.pages.words import Words
from camphora.policy import Access
from camphora.web.contexts import Field, Form
from camphora.web.freshness import TOLD, with_freshness
from camphora.web.judged import LAID, Asked, with_judgements
from camphora.web.reading.plain import today
from camphora.web.room import with_states
from camphora.web.showing import Kept, Shown, as_file, filtered_page, require_form
from camphora.web.site import Nav, Site, get, see_other
from camphora.web.work import WorkPages, with_work

if TYPE_CHECKING:
    from camphora.engines.watch import Followed, Watched

Rows = Sequence[Mapping[str, Any]]
ROOM = "engine:watch.room"
MAKING = "making"
"""The name of a view that says only that its page is being worked out."""
AGAIN = "5"
"""Seconds after which a browser asks for such a page again."""
FEW = 80
"""Up to so many choices stand in a list; a parameter with more is set by links."""


def routes(site: Site) -> list[BaseRoute]:
    """The pages of all systems, and the files of their views."""
    pages = SystemPages(site)
    return [
        get("/systems/{name}.{form}", pages.file, "system.download", "tables", "download"),
        get("/systems/{name}/{rest:path}.{form}", pages.file, "system.part.download", "tables", "download"),
        get("/systems/{name}", pages.page, "system", "tables"),
        get("/systems/{name}/{rest:path}", pages.page, "system.part", "tables"),
    ]


@dataclass(frozen=True, slots=True)
class Found:
    """A page of a system that an address means, with the parameters that the address gives."""

    system: System
    page: Page
    given: Mapping[str, str]


class SystemPages:
    """Views built by the folders' functions from rows that the reader may see, kept until the data change."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._rows: Kept[Rows] = Kept(16)
        self._views: Kept[View] = Kept(256)
        self._work = WorkPages(site)

    def page(self, request: Request) -> Response:
        found, words = self._find(request), self.site.words(request)
        access = self._access(request, found.system)
        if replay := self._replay(request, found):
            return see_other(replay)
        view = self._view(found, access, words)
        if found.page.watch:
            view = with_work(self._work, request, view, found.given.get("key", ""))
            if view.name != MAKING and found.page.function in LAID:
                view = with_judgements(self._work, request, view, self._asked_of(found, access))
        if view.name != MAKING and found.page.function in TOLD:
            view = with_freshness(view, words, self._watched(found, access), found.given, today())
        fields = self._fields(found, access, words) if self._is_read(found, access) else []
        answer = self._answer(request, found, view, fields, words)
        if view.name == MAKING:
            answer.headers["refresh"] = AGAIN
        return answer

    def _replay(self, request: Request, found: Found) -> str:
        """In a demo, whose feeds have ended, where a page of a week or day opens that the address names none of: as the
        demo's first link to that page has it, else the first that names a week or a day. Elsewhere empty."""
        asked = {each.name for each in found.page.parameters if each.kind in ("week", "day")}
        if found.given or not (asked and self.site.installation.demo):
            return ""
        links = [urlsplit(each.href) for each in found.system.demo.links]
        links.sort(key=lambda each: each.path != request.url.path)
        for link in links:
            if chosen := [pair for pair in parse_qsl(link.query) if pair[0] in asked]:
                kept = request.query_params.multi_items()
                return f"{request.url.path}?{urlencode([*chosen, *kept])}"
        return ""

    def _answer(
        self, request: Request, found: Found, view: View, fields: Sequence[Field], words: Words
    ) -> Response:
        nav: Nav = "open" if found.system.public else ""
        if found.page.function == ROOM and view.name != MAKING:
            return self._room(request, with_states(self._work, request, view), fields)
        if not fields:
            return self.site.view(request, view, nav=nav)
        form = Form(request.url.path, fields, words("filter.show"), post=False)
        return filtered_page(self.site, request, view, form, nav=nav)

    def _room(self, request: Request, view: View, fields: Sequence[Field]) -> Response:
        """The situation room, which looks for news by itself."""
        form = Form(request.url.path, fields, self.site.words(request)("filter.show"), post=False)
        kinds = [type(block).__name__.lower() for block in view.blocks]
        chrome = self.site.chrome(request, nav="open")
        values = {"view": view, "form": form, "kinds": kinds, "chrome": chrome}
        return HTMLResponse(self.site.renderer.page("room.html", lang=chrome.lang, **values))

    def file(self, request: Request) -> Response:
        form = str(request.path_params["form"])
        require_form(form)
        found, words = self._find(request), self.site.words(request)
        access = self._access(request, found.system)
        view = self._view(found, access, words)
        if view.making:
            raise Busy("watch-making")
        tables = [found.system.tables[name] for name in found.system.tables_of(found.page)]
        licence, name = tables[0].licence if tables else "", f"{found.system.name}-{view.name}"
        shown = Shown(view, self._as_of(found, access), licence, found.given, name)
        return as_file(self.site, request, shown, form)

    def _find(self, request: Request) -> Found:
        """The system and page of an address; NotFound where there is none."""
        system = self.site.installation.catalogue.system(str(request.path_params["name"]))
        rest = str(request.path_params.get("rest", "")).strip("/")
        for page in system.pages:
            if matched := pattern(page.path).fullmatch(rest):
                asked = {**request.query_params, **matched.groupdict()}
                names = {parameter.name for parameter in page.parameters}
                return Found(system, page, {name: asked[name] for name in names & asked.keys()})
        raise NotFound("web-no-page")

    def _access(self, request: Request, system: System) -> Access:
        """The Access of anybody for a public system; otherwise the reader's own, whose role the system names."""
        if system.public:
            return self.site.open_access()
        access = self.site.access(request)
        if access.reader.role not in system.readers:
            raise Forbidden("web-system-refused", role=access.reader.role)
        return access

    def _digests(self, access: Access, tables: Sequence[str]) -> tuple[str, ...]:
        store = self.site.installation.store
        return tuple(batch.digest for name in tables for batch in store.batches(access, name))

    def _tables(self, page: Page, access: Access) -> dict[str, Rows]:
        lake = self.site.installation.lake
        return {
            name: self._rows.get(
                (access.digest(), name, self._digests(access, [name])),
                lambda name=name: lake.rows(access, name).rows,  # type: ignore[misc]
            )
            for name in page.tables
        }

    def _is_read(self, found: Found, access: Access) -> bool:
        return self.site.watching.is_read(self.site.installation, found.system, access, found.page.watch)

    def _watched(self, found: Found, access: Access) -> dict[str, Watched | Followed]:
        """What the page watches."""
        if not found.page.watch:
            return {}
        return self.site.watching.of(self.site.installation, found.system, access, found.page.watch)

    def _asked_of(self, found: Found, access: Access) -> Asked:
        """What an address of a page of watch asks for, with every parameter."""
        watched, tables = self._watched(found, access), self._tables(found.page, access)
        values = found.system.parameters(found.page, tables, found.given, watched)
        return Asked(found.page.function, found.system, watched, {**values, "system": found.system.name})

    def _view(self, found: Found, access: Access, words: Words) -> View:
        if not self._is_read(found, access):
            return in_making(found, words)
        given = tuple(sorted(found.given.items()))
        digests = self._digests(access, found.system.tables_of(found.page))
        watched = self._watched(found, access)
        if not all(each.ready(found.given.get("day", "")) for each in watched.values()):
            return in_making(found, words, watched)
        foreseen = tuple(each.is_foreseen for each in watched.values())
        decided = tuple(getattr(each.watch, "retunings", ()) for each in watched.values())
        revised = (
            [getattr(each, "revised", int)() for each in watched.values()]
            if found.page.function == ROOM
            else ()
        )
        known = (digests, foreseen, decided, *revised)
        key = (found.system.name, found.page.name, given, words.lang, access.digest(), known)

        def make() -> View:
            tables = self._tables(found.page, access)
            return found.system.view(found.page, tables, words.lang, found.given, watched)

        return self._views.get(key, make)

    def _as_of(self, found: Found, access: Access) -> str:
        """The newest date of the data of the page's first table, or of what it watches."""
        system, page = found.system, found.page
        watched = self._watched(found, access)
        if chosen := system.chosen(page, found.given, watched):
            return chosen.as_of
        batches = self.site.installation.store.batches(access, system.tables_of(page)[0])
        return max((batch.as_of for batch in batches), default="")

    def _fields(self, found: Found, access: Access, words: Words) -> list[Field]:
        """The parameters that have few choices, as a form; those in the path stay there."""
        tables, page = self._tables(found.page, access), found.page
        watched = self._watched(found, access)
        chosen = found.system.chosen(page, found.given, watched)
        values = found.system.parameters(page, tables, found.given, watched)
        own = found.system.words(words.lang)
        fields = []
        for parameter in page.parameters:
            value = values[parameter.name]
            options = parameter.options(tables, chosen)
            if parameter.kind == "watch":
                options = list(watched)
            if parameter.kind == "week":
                options = near_weeks(options, value)
            if parameter.kind == "day":
                options = near_days(options, value)
            if 1 < len(options) <= FEW and f"{{{parameter.name}}}" not in page.path:
                listed = [(option, said(parameter, option, own, watched, chosen)) for option in options]
                if parameter.kind in ("month", "week"):
                    listed.reverse()
                elif not parameter.default and parameter.kind not in WATCHED[1:]:
                    listed.insert(0, ("", words("filter.all")))
                label = parameter.label[words.lang]
                fields.append(Field(parameter.name, label, "select", value, listed))
        return fields


def in_making(found: Found, words: Words, watched: Mapping[str, Watched | Followed] | None = None) -> View:
    """A page whose sweeps are being worked out, which says so and how far; it takes seconds, once for each state of the
    data."""
    said = [words("watch.making")]
    parts = {part.watch.name: part.is_weighed for one in (watched or {}).values() for part in one.sharing}
    if len(parts) > 1:
        said.append(words("watch.progress", n=len(parts), done=sum(parts.values())))
    crumbs = [Link(found.system.title[words.lang], f"/systems/{found.system.name}")]
    title, badge = found.page.title[words.lang], found.system.badge
    return View(MAKING, title, [Prose("", said, "notice")], badge=badge, crumbs=crumbs, making=True)


def near_weeks(labels: Sequence[str], chosen: str) -> list[str]:
    """The weeks of the chosen year and the same week of the others, of which a reader may want one next."""
    year, _, number = chosen.partition("-")
    return [label for label in labels if label.startswith(f"{year}-") or label.endswith(f"-{number}")]


def near_days(days: Sequence[str], chosen: str) -> list[str]:
    """The days of the chosen month and the first of each other one."""
    return [day for day in days if day[:7] == chosen[:7] or day.endswith("-01")]


def said(
    parameter: Parameter,
    option: str,
    words: Words,
    watched: Mapping[str, Watched | Followed] | None = None,
    chosen: Watched | Followed | None = None,
) -> str:
    """A choice in words: a month, a week, a county, the system's own word for it, or as it is."""
    match parameter.kind:
        case "month":
            return dates.month(option, words.lang)
        case "week":
            year, number = option.split("-")
            return dates.week(int(year), int(number), words.lang)
        case "day":
            return dates.day(option, words.lang)
        case "watch" if watched:
            return watched[option].watch.title[words.lang]
        case "area" if not option:
            return words("nation")
        case "area" if name := getattr(chosen, "place_name", None):
            return str(name(option, words.lang))
        case "group" if chosen:
            groups = cast("Watched", chosen).watch.groups
            return groups[option][words.lang] if option in groups else words("all_groups")
    if option in BY_CODE:
        return BY_CODE[option].name(words.lang)
    key = f"{parameter.name}.{option}"
    return words(key) if key in words else option


@cache
def pattern(path: str) -> re.Pattern[str]:
    """A page's path as a pattern: `hospitals/{code}` takes one part of an address as `code`."""
    parts = re.split(r"\{(\w+)\}", path)
    literal = [re.escape(part) if k % 2 == 0 else f"(?P<{part}>[^/]+)" for k, part in enumerate(parts)]
    return re.compile("".join(literal))

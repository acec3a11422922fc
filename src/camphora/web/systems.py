"""The pages of system folders: `/systems/NAME/...`, their parameters in the address, and their files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from camphora.catalogue import Page, Parameter, System
from camphora.errors import Forbidden, NotFound
from camphora.pages import View, dates
from camphora.pages.counties import BY_CODE
from camphora.pages.words import Words
from camphora.policy import Access
from camphora.web.contexts import Field, Form
from camphora.web.showing import Kept, Shown, as_file, filtered_page, require_form
from camphora.web.site import Nav, Site, get

Rows = Sequence[Mapping[str, Any]]
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

    def page(self, request: Request) -> Response:
        found, words = self._find(request), self.site.words(request)
        access = self._access(request, found.system)
        view = self._view(found, access, words)
        fields = self._fields(found, access, words)
        nav: Nav = "open" if found.system.public else ""
        if not fields:
            return self.site.view(request, view, nav=nav)
        form = Form(request.url.path, fields, words("filter.show"), post=False)
        return filtered_page(self.site, request, view, form, nav=nav)

    def file(self, request: Request) -> Response:
        form = str(request.path_params["form"])
        require_form(form)
        found, words = self._find(request), self.site.words(request)
        access = self._access(request, found.system)
        view = self._view(found, access, words)
        tables = [found.system.tables[name] for name in found.page.tables]
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

    def _view(self, found: Found, access: Access, words: Words) -> View:
        given = tuple(sorted(found.given.items()))
        digests = self._digests(access, found.page.tables)
        key = (found.system.name, found.page.name, given, words.lang, access.digest(), digests)

        def make() -> View:
            tables = self._tables(found.page, access)
            return found.system.view(found.page, tables, words.lang, found.given)

        return self._views.get(key, make)

    def _as_of(self, found: Found, access: Access) -> str:
        """The newest date of the data of the page's first table."""
        batches = self.site.installation.store.batches(access, found.page.tables[0])
        return max((batch.as_of for batch in batches), default="")

    def _fields(self, found: Found, access: Access, words: Words) -> list[Field]:
        """The parameters that have few choices, as a form; those in the path stay there."""
        tables = self._tables(found.page, access)
        own = found.system.words(words.lang)
        fields = []
        for parameter in found.page.parameters:
            options = parameter.options(tables)
            if 1 < len(options) <= FEW and f"{{{parameter.name}}}" not in found.page.path:
                value = parameter.value(found.given.get(parameter.name), tables)
                listed = [(option, said(parameter, option, own)) for option in options]
                if parameter.kind == "month":
                    listed.reverse()
                elif not parameter.default:
                    listed.insert(0, ("", words("filter.all")))
                label = parameter.label[words.lang]
                fields.append(Field(parameter.name, label, "select", value, listed))
        return fields


def said(parameter: Parameter, option: str, words: Words) -> str:
    """A choice in words: a month, a county, the system's own word for it, or as it is."""
    if parameter.kind == "month":
        return dates.month(option, words.lang)
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

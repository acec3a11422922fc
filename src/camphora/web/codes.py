"""`/codes`: look a code up, search in both languages, compare a code across editions and systems. No person is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute

from camphora.errors import Forbidden
from camphora.installation import packages
from camphora.pages import Block, Cell, Column, Link, Prose, Table, View
from camphora.pages.words import Words
from camphora.terminology import Edition, Term
from camphora.terminology.build import bundled_editions
from camphora.terminology.comparing import Across, Change, Compared, Neighbour, compared
from camphora.terminology.stored_library import Holdings
from camphora.web.contexts import Facet
from camphora.web.showing import Finder, Kept, Shown, view_routes
from camphora.web.site import Site

HOME, ONE = "/codes", "/codes/concept"
MOST, MOST_BELOW, MOST_FACETS = 100, 100, 6
"""So many codes a search or a file gives, so many stand below a heading, and so many systems narrow a search."""
PAGE, LAST = 25, 100_000
"""Rows of a page; no page lies beyond the last."""


def routes(site: Site) -> list[BaseRoute]:
    """`/codes` and `/codes/concept`, each with its files."""
    codes = Codes(site)
    return [
        *view_routes(site, ONE, codes.concept, "codes.concept", "tables", page=codes.concept_page),
        *view_routes(site, HOME, codes.found, "codes", "tables", page=codes.found_page),
    ]


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address of `/codes` asks for: a search, an edition (`version` empty: the newest), a page from 1 on."""

    query: str
    edition: Edition | None
    version: str
    page: int

    @property
    def start(self) -> int:
        return (self.page - 1) * PAGE

    @property
    def chosen(self) -> dict[str, str]:
        """What a new search keeps."""
        found = {"system": self.edition.url if self.edition else "", "version": self.version}
        return {key: value for key, value in found.items() if value}

    def address(self, **more: str) -> str:
        return address(HOME, q=self.query, **self.chosen, **more)


class Codes:
    def __init__(self, site: Site) -> None:
        self.site = site
        self._holdings: Kept[Holdings] = Kept(1)

    @property
    def holdings(self) -> Holdings:
        """The terminology file with the guides of this installation."""
        installation = self.site.installation
        guides = packages.guides(installation.folder)
        return self._holdings.get(guides, lambda: Holdings.of(installation.terminology, guides))

    # A search, or the codes of one edition

    def found_page(self, request: Request) -> Response:
        words, asked = self.site.words(request), self._asked(request)
        view, n = self._found(request, asked, PAGE)
        if asked.query and not n:
            view = replace(view, blocks=self._instead(asked, words), downloads="")
        last = (min(n, MOST) if asked.query else n) // -PAGE * -1
        if asked.edition and not asked.query and not self._whole(request, asked.edition):
            last = min(last, MOST // PAGE)
        pages = [
            Link(words(f"lookup.{key}"), asked.address(page=str(page)))
            for key, page in (("previous", asked.page - 1), ("next", asked.page + 1))
            if 1 <= page <= last
        ]
        where = words("lookup.page", page=asked.page, last=last) if last > 1 else ""
        return self._page(request, view, asked, facets=self._facets(asked, words), pages=pages, where=where)

    def found(self, request: Request) -> Shown:
        """What a search finds; without one, the codes of the chosen edition; without either, every edition.

        Of an edition that did not come with Camphora only who is signed in has the list of its codes as a file:
        raises Forbidden web-sign-in-needed."""
        asked = self._asked(request)
        if asked.edition and not asked.query and not self._whole(request, asked.edition):
            raise Forbidden("web-sign-in-needed")
        view, _ = self._found(request, asked, MOST)
        return Shown(view, licence=asked.edition.licence if asked.edition else "")

    def _asked(self, request: Request) -> Asked:
        """Raises NotFound terminology-no-system, -no-edition."""
        given = request.query_params
        system, version, page = given.get("system", ""), given.get("version", ""), given.get("page", "")
        edition = self.site.installation.terminology.edition(system, version or None) if system else None
        query = given.get("q", "").strip()
        free = not edition or self._whole(request, edition)
        last = LAST if free and not query else MOST // PAGE
        number = min(int(page[:9]), last) if page.isascii() and page.isdecimal() else 1
        return Asked(query, edition, version if edition else "", max(number, 1))

    def _whole(self, request: Request, edition: Edition) -> bool:
        """Whether this reader may take all codes of an edition away."""
        return is_bundled(edition) or self.site.session(request) is not None

    def _found(self, request: Request, asked: Asked, most: int) -> tuple[View, int]:
        """The view with at most so many rows from the page's place on, and how many there are in all."""
        words, edition = self.site.words(request), asked.edition
        if asked.query:
            table, n, ours = self._hits(asked, most, words)
        elif edition:
            table, n, ours = self._listed(asked, most, words), edition.count, is_bundled(edition)
        else:
            table, n, ours = self._systems(words), 0, False
        listed = asked.query or not edition or self._whole(request, edition)
        title = _name(edition, words) if edition else words("codes.title")
        crumbs = [Link(words("door.open"), "/open")]
        if edition:
            crumbs.append(Link(words("codes.title"), HOME))
        view = View(
            "codes", title, [table], lead=words("lookup.lead"), badge="open" if ours else None, crumbs=crumbs,
            why=words("open.why"), downloads=table.name if listed else "",
            source=_origin(edition, words) if edition else "",
        )  # fmt: skip
        return view, n

    def _page(
        self, request: Request, view: View, asked: Asked, *, facets: Sequence[Facet] = (),
        pages: Sequence[Link] = (), where: str = "",
    ) -> Response:  # fmt: skip
        words, chrome = self.site.words(request), self.site.chrome(request, nav="open")
        finder = Finder(HOME, asked.query, words("codes.search"), words("lookup.hint"))
        values = {"view": view, "finder": finder, "kept": asked.chosen, "facets": facets, "pages": pages}
        text = self.site.renderer.page("codes.html", lang=chrome.lang, chrome=chrome, where=where, **values)
        return HTMLResponse(text)

    def _editions(self) -> dict[str, Edition]:
        """The newest edition of each system."""
        terms = self.site.installation.terminology
        return {edition.url: terms.editions(edition.url)[0] for edition in terms.systems()}

    def _facets(self, asked: Asked, words: Words) -> list[Facet]:
        """The systems in which a search finds most; with one chosen, its editions and the way back to all."""
        terms, query = self.site.installation.terminology, asked.query
        if asked.edition:
            return self._edition_facets(asked, asked.edition, words)
        counts, editions = terms.counts(query), self._editions()
        first = sorted(counts, key=lambda url: -counts[url])[:MOST_FACETS]
        return [
            Facet(_name(editions[url], words), address(HOME, q=query, system=url), counts[url])
            for url in first
        ]

    def _edition_facets(self, asked: Asked, chosen: Edition, words: Words) -> list[Facet]:
        terms, query = self.site.installation.terminology, asked.query
        every = terms.editions(chosen.url)
        n = {one: self._count(query, one) for one in every}
        back = Facet(_name(chosen, words), address(HOME, q=query), n[chosen], chosen=True)
        if len(every) == 1:
            return [back]
        return [
            back,
            *(
                Facet(
                    words("lookup.default_version", version=one.version) if one is every[0] else one.version,
                    address(HOME, q=query, system=one.url, version=one.version),
                    n[one],
                    chosen=one.version == chosen.version,
                )
                for one in every
            ),
        ]

    def _count(self, query: str, edition: Edition) -> int:
        if not query:
            return edition.count
        found = self.site.installation.terminology.counts(query, edition.url, edition.version)
        return found.get(edition.url, 0)

    def _hits(self, asked: Asked, most: int, words: Words) -> tuple[Table, int, bool]:
        """What is found from the page's place on, how much in all, and whether all shown came with Camphora."""
        terms, chosen = self.site.installation.terminology, asked.edition
        url = chosen.url if chosen else None
        found = terms.search(asked.query, url, MOST, asked.version or None)
        n = max(sum(terms.counts(asked.query, url, asked.version or None).values()), len(found))
        editions = {chosen.url: chosen} if chosen else self._editions()
        shown = found[asked.start : asked.start + most]
        rows = [self._row(term, editions.get(term.system), asked.version, words) for term in shown]
        note = words("codes.most", n=MOST) if n > MOST else ""
        names = ("code", "zh", "en", "status", "system", "version")
        table = Table(
            "concepts", words("codes.found", n=n), _columns(words, names), rows, {"code": "href"}, {"status": "tone"},
            note=note,
        )  # fmt: skip
        ours = {one.system for one in shown if one.version}
        return table, n, bool(ours) and all(url in editions and is_bundled(editions[url]) for url in ours)

    def _instead(self, asked: Asked, words: Words) -> list[Block]:
        """What to try where nothing is found, and the editions that have something."""
        url = asked.edition.url if asked.edition else None
        lines = [words("lookup.try")]
        blocks: list[Block] = [Prose(words("lookup.none", query=asked.query), lines)]
        if others := self._elsewhere(asked.query, url):
            blocks.append(self._others(others, asked.query, words))
        return blocks

    def _elsewhere(self, query: str, url: str | None) -> list[tuple[Edition, int]]:
        """Editions that a search of one system or of all systems' newest did not look at, with what they have."""
        terms = self.site.installation.terminology
        every = terms.elsewhere(query, url)
        newest = terms.editions(url)[:1] if url else []
        return [*((one, n) for one in newest if (n := self._count(query, one))), *every]

    def _others(self, others: Sequence[tuple[Edition, int]], query: str, words: Words) -> Table:
        rows: list[dict[str, Cell]] = [
            {
                "name": _name(one, words),
                "version": one.version,
                "count": n,
                "href": address(HOME, q=query, system=one.url, version=one.version),
            }
            for one, n in others
        ]
        columns = [
            Column("name", words("codes.system")), *_columns(words, ("version",)),
            Column("count", words("codes.count"), "integer"),
        ]  # fmt: skip
        return Table("elsewhere", words("lookup.elsewhere"), columns, rows, {"name": "href"})

    def _row(self, term: Term, edition: Edition | None, version: str, words: Words) -> dict[str, Cell]:
        """A hit; one that is only our own plain name has no page."""
        asked = {"version": version} if version else {}
        return {
            "code": term.code,
            "zh": term.zh or None,
            "en": term.en or None,
            "system": _name(edition, words) if edition else term.system,
            "version": term.version or words("codes.ours"),
            "status": words("codes.active" if term.active else "codes.inactive"),
            "tone": "plain" if term.active else "notice",
            "href": address(ONE, system=term.system, code=term.code, **asked) if term.version else None,
        }

    def _listed(self, asked: Asked, most: int, words: Words) -> Table:
        """Codes of an edition, headings before what stands below them."""
        edition, terms = asked.edition, self.site.installation.terminology
        assert edition is not None
        found = terms.first(edition.url, most, edition.version, asked.start)
        rows = [self._row(term, edition, asked.version, words) for term in found]
        note = words("lookup.rest", total=edition.count) if edition.count > len(rows) else ""
        if not is_bundled(edition):
            note = f"{note}{words('lookup.added')}"
        title = words("lookup.codes_of", system=_name(edition, words), n=edition.count)
        columns = _columns(words, ("code", "zh", "en", "status", "version"))
        return Table("concepts", title, columns, rows, {"code": "href"}, {"status": "tone"}, note=note)

    def _systems(self, words: Words) -> Table:
        """Every edition, those of one system together, the newest first; the systems with most codes first."""
        terms = self.site.installation.terminology
        systems = [terms.editions(url) for url in self._editions()]
        systems.sort(key=lambda editions: -max(one.count for one in editions))
        rows = [_edition_row(one, editions[0], words) for editions in systems for one in editions]
        columns = [
            Column("name", words("codes.system")),
            Column("version", words("codes.version")),
            Column("default", words("lookup.which")),
            Column("count", words("codes.count"), "integer"),
            Column("licence", words("sources.licence")),
            Column("source", words("sources.source")),
        ]
        links, chips = {"name": "href"}, {"default": "tone"}
        note = words("lookup.rule")
        return Table("code_systems", words("codes.systems"), columns, rows, links, chips, note=note)

    # One code

    def concept_page(self, request: Request) -> Response:
        return self._page(request, self.concept(request).view, Asked("", None, "", 1))

    def concept(self, request: Request) -> Shown:
        """A code with its names, its place in the hierarchy, its editions and what other systems call it.

        Raises NotFound terminology-no-system, -no-edition, -code-elsewhere, -no-code."""
        words = self.site.words(request)
        system, code = request.query_params.get("system", ""), request.query_params.get("code", "")
        terms = self.site.installation.terminology
        found = terms.concept(system, code, request.query_params.get("version") or None)
        across = compared(terms, self.holdings, found, MOST_BELOW)
        edition = next(one for one in terms.editions(found.system) if one.version == found.version)
        blocks = list(self._blocks(across, words))
        crumbs = [Link(words("door.open"), "/open"), Link(words("codes.title"), HOME),
                  Link(_name(edition, words), address(HOME, system=edition.url, version=edition.version))]  # fmt: skip
        view = View(
            "code", f"{found.code} {found.display(words.lang)}", blocks, badge="open" if is_bundled(edition) else None,
            crumbs=crumbs, source=f"{_name(edition, words)} {_origin(edition, words)}", why=words("open.why"),
            downloads="editions", lead="" if found.active else words("lookup.inactive"),
        )  # fmt: skip
        return Shown(view, licence=edition.licence, parameters={"code": found.code}, name="code")

    def _about(self, term: Term, words: Words) -> Table:
        """What the edition says of the code itself."""
        said = {
            words("codes.zh"): term.zh or words("lookup.no_name"),
            words("codes.en"): term.en or words("lookup.no_name"),
            words("codes.status"): words("codes.active" if term.active else "codes.inactive"),
            **term.more,
            words("codes.url"): term.system,
        }
        rows: list[dict[str, Cell]] = [{"property": key, "value": value} for key, value in said.items()]
        return Table("about", words("lookup.about"), _columns(words, ("property", "value"), "lookup"), rows)

    def _blocks(self, across: Across, words: Words) -> Iterator[Block]:
        yield self._about(across.term, words)
        yield self._across(across.editions, words)
        if across.maps:
            yield self._maps(across.maps, words)
        if across.parents:
            yield self._neighbours("above", across.parents, words)
        if across.children:
            yield self._neighbours("below", across.children, words)

    def _across(self, editions: Sequence[Compared], words: Words) -> Table:
        rows: list[dict[str, Cell]] = [
            {
                "version": one.edition.version,
                "system": _name(one.edition, words),
                "zh": (one.term.zh if one.term else "") or None,
                "en": (one.term.en if one.term else "") or None,
                "change": words("mark.comma").join(words(f"lookup.changed.{each}") for each in one.changes),
                "tone": _tone(one.changes),
                "href": address(ONE, system=one.edition.url, code=one.term.code, version=one.edition.version)
                if one.term
                else None,
            }
            for one in editions
        ]
        columns = [
            *_columns(words, ("version",)), *_columns(words, ("change",), "lookup"),
            *_columns(words, ("zh", "en", "system")),
        ]  # fmt: skip
        note = words("lookup.only" if len(rows) == 1 else "lookup.editions_note")
        links, chips = {"version": "href"}, {"change": "tone"}
        return Table("editions", words("lookup.editions"), columns, rows, links, chips, note=note)

    def _maps(self, maps: Sequence[Neighbour], words: Words) -> Table:
        editions = self._editions()
        rows: list[dict[str, Cell]] = [
            {
                "code": one.code,
                "name": one.name(words.lang) or None,
                "system": _name(editions[one.system], words) if one.system in editions else one.system,
                "relationship": words(f"lookup.relation.{one.relationship}"),
                "map": one.origin,
                "href": address(ONE, system=one.system, code=one.code) if one.system in editions else None,
            }
            for one in maps
        ]
        columns = [
            *_columns(words, ("code",)), *_columns(words, ("name",), "lookup"), *_columns(words, ("system",)),
            *_columns(words, ("relationship", "map"), "lookup"),
        ]  # fmt: skip
        return Table(
            "maps", words("lookup.maps"), columns, rows, {"code": "href"}, note=words("lookup.maps_note")
        )

    def _neighbours(self, name: str, found: Sequence[Neighbour], words: Words) -> Table:
        rows: list[dict[str, Cell]] = [
            {
                "code": one.code,
                "zh": one.zh or None,
                "en": one.en or None,
                "href": address(ONE, system=one.system, code=one.code),
            }
            for one in found
        ]
        note = words("lookup.first_below", n=MOST_BELOW) if len(rows) == MOST_BELOW else ""
        columns = _columns(words, ("code", "zh", "en"))
        return Table(name, words(f"lookup.{name}"), columns, rows, {"code": "href"}, note=note)


def _edition_row(edition: Edition, default: Edition, words: Words) -> dict[str, Cell]:
    is_default = edition is default
    asked = {} if is_default else {"version": edition.version}
    return {
        "name": _name(edition, words),
        "version": edition.version,
        "default": words("lookup.default" if is_default else "lookup.pinned"),
        "tone": "good" if is_default else "plain",
        "count": edition.count,
        "licence": edition.licence or words("lookup.no_licence"),
        "source": edition.source,
        "href": address(HOME, system=edition.url, **asked),
    }


def _origin(edition: Edition, words: Words) -> str:
    """The edition with its licence, or that none is stated."""
    if not edition.licence:
        return words("lookup.origin_unknown", version=edition.version)
    return words("lookup.origin", version=edition.version, licence=edition.licence)


def is_bundled(edition: Edition) -> bool:
    """Whether an edition came with Camphora; what an installation loaded itself bears the digest of its file."""
    return not edition.digest and (edition.url, edition.version) in _bundled()


@cache
def _bundled() -> frozenset[tuple[str, str]]:
    return frozenset((one.url, one.version) for one in bundled_editions())


def _columns(words: Words, keys: Sequence[str], table: str = "codes") -> list[Column]:
    return [Column(key, words(f"{table}.{key}")) for key in keys]


def _tone(changes: Sequence[Change]) -> str:
    return "plain" if set(changes) <= {"same", "first", "absent"} else "notice"


def _name(edition: Edition, words: Words) -> str:
    return edition.zh if words.lang == "zh-TW" else edition.en


def address(path: str, **parameters: str) -> str:
    """An address with its parameters; those that are empty are left out."""
    return f"{path}?{urlencode({key: value for key, value in parameters.items() if value})}"

"""`/codes`: look a code up, search in both languages, compare a code across editions and systems. No person is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from camphora.installation import packages
from camphora.pages import Block, Cell, Column, Link, Table, View
from camphora.pages.words import Words
from camphora.terminology import Edition, Term
from camphora.terminology.comparing import Across, Change, Compared, Neighbour, compared
from camphora.terminology.stored_library import Holdings
from camphora.web.contexts import Facet
from camphora.web.showing import Finder, Kept, Shown, found_page, view_routes
from camphora.web.site import Site

HOME, ONE = "/codes", "/codes/concept"
MOST, MOST_BELOW, MOST_FACETS = 100, 100, 6
"""So many codes are listed, so many below a heading, and so many systems to narrow a search by."""


def routes(site: Site) -> list[BaseRoute]:
    """`/codes` and `/codes/concept`, each with its files."""
    codes = Codes(site)
    return [
        *view_routes(site, ONE, codes.concept, "codes.concept", "tables", page=codes.concept_page),
        *view_routes(site, HOME, codes.found, "codes", "tables", page=codes.found_page),
    ]


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

    # A search, or the codes of one system

    def found_page(self, request: Request) -> Response:
        words = self.site.words(request)
        query = request.query_params.get("q", "").strip()
        finder = Finder(HOME, query, words("codes.search"), words("lookup.hint"))
        view = self.found(request).view
        return found_page(
            self.site, request, view, finder, facets=self._facets(request, query, words), nav="open"
        )

    def found(self, request: Request) -> Shown:
        """What a search finds; without one, the codes of the chosen system; without either, the systems."""
        words = self.site.words(request)
        query, system = request.query_params.get("q", "").strip(), request.query_params.get("system", "")
        editions = self._editions()
        if query:
            chosen = system if system in editions else None
            terms = self.site.installation.terminology.search(query, chosen, MOST)
            n = sum(self.site.installation.terminology.counts(query, chosen).values())
            table = self._hits(terms, max(n, len(terms)), editions, words)
        elif system in editions:
            table = self._listed(editions[system], words)
        else:
            table = _systems(editions.values(), words)
        crumbs = [Link(words("door.open"), "/open")]
        title = _name(editions[system], words) if system in editions else words("codes.title")
        view = View(
            "codes", title, [table], lead=words("lookup.lead"), badge="open", crumbs=crumbs, why=words("open.why"),
            downloads=table.name,
        )  # fmt: skip
        return Shown(view)

    def _editions(self) -> dict[str, Edition]:
        """The newest edition of each system."""
        terms = self.site.installation.terminology
        return {edition.url: terms.editions(edition.url)[0] for edition in terms.systems()}

    def _facets(self, request: Request, query: str, words: Words) -> tuple[Facet, ...]:
        """The systems in which a search finds most; with one chosen, the way back to all."""
        system, editions = request.query_params.get("system", ""), self._editions()
        chosen = system if system in editions else ""
        counts = self.site.installation.terminology.counts(query, chosen or None)
        first = sorted(counts, key=lambda url: -counts[url])[:MOST_FACETS]
        return tuple(
            Facet(
                _name(editions[url], words),
                _address(HOME, q=query, **({} if chosen else {"system": url})),
                counts[url],
                chosen=bool(chosen),
            )
            for url in first
        )

    def _hits(self, terms: Sequence[Term], n: int, editions: Mapping[str, Edition], words: Words) -> Table:
        rows = [self._row(term, editions.get(term.system), words) for term in terms]
        note = words("codes.most", n=MOST) if len(rows) == MOST else ""
        names = ("code", "zh", "en", "system", "version", "status")
        return Table(
            "concepts", words("codes.found", n=n), _columns(words, names), rows, {"code": "href"}, {"status": "tone"},
            note=note,
        )  # fmt: skip

    def _row(self, term: Term, edition: Edition | None, words: Words) -> dict[str, Cell]:
        """A hit; one that is only our own plain name has no page."""
        return {
            "code": term.code,
            "zh": term.zh or None,
            "en": term.en or None,
            "system": _name(edition, words) if edition else term.system,
            "version": term.version or words("codes.ours"),
            "status": words("codes.active" if term.active else "codes.inactive"),
            "tone": "plain" if term.active else "notice",
            "href": _address(ONE, system=term.system, code=term.code) if term.version else None,
        }

    def _listed(self, edition: Edition, words: Words) -> Table:
        """The first codes of a system, headings before what stands below them."""
        terms = self.site.installation.terminology.first(edition.url, MOST)
        rows = [self._row(term, edition, words) for term in terms]
        note = words("lookup.first", n=len(rows), total=edition.count) if edition.count > len(rows) else ""
        title = words("lookup.codes_of", system=_name(edition, words), n=edition.count)
        columns = _columns(words, ("code", "zh", "en", "version", "status"))
        return Table("concepts", title, columns, rows, {"code": "href"}, {"status": "tone"}, note=note)

    # One code

    def concept_page(self, request: Request) -> Response:
        words = self.site.words(request)
        finder = Finder(HOME, "", words("codes.search"), words("lookup.hint"))
        return found_page(self.site, request, self.concept(request).view, finder, nav="open")

    def concept(self, request: Request) -> Shown:
        """A code with its names, its place in the hierarchy, its editions and what other systems call it.

        Raises NotFound terminology-no-code."""
        words = self.site.words(request)
        system, code = request.query_params.get("system", ""), request.query_params.get("code", "")
        terms = self.site.installation.terminology
        found = terms.concept(system, code, request.query_params.get("version") or None)
        across = compared(terms, self.holdings, found, MOST_BELOW)
        edition = next(one for one in terms.editions(found.system) if one.version == found.version)
        blocks = list(self._blocks(across, words))
        crumbs = [Link(words("door.open"), "/open"), Link(words("codes.title"), HOME),
                  Link(_name(edition, words), _address(HOME, system=edition.url))]  # fmt: skip
        view = View(
            "code", f"{found.code} {found.display(words.lang)}", blocks, badge="open" if edition.licence else None,
            crumbs=crumbs, source=f"{_name(edition, words)} {edition.version}", why=words("open.why"),
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
                "href": _address(ONE, system=one.edition.url, code=one.term.code, version=one.edition.version)
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
                "href": _address(ONE, system=one.system, code=one.code) if one.system in editions else None,
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
                "href": _address(ONE, system=one.system, code=one.code),
            }
            for one in found
        ]
        note = words("lookup.first_below", n=MOST_BELOW) if len(rows) == MOST_BELOW else ""
        columns = _columns(words, ("code", "zh", "en"))
        return Table(name, words(f"lookup.{name}"), columns, rows, {"code": "href"}, note=note)


def _systems(editions: Iterable[Edition], words: Words) -> Table:
    rows: list[dict[str, Cell]] = [
        {
            "name": _name(edition, words),
            "version": edition.version,
            "count": edition.count,
            "licence": edition.licence,
            "source": edition.source,
            "href": _address(HOME, system=edition.url),
        }
        for edition in sorted(editions, key=lambda edition: -edition.count)
    ]
    columns = [
        Column("name", words("codes.system")),
        Column("version", words("codes.version")),
        Column("count", words("codes.count"), "integer"),
        Column("licence", words("sources.licence")),
        Column("source", words("sources.source")),
    ]
    return Table("code_systems", words("codes.systems"), columns, rows, {"name": "href"})


def _columns(words: Words, keys: Sequence[str], table: str = "codes") -> list[Column]:
    return [Column(key, words(f"{table}.{key}")) for key in keys]


def _tone(changes: Sequence[Change]) -> str:
    return "plain" if set(changes) <= {"same", "first", "absent"} else "notice"


def _name(edition: Edition, words: Words) -> str:
    return edition.zh if words.lang == "zh-TW" else edition.en


def _address(path: str, **parameters: str) -> str:
    return f"{path}?{urlencode(parameters)}"

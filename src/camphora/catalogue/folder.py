"""A system's folder, read: what its files declare, and its functions.

The declared keys of each file stand here (`SYSTEM_KEYS`, `PAGE_KEYS`, `DEMO_KEYS`; of tables in
`camphora.formats.declaration`); the reference lists them, `check` holds a folder to them.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from camphora.catalogue.clauses import STATES, State
from camphora.errors import Invalid, Lang, NotFound
from camphora.formats.declaration import TableDeclaration, base_tables
from camphora.formats.toml_lines import LANGS, Document, Key, read_toml
from camphora.pages import View
from camphora.pages.words import Words
from camphora.policy.vocabulary import Purpose, Role
from camphora.rules import Rules

if TYPE_CHECKING:
    from camphora.engines.watch import Followed, Season, Watch, Watched

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""Rows by the name of their table."""
ENGINES = (
    *("programmes", "watch", "supply", "evidence", "epidemics", "workforce", "matching", "home", "knowledge"),
    *("authoring", "records", "lake", "gate", "work"),
)
ENGINES_WITH_PAGES = ("watch",)
SYSTEM = "system"
"""The parameter by which a page of an engine is told whose page it is."""
PACKAGED = Path(__file__).parents[1] / "systems"
"""Where the systems of the package lie."""

KINDS = ("text", "month", "choice")
WATCHED = ("watch", "week", "day", "area", "group")
"""Parameters whose choices are those of a watch: which one, its weeks or days, its places, what parts their counts."""
SEASON_TABLES = ("places", "people", "points")
"""Keys by which a season names the tables that it needs beside its own."""
_NAME = r"[a-z][a-z0-9_]*"
LINK_KEYS = {"label": Key("texts"), "href": Key(pattern=r"/.*", means="a page of this installation")}
SERVES_KEYS = {
    "id": Key("integer", means="of systems.tsv"),
    "state": Key(choices=("works", "partly"), means="works: all that the plan asks; partly: some of it"),
    "works": Key("texts", means="what works now"),
    "missing": Key("texts", required=False, means="what does not; required where the state is partly"),
}
SYSTEM_KEYS = {
    "name": Key(pattern=_NAME, means="equal to the folder's name"),
    "kind": Key(choices=("application", "platform"), means="platform: pages that belong to no one system"),
    "title": Key("texts"),
    "summary": Key("texts", means="one sentence"),
    "engines": Key("list", choices=ENGINES, means="the engines it stands on"),
    "readers": Key("list", choices=tuple(Role), means="`public`, or the roles that may open its pages"),
    "records": Key("list", means="the FHIR types it reads"),
    "purposes": Key("list", choices=tuple(Purpose), means="for which it reads"),
    "basis": Key("texts", means="the legal basis"),
    "badge": Key(choices=("open", "example", "synthetic"), means="of its data"),
    "serves": Key(
        "tables", required=False, keys=SERVES_KEYS, means="which clauses of the plans, and how far"
    ),
    "links": Key("tables", required=False, keys=LINK_KEYS, means="pages that lie elsewhere"),
}
PARAMETER_KEYS = {
    "name": Key(pattern=_NAME),
    "label": Key("texts"),
    "kind": Key(choices=(*KINDS, *WATCHED), means="watch, week, day, area, group: of what the page watches"),
    "column": Key(
        required=False, pattern=rf"{_NAME}\.{_NAME}", means="TABLE.COLUMN whose values are the choices"
    ),
    "choices": Key("list", required=False, means="the choices, where no column has them"),
    "default": Key(required=False, means="empty where left out; `latest` is the last of the choices"),
    "example": Key(required=False, means="a value with which tests and documents open the page"),
}
PAGE_KEYS = {
    "name": Key(pattern=_NAME, means="equal to the file's name"),
    "path": Key(
        pattern=r"|[a-z0-9_]+(/([a-z0-9_]+|\{[a-z_]+\}))*", means="below /systems/NAME; {code} is a parameter"
    ),
    "function": Key(
        pattern=rf"(engine:{_NAME}\.|{_NAME}\.)?{_NAME}",
        means="MODULE.FUNCTION, of logic.py where no module is named; or engine:ENGINE.PAGE, a page of an engine",
    ),
    "title": Key("texts"),
    "tables": Key("list", means="whose rows the function is given"),
    "watch": Key("list", required=False, means="names of watch/*.toml, for a page of the engine of watch"),
    "parameters": Key("tables", required=False, keys=PARAMETER_KEYS),
}
DEMO_KEYS = {
    "people": Key("integer", means="synthetic people it needs; 0 for none"),
    "tables": Key("list", means="tables to load with their bundled rows"),
    "links": Key("tables", keys=LINK_KEYS, means="what to open"),
}


@dataclass(frozen=True, slots=True)
class Link:
    label: Mapping[str, str]
    href: str


@dataclass(frozen=True, slots=True)
class Serves:
    """How far a system serves a clause of the plans."""

    id: int
    state: Literal["works", "partly"]
    works: Mapping[str, str]
    missing: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a page, part of its address. Its choices are given, or are the values of a table's column."""

    name: str
    label: Mapping[str, str]
    kind: Literal["text", "month", "choice", "watch", "week", "day", "area", "group"]
    column: str = ""
    choices: tuple[str, ...] = ()
    default: str = ""
    example: str = ""

    def options(self, tables: Rows, watched: Watched | Followed | None = None) -> list[str]:
        """What may be chosen, in order; empty where any text may. `watched`: the one whose weeks, places and groups
        are the choices."""
        if self.kind in WATCHED and watched is not None:
            return watched.choices(self.kind)
        if not self.column:
            return list(self.choices)
        table, column = self.column.split(".")
        return sorted({str(row[column]) for row in tables.get(table, ()) if row[column] is not None})

    def value(self, given: str | None, tables: Rows, watched: Watched | Followed | None = None) -> str:
        """The value to use. Raises NotFound catalogue-no-such-choice when it is none of the choices."""
        options = self.options(tables, watched)
        if not given:
            return (options[-1] if options else "") if self.default == "latest" else self.default
        if options and given not in options:
            raise NotFound("catalogue-no-such-choice", parameter=self.name, count=len(options))
        return given


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a system: where it lies, which tables it is given, which function makes its view."""

    name: str
    path: str
    function: str
    title: Mapping[str, str]
    tables: tuple[str, ...]
    parameters: tuple[Parameter, ...] = ()
    watch: tuple[str, ...] = ()

    @property
    def of_engine(self) -> bool:
        return self.function.startswith("engine:")


@dataclass(frozen=True, slots=True)
class Demo:
    """What to load and open in order to try a system."""

    people: int
    tables: tuple[str, ...]
    links: tuple[Link, ...]


@dataclass(frozen=True)
class System:
    """A system, ready to be used. Its tables are its own and the base tables that its pages name."""

    name: str
    kind: Literal["application", "platform"]
    title: Mapping[str, str]
    summary: Mapping[str, str]
    engines: tuple[str, ...]
    readers: tuple[str, ...]
    records: tuple[str, ...]
    purposes: tuple[str, ...]
    basis: Mapping[str, str]
    badge: Literal["open", "example", "synthetic"]
    folder: Path
    serves: tuple[Serves, ...] = ()
    links: tuple[Link, ...] = ()

    @property
    def state(self) -> State:
        """The best state among the clauses it serves; planned where it serves none."""
        return min((one.state for one in self.serves), key=STATES.index, default="planned")

    @property
    def public(self) -> bool:
        return "public" in self.readers

    @cached_property
    def pages(self) -> tuple[Page, ...]:
        """Its pages, the one without a path first."""
        found = [page_of(read_toml(path).data) for path in sorted((self.folder / "pages").glob("*.toml"))]
        return tuple(sorted(found, key=lambda page: (page.path != "", page.path)))

    @cached_property
    def own_tables(self) -> Mapping[str, TableDeclaration]:
        found = [TableDeclaration.load(path) for path in sorted((self.folder / "tables").glob("*.toml"))]
        return {table.name: table for table in found}

    @cached_property
    def tables(self) -> Mapping[str, TableDeclaration]:
        """Its own tables, and those of all systems that its pages use."""
        used = {name for page in self.pages for name in self.tables_of(page)}
        return {**{name: table for name, table in base_tables().items() if name in used}, **self.own_tables}

    def tables_of(self, page: Page) -> tuple[str, ...]:
        """The tables whose rows a page stands on: its own, then those that it watches."""
        watched = (table for name in page.watch for table in self.watched_tables[name])
        return tuple(dict.fromkeys([*page.tables, *watched]))

    @cached_property
    def watched_tables(self) -> Mapping[str, tuple[str, ...]]:
        """The tables that each watch stands on, by its name, the one that is counted first."""
        read = {path.stem: read_toml(path).data for path in sorted((self.folder / "watch").glob("*.toml"))}
        keys = ("table", *SEASON_TABLES)
        return {name: tuple(str(data[key]) for key in keys if key in data) for name, data in read.items()}

    @cached_property
    def watches(self) -> Mapping[str, Watch | Season]:
        """What it watches (`watch/*.toml`), by name. Raises Faults with every fault of a declaration."""
        from camphora.engines.watch import declared  # its methods are slow to import

        tables = {**base_tables(), **self.own_tables}
        return {
            name: declared(self.folder / "watch" / f"{name}.toml", tables.get(counted))
            for name, (counted, *_) in self.watched_tables.items()
        }

    @cached_property
    def weekly(self) -> Mapping[str, Watch]:
        """What it watches by week, whose counts may be signals."""
        from camphora.engines.watch import Watch

        return {name: watch for name, watch in self.watches.items() if isinstance(watch, Watch)}

    @cached_property
    def rules(self) -> Rules:
        return Rules.load(*sorted((self.folder / "rules").glob("*.csv")))

    def words(self, lang: Lang) -> Words:
        """Its strings in a language; where pages of an engine are its own, over those of the engine."""
        engines = {page.function.split(":")[1].split(".")[0] for page in self.pages if page.of_engine}
        return Words(lang, *(engine_strings(name, lang) for name in sorted(engines)), self._strings[lang])

    @cached_property
    def _strings(self) -> Mapping[str, Mapping[str, Any]]:
        files = {lang: self.folder / "strings" / f"{lang}.toml" for lang in LANGS}
        return {lang: read_toml(file).data if file.exists() else {} for lang, file in files.items()}

    @cached_property
    def demo(self) -> Demo:
        return demo_of(read_toml(self.folder / "demo.toml").data)

    def has(self, href: str) -> bool:
        """Whether an address leads to one of its pages, or elsewhere: pages of an engine lead to one another, and a
        system need not have all of them."""
        home, bare = f"/systems/{self.name}", href.partition("?")[0].partition("#")[0]
        if bare != home and not bare.startswith(f"{home}/"):
            return True
        parts = bare.removeprefix(home).strip("/").split("/")
        paths = (page.path.split("/") for page in self.pages)
        return any(
            len(path) == len(parts)
            and all(one == each or one.startswith("{") for one, each in zip(path, parts, strict=True))
            for path in paths
        )

    def page(self, name: str) -> Page:
        """Raises NotFound catalogue-no-page."""
        found = next((page for page in self.pages if page.name == name), None)
        if found is None:
            raise NotFound("catalogue-no-page", system=self.name, page=name)
        return found

    def view(
        self,
        page: Page,
        tables: Rows,
        lang: Lang,
        given: Mapping[str, str] | None = None,
        watched: Mapping[str, Watched | Followed] | None = None,
    ) -> View:
        """The view of a page from rows that the reader may see. `watched`: what it watches, by name, where somebody
        keeps it; otherwise it is made from the rows of the tables.

        Raises NotFound catalogue-no-rows while one of its tables is empty, of those that are watched all (who brings
        one feed alone has its pages), catalogue-no-such-choice for a parameter whose value is none of its choices."""
        found = {name: one for name, one in (watched or {}).items() if name in page.watch}
        kept = {table for name in found for table in self.watched_tables[name]}
        for name in self.tables_of(page):
            needed = name in page.tables or not found
            if needed and not tables.get(name) and name not in kept:
                raise NotFound("catalogue-no-rows", table=name, system=self.name)
        if page.watch and not found:
            found = self.watched(page.watch, tables)
        parameters = self.parameters(page, tables, given or {}, found)
        words = self.words(lang)
        if page.of_engine:
            made: View = engine_page(page.function)(found, words, {**parameters, SYSTEM: self.name})
            method = made.method if self.has(made.method) else ""
            return replace(
                made,
                badge=self.badge,
                method=method,
                actions=[one for one in made.actions if self.has(one.href)],
            )
        view: View = self.function(page.function)(tables, self.rules, words, parameters)
        return view

    def parameters(
        self,
        page: Page,
        tables: Rows,
        given: Mapping[str, str],
        watched: Mapping[str, Watched | Followed] | None = None,
    ) -> dict[str, str]:
        """The values of a page's parameters. Weeks, places and groups are those of the watch that is chosen, the first
        of the page's where none is."""
        found = watched or {}
        chosen = self.chosen(page, given, found)
        values = {one.name: one.value(given.get(one.name), tables, chosen) for one in page.parameters}
        usual = {one.name: one.default for one in page.parameters if one.kind == "watch"}
        absent = {name for name, value in usual.items() if value and name not in given and value not in found}
        return values | {name: next(iter(found)) for name in absent if found}

    def chosen(
        self, page: Page, given: Mapping[str, str], watched: Mapping[str, Watched | Followed]
    ) -> Watched | Followed | None:
        """The watch that an address means: the one it names, or the page's first that has rows."""
        named = next((given.get(one.name) for one in page.parameters if one.kind == "watch"), None)
        return watched.get(named or next((name for name in page.watch if name in watched), ""))

    def watched(self, names: Sequence[str], tables: Rows) -> dict[str, Watched | Followed]:
        """What it watches, by name, from rows as they are; forecasts are made only by who asks for them."""
        from camphora.engines.watch import Followed, Season, Watched, nation_of, series_of
        from camphora.engines.watch.season import counts_of

        found: dict[str, Watched | Followed] = {}
        for name in names:
            watch = self.watches[name]
            table = {**base_tables(), **self.own_tables}[watch.table]
            as_of, source = str(table.as_of), table.source
            if isinstance(watch, Season):
                found[name] = Followed(watch, counts_of(watch, tables), as_of, source, "", beforehand=False)
            else:
                series = series_of(watch, tables[watch.table])
                found[name] = Watched(watch, series, as_of, source, "", beforehand=False)
        return {**found, **nation_of({name: one for name, one in found.items() if isinstance(one, Watched)})}

    def function(self, name: str) -> Callable[..., Any]:
        """A function of its modules: `judged` (of logic.py) or `views.overview`. Raises Invalid."""
        module, _, short = name.rpartition(".")
        found: Callable[..., Any] | None = getattr(load_module(self.folder, module or "logic"), short, None)
        if found is None:
            raise Invalid("catalogue-no-function", function=name)
        return found


def engine_page(name: str) -> Callable[..., View]:
    """A page of an engine, as `engine:watch.signals`. Raises Invalid catalogue-no-function."""
    engine, _, short = name.removeprefix("engine:").partition(".")
    if engine not in ENGINES_WITH_PAGES:
        raise Invalid("catalogue-no-function", function=name)
    pages = importlib.import_module(f"camphora.engines.{engine}.pages").PAGES
    found: Callable[..., View] | None = pages.get(short)
    if found is None:
        raise Invalid("catalogue-no-function", function=name)
    return found


@cache
def engine_strings(engine: str, lang: Lang) -> Mapping[str, Any]:
    """The words of an engine's pages."""
    if engine not in ENGINES_WITH_PAGES:
        return {}
    return read_toml(PACKAGED.parent / "engines" / engine / "strings" / f"{lang}.toml").data


def load_module(folder: Path, name: str) -> types.ModuleType:
    """A module of a system's folder; one that lies outside the package is loaded under a name of its own."""
    parent = _parent(folder)
    if not parent.startswith("camphora.") and parent not in sys.modules:
        package = types.ModuleType(parent)
        package.__path__ = [str(folder)]
        sys.modules[parent] = package
    return importlib.import_module(f"{parent}.{name}")


def forget(folder: Path) -> None:
    """Drop the loaded modules of a folder outside the package, so that changed files are read again."""
    parent = _parent(folder)
    if not parent.startswith("camphora."):
        for name in [one for one in list(sys.modules) if one == parent or one.startswith(f"{parent}.")]:
            del sys.modules[name]
    importlib.invalidate_caches()


def _parent(folder: Path) -> str:
    """The package that a folder's modules belong to."""
    if folder.resolve().parent == PACKAGED.resolve():
        return f"camphora.systems.{folder.name}"
    digest = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]
    return f"camphora_installed_{digest}"


def _plain(data: Mapping[str, Any], **made: Any) -> dict[str, Any]:
    """The values of a TOML table with lists as tuples; `made` in place of what is a value of our own."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()} | made


def _links(data: Mapping[str, Any]) -> tuple[Link, ...]:
    return tuple(Link(**link) for link in data.get("links", ()))


def page_of(data: Mapping[str, Any]) -> Page:
    return Page(
        **_plain(data, parameters=tuple(Parameter(**_plain(one)) for one in data.get("parameters", ())))
    )


def demo_of(data: Mapping[str, Any]) -> Demo:
    return Demo(**_plain(data, links=_links(data)))


def system_of(document: Document, folder: Path) -> System:
    serves = tuple(Serves(**one) for one in document.data.get("serves", ()))
    return System(**_plain(document.data, serves=serves, links=_links(document.data)), folder=folder)

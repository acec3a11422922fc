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
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from camphora.catalogue.clauses import STATES, State
from camphora.errors import Invalid, Lang, NotFound
from camphora.formats.declaration import TableDeclaration, base_tables
from camphora.formats.toml_lines import LANGS, Document, Key, read_toml
from camphora.pages import View
from camphora.pages.words import Words
from camphora.policy.vocabulary import Purpose, Role
from camphora.rules import Rules

ENGINES = (
    *("programmes", "watch", "supply", "evidence", "epidemics", "workforce", "matching", "home", "knowledge"),
    *("authoring", "records", "lake", "gate", "work"),
)
PACKAGED = Path(__file__).parents[1] / "systems"
"""Where the systems of the package lie."""

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
    "kind": Key(choices=("text", "month", "choice")),
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
        pattern=rf"({_NAME}\.)?{_NAME}", means="MODULE.FUNCTION; of logic.py where no module is named"
    ),
    "title": Key("texts"),
    "tables": Key("list", means="whose rows the function is given"),
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
    kind: Literal["text", "month", "choice"]
    column: str = ""
    choices: tuple[str, ...] = ()
    default: str = ""
    example: str = ""

    def options(self, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
        """What may be chosen, in order; empty where any text may."""
        if not self.column:
            return list(self.choices)
        table, column = self.column.split(".")
        return sorted({str(row[column]) for row in tables.get(table, ()) if row[column] is not None})

    def value(self, given: str | None, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
        """The value to use. Raises NotFound catalogue-no-such-choice when it is none of the choices."""
        options = self.options(tables)
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
        used = {name for page in self.pages for name in page.tables}
        return {**{name: table for name, table in base_tables().items() if name in used}, **self.own_tables}

    @cached_property
    def rules(self) -> Rules:
        return Rules.load(*sorted((self.folder / "rules").glob("*.csv")))

    def words(self, lang: Lang) -> Words:
        """Its strings in a language."""
        return Words(lang, self._strings[lang])

    @cached_property
    def _strings(self) -> Mapping[str, Mapping[str, Any]]:
        files = {lang: self.folder / "strings" / f"{lang}.toml" for lang in LANGS}
        return {lang: read_toml(file).data if file.exists() else {} for lang, file in files.items()}

    @cached_property
    def demo(self) -> Demo:
        return demo_of(read_toml(self.folder / "demo.toml").data)

    def page(self, name: str) -> Page:
        """Raises NotFound catalogue-no-page."""
        found = next((page for page in self.pages if page.name == name), None)
        if found is None:
            raise NotFound("catalogue-no-page", system=self.name, page=name)
        return found

    def view(
        self,
        page: Page,
        tables: Mapping[str, Sequence[Mapping[str, Any]]],
        lang: Lang,
        given: Mapping[str, str] | None = None,
    ) -> View:
        """The view of a page from rows that the reader may see.

        Raises NotFound catalogue-no-rows while one of its tables is empty, catalogue-no-such-choice for a parameter
        whose value is none of its choices."""
        for name in page.tables:
            if not tables.get(name):
                raise NotFound("catalogue-no-rows", table=name, system=self.name)
        given = given or {}
        parameters = {one.name: one.value(given.get(one.name), tables) for one in page.parameters}
        view: View = self.function(page.function)(tables, self.rules, self.words(lang), parameters)
        return view

    def function(self, name: str) -> Callable[..., Any]:
        """A function of its modules: `judged` (of logic.py) or `views.overview`. Raises Invalid."""
        module, _, short = name.rpartition(".")
        found: Callable[..., Any] | None = getattr(load_module(self.folder, module or "logic"), short, None)
        if found is None:
            raise Invalid("catalogue-no-function", function=name)
        return found


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
        for name in [one for one in sys.modules if one == parent or one.startswith(f"{parent}.")]:
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

"""Every fault of a system's folder at once, each with its file and line."""

from __future__ import annotations

import ast
import csv
import inspect
import re
import string
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from camphora import rules
from camphora.catalogue.clauses import clauses
from camphora.catalogue.folder import (
    DEMO_KEYS,
    PAGE_KEYS,
    SYSTEM_KEYS,
    System,
    engine_page,
    forget,
    system_of,
)
from camphora.errors import Faults, Invalid, Place
from camphora.formats.declaration import TableDeclaration, base_tables, check_declaration
from camphora.formats.toml_lines import LANGS, Document, Key, check_shape, read_toml
from camphora.pages import words
from camphora.policy.vocabulary import Role

PAGE_ARGUMENTS = ("tables", "rules", "words", "parameters")
ENGINE_ARGUMENTS = ("watched", "words", "parameters")
PURE = (
    *(
        "__future__",
        "bisect",
        "collections",
        "dataclasses",
        "datetime",
        "decimal",
        "enum",
        "fractions",
        "functools",
    ),
    *("itertools", "math", "operator", "re", "statistics", "string", "typing", "urllib.parse"),
    *("camphora.errors", "camphora.pages", "camphora.rules", "camphora.methods"),
    *("camphora.formats.roc", "camphora.formats.fold"),
)
CONTRACT = "camphora.systems"
"""What the modules of a system may import: the pure ones with all below them, and the contract itself."""
IMPURE = {"open", "exec", "eval", "compile", "input", "__import__", "breakpoint"}
FOLDERS = {
    "tables",
    "codes",
    "rules",
    "views",
    "forms",
    "measures",
    "watch",
    "pages",
    "strings",
    "tests",
    "data",
}
FILES = {"system.toml", "README.md", "demo.toml", "pathway.toml"}


def check(folder: Path) -> list[Invalid]:
    """Every fault, by file and line; an empty list where there is none."""
    forget(folder)
    if not (folder / "system.toml").is_file():
        return [Invalid("catalogue-no-system", place=Place(folder.name), name=folder.name)]
    faults = [*_files(folder), *_system(folder), *_tables(folder), *_rules(folder), *_strings(folder)]
    faults += [*_modules(folder), *_demo(folder), *_watches(folder)]
    if not faults:
        faults = [*_pages(folder), *_cases(folder)]
    return sorted(faults, key=_order)


def _order(fault: Invalid) -> tuple[str, int]:
    place = fault.place or Place()
    return place.file or "", place.line or 0


def _declared(folder: Path, path: Path, keys: Mapping[str, Key]) -> tuple[Document | None, list[Invalid]]:
    """A TOML file and its faults of shape; no document where it cannot be used."""
    try:
        document = read_toml(path, path.relative_to(folder).as_posix())
    except Invalid as fault:
        return None, [fault]
    faults = check_shape(document, keys)
    return (None if faults else document), faults


def _files(folder: Path) -> Iterator[Invalid]:
    for item in sorted(folder.iterdir()):
        known = FOLDERS | {"__pycache__"} if item.is_dir() else FILES
        if item.name not in known and item.suffix != ".py":
            yield Invalid("catalogue-file-unknown", place=Place(item.name), name=item.name)
    strings = [f"strings/{lang}.toml" for lang in LANGS] if (folder / "pages").is_dir() else []
    for name in ("README.md", "demo.toml", *strings):
        if not (folder / name).is_file():
            yield Invalid("catalogue-file-missing", place=Place(name), name=name)


def _system(folder: Path) -> Iterator[Invalid]:
    document, faults = _declared(folder, folder / "system.toml", SYSTEM_KEYS)
    yield from faults
    if document is None:
        return
    data = document.data
    if data["name"] != folder.name:
        yield Invalid("catalogue-name", place=document.place("name"), name=data["name"], folder=folder.name)
    for index, one in enumerate(data.get("serves", ())):
        place = document.place("serves", index, "id")
        if one["id"] not in clauses():
            yield Invalid("catalogue-clause-unknown", place=place, id=one["id"], most=max(clauses()))
        if (one["state"] == "partly") != ("missing" in one):
            yield Invalid(
                "catalogue-missing-said", place=document.place("serves", index, "state"), id=one["id"]
            )
    if not data.get("links") and not list((folder / "pages").glob("*.toml")):
        yield Invalid("catalogue-nothing-to-open", place=document.place("name"))


def _tables(folder: Path) -> Iterator[Invalid]:
    for path in sorted((folder / "tables").glob("*.toml")):
        try:
            document = read_toml(path, path.relative_to(folder).as_posix())
        except Invalid as fault:
            yield fault
            continue
        faults = check_declaration(document, path.stem)
        yield from faults
        if not faults:
            yield from _data(TableDeclaration.of(document.data, path.parent), document)


def _data(table: TableDeclaration, document: Document) -> Iterator[Invalid]:
    if table.name in base_tables():
        yield Invalid("catalogue-table-taken", place=document.place("name"), table=table.name)
    unknown = [reader for reader in table.readers if reader not in set(Role)]
    if unknown:
        yield Invalid(
            "formats-key-choice", place=document.place("readers"), key="readers", choices="、".join(Role)
        )
    if table.data and not (table.folder / table.data).is_file():
        yield Invalid("catalogue-file-missing", place=document.place("data"), name=table.data)
        return
    try:
        table.bundled()
    except Faults as faults:
        yield from faults.faults
    except Invalid as fault:
        yield fault


def _rules(folder: Path) -> Iterator[Invalid]:
    for path in sorted((folder / "rules").glob("*.csv")):
        found, faults = rules.read(path.read_text("utf-8-sig"), path.relative_to(folder).as_posix())
        yield from faults
        try:
            rules.Rules(found)
        except Faults as overlaps:
            yield from overlaps.faults


def _strings(folder: Path) -> Iterator[Invalid]:
    """Keys in one language only, empty texts, places that differ."""
    texts: dict[str, dict[str, set[str]]] = {}
    documents: dict[str, Document] = {}
    for lang in LANGS:
        path = folder / "strings" / f"{lang}.toml"
        if path.is_file():
            try:
                documents[lang] = read_toml(path, f"strings/{lang}.toml")
            except Invalid as fault:
                yield fault
                return
            texts[lang] = _places(documents[lang].data)
            yield from _empty(documents[lang])
    if len(texts) == len(LANGS):
        yield from _unequal(texts, documents)


def _places(data: Mapping[str, Any]) -> dict[str, set[str]]:
    """The places of each text by its key; the forms of a number-dependent text under one key."""
    found: dict[str, set[str]] = {}
    for key, text in words.flat(data):
        plain = re.sub(r"\.(one|other)$", "", key)
        found.setdefault(plain, set()).update(
            name for _, name, _, _ in string.Formatter().parse(text) if name
        )
    return found


def _empty(document: Document) -> Iterator[Invalid]:
    for key, text in words.flat(document.data):
        if not text.strip():
            yield Invalid("catalogue-string-empty", place=document.place(*key.split(".")), key=key)


def _unequal(
    texts: Mapping[str, dict[str, set[str]]], documents: Mapping[str, Document]
) -> Iterator[Invalid]:
    for lang, other in (("zh-TW", "en"), ("en", "zh-TW")):
        for key in texts[lang].keys() - texts[other].keys():
            place = documents[lang].place(*key.split("."))
            yield Invalid("catalogue-string-lone", place=place, key=key, lang=other)
    for key, places in texts["en"].items():
        if key in texts["zh-TW"] and places != texts["zh-TW"][key]:
            differ = "、".join(sorted(places ^ texts["zh-TW"][key]))
            place = documents["en"].place(*key.split("."))
            yield Invalid("catalogue-string-places", place=place, key=key, places=differ)


def _modules(folder: Path) -> Iterator[Invalid]:
    """Modules that do not parse, import what is not pure, or call what opens something.

    It keeps honest authors from slipping; it is no prison for hostile code, which must not be installed at all.
    """
    for path in sorted(folder.glob("*.py")):
        try:
            tree = ast.parse(path.read_text("utf-8"))
        except SyntaxError as error:
            yield Invalid("catalogue-python", place=Place(path.name, error.lineno, error.offset))
            continue
        for node in ast.walk(tree):
            for name in _reached(node):
                if not _pure(name):
                    yield Invalid("catalogue-impure", place=Place(path.name, node.lineno), name=name)  # type: ignore[attr-defined]


def _reached(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        base = node.module or ""
        return [base] if _pure(base) else [f"{base}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Name) and node.id in IMPURE:
        return [f"{node.id}()"]
    return []


def _pure(name: str) -> bool:
    return name == CONTRACT or any(name == allowed or name.startswith(f"{allowed}.") for allowed in PURE)


def _watches(folder: Path) -> Iterator[Invalid]:
    """The faults of what is watched, and of tables that do not exist."""
    paths = sorted((folder / "watch").glob("*.toml"))
    if not paths:
        return
    from camphora.engines.watch import check_declared  # its methods are slow to import

    known = {**base_tables(), **{one.stem: _table(one) for one in (folder / "tables").glob("*.toml")}}
    for path in paths:
        try:
            document = read_toml(path, path.relative_to(folder).as_posix())
        except Invalid as fault:
            yield fault
            continue
        table = str(document.data.get("table", ""))
        if table not in known and "table" in document.data:
            yield Invalid("catalogue-table-unknown", place=document.place("table"), table=table)
        yield from check_declared(document, path.stem, known.get(table))
        for key in ("places", "people", "points"):
            if document.data.get("form") and document.data.get(key) not in {None, *known}:
                yield Invalid("catalogue-table-unknown", place=document.place(key), table=document.data[key])


def _table(path: Path) -> TableDeclaration | None:
    """None where it has faults, which are told elsewhere."""
    try:
        return TableDeclaration.load(path)
    except (Invalid, Faults):
        return None


def _demo(folder: Path) -> Iterator[Invalid]:
    path = folder / "demo.toml"
    if not path.is_file():
        return
    document, faults = _declared(folder, path, DEMO_KEYS)
    yield from faults
    known = {*base_tables(), *(one.stem for one in (folder / "tables").glob("*.toml"))}
    for name in document.data["tables"] if document else ():
        if name not in known:
            yield Invalid("catalogue-table-unknown", place=document.place("tables"), table=name)  # type: ignore[union-attr]


def _pages(folder: Path) -> Iterator[Invalid]:
    system = system_of(read_toml(folder / "system.toml"), folder)
    paths: dict[str, str] = {}
    for path in sorted((folder / "pages").glob("*.toml")):
        document, faults = _declared(folder, path, PAGE_KEYS)
        yield from faults
        if document is not None:
            yield from _page(system, document, path.stem)
            first = paths.setdefault(document.data["path"], document.file)
            if first != document.file:
                yield Invalid("catalogue-path-taken", place=document.place("path"), other=first)


def _page(system: System, document: Document, name: str) -> Iterator[Invalid]:
    data, known = document.data, {**base_tables(), **system.own_tables}
    if data["name"] != name:
        yield Invalid("catalogue-name", place=document.place("name"), name=data["name"], folder=name)
    for table in data["tables"]:
        if table not in known:
            yield Invalid("catalogue-table-unknown", place=document.place("tables"), table=table)
    yield from _watching(system, document)
    parameters = data.get("parameters", ())
    for index, one in enumerate(parameters):
        table, _, column = one.get("column", "").partition(".")
        place = document.place("parameters", index, "column")
        if table and table not in data["tables"]:
            yield Invalid("catalogue-table-unknown", place=place, table=table)
        elif table in known and column not in {each.key for each in known[table].columns}:
            yield Invalid("formats-column-unknown", place=place, column=one["column"])
    for missing in set(re.findall(r"\{(\w+)\}", data["path"])) - {one["name"] for one in parameters}:
        yield Invalid("catalogue-path-parameter", place=document.place("path"), parameter=missing)
    arguments = ENGINE_ARGUMENTS if data["function"].startswith("engine:") else PAGE_ARGUMENTS
    yield from _function(system, data["function"], document.place("function"), arguments)


def _watching(system: System, document: Document) -> Iterator[Invalid]:
    """What a page watches exists, and is asked for by a page of the engine alone."""
    named = document.data.get("watch", [])
    for name in named:
        if not (system.folder / "watch" / f"{name}.toml").is_file():
            yield Invalid("catalogue-watch-unknown", place=document.place("watch"), watch=name)
    function, place = document.data["function"], document.place("function")
    if function.startswith("engine:watch.") != bool(named):
        yield Invalid("catalogue-watch-page", place=place, function=function)


def _function(system: System, name: str, place: Place, arguments: tuple[str, ...] = ()) -> Iterator[Invalid]:
    try:
        function = engine_page(name) if name.startswith("engine:") else system.function(name)
    except Exception as error:  # noqa: BLE001 - whatever an author's module raises is a fault of that module
        yield Invalid("catalogue-no-function", place=place, function=name, kind=type(error).__name__)
        return
    found = tuple(inspect.signature(function).parameters)
    if arguments and found != arguments:
        yield Invalid("catalogue-arguments", place=place, function=name, expected=", ".join(arguments))


def _cases(folder: Path) -> Iterator[Invalid]:
    """Case tables whose function, parameters or expectation are missing."""
    system = system_of(read_toml(folder / "system.toml"), folder)
    for path in sorted((folder / "tests").glob("*.csv")):
        file, name = f"tests/{path.name}", path.name.removesuffix(".csv")
        faults = list(_function(system, name, Place(file, 1)))
        yield from faults
        if not faults:
            yield from _case_columns(path, file, system.function(name))


def _case_columns(path: Path, file: str, function: Any) -> Iterator[Invalid]:
    with path.open(encoding="utf-8-sig", newline="") as text:
        header, *rows = [row for row in csv.reader(text) if row] or [[]]
    parameters = inspect.signature(function).parameters
    needed = {name for name, one in parameters.items() if one.default is one.empty and name != "rules"}
    for missing in sorted(({"case"} | needed) - set(header)):
        yield Invalid("formats-header-missing", place=Place(file, 1), column=missing)
    for column in header:
        if column != "case" and not column.startswith("expect") and column not in parameters:
            yield Invalid("formats-column-unknown", place=Place(file, 1), column=column)
    if not any(column.startswith("expect") for column in header):
        yield Invalid("formats-header-missing", place=Place(file, 1), column="expect")
    for line, row in enumerate(rows, start=2):
        if len(row) != len(header):
            facts = {"found": len(row), "expected": len(header)}
            yield Invalid("formats-cell-count", place=Place(file, line), **facts)
    if not rows:
        yield Invalid("formats-no-rows", place=Place(file, 1), table=file)

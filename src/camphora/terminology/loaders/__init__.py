"""Editions, value sets and maps brought into a terminology file.

    load(Path("terminology.sqlite"), Path("icd10cm_order_2024.txt"), Asked(version="2024"))

What a file is, is told by what stands in it: a FHIR package (`.tgz`), a CodeSystem, ValueSet or ConceptMap (JSON), an
order file or a file of codes of ICD-10, or a table (CSV, Excel) of a kind that its columns or `Asked.kind` name. A
file is read once to be judged and once to be written. One fault, and nothing of it is kept; all faults are told
together, each with file, line and column. A load that was cut off goes on where it was; until it is whole nobody
sees it. The same file again changes nothing, and no edition that is held is ever overwritten.
"""

# ruff: noqa: S608 - statements are composed of our own words; values are always bound
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import apsw

from camphora.errors import Conflict, Faults, Invalid, NotFound, Place
from camphora.fhir import json, packages
from camphora.formats import open_limited, open_text
from camphora.formats.limits import name_of
from camphora.terminology.file import query, transaction, writing
from camphora.terminology.loaders import icd, resources, tables
from camphora.terminology.loaders.kinds import KINDS
from camphora.terminology.loaders.sources import Asked, Source
from camphora.terminology.writing import remove, write_edition

Progress = Callable[[str, int, int], None]
"""Called with the name of what is loaded, how many concepts are kept, and how many there are."""
RESOURCES = ("CodeSystem", "ValueSet", "ConceptMap")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of one edition, value set or map. `kept`: another content of this url and version is held, and
    stays; `empty`: a package names a code system without its concepts; `faulty`: nothing of it is kept, other parts of
    the package are."""

    kind: str
    url: str
    version: str
    state: Literal["new", "same", "kept", "empty", "faulty"]
    concepts: int = 0
    resumed: int = 0
    """How many of the concepts an earlier load, cut off, had written."""
    faults: tuple[Invalid, ...] = ()


def load(
    path: Path, file: Path, asked: Asked | None = None, progress: Progress | None = None
) -> list[Loaded]:
    """Load a file into the terminology file at `path`; one answer per edition, value set and map.

    Raises Faults with every fault of the file's rows; Invalid terminology-unknown and what the loaders name; Conflict
    terminology-edition-exists where the url and version are held with other content; Busy terminology-busy."""
    asked = asked or Asked()
    if not file.is_file():
        raise NotFound("terminology-no-file", file=name_of(file))
    with writing(path) as connection:
        return list(_loaded(connection, file, asked, progress or (lambda *_: None)))


def _loaded(connection: apsw.Connection, file: Path, asked: Asked, progress: Progress) -> Iterator[Loaded]:
    if file.name.lower().endswith((".tgz", ".tar.gz")):
        yield from _package(connection, file, progress)
        return
    if file.suffix.lower() == ".json":
        with open_limited(file) as stream:
            resource = json.parse(stream.read(), file=name_of(file))
        if resource.get("resourceType") not in RESOURCES:
            raise Invalid("terminology-unknown", place=Place(name_of(file)), kinds=", ".join(KINDS))
        yield _resource(connection, resource, asked, Place(name_of(file)), progress)
        return
    yield _write(connection, source_of(file, asked), progress)


def source_of(file: Path, asked: Asked) -> Source:
    """The edition in a table or in a text file of ICD-10. Raises Invalid terminology-unknown, -kind, -version."""
    if not tables.is_excel(file):
        with open_text(file) as text:
            first = next((line for line in text if line.strip()), "")
        if icd.is_order_line(first):
            return icd.order_file(file, asked)
        if icd.is_codes_line(first) and "," not in first.partition(" ")[0]:
            return icd.codes_file(file, asked)
    kind = tables.kind_of(file, asked)
    return icd.nhi_table(file, asked) if kind.years else tables.table(file, asked)


def _package(connection: apsw.Connection, file: Path, progress: Progress) -> Iterator[Loaded]:
    """Everything of a package that terminology keeps; what is held in another content stays as it is."""
    package = packages.read(file, file=name_of(file))
    asked = Asked(source=package.label, licence=package.licence or "")
    for wrong in package.misshapen:
        if wrong.type in RESOURCES:
            yield Loaded(wrong.type, wrong.url, wrong.version, "faulty", faults=wrong.faults)
    entries = [entry for entry in package.entries if entry.type in RESOURCES and not entry.example]
    for entry in sorted(entries, key=lambda entry: RESOURCES.index(entry.type)):
        resource = json.parse(package.raw(entry))
        place = Place(f"{name_of(file)}!{package.member(entry)}")
        try:
            yield _resource(connection, resource, asked, place, progress)
        except (Conflict, Invalid) as error:
            yield _not_loaded(entry.type, resource, error)


def _not_loaded(kind: str, resource: resources.Json, error: Conflict | Invalid) -> Loaded:
    url, version = str(resource.get("url", "")), str(resource.get("version", ""))
    if isinstance(error, Conflict):
        return Loaded(kind, url, version, "kept")
    if error.code in {"terminology-not-present", "terminology-no-codes"}:
        return Loaded(kind, url, version, "empty")
    faults = error.faults if isinstance(error, Faults) else [error]
    return Loaded(kind, url, version, "faulty", faults=tuple(faults))


def _resource(
    connection: apsw.Connection,
    resource: resources.Json,
    asked: Asked,
    place: Place,
    progress: Progress,
) -> Loaded:
    if resource["resourceType"] == "CodeSystem":
        return _write(connection, resources.code_system(resource, asked, place), progress)
    return _keep(connection, resources.whole(resource, asked, place))


def _write(connection: apsw.Connection, source: Source, progress: Progress) -> Loaded:
    total = source.checked()
    edition = source.edition
    name = edition.zh or edition.url
    written = write_edition(connection, edition, source.entries(), lambda done: progress(name, done, total))
    resumed = written.concepts - written.new if written.new else 0
    state: Literal["new", "same"] = "same" if written.same else "new"
    return Loaded("CodeSystem", edition.url, edition.version, state, written.concepts, resumed)


def _keep(connection: apsw.Connection, kept: resources.Kept) -> Loaded:
    """Write a value set or a map. Raises Conflict terminology-edition-exists."""
    with transaction(connection):
        sql = "SELECT digest FROM resource WHERE kind = ? AND url = ? AND version = ?"
        held = query(connection, sql, (kept.kind, kept.url, kept.version))
        if held and held[0][0] != kept.digest:
            raise Conflict("terminology-edition-exists", url=kept.url, version=kept.version)
        if held:
            return Loaded(kept.kind, kept.url, kept.version, "same")
        columns = "kind, url, version, source, digest, body"
        connection.execute(f"INSERT INTO resource ({columns}) VALUES (?,?,?,?,?,?)", kept[:6])
        number = connection.last_insert_rowid()
        connection.executemany(
            "INSERT OR IGNORE INTO mapping VALUES (?,?,?,?,?,?)", ((number, *pair) for pair in kept.pairs)
        )
        connection.execute("UPDATE built SET state = state + 1")
    return Loaded(kept.kind, kept.url, kept.version, "new")


def unload(path: Path, url: str, version: str) -> int:
    """Take an edition away, or a value set or map of this url and version; returns how many things went.

    Raises NotFound terminology-no-edition."""
    with writing(path) as connection, transaction(connection):
        numbers = query(connection, "SELECT id FROM edition WHERE url = ? AND version = ?", (url, version))
        for (number,) in numbers:
            remove(connection, number)
        sql = "SELECT id FROM resource WHERE url = ? AND version = ?"
        kept = query(connection, sql, (url, version))
        for (number,) in kept:
            connection.execute("DELETE FROM mapping WHERE map = ?", (number,))
            connection.execute("DELETE FROM resource WHERE id = ?", (number,))
        if not numbers and not kept:
            raise NotFound("terminology-no-edition", url=url, version=version)
        connection.execute("UPDATE built SET state = state + 1")
    return len(numbers) + len(kept)


__all__ = ["KINDS", "Asked", "Loaded", "Progress", "load", "source_of", "unload"]

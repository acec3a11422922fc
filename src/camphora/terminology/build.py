"""From the bundled tables to a terminology file; and editions added later by an installation."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import apsw

from camphora.errors import Conflict
from camphora.formats.fold import fold

Progress = Callable[[str, int, int], None]
"""Called with the name of what was just built, how many concepts are done, and how many there are."""

SCHEMA = """
CREATE TABLE edition (
  id INTEGER PRIMARY KEY, url TEXT NOT NULL, version TEXT NOT NULL, zh TEXT NOT NULL, en TEXT NOT NULL,
  licence TEXT NOT NULL, source TEXT NOT NULL, concepts INTEGER NOT NULL, UNIQUE (url, version)
) STRICT;
CREATE TABLE alias (alias TEXT PRIMARY KEY, url TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE concept (
  edition INTEGER NOT NULL, code TEXT NOT NULL, zh TEXT NOT NULL, en TEXT NOT NULL, folded TEXT NOT NULL,
  status TEXT NOT NULL, more TEXT NOT NULL, PRIMARY KEY (edition, code)
) STRICT, WITHOUT ROWID;
CREATE TABLE plain (
  url TEXT NOT NULL, code TEXT NOT NULL, zh TEXT NOT NULL, en TEXT NOT NULL, kind TEXT NOT NULL,
  folded TEXT NOT NULL, PRIMARY KEY (url, code)
) STRICT, WITHOUT ROWID;
CREATE TABLE built (digest TEXT NOT NULL) STRICT;
"""
CONCEPT_COLUMNS = ("code", "zh", "en", "status", "more")
"""Of a concept as `add_edition` takes it; `more` is a JSON object as text, or empty."""


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition of a code system."""

    url: str
    version: str
    zh: str
    en: str
    licence: str
    source: str
    aliases: tuple[str, ...] = ()
    file: str = ""
    count: int = 0


@cache
def _data() -> Path:
    return Path(str(files("camphora"))) / "terminology" / "data"


def bundled_editions() -> list[Edition]:
    """The editions that come with Camphora, with the number of their concepts."""
    found = tomllib.loads((_data() / "editions.toml").read_text("utf-8"))["editions"]
    return [Edition(**{**row, "aliases": tuple(row["aliases"])}) for row in found]


def bundled_digest() -> str:
    """A digest of all bundled tables and of the schema: a file built from others is out of date."""
    digest = hashlib.sha256(SCHEMA.encode())
    for path in sorted(_data().iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def build(path: Path, progress: Progress | None = None) -> None:
    """Write a new terminology file at `path`, in place of any other, at once or not at all."""
    half = path.with_name(path.name + ".new")
    half.unlink(missing_ok=True)
    connection = apsw.Connection(str(half))
    try:
        connection.execute("PRAGMA journal_mode = off; PRAGMA synchronous = off")
        with connection:
            connection.execute(SCHEMA)
            _fill(connection, progress or (lambda *_: None))
    finally:
        connection.close()
    half.replace(path)


def _fill(connection: apsw.Connection, progress: Progress) -> None:
    editions, done = bundled_editions(), 0
    total = sum(edition.count for edition in editions)
    for edition in editions:
        _insert(connection, edition, _bundled_concepts(edition))
        done += edition.count
        progress(edition.zh, done, total)
    connection.executemany("INSERT INTO plain VALUES (?,?,?,?,?,?)", _plain_names())
    connection.execute("INSERT INTO built VALUES (?)", (bundled_digest(),))


def _bundled_concepts(edition: Edition) -> Iterator[list[str]]:
    with gzip.open(_data() / edition.file, "rt", encoding="utf-8", newline="") as text:
        rows = csv.reader(text)
        next(rows)
        yield from rows


def _plain_names() -> Iterator[tuple[str, ...]]:
    path = _data() / "plain_names.csv"
    text = path.read_text("utf-8") if path.exists() else ""
    for row in csv.DictReader(io.StringIO(text)):
        folded = fold(f"{row['zh']} {row['en']}")
        yield row["system"], row["code"], row["zh"], row["en"], row["kind"], folded


def add_edition(path: Path, edition: Edition, concepts: Iterable[Mapping[str, str]]) -> int:
    """Add an edition to a terminology file; returns how many concepts it has.

    `concepts` have the keys of `CONCEPT_COLUMNS` (code required). Raises Conflict terminology-edition-exists.
    """
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    rows = ([row["code"], *(row.get(key, "") for key in CONCEPT_COLUMNS[1:])] for row in concepts)
    try:
        connection.execute("BEGIN IMMEDIATE")
        count = _insert(connection, edition, rows)
        connection.execute("COMMIT")
    except apsw.ConstraintError as error:
        raise Conflict("terminology-edition-exists", url=edition.url, version=edition.version) from error
    finally:
        connection.close()
    return count


def _insert(connection: apsw.Connection, edition: Edition, concepts: Iterable[list[str]]) -> int:
    connection.execute(
        "INSERT INTO edition (url, version, zh, en, licence, source, concepts) VALUES (?,?,?,?,?,?,0)",
        (edition.url, edition.version, edition.zh, edition.en, edition.licence, edition.source),
    )
    number = connection.last_insert_rowid()
    aliases = [(alias, edition.url) for alias in edition.aliases]
    connection.executemany("INSERT OR IGNORE INTO alias VALUES (?,?)", aliases)
    rows = (
        (number, code, zh, en, fold(f"{code} {zh} {en}"), status, more)
        for code, zh, en, status, more in concepts
    )
    before = connection.total_changes()
    connection.executemany("INSERT INTO concept VALUES (?,?,?,?,?,?,?)", rows)
    count = connection.total_changes() - before
    connection.execute("UPDATE edition SET concepts = ? WHERE id = ?", (count, number))
    return count

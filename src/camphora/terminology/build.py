"""From the bundled tables to a terminology file; and editions added later by an installation."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path

import apsw

from camphora.errors import Conflict
from camphora.formats.fold import fold
from camphora.terminology import carrying
from camphora.terminology.file import complete, create, emptied, noticed, schema, writing
from camphora.terminology.writing import (
    Edition,
    EditionWriter,
    Entry,
    announce,
    batches,
    insert,
    plain_entry,
    settle,
    write_edition,
)

Progress = Callable[[str, int, int], None]
"""Called with the name of what was just built, how many concepts are done, and how many there are."""

CONCEPT_COLUMNS = ("code", "zh", "en", "status", "more")
"""Of a concept as `add_edition` takes it; `more` is a JSON object as text, or empty."""


@cache
def _data() -> Path:
    return Path(str(files("camphora"))) / "terminology" / "data"


def bundled_editions() -> list[Edition]:
    """The editions that come with Camphora, with the number of their concepts."""
    found = tomllib.loads((_data() / "editions.toml").read_text("utf-8"))["editions"]
    return [Edition(**{**row, "aliases": tuple(row["aliases"])}) for row in found]


@cache
def bundled_digest() -> str:
    """A digest of all bundled tables and of the schema: a file built from others is out of date."""
    digest = hashlib.sha256("".join(schema()).encode())
    for path in sorted(_data().iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def build(path: Path, progress: Progress | None = None) -> None:
    """Write a terminology file at `path` from the bundled tables, at once or not at all. What a file that lay there
    held beyond them (editions, value sets, maps that were added, bundled editions of an earlier release) is kept."""
    half = path.with_name(path.name + ".new")
    half.unlink(missing_ok=True)
    connection = create(half)
    try:
        with connection:
            connection.execute("INSERT INTO built VALUES (?, 1)", (bundled_digest(),))
            _fill(connection, progress or (lambda *_: None))
        if path.is_file():
            carrying.carry_over(path, connection)
            emptied(path)
        complete(connection)
    finally:
        connection.close()
    for rest in ("-wal", "-shm"):
        path.with_name(path.name + rest).unlink(missing_ok=True)
    half.replace(path)
    noticed()


def _fill(connection: apsw.Connection, progress: Progress) -> None:
    editions, done = bundled_editions(), 0
    total = sum(edition.count for edition in editions)
    for edition in editions:
        writer = EditionWriter(connection, edition)
        writer.number = announce(connection, edition)
        for batch in batches(_bundled(edition), 20_000):
            insert(connection, writer, batch)
        settle(connection, writer.number)
        done += edition.count
        progress(edition.zh, done, total)
    connection.executemany("INSERT INTO plain VALUES (?,?,?,?,?,?)", _plain_names())


def _bundled(edition: Edition) -> Iterator[Entry]:
    with gzip.open(_data() / edition.file, "rt", encoding="utf-8", newline="") as text:
        rows = csv.reader(text)
        next(rows)
        for code, zh, en, status, more in rows:
            yield plain_entry(code, zh, en, status, more)


def _plain_names() -> Iterator[tuple[str, ...]]:
    text = (_data() / "plain_names.csv").read_text("utf-8")
    for row in csv.DictReader(io.StringIO(text)):
        folded = fold(f"{row['zh']} {row['en']}")
        yield row["system"], row["code"], row["zh"], row["en"], row["kind"], folded


def add_edition(path: Path, edition: Edition, concepts: Iterable[Mapping[str, str]]) -> int:
    """Add an edition to a terminology file; returns how many concepts it has.

    `concepts` have the keys of `CONCEPT_COLUMNS` (code required). The same content again changes nothing. Raises
    Conflict terminology-edition-exists where the edition is held with other content, terminology-code-twice."""
    rows = [tuple(row.get(key, "") for key in CONCEPT_COLUMNS) for row in concepts]
    twice = [code for code, times in Counter(row[0] for row in rows).items() if times > 1]
    if twice:
        raise Conflict("terminology-code-twice", concept=twice[0])
    digest = hashlib.sha256(json.dumps(rows).encode()).hexdigest()
    with writing(path) as connection:
        ready = replace(edition, digest=digest)
        return write_edition(connection, ready, (plain_entry(*row) for row in rows)).concepts

# ruff: noqa: S608 - statements are composed of our own words; values are always bound
"""Concepts on their way into a terminology file, and the edition that is visible only when all of it is there.

An edition is written in batches, each one transaction; how far it came is what is in the file. After a kill the
same file goes on behind its last whole batch, another one begins anew.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import apsw

from camphora.errors import Conflict
from camphora.formats.fold import fold
from camphora.terminology.file import SHIFT, query, transaction
from camphora.terminology.hierarchy import beyond, intervals
from camphora.terminology.words import pairs

BATCH = 2_000
"""Concepts per transaction."""


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition of a code system. `family` is what it has in common with editions under other addresses; the url
    where empty. `about` is the head of its CodeSystem as JSON; `digest` that of what it was loaded from."""

    url: str
    version: str
    zh: str
    en: str
    licence: str
    source: str
    aliases: tuple[str, ...] = ()
    file: str = ""
    count: int = 0
    family: str = ""
    language: str = ""
    content: str = "complete"
    supplements: str = ""
    about: str = ""
    digest: str = ""
    tree: bool = False


class Entry(NamedTuple):
    """A concept to be written. `properties` are what filters ask for, as text; `names` are further names to be found
    by; `more` is the rest of the concept as FHIR JSON."""

    code: str
    zh: str = ""
    en: str = ""
    display: str | None = None
    status: str = ""
    inactive: bool = False
    abstract: bool = False
    parents: Sequence[str] = ()
    properties: Sequence[tuple[str, str]] = ()
    names: str = ""
    more: str = ""


def plain_entry(code: str, zh: str = "", en: str = "", status: str = "", more: str = "") -> Entry:
    """A concept of a plain table; `more` is a JSON object of text properties, `parent` among them, or empty."""
    status = "" if status == "active" else status
    if not more:
        return Entry(code, zh, en, None, status, status != "")
    found = {key: str(value) for key, value in json.loads(more).items()}
    parents = [found.pop("parent")] if "parent" in found else []
    kept = [{"code": key, "valueString": value} for key, value in found.items()]
    text = json.dumps({"property": kept}, ensure_ascii=False) if kept else ""
    properties = tuple(found.items())
    return Entry(code, zh, en, None, status, status != "", False, parents, properties, "", text)


class EditionWriter:
    """Writes one edition. `begin` says how many concepts are there already; `add` until there are no more; `finish`
    makes the edition visible, all at once."""

    def __init__(self, connection: apsw.Connection, edition: Edition) -> None:
        self._connection = connection
        self.edition = edition
        self.number = 0
        self._place = 0
        self._attributes: dict[str, int] = {}

    def begin(self) -> int | None:
        """How many concepts of this very file are kept from a load that was cut off; None where all of it is there.

        Raises Conflict terminology-edition-exists where the edition is held with other content."""
        with transaction(self._connection):
            held = self._held()
            if held is not None and held[2]:
                if held[1] != self.edition.digest or not held[1]:
                    raise Conflict(
                        "terminology-edition-exists", url=self.edition.url, version=self.edition.version
                    )
                return None
            if held is not None and held[1] != self.edition.digest:
                remove(self._connection, held[0])
                held = None
            self.number = held[0] if held else self._new()
            self._place = self._last() if held else 0
            sql = "SELECT code, id FROM attribute WHERE edition = ?"
            self._attributes = dict(query(self._connection, sql, (self.number,)))
        return self._place

    def add(self, entries: Sequence[Entry]) -> None:
        """Write a batch in one transaction."""
        with transaction(self._connection):
            insert(self._connection, self, entries)

    def finish(self) -> int:
        """Number the hierarchy, make the edition visible; returns how many concepts it has."""
        with transaction(self._connection):
            return settle(self._connection, self.number)

    def count(self) -> int:
        """How many concepts the held edition has."""
        sql = "SELECT concepts FROM edition WHERE url = ? AND version = ?"
        found = query(self._connection, sql, (self.edition.url, self.edition.version))
        return int(found[0][0])

    def next_id(self) -> int:
        self._place += 1
        return (self.number << SHIFT) + self._place

    def attribute(self, code: str) -> int:
        """The number of a property's name in this edition."""
        if code not in self._attributes:
            self._connection.execute(
                "INSERT INTO attribute (edition, code) VALUES (?,?)", (self.number, code)
            )
            self._attributes[code] = self._connection.last_insert_rowid()
        return self._attributes[code]

    def _held(self) -> tuple[int, str, int] | None:
        sql = "SELECT id, digest, ready FROM edition WHERE url = ? AND version = ?"
        found = query(self._connection, sql, (self.edition.url, self.edition.version))
        return found[0] if found else None

    def _new(self) -> int:
        self.number = announce(self._connection, self.edition)
        return self.number

    def _last(self) -> int:
        sql = "SELECT max(id) FROM concept WHERE id BETWEEN ? AND ?"
        span = (self.number << SHIFT, (self.number + 1 << SHIFT) - 1)
        last = query(self._connection, sql, span)[0][0]
        return 0 if last is None else last & (1 << SHIFT) - 1


def announce(connection: apsw.Connection, edition: Edition) -> int:
    """Write the line of a new edition, not yet visible; returns its number."""
    connection.execute(
        "INSERT INTO edition (url, version, family, zh, en, licence, source, language, content, supplements, about,"
        " concepts, tree, digest, ready) VALUES (?,?,?,?,?,?,?,?,?,?,?,0,0,?,0)",
        (edition.url, edition.version, edition.family or edition.url, edition.zh, edition.en, edition.licence,
         edition.source, edition.language, edition.content, edition.supplements, edition.about,
         edition.digest),
    )  # fmt: skip
    number = connection.last_insert_rowid()
    rows = [(alias, edition.url) for alias in edition.aliases]
    connection.executemany("INSERT OR IGNORE INTO alias VALUES (?,?)", rows)
    return number


def insert(connection: apsw.Connection, writer: EditionWriter, entries: Iterable[Entry]) -> None:
    """Write concepts with everything by which they are found, in the transaction that is open."""
    held = [(writer.next_id(), _folded(entry), entry) for entry in entries]
    number = writer.number
    connection.executemany(
        "INSERT INTO concept VALUES (?,?,?,?,?,?,?,?,?,NULL,NULL,?,?)",
        (
            (id_, number, e.code, e.zh, e.en, e.display, e.status, e.inactive, e.abstract, folded, e.more)
            for id_, folded, e in held
        ),
    )
    connection.executemany("INSERT INTO trigram (rowid, text) VALUES (?,?)", (row[:2] for row in held))
    doubles = ((id_, found) for id_, folded, _ in held if (found := pairs(folded)))
    connection.executemany("INSERT INTO pair (rowid, text) VALUES (?,?)", doubles)
    edges = ((number, parent, e.code) for _, _, e in held for parent in e.parents)
    connection.executemany("INSERT OR IGNORE INTO edge VALUES (?,?,?)", edges)
    values = [(writer.attribute(name), value, id_) for id_, _, e in held for name, value in e.properties]
    connection.executemany("INSERT OR IGNORE INTO property VALUES (?,?,?)", values)


def _folded(entry: Entry) -> str:
    return fold(f"{entry.code} {entry.zh} {entry.en} {entry.display or ''} {entry.names}")


def settle(connection: apsw.Connection, number: int) -> int:
    """Number the hierarchy of an edition and make it visible. Edges to codes that it lacks are taken away."""
    span = (number << SHIFT, (number + 1 << SHIFT) - 1)
    (count,) = query(connection, "SELECT count(*) FROM concept WHERE id BETWEEN ? AND ?", span)[0]
    sql = "DELETE FROM edge WHERE edition = ? AND parent NOT IN (SELECT code FROM concept WHERE id BETWEEN ? AND ?)"
    connection.execute(sql, (number, *span))
    edges = query(connection, "SELECT parent, child FROM edge WHERE edition = ?", (number,))
    if edges:
        _number(connection, span, edges)
    connection.execute(
        "UPDATE edition SET concepts = ?, tree = ?, ready = 1 WHERE id = ?", (count, bool(edges), number)
    )
    connection.execute("UPDATE built SET state = state + 1")
    return int(count)


def _number(connection: apsw.Connection, span: tuple[int, int], edges: Iterable[tuple[str, str]]) -> None:
    """Write the intervals of a hierarchy."""
    rows = query(connection, "SELECT id, code FROM concept WHERE id BETWEEN ? AND ? ORDER BY id", span)
    ids, place = [row[0] for row in rows], {code: k for k, (_, code) in enumerate(rows)}
    children, parents = defaultdict[int, list[int]](list), defaultdict[int, list[int]](list)
    for parent, child in edges:
        children[place[parent]].append(place[child])
        parents[place[child]].append(place[parent])
    for below in children.values():
        below.sort()
    spans = intervals(len(ids), children, parents)
    numbered = ((low, high, id_) for (low, high), id_ in zip(spans, ids, strict=True))
    connection.executemany("UPDATE concept SET low = ?, high = ? WHERE id = ?", numbered)
    pairs_beyond = ((ids[upper], ids[lower]) for upper, lower in beyond(spans, parents))
    connection.executemany("INSERT OR IGNORE INTO beyond VALUES (?,?)", pairs_beyond)


def remove(connection: apsw.Connection, number: int) -> None:
    """Take an edition away with everything of it, in the transaction that is open."""
    span = (number << SHIFT, (number + 1 << SHIFT) - 1)
    for table, column in (("trigram", "rowid"), ("pair", "rowid"), ("beyond", "lower"), ("concept", "id")):
        connection.execute(f"DELETE FROM {table} WHERE {column} BETWEEN ? AND ?", span)
    connection.execute(
        "DELETE FROM property WHERE attribute IN (SELECT id FROM attribute WHERE edition = ?)", (number,)
    )
    for table in ("attribute", "edge"):
        connection.execute(f"DELETE FROM {table} WHERE edition = ?", (number,))
    connection.execute("DELETE FROM edition WHERE id = ?", (number,))
    connection.execute("UPDATE built SET state = state + 1")


@dataclass(frozen=True, slots=True)
class Written:
    """What became of an edition: how many concepts it has, how many of them were written now; `same` where all of it
    was held and visible."""

    concepts: int
    new: int
    same: bool = False


def write_edition(
    connection: apsw.Connection,
    edition: Edition,
    entries: Iterable[Entry],
    done: Callable[[int], None] | None = None,
) -> Written:
    """Write an edition batch by batch, going on where a load of the same digest was cut off; nothing is written where
    all of it is held. `done` is told how many concepts are kept. Raises Conflict terminology-edition-exists."""
    writer = EditionWriter(connection, edition)
    start = writer.begin()
    if start is None:
        return Written(writer.count(), 0, same=True)
    kept = start
    for batch in batches(islice(entries, start, None)):
        writer.add(batch)
        kept += len(batch)
        if done:
            done(kept)
    return Written(writer.finish(), kept - start)


def batches(entries: Iterable[Entry], size: int = BATCH) -> Iterator[list[Entry]]:
    """Entries in lists of this size, the last one shorter."""
    rest = iter(entries)
    while batch := list(islice(rest, size)):
        yield batch

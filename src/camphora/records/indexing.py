"""Indexing anew while the store serves: when the search parameters or the form of the index have changed.

In steps through the keeper, by the records' numbers; what is written meanwhile is indexed by the newer parameters at
once. Until all is done, a parameter that is new or another one is not ready (`registering.require_ready`); every other
one answers as before. The place is kept with each step, so that it goes on after a stop or a crash. On the way bodies
of older stores are packed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import apsw
import orjson

from camphora.errors import Busy
from camphora.fhir import definitions
from camphora.fhir.extract import extract
from camphora.fhir.registry import Registry
from camphora.policy.facts import has_parts, parts_of, without
from camphora.records import fulltext, index, registering
from camphora.records.bodies import packed, plain
from camphora.records.deriving import Deriver
from camphora.records.keeper import Keeper
from camphora.records.keys import packed as packed_keys
from camphora.records.keys import unpacked
from camphora.records.terms import Interned

Json = dict[str, Any]
STEP = 200
"""Records per job: some milliseconds between what else waits for the keeper."""


class Progress(NamedTuple):
    """How far an indexing is: the last record done of `last`, and the parameters that are not ready, as `Type.code`."""

    through: int
    last: int
    unready: tuple[str, ...]


@dataclass
class Indexing:
    """By which parameters the records of a store are indexed, and whether their words are kept. `wanted`: whether they
    are to be; None leaves it as the store has it, kept in a new one."""

    wanted: bool | None = None
    registry: Registry = field(default_factory=Registry.bundled)
    full_text: bool = False

    def begin(self, connection: apsw.Connection) -> None:
        """Compare the parameters with those of the store, and begin anew or go on where they differ. Runs in the
        keeper: when the store is opened, and where a SearchParameter was written, in the same transaction."""
        registry = registering.registry_of(connection)
        full_text = self._wanted(connection)
        present = registering.digest(registry, full_text=full_text)
        ((before, text),) = list(connection.execute("SELECT digest, known FROM registry"))
        if before == present:
            return
        known = registering.load(text)
        self._mark(connection, registry, known, form=registering.same_form(before, present))
        if full_text and not fulltext.kept(connection):
            self._mark_words(connection)
        if full_text != fulltext.kept(connection):
            fulltext.set_kept(connection, kept=full_text)
        values = (present, registering.dump(registering.known(registry)))
        connection.execute("UPDATE registry SET digest = ?, known = ?", values)

    def take_up(self, connection: apsw.Connection) -> None:
        """Go by what the store has committed. Runs in the keeper."""
        self.registry = registering.registry_of(connection)
        self.full_text = fulltext.kept(connection)

    def step(self, connection: apsw.Connection, interned: Interned, size: int = STEP) -> Progress | None:
        """Index some records anew; None where all is done. Runs in the keeper."""
        row = next(connection.execute("SELECT through, types FROM indexing"), None)
        if row is None:
            return None
        sql = (
            "SELECT r.no, t.name, r.person, r.labels, r.deleted, c.keys, c.body FROM record r"
            " JOIN type t ON t.no = r.type JOIN content c ON c.record = r.no"
            " WHERE r.no > ? AND t.name IN (SELECT value FROM json_each(?)) ORDER BY r.no LIMIT ?"
        )
        rows = list(connection.execute(sql, (*row, size)))
        for each in rows:
            self._record(connection, interned, _Stored(*each))
        if rows:
            connection.execute("UPDATE indexing SET through = ?", (rows[-1][0],))
        else:
            connection.execute("DELETE FROM indexing")
            connection.execute("DELETE FROM unready")
        return progress(connection)

    def _wanted(self, connection: apsw.Connection) -> bool:
        if self.wanted is not None:
            return self.wanted
        return fulltext.kept(connection) or not fulltext.settled(connection)

    def _mark(
        self, connection: apsw.Connection, registry: Registry, before: registering.Known, *, form: bool
    ) -> None:
        """Note what is not ready, and of which types records are indexed anew: all where the `form` is not the same."""
        stored = _stored(connection)
        new = {kind: registering.lacking(before, registry, kind) for kind in stored}
        _unready(connection, new)
        gone = registering.gone(before, registering.known(registry))
        changed = {kind for kind, codes in new.items() if codes} | gone
        _again(connection, stored & changed if form else stored)

    def _mark_words(self, connection: apsw.Connection) -> None:
        stored = _stored(connection)
        _unready(connection, dict.fromkeys(stored, frozenset(registering.FULL_TEXT)))
        _again(connection, stored)

    def _record(self, connection: apsw.Connection, interned: Interned, row: _Stored) -> None:
        if row.body is not None:
            resource = orjson.loads(plain(row.body))
            self._index(connection, interned, row, resource)
            if row.body[:1] == b"{":
                connection.execute("UPDATE content SET body = ? WHERE record = ?", (packed(row.body), row.no))
        sql = "SELECT version, body FROM superseded WHERE record = ? AND substr(body, 1, 1) = x'7b'"
        for version, body in list(connection.execute(sql, (row.no,))):
            connection.execute(
                "UPDATE superseded SET body = ? WHERE record = ? AND version = ?",
                (packed(body), row.no, version),
            )

    def _index(self, connection: apsw.Connection, interned: Interned, row: _Stored, resource: Json) -> None:
        said = sayable(resource)
        values = extract(row.type, self.registry)(said)
        rows = index.rows_of(interned, row.type, values)
        deriver, before = Deriver(connection, interned), unpacked(row.keys)
        deriver.unlocal(row.no, row.person, row.labels, before.terms)
        index.take(connection, row.no, before)
        index.put(connection, row.no, rows)
        deriver.local(row.no, row.person, row.labels, rows.keys.terms)
        sql = "UPDATE record SET main_date = ?, main_length = ? WHERE no = ?"
        connection.execute(sql, (values.main_date, rows.main_length, row.no))
        connection.execute("UPDATE content SET keys = ? WHERE record = ?", (packed_keys(*rows.keys), row.no))
        if self.full_text:
            fulltext.take(connection, row.no)
            fulltext.put(connection, row.no, said)


def _stored(connection: apsw.Connection) -> frozenset[str]:
    """The types of which there may be records."""
    names = (name for (name,) in connection.execute("SELECT name FROM type"))
    return frozenset(names) & definitions.resource_types()


def _unready(connection: apsw.Connection, codes: Mapping[str, Iterable[str]]) -> None:
    marks = [(kind, code) for kind, found in codes.items() for code in found]
    connection.executemany("INSERT OR IGNORE INTO unready VALUES (?, ?)", marks)


def _again(connection: apsw.Connection, types: frozenset[str]) -> None:
    """Begin with the first record of these types, and of those that wait already."""
    if types:
        (waiting,) = next(connection.execute("SELECT types FROM indexing"), ("[]",))
        values = (orjson.dumps(sorted(types | set(orjson.loads(waiting)))).decode(),)
        connection.execute("INSERT OR REPLACE INTO indexing VALUES (1, 0, ?)", values)


class _Stored(NamedTuple):
    """A record as it is indexed anew."""

    no: int
    type: str
    person: int | None
    labels: int
    deleted: int
    keys: bytes
    body: bytes | None


def sayable(resource: Json) -> Json:
    """A resource as it may be found: without the parts that are labelled by themselves."""
    return without(resource, (part.path for part in parts_of(resource))) if has_parts(resource) else resource


def progress(connection: apsw.Connection) -> Progress | None:
    """How far the indexing is; None where none runs."""
    sql = "SELECT through, (SELECT coalesce(max(no), 0) FROM record) FROM indexing"
    row = next(connection.execute(sql), None)
    if row is None:
        return None
    names = connection.execute("SELECT type || '.' || code FROM unready ORDER BY 1")
    through, last = row
    return Progress(through, last, tuple(name for (name,) in names))


def run(indexing: Indexing, keeper: Keeper, interned: Interned) -> None:
    """Step after step until all is done or the keeper closes; for a thread of its own."""
    try:
        while keeper.submit(lambda connection: indexing.step(connection, interned)).result() is not None:
            pass
    except (Busy, CancelledError):
        return

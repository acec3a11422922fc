"""Whether the index says what the bodies say: every row made again from the bodies, and compared by table.

It reads in one snapshot and writes nothing, record by record, so that it may run beside a serving store of any size.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import orjson

from camphora.errors import Invalid
from camphora.fhir.extract import extract
from camphora.fhir.registry import Registry
from camphora.records import fulltext, index
from camphora.records.bodies import plain
from camphora.records.connections import require_present
from camphora.records.indexing import sayable
from camphora.records.keys import Keys, unpacked
from camphora.records.registering import registry_of
from camphora.records.terms import Interned


class Difference(NamedTuple):
    """How many rows a table lacks, and how many it has that nothing says."""

    table: str
    missing: int
    extra: int


class Verdict(NamedTuple):
    """How many records were compared, and the tables in which something differs; none where the index is right."""

    records: int
    differences: tuple[Difference, ...]


class _Looking(Interned):
    """Names as they are. One that the store lacks gets a number that no row has."""

    def __init__(self, connection: apsw.Connection) -> None:
        super().__init__(connection)
        self._lacking = 0

    def _found(self, values: tuple[Any, ...], select: str, insert: str) -> int:  # noqa: ARG002 - it inserts nothing
        row = next(self._connection.execute(select, values), None)
        if row is not None:
            return int(row[0])
        self._lacking -= 1
        return self._lacking


class _Comparing:
    """Counts what is missing and what was found, record by record."""

    def __init__(self, connection: apsw.Connection, registry: Registry) -> None:
        self.connection = connection
        self.registry = registry
        self.names = _Looking(connection)
        self.words = fulltext.kept(connection)
        self.missing: Counter[str] = Counter()
        self.found: Counter[str] = Counter()
        self.extra: Counter[str] = Counter()

    def record(self, number: int, kind: str, row: tuple[Any, ...], keys: bytes, body: bytes | None) -> None:
        """`row`: main date and its length as the record has them."""
        values, rows, said = None, index.Rows(Keys()), None
        if body is not None:
            said = sayable(orjson.loads(plain(body)))
            values = extract(kind, self.registry)(said)
            rows = index.rows_of(self.names, kind, values)
        expected = (values.main_date if values else None, rows.main_length)
        self._same("record", row == expected)
        kept = unpacked(keys)
        as_packed = (sorted(rows.keys.params), sorted(rows.keys.terms))
        self._same("content", (sorted(kept.params), sorted(kept.terms)) == as_packed)
        for table, wanted in zip(index.TABLES, rows[2:], strict=True):
            sql = f"SELECT * FROM {table} WHERE record = ?"
            present = {tuple(each[1:]) for each in self.connection.execute(sql, (number,))}
            self.missing[table] += len(wanted - present)
            self.found[table] += len(wanted & present)
        posted = sum(self._posted(term, number) for term in rows.keys.terms)
        self.missing["posting"] += len(rows.keys.terms) - posted
        self.found["posting"] += posted
        if self.words and said is not None:
            there = self._worded(number)
            self.missing["fulltext"] += not there
            self.found["fulltext"] += there

    def verdict(self, records: int) -> Verdict:
        for table in (*index.TABLES, "posting", *(["fulltext"] if self.words else [])):
            held = "fulltext_docsize" if table == "fulltext" else table
            (count,) = next(self.connection.execute(f"SELECT count(*) FROM {held}"))
            self.extra[table] += count - self.found[table]
        tables = sorted({*(+self.missing), *(+self.extra)})
        return Verdict(
            records, tuple(Difference(each, self.missing[each], self.extra[each]) for each in tables)
        )

    def _same(self, table: str, same: bool) -> None:
        """Of a row that differs, the right one is missing and another one is there."""
        self.missing[table] += not same
        self.extra[table] += not same

    def _posted(self, term: int, number: int) -> bool:
        sql = "SELECT 1 FROM posting WHERE term = ? AND record = ?"
        return next(self.connection.execute(sql, (term, number)), None) is not None

    def _worded(self, number: int) -> bool:
        sql = "SELECT 1 FROM fulltext_docsize WHERE id = ?"
        return next(self.connection.execute(sql, (number,)), None) is not None


def verify_file(file: Path) -> Verdict:
    """As `verify`, of a store's file, which another process may serve. For whoever operates the installation: what
    comes back is counts. Raises Invalid installation-none, Conflict records-older-store, Fault records-newer-store."""
    if not file.exists():
        raise Invalid("installation-none", folder=file.parent.name or str(file.parent))
    connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        connection.set_busy_timeout(5000)
        require_present(connection, file)
        with connection:
            verdict = verify(connection, registry_of(connection))
        return verdict  # noqa: RET504 - the connection is typed as one that may swallow errors
    finally:
        connection.close()


def verify(connection: apsw.Connection, registry: Registry) -> Verdict:
    """Compare the index with one made anew from the present bodies, in the connection's snapshot."""
    comparing = _Comparing(connection, registry)
    count = 0
    for number, kind, date, length, keys, body in _records(connection):
        comparing.record(number, kind, (date, length), keys, body)
        count += 1
    return comparing.verdict(count)


def _records(connection: apsw.Connection) -> Iterable[tuple[Any, ...]]:
    return connection.execute(
        "SELECT r.no, t.name, r.main_date, r.main_length, c.keys, c.body FROM record r"
        " JOIN type t ON t.no = r.type JOIN content c ON c.record = r.no ORDER BY r.no"
    )

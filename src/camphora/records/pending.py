"""New records of a transaction that are put together: one statement for each table.

It is begun once for many rows. Postings in the order of their table gave no gain that could be told. Nothing of what
waits is seen by a query: whoever asks for it calls `put` first.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import apsw

from camphora.records import index
from camphora.records.index import Rows

MOST = 5_000
"""So many records wait at most."""


class New(NamedTuple):
    """A record that is new: number of the type and id, the columns of `record` and `content` behind them, its index."""

    name: tuple[int, str]
    values: tuple[Any, ...]
    content: tuple[Any, ...]
    rows: Rows


class Pending:
    """Records that wait, by `names` (number of the type, id) and `persons`."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._begin()

    def _begin(self) -> None:
        self.names: set[tuple[int, str]] = set()
        self.persons: set[int | None] = set()
        self._records: list[tuple[Any, ...]] = []
        self._contents: list[tuple[Any, ...]] = []
        self._texts: list[tuple[int, str, str]] = []
        self._postings: list[tuple[int, int]] = []
        self._others: list[list[tuple[float, ...]]] = [[] for _ in index.TABLES]

    def add(self, number: int, new: New) -> None:
        """One more record."""
        self.names.add(new.name)
        self.persons.add(new.values[1])
        self._records.append((number, *new.name, *new.values))
        self._contents.append((number, *new.content))
        self._postings += [(term, number) for term in new.rows.keys.terms]
        for held, found in zip(self._others, new.rows[2:], strict=True):
            if found:
                held += [(number, *row) for row in found]

    def say(self, number: int, texts: tuple[str, str]) -> None:
        """The words of a record."""
        self._texts.append((number, *texts))

    @property
    def full(self) -> bool:
        return len(self._records) >= MOST

    def put(self) -> None:
        """Write all that waits."""
        if not self._records:
            return
        many = self._connection.executemany
        many(
            "INSERT INTO record (no, type, id, version, person, main_date, main_length, updated, labels, deleted)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self._records,
        )
        many("INSERT INTO content VALUES (?, ?, ?, ?)", self._contents)
        many("INSERT INTO posting VALUES (?, ?)", self._postings)
        for table, rows in zip(index.TABLES, self._others, strict=True):
            if rows:
                rows.sort()
                marks = ", ".join("?" * len(rows[0]))
                many(f"INSERT INTO {table} VALUES ({marks})", rows)
        many("INSERT INTO fulltext (rowid, narrative, content) VALUES (?, ?, ?)", self._texts)
        self._begin()

"""New records of a transaction that are put together, table after table.

Postings in the order of their table gave no gain that could be told. Nothing of what waits is seen by a query: whoever
asks for it calls `put` first.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import apsw

from camphora.records import index
from camphora.records.index import Rows
from camphora.records.inserting import insert

MOST = 5_000
"""So many records wait at most."""
RECORD = (
    "INSERT INTO record (no, type, id, version, person, main_date, main_length, updated, labels, deleted)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
"""Row by row: by many rows in one statement it takes half as long again, for its indexes and what watches it."""
FULL_TEXT = "INSERT INTO fulltext (rowid, narrative, content) VALUES (?, ?, ?)"
"""Row by row: by many rows in one statement the words of each would be written out at once."""


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
        self._contents: list[Any] = []
        self._texts: list[tuple[int, str, str]] = []
        self._postings: list[int] = []
        self._others: list[list[float]] = [[] for _ in index.TABLES]

    def add(self, number: int, new: New) -> None:
        """One more record."""
        self.names.add(new.name)
        self.persons.add(new.values[1])
        self._records.append((number, *new.name, *new.values))
        self._contents += (number, *new.content)
        self._postings += [each for term in new.rows.keys.terms for each in (term, number)]
        for held, found in zip(self._others, new.rows[2:], strict=True):
            held.extend(each for row in found for each in (number, *row))

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
        connection = self._connection
        connection.executemany(RECORD, self._records)
        insert(connection, "content", 4, self._contents)
        insert(connection, "posting", 2, self._postings)
        for table, values in zip(index.TABLES, self._others, strict=True):
            insert(connection, table, index.WIDTHS[table], values)
        connection.executemany(FULL_TEXT, self._texts)
        self._begin()

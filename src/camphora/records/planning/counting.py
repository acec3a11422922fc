"""How long lists are: counted to a bound, and remembered for a while. Guesses, which change nothing that is found."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import apsw

COUNTED = 16_384
"""So far lists are counted to choose the way: beyond, they are all long."""
KEPT_COUNTS, COUNTED_FOR = 65_536, 30.0
"""So many counts are remembered, and for how many seconds."""
LONGEST_KEY = 400
"""Characters of a bound text up to which its count is remembered."""


class Counts:
    """Counts of the rows of statements, for all threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], tuple[int, float]] = OrderedDict()
        self._edges: OrderedDict[tuple[object, ...], tuple[Any, float]] = OrderedDict()
        self._lock = threading.Lock()

    def of(
        self, connection: apsw.Connection, sql: str, values: Sequence[object], *, most: int = COUNTED
    ) -> int:
        """The rows of a SELECT, counted to a bound."""
        (found,) = next(connection.execute(f"SELECT count(*) FROM ({sql} LIMIT {most})", values))
        return int(found)

    def kept(self, connection: apsw.Connection, sql: str, values: tuple[object, ...]) -> int:
        """The same, remembered. Not for what hangs on an Access."""
        if any(isinstance(value, str) and len(value) > LONGEST_KEY for value in values):
            return self.of(connection, sql, values)
        key, now = (connection.filename, sql, values), time.monotonic()
        held = self._kept.get(key)
        if held is not None and now - held[1] < COUNTED_FOR:
            return held[0]
        found = self.of(connection, sql, values)
        with self._lock:
            self._kept[key] = (found, now)
            while len(self._kept) > KEPT_COUNTS:
                self._kept.popitem(last=False)
        return found

    def edge(self, connection: apsw.Connection, sql: str, values: tuple[object, ...]) -> Any:
        """The first value of a statement, None where it has no row; remembered as well."""
        key, now = (connection.filename, sql, values), time.monotonic()
        held = self._edges.get(key)
        if held is not None and now - held[1] < COUNTED_FOR:
            return held[0]
        row = next(connection.execute(sql, values), None)
        found = None if row is None else row[0]
        with self._lock:
            self._edges[key] = (found, now)
            while len(self._edges) > KEPT_COUNTS:
                self._edges.popitem(last=False)
        return found

    def forget(self) -> None:
        with self._lock:
            self._kept.clear()
            self._edges.clear()


COUNTS = Counts()

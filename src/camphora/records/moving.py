"""Moving the write-ahead log into the file, beside the keeper: inside a commit, as SQLite does it, it would keep every
write waiting.

A thread apart moves most of it. What is written meanwhile is little; the keeper moves that between two commits, so that
all of the log lies in the file and it begins anew, unless somebody reads an older state.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

import apsw

LONG = 4_000
"""Pages from which on the log is moved."""
MORE = 1_000
"""So many pages more before it is tried again."""


class Moving:
    """The log of one file. `look` is to be called between two commits, by the thread that commits."""

    def __init__(self, path: Path, writer: apsw.Connection) -> None:
        self._path = path
        self._writer = writer
        self._pages, self._due = 0, LONG
        self._thread: threading.Thread | None = None
        writer.set_wal_hook(self._grown)

    def look(self) -> None:
        """Have the log moved where it is long, and move the rest behind that."""
        if self._thread is not None:
            if not self._thread.is_alive():
                self._thread = None
                self._due = self._pages + MORE
                self._move(self._writer)
        elif self._pages < LONG:
            self._due = LONG
        elif self._pages >= self._due:
            self._thread = threading.Thread(target=self._apart, name="moving", daemon=True)
            self._thread.start()

    def close(self) -> None:
        if self._thread is not None:
            self._thread.join()

    def _grown(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._pages = pages
        return apsw.SQLITE_OK

    def _apart(self) -> None:
        with suppress(apsw.Error):  # what ails the file, the next commit says
            connection = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READWRITE)
            try:
                self._move(connection)
            finally:
                connection.close()

    @staticmethod
    def _move(connection: apsw.Connection) -> None:
        with suppress(apsw.Error):
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

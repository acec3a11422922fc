# ruff: noqa: S608 - statements are composed of our own words; values are always bound
"""The terminology file: its schema, the connections of its readers, and the one that writes.

A reader keeps a snapshot of the file open and renews it when this process has written, or a second has passed: a
query inside a snapshot costs a fifth of one that must lock the file first, and the write-ahead log lets a loader
write meanwhile. What another process loads is therefore seen within a second.
"""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache
from importlib.resources import files
from itertools import count
from pathlib import Path
from threading import Lock, Thread
from time import monotonic, sleep
from typing import Any

import apsw

from camphora.errors import Busy, Fault, Invalid, NotFound

APPLICATION = 0x43414D54
"""`CAMT`, the mark of a terminology file (PRAGMA application_id)."""
SNAPSHOT_SECONDS = 1.0
READ_CACHE_KIB = 8_192
WAIT_MILLISECONDS = 10_000
KEPT_LOG_BYTES = 16 * 1024 * 1024
"""So long the write-ahead log may stay once all of it is in the file."""
SHIFT = 32
"""A concept's id is its edition's number, shifted by so many bits, and its place in the source."""

_writes = count(1)
_written = 0
"""How many times this process has changed a terminology file."""


@cache
def schema() -> list[str]:
    """The numbered SQL files in order."""
    steps = files(__package__).joinpath("schema").iterdir()
    return [step.read_text("utf-8") for step in sorted(steps, key=lambda step: step.name)]


def version_of(path: Path) -> int:
    """The number of the file's schema; 0 for the files of the first release, which bear no number.

    Raises Fault terminology-newer-file and Invalid terminology-not-a-file."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        ((version,),) = query(connection, "PRAGMA user_version")
        ((mark,),) = query(connection, "PRAGMA application_id")
        first = query(connection, "SELECT 1 FROM sqlite_schema WHERE name = 'concept'")
    except apsw.NotADBError as error:
        raise Invalid("terminology-not-a-file", file=path.name) from error
    finally:
        connection.close()
    ours = mark == APPLICATION or (mark == version == 0 and first)
    if not ours:
        raise Invalid("terminology-not-a-file", file=path.name)
    if version > len(schema()):
        raise Fault("terminology-newer-file", file=path.name, present=version, known=len(schema()))
    return int(version)


def query(connection: apsw.Connection, sql: str, values: Sequence[object] = ()) -> list[Any]:
    """All rows."""
    return connection.execute(sql, values).fetchall()


def create(path: Path) -> apsw.Connection:
    """A new file with tables but without indexes, for filling at full speed; `complete` makes it fit for use."""
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA journal_mode = off; PRAGMA synchronous = off; PRAGMA temp_store = memory")
    with connection:
        connection.execute(_tables())
    return connection


def complete(connection: apsw.Connection) -> None:
    """Make the indexes, mark the file as ours, and close it."""
    with connection:
        connection.execute(_indexes())
        for table in ("trigram", "pair"):
            connection.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")
        connection.execute(f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {len(schema())}")
    connection.execute("PRAGMA synchronous = full; PRAGMA journal_mode = wal")
    connection.close()


_AFTER = "-- Made after a new file is filled.\n"


def _tables() -> str:
    return "".join(step.partition(_AFTER)[0] for step in schema())


def _indexes() -> str:
    return "".join(step.partition(_AFTER)[2] for step in schema())


@contextmanager
def writing(path: Path) -> Iterator[apsw.Connection]:
    """A connection that writes; readers of this process see its commits at once after it is closed.

    Raises NotFound terminology-file, Invalid terminology-older-file (open it with `Terminology.ready` first), Busy
    terminology-busy."""
    connection = open_to_write(path)
    if version_of(path) < len(schema()):
        connection.close()
        raise Invalid("terminology-older-file", file=path.name)
    try:
        yield connection
    except apsw.BusyError as error:
        raise Busy("terminology-busy", file=path.name) from error
    finally:
        connection.close()
        noticed()


def open_to_write(path: Path) -> apsw.Connection:
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    except apsw.CantOpenError as error:
        raise NotFound("terminology-file", file=path.name) from error
    connection.set_busy_timeout(WAIT_MILLISECONDS)
    connection.execute("PRAGMA synchronous = normal; PRAGMA temp_store = memory")
    connection.execute(f"PRAGMA journal_size_limit = {KEPT_LOG_BYTES}")
    return connection


@contextmanager
def transaction(connection: apsw.Connection) -> Iterator[None]:
    """One transaction that holds the write lock from its start; undone at an error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def emptied(path: Path) -> None:
    """Bring all of the write-ahead log into the file, which is then whole without it.

    Raises Busy terminology-busy where somebody reads an older snapshot for long."""
    connection = open_to_write(path)
    try:
        ((_, pages, done),) = query(connection, "PRAGMA wal_checkpoint(FULL)")
    finally:
        connection.close()
    if pages != done:
        raise Busy("terminology-busy", file=path.name)


def noticed() -> None:
    """Let every reader of this process renew its snapshot."""
    global _written  # noqa: PLW0603 - one number for the process, only ever set to a new one
    _written = next(_writes)


def _covers(*given: Any) -> bool:
    """The SQL function `covers`: whether a regular expression matches all of a text, in bounded time."""
    from camphora.terminology.operations.patterns import pattern

    expression, text = given
    return pattern(expression).covers(text)


class _Resting:
    """Lets readers rest, each a snapshot's time after it was added, by one thread as long as any is due."""

    def __init__(self) -> None:
        self._due: deque[tuple[float, _Reader]] = deque()
        self._lock = Lock()
        self._thread: Thread | None = None

    def add(self, reader: _Reader) -> None:
        with self._lock:
            self._due.append((monotonic() + SNAPSHOT_SECONDS, reader))
            if self._thread is None or not self._thread.is_alive():  # a fork leaves none behind
                self._thread = Thread(target=self._run, name="terminology", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._due:
                    self._thread = None
                    return
                at, reader = self._due.popleft()
            sleep(max(0.0, at - monotonic()))
            reader.rest()


class _Reader:
    """One thread's connection. `lock` is held while it is used, unless its snapshot may not end: `steady` counts who
    wants to see one state."""

    __slots__ = ("__weakref__", "connection", "lock", "resting", "state", "steady", "until", "written")

    def __init__(self, path: Path, resting: _Resting) -> None:
        self.resting = resting
        self.connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        self.connection.set_busy_timeout(WAIT_MILLISECONDS)
        self.connection.execute(f"PRAGMA cache_size = -{READ_CACHE_KIB}")
        self.connection.create_scalar_function("covers", _covers, 2, deterministic=True)
        self.lock = Lock()
        self.state = self.steady = 0
        self.written, self.until = -1, 0.0

    def __enter__(self) -> int:
        with self.lock:
            if self.until < monotonic() or self.written != _written:
                self.fresh()
            self.steady += 1
        return self.state

    def __exit__(self, *_: object) -> None:
        self.steady -= 1

    def fresh(self) -> apsw.Connection:
        """The connection, its snapshot at most a second old."""
        if (self.written != _written or self.until < monotonic()) and not self.steady:
            self._renew()
        return self.connection

    def _renew(self) -> None:
        self.written = _written
        if self.connection.in_transaction:
            self.connection.execute("COMMIT")
        self.connection.execute("BEGIN")
        self.state = query(self.connection, "SELECT state FROM built")[0][0]
        self.until = monotonic() + SNAPSHOT_SECONDS
        self.resting.add(self)

    def rest(self) -> None:
        """End a snapshot that nobody reads any more: as long as one is held, the write-ahead log only grows."""
        with self.lock, suppress(apsw.ConnectionClosedError):
            if self.steady:
                self.resting.add(self)
            elif self.until <= monotonic() and self.connection.in_transaction:
                self.connection.execute("COMMIT")


class _Local(threading.local):
    """`reader` is each thread's own, opened when it is first asked for."""

    reader: _Reader

    def __init__(self, opened: Callable[[], _Reader]) -> None:
        self._opened = opened

    def __getattr__(self, name: str) -> _Reader:
        if name != "reader":
            raise AttributeError(name)
        self.reader = self._opened()
        return self.reader


class Readers:
    """Connections of one file that cannot write, one per thread, each with a snapshot that is at most a second old."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open: weakref.WeakSet[_Reader] = weakref.WeakSet()
        self._lock = Lock()
        self._resting = _Resting()
        self._local = _Local(self._opened)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """All rows of a query."""
        reader = self._local.reader
        with reader.lock:
            return reader.fresh().execute(sql, values).fetchall()

    def any(self, sql: str, values: Sequence[Any]) -> bool:
        """Whether a query has a row."""
        reader = self._local.reader
        if reader.steady:
            return reader.connection.execute(sql, values).fetchone() is not None
        with reader.lock:
            return reader.fresh().execute(sql, values).fetchone() is not None

    @property
    def state(self) -> int:
        """A number that grows with every load and removal, as this thread sees it."""
        reader = self._local.reader
        if reader.until < monotonic() or reader.written != _written:
            with reader.lock:
                reader.fresh()
        return reader.state

    def steady(self) -> AbstractContextManager[int]:
        """While it lasts this thread sees one state, whose number it gives."""
        return self._local.reader

    def _opened(self) -> _Reader:
        reader = _Reader(self.path, self._resting)
        with self._lock:
            self._open.add(reader)
        return reader

    def close(self) -> None:
        """Close the connections of all threads; a thread that asks again opens a new one."""
        with self._lock:
            for reader in list(self._open):
                with reader.lock:
                    reader.connection.close()
            self._open.clear()
        self._local = _Local(self._opened)

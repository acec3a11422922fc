"""Connections to the store's SQLite file: one that writes, one per thread that reads, and the migrations."""

from __future__ import annotations

import threading
import weakref
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import apsw
import orjson

from camphora.errors import Conflict, Fault, deadline
from camphora.fhir import definitions
from camphora.fhir.definitions import SearchParameter
from camphora.fhir.extract import security_context
from camphora.fhir.folding import fold
from camphora.fhir.references import parse_reference
from camphora.fhir.registry import Registry
from camphora.policy.policy import Policy
from camphora.records.bodies import plain
from camphora.records.disk import opening
from camphora.records.judging import Opened, register
from camphora.records.moving import Moving

READ_CACHE_KIB = 16_384
WRITE_CACHE_KIB = 131_072
STATEMENTS = 512
"""So many statements a connection remembers (the most that apsw can): each that is done takes the next place, whoever
lies there, so that of few more than there are places every one would be made ready anew each time."""
STEPS = 20_000
"""Instructions of SQLite's machine, some milliseconds, between two looks at the clock."""


class Readers:
    """Hands out connections that cannot write, for a file that another process may hold."""

    def __init__(self, path: Path, policy: Policy) -> None:
        self.path = path
        self.policy = policy
        self._local = threading.local()
        self._readers: weakref.WeakSet[apsw.Connection] = weakref.WeakSet()
        self._lock = threading.Lock()

    def reader(self) -> apsw.Connection:
        """This thread's own connection, which cannot write. It closes itself when the thread ends."""
        connection: apsw.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = opened = Opened(
                str(self.path), flags=apsw.SQLITE_OPEN_READONLY, statementcachesize=STATEMENTS
            )
            opened.policy = self.policy
            connection.set_busy_timeout(5000)
            _steady(connection)
            connection.execute(f"PRAGMA cache_size = -{READ_CACHE_KIB}")
            connection.set_progress_handler(_go_on, STEPS)
            register(connection)
            self._local.connection = connection
            with self._lock:
                self._readers.add(connection)
        return connection

    def close(self) -> None:
        with self._lock:
            for connection in list(self._readers):
                connection.close()
            self._readers.clear()
        self._local = threading.local()


class Connections(Readers):
    """Opens the file, brings its schema up to date, and hands out connections."""

    def __init__(self, path: Path, policy: Policy) -> None:
        super().__init__(path, policy)
        with opening(path):
            self.writer = self._open_writer()
        self.moving = Moving(path, self.writer)

    def close(self) -> None:
        super().close()
        self.moving.close()
        self.writer.close()

    def _open_writer(self) -> apsw.Connection:
        connection = Opened(str(self.path), statementcachesize=STATEMENTS)
        connection.policy = self.policy
        connection.set_busy_timeout(5000)
        connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA cache_size = -{WRITE_CACHE_KIB}")
        _steady(connection)
        migrate(connection, self.path)
        connection.set_progress_handler(_go_on, STEPS)
        register(connection)
        return connection


def _steady(connection: apsw.Connection) -> None:
    """Plans do not depend on bound values (https://sqlite.org/queryplanner-ng.html#qpstab). Else SQLite plans every
    statement of an analysed store anew for each execution: ten times what the execution itself takes."""
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)


def _go_on() -> bool:
    """Ends the query, by the error that this raises, once the time of the request is over."""
    deadline.check()
    return False


def require_present(connection: apsw.Connection, path: Path) -> None:
    """Refuse a store whose form is not the one of this version: Conflict records-older-store, Fault
    records-newer-store."""
    present, known = _versions(connection, path)
    if present < known:
        raise Conflict("records-older-store", present=present, known=known, file=path.name)


def migrate(connection: apsw.Connection, path: Path) -> None:
    """Apply the numbered SQL files that this store has not seen, by their numbers, of which some may be missing. A
    store of a newer version is refused."""
    present, _ = _versions(connection, path)
    connection.create_scalar_function("folded", _folded, 1, deterministic=True)
    connection.create_scalar_function("referred", _referred, 3, deterministic=True)
    connection.create_scalar_function("guarded", _guarded, 1, deterministic=True)
    for step in _steps():
        if (number := _number(step.name)) > present:
            with connection:
                connection.execute(step.read_text("utf-8"))
                connection.execute(f"PRAGMA user_version = {number}")


def _steps() -> list[Traversable]:
    return sorted(files("camphora.records").joinpath("sql").iterdir(), key=lambda item: _number(item.name))


def _versions(connection: apsw.Connection, path: Path) -> tuple[int, int]:
    """The form of the store, and the one of this version."""
    (present,) = next(connection.execute("PRAGMA user_version"))
    known = _number(_steps()[-1].name)
    if present > known:
        raise Fault("records-newer-store", present=present, known=known, file=path.name)
    return present, known


def _number(name: str) -> int:
    return int(name[:4])


def _folded(*row: Any) -> str:
    return fold(str(row[0]))


def _referred(*row: Any) -> str:
    """The type that a local reference names, as the index of before wrote one: `Type/id`; "" for every other text, and
    for what is a code or an address: an identifier may look like a reference."""
    kind, code, text = (str(each) for each in row)
    parameter = _parameters(kind).get(code)
    if parameter is None or parameter.type != "reference":
        return ""
    found = parse_reference(text)
    return found.type if found.kind == "local" and not found.version else ""


def _guarded(*row: Any) -> str:
    """The id of the Patient by whom a Binary of before is guarded; "" for none, and for what was deleted."""
    found = security_context(orjson.loads(plain(row[0]))) if row[0] else None
    return found[1] if found else ""


def _parameters(kind: str) -> dict[str, SearchParameter]:
    return Registry.bundled().of(kind) if kind in definitions.resource_types() else {}

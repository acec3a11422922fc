"""What the gate remembers beside accounts, in the installation's `gate.sqlite`: emergencies, bases, standing, projects.

Several processes may hold the file: each change is one transaction that takes the write lock first and is on disk
before it is answered.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import apsw

T = TypeVar("T")
WAIT_MS = 5000
READING = apsw.SQLITE_OPEN_READONLY
WRITING = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
SCHEMA = """
CREATE TABLE IF NOT EXISTS emergency (
  no INTEGER PRIMARY KEY AUTOINCREMENT, reader TEXT NOT NULL, person TEXT, identifier TEXT NOT NULL,
  reason TEXT NOT NULL, declared INTEGER NOT NULL, until INTEGER NOT NULL, ended INTEGER,
  reviewer TEXT, reviewed INTEGER, judgement TEXT, note TEXT
);
CREATE INDEX IF NOT EXISTS emergency_reader ON emergency (reader, until);
CREATE INDEX IF NOT EXISTS emergency_person ON emergency (person);
CREATE TABLE IF NOT EXISTS legal_basis (
  no INTEGER PRIMARY KEY AUTOINCREMENT, basis TEXT NOT NULL, applicant TEXT NOT NULL, reason TEXT NOT NULL,
  purposes TEXT NOT NULL, categories TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
  asked INTEGER NOT NULL, approver TEXT, decided INTEGER, approved INTEGER, ended INTEGER
);
CREATE INDEX IF NOT EXISTS legal_basis_applicant ON legal_basis (applicant);
CREATE TABLE IF NOT EXISTS legal_basis_use (basis INTEGER NOT NULL, at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS legal_basis_use_basis ON legal_basis_use (basis, at);
CREATE TABLE IF NOT EXISTS standing_given (
  no INTEGER PRIMARY KEY AUTOINCREMENT, user TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL,
  since INTEGER NOT NULL, until INTEGER, given INTEGER NOT NULL, giver TEXT NOT NULL, ended INTEGER, ender TEXT
);
CREATE INDEX IF NOT EXISTS standing_given_user ON standing_given (user);
CREATE TABLE IF NOT EXISTS project (
  id TEXT PRIMARY KEY, title TEXT NOT NULL, purpose TEXT NOT NULL, approver TEXT NOT NULL,
  since INTEGER NOT NULL, until INTEGER NOT NULL, ended INTEGER
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS project_member (
  project TEXT NOT NULL, user TEXT NOT NULL, PRIMARY KEY (project, user)
) WITHOUT ROWID;
"""
BEFORE = "SELECT 1 FROM sqlite_schema WHERE name = 'standing'"
CARRIED = """
INSERT INTO standing_given (user, kind, value, since, given, giver) SELECT user, kind, value, 0, 0, '' FROM standing;
DROP TABLE standing;
"""
"""Standings as they were kept before they had a time, and who gave them."""


def now() -> int:
    """Milliseconds UTC."""
    return int(time.time() * 1000)


class State:
    """A connection to the gate's file. May be called from any thread."""

    def __init__(self, path: Path, *, reading: bool = False) -> None:
        """`reading`: for a process that only reads, beside the one that made the file."""
        self.path = path
        self._connection = apsw.Connection(str(path), flags=READING if reading else WRITING)
        self._connection.set_busy_timeout(WAIT_MS)
        if not reading:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute(SCHEMA)
            self._carry_over()
        self._lock = threading.Lock()

    def _carry_over(self) -> None:
        with self._connection:
            if next(self._connection.execute(BEFORE), None):
                self._connection.execute(CARRIED)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return list(self._connection.execute(sql, values))

    def change(self, job: Callable[[apsw.Connection], T]) -> T:
        """Run a job as one transaction, durable when it returns; an error in it takes all of it back."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                answer = job(self._connection)
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            return answer

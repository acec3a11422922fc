"""The usual Access of a program's token, kept for the next request as long as nothing is written to the gate's files.

Whether something was is asked of SQLite after each request has come (`PRAGMA data_version`), on a connection that never
writes: it sees every commit, of this process and of any other. So a token that was revoked, an account, its role or its
standing that was changed holds at the very next request. Requests that wait together are served by one such look, which
gives the interpreter's lock away. What hangs on the store too (who lets a citizen in) is not kept.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import apsw

from camphora.gate.identity import Identity
from camphora.policy import Access, Reader

MOST = 10_000
NEVER = 1 << 62
WAIT_MS = 5000


class _Held(NamedTuple):
    access: Access
    expires: int


class Bearers:
    """Accesses by token, for all threads."""

    def __init__(
        self,
        identity: Identity,
        access: Callable[[Reader], Access],
        until: Callable[[str], int | None],
        paths: Iterable[Path],
    ) -> None:
        """`access`: how a reader's usual Access is decided. `until`: the moment (milliseconds) from which an account's
        standing is another by time alone. `paths`: the files on which both rest."""
        self._identity = identity
        self._access = access
        self._until = until
        self._connections = [_watching(path) for path in sorted(set(paths))]
        self._lock = threading.Lock()
        self._seen: list[int] = []
        self._looked = 0.0
        self._held: dict[bytes, _Held] = {}

    def close(self) -> None:
        with self._lock:
            for connection in self._connections:
                connection.close()

    def access(self, token: str, since: float | None = None) -> Access | None:
        """The usual Access of the token's account; None where the token is nobody's. `since`: when the request came
        (`time.perf_counter`); None: now. Raises `Forbidden` as the decision does."""
        key = hashlib.sha256(token.encode()).digest()
        seen, held = self._look(key, time.perf_counter() if since is None else since)
        if held is not None and held.expires > self._identity.now():
            return held.access
        found = self._identity.bearer_until(token)
        if found is None:
            return None
        user, expires = found
        changes = self._until(user.name)
        access = self._access(user.reader())
        if user.person is None:
            self._keep(key, _Held(access, min(expires, (changes or NEVER) // 1000)), seen)
        return access

    def _look(self, key: bytes, since: float) -> tuple[list[int], _Held | None]:
        """What is held, and the state of the files on which that rests, at that moment or later: asked before anything
        is read of them."""
        with self._lock:
            if self._looked < since:
                now = time.perf_counter()
                seen = [_version(each) for each in self._connections]
                self._looked = now
                if seen != self._seen:
                    self._seen = seen
                    self._held.clear()
            return self._seen, self._held.get(key)

    def _keep(self, key: bytes, held: _Held, seen: list[int]) -> None:
        with self._lock:
            if seen == self._seen:
                if len(self._held) >= MOST:
                    self._held.clear()
                self._held[key] = held


def _watching(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    connection.set_busy_timeout(WAIT_MS)
    return connection


def _version(connection: apsw.Connection) -> int:
    (found,) = next(connection.execute("PRAGMA data_version"))
    return int(found)

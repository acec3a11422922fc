"""Users, sessions and programs' tokens in the installation's own SQLite file.

Passwords are kept as argon2id; sessions and tokens only as SHA-256, so that the file gives nobody a way in.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import apsw
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from camphora.errors import Busy, Conflict, Forbidden, Invalid, NotFound
from camphora.policy import Reader, Role

SESSION_HOURS = 12
TRIES, WAIT_SECONDS = 5, 60
SHORTEST_PASSWORD = 10
LONGEST = 200
SCHEMA = """
CREATE TABLE IF NOT EXISTS user (
  name TEXT PRIMARY KEY, display TEXT NOT NULL, role TEXT NOT NULL, organisation TEXT, person TEXT,
  password TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS session (
  token BLOB PRIMARY KEY, csrf TEXT NOT NULL, user TEXT NOT NULL, expires INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS token (
  token BLOB PRIMARY KEY, user TEXT NOT NULL, label TEXT NOT NULL, expires INTEGER NOT NULL
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may sign in. `organisation` for staff, `person` (a Patient id) for citizens."""

    name: str
    display: str
    role: Role
    organisation: str | None = None
    person: str | None = None

    def reader(self) -> Reader:
        return Reader(self.name, self.display, self.role, self.organisation, self.person)


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. `token` is the cookie's value, `csrf` what every form must carry."""

    token: str
    csrf: str
    user: User


class Identity:
    """Keeps users, sessions and tokens."""

    def __init__(self, path: Path) -> None:
        self._connection = apsw.Connection(str(path))
        self._connection.set_busy_timeout(5000)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute(SCHEMA)
        self._lock = threading.Lock()
        self._hasher = PasswordHasher()
        self._never = self._hasher.hash(secrets.token_hex(16))
        self._tries: dict[str, tuple[int, float]] = {}
        self._side_by_side = threading.Semaphore(4)

    def close(self) -> None:
        self._connection.close()

    def add_user(self, user: User, password: str | None) -> None:
        """Register somebody; a name is taken only once. Without a password no password lets them in."""
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}", user.name):
            raise Invalid("gate-user-name")
        if password is not None and len(password) < SHORTEST_PASSWORD:
            raise Invalid("gate-password-short", least=SHORTEST_PASSWORD)
        if self.user(user.name):
            raise Conflict("gate-user-exists", name=user.name)
        values = (
            user.name,
            user.display,
            user.role,
            user.organisation,
            user.person,
            self._hasher.hash(password) if password is not None else self._never,
        )
        with self._lock:
            self._connection.execute("INSERT INTO user VALUES (?, ?, ?, ?, ?, ?)", values)

    def users(self) -> list[User]:
        rows = self._all("SELECT name, display, role, organisation, person FROM user ORDER BY name")
        return [User(name, display, Role(role), *rest) for name, display, role, *rest in rows]

    def user(self, name: str) -> User | None:
        rows = self._all("SELECT name, display, role, organisation, person FROM user WHERE name = ?", name)
        return next((User(found, display, Role(role), *rest) for found, display, role, *rest in rows), None)

    def sign_in(self, name: str, password: str) -> Session:
        """A new session; the same refusal, after the same work, for a wrong name and a wrong password."""
        if len(name) > LONGEST or len(password) > LONGEST:
            raise Forbidden("gate-sign-in-failed")
        self._count_try(name)
        rows = self._all("SELECT password FROM user WHERE name = ?", name)
        user = self.user(name)
        if not self._right(rows[0][0] if rows else self._never, password) or user is None:
            raise Forbidden("gate-sign-in-failed")
        with self._lock:
            self._tries.pop(name, None)
        return self.open_session(user)

    def _right(self, kept: str, password: str) -> bool:
        """Whether the password fits; at most a few are tried at once, since each try takes memory by design."""
        with self._side_by_side:
            try:
                return self._hasher.verify(kept, password)
            except VerificationError:
                return False

    def _count_try(self, name: str) -> None:
        """Count a try before it is made, and refuse it after too many within a short time."""
        now = time.monotonic()
        with self._lock:
            self._tries = {one: kept for one, kept in self._tries.items() if now - kept[1] < WAIT_SECONDS}
            tried, _ = self._tries.get(name, (0, now))
            if tried >= TRIES:
                raise Busy("gate-too-many-tries", seconds=WAIT_SECONDS)
            self._tries[name] = (tried + 1, now)

    def open_session(self, user: User) -> Session:
        """A session for a user who has proved who they are, or whom the demo lets in."""
        session = Session(secrets.token_urlsafe(32), secrets.token_urlsafe(24), user)
        expires = int(time.time()) + SESSION_HOURS * 3600
        with self._lock:
            self._connection.execute("DELETE FROM session WHERE expires < ?", (int(time.time()),))
            self._connection.execute(
                "INSERT INTO session VALUES (?, ?, ?, ?)",
                (_digest(session.token), session.csrf, user.name, expires),
            )
        return session

    def session(self, token: str) -> Session | None:
        rows = self._all(
            "SELECT csrf, user FROM session WHERE token = ? AND expires > ?", _digest(token), int(time.time())
        )
        user = self.user(rows[0][1]) if rows else None
        return Session(token, rows[0][0], user) if user else None

    def sign_out(self, token: str) -> None:
        with self._lock:
            self._connection.execute("DELETE FROM session WHERE token = ?", (_digest(token),))

    def end_sessions(self) -> None:
        """Sign everybody out."""
        with self._lock:
            self._connection.execute("DELETE FROM session")

    def remove_user(self, name: str) -> None:
        """Take an account away with its sessions and tokens."""
        if self.user(name) is None:
            raise NotFound("gate-no-user", name=name)
        with self._lock, self._connection:
            for table, column in (("session", "user"), ("token", "user"), ("user", "name")):
                self._connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (name,))  # noqa: S608

    def revoke_tokens(self, name: str) -> int:
        """End every token of an account; returns how many there were."""
        if self.user(name) is None:
            raise NotFound("gate-no-user", name=name)
        with self._lock:
            self._connection.execute("DELETE FROM token WHERE user = ?", (name,))
            return int(self._connection.changes())

    def issue_token(self, name: str, label: str, days: int) -> str:
        """A program's bearer token for a user; it is shown once and kept only as a digest."""
        if self.user(name) is None:
            raise NotFound("gate-no-user", name=name)
        token = "cam_" + secrets.token_urlsafe(32)
        expires = int(time.time()) + days * 86_400
        with self._lock:
            self._connection.execute(
                "INSERT INTO token VALUES (?, ?, ?, ?)", (_digest(token), name, label, expires)
            )
        return token

    def bearer(self, token: str) -> User | None:
        rows = self._all(
            "SELECT user FROM token WHERE token = ? AND expires > ?", _digest(token), int(time.time())
        )
        return self.user(rows[0][0]) if rows else None

    def _all(self, sql: str, *values: object) -> list[tuple[str, ...]]:
        with self._lock:
            return list(self._connection.execute(sql, values))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()

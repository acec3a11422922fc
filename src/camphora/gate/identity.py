"""Users, sessions, known devices and programs' tokens in the installation's own SQLite file.

Passwords are kept as argon2id; sessions, devices and tokens only as SHA-256, so that the file gives nobody a way in.

Tries to sign in are counted where they come from, never for the name alone: a stranger who guesses at a name shuts
out nobody but the place that the guesses come from, and a device that has signed in with the name before is counted
for itself.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import apsw
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from camphora.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from camphora.gate.allowance import Allowance, Rate, whole_seconds
from camphora.gate.state import READING, WRITING
from camphora.policy import Reader, Role

SESSION_HOURS = 12
STAFF_MINUTES, CITIZEN_MINUTES = 15, 30
SECONDS_OF_TOUCH = 30
"""A session's last use is written down at most so often; by so much it may end sooner, never later."""
DEVICE_DAYS, MOST_DEVICES = 365, 20
BY_NAME, BY_PLACE, BY_DEVICE, SIEGE = Rate(5, 12.0), Rate(30, 20.0), Rate(10, 12.0), Rate(50, 36.0)
Use = tuple[Allowance, Hashable, Rate]
SHORTEST_PASSWORD = 10
LONGEST = 200
SCHEMA = """
CREATE TABLE IF NOT EXISTS user (
  name TEXT PRIMARY KEY, display TEXT NOT NULL, role TEXT NOT NULL, organisation TEXT, person TEXT,
  password TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS session (
  token BLOB PRIMARY KEY, csrf TEXT NOT NULL, user TEXT NOT NULL, expires INTEGER NOT NULL, idle INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS token (
  token BLOB PRIMARY KEY, user TEXT NOT NULL, label TEXT NOT NULL, expires INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS device (
  token BLOB NOT NULL, user TEXT NOT NULL, expires INTEGER NOT NULL, PRIMARY KEY (user, token)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Tries:
    """How often one may try to sign in: with one name from one place, at all from one place (failures alone), and
    with one name from a device that the name is known on. `siege`: failures with one name from everywhere, after
    which every new place has but one try at a time with it."""

    name: Rate = BY_NAME
    place: Rate = BY_PLACE
    device: Rate = BY_DEVICE
    siege: Rate = SIEGE

    @property
    def besieged(self) -> Rate:
        return Rate(1, self.name.burst * self.name.seconds)


@dataclass(frozen=True, slots=True)
class Idleness:
    """After how many minutes without a request a session ends: of staff, who share machines, and of citizens."""

    staff: int = STAFF_MINUTES
    citizen: int = CITIZEN_MINUTES

    def seconds(self, role: Role) -> int:
        return 60 * (self.citizen if role is Role.CITIZEN else self.staff)


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
    """A signed-in browser. `token` is the cookie's value, `csrf` what every form must carry, and `device`, just after
    signing in by password, what the browser may keep to be known by. Without a request it ends in `idle` seconds."""

    token: str
    csrf: str
    user: User
    device: str = ""
    idle: int = 0


@dataclass(frozen=True, slots=True)
class Lapsed:
    """Of a session that ended by idleness: whose it was and what its forms carried. It opens nothing."""

    reader: str
    csrf: str


class Identity:
    """Keeps users, sessions and tokens."""

    def __init__(
        self,
        path: Path,
        tries: Tries | None = None,
        *,
        clock: Callable[[], float] = time.time,
        reading: bool = False,
    ) -> None:
        """`reading`: for a process that only reads, beside the one that made the file: it knows tokens and accounts."""
        self.path = path
        self.clock = clock
        self.idleness = Idleness()
        self._connection = apsw.Connection(str(path), flags=READING if reading else WRITING)
        self._connection.set_busy_timeout(5000)
        if not reading:
            self._connection.execute("PRAGMA journal_mode = WAL")
            _drop_endless_sessions(self._connection)
            self._connection.execute(SCHEMA)
        self._lock = threading.Lock()
        self._hasher = PasswordHasher()
        self._never = self._hasher.hash(secrets.token_hex(16))
        self.allow(tries or Tries())
        self._side_by_side = threading.Semaphore(4)

    def close(self) -> None:
        self._connection.close()

    def allow(self, tries: Tries) -> None:
        """Count tries by these rates from now on, beginning anew."""
        self.tries = tries
        self._by_name, self._by_place = Allowance(tries.name), Allowance(tries.place)
        self._by_device, self._siege = Allowance(tries.device), Allowance(tries.siege)

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

    def change_user(self, user: User) -> None:
        """Put these in place of the role, institution, person and display name of an account; its next request goes by
        them, in every process. NotFound where there is no such account."""
        values = (user.display, user.role, user.organisation, user.person, user.name)
        sql = "UPDATE user SET display = ?, role = ?, organisation = ?, person = ? WHERE name = ?"
        with self._lock:
            self._connection.execute(sql, values)
            found = self._connection.changes()
        if not found:
            raise NotFound("gate-no-user", name=user.name)

    def users(self) -> list[User]:
        rows = self._all("SELECT name, display, role, organisation, person FROM user ORDER BY name")
        return [User(name, display, Role(role), *rest) for name, display, role, *rest in rows]

    def user(self, name: str) -> User | None:
        rows = self._all("SELECT name, display, role, organisation, person FROM user WHERE name = ?", name)
        return next((User(found, display, Role(role), *rest) for found, display, role, *rest in rows), None)

    def sign_in(self, name: str, password: str, *, place: str = "", device: str = "") -> Session:
        """A new session; the same refusal, after the same work, for a wrong name and a wrong password.

        `place` is the network address that the try comes from, `device` what a browser was given when it signed in
        before. Raises `TooMany gate-too-many-tries` before anything is compared."""
        if len(name) > LONGEST or len(password) > LONGEST:
            raise Forbidden("gate-sign-in-failed")
        known = bool(device) and self._knows(name, device)
        uses = self._count_try(name, place, device if known else "")
        rows = self._all("SELECT password FROM user WHERE name = ?", name)
        user = self.user(name)
        if not self._right(rows[0][0] if rows else self._never, password) or user is None:
            self._siege.take(name)
            raise Forbidden("gate-sign-in-failed")
        self._give_back(uses)
        session = self.open_session(user)
        return replace(session, device=device if known else self._new_device(name))

    def _count_try(self, name: str, place: str, device: str) -> list[Use]:
        """Count a try before it is made, so that guesses made at once are all counted. Returns what to give back."""
        besieged = not device and self._siege.used_up(name)
        usual = self.tries.besieged if besieged else self.tries.name
        uses: list[Use] = [(self._by_place, place, self.tries.place), (self._by_name, (name, place), usual)]
        if device:
            uses = [(self._by_device, (name, device), self.tries.device)]
        for at, use in enumerate(uses):
            counted, key, rate = use
            if wait := counted.take(key, rate):
                self._give_back(uses[:at])
                raise TooMany("gate-too-many-tries", seconds=whole_seconds(wait))
        return uses

    def _give_back(self, uses: Iterable[Use]) -> None:
        for counted, key, rate in uses:
            counted.give_back(key, rate)

    def _right(self, kept: str, password: str) -> bool:
        """Whether the password fits; at most a few are tried at once, since each try takes memory by design."""
        with self._side_by_side:
            try:
                return self._hasher.verify(kept, password)
            except VerificationError:
                return False

    def _knows(self, name: str, device: str) -> bool:
        sql = "SELECT 1 FROM device WHERE user = ? AND token = ? AND expires > ?"
        return bool(self._all(sql, name, _digest(device), self.now()))

    def _new_device(self, name: str) -> str:
        """What a browser keeps after signing in; an account has only so many, the oldest are forgotten."""
        device = secrets.token_urlsafe(24)
        expires = self.now() + DEVICE_DAYS * 86_400
        with self._lock, self._connection:
            self._connection.execute(
                "DELETE FROM device WHERE user = ? AND token NOT IN"
                " (SELECT token FROM device WHERE user = ? ORDER BY expires DESC LIMIT ?)",
                (name, name, MOST_DEVICES - 1),
            )
            self._connection.execute("INSERT INTO device VALUES (?, ?, ?)", (_digest(device), name, expires))
        return device

    def set_password(self, name: str, password: str) -> None:
        """A new password. Every session of the account ends and every device is forgotten; tokens go on."""
        if len(password) < SHORTEST_PASSWORD:
            raise Invalid("gate-password-short", least=SHORTEST_PASSWORD)
        if self.user(name) is None:
            raise NotFound("gate-no-user", name=name)
        kept = self._hasher.hash(password)
        with self._lock, self._connection:
            self._connection.execute("UPDATE user SET password = ? WHERE name = ?", (kept, name))
            self._connection.execute("DELETE FROM session WHERE user = ?", (name,))
            self._connection.execute("DELETE FROM device WHERE user = ?", (name,))

    def open_session(self, user: User) -> Session:
        """A session for a user who has proved who they are, or whom the demo lets in."""
        idle, now = self.idleness.seconds(user.role), self.now()
        session = Session(secrets.token_urlsafe(32), secrets.token_urlsafe(24), user, idle=idle)
        expires = now + SESSION_HOURS * 3600
        with self._lock:
            self._connection.execute("DELETE FROM session WHERE expires < ?", (now,))
            self._connection.execute(
                "INSERT INTO session VALUES (?, ?, ?, ?, ?)",
                (_digest(session.token), session.csrf, user.name, expires, now + idle),
            )
        return session

    def session(self, token: str, *, use: bool = True) -> Session | None:
        """The session that a cookie names, while it lasts. To ask is to use it, which puts off its end by idleness; not
        where a page asks by itself and nobody need be there (`use` false)."""
        now = self.now()
        rows = self._all(
            "SELECT csrf, user, idle FROM session WHERE token = ? AND expires > ? AND idle > ?",
            _digest(token), now, now,
        )  # fmt: skip
        user = self.user(rows[0][1]) if rows else None
        if user is None:
            return None
        idle = self.idleness.seconds(user.role)
        if use and now + idle - int(rows[0][2]) >= SECONDS_OF_TOUCH:
            self._all(
                "UPDATE session SET idle = ? WHERE token = ? AND idle > ?", now + idle, _digest(token), now
            )
        return Session(token, rows[0][0], user, idle=idle)

    def lapsed(self, token: str) -> Lapsed | None:
        """The session that a cookie names, where idleness alone ended it."""
        now = self.now()
        sql = "SELECT user, csrf FROM session WHERE token = ? AND expires > ? AND idle <= ?"
        return next((Lapsed(*row) for row in self._all(sql, _digest(token), now, now)), None)

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
            for table, column in (
                ("session", "user"),
                ("token", "user"),
                ("device", "user"),
                ("user", "name"),
            ):
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
        expires = self.now() + days * 86_400
        with self._lock:
            self._connection.execute(
                "INSERT INTO token VALUES (?, ?, ?, ?)", (_digest(token), name, label, expires)
            )
        return token

    def bearer(self, token: str) -> User | None:
        """Whose token this is; None where it is nobody's or has ended."""
        found = self.bearer_until(token)
        return found[0] if found else None

    def bearer_until(self, token: str) -> tuple[User, int] | None:
        """The same, and the second at which it ends."""
        sql = "SELECT user, expires FROM token WHERE token = ? AND expires > ?"
        rows = self._all(sql, _digest(token), self.now())
        user = self.user(rows[0][0]) if rows else None
        return (user, int(rows[0][1])) if user else None

    def now(self) -> int:
        """Seconds UTC, by which sessions and tokens end."""
        return int(self.clock())

    def _all(self, sql: str, *values: object) -> list[tuple[str, ...]]:
        with self._lock:
            return list(self._connection.execute(sql, values))


def _drop_endless_sessions(connection: apsw.Connection) -> None:
    """Sessions of a version that knew no end by idleness; their readers sign in again."""
    columns = {name for _, name, *_ in connection.execute("PRAGMA table_info(session)")}
    if columns and "idle" not in columns:
        connection.execute("DROP TABLE session")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()

"""Sets of persons as compressed bitmaps, kept in memory and brought up to date by what moved since.

The rows in the store are the truth. A bitmap remembers up to which line of `moved` it holds; each call looks whether
there are later ones in the caller's snapshot, so that a choice committed by another process holds at the next call.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import NamedTuple

import apsw
from pyroaring import BitMap

from camphora.policy.access import HiddenSet

NEVER = 1 << 62


class _Kept(NamedTuple):
    members: BitMap
    version: int
    due: int
    """The first moment at which a member enters or leaves by time alone."""


class Sets:
    """Bitmaps by name. What comes out is shared: callers do not change it."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def hidden(self, connection: apsw.Connection, sets: Iterable[HiddenSet], now: int) -> BitMap:
        """All whom one of these sets hides at this moment, but for those that its `unless` lets through."""
        found = BitMap()
        for each in sets:
            members = self.members(connection, each.name, now)
            found |= members - self.members(connection, each.unless, now) if each.unless else members
        return found

    def members(self, connection: apsw.Connection, name: str, now: int) -> BitMap:
        """The persons in one set now, in the snapshot of this connection."""
        version = self.version(connection, name)
        kept = self._kept.get(name)
        if kept is not None and kept.version == version and now < kept.due:
            return kept.members
        if kept is not None and kept.version < version and now < kept.due:
            made = _moved(connection, name, kept, version, now)
        else:
            made = _whole(connection, name, version, now)
        with self._lock:
            held = self._kept.get(name)
            if held is None or held.version <= version:
                self._kept[name] = made
        return made.members

    def version(self, connection: apsw.Connection, name: str) -> int:
        """The number of the last move into or out of a set; 0 where there was none."""
        sql = "SELECT coalesce(max(no), 0) FROM moved WHERE name = ?"
        return int(next(connection.execute(sql, (name,)))[0])


def _table(name: str) -> str:
    return "allowed" if name.startswith("project:") else "hidden"


def _whole(connection: apsw.Connection, name: str, version: int, now: int) -> _Kept:
    table = _table(name)
    within = "since <= ? AND (until IS NULL OR until > ?)"
    sql = f"SELECT person FROM {table} WHERE name = ? AND {within}"
    members = BitMap(person for (person,) in connection.execute(sql, (name, now, now)))
    due = f"SELECT coalesce(min(iif(since > ?1, since, until)), {NEVER}) FROM {table} WHERE name = ?2 AND"
    (moment,) = next(connection.execute(f"{due} (since > ?1 OR until > ?1)", (now, name)))
    members.run_optimize()
    return _Kept(members, version, moment)


def _moved(connection: apsw.Connection, name: str, kept: _Kept, version: int, now: int) -> _Kept:
    table = _table(name)
    sql = "SELECT DISTINCT person FROM moved WHERE name = ? AND no > ?"
    persons = [person for (person,) in connection.execute(sql, (name, kept.version))]
    members, due = BitMap(kept.members), kept.due
    for person in persons:
        rows = list(
            connection.execute(
                f"SELECT since, until FROM {table} WHERE name = ? AND person = ?", (name, person)
            )
        )
        if any(since <= now and (until is None or until > now) for since, until in rows):
            members.add(person)
        else:
            members.discard(person)
        later = [moment for row in rows for moment in row if moment is not None and moment > now]
        due = min([due, *later])
    return _Kept(members, version, due)

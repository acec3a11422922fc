"""Law and consent as a predicate: the part of every statement that reads records.

There is one function, so that no path can forget it. It speaks about a row `r` with the columns no, person
and labels, which both the present records and the superseded versions have.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import apsw

from camphora.errors import Forbidden
from camphora.policy import Access
from camphora.policy.admission import SHARED_TYPES
from camphora.policy.asking import Scope
from camphora.policy.vocabulary import Purpose
from camphora.records.terms import Names


class Predicate(NamedTuple):
    """SQL that stands after AND, and its parameters."""

    sql: str
    values: list[object]


def require_type(access: Access, record_type: str) -> None:
    """Refuse a type that the Access does not cover, and secondary use, which asks questions and reads no record.
    It says nothing about any person."""
    if access.purpose is Purpose.SECONDARY:
        raise Forbidden("records-secondary-by-question", role=access.reader.role)
    if not access.covers(record_type):
        raise Forbidden("records-type-refused", type=record_type, role=access.reader.role)


def visible(access: Access, record_type: str, connection: apsw.Connection) -> Predicate:
    """Which rows `r` of this type the Access may see, at this moment."""
    if _sees_all(access):
        return Predicate("1", [])
    if record_type in SHARED_TYPES:
        return Predicate("1", [])
    now = int(time.time() * 1000)
    parts: list[str] = ["r.person IS NOT NULL"]
    values: list[object] = []
    if access.persons is not None:
        numbers = Names(connection).persons(access.persons)
        parts.append(f"r.person IN ({','.join('?' * len(numbers))})")
        values += numbers
    if access.purpose is Purpose.SURVEILLANCE or access.scope != Scope():
        return Predicate("0", [])
    if access.purpose is not Purpose.SELF:
        parts.append(
            "NOT EXISTS (SELECT 1 FROM ruled u WHERE u.person = r.person AND u.since <= ?"
            " AND (u.until IS NULL OR u.until > ?))"
        )
        values += [now, now]
    for hidden in access.hidden_for(record_type):
        parts.append(
            "NOT EXISTS (SELECT 1 FROM hidden h WHERE h.name = ? AND h.person = r.person"
            " AND h.since <= ? AND (h.until IS NULL OR h.until > ?))"
        )
        parts.append(
            "NOT EXISTS (SELECT 1 FROM also_names a JOIN hidden h ON h.name = ? AND h.person = a.person"
            " WHERE a.record = r.no AND h.since <= ? AND (h.until IS NULL OR h.until > ?))"
        )
        values += [hidden.name, now, now] * 2
    for closed in access.closed:
        parts.append(
            "(r.labels = 0 OR NOT EXISTS (SELECT 1 FROM closed c WHERE c.name = ? AND c.person = r.person"
            " AND (c.mask & r.labels) <> 0 AND c.since <= ? AND (c.until IS NULL OR c.until > ?)))"
        )
        values += [closed.name, now, now]
    return Predicate(" AND ".join(parts), values)


def _sees_all(access: Access) -> bool:
    """The inner readers: followers and loads, which must keep every copy true."""
    return access.purpose is Purpose.OPERATION and access.persons is None and not access.hidden

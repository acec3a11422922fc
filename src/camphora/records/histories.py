"""The versions of one record, of a type, or of all records that the Access may see, newest first, by pages.

A version is judged by its own person and labels, and every version by the present ones as well: what is hidden now has
no history (R4 http.html#history).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import NamedTuple

import apsw

from camphora.policy import Access
from camphora.records.bodies import plain_or_none
from camphora.records.store import Version
from camphora.records.visible import of_versions, shown, visible

Place = tuple[int, int, int]
"""Where a page ends: the time of a version, its record's inner number, the version."""


@dataclass(frozen=True, slots=True)
class Versions:
    """Which versions are asked for: of one record, of a type (`id` None) or of all (`type` None). `since`: those made
    from this millisecond on; `at`: those that were the present one at some moment between these two."""

    type: str | None = None
    id: str | None = None
    since: int = 0
    at: tuple[int, int] | None = None
    count: int | None = None
    page: str | None = None


class Found(NamedTuple):
    """A version with its place in the order, and the person whom it is about."""

    place: Place
    person: int | None
    version: Version


def found(
    reader: apsw.Connection, access: Access, asked: Versions, after: Place | None, most: int
) -> list[Found]:
    """At most so many versions after a place."""
    sources = [
        _versions(reader, access, asked, kind, after, most=most, older=older)
        for kind in _types(reader, access, asked)
        for older in (False, True)
    ]
    return list(islice(merge(*sources, key=lambda one: one.place, reverse=True), most))


def _types(reader: apsw.Connection, access: Access, asked: Versions) -> Iterator[tuple[int, str]]:
    rows = list(reader.execute("SELECT no, name FROM type ORDER BY no"))
    yield from ((no, name) for no, name in rows if asked.type in {None, name} and access.covers(name))


def _versions(
    reader: apsw.Connection,
    access: Access,
    asked: Versions,
    kind: tuple[int, str],
    after: Place | None,
    *,
    most: int,
    older: bool,
) -> list[Found]:
    number, name = kind
    seen, body = visible(access, name, reader), shown(access, name, reader)
    one, which = ("", []) if asked.id is None else (" AND r.id = ?", [asked.id])
    rows, values = "record", [number, *which]
    where = f"r.type = ?{one} AND {seen.sql}"
    if older:
        present = f"SELECT r.no FROM record r WHERE r.no = s.record AND r.type = ?{one} AND {seen.sql}"
        rows = (
            "(SELECT s.record AS no, s.*, p.id FROM superseded s JOIN record p ON p.no = s.record"
            f" WHERE p.type = ? AND s.record IN ({present}))"
        )
        body = of_versions(body)
        where, values = of_versions(seen).sql, [number, number, *which, *seen.values]
    times, moments = _times(asked, after)
    sql = (
        f"SELECT r.updated, r.no, r.version, r.person, r.id, {body.sql}, {REVIVED} FROM {rows} r"
        f" WHERE {where}{times} ORDER BY r.updated DESC, r.no DESC, r.version DESC LIMIT ?"
    )
    bound = [*body.values, *values, *seen.values, *moments, most]
    return [
        Found(
            (updated, no, version),
            person,
            Version(name, record_id, version, updated, plain_or_none(shown_body), revived=bool(revived)),
        )
        for updated, no, version, person, record_id, shown_body, revived in reader.execute(sql, bound)
    ]


def _times(asked: Versions, after: Place | None) -> tuple[str, list[int]]:
    """The conditions on time, and where the page begins."""
    sql, values = "", list[int]()
    if asked.since:
        sql, values = f"{sql} AND r.updated >= ?", [*values, asked.since]
    if asked.at:
        low, high = asked.at
        sql, values = f"{sql} AND r.updated <= ? AND ({REPLACED}) > ?", [*values, high, low]
    if after:
        sql, values = f"{sql} AND (r.updated, r.no, r.version) < (?, ?, ?)", [*values, *after]
    return sql, values


REVIVED = (
    "coalesce((SELECT b.deleted FROM superseded b WHERE b.record = r.no AND b.version < r.version"
    " AND b.person IS r.person ORDER BY b.version DESC LIMIT 1), 0)"
)
"""Whether the version before it recorded a deletion."""
REPLACED = (
    "coalesce((SELECT n.updated FROM superseded n WHERE n.record = r.no AND n.version > r.version"
    " ORDER BY n.version LIMIT 1), (SELECT p.updated FROM record p WHERE p.no = r.no AND p.version > r.version),"
    " 9223372036854775807)"
)
"""When the version that follows it came; the end of time for the present one."""

"""The versions of one record, of a type, or of all records that the Access may see, newest first, by pages.

A version is judged by its own person and labels, and every version by the present ones as well: what is hidden now has
no history (R4 http.html#history).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from heapq import merge
from itertools import islice
from typing import NamedTuple

import apsw

from camphora.policy import Access
from camphora.records.bodies import plain_or_none
from camphora.records.planning.conditions import among as among_ids
from camphora.records.planning.linking import entries_of
from camphora.records.planning.work import Work
from camphora.records.store import Version
from camphora.records.visible import of_versions, shown, visible

WINDOWS = tuple(2_000 * 10**step for step in range(8))
"""So many earlier versions are passed over in the order of time before all those of a type with fewer records are
read; then ten times as many, and so on."""
END = 9_223_372_036_854_775_807
Place = tuple[int, int, int]
"""Where a page ends: the time of a version, its record's inner number, the version."""


@dataclass(frozen=True, slots=True)
class Versions:
    """Which versions are asked for: of one record, of a type (`id` None) or of all (`type` None). `since`: those made
    from this millisecond on; `at`: those that were the present one at some moment between these two. `lists`: of
    records alone that one of the Lists of these ids names now; None: of all."""

    type: str | None = None
    id: str | None = None
    since: int = 0
    at: tuple[int, int] | None = None
    count: int | None = None
    page: str | None = None
    lists: tuple[str, ...] | None = None


class Named(NamedTuple):
    """What the Lists that are asked for name, the ids by type, and the persons of those Lists: they were read."""

    ids: Mapping[str, frozenset[str]]
    persons: frozenset[int]


class Found(NamedTuple):
    """A version with its place in the order, and the person whom it is about."""

    place: Place
    person: int | None
    version: Version


def listed(reader: apsw.Connection, access: Access, asked: Versions) -> Named | None:
    """What the Lists name that the Access may see, as far as it may see it; None where no List is asked for."""
    if asked.lists is None:
        return None
    work = Work(access, reader)
    ids: dict[str, set[str]] = {}
    for name in asked.lists:
        for each in entries_of(work, name):
            ids.setdefault(each.type, set()).add(each.id)
    return Named({kind: frozenset(each) for kind, each in ids.items()}, frozenset(work.persons))


def found(
    reader: apsw.Connection,
    access: Access,
    asked: Versions,
    after: Place | None,
    *,
    most: int,
    named: Named | None = None,
) -> list[Found]:
    """At most so many versions after a place, of what the Lists name where any are asked for (`listed`)."""
    sources = [
        found
        for kind in _types(reader, access, asked)
        if (among := _among(asked, kind[1], named)) is None or among
        for found in (
            _versions(reader, access, asked, kind, after, most=most, ids=among),
            _superseded(reader, access, asked, kind, after, most=most, ids=among),
        )
    ]
    return list(islice(merge(*sources, key=lambda one: one.place, reverse=True), most))


def _among(asked: Versions, kind: str, named: Named | None) -> frozenset[str] | None:
    """The ids of a type that are asked for; None for all."""
    ids = None if named is None else named.ids.get(kind, frozenset())
    if asked.id is None:
        return ids
    return frozenset({asked.id}) if ids is None else ids & {asked.id}


def _superseded(
    reader: apsw.Connection,
    access: Access,
    asked: Versions,
    kind: tuple[int, str],
    after: Place | None,
    *,
    most: int,
    ids: frozenset[str] | None,
) -> list[Found]:
    """At most so many of the earlier versions of a type: in the order of time until the page is full, which needs few
    of them where the type has many; sorted where they are of records that are named, of a reader's own persons, or of a
    type that has fewer records than would have to be passed over."""
    whole = asked
    if ids is None and access.persons is None:
        for many in WINDOWS:
            if _fewer(reader, kind[0], many):
                break
            edge = _edge(reader, asked, after, many)
            asked = whole if edge is None else replace(whole, since=max(whole.since, edge))
            rows = _versions(reader, access, asked, kind, after, most=most, ids=None, among=BY_TIME)
            if len(rows) == most or asked.since == whole.since:
                return rows
    return _versions(reader, access, whole, kind, after, most=most, ids=ids, among=BY_RECORD)


def _fewer(reader: apsw.Connection, number: int, many: int) -> bool:
    """Whether a type has fewer records than these."""
    sql = "SELECT count(*) FROM (SELECT 1 FROM record WHERE type = ? LIMIT ?)"
    (records,) = next(reader.execute(sql, (number, many)))
    return bool(records < many)


def _edge(reader: apsw.Connection, asked: Versions, after: Place | None, many: int) -> int | None:
    """Since when so many earlier versions of any type came, up to where the page begins; None for fewer."""
    start = min(after[0] if after else END, asked.at[1] if asked.at else END)
    sql = (
        "SELECT updated FROM superseded INDEXED BY superseded_by_update WHERE updated <= ?"
        " ORDER BY updated DESC LIMIT 1 OFFSET ?"
    )
    return next((updated for (updated,) in reader.execute(sql, (start, many))), None)


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
    ids: frozenset[str] | None,
    among: str = "",
) -> list[Found]:
    """At most so many versions of a type: the present ones, or the earlier ones `among` those of a join."""
    number, name = kind
    seen, body = visible(access, name, reader), shown(access, name, reader)
    marks, which = ("", ()) if ids is None else among_ids(sorted(ids))
    one = "" if ids is None else f" AND {{0}}.id IN {marks}"
    rows, where, values = "record", f"r.type = ?{one.format('r')} AND {seen.sql}", [number, *which]
    if among:
        present = visible(access, name, reader, row="p")
        rows = (
            f"(SELECT s.record AS no, s.*, p.id FROM {among}"
            f" WHERE p.type = ?{one.format('p')} AND {present.sql})"
        )
        body, where = of_versions(body), of_versions(seen).sql
        values = [*values, *present.values]
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


BY_TIME = "superseded s INDEXED BY superseded_by_update CROSS JOIN record p ON p.no = s.record"
BY_RECORD = "record p CROSS JOIN superseded s ON s.record = p.no"
REVIVED = (
    "coalesce((SELECT b.deleted FROM superseded b WHERE b.record = r.no AND b.version < r.version"
    " AND b.person IS r.person ORDER BY b.version DESC LIMIT 1), 0)"
)
"""Whether the version before it recorded a deletion."""
REPLACED = (
    "coalesce((SELECT n.updated FROM superseded n WHERE n.record = r.no AND n.version > r.version"
    " ORDER BY n.version LIMIT 1), (SELECT p.updated FROM record p WHERE p.no = r.no AND p.version > r.version),"
    f" {END})"
)
"""When the version that follows it came; the end of time for the present one."""

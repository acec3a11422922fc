"""Records by the thousand, for files: found under law and consent page by page, and asked about again when the file
is given.

A page leaves no receipt here: nothing of it has reached anybody. Whoever gives the file leaves one that names
everybody in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import apsw
import orjson
from pyroaring import BitMap

from camphora.fhir.search import Query
from camphora.policy import Access
from camphora.policy.labels import PARTS
from camphora.records.bodies import plain
from camphora.records.paging import Value
from camphora.records.planning import Coding, named_persons, plan
from camphora.records.prepare import Prepared
from camphora.records.store import Version
from camphora.records.visible import shown, visible

MARK = 12
"""Bytes of the digest of what a record with closed parts showed."""
Place = Sequence[Value]
Standing = Literal["new", "changed", "same"]
"""What writing a record would do."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """A page: `numbers` are the inner numbers of the rows, `persons` everybody of whom they tell, `parts` what each
    record with parts of their own showed, by its number; `next` is where the page after it begins."""

    rows: list[Version]
    numbers: list[int]
    persons: BitMap
    parts: dict[int, str]
    next: tuple[Value, ...] | None


def gather(
    access: Access,
    query: Query,
    reader: apsw.Connection,
    coding: Coding | None,
    place: Place | None,
    *,
    limit: int,
) -> Gathered:
    """So many of the records that a query names, in the order in which they came. Runs inside a read transaction."""
    made = plan(query, access, reader, coding)
    found = made.page(place, limit + 1)
    page = found[:limit]
    rows = made.shown(page)
    numbers = [row.no for row in page]
    marked = _with_parts(reader, numbers)
    named = named_persons(made.work, query, found=bool(page))
    persons = BitMap(row.person for row in page if row.person is not None)
    return Gathered(
        rows,
        numbers,
        persons | named.persons | BitMap(made.work.persons),
        {no: _mark(row.body or b"") for no, row in zip(numbers, rows, strict=True) if no in marked},
        page[-1].place if len(found) > limit else None,
    )


def gather_deleted(
    access: Access, record_type: str, since: int, reader: apsw.Connection, *, after: int, limit: int
) -> Gathered:
    """The records of a type that were deleted at or after a moment (milliseconds) and that the Access might see,
    without content, in the order of their inner numbers beyond `after`."""
    seen = visible(access, record_type, reader)
    sql = (
        "SELECT r.no, r.person, r.id, r.version, r.updated FROM record r JOIN type t ON t.no = r.type"
        f" WHERE t.name = ? AND r.deleted = 1 AND r.updated >= ? AND r.no > ? AND {seen.sql} ORDER BY r.no LIMIT ?"
    )
    found = list(reader.execute(sql, (record_type, since, after, *seen.values, limit + 1)))
    page = found[:limit]
    rows = [Version(record_type, name, version, updated, None) for _, _, name, version, updated in page]
    persons = BitMap(person for _, person, *_ in page if person is not None)
    numbers = [row[0] for row in page]
    return Gathered(rows, numbers, persons, {}, (numbers[-1],) if len(found) > limit else None)


def still_shown(
    access: Access, record_type: str, numbers: BitMap, parts: dict[int, str], reader: apsw.Connection
) -> bool:
    """Whether all these records may still be seen, and those with parts of their own as they were shown. It says
    nothing of which may not. Runs inside a read transaction."""
    seen = visible(access, record_type, reader)
    listed = orjson.dumps(numbers.to_array().tolist()).decode()
    sql = f"SELECT count(*) FROM json_each(?) j CROSS JOIN record r ON r.no = j.value WHERE {seen.sql}"
    (count,) = next(reader.execute(sql, (listed, *seen.values)))
    return count == len(numbers) and _parts_now(access, record_type, numbers, reader) == parts


def compare(ready: Sequence[Prepared], reader: apsw.Connection) -> list[Standing]:
    """What writing each of these would do to what is kept now; for a load, which reads only to compare."""
    sql = (
        "SELECT c.digest, r.deleted FROM type t JOIN record r ON r.type = t.no JOIN content c ON c.record = r.no"
        " WHERE t.name = ? AND r.id = ?"
    )
    found: list[Standing] = []
    for each in ready:
        row = next(reader.execute(sql, (each.type, each.id)), None)
        new = row is None or row[1]
        found.append("new" if new else "same" if row and row[0] == each.digest else "changed")
    return found


def _parts_now(access: Access, record_type: str, numbers: BitMap, reader: apsw.Connection) -> dict[int, str]:
    marked = sorted(_with_parts(reader, numbers.to_array().tolist()))
    body = shown(access, record_type, reader)
    sql = f"SELECT r.no, {body.sql} FROM json_each(?) j CROSS JOIN record r ON r.no = j.value"
    listed = orjson.dumps(marked).decode()
    return {no: _mark(plain(stored)) for no, stored in reader.execute(sql, (*body.values, listed))}


def _with_parts(reader: apsw.Connection, numbers: Sequence[int]) -> set[int]:
    sql = (
        "SELECT r.no FROM json_each(?) j CROSS JOIN record r ON r.no = j.value"
        f" WHERE r.labels & {PARTS} AND r.deleted = 0"
    )
    return {no for (no,) in reader.execute(sql, (orjson.dumps(list(numbers)).decode(),))}


def _mark(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=MARK).hexdigest()

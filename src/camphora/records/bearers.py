"""Who bears a number: whom an emergency opens that was declared by it.

Anybody who may record a Patient can write any number into it. So a number belongs to the Patient who bore it first: one
who is brought later, or comes to bear it later, neither takes an emergency from the first nor tells by its failing that
somebody bears the number who may not be seen (docs/rulings.md).
"""

from __future__ import annotations

import apsw
import orjson

from camphora.records.bodies import plain

NEVER = 1 << 62


def first_bearer(connection: apsw.Connection, value: str) -> tuple[int, str] | None:
    """The person, by number and by Patient id, who was the first to bear this whole identifier and bears it still, in
    either case of letters; None where nobody does."""
    # The upper case of a dotless i is an I, whose lower case is another letter: it is not the same number.
    same = value.casefold()
    spellings = sorted(each for each in {value, value.upper(), value.lower()} if each.casefold() == same)
    sql = (
        "SELECT DISTINCT r.no, r.person, r.id FROM type t JOIN param q ON q.type = t.no AND q.code = 'identifier'"
        f" JOIN term m ON m.param = q.no AND m.code IN ({','.join('?' * len(spellings))})"
        " JOIN posting p ON p.term = m.no JOIN record r ON r.no = p.record"
        " WHERE t.name = 'Patient' AND r.person IS NOT NULL"
    )
    found = list(connection.execute(sql, spellings))
    if len(found) > 1:
        found.sort(key=lambda row: (_since(connection, row[0], same), row[0]))
    return (found[0][1], found[0][2]) if found else None


def _since(connection: apsw.Connection, record: int, value: str) -> int:
    """When a version of a Patient first bore a number."""
    sql = (
        "SELECT updated, body FROM superseded WHERE record = ? AND body IS NOT NULL UNION ALL"
        " SELECT r.updated, c.body FROM record r JOIN content c ON c.record = r.no WHERE r.no = ? ORDER BY 1"
    )
    rows = connection.execute(sql, (record, record))
    return int(min((updated for updated, body in rows if value in _numbers(body)), default=NEVER))


def _numbers(body: bytes) -> set[str]:
    identifiers = orjson.loads(plain(body)).get("identifier", ())
    return {str(each.get("value", "")).casefold() for each in identifiers}

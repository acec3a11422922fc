"""References asked along a hierarchy: of records that lie in others (`partOf`), or of the versions of an address.

Source: https://hl7.org/fhir/R4/search.html#modifiers, `:above` and `:below` on references.
"""

from __future__ import annotations

from camphora.errors import TooLarge
from camphora.fhir.search.asking import ReferenceClause
from camphora.fhir.search.known import HIERARCHIES
from camphora.records.planning.conditions import among
from camphora.records.planning.work import Codes, Level, held

MOST_REACHED = 10_000
Alternative = tuple[str | None, str]


def reached(level: Level, codes: Codes, clause: ReferenceClause) -> tuple[Alternative, ...]:
    """The alternatives and all that lie above or below them; what the Access may not see leads no further."""
    found = dict.fromkeys(clause.alternatives)
    for kind, key in clause.alternatives:
        if kind == "":
            found |= dict.fromkeys(
                ("", each) for each in _versions(level, codes, key, clause.direction == "below")
            )
        elif kind:
            found |= dict.fromkeys(
                (kind, each) for each in _lying(level, kind, key, clause.direction == "below")
            )
    return tuple(found)


def _versions(level: Level, codes: Codes, address: str, below: bool) -> list[str]:
    """Of an address that is held with its version: below `URL|1` lie `URL|1` and `URL|1.2`, above it `URL`."""
    bare, _, version = address.partition("|")
    if not below:
        parts = version.split(".") if version else []
        return [bare, *(f"{bare}|{'.'.join(parts[:end])}" for end in range(1, len(parts) + 1))]
    start = f"{bare}|{version}." if version else f"{bare}|"
    params, given = among(codes.params)
    sql = f"SELECT code FROM term WHERE param IN {params} AND code >= ? AND code < ?"
    rows = level.work.connection.execute(sql, (*given, start, start + "\U0010ffff"))
    return [code for (code,) in rows]


def _lying(level: Level, kind: str, key: str, below: bool) -> list[str]:
    """The ids of the records of a type above or below one, step by step, each under the law."""
    code = HIERARCHIES.get(kind)
    if code is None or not level.work.access.covers(kind):
        return []
    found, rest = {key: None}, [key]
    while rest:
        one = rest.pop()
        for each in (_inside if below else _around)(level, kind, code, one):
            if each not in found:
                found[each] = None
                rest.append(each)
        if len(found) > MOST_REACHED:
            raise TooLarge("records-hierarchy-large", most=MOST_REACHED)
    return list(found)


def _inside(level: Level, kind: str, code: str, key: str) -> list[str]:
    place = level.work.level(kind)
    sql = (
        f"SELECT {place.row}.id FROM term t CROSS JOIN posting p ON p.term = t.no CROSS JOIN record {place.row}"
        f" ON {place.row}.no = p.record WHERE t.param = ? AND t.system = ? AND t.code = ? AND {place.law.sql}"
    )
    system = level.work.names.text(kind) or -1
    given = (place.param(code) or 0, system, key, *place.law.values)
    return [one for (one,) in list(level.work.connection.execute(sql, given))]


def _around(level: Level, kind: str, code: str, key: str) -> list[str]:
    place = level.work.level(kind)
    sql = (
        f"SELECT t.code FROM record {place.row} CROSS JOIN {held(place.row)}"
        f" AND {place.row}.id = ? AND t.param = ? AND t.system = ? AND {place.law.sql}"
    )
    system = level.work.names.text(kind) or -1
    given = (key, place.param(code) or 0, system, *place.law.values)
    return [one for (one,) in list(level.work.connection.execute(sql, given))]

"""Whom a search names: a question about a person is told of them, also where it finds nothing.

Named is who stands in a reference to a Patient, at any depth of chains, `_has` and filters; whose compartment is
searched; who is told by their id or identifier, of a Patient or at the end of a chain to one; and whose record is asked
for by its id. A search for records of nobody
(institutions, staff) tells of those whose records it goes through: they are named too, where they are few.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pyroaring import BitMap

from camphora.fhir.search.asking import (
    ChainClause,
    Clause,
    HasClause,
    IdClause,
    Query,
    ReferenceClause,
    TokenClause,
)
from camphora.policy.admission import SHARED_TYPES
from camphora.records.planning.compiling import sought
from camphora.records.planning.conditions import among
from camphora.records.planning.work import Work, same_level
from camphora.records.visible import visible

IDENTIFYING = ("identifier", "identifier:of-type")
FEW = 1_000
"""Up to so many persons whom a condition holds of are named; of more it tells of nobody alone."""


class NamedPersons(NamedTuple):
    """The persons whom a query names; `seen`: whether the reader may know one of them. Empty and seen where it names
    nobody."""

    persons: BitMap
    seen: bool


def named_persons(work: Work, query: Query, *, found: bool) -> NamedPersons:
    """That nothing was found about a person is told of them too, and so it is where they are hidden from the reader.
    `found`: whether the query found something, and so the reader knows somebody."""
    kinds = query.types or (query.type,)
    patients, by_id = set(_patients(query.clauses, query.type)), list(_ids(query.clauses))
    patients |= _owners(work, kinds, by_id)
    if query.compartment is not None and query.compartment[0] == "Patient":
        patients.add(query.compartment[1])
    identified = _identified(work, query.clauses, "Patient" if "Patient" in kinds else query.type)
    if identified is not None:
        patients |= identified
    persons = BitMap(work.names.persons(patients))
    if not SHARED_TYPES.isdisjoint(kinds):
        persons |= _through(work, query.clauses)
    if found or not (patients or by_id or identified is not None):
        return NamedPersons(persons, seen=True)
    return NamedPersons(persons, _seen(work, patients))


def _through(work: Work, clauses: Iterable[Clause]) -> BitMap:
    """The persons whose records meet what is asked at the other end of chains and `_has`, as far as they are seen."""
    persons = BitMap()
    for clause in clauses:
        if not isinstance(clause, ChainClause | HasClause):
            persons |= _through(work, same_level(clause))
        elif clause.type in SHARED_TYPES:
            persons |= _through(work, clause.clauses)
        else:
            persons |= _meeting(work, clause)
    return persons


def _meeting(work: Work, clause: ChainClause | HasClause) -> BitMap:
    work.before = work.levels
    there = sought(work, clause.type, clause.clauses)
    if there is None:
        return BitMap()
    drive, row = there.driven(), there.level.row
    sql = f"SELECT DISTINCT {row}.person FROM {drive.source.sql} WHERE {drive.where.sql} LIMIT ?"
    values = (*drive.source.values, *drive.where.values, FEW + 1)
    found = BitMap(person for (person,) in work.connection.execute(sql, values) if person is not None)
    return found if len(found) <= FEW else BitMap()


def _seen(work: Work, patients: Iterable[str]) -> bool:
    seen = visible(work.access, "Patient", work.connection)
    marks, values = among(sorted(patients))
    sql = (
        "SELECT 1 FROM record r JOIN type t ON t.no = r.type"
        f" WHERE t.name = 'Patient' AND r.id IN {marks} AND {seen.sql}"
    )
    return next(work.connection.execute(f"{sql} LIMIT 1", (*values, *seen.values)), None) is not None


def _ids(clauses: Iterable[Clause]) -> Iterator[str]:
    """The ids by which records of the searched types themselves are asked for."""
    for clause in clauses:
        if isinstance(clause, IdClause):
            yield from clause.alternatives
        else:
            yield from _ids(same_level(clause))


def _owners(work: Work, kinds: Iterable[str], keys: Iterable[str]) -> set[str]:
    """The Patient ids of those whose records bear these ids, also of deleted ones."""
    types, numbers = among([number for kind in kinds if (number := work.names.type(kind)) is not None])
    marks, names = among(list(dict.fromkeys(keys)))
    sql = (
        "SELECT p.patient FROM record r CROSS JOIN person p ON p.no = r.person"
        f" WHERE r.type IN {types} AND r.id IN {marks}"
    )
    rows = work.connection.execute(sql, (*numbers, *names)) if names else ()
    return {patient for (patient,) in rows}


def _patients(clauses: Iterable[Clause], record_type: str) -> Iterator[str]:
    """The Patient ids that clauses about this type name."""
    for clause in clauses:
        match clause:
            case ReferenceClause():
                yield from (key for kind, key in clause.alternatives if kind in {"Patient", None})
            case IdClause() if record_type == "Patient":
                yield from clause.alternatives
            case ChainClause() | HasClause():
                yield from _patients(clause.clauses, clause.type)
            case _:
                yield from _patients(same_level(clause), record_type)


def _identified(work: Work, clauses: Iterable[Clause], record_type: str) -> set[str] | None:
    """The ids of those whom identifiers of a Patient tell, or of one at the end of a chain; None where there is no such
    clause."""
    tokens = list(_identifiers(clauses, record_type))
    if not tokens:
        return None
    number = work.names.type("Patient") or 0
    terms = [
        term
        for clause in tokens
        if (param := work.names.param(number, clause.param)) is not None
        for system, code in clause.alternatives
        if code
        for term in work.names.terms(param, system, code)
    ]
    marks, values = among(terms)
    sql = f"SELECT q.id FROM posting p CROSS JOIN record q ON q.no = p.record WHERE p.term IN {marks}"
    return {name for (name,) in work.connection.execute(sql, values)}


def _identifiers(clauses: Iterable[Clause], record_type: str) -> Iterator[TokenClause]:
    for clause in clauses:
        match clause:
            case TokenClause() if record_type == "Patient" and clause.param in IDENTIFYING:
                yield clause
            case ChainClause() | HasClause():
                yield from _identifiers(clause.clauses, clause.type)
            case _:
                yield from _identifiers(same_level(clause), record_type)

"""Whom a search names: a question about a person is told of them, also where it finds nothing.

Named is who stands in a reference to a Patient, at any depth of chains, `_has` and filters; whose compartment is
searched; who is told by their id or identifier, of a Patient or at the end of a chain to one; and whose record is asked
for by its id. A search for records of nobody
(institutions, staff) tells of those whose records it goes through: they are named too, where they are few.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pyroaring import BitMap

from camphora.fhir.search import parameters
from camphora.fhir.search.asking import (
    ChainClause,
    Clause,
    HasClause,
    IdClause,
    Include,
    ListClause,
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
    """The persons whom a query names; `seen`: whether the reader may know one of them, or see one of the records that
    it names by id. Empty and seen where it names nobody. `through`: those of them whom the reader sees by what was gone
    through; `patients`: those whom it names by their Patient id; `keys`: by how many keys it names somebody, known or
    not."""

    persons: BitMap
    seen: bool
    through: BitMap
    patients: BitMap
    keys: int

    def places(self, told: BitMap) -> int:
        """For how many persons the line of a receipt has a place where the answer tells of these: for each of them,
        and for each key by which it might have told of another."""
        shown = told | self.through
        return len(shown) + self.keys - len(shown & self.patients)


def named_persons(work: Work, query: Query, *, found: bool) -> NamedPersons:
    """That nothing was found about a person is told of them too, and so it is where they are hidden from the reader.
    `found`: whether the query found something, and so the reader knows somebody."""
    kinds = query.types or (query.type,)
    patients, by_id = set(_patients(query.clauses, query.type)), list(_ids(query.clauses))
    if query.compartment is not None and query.compartment[0] == "Patient":
        patients.add(query.compartment[1])
    tokens = list(_identifiers(query.clauses, "Patient" if "Patient" in kinds else query.type))
    owners, bearers = _owners(work, kinds, by_id), _bearers(work, tokens)
    by_patient = BitMap(work.names.persons(patients)) if patients else BitMap()
    others = owners | bearers
    persons = by_patient | BitMap(work.names.persons(others)) if others else by_patient
    through = BitMap() if SHARED_TYPES.isdisjoint(kinds) else _through(work, query.clauses)
    keys = len(patients) + len(_written(tokens)) + (len(set(by_id) - patients) if by_id else 0)
    if found or not (patients or by_id or tokens):
        return NamedPersons(persons | through, True, through, by_patient, keys)
    rest = [kind for kind in kinds if not kind == query.type == "Patient"]  # whose ids are among the patients
    seen = _seen(work, "Patient", patients | bearers) or _sees_one(work, rest, by_id)
    return NamedPersons(persons | through, seen, through, by_patient, keys)


def about_persons(query: Query) -> bool:
    """Whether a query goes over records of persons: by what it asks alone, so that it says nothing of what there is."""
    kinds = {*(query.types or (query.type,)), *_gone_over(query.clauses)}
    if query.compartment is not None:
        kinds.add(query.compartment[0])
    return not SHARED_TYPES.issuperset(kinds) or any(map(_brings_persons, query.includes))


def _gone_over(clauses: Iterable[Clause]) -> Iterator[str]:
    """The types of records that clauses look into or name; a reference of no type may name a Patient."""
    for clause in clauses:
        match clause:
            case ChainClause() | HasClause():
                yield clause.type
                yield from _gone_over(clause.clauses)
            case ListClause():
                yield "List"
            case ReferenceClause():
                yield from (kind or "Patient" for kind, _ in clause.alternatives if kind in {"Patient", None})
            case _:
                yield from _gone_over(same_level(clause))


def _brings_persons(include: Include) -> bool:
    """Whether what is included may be about somebody."""
    if include.source is None or include.source not in SHARED_TYPES:
        return True
    if include.reverse or include.target is not None:
        return include.target is not None and include.target not in SHARED_TYPES
    declared = parameters(include.source)
    reached = [declared[include.param]] if include.param in declared else list(declared.values())
    return not SHARED_TYPES.issuperset(kind for one in reached for kind in one.targets)


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


def _sees_one(work: Work, kinds: Iterable[str], keys: Sequence[str]) -> bool:
    """Whether the reader may see one of the records that are asked for by id: one that is closed is as absent, though
    its person may be known."""
    return bool(keys) and any(_seen(work, kind, keys) for kind in kinds)


def _seen(work: Work, kind: str, keys: Iterable[str]) -> bool:
    seen = visible(work.access, kind, work.connection, judge=work.judge(kind))
    marks, values = among(sorted(keys))
    sql = f"SELECT 1 FROM record r JOIN type t ON t.no = r.type WHERE t.name = ? AND r.id IN {marks} AND {seen.sql}"
    return next(work.connection.execute(f"{sql} LIMIT 1", (kind, *values, *seen.values)), None) is not None


def _ids(clauses: Iterable[Clause]) -> Iterator[str]:
    """The ids by which records of the searched types themselves are asked for."""
    for clause in clauses:
        if isinstance(clause, IdClause):
            yield from clause.alternatives
        else:
            yield from _ids(same_level(clause))


def _owners(work: Work, kinds: Iterable[str], keys: Sequence[str]) -> set[str]:
    """The Patient ids of those whose records bear these ids, also of deleted ones."""
    if not keys:
        return set()
    types, numbers = among([number for kind in kinds if (number := work.names.type(kind)) is not None])
    marks, names = among(list(dict.fromkeys(keys)))
    sql = (
        "SELECT p.patient FROM record r CROSS JOIN person p ON p.no = r.person"
        f" WHERE r.type IN {types} AND r.id IN {marks}"
    )
    return {patient for (patient,) in work.connection.execute(sql, (*numbers, *names))}


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


def _written(tokens: Iterable[TokenClause]) -> set[tuple[str | None, str]]:
    """The identifiers that are asked for, one written in several cases once."""
    return {(system, code.casefold()) for clause in tokens for system, code in clause.alternatives if code}


def _bearers(work: Work, tokens: Sequence[TokenClause]) -> set[str]:
    """The Patient ids of those whom identifiers of a Patient tell, or of one at the end of a chain."""
    if not tokens:
        return set()
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

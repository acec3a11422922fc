"""Chains, `_has`, lists and compartments: clauses that look into other records.

Every other record is a level of its own, under the law of its type; a type that the Access does not cover holds
nothing. What is hidden is refused before its links are followed, so that it costs what is absent costs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from camphora.fhir import definitions
from camphora.fhir.references import Reference, parse_reference
from camphora.fhir.search import FUNCTIONAL_LISTS
from camphora.fhir.search.asking import ChainClause, HasClause, IdClause, ListClause
from camphora.records.bodies import plain
from camphora.records.concealed import concealed
from camphora.records.planning.conditions import NEVER, UNCOUNTED, Condition, Listing, among, any_of
from camphora.records.planning.driving import Sought, Sql, together
from camphora.records.planning.values import ids, referring
from camphora.records.planning.work import Level, Work, held, names_the_person
from camphora.records.visible import shown

FEW = 100
"""Up to so many records at the other end, what is linked with them is counted."""


def chain(level: Level, clause: ChainClause, sought: Sought | None) -> Condition:
    """`sought`: the records at the other end; None where the Access does not cover their type."""
    told = f"chain {clause.param}:{clause.type}"
    codes = level.codes(clause.param)
    if codes is None or sought is None:
        return NEVER._replace(told=told)
    told = f"{told} ({', '.join(each.told for each in sought.conditions)})"
    kind = level.work.names.text(clause.type) or -1
    if codes.kind not in {None, kind}:
        return NEVER._replace(told=told)
    params, numbers = among(codes.params)
    named = Sql(f"t.param IN {params} AND t.system = ? AND t.code = {sought.level.row}.id", (*numbers, kind))
    drive = sought.driven()
    sql = (
        f"SELECT DISTINCT p.record AS record FROM {drive.source.sql} CROSS JOIN term t"
        f" CROSS JOIN posting p ON p.term = t.no WHERE {drive.where.sql} AND {named.sql}"
    )
    listing = Listing(sql, (*drive.source.values, *drive.where.values, *named.values))
    weight = level.work.count(sql, listing.values) if sought.weight <= FEW else UNCOUNTED
    test = _named_by(level, clause, sought, named)
    return Condition(test.sql, test.values, weight, listing, looks=True, late=True, told=told)


def _named_by(level: Level, clause: ChainClause, sought: Sought, named: Sql) -> Sql:
    """The test of one row: what it names, found by its person where that is it, else by its own terms."""
    there, where = sought.level, together(sought.tested())
    if clause.type == "Patient" and names_the_person(level.type, clause.param):
        sql = (
            f"EXISTS (SELECT 1 FROM record {there.row} INDEXED BY record_by_person CROSS JOIN term t"
            f" CROSS JOIN posting p ON p.term = t.no AND p.record = {level.row}.no"
            f" WHERE {there.row}.person = {level.row}.person AND {where.sql} AND {named.sql})"
        )
        return Sql(sql, (*where.values, *named.values))
    sql = (
        f"EXISTS (SELECT 1 FROM {held(level.row)} AND {named.sql.rpartition(' AND ')[0]} AND EXISTS"
        f" (SELECT 1 FROM record {there.row} WHERE {there.row}.id = t.code AND {where.sql}))"
    )
    return Sql(sql, (*named.values, *where.values))


def has(level: Level, clause: HasClause, sought: Sought | None) -> Condition:
    """`sought`: the records that name the searched one; None where the Access does not cover their type."""
    told = f"_has {clause.type}:{clause.param}"
    codes = sought.level.codes(clause.param) if sought is not None else None
    if sought is None or codes is None:
        return NEVER._replace(told=told)
    told = f"{told} ({', '.join(each.told for each in sought.conditions)})"
    kind = level.work.names.text(level.type) or -1
    if codes.kind not in {None, kind}:
        return NEVER._replace(told=told)
    params, numbers = among(codes.params)
    there, where = sought.level, together(sought.tested())
    test = (
        "EXISTS (SELECT 1 FROM term t CROSS JOIN posting p ON p.term = t.no"
        f" CROSS JOIN record {there.row} ON {there.row}.no = p.record"
        f" WHERE t.param IN {params} AND t.system = ? AND t.code = {level.row}.id AND {where.sql})"
    )
    listing = _naming(level, clause, sought, Sql(f"t.param IN {params} AND t.system = ?", (*numbers, kind)))
    few = sought.weight <= FEW
    weight = level.work.count(listing.sql, listing.values) if few else sought.weight
    return Condition(test, (*numbers, kind, *where.values), weight, listing, looks=True, late=True, told=told)


def _naming(level: Level, clause: HasClause, sought: Sought, named: Sql) -> Listing:
    """The records that the found ones name: a Patient by the person whom they are about, else by their own terms."""
    drive, there = sought.driven(), sought.level.row
    given = (*drive.source.values, *drive.where.values)
    if level.type == "Patient" and names_the_person(clause.type, clause.param):
        sql = (
            f"SELECT DISTINCT q.no AS record FROM {drive.source.sql} CROSS JOIN record q INDEXED BY record_by_person"
            f" ON q.person = {there}.person AND q.type = ? WHERE {drive.where.sql}"
        )
        return Listing(sql, (*drive.source.values, level.number, *drive.where.values), exact=False)
    sql = (
        f"SELECT DISTINCT q.no AS record FROM {drive.source.sql} CROSS JOIN {_kept(there)}"
        f" CROSS JOIN record q WHERE {drive.where.sql} AND {named.sql} AND q.type = ? AND q.id = t.code"
    )
    return Listing(sql, (*given, *named.values, level.number))


def _kept(row: str) -> str:
    return (
        f"content k ON k.record = {row}.no CROSS JOIN json_each(terms_in(k.keys)) e"
        " CROSS JOIN term t ON t.no = e.value"
    )


def listed(level: Level, clause: ListClause) -> Condition:
    """What the Lists name, entries that are marked deleted left out: read here, under the law, with the parts that are
    closed taken out."""
    found: dict[str, None] = {}
    for name in clause.alternatives:
        lists = (
            _current(level.work, name, clause.patients) if name.startswith("$") else _named(level.work, name)
        )
        named = (one for each in lists for one in _entries(each))
        found |= dict.fromkeys(one.id for one in named if one.type == level.type)
    return (ids(level, IdClause(tuple(found))) if found else NEVER)._replace(told="_list")


def entries_of(work: Work, name: str) -> list[Reference]:
    """The records that the List of this id names, under the law; its person is then among those that `work` read."""
    return [one for each in _named(work, name) for one in _entries(each)]


def _named(work: Work, name: str) -> list[dict[str, Any]]:
    return _lists(work, "record {0}", "{0}.id = ?", name)


def _current(work: Work, name: str, patients: Iterable[str]) -> list[dict[str, Any]]:
    """The Lists of these patients that are kept up (lifecycle.html#current). Who is hidden wholly has none."""
    hidden = concealed(work.judge("List"), patients).concealed
    rows = "person p CROSS JOIN record {0} INDEXED BY record_by_person ON {0}.person = p.no"
    return [
        each
        for patient in dict.fromkeys(patients)
        if patient not in hidden
        for each in _lists(work, rows, "p.patient = ?", patient)
        if (each.get("status"), each.get("mode")) == ("current", "working")
        and not FUNCTIONAL_LISTS[name].isdisjoint(_codes(each))
        and parse_reference(each.get("subject", {}).get("reference", ""))[:3] == ("local", "Patient", patient)
    ]


def _codes(body: dict[str, Any]) -> set[tuple[str, str]]:
    codings = body.get("code", {}).get("coding", ())
    return {(each.get("system", ""), each.get("code", "")) for each in codings}


def _lists(work: Work, rows: str, where: str, value: str) -> list[dict[str, Any]]:
    """The Lists under the law of their type, from these rows."""
    if not work.access.covers("List"):
        return []
    there = work.level("List")
    body = shown(work.access, "List", work.connection, row=there.row, judge=work.judge("List"))
    sql = (
        f"SELECT {there.row}.person, {body.sql} FROM {rows.format(there.row)}"
        f" WHERE {where.format(there.row)} AND {there.law.sql}"
    )
    found = list(work.connection.execute(sql, (*body.values, value, *there.law.values)))
    work.persons |= {person for person, _ in found} - {None}
    return [orjson.loads(plain(stored)) for _, stored in found]


def _entries(body: dict[str, Any]) -> list[Reference]:
    entries = body.get("entry", ())
    texts = [each.get("item", {}).get("reference") for each in entries if each.get("deleted") is not True]
    named = [parse_reference(text) for text in texts if isinstance(text, str)]
    return [each for each in named if each.kind == "local"]


def compartment(level: Level, kind: str, key: str) -> Condition:
    """Any of the parameters that put a record of this type into the compartment names its owner, who lies in it too."""
    told = f"compartment {kind}"
    params = definitions.compartment(kind).get(level.type, ())
    found = [
        level.postings(referring(level, codes, [(kind, key)]), told)
        for code in params
        if (codes := level.codes(code)) is not None
    ]
    if level.type == kind:
        found.append(ids(level, IdClause((key,))))
    return any_of(found, level.row)._replace(told=told)

"""Tokens, references, addresses, strings, and whether there is a value: what the lists of terms answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from camphora.fhir.search.asking import (
    Direction,
    IdClause,
    MissingClause,
    Mode,
    ReferenceClause,
    StringClause,
    TokenClause,
    UpdatedClause,
    UriClause,
)
from camphora.records.planning.comparing import Test, dated, either
from camphora.records.planning.conditions import NEVER, Condition, Listing, among
from camphora.records.planning.hierarchies import reached
from camphora.records.planning.work import Codes, Level, names_the_person
from camphora.records.terms import Names

EXACT = ":exact"
LAST = "\U0010ffff"
"""Comes after every text that begins alike."""
OF_A_PERSON = 1_000
"""So far the records of one person are counted."""


def ids(level: Level, clause: IdClause) -> Condition:
    marks, values = among(list(dict.fromkeys(clause.alternatives)))
    listing = Listing(
        f"SELECT no AS record FROM record WHERE type = ? AND id IN {marks}", (level.number, *values)
    )
    return Condition(f"{level.row}.id IN {marks}", values, len(clause.alternatives), listing, told="_id")


def updated(level: Level, clause: UpdatedClause) -> Condition:
    at = f"{level.row}.updated"
    sql, values = either([dated(*each, at, at) for each in clause.alternatives])
    return Condition(sql, tuple(values), told="_lastUpdated")


def tokens(level: Level, clause: TokenClause) -> Condition:
    told = f"token {clause.param}"
    exact = clause.param.endswith(EXACT)
    codes = level.codes(clause.param.removesuffix(EXACT))
    if codes is None:
        return NEVER._replace(told=told)
    found = [term_numbers(level, codes, one, exact=exact) for one in clause.alternatives if one[1]]
    named = [number for numbers in found for number in numbers]
    whole = [system for system, code in clause.alternatives if not code]
    if not whole:
        return level.postings(named, told)
    params, given = among(codes.params)
    if None in whole:
        return level.holding(f"t.param IN {params}", given, told)
    systems, values = among([level.work.names.text(system or "") or 0 for system in whole])
    terms, numbers = among(named)
    either_of = f"t.param IN {params} AND (t.system IN {systems} OR t.no IN {terms})"
    return level.holding(either_of, (*given, *values, *numbers), told)


def term_numbers(
    level: Level, codes: Codes, alternative: tuple[str | None, str | None], *, exact: bool = False
) -> list[int]:
    """The terms that a system and code mean."""
    names, (system, code) = level.work.names, alternative
    if exact:
        return [number for param in codes.params for number in names.exactly(param, code or "")]
    return [number for param in codes.params for number in names.terms(param, system, code or "")]


def addresses(level: Level, clause: UriClause) -> Condition:
    told = f"address {clause.param} {clause.direction or ''}".rstrip()
    codes = level.codes(clause.param)
    if codes is None:
        return NEVER._replace(told=told)
    found = [
        _addressed(level.work.names, clause.direction, param, text)
        for param in codes.params
        for text in clause.alternatives
    ]
    return level.postings([number for numbers in found for number in numbers], told)


def _addressed(names: Names, direction: Direction | None, param: int, text: str) -> list[int]:
    if direction is None:
        return names.terms(param, None, text)
    return names.above(param, text) if direction == "above" else names.starting(param, text)


def references(level: Level, clause: ReferenceClause) -> Condition:
    told = f"reference {clause.param} {clause.direction or ''}".rstrip()
    codes = level.codes(clause.param)
    if codes is None:
        return NEVER._replace(told=told)
    if clause.direction is not None:
        clause = replace(clause, alternatives=reached(level, codes, clause), direction=None)
    found = level.postings(referring(level, codes, clause.alternatives), told)
    person = _person(level, clause)
    if person is None:
        return found
    listed = "SELECT 1 FROM record WHERE person = ? AND type = ?"
    weight = level.work.count(listed, (person, level.number), most=OF_A_PERSON)
    return found._replace(weight=min(found.weight, weight), person=person)


def referring(level: Level, codes: Codes, alternatives: Sequence[tuple[str | None, str]]) -> list[int]:
    """The terms that references mean, without those to patients of whom nothing may be shown."""
    names, terms = level.work.names, list[int]()
    for param in codes.params:
        for kind, key in alternatives:
            hidden = names.terms(param, "Patient", key) if key in level.concealed else []
            found = names.references(param, key) if kind is None else names.terms(param, kind, key)
            terms += [term for term in found if term not in hidden]
    kinds = {kind for kind, _ in alternatives}
    return terms if kinds == {codes.target} else _of_kind(level, codes, terms)


def _of_kind(level: Level, codes: Codes, terms: list[int]) -> list[int]:
    """Those of the terms that lead to the parameter's one type, or to an address of which no type is known."""
    if codes.kind is None or not terms:
        return terms
    marks, values = among(terms)
    sql = f"SELECT no FROM term WHERE no IN {marks} AND system IN (0, ?)"
    return [number for (number,) in level.work.connection.execute(sql, (*values, codes.kind))]


def _person(level: Level, clause: ReferenceClause) -> int | None:
    """The number of the one patient whom the records are about that the clause lets through; 0 where nobody may be
    shown, None where it does not name one alone."""
    if len(clause.alternatives) != 1 or not names_the_person(level.type, clause.param):
        return None
    kind, key = clause.alternatives[0]
    if kind != "Patient":
        return None
    known = [] if key in level.concealed else level.work.names.persons([key])
    return known[0] if known else 0


def strings(level: Level, clause: StringClause) -> Condition:
    told = f"string {clause.param} {clause.mode}"
    codes = level.codes(clause.param)
    if codes is None:
        return NEVER._replace(told=told)
    params, given = among(codes.params)
    sql, values = either([texts(clause.mode, text) for text in clause.alternatives])
    return level.holding(f"t.param IN {params} AND ({sql})", (*given, *values), told)


def texts(mode: Mode, text: str) -> Test:
    """A term's folded text against one that is asked."""
    match mode:
        case "start":
            return "t.code >= ? AND t.code < ?", [text, text + LAST]
        case "contains":
            return "instr(t.code, ?) > 0", [text]
        case "end":
            return "substr(t.code, -length(?)) = ?", [text, text]
        case "exact":
            return "t.code = ?", [text]
        case _:
            sign = {"gt": ">", "lt": "<", "ge": ">=", "le": "<="}[mode]
            return f"t.code {sign} ?", [text]


def missing(level: Level, clause: MissingClause) -> Condition:
    """Whether the record has a value, by what is kept of each record: under which parameters it is found."""
    told = f"{clause.param} {'missing' if clause.missing else 'present'}"
    param = level.param(clause.param)
    if param is None:
        return Condition("1", told=told) if clause.missing else NEVER._replace(told=told)
    has = f"EXISTS (SELECT 1 FROM content k WHERE k.record = {level.row}.no AND holds(k.keys, ?))"
    return Condition(f"NOT {has}" if clause.missing else has, (param,), told=told)

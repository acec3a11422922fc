"""A query as one SQL statement, law and consent inside it.

Each clause becomes a condition on a record row `r`; the most selective one that can drives the search. A term
that cannot exist makes the whole clause false, and the statement still runs, so that what is hidden and what
is absent cost the same.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import apsw
import orjson

from camphora.fhir.search import (
    Clause,
    DateClause,
    MissingClause,
    Query,
    ReferenceClause,
    StringClause,
    TokenClause,
)
from camphora.policy import Access
from camphora.policy.vocabulary import Purpose
from camphora.records.concealed import concealed
from camphora.records.derived import area_range
from camphora.records.terms import Names
from camphora.records.visible import Predicate, shown, visible

NEVER = 9_000_000_000_000_000
"""Sorts what has no date after all that has one, in both directions."""
FEW_TERMS = 200
RECORDS = "record r"
LOCAL = "local d CROSS JOIN record r ON r.no = d.record"
PERSON_PARAMS = frozenset({"patient", "subject"})


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL over a row `r`. `term` is the one posting list that the condition equals, where there is one;
    `weight` a guess of how many rows it lets through (smaller drives)."""

    sql: str
    values: tuple[object, ...] = ()
    term: int | None = None
    weight: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything of a statement but its columns and its limit."""

    source: str
    conditions: tuple[Condition, ...]
    order: tuple[tuple[str, bool, tuple[object, ...]], ...]
    """(expression, descending, its parameters)"""
    body: Predicate
    """The expression that gives what the Access may see of a body."""

    def select(
        self, columns: str, after: list[int | str] | None = None, limit: int | None = None
    ) -> tuple[str, list[object]]:
        """The statement and its parameters: the columns, the body, the sort keys. `after` are the sort keys of the last
        record already shown."""
        conditions = [*self.conditions, *([self._after(after)] if after else [])]
        where = " AND ".join(f"({condition.sql})" for condition in conditions)
        values = [value for condition in conditions for value in condition.values]
        order_values = [value for _, _, given in self.order for value in given]
        keys = "".join(f", {expression}" for expression, _, _ in self.order)
        order = ", ".join(f"{expression} {'DESC' if down else 'ASC'}" for expression, down, _ in self.order)
        sql = f"SELECT {columns}, {self.body.sql}{keys} FROM {self.source} WHERE {where} ORDER BY {order}"
        tail = [] if limit is None else [limit]
        sql += " LIMIT ?" if tail else ""
        return sql, [*self.body.values, *order_values, *values, *order_values, *tail]

    def persons(self) -> tuple[str, list[object]]:
        """The statement that counts the matches of each person: their sum is the total, and a count is a reading."""
        where = " AND ".join(f"({condition.sql})" for condition in self.conditions)
        return f"SELECT r.person, count(*) FROM {self.source} WHERE {where} GROUP BY r.person", [
            value for condition in self.conditions for value in condition.values
        ]

    def _after(self, keys: list[int | str]) -> Condition:
        """Rows behind the given keys: equal in all earlier ones and beyond in one."""
        parts: list[str] = []
        values: list[object] = []
        for number, (expression, down, given) in enumerate(self.order):
            equal = [f"{self.order[earlier][0]} = ?" for earlier in range(number)]
            for earlier in range(number):
                values += [*self.order[earlier][2], keys[earlier]]
            parts.append(" AND ".join([*equal, f"{expression} {'<' if down else '>'} ?"]))
            values += [*given, keys[number]]
        return Condition(" OR ".join(f"({part})" for part in parts), tuple(values))


def plan(query: Query, access: Access, connection: apsw.Connection) -> Plan:
    """Compile a query for one Access on one connection (whose snapshot the numbers come from)."""
    compiler = _Compiler(Names(connection), connection, query.type, _concealed(query, access, connection))
    conditions = [compiler.condition(clause) for clause in query.clauses]
    conditions += [compiler.updated(clause) for clause in query.last_updated]
    if query.ids is not None:
        marks = ",".join("?" * len(query.ids))
        conditions.append(Condition(f"r.id IN ({marks})", query.ids, weight=0))
    conditions += compiler.person(query)
    conditions.sort(key=lambda condition: condition.weight)
    source, conditions = _driven(conditions, _areas(access))
    seen = visible(access, query.type, connection, area="d.area" if source == LOCAL else None)
    fixed = Condition("r.type = ? AND r.deleted = 0", (compiler.type_no,))
    return Plan(
        source,
        (fixed, *conditions, Condition(seen.sql, tuple(seen.values))),
        compiler.order(query, "d.record" if source != RECORDS else "r.no"),
        shown(access, query.type, connection),
    )


def _concealed(query: Query, access: Access, connection: apsw.Connection) -> frozenset[str]:
    references = (clause for clause in query.clauses if isinstance(clause, ReferenceClause))
    named = {key for clause in references for kind, key in clause.alternatives if kind in {"Patient", None}}
    return concealed(access, query.type, named, connection)


class NamedPersons(NamedTuple):
    """The persons whom a query names; `seen`: whether the reader may know one of them. Empty and seen where it names
    nobody."""

    persons: list[int]
    seen: bool


def named_persons(query: Query, access: Access, connection: apsw.Connection, *, found: bool) -> NamedPersons:
    """That nothing was found about a person is told of them too, and so it is where they are hidden from the reader.
    `found`: whether the query found something, and so the reader knows somebody."""
    patients = [
        key
        for clause in query.clauses
        if isinstance(clause, ReferenceClause)
        for kind, key in clause.alternatives
        if kind in {"Patient", None}
    ]
    persons = Names(connection).persons(patients)
    if not patients or found:
        return NamedPersons(persons, seen=True)
    seen = visible(access, "Patient", connection)
    marks = ",".join("?" * len(patients))
    sql = (
        "SELECT 1 FROM record r JOIN type t ON t.no = r.type"
        f" WHERE t.name = 'Patient' AND r.id IN ({marks}) AND {seen.sql}"
    )
    row = next(connection.execute(f"{sql} LIMIT 1", (*patients, *seen.values)), None)
    return NamedPersons(persons, seen=row is not None)


def _driven(conditions: list[Condition], areas: tuple[int, ...]) -> tuple[str, list[Condition]]:
    """Drive by a single posting list where that is the most selective condition; for an officer of some areas by that
    of the notifiable records there."""
    if not conditions or conditions[0].term is None:
        return RECORDS, conditions
    first, *others = conditions
    if areas:
        marks = ",".join("?" * len(areas))
        driver = Condition(f"d.term = ? AND d.area IN ({marks})", (first.term, *areas))
        return LOCAL, [driver, *others]
    driver = Condition("d.term = ?", (first.term,))
    return "posting d CROSS JOIN record r ON r.no = d.record", [driver, *others]


def _areas(access: Access) -> tuple[int, ...]:
    """The areas whose postings of notifiable records hold all that a surveillance officer may see; none where the
    officer's areas are not limited, or one lies in another, where a record would be found twice."""
    return _apart(access.scope.areas) if access.purpose is Purpose.SURVEILLANCE else ()


@lru_cache(maxsize=1024)
def _apart(areas: frozenset[str]) -> tuple[int, ...]:
    """The first numbers of areas that do not overlap; none where some do."""
    ranges = sorted(found for code in areas if (found := area_range(code)))
    apart = all(before[1] < after[0] for before, after in itertools.pairwise(ranges))
    return tuple(low for low, _ in ranges) if apart else ()


class _Compiler:
    """Turns clauses into conditions for one resource type."""

    def __init__(
        self, names: Names, connection: apsw.Connection, resource_type: str, concealed: frozenset[str]
    ) -> None:
        self.names = names
        self.concealed = concealed
        self.connection = connection
        self.type = resource_type
        self.type_no = names.type(resource_type) or 0

    def condition(self, clause: Clause) -> Condition:
        param = self.names.param(self.type_no, clause.param)
        if param is None:
            absent = isinstance(clause, MissingClause) and clause.missing
            return Condition("1" if absent else "0", weight=0)
        match clause:
            case TokenClause():
                return self._postings(self._token_terms(param, clause))
            case ReferenceClause():
                return self._postings(self._reference_terms(param, clause))
            case DateClause():
                return self._spans(param, clause)
            case StringClause():
                return self._words(param, clause)
            case MissingClause():
                return self._missing(param, clause)

    def updated(self, clause: DateClause) -> Condition:
        tests = [
            _against(prefix, low, high, "r.updated", "r.updated") for prefix, low, high in clause.alternatives
        ]
        return Condition(
            " OR ".join(f"({sql})" for sql, _ in tests),
            tuple(value for _, values in tests for value in values),
        )

    def person(self, query: Query) -> list[Condition]:
        """Where a query names one patient, the person's own rows drive it."""
        for clause in query.clauses:
            if (
                isinstance(clause, ReferenceClause)
                and clause.param in PERSON_PARAMS
                and len(clause.alternatives) == 1
            ):
                kind, key = clause.alternatives[0]
                if kind == "Patient":
                    numbers = self.names.persons([key])
                    return [Condition("r.person = ?", (numbers[0] if numbers else 0,), weight=10)]
        return []

    def order(self, query: Query, number: str) -> tuple[tuple[str, bool, tuple[object, ...]], ...]:
        """The sort keys, last of all the record's `number`: of the posting list where that drives, so that a page is
        read off it without sorting."""
        keys: list[tuple[str, bool, tuple[object, ...]]] = []
        for code, down in query.sort:
            if code == "_id":
                keys.append(("r.id", down, ()))
            elif code == "_lastUpdated":
                keys.append(("r.updated", down, ()))
            else:
                param = self.names.param(self.type_no, code) or 0
                edge, none = ("max(s.high)", -NEVER) if down else ("min(s.low)", NEVER)
                sql = f"coalesce((SELECT {edge} FROM span s WHERE s.record = r.no AND s.param = ?), {none})"
                keys.append((sql, down, (param,)))
        return (*keys, (number, bool(keys) and keys[-1][1], ()))

    def _token_terms(self, param: int, clause: TokenClause) -> list[int]:
        return [
            term
            for system, code in clause.alternatives
            for term in self.names.terms(param, system, code or "")
        ]

    def _reference_terms(self, param: int, clause: ReferenceClause) -> list[int]:
        terms: list[int] = []
        for kind, key in clause.alternatives:
            hidden = self.names.terms(param, "", f"Patient/{key}") if key in self.concealed else []
            if kind is None:
                found = self.names.references(param, key)
            else:
                found = self.names.terms(param, "", f"{kind}/{key}" if kind else key)
            terms += [term for term in found if term not in hidden]
        return terms

    def _postings(self, terms: list[int]) -> Condition:
        if not terms:
            return Condition("0", weight=0)
        any_of, values = _any_of(terms)
        sql = f"EXISTS (SELECT 1 FROM posting p WHERE p.term IN {any_of} AND p.record = r.no)"
        return Condition(sql, values, terms[0] if len(terms) == 1 else None, self._weight(terms))

    def _weight(self, terms: list[int]) -> int:
        """How many records hold one of the terms, counted to a thousand."""
        any_of, values = _any_of(terms)
        sql = f"SELECT count(*) FROM (SELECT 1 FROM posting WHERE term IN {any_of} LIMIT 1000)"
        (found,) = next(self.connection.execute(sql, values))
        return int(found)

    def _spans(self, param: int, clause: DateClause) -> Condition:
        tests = [_against(prefix, low, high, "s.low", "s.high") for prefix, low, high in clause.alternatives]
        sql = " OR ".join(f"({sql})" for sql, _ in tests)
        values = tuple(value for _, given in tests for value in given)
        whole = f"EXISTS (SELECT 1 FROM span s WHERE s.record = r.no AND s.param = ? AND ({sql}))"
        return Condition(whole, (param, *values), weight=100_000)

    def _words(self, param: int, clause: StringClause) -> Condition:
        tests: list[str] = []
        values: list[object] = [param]
        for text in clause.alternatives:
            if clause.mode == "contains":
                tests.append("instr(w.folded, ?) > 0")
                values.append(text)
            elif clause.mode == "exact":
                tests.append("w.folded = ?")
                values.append(text)
            else:
                tests.append("w.folded >= ? AND w.folded < ?")
                values += [text, text + "\U0010ffff"]
        either = " OR ".join(f"({test})" for test in tests)
        sql = f"r.no IN (SELECT w.record FROM word w WHERE w.param = ? AND ({either}))"
        return Condition(sql, tuple(values), weight=500)

    def _missing(self, param: int, clause: MissingClause) -> Condition:
        has = {
            "date": "EXISTS (SELECT 1 FROM span s WHERE s.record = r.no AND s.param = ?)",
            "string": "EXISTS (SELECT 1 FROM word w WHERE w.record = r.no AND w.param = ?)",
        }.get(
            clause.kind,
            "EXISTS (SELECT 1 FROM json_each(r.keys, '$[0]') k JOIN term t ON t.no = k.value WHERE t.param = ?)",
        )
        return Condition(f"NOT {has}" if clause.missing else has, (param,), weight=900_000)


def _any_of(terms: list[int]) -> tuple[str, tuple[object, ...]]:
    """What stands after IN: a list of marks, or one JSON array where a token such as `system|` means more terms than a
    statement takes parameters (32,766)."""
    if len(terms) <= FEW_TERMS:
        return f"({','.join('?' * len(terms))})", tuple(terms)
    return "(SELECT value FROM json_each(?))", (orjson.dumps(terms).decode(),)


def _against(prefix: str, low: int, high: int, start: str, end: str) -> tuple[str, list[object]]:
    """A date's comparison (R4 search, prefixes) of a record's span start..end with the value's low..high."""
    within = f"{start} >= ? AND {end} <= ?"
    match prefix:
        case "eq":
            return within, [low, high]
        case "ne":
            return f"NOT ({within})", [low, high]
        case "gt":
            return f"{end} > ?", [high]
        case "lt":
            return f"{start} < ?", [low]
        case "ge":
            return f"{end} > ? OR ({within})", [high, low, high]
        case "le":
            return f"{start} < ? OR ({within})", [low, low, high]
        case "sa":
            return f"{start} > ?", [high]
        case "eb":
            return f"{end} < ?", [low]
        case _:
            return f"{start} <= ? AND {end} >= ?", [high, low]

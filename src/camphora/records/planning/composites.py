"""Composites: components that hold of the same element together, by the rows of `pair` (sql/0011-form.sql)."""

from __future__ import annotations

from collections.abc import Iterable

from camphora.errors import Invalid
from camphora.fhir.search.asking import (
    Clause,
    CompositeClause,
    DateClause,
    NumberClause,
    QuantityClause,
    ReferenceClause,
    StringClause,
    TokenClause,
    UriClause,
)
from camphora.records.planning.comparing import Test, dated, either, measured
from camphora.records.planning.conditions import NEVER, Condition, Listing, among
from camphora.records.planning.values import texts
from camphora.records.planning.work import Level
from camphora.records.unions import asked

TERMS = ("c.first", "c.second")
RANGES = (("c.low", "c.high"), ("c.third_low", "c.third_high"))
NOTHING: Test = ("0", [])


def composite(level: Level, clause: CompositeClause) -> Condition:
    """The components of one group hold in one row."""
    told = f"composite {clause.param}"
    tests: list[Test] = []
    for code in asked(level.type, clause.param).codes:
        number = level.param(code)
        if number is not None:
            rows, values = either([_group(level, code, group) for group in clause.alternatives])
            tests.append((f"c.param = ? AND ({rows})", [number, *values]))
    if not tests:
        return NEVER._replace(told=told)
    inner, found = either(tests)
    test = f"EXISTS (SELECT 1 FROM pair c WHERE c.record = {level.row}.no AND ({inner}))"
    sql = f"SELECT DISTINCT c.record AS record FROM pair c WHERE {inner}"
    listing = Listing(sql, tuple(found))
    return Condition(test, listing.values, level.counted(sql, listing.values), listing, told=told)


def _group(level: Level, code: str, group: Iterable[Clause]) -> Test:
    tests: list[Test] = []
    ranges = iter(RANGES)
    for place, component in enumerate(group):
        match component:
            case DateClause():
                low, high = next(ranges)
                tests.append(either([dated(*each, low, high) for each in component.alternatives]))
            case NumberClause():
                low, high = next(ranges)
                tests.append(either([measured(each, low, high) for each in component.alternatives]))
            case QuantityClause():
                tests.append(_quantity(level, code, component, TERMS[place], next(ranges)))
            case _:
                tests.append(_term(level, f"{code}${place + 1}", component, TERMS[place]))
    return " AND ".join(f"({sql})" for sql, _ in tests), [value for _, values in tests for value in values]


def _quantity(level: Level, code: str, component: QuantityClause, column: str, ends: tuple[str, str]) -> Test:
    tests: list[Test] = []
    for amount, unit in component.alternatives:
        units = level.work.names.units(level.number, code, unit)
        marks, numbers = among(units)
        sql, values = measured(amount, *ends)
        tests.append((f"{column} IN {marks} AND ({sql})", [*numbers, *values]) if units else NOTHING)
    return either(tests)


def _term(level: Level, code: str, component: Clause, column: str) -> Test:
    """A component that is a term: of a parameter of its own."""
    param = level.param(code)
    if param is None:
        return NOTHING
    tests = [(f"t.param = ? AND ({sql})", [param, *values]) for sql, values in _said(level, component)]
    sql, found = either(tests) if tests else NOTHING
    return f"{column} IN (SELECT t.no FROM term t WHERE {sql})", found


def _said(level: Level, component: Clause) -> list[Test]:
    """Which terms `t` a component means."""
    match component:
        case TokenClause() | ReferenceClause():
            return [_named(level, kind, key) for kind, key in component.alternatives]
        case StringClause():
            return [texts(component.mode, each) for each in component.alternatives]
        case UriClause(direction=None):
            return [texts("exact", each) for each in component.alternatives]
        case _:
            raise Invalid("records-search-component", param=getattr(component, "param", ""))


def _named(level: Level, system: str | None, code: str | None) -> Test:
    tests: list[Test] = [("t.code = ?", [code])] if code else []
    if system is not None:
        tests.append(("t.system = ?", [-1 if (found := level.work.names.text(system)) is None else found]))
    if system == "Patient" and code in level.concealed:
        return NOTHING
    return " AND ".join(sql for sql, _ in tests) or "1", [value for _, values in tests for value in values]

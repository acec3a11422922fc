"""Dates, numbers, quantities and places: what is compared by size."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from camphora.fhir.search.asking import Amount, DateClause, NearClause, NumberClause, Prefix, QuantityClause
from camphora.records.planning.comparing import Test, dated, either, measured, since, starting
from camphora.records.planning.conditions import NEVER, Condition, Listing, among
from camphora.records.planning.work import Codes, Level
from camphora.records.spans import main_parameter
from camphora.records.unions import asked

EARTH = 6_371_008.8
"""The mean radius of the earth in metres (IUGG)."""
DEGREE = math.radians(EARTH)
"""Metres in a degree of latitude."""
LONG = 86_400_000
"""Milliseconds of a day: up to so long is the main date of most records."""
LONG_ONES = (
    f"INDEXED BY record_long WHERE main_date IS NOT NULL AND (main_length < 0 OR main_length > {LONG})"
)
"""The other ones, by an index of their own (sql/0013-by-date.sql)."""
GENERAL = 0
"""The unit of plain numbers, and of quantities as they were given."""
Span = tuple[Prefix, int, int]


def dates(level: Level, clause: DateClause) -> Condition:
    told = f"date {clause.param} {_prefixes(one for one, *_ in clause.alternatives)}"
    codes = level.codes(clause.param)
    if codes is None:
        return NEVER._replace(told=told)
    params, numbers = among(codes.params)
    inner, given = either([dated(*each, "s.low", "s.high") for each in clause.alternatives])
    values = (*numbers, *given)
    spans = (
        f"EXISTS (SELECT 1 FROM span s WHERE s.record = {level.row}.no AND s.param IN {params} AND ({inner}))"
    )
    bounds = [starting(*each) for each in clause.alternatives]
    if main_parameter(level.type) != clause.param:
        others = _spans_listed(codes, (inner, given), bounds)
        weight = level.counted(others.sql, others.values)
        return Condition(spans, values, weight, others, told=told)
    start, length = f"{level.row}.main_date", f"{level.row}.main_length"
    own, owned = either([dated(*each, start, f"{start} + {length}") for each in clause.alternatives])
    test = f"CASE WHEN {length} >= 0 THEN {own} ELSE {spans} END"
    starts = [since(*each, LONG) for each in clause.alternatives]
    begins = min((each for each in starts if each is not None), default=None) if None not in starts else None
    lasts = [high for _, high in bounds if high is not None]
    ends = max(lasts) if len(lasts) == len(bounds) else None
    condition = Condition(test, (*owned, *values), since=begins, until=ends, told=told)
    if level.few:
        return condition
    by_date, edges = _bounded(bounds, "main_date")
    if by_date != "1":
        others = _spans_listed(codes, (inner, given), bounds)
    elif begins is not None:
        by_date, edges = "main_date >= ?", [begins]
        others = Listing(f"SELECT no AS record FROM record {LONG_ONES} AND type = ?", (level.number,))
    else:
        return condition
    first = f"SELECT no AS record FROM record INDEXED BY record_by_date WHERE type = ? AND ({by_date})"
    weight = level.counted(first, (level.number, *edges)) + level.counted(others.sql, others.values)
    both = Listing(f"{first} UNION {others.sql}", (level.number, *edges, *others.values), exact=False)
    return condition._replace(weight=weight, listing=both)


def _spans_listed(codes: Codes, found: Test, bounds: Sequence[tuple[int | None, int | None]]) -> Listing:
    """Records by the spans of these parameters for which a test holds, and which begin within one of the bounds."""
    (params, numbers), (inner, given) = among(codes.params), found
    within, edges = _bounded(bounds, "s.low")
    sql = f"SELECT DISTINCT s.record AS record FROM span s WHERE s.param IN {params} AND ({within}) AND ({inner})"
    return Listing(sql, (*numbers, *edges, *given))


def _bounded(ranges: Sequence[tuple[int | None, int | None]], column: str) -> Test:
    """That a column lies in one of the ranges; `1` where one of them has no bound."""
    tests: list[Test] = []
    for low, high in ranges:
        if low is None and high is None:
            return "1", []
        ends = [(">=", low), ("<=", high)]
        tests.append(
            (
                " AND ".join(f"{column} {sign} ?" for sign, end in ends if end is not None),
                [end for _, end in ends if end is not None],
            )
        )
    return either(tests)


def numbers(level: Level, clause: NumberClause) -> Condition:
    told = f"number {clause.param} {_prefixes(each.prefix for each in clause.alternatives)}"
    codes = level.codes(clause.param)
    found = [(codes.params, each, (GENERAL,)) for each in clause.alternatives] if codes else []
    return _amounts(level, found, told)


def quantities(level: Level, clause: QuantityClause) -> Condition:
    told = f"quantity {clause.param} {_prefixes(each.prefix for each, _ in clause.alternatives)}"
    names = level.work.names
    found = [
        ((param,), amount, tuple(names.units(level.number, code, unit)))
        for code in asked(level.type, clause.param).codes
        if (param := level.param(code)) is not None
        for amount, unit in clause.alternatives
    ]
    return _amounts(level, found, told)


def _amounts(
    level: Level, asked_for: Sequence[tuple[tuple[int, ...], Amount, tuple[int, ...]]], told: str
) -> Condition:
    """Of each: the parameters, the amount and the units in which it is asked."""
    tests: list[Test] = []
    for params, amount, units in asked_for:
        if units:
            among_params, numbers = among(params)
            among_units, given = among(units)
            sql, values = measured(amount, "a.low", "a.high")
            tests.append(
                (
                    f"a.param IN {among_params} AND a.unit IN {among_units} AND ({sql})",
                    [*numbers, *given, *values],
                )
            )
    if not tests:
        return NEVER._replace(told=told)
    inner, found = either(tests)
    test = f"EXISTS (SELECT 1 FROM amount a WHERE a.record = {level.row}.no AND ({inner}))"
    sql = f"SELECT DISTINCT a.record AS record FROM amount a WHERE {inner}"
    listing = Listing(sql, tuple(found))
    return Condition(test, listing.values, level.counted(sql, listing.values), listing, told=told)


def near(level: Level, clause: NearClause) -> Condition:
    """By the great circle, on a band of latitudes that the index gives."""
    told = f"near {clause.param}"
    codes = level.codes(clause.param)
    if codes is None:
        return NEVER._replace(told=told)
    params, numbers = among(codes.params)
    tests: list[Test] = []
    for latitude, longitude, metres in clause.alternatives:
        band = metres / DEGREE + 1e-9
        edges = [latitude - band, latitude + band]
        tests.append(
            (
                f"o.latitude BETWEEN ? AND ? AND {DISTANCE} <= ?",
                [*edges, latitude, latitude, longitude, metres],
            )
        )
    inner, given = either(tests)
    values = (*numbers, *given)
    test = f"EXISTS (SELECT 1 FROM position o WHERE o.record = {level.row}.no AND o.param IN {params} AND ({inner}))"
    sql = f"SELECT DISTINCT o.record AS record FROM position o WHERE o.param IN {params} AND ({inner})"
    return Condition(test, values, level.counted(sql, values), Listing(sql, values), told=told)


DISTANCE = (
    f"{2 * EARTH} * asin(min(1.0, sqrt("
    "pow(sin(radians(o.latitude - ?) / 2), 2)"
    " + cos(radians(?)) * cos(radians(o.latitude)) * pow(sin(radians(o.longitude - ?) / 2), 2))))"
)
"""Haversine: the metres from a position to a latitude (bound twice) and a longitude."""


def _prefixes(prefixes: Iterable[Prefix]) -> str:
    return ",".join(dict.fromkeys(prefixes))

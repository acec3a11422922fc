"""Why a search is fast or slow, told from its form alone.

What is told hangs on the question and on nothing that is kept: the store's own account (`explain`) counts lists with
the records of those who may not be seen, so that its numbers, and which list it takes, would tell of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from camphora.fhir.search import Query
from camphora.fhir.search.asking import (
    AllClause,
    AnyClause,
    ChainClause,
    Clause,
    CompositeClause,
    DateClause,
    HasClause,
    IdClause,
    ListClause,
    MemberClause,
    MissingClause,
    NearClause,
    NotClause,
    NumberClause,
    QuantityClause,
    ReferenceClause,
    StringClause,
    SubsumedClause,
    TextClause,
    TokenClause,
    UpdatedClause,
    UriClause,
)
from camphora.records.planning.walking import INDEXES
from camphora.records.spans import main_parameter

Cost = Literal["list", "wide", "rows"]
"""Listed by an index; listed after more work; asked of each record that something else found."""
Order = Literal["came", "index", "sorted"]
"""In the order in which records came; in that of an index; put in order once all are found."""


@dataclass(frozen=True, slots=True)
class Step:
    """One condition: the parameter, which way it is answered (a key of the words), and at what cost."""

    param: str
    way: str
    cost: Cost


@dataclass(frozen=True, slots=True)
class Account:
    """The conditions, those among them of which one can drive the search, and how the answer comes into order.

    `slow`: nothing lists, so that the records of the type are gone through."""

    steps: tuple[Step, ...]
    drivers: tuple[str, ...]
    order: Order
    counted: bool
    beside: bool

    @property
    def slow(self) -> bool:
        return bool(self.steps) and not self.drivers


WAYS: dict[type, tuple[str, Cost]] = {
    IdClause: ("id", "list"),
    TokenClause: ("term", "list"),
    CompositeClause: ("pair", "list"),
    DateClause: ("span", "list"),
    NumberClause: ("amount", "list"),
    QuantityClause: ("amount", "list"),
    TextClause: ("fulltext", "list"),
    ListClause: ("entries", "list"),
    NearClause: ("near", "wide"),
    MemberClause: ("members", "wide"),
    SubsumedClause: ("hierarchy", "wide"),
    ChainClause: ("chain", "wide"),
    HasClause: ("has", "wide"),
    MissingClause: ("missing", "rows"),
    UpdatedClause: ("updated", "rows"),
}
"""The clauses of which each is always answered the same way."""


def account(query: Query) -> Account:
    """What is done for a query, without a value of it."""
    steps = tuple(step for clause in query.clauses for step in _steps(clause))
    drivers = tuple(dict.fromkeys(step.param for step in steps if step.cost != "rows"))
    return Account(steps, drivers, _order(query), query.total == "accurate", bool(query.includes))


def _order(query: Query) -> Order:
    first = query.sort[0].param if query.sort else ""
    if not first:
        return "came"
    return "index" if first in INDEXES or first == main_parameter(query.type) else "sorted"


def _steps(clause: Clause) -> Iterator[Step]:
    match clause:
        case AllClause():
            for each in clause.clauses:
                yield from _steps(each)
        case AnyClause():
            inside = [step for each in clause.clauses for step in _steps(each)]
            params = " | ".join(dict.fromkeys(step.param for step in inside))
            yield Step(params, "any", _dearest(inside))
        case NotClause():
            yield Step(" | ".join(step.param for step in _steps(clause.clause)), "not", "rows")
        case StringClause():
            starts = clause.mode in {"start", "exact"}
            yield Step(clause.param, "prefix" if starts else "inside", "list" if starts else "wide")
        case ReferenceClause() | UriClause():
            way = "hierarchy" if clause.direction else "term"
            yield Step(clause.param, way, "wide" if clause.direction else "list")
        case _:
            yield Step(_name(clause), *WAYS[type(clause)])


def _dearest(steps: list[Step]) -> Cost:
    costs = {step.cost for step in steps}
    return "rows" if "rows" in costs else "wide" if "wide" in costs else "list"


def _name(clause: Clause) -> str:
    match clause:
        case IdClause():
            return "_id"
        case UpdatedClause():
            return "_lastUpdated"
        case ListClause():
            return "_list"
        case ChainClause():
            return f"{clause.param}:{clause.type}"
        case HasClause():
            return f"_has:{clause.type}:{clause.param}"
        case _:
            return str(getattr(clause, "param", ""))

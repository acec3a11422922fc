"""What one plan works with: the Access and its connection, and for each type that a statement speaks of, its level.

Every level is a row of its own alias, and none is read but under the law of its type: `Level.law`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import NamedTuple

import apsw

from camphora.fhir import definitions
from camphora.fhir.extract import LEADING, USUAL
from camphora.fhir.paths import Path, branches
from camphora.fhir.search.asking import (
    AllClause,
    AnyClause,
    Clause,
    CompositeClause,
    NotClause,
    ReferenceClause,
)
from camphora.policy import Access
from camphora.policy.admission import SHARED_TYPES
from camphora.policy.vocabulary import Purpose
from camphora.records.concealed import concealed
from camphora.records.derived import area_range
from camphora.records.judging import Judge
from camphora.records.planning.codes import Coding
from camphora.records.planning.conditions import NEVER, Condition, Listing, among
from camphora.records.planning.counting import COUNTED, COUNTS
from camphora.records.planning.knowing import KnownNames
from camphora.records.registering import standing
from camphora.records.unions import asked
from camphora.records.visible import visible

ONE_BY_ONE = 16
"""So many terms are looked up in the postings for each row; of more, the record's own terms are read."""
PERSON_PARAMS = ("patient", "subject")
NO_DATE = -(1 << 62)
"""As the main date in `local_date`: there is none."""


class Codes(NamedTuple):
    """Where the index holds a parameter: the numbers of the parameters whose rows answer it, and the number of the one
    type to which its references lead, None for all."""

    params: tuple[int, ...]
    kind: int | None = None
    target: str = ""
    """The name of that type."""


@dataclass(slots=True)
class Work:
    """One query on its way to statements. `persons`: whom it read while it was planned."""

    access: Access
    connection: apsw.Connection
    coding: Coding | None = None
    names: KnownNames = field(init=False)
    persons: set[int] = field(default_factory=set)
    levels: int = 0
    before: int = 0
    """The levels of the types that were planned before this one, where several are searched at once."""

    unready: frozenset[tuple[str, str]] = field(init=False)
    """The parameters by which cannot be asked yet."""
    last: int = field(init=False)
    """The last change of the snapshot."""
    _judges: dict[str, Judge] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.names = KnownNames(self.connection)
        self.unready, self.last = standing(self.connection)

    def judge(self, record_type: str) -> Judge:
        """Who judges the rows of a type in all statements of this query: by one moment and one snapshot."""
        found = self._judges.get(record_type)
        if found is None:
            found = Judge(self.access, record_type, self.connection, last=self.last)
            self._judges[record_type] = found
        return found

    def count(self, sql: str, values: Sequence[object], *, most: int = COUNTED) -> int:
        """The rows of a SELECT, counted to a bound."""
        return COUNTS.of(self.connection, sql, values, most=most)

    def level(self, record_type: str, clauses: Iterable[Clause] = ()) -> Level:
        """A type under an alias that no other level has; `clauses`: those that are asked of it."""
        row = f"r{self.levels}" if self.levels else "r"
        self.levels += 1
        return Level(self, record_type, row, tuple(clauses))


class Level:
    """Records of one type at one place of a statement, as rows of the alias `row`."""

    def __init__(self, work: Work, record_type: str, row: str, clauses: tuple[Clause, ...]) -> None:
        self.work = work
        self.type = record_type
        self.row = row
        self.clauses = clauses
        self.number = work.names.type(record_type) or 0
        self.few = False
        """Whether a condition lets only few records through, so that no other list needs to be counted."""

    @cached_property
    def concealed(self) -> frozenset[str]:
        """Patients whom the clauses name and whom no record of this type may show."""
        named = {key for clause in self.clauses for key in patients_in(clause)}
        found = concealed(self.work.judge(self.type), named)
        if found.numbers is not None:
            self.work.names.know(named, found.numbers)
        return found.concealed

    @cached_property
    def law(self) -> Condition:
        """What every row of this level must pass: its type, that it is present, and that the Access may see it."""
        return self.law_by(None)

    def law_by(self, area: str | None, *, many: bool = False) -> Condition:
        """The law where a column of the statement holds the area in which the row's person lives; `many`: where it goes
        over all of a long list."""
        access, connection = self.work.access, self.work.connection
        judge = self.work.judge(self.type)
        seen = visible(access, self.type, connection, row=self.row, area=area, many=many, judge=judge)
        present = f"{self.row}.type = ? AND {self.row}.deleted = 0"
        return Condition(f"{present} AND ({seen.sql})", (self.number, *seen.values), told="law and choices")

    def param(self, code: str) -> int | None:
        """A parameter's own number; None where no record has a value of it."""
        return self.work.names.param(self.number, code)

    def codes(self, code: str) -> Codes | None:
        """Where the index holds a parameter; None where no record has a value of it."""
        codes, target = asked(self.type, code)
        params = tuple(number for each in codes if (number := self.param(each)) is not None)
        if not params:
            return None
        return Codes(params, (self.work.names.text(target) or -1) if target else None, target)

    def counted(self, sql: str, values: tuple[object, ...]) -> int:
        """How many rows a list has, as far as that matters here."""
        return COUNTED if self.few else COUNTS.kept(self.work.connection, sql, values)

    @cached_property
    def resident(self) -> Condition | None:
        """For an officer whose areas are limited: the records of whoever lives there, in the order of their dates. The
        law says the same of each row, so that it is no test."""
        if not self.areas:
            return None
        where, areas = among(self.areas)
        sql = f"SELECT record, area, main_date FROM local_date WHERE type = ? AND area IN {where}"
        listing = Listing(sql, (self.number, *areas), exact=False, area=True)
        return Condition("1", (), self.counted(sql, listing.values), listing, told="area")

    def holding(self, terms: str, values: tuple[object, ...], told: str) -> Condition:
        """Records that hold a term `t` of which this condition says which. Asked of a row, its own terms are read."""
        sql = f"SELECT DISTINCT p.record AS record FROM term t CROSS JOIN posting p ON p.term = t.no WHERE {terms}"
        test = f"EXISTS (SELECT 1 FROM {held(self.row)} AND {terms})"
        return Condition(test, values, self.counted(sql, values), Listing(sql, values), looks=True, told=told)

    def postings(self, terms: Iterable[int], told: str) -> Condition:
        """Records that hold one of these terms."""
        numbers = list(dict.fromkeys(terms))
        if not numbers:
            return NEVER._replace(told=told)
        marks, values = among(numbers)
        if len(numbers) > ONE_BY_ONE:
            return self.holding(f"t.no IN {marks}", values, told)
        one = len(numbers) == 1
        test = f"EXISTS (SELECT 1 FROM posting p WHERE p.term IN {marks} AND p.record = {self.row}.no)"
        sql = f"SELECT {'' if one else 'DISTINCT '}record FROM posting WHERE term IN {marks}"
        listing = Listing(sql, values, ascending=one)
        if self.areas:
            where, areas = among(self.areas)
            only = "" if one else "DISTINCT "
            sql = f"SELECT {only}record, area FROM local WHERE term IN {marks} AND area IN {where}"
            in_order = one and len(areas) == 1
            listing = Listing(sql, (*values, *areas), exact=False, ascending=in_order, area=True)
        return Condition(test, values, self.counted(listing.sql, listing.values), listing, told=told)

    @cached_property
    def areas(self) -> list[int]:
        """The areas whose postings of notifiable records hold all of this type that a surveillance officer may see;
        none where the officer's areas are not limited, or one lies in another, where a record would be found twice."""
        access = self.work.access
        if access.purpose is not Purpose.SURVEILLANCE or self.type in SHARED_TYPES | {"Patient"}:
            return []
        ranges = sorted(found for code in access.scope.areas if (found := area_range(code)))
        apart = all(before[1] < after[0] for before, after in itertools.pairwise(ranges))
        return [low for low, _ in ranges] if apart else []


def held(row: str) -> str:
    """The terms `t` that a row of this alias holds, as what stands after FROM; more conditions follow by AND."""
    return (
        "content k CROSS JOIN json_each(terms_in(k.keys)) e CROSS JOIN term t ON t.no = e.value"
        f" WHERE k.record = {row}.no"
    )


def patients_in(clause: Clause) -> list[str]:
    """The Patient ids that a clause names by reference, at its own level."""
    if isinstance(clause, ReferenceClause):
        return [key for kind, key in clause.alternatives if kind in {"Patient", None}]
    return [key for each in same_level(clause) for key in patients_in(each)]


def same_level(clause: Clause) -> tuple[Clause, ...]:
    """The clauses inside a clause that speak of the same record."""
    match clause:
        case NotClause():
            return (clause.clause,)
        case AnyClause() | AllClause():
            return clause.clauses
        case CompositeClause():
            return tuple(each for group in clause.alternatives for each in group)
        case _:
            return ()


@cache
def names_the_person(record_type: str, code: str) -> bool:
    """Whether a reference of this parameter to a Patient is always to the record's person: `patient` or `subject`, of
    an element that does not repeat and by which the Patient compartment holds the record."""
    known = definitions.search_parameters(record_type)
    by = definitions.compartment("Patient").get(record_type, ())
    first = next((name for name in PERSON_PARAMS if name in by and name in known), None)
    if record_type == "Patient" or first is None or code not in PERSON_PARAMS or code not in known:
        return False
    paths = [_path(record_type, known[name].expression) for name in (first, code)]
    return None not in paths and paths[0] == paths[1]


def _path(record_type: str, expression: str) -> tuple[str, ...] | None:
    """The one element of this type that an expression names, if it does not repeat."""
    split = branches(expression)
    paths = [path for path in split.read if path.root in {record_type, ""}]
    if len(paths) != 1 or any(text.lstrip("(").startswith(f"{record_type}.") for text in split.unread):
        return None
    return tuple(step.name for step in paths[0].steps) if _single(record_type, paths[0]) else None


def _single(record_type: str, path: Path) -> bool:
    owner = record_type
    for step in path.steps:
        found = [each for each in definitions.children(owner) if each.name.removesuffix("[x]") == step.name]
        if len(found) != 1 or found[0].many or not found[0].types:
            return False
        owner = found[0].content(found[0].types[0])
    return True


@cache
def alone_leading(record_type: str) -> str | None:
    """The main date parameter of a type of which no other parameter ever gives the main date."""
    known = definitions.search_parameters(record_type)
    several = [
        name for name in LEADING.get(record_type, USUAL) if name in known and known[name].type == "date"
    ]
    return several[0] if len(several) == 1 else None

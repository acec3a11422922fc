"""What an export is asked for, and who may ask.

An Access that names its persons (one's own record, or none at all: the institutions and codes that operation reads) is
exported as it is. Care reads one person at a time, so an export for care is of one Patient. Many persons at once are
given to surveillance, which stands on statute, and to whom somebody else has granted a legal basis. Secondary use asks
questions and reads no record.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from camphora.errors import Forbidden, Invalid
from camphora.fhir import definitions
from camphora.fhir.search import Query, parse_query
from camphora.fhir.search.asking import UpdatedClause
from camphora.policy import Access, Purpose

Level = Literal["system", "patient", "group"]
NOT_IN_FILTERS = frozenset(
    {"_sort", "_count", "_include", "_revinclude", "_summary", "_elements", "_total", "_page", "_format"}
)
"""What shapes an answer rather than chooses records says nothing in `_typeFilter`."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which records of a type: the pairs of one `_typeFilter`."""

    type: str
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """`types` in the order in which they are read; `filters`: of a type that has some, a record must meet one of them.
    `since` and `until` in milliseconds UTC; `patients`: the Patient ids to which it is narrowed, None for all."""

    url: str
    level: Level
    types: tuple[str, ...]
    filters: tuple[Filter, ...] = ()
    since: int | None = None
    until: int = 0
    patients: tuple[str, ...] | None = None

    def narrowed(self, access: Access) -> Access:
        """The Access, for the patients that are named alone."""
        if self.patients is None:
            return access
        named = frozenset(self.patients)
        return replace(access, persons=named if access.persons is None else access.persons & named)

    def parts(self) -> list[Part]:
        """What is read one after the other: each type under each of its filters, then what was deleted."""
        made: list[Part] = []
        for name in self.types:
            own = [each for each in self.filters if each.type == name]
            made += [Part(name, each) for each in own] or [Part(name)]
        if self.since is not None:
            made += [Part(name, deleted=True) for name in self.types]
        return made

    def query(self, part: Part) -> Query:
        """The query of a part. Raises Invalid or Faults for a filter that cannot be asked."""
        pairs = list(part.filter.pairs) if part.filter else []
        query = parse_query(part.type, pairs, strict=True, now=self.until)
        clauses = [UpdatedClause((("lt", self.until + 1, self.until + 2),))]
        if self.since is not None:
            clauses.append(UpdatedClause((("ge", self.since, self.since + 1),)))
        return replace(query, clauses=(*query.clauses, *clauses))


@dataclass(frozen=True, slots=True)
class Part:
    type: str
    filter: Filter | None = None
    deleted: bool = False


def require_exporter(access: Access, asked: Asked) -> None:
    """Forbidden where this Access may not have so many persons in files. It says nothing about any of them."""
    if access.purpose is Purpose.SECONDARY:
        raise Forbidden("records-secondary-by-question", role=access.reader.role)
    if access.purpose is Purpose.OPEN:
        raise Forbidden("bulk-role", role=access.reader.role)
    named = asked.patients is not None and len(asked.patients) == 1 and asked.level == "patient"
    granted = access.purpose is Purpose.SURVEILLANCE or access.basis is not None
    if access.persons is None and not named and not granted:
        raise Forbidden("bulk-one-person", role=access.reader.role)


def filter_of(text: str, pairs: tuple[tuple[str, str], ...]) -> Filter:
    """One `_typeFilter`: a type and what is asked of it, already read from its query."""
    name = text.partition("?")[0]
    wrong = [each for each, _ in pairs if each.partition(":")[0] in NOT_IN_FILTERS]
    if name not in definitions.resource_types() or wrong or not pairs:
        raise Invalid("bulk-filter", param=wrong[0] if wrong else name)
    return Filter(name, pairs)

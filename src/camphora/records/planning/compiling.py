"""Every clause of a search as a condition on a row of its level (see `camphora.fhir.search.asking`)."""

from __future__ import annotations

from collections.abc import Iterable

from camphora.errors import TooLarge
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
from camphora.records.planning.coding import members, subsumed
from camphora.records.planning.composites import composite
from camphora.records.planning.conditions import Condition, all_of, any_of, negated
from camphora.records.planning.counting import COUNTED
from camphora.records.planning.driving import Sought
from camphora.records.planning.linking import chain, has, listed
from camphora.records.planning.measures import dates, near, numbers, quantities
from camphora.records.planning.texts import text
from camphora.records.planning.values import addresses, ids, missing, references, strings, tokens, updated
from camphora.records.planning.work import Level, Work
from camphora.records.registering import require_ready

MOST_LEVELS = 100
"""So many other records may one search speak of: it is a question still, and not a program."""


def sought(work: Work, record_type: str, clauses: Iterable[Clause]) -> Sought | None:
    """The records of a type of which all clauses hold; None where the Access does not cover the type."""
    if work.levels - work.before >= MOST_LEVELS:
        raise TooLarge("records-search-deep", most=MOST_LEVELS)
    if not work.access.covers(record_type):
        return None
    level = work.level(record_type, clauses)
    return Sought(level, _conditions(level))


def _conditions(level: Level) -> list[Condition]:
    """The clauses as conditions, in their order. References come first: of one person's few records nothing else needs
    to be counted."""
    by_reference = {at: each for at, each in enumerate(level.clauses) if isinstance(each, ReferenceClause)}
    found = {at: compiled(level, each) for at, each in by_reference.items()}
    level.few = any(each.person is not None and each.weight < COUNTED for each in found.values())
    found |= {at: compiled(level, each) for at, each in enumerate(level.clauses) if at not in found}
    return [found[at] for at in range(len(found))]


def compiled(level: Level, clause: Clause) -> Condition:
    """One clause as a condition. Raises Invalid where it cannot be answered here, Busy where it cannot be yet."""
    require_ready(level.work.unready, level.type, clause)
    match clause:
        case TokenClause():
            return tokens(level, clause)
        case ReferenceClause():
            return references(level, clause)
        case DateClause():
            return dates(level, clause)
        case StringClause():
            return strings(level, clause)
        case IdClause():
            return ids(level, clause)
        case UpdatedClause():
            return updated(level, clause)
        case UriClause():
            return addresses(level, clause)
        case MissingClause():
            return missing(level, clause)
        case NumberClause():
            return numbers(level, clause)
        case QuantityClause():
            return quantities(level, clause)
        case CompositeClause():
            return composite(level, clause)
        case NearClause():
            return near(level, clause)
        case TextClause():
            return text(level, clause)
        case MemberClause():
            return members(level, clause)
        case SubsumedClause():
            return subsumed(level, clause)
        case ListClause():
            return listed(level, clause)
        case ChainClause():
            return chain(level, clause, sought(level.work, clause.type, clause.clauses))
        case HasClause():
            return has(level, clause, sought(level.work, clause.type, clause.clauses))
        case NotClause():
            return negated(compiled(level, clause.clause), level.row)
        case AnyClause():
            return any_of([compiled(level, each) for each in clause.clauses], level.row)
        case AllClause():
            return all_of([compiled(level, each) for each in clause.clauses], level.row)

"""One page of a search: what is found, what comes with it, what is counted, and whom all of it tells of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import apsw
from pyroaring import BitMap

from camphora.fhir.search import Query
from camphora.policy import Access
from camphora.records.paging import Value
from camphora.records.planning import Coding, Plan, about_persons, bodies, included, named_persons, plan
from camphora.records.store import Version

DEFAULT_COUNT, MOST = 20, 1000


@dataclass(frozen=True, slots=True)
class Found:
    """A page. `next`: the place where the one after it begins; `whole`: no included record was left out; `persons`:
    everybody whom the answer tells of; `places`: for how many of them its receipt has a place, which hangs on what is
    shown and asked, not on who is hidden; `seen`: whether the reader may know one of those whom the query names;
    `about_persons`: whether the query goes over records of persons, whatever it finds; `last`: the last change of the
    snapshot in which it was found."""

    rows: list[Version]
    included: list[Version]
    total: int | None
    next: tuple[Value, ...] | None
    whole: bool
    persons: BitMap
    places: int
    seen: bool
    about_persons: bool
    last: int


def search(
    access: Access,
    query: Query,
    reader: apsw.Connection,
    coding: Coding | None,
    place: Sequence[Value] | None,
) -> Found:
    """Answer a query within the reader's transaction. `place`: where an earlier page ended."""
    made = plan(query, access, reader, coding)
    persons, total = _total(made, query)
    limit = limit_of(query)
    rows = made.page(place, limit + 1) if limit else []
    page = rows[:limit]
    brought = included(made.work, page, query.includes)
    named = named_persons(made.work, query, found=bool(rows or total))
    told = BitMap(person for row in (*page, *brought.rows) if (person := row.person) is not None)
    told |= persons | BitMap(made.work.persons)
    return Found(
        rows=made.shown(page),
        included=bodies(made.work, brought.rows),
        total=total,
        next=page[-1].place if len(rows) > limit > 0 else None,
        whole=brought.whole,
        persons=told | named.persons,
        places=named.places(told),
        seen=named.seen,
        about_persons=about_persons(query),
        last=made.work.last,
    )


def limit_of(query: Query) -> int:
    """How many records a page holds at most."""
    if query.summary == "count":
        return 0
    return min(DEFAULT_COUNT if query.count is None else query.count, MOST)


def _total(made: Plan, query: Query) -> tuple[BitMap, int | None]:
    if query.total == "accurate" or query.summary == "count":
        return made.total()
    return made.estimate() if query.total == "estimate" else (BitMap(), None)

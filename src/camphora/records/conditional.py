"""Writes that rest on a search: what was found outside the keeper must still be so inside its transaction.

A conditional create, update, delete or reference is resolved by a search like any other, under the reader's Access and
with its receipt. The write then names what it rests on; the keeper asks again before it changes anything, so that two
at once make one. Who is hidden matches nothing here either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import apsw

from camphora.errors import Conflict, deadline
from camphora.fhir.search import Query
from camphora.policy import Access
from camphora.records.planning import Coding, plan

MOST_MATCHES = 1_000
"""So many records may one conditional delete take."""
SECONDS, EACH = 2.0, 0.02
"""So long may the conditions of one write be asked inside its transaction, and so much longer for each of them: every
other writer waits for it."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a write rests on: the records of which the query's clauses hold are these, and no others."""

    query: Query
    ids: frozenset[str]


def require_given(
    connection: apsw.Connection, access: Access, given: Iterable[Given], coding: Coding | None = None
) -> None:
    """Raises Conflict records-moved-on where another write came between, Busy service-time-over where asking takes too
    long. Runs in the keeper."""
    asked = list(given)
    with deadline.within(SECONDS + EACH * len(asked)):
        for one in asked:
            if matching(connection, access, one, coding) != one.ids:
                raise Conflict("records-moved-on", type=one.query.type)


def matching(
    connection: apsw.Connection, access: Access, given: Given, coding: Coding | None = None
) -> frozenset[str]:
    """The ids of the records that the clauses name now and the Access may see; one more than was found at most."""
    asked = replace(given.query, sort=(), page=None, includes=(), summary="false", total="none")
    made = plan(asked, access, connection, coding)
    return frozenset(found.id for found in made.shown(made.page(None, len(given.ids) + 1)))

"""A query as SQL statements, law and consent inside each of them.

`plan` turns the clauses of a query into conditions on a record's row, counts how many records each lets through, and
drives by the rarest. A name that does not exist makes a clause false, and the statement still runs, so that what is
hidden and what is absent cost the same. Other records (chains, `_has`, lists, includes) are read under the law of
their own type, by the same Access.
"""

from __future__ import annotations

import apsw

from camphora.fhir.search import Query
from camphora.policy import Access
from camphora.records.planning.codes import Coding
from camphora.records.planning.including import Included, included
from camphora.records.planning.naming import NamedPersons, about_persons, named_persons
from camphora.records.planning.statement import Plan, Row, bodies, planned
from camphora.records.planning.telling import PlanTold, Told, told
from camphora.records.planning.work import Work


def plan(
    query: Query,
    access: Access,
    connection: apsw.Connection,
    coding: Coding | None = None,
) -> Plan:
    """Compile a query for one Access on one connection, whose snapshot the plan's numbers come from: call it inside the
    transaction that reads. Raises Invalid or TooLarge where something cannot be answered here."""
    return planned(Work(access, connection, coding), query)


__all__ = [
    "Coding",
    "Included",
    "NamedPersons",
    "Plan",
    "PlanTold",
    "Row",
    "Told",
    "about_persons",
    "bodies",
    "included",
    "named_persons",
    "plan",
    "told",
]

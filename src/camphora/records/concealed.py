"""Whom a query names in vain: a search for somebody hidden must cost what a search for nobody costs.

The predicate alone would answer the same, but look at each of their rows to refuse it, so that the time told how many
there are.
"""

from __future__ import annotations

from collections.abc import Iterable

import apsw

from camphora.policy import Access, HiddenSet
from camphora.policy.admission import SHARED_TYPES
from camphora.records.judging import Judge

WITHIN = "{0}.since <= ? AND ({0}.until IS NULL OR {0}.until > ?)"


def concealed(
    access: Access, record_type: str, patients: Iterable[str], connection: apsw.Connection
) -> frozenset[str]:
    """Those of the Patient ids whom a set hides wholly, or whose Consents deny all their records alike, so that no row
    which names them may be seen. Not who is judged by what a record says, and nobody where an emergency or a legal
    basis may open what is hidden."""
    asked, sets = sorted(set(patients)), access.hidden_for(record_type)
    open_further = access.emergency is not None or access.basis is not None
    if not asked or not sets or open_further or record_type in SHARED_TYPES:
        return frozenset()
    judge = Judge(access, record_type, connection)
    members, values = zip(*(_member(hidden, judge.now) for hidden in sets), strict=True)
    sql = (
        f"SELECT q.patient, q.no, {' OR '.join(members)},"
        f" EXISTS (SELECT 1 FROM ruled u WHERE u.person = q.no AND {WITHIN.format('u')})"
        f" FROM person q WHERE q.patient IN ({','.join('?' * len(asked))})"
    )
    given = [*(value for each in values for value in each), judge.now, judge.now, *asked]
    return frozenset(
        patient
        for patient, person, hidden, ruled in list(connection.execute(sql, given))
        if (judge.denies(person) if ruled else hidden)
    )


def _member(hidden: HiddenSet, now: int) -> tuple[str, list[object]]:
    """Whether `q` is in a set, and not among those whom `unless` lets out of it."""
    sql = f"EXISTS (SELECT 1 FROM hidden h WHERE h.name = ? AND h.person = q.no AND {WITHIN.format('h')})"
    values: list[object] = [hidden.name, now, now]
    if hidden.unless is None:
        return sql, values
    allowed = f"SELECT 1 FROM allowed w WHERE w.name = ? AND w.person = q.no AND {WITHIN.format('w')}"
    return f"({sql} AND NOT EXISTS ({allowed}))", [*values, hidden.unless, now, now]

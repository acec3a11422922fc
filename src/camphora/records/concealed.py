"""Whom a query names in vain: a search for somebody hidden must cost what a search for nobody costs.

The predicate alone would answer the same, but look at each of their rows to refuse it, so that the time told how many
there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from camphora.policy import HiddenSet
from camphora.policy.admission import SHARED_TYPES
from camphora.records.judging import Judge

WITHIN = "{0}.since <= ? AND ({0}.until IS NULL OR {0}.until > ?)"


class Looked(NamedTuple):
    """Who of the patients that were asked about is concealed, and the numbers of those who are known; None where
    nobody was looked up."""

    concealed: frozenset[str] = frozenset()
    numbers: dict[str, int] | None = None


def concealed(judge: Judge, patients: Iterable[str]) -> Looked:
    """Those of the Patient ids whom a set hides wholly, or whose Consents deny all their records alike, so that no row
    which names them may be seen. Not who is judged by what a record says, and nobody where an emergency or a legal
    basis may open what is hidden."""
    access, record_type, connection = judge.access, judge.type, judge.connection
    asked, sets = sorted(set(patients)), judge.known.hidden_for(record_type)
    open_further = access.emergency is not None or access.basis is not None
    if not asked or not sets or open_further or record_type in SHARED_TYPES:
        return Looked()
    sql, names = _statement(sets, len(asked))
    given = [judge.now if name is None else name for name in names]
    rows = list(connection.execute(sql, (*given, *asked)))
    found = frozenset(
        patient for patient, person, hidden, ruled in rows if (judge.denies(person) if ruled else hidden)
    )
    return Looked(found, {patient: person for patient, person, *_ in rows})


@lru_cache(maxsize=1024)
def _statement(sets: tuple[HiddenSet, ...], asked: int) -> tuple[str, list[str | None]]:
    """The statement about so many patients, and its parameters before them: names of sets, None for the moment."""
    members, names = zip(*map(_member, sets), strict=True)
    sql = (
        f"SELECT q.patient, q.no, {' OR '.join(members)},"
        f" EXISTS (SELECT 1 FROM ruled u WHERE u.person = q.no AND {WITHIN.format('u')})"
        f" FROM person q WHERE q.patient IN ({','.join('?' * asked)})"
    )
    return sql, [*(name for each in names for name in each), None, None]


def _member(hidden: HiddenSet) -> tuple[str, list[str | None]]:
    """Whether `q` is in a set, and not among those whom `unless` lets out of it."""
    sql = f"EXISTS (SELECT 1 FROM hidden h WHERE h.name = ? AND h.person = q.no AND {WITHIN.format('h')})"
    names: list[str | None] = [hidden.name, None, None]
    if hidden.unless is None:
        return sql, names
    allowed = f"SELECT 1 FROM allowed w WHERE w.name = ? AND w.person = q.no AND {WITHIN.format('w')}"
    return f"({sql} AND NOT EXISTS ({allowed}))", [*names, hidden.unless, None, None]

"""What changed since the parts were made: by range of persons the records, so that only these are cut anew."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import apsw

from camphora.lake import cutting
from camphora.policy.labels import NOTIFIABLE
from camphora.records import Change

MANY = 20_000
"""So many records of one range that changed are cut faster with the whole range, which is read in order."""


@dataclass(slots=True)
class Due:
    """What of one range changed, up to which change. `records`: numbers of records, `persons`: whom they are or were
    about; None where it is more than is worth telling apart."""

    change: int = 0
    records: set[int] | None = field(default_factory=set)
    persons: set[int] = field(default_factory=set)

    @property
    def whole(self) -> bool:
        return self.records is None

    def add(self, no: int, record: int, person: int) -> None:
        self.change = no
        if self.records is not None:
            self.records.add(record)
            self.persons.add(person)
            if len(self.records) > MANY:
                self.records = None
                self.persons.clear()


class Touched:
    """Ranges with records that changed."""

    def __init__(self, *, choices: bool) -> None:
        self._kinds = {"record", "choice"} if choices else {"record"}
        self.ranges: dict[int, Due] = {}

    def add(self, changes: Iterable[Change], earlier: Mapping[int, int]) -> None:
        """A choice moves rows and changes none, unless a view is about Consents; a batch has its own parts. `earlier`:
        by change number, whom a record was about before."""
        for change in changes:
            persons = (change.person, earlier.get(change.no)) if change.kind in self._kinds else ()
            for person in persons:
                if person is not None:
                    self.ranges.setdefault(_low(person), Due()).add(change.no, change.subject, person)

    def add_all(self, lows: Iterable[int], change: int) -> None:
        """Whole ranges."""
        for low in lows:
            self.ranges[low] = Due(change, None)


class Stale(NamedTuple):
    """Records whose rows are cut anew, with the types of all of them; `residents`: where their persons live,
    `notified`: who of them has a notifiable record."""

    records: Collection[int]
    types: frozenset[str]
    residents: Mapping[int, int | None]
    notified: set[int]


def stale(connection: apsw.Connection, due: Due) -> Stale:
    """What is cut anew: the records that changed, also those that are no more; the Patients of their persons, whose
    rows tell whether any record is notifiable; and all records of a person whose Patient changed, since each row tells
    where its person lives."""
    records, persons = _numbers(due.records or ()), _numbers(due.persons)
    sql = """
WITH patient (type) AS (SELECT no FROM type WHERE name = 'Patient'),
changed (no) AS (SELECT value FROM carray(?1)),
moved (person) AS (
  SELECT person FROM record WHERE no IN changed AND type = (SELECT type FROM patient) AND person IS NOT NULL
),
found (no) AS (
  SELECT no FROM changed
  UNION SELECT no FROM record WHERE type = (SELECT type FROM patient) AND person IN (SELECT value FROM carray(?2))
  UNION SELECT no FROM record WHERE person IN (SELECT person FROM moved)
)
SELECT r.no, t.name FROM record r JOIN type t ON t.no = r.type WHERE r.no IN (SELECT no FROM found)
"""
    found = dict(connection.execute(sql, (apsw.carray(records), apsw.carray(persons))))
    area = "SELECT no, area FROM person WHERE no IN (SELECT value FROM carray(?))"
    about = (
        "SELECT DISTINCT person FROM record WHERE no IN (SELECT value FROM carray(?)) AND person IS NOT NULL"
    )
    everybody = _numbers(person for (person,) in connection.execute(about, (apsw.carray(_numbers(found)),)))
    marked = (
        f"SELECT DISTINCT person FROM record WHERE labels >= {NOTIFIABLE} AND deleted = 0"
        " AND person IN (SELECT value FROM carray(?))"
    )
    return Stale(
        found.keys(),
        frozenset(found.values()),
        dict(connection.execute(area, (apsw.carray(everybody),))),
        {person for (person,) in connection.execute(marked, (apsw.carray(everybody),))},
    )


def _low(person: int) -> int:
    return person // cutting.SPAN * cutting.SPAN


def _numbers(found: Iterable[int]) -> array[int]:
    """As SQLite takes them, which takes none that is empty: nothing has the number -1."""
    return array("q", found) or array("q", [-1])

"""What the keeper writes beside a record: labels by rule, where its person lives and was seen, who stands in.

All of it follows from the record's body and the rules of labelling, so that it can be made anew at any time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import apsw

from camphora.policy.facts import has_parts, own_labels
from camphora.policy.labels import NOTIFIABLE, PARTS, Found, mask_of
from camphora.records.derived import TOWNSHIPS, area_of, others_linked, places_of, stand_of
from camphora.records.keys import unpacked
from camphora.records.terms import Interned

Json = dict[str, Any]
DECIDING = frozenset({"Consent", "Patient", "RelatedPerson", "Flag", "Encounter"})
"""Record types of which a person's own decision is made: a change of one makes compiled policies stale."""


def mask(resource: Json, found: Iterable[Found], *, parts: bool | None = None) -> int:
    """The labels of a resource and its marks, but for the one that it names other patients. `parts`: whether some are
    labelled by themselves, where that is known."""
    parts = has_parts(resource) if parts is None else parts
    return mask_of(sorted(own_labels(resource)), found) | (PARTS if parts else 0)


class Deriver:
    """Keeps the derived rows of records, inside the keeper's transaction."""

    def __init__(self, connection: apsw.Connection, interned: Interned) -> None:
        self.connection = connection
        self.interned = interned
        self._rules: dict[Found, int] = {}

    def keep(
        self, number: int, person: int | None, resource: Json, found: Iterable[Found], *, new: bool = False
    ) -> None:
        """Write what a record says beside its index; what it said before goes, unless it is `new`."""
        if found or not new:
            self.label(number, found)
        if person is None:
            return
        match resource["resourceType"]:
            case "Patient":
                self._lives(person, area_of(resource))
                self._same(number, person, resource)
            case "Encounter":
                self._seen(number, person, places_of(resource))
            case "RelatedPerson":
                self._stands(number, person, resource)

    def forget(self, number: int) -> None:
        """A record is deleted: nobody was seen by it, stands in by it or is one with another by it."""
        for table in ("seen_at", "stand_in", "same"):
            self.connection.execute(f"DELETE FROM {table} WHERE record = ?", (number,))

    def decided(self, persons: Iterable[int]) -> None:
        """What decides about these persons has changed with the line of the change log written last."""
        rows = [(each,) for each in persons]
        if rows:
            sql = "UPDATE person SET choices = (SELECT max(no) FROM change) WHERE no = ?"
            self.connection.executemany(sql, rows)

    def chosen(self, person: int | None) -> int:
        """The marks of a person with choices, for a record of theirs."""
        row = next(self.connection.execute("SELECT marks FROM chosen WHERE person = ?", (person,)), None)
        return int(row[0]) if row else 0

    def local(self, number: int, person: int | None, mask: int, terms: Iterable[int]) -> None:
        """Postings by area for a notifiable record."""
        if person is not None and mask & NOTIFIABLE:
            rows = [(term, area, number) for term in terms for area in self._areas(person)]
            self.connection.executemany("INSERT OR IGNORE INTO local VALUES (?, ?, ?)", rows)

    def unlocal(self, number: int, person: int | None, mask: int, terms: Iterable[int]) -> None:
        if person is not None and mask & NOTIFIABLE:
            rows = [(term, area, number) for term in terms for area in self._areas(person)]
            self.connection.executemany("DELETE FROM local WHERE term = ? AND area = ? AND record = ?", rows)

    def label(self, number: int, found: Iterable[Found]) -> None:
        """Keep beside a record which labels it bears by which rules; what stood there goes."""
        self.connection.execute("DELETE FROM labelled WHERE record = ?", (number,))
        rows = [(number, self._rule(one)) for one in found]
        if rows:
            self.connection.executemany("INSERT OR IGNORE INTO labelled VALUES (?, ?)", rows)

    def _rule(self, found: Found) -> int:
        known = self._rules.get(found)
        if known is None:
            self.connection.execute("INSERT OR IGNORE INTO rule (label, name) VALUES (?, ?)", found)
            (known,) = next(
                self.connection.execute("SELECT no FROM rule WHERE label = ? AND name = ?", found)
            )
            self._rules[found] = known
        return known

    def _areas(self, person: int) -> list[int]:
        """The county and, where it is known, the township."""
        (area,) = next(self.connection.execute("SELECT area FROM person WHERE no = ?", (person,)))
        return [] if area is None else sorted({area // TOWNSHIPS * TOWNSHIPS, area})

    def _lives(self, person: int, area: int | None) -> None:
        (before,) = next(self.connection.execute("SELECT area FROM person WHERE no = ?", (person,)))
        if before == area:
            return
        sql = (
            "SELECT r.no, r.labels, c.keys FROM record r JOIN content c ON c.record = r.no"
            f" WHERE r.person = ? AND r.labels >= {NOTIFIABLE} AND r.deleted = 0"
        )
        rows = [
            (no, labels, unpacked(keys).terms) for no, labels, keys in self.connection.execute(sql, (person,))
        ]
        for number, labels, terms in rows:
            self.unlocal(number, person, labels, terms)
        self.connection.execute("UPDATE person SET area = ? WHERE no = ?", (area, person))
        for number, labels, terms in rows:
            self.local(number, person, labels, terms)

    def _seen(self, number: int, person: int, places: Iterable[str]) -> None:
        self.connection.execute("DELETE FROM seen_at WHERE record = ?", (number,))
        rows = ((person, place, number) for place in places)
        self.connection.executemany("INSERT OR IGNORE INTO seen_at VALUES (?, ?, ?)", rows)

    def _stands(self, number: int, person: int, resource: Json) -> None:
        self.connection.execute("DELETE FROM stand_in WHERE record = ?", (number,))
        stand = stand_of(resource)
        if stand is not None:
            rows = ((who, person, number, stand.kind, stand.since, stand.until) for who in stand.who)
            self.connection.executemany("INSERT OR IGNORE INTO stand_in VALUES (?, ?, ?, ?, ?, ?)", rows)

    def _same(self, number: int, person: int, resource: Json) -> None:
        self.connection.execute("DELETE FROM same WHERE record = ?", (number,))
        others = [self.interned.person(patient) for patient in sorted(others_linked(resource))]
        rows = [(one, two, number) for other in others for one, two in ((person, other), (other, person))]
        self.connection.executemany("INSERT OR IGNORE INTO same VALUES (?, ?, ?)", rows)


def held(connection: apsw.Connection, number: int) -> list[Found]:
    """The labels and marks that a record bears by rule, as they are kept beside it."""
    sql = "SELECT u.label, u.name FROM labelled l JOIN rule u ON u.no = l.rule WHERE l.record = ?"
    return [Found(*row) for row in connection.execute(sql, (number,))]


def identities(connection: apsw.Connection, person: int) -> list[int]:
    """The numbers of one person: their own first, then those of all Patients linked as the same, over any way."""
    if next(connection.execute("SELECT 1 FROM same WHERE person = ?", (person,)), None) is None:
        return [person]
    sql = (
        "WITH RECURSIVE one (person) AS (VALUES (?) UNION SELECT s.other FROM same s JOIN one ON s.person = one.person)"
        " SELECT person FROM one ORDER BY person <> ?, person"
    )
    return [number for (number,) in connection.execute(sql, (person, person))]

"""Open and withheld: who lies on which side of a source, and what of both sides a question may read.

A person lies on the withheld side of a source where any stop of secondary use touches its data category, whole or
for one purpose only. Questions read the open side; beside it only what their purposes or a project's consent allow
of the withheld one. Choices that were made after the parts were placed are weighed in the statement itself, so that
no answer waits for rows to move.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import apsw
from pyroaring import BitMap

from camphora.lake.cutting import SPAN
from camphora.lake.manifest import Manifest, Part
from camphora.lake.sources import Source
from camphora.policy import Access
from camphora.policy.choices import STOPPED
from camphora.policy.codes import categories
from camphora.policy.internal import following
from camphora.records import SQLiteStore

ACCESS = following("lake")
PREFIX, AFTER = "stopped:", "stopped;"
NAMES = """
WITH RECURSIVE n (name) AS (
  SELECT min(name) FROM hidden WHERE name >= ?1 AND name < ?2
  UNION ALL
  SELECT (SELECT min(name) FROM hidden h WHERE h.name > n.name AND h.name < ?2) FROM n WHERE n.name IS NOT NULL
)
SELECT name FROM n WHERE name IS NOT NULL
"""
"""The names of all stops, each found by one step in the index."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What of a source is read: parts as they are, open parts without some persons, withheld parts of some alone."""

    plain: Sequence[Part] = ()
    guarded: Sequence[Part] = ()
    left_out: BitMap = field(default_factory=BitMap)
    withheld: Sequence[Part] = ()
    admitted: BitMap = field(default_factory=BitMap)


class Sides:
    """The present stops, by the store's sets."""

    def __init__(self, store: SQLiteStore) -> None:
        self._store = store
        self._placed: tuple[tuple[int, int], dict[str | None, BitMap]] = ((-1, 0), {})

    def placed(self, source: Source) -> BitMap:
        """Whose rows of this source are to lie on the withheld side; looked up once a second at most."""
        now = (self._store.last_change(), int(time.time()))
        if self._placed[0] != now:
            self._placed = (now, {})
        found, category = self._placed[1], category_of(source)
        if category not in found:
            found[category] = self.touched(source)
        return found[category]

    def touched(self, source: Source) -> BitMap:
        """Whom any stop of secondary use touches in this source, at this moment."""
        category = category_of(source)
        names = self._store.kept(ACCESS, _names)
        return BitMap.union(BitMap(), *(self._set(name) for name in names if touches(name, category)))

    def stopped(self, access: Access, source: Source) -> BitMap:
        """Whose rows of this source a question under this Access may not read, at this moment."""
        found = BitMap()
        for hidden in dict.fromkeys(each for kind in _kinds(source) for each in access.hidden_for(kind)):
            persons = self._set(hidden.name)
            found |= persons - self._set(hidden.unless, "allowed") if hidden.unless else persons
        return found

    def _set(self, name: str, table: str = "hidden") -> BitMap:
        now = int(time.time() * 1000)
        sql = f"SELECT DISTINCT person FROM {table} WHERE name = ? AND since <= ? AND (until IS NULL OR until > ?)"
        return self._store.kept(
            ACCESS,
            lambda connection: BitMap(person for (person,) in connection.execute(sql, (name, now, now))),
        )


def rows_of(source: Source, present: Manifest, stopped: BitMap | None) -> Rows:
    """What a question reads of a source, by those stopped for it; None where it stands above every stop."""
    placed = present.withheld.get(source.name, BitMap())
    parts = present.of(source.name)
    opened = [part for part in parts if part.open]
    withheld = [part for part in parts if not part.open]
    if stopped is None:
        return Rows([*opened, *withheld])
    left_out, admitted = stopped - placed, placed - stopped
    late, early = set(ranges(left_out)), set(ranges(admitted))
    return Rows(
        [part for part in opened if part.low not in late],
        [part for part in opened if part.low in late],
        left_out,
        [part for part in withheld if part.low in early],
        admitted,
    )


def category_of(source: Source) -> str | None:
    """The data category of a view's records. None for a table: what it holds is not told, so any stop touches it."""
    return categories().get(source.view.resource, "other") if source.view else None


def touches(name: str, category: str | None) -> bool:
    """Whether a stop of this name reaches records of a category."""
    if name == STOPPED or category is None:
        return True
    return name.removeprefix(PREFIX).partition(":")[0] in {"*", category}


def ranges(persons: BitMap) -> list[int]:
    """The first persons of the ranges in which these lie, in order; each range is looked up once."""
    found, at = [], 0
    while (rank := persons.rank(at - 1) if at else 0) < len(persons):
        low = persons[rank] // SPAN * SPAN
        found.append(low)
        at = low + SPAN
    return found


def _kinds(source: Source) -> list[str]:
    """The record types by which stops are looked up: for a table one of each category."""
    if source.view:
        return [source.view.resource]
    return [source.name, *{category: kind for kind, category in categories().items()}.values()]


def _names(connection: apsw.Connection) -> list[str]:
    return [str(name) for (name,) in connection.execute(NAMES, (PREFIX, AFTER))]

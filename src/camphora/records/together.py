"""What the writes of one commit share: new records that are put together, whom all of it labels, and what was asked
about their writers.

A record that changes nothing of what is asked here waits, and is put with the others by one statement for each table.
Whoever asks for what waits calls `settle` first. Whether its writer may know a record that waits is asked when it
stands, of all in one statement; where one may not, `Unseen` ends all of them, and each is written anew by itself. What
a record points to is looked at last, as the commit leaves it: jobs that share one come at the same moment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import apsw
import orjson

from camphora.policy import Access
from camphora.policy.actors import TYPES
from camphora.records.deriving import DECIDING, Deriver
from camphora.records.following import Following
from camphora.records.labelling import Labelling
from camphora.records.pending import Pending
from camphora.records.registering import DECLARING
from camphora.records.terms import Interned
from camphora.records.visible import EVERYTHING, Predicate, visible

if TYPE_CHECKING:
    from camphora.records.writing import Writer

APART = frozenset({"Patient", "Consent", "Flag", DECLARING})
"""The types whose writing asks for other records, or changes what they bear."""
WEIGHED = APART | DECIDING | TYPES
"""Those that may change what somebody sees."""


class Unseen(Exception):
    """A record that was put is one that its writer may not make."""


@dataclass(slots=True)
class Standing:
    """What was asked about one Access in this transaction."""

    access: Access
    patients: set[str] = field(default_factory=set)
    """Those whom it was found to see."""
    seeing: Predicate | None = None
    """By which it sees Patients."""
    free: dict[str, bool] = field(default_factory=dict)
    """Types of which it may make every record."""
    waiting: dict[str, list[int]] = field(default_factory=dict)
    """Records that it must be able to make, by type."""

    all: bool | None = None
    """Whether it sees every record."""

    def sees_all(self, connection: apsw.Connection) -> bool:
        if self.all is None:
            self.all = visible(self.access, "Basic", connection) == EVERYTHING
        return self.all

    def sees_patients(self, connection: apsw.Connection) -> Predicate:
        if self.seeing is None:
            self.seeing = visible(self.access, "Patient", connection)
        return self.seeing

    def is_free(self, record_type: str, connection: apsw.Connection) -> bool:
        found = self.free.get(record_type)
        if found is None:
            seen = visible(self.access, record_type, connection, "collect")
            found = self.free[record_type] = seen == EVERYTHING
        return found


class Together:
    """`gathers`: whether new records wait at all, those of an Access that may make every one; `trusts`: also those of
    every other Access, since all may be done anew."""

    def __init__(
        self,
        connection: apsw.Connection,
        interned: Interned,
        labelling: Labelling,
        *,
        gathers: bool = False,
        trusts: bool = False,
    ) -> None:
        self._connection = connection
        self.trusts = trusts
        self.pending = Pending(connection) if gathers or trusts else None
        self.deriver = Deriver(connection, interned)
        self.following = Following(self.deriver, labelling.holding, adding=labelling.older is not None)
        self.chosen: dict[int | None, int] = {}
        """The marks of persons who have chosen, as long as nothing is written that chooses."""
        self.weighs = False
        """Whether something waits that may change what somebody sees."""
        self.writers: list[Writer] = []
        self.doubted: set[str] = set()
        """What points to records that its writer may not see, perhaps: it is settled before it is written again."""
        self._standings: dict[int, Standing] = {}
        self._last = 0

    def number(self) -> int:
        """The number of one more record."""
        if not self._last:
            (self._last,) = next(self._connection.execute("SELECT coalesce(max(no), 0) FROM record"))
        self._last += 1
        return self._last

    def standing(self, access: Access) -> Standing:
        found = self._standings.get(id(access))
        if found is None:
            found = self._standings[id(access)] = Standing(access)
        return found

    @property
    def asks(self) -> bool:
        """Whether something waits of which it is still to be asked whether its writer may make it."""
        return any(standing.waiting for standing in self._standings.values())

    def waits(self, access: Access, record_type: str, number: int) -> None:
        """A new record waits."""
        self.weighs = self.weighs or record_type in WEIGHED
        standing = self.standing(access)
        if not standing.is_free(record_type, self._connection):
            standing.waiting.setdefault(record_type, []).append(number)

    def settle(self) -> None:
        """Put what waits, and forget what was asked: something else is asked or written now."""
        if self.pending is None:
            return
        self.pending.put()
        for standing in self._standings.values():
            for kind, numbers in standing.waiting.items():
                self._require_seen(standing.access, kind, numbers)
        self._standings.clear()
        self.chosen.clear()
        self.weighs = False

    def before(self, name: str) -> None:
        """To be called before a record is written: the version of now is labelled as its writer's references ask."""
        if name in self.doubted:
            self.finish()

    def finish(self) -> None:
        """Put what waits, and label who points to what was written. To be called behind the last change."""
        self.settle()
        for writer in self.writers:
            writer.doubt()
        self.doubted.clear()
        self.following.settle()

    def _require_seen(self, access: Access, kind: str, numbers: list[int]) -> None:
        seen = visible(access, kind, self._connection, "collect")
        sql = f"SELECT count(*) FROM json_each(?) j CROSS JOIN record r ON r.no = j.value WHERE {seen.sql}"
        values = (orjson.dumps(numbers).decode(), *seen.values)
        ((found,),) = self._connection.execute(sql, values)
        if found < len(numbers):
            raise Unseen

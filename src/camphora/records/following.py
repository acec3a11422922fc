"""Labels that follow references: a record that points to a labelled one by what it says is labelled too.

It is settled at the end of each transaction, when all records of it stand: so the order in which they were written does
not matter, and a label given, taken or moved later reaches whoever points to the record, over any number of steps and
around circles. `pointing` says who ever pointed to a name, whether or not a record stands there.

Where a writer points to what they may not see, nothing is followed: the record bears every kind, whether the other is
hidden or absent, so that what becomes of it tells them nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any, NamedTuple

import apsw
import orjson

from camphora.policy.labels import ALL_CHOSEN, OTHERS, REFUSING, Found, Rules
from camphora.policy.labels.pointing import POINTS, UNSEEN, following, targets_in
from camphora.policy.vocabulary import EVERY, UNTOLD, label_mask
from camphora.records.bodies import plain
from camphora.records.deriving import Deriver, held, mask

BEARING = REFUSING - 1
"""The bits of labels, without the marks."""
KEPT = OTHERS | ALL_CHOSEN
"""The marks that do not follow from a body."""
ANY_KIND = label_mask((EVERY,))
LAST = "SELECT body FROM superseded WHERE record = ? AND body IS NOT NULL ORDER BY version DESC LIMIT 1"


class _Record(NamedTuple):
    """A record as it stands: `resource` says what it said last where it is deleted."""

    no: int
    name: str
    labels: int
    deleted: bool
    resource: dict[str, Any]


class Following:
    """What one transaction writes, and whom that labels. `rules`: those that hold, with those of before while records
    are labelled anew; `adding`: whether labels are only added now (`records.labelling`, its first phase)."""

    def __init__(self, deriver: Deriver, rules: Rules, *, adding: bool) -> None:
        self._deriver = deriver
        self._connection: apsw.Connection = deriver.connection
        self.rules = rules
        self.adding = adding
        self._points: dict[int, set[str]] = {}
        self._unseen: set[int] = set()
        self._bearing: set[str] = set()
        self._bore: set[str] = set()
        self._known: dict[str, frozenset[str]] = {}

    def wrote(self, number: int, name: str, points: Iterable[str], labels: int, before: int = 0) -> None:
        """A version was written under `name` (`Type/id`). `labels`: its own mask; `before`: the one that it had."""
        if points:
            self._points.setdefault(number, set()).update(points)
        if labels & BEARING:
            self._bearing.add(name)
        if before & BEARING:
            self._bore.add(name)

    def unseen(self, number: int) -> None:
        """What was written points to what its writer may not see."""
        self._unseen.add(number)

    def settle(self) -> None:
        """Label whoever points to what was written, and what was written by what it points to."""
        if not (self._points or self._unseen or self._bearing or self._bore):
            return
        rows = [(key(target), number) for number, targets in self._points.items() for target in targets]
        self._connection.executemany("INSERT OR IGNORE INTO pointing VALUES (?, ?)", rows)
        stale = set() if self.adding else self._above(self._bore)
        for number in stale:
            self._label(number, alone=True)
        labelled = self._labelled({target for targets in self._points.values() for target in targets})
        waiting = (
            [number for number, targets in self._points.items() if not labelled.isdisjoint(targets)]
            if labelled
            else []
        )
        waiting += (*stale, *self._unseen)
        waiting += (number for name in self._bearing for number in self._pointing(name))
        due = set(waiting)
        while waiting:
            number = waiting.pop()
            due.discard(number)
            name = self._label(number)
            if name is not None:
                more = [each for each in self._pointing(name) if each not in due]
                due.update(more)
                waiting += more
        self._points, self._unseen, self._bearing, self._bore, self._known = {}, set(), set(), set(), {}

    def _labelled(self, names: Iterable[str]) -> set[str]:
        """Those of these records that bear a label now."""
        by_kind: dict[str, list[str]] = {}
        for name in names:
            kind, _, record_id = name.partition("/")
            by_kind.setdefault(kind, []).append(record_id)
        sql = (
            "SELECT r.id FROM json_each(?) j CROSS JOIN record r"
            " ON r.type = (SELECT no FROM type WHERE name = ?) AND r.id = j.value"
            f" WHERE r.labels & {BEARING}"
        )
        return {
            f"{kind}/{record_id}"
            for kind, ids in by_kind.items()
            for (record_id,) in self._connection.execute(sql, (orjson.dumps(ids).decode(), kind))
        }

    def _above(self, names: Iterable[str]) -> set[int]:
        """All who point to these records, over any number of steps, and bear what follows: it may hold no more."""
        found: set[int] = set()
        waiting = list(names)
        while waiting:
            new = [number for number in self._pointing(waiting.pop()) if number not in found]
            found.update(new)
            waiting += (name for number in new if (name := self._name(number)))
        return found

    def _pointing(self, name: str) -> list[int]:
        sql = "SELECT record FROM pointing WHERE target = ?"
        return [number for (number,) in self._connection.execute(sql, (key(name),))]

    def _name(self, number: int) -> str | None:
        sql = "SELECT t.name || '/' || r.id FROM record r JOIN type t ON t.no = r.type WHERE r.no = ?"
        row = next(self._connection.execute(sql, (number,)), None)
        return str(row[0]) if row else None

    def _labels(self, name: str) -> frozenset[str]:
        """What a record gives to whoever points to it; nothing where there is none."""
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = self._given(name)
        return found

    def _given(self, name: str) -> frozenset[str]:
        kind, _, record_id = name.partition("/")
        sql = "SELECT r.no, r.labels FROM type t JOIN record r ON r.type = t.no AND r.id = ? WHERE t.name = ?"
        row = next(self._connection.execute(sql, (record_id, kind)), None)
        if row is None or not row[1] & BEARING:
            return frozenset()
        if row[1] & UNTOLD:
            return frozenset({EVERY})
        record = self._record(row[0])
        return following(record.resource if record else {}, held(self._connection, row[0]))

    def _followed(self, resource: dict[str, Any]) -> Iterator[Found]:
        for target in targets_in(resource):
            for label in self._labels(target):
                yield Found(label, f"{POINTS}{target}")

    def _record(self, number: int) -> _Record | None:
        sql = (
            "SELECT r.no, t.name || '/' || r.id, r.labels, r.deleted, c.body FROM record r"
            " JOIN type t ON t.no = r.type JOIN content c ON c.record = r.no WHERE r.no = ?"
        )
        row = next(self._connection.execute(sql, (number,)), None)
        if row is None:
            return None
        no, name, labels, deleted, body = row
        if body is None:
            (body,) = next(self._connection.execute(LAST, (number,)), (None,))
        resource = orjson.loads(plain(body)) if body else {}
        return _Record(no, name, labels, bool(deleted), resource)

    def _label(self, number: int, *, alone: bool = False) -> str | None:
        """Give a record the labels that it has now; `alone`: only those of its own. Its name where they are others
        than before, else None."""
        record = self._record(number)
        if record is None or not record.resource or (alone and record.deleted):
            return None
        before = set(held(self._connection, number))
        found = set(self.rules.of(record.resource))
        if number in self._unseen or UNSEEN in before:
            found.add(UNSEEN)
        elif not alone:
            found.update(self._followed(record.resource))
        if not alone:
            self._versions(number)
        labels = mask(record.resource, found) | record.labels & KEPT
        if record.deleted or self.adding:
            found |= before
            labels |= record.labels
        if found == before and labels == record.labels:
            return None
        self._deriver.label(number, sorted(found))
        self._connection.execute("UPDATE record SET labels = ? WHERE no = ?", (labels, number))
        self._known.pop(record.name, None)
        return record.name

    def _versions(self, number: int) -> None:
        """The versions before: each by its own body, and by what it points to as that is labelled now."""
        sql = "SELECT version, labels, body FROM superseded WHERE record = ? AND body IS NOT NULL"
        for version, before, body in list(self._connection.execute(sql, (number,))):
            resource = orjson.loads(plain(body))
            labels = mask(resource, (*self.rules.of(resource), *self._followed(resource))) | lasting(before)
            labels |= before if self.adding else 0
            if labels != before:
                sql = "UPDATE superseded SET labels = ? WHERE record = ? AND version = ?"
                self._connection.execute(sql, (labels, number, version))


def lasting(labels: int) -> int:
    """What stays of the labels of a version of before, whatever is said of its body now."""
    return labels & KEPT | (ANY_KIND if labels & UNTOLD else 0)


def key(name: str) -> int:
    """The number under which a name stands in `pointing`. Two names of one number would cost a look in vain."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little", signed=True)

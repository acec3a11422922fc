"""Labelling anew when the rules have changed: in steps through the keeper while the store serves, and resumable.

Two phases over all records. The first adds what the newer rules say; what is written meanwhile bears what both say.
The second, once the newer hold everywhere, takes away what only the older said. So no record has at any moment fewer
labels than the rules that hold say. All else that is derived from a body is made anew on the way: areas, places,
stand-ins, effects of Consents.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import orjson

from camphora.errors import Busy
from camphora.policy.choices import effects
from camphora.policy.labels import Found, Rules
from camphora.policy.labels.pointing import UNSEEN, targets_in
from camphora.records import effects as effect_rows
from camphora.records.bodies import plain
from camphora.records.deriving import Deriver, held, mask
from camphora.records.following import KEPT, Following, lasting
from camphora.records.keeper import Keeper
from camphora.records.keys import unpacked
from camphora.records.terms import Interned

STEP = 200
"""Records per job: some milliseconds between what else waits for the keeper."""
ADDING, TAKING, DONE = 1, 2, 0
FORM = b"derived:5"
"""Another form of what is derived has another name here, and makes all of it anew."""


class Progress(NamedTuple):
    """How far a labelling is: `phase` 1 or 2, `through` the last record done of `last`."""

    phase: int
    through: int
    last: int


@dataclass
class Labelling:
    """The rules of a store. `older` are those of before, while records are labelled anew and the newer do not hold
    everywhere yet; None otherwise."""

    rules: Rules
    older: Rules | None = None
    _phase: int = DONE
    _holding: Rules | None = None

    @property
    def running(self) -> bool:
        return self._phase != DONE

    @property
    def holding(self) -> Rules:
        """The rules that hold for what is written now: the newer, with the older while they hold still."""
        return self.rules if self._holding is None else self._holding

    def change(self, connection: apsw.Connection, rules: Rules) -> None:
        """Go by other rules, and begin to label anew where they differ. Runs in the keeper."""
        self.rules = rules
        self.begin(connection)

    def begin(self, connection: apsw.Connection) -> None:
        """Compare the rules with those of the store, and begin or resume where they differ. Runs in the keeper."""
        digest = f"{FORM.decode()}:{self.rules.digest()}"
        lines = list(connection.execute("SELECT digest, rules, phase FROM labelling ORDER BY no"))
        if not lines:
            filled = next(connection.execute("SELECT 1 FROM record LIMIT 1"), None) is not None
            self._add(connection, digest, ADDING if filled else DONE)
        elif lines[-1][0] != digest:
            connection.execute("UPDATE labelling SET phase = ?", (DONE,))
            connection.execute("DELETE FROM labelling WHERE digest = ?", (digest,))
            self._add(connection, digest, ADDING)
        self._read(connection)

    def step(self, connection: apsw.Connection, interned: Interned, size: int = STEP) -> Progress | None:
        """Label some records anew; None where all is done. Runs in the keeper."""
        row = next(
            connection.execute("SELECT no, phase, through FROM labelling ORDER BY no DESC LIMIT 1"), None
        )
        if row is None or row[1] == DONE:
            return None
        line, phase, through = row
        sql = (
            "SELECT r.no, r.person, r.labels, r.deleted, c.keys, c.body, t.name, r.id FROM record r"
            " JOIN type t ON t.no = r.type JOIN content c ON c.record = r.no WHERE r.no > ? ORDER BY r.no LIMIT ?"
        )
        rows = list(connection.execute(sql, (through, size)))
        deriver = Deriver(connection, interned)
        following = Following(deriver, self.holding, adding=phase == ADDING)
        for each in rows:
            self._record(deriver, following, phase, each)
        following.settle()
        if rows:
            connection.execute("UPDATE labelling SET through = ? WHERE no = ?", (rows[-1][0], line))
        elif phase == ADDING:
            connection.execute("UPDATE labelling SET phase = ?, through = 0 WHERE no = ?", (TAKING, line))
        else:
            connection.execute("DELETE FROM labelling WHERE no <> ?", (line,))
            connection.execute("UPDATE labelling SET phase = ?, through = 0 WHERE no = ?", (DONE, line))
        self._read(connection)
        return progress(connection)

    def _add(self, connection: apsw.Connection, digest: str, phase: int) -> None:
        values = (digest, self.rules.dump(), phase)
        connection.execute(
            "INSERT INTO labelling (digest, rules, phase, through) VALUES (?, ?, ?, 0)", values
        )

    def _read(self, connection: apsw.Connection) -> None:
        lines = list(connection.execute("SELECT rules, phase FROM labelling ORDER BY no"))
        self._phase = lines[-1][1]
        self.older = self._holding = None
        if self._phase == ADDING:
            older = Rules(())
            for rules, _ in lines[:-1]:
                older = older.joined(Rules.load(rules))
            self.older, self._holding = older, self.rules.joined(older)

    def _record(self, deriver: Deriver, following: Following, phase: int, row: tuple[Any, ...]) -> None:
        number, person, before, deleted, keys, body, kind, name = row
        connection = deriver.connection
        resource = orjson.loads(plain(body)) if body else None
        found = self.rules.of(resource) if resource else ()
        kept = held(connection, number)
        found = (*found, *(kept if phase == ADDING else (one for one in kept if one == UNSEEN)))
        labels = mask(resource, found) | before & KEPT if resource else before
        if phase == ADDING:
            labels |= before
        if resource and not deleted:
            self._derive(deriver, number, person, resource, found)
            if kind == "Consent":
                effect_rows.put(connection, number, person, effects(resource))
            terms = unpacked(keys).terms
            deriver.unlocal(number, person, before, terms)
            deriver.local(number, person, labels, terms)
        if labels != before:
            connection.execute("UPDATE record SET labels = ? WHERE no = ?", (labels, number))
        points = {*self._versions(connection, number, phase), *(targets_in(resource) if resource else ())}
        following.wrote(number, f"{kind}/{name}", points, labels, before)

    def _derive(
        self, deriver: Deriver, number: int, person: int | None, resource: Any, found: tuple[Found, ...]
    ) -> None:
        deriver.keep(number, person, resource, tuple(dict.fromkeys(found)))
        if person is not None and resource["resourceType"] in {"Patient", "Consent", "RelatedPerson", "Flag"}:
            deriver.decided([person])

    def _versions(self, connection: apsw.Connection, number: int, phase: int) -> Iterator[str]:
        """The versions before: each by its own body. To whom they point."""
        sql = "SELECT version, labels, body FROM superseded WHERE record = ? AND body IS NOT NULL"
        for version, before, body in list(connection.execute(sql, (number,))):
            resource = orjson.loads(plain(body))
            labels = mask(resource, self.rules.of(resource)) | lasting(before)
            labels |= before if phase == ADDING else 0
            if labels != before:
                connection.execute(
                    "UPDATE superseded SET labels = ? WHERE record = ? AND version = ?",
                    (labels, number, version),
                )
            yield from targets_in(resource)


def progress(connection: apsw.Connection) -> Progress | None:
    """How far the labelling is; None where none runs."""
    sql = "SELECT phase, through, (SELECT coalesce(max(no), 0) FROM record) FROM labelling ORDER BY no DESC LIMIT 1"
    row = next(connection.execute(sql), None)
    return Progress(*row) if row and row[0] != DONE else None


def progress_in(path: Path) -> Progress | None:
    """The same of a store's file, which another process may hold."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        connection.set_busy_timeout(5000)
        return progress(connection)
    finally:
        connection.close()


def run(labelling: Labelling, keeper: Keeper, interned: Interned) -> None:
    """Step after step until all is done or the keeper closes; for a thread of its own."""
    try:
        while keeper.submit(lambda connection: labelling.step(connection, interned)).result() is not None:
            pass
    except (Busy, CancelledError):
        return

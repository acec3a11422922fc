"""Labelling anew when the rules have changed: in steps through the keeper while the store serves, and resumable.

Two phases over all records. The first adds what the newer rules say; what is written meanwhile bears what both say.
The second, once the newer hold everywhere, takes away what only the older said. So no record has at any moment fewer
labels than the rules that hold say. All else that is derived from a body is made anew on the way: areas, places,
stand-ins, effects of Consents.
"""

from __future__ import annotations

from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import Any, NamedTuple

import apsw
import orjson

from camphora.errors import Busy
from camphora.policy.choices import effects
from camphora.policy.labels import ALL_CHOSEN, OTHERS, Found, Rules
from camphora.records import effects as effect_rows
from camphora.records.bodies import plain
from camphora.records.deriving import Deriver, mask
from camphora.records.keeper import Keeper
from camphora.records.keys import unpacked
from camphora.records.terms import Interned

STEP = 200
"""Records per job: some milliseconds between what else waits for the keeper."""
ADDING, TAKING, DONE = 1, 2, 0
KEPT = OTHERS | ALL_CHOSEN
"""The marks that do not follow from a body."""
FORM = b"derived:3"
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

    @property
    def running(self) -> bool:
        return self._phase != DONE

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
            "SELECT r.no, r.person, r.labels, r.deleted, c.keys, c.body, t.name FROM record r"
            " JOIN type t ON t.no = r.type JOIN content c ON c.record = r.no WHERE r.no > ? ORDER BY r.no LIMIT ?"
        )
        rows = list(connection.execute(sql, (through, size)))
        deriver = Deriver(connection, interned)
        for each in rows:
            self._record(deriver, phase, each)
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
        self.older = None
        if self._phase == ADDING:
            older = Rules(())
            for rules, _ in lines[:-1]:
                older = older.joined(Rules.load(rules))
            self.older = older

    def _record(self, deriver: Deriver, phase: int, row: tuple[Any, ...]) -> None:
        number, person, before, deleted, keys, body, kind = row
        connection = deriver.connection
        resource = orjson.loads(plain(body)) if body else None
        found = self.rules.of(resource) if resource else ()
        labels = mask(resource, found) | before & KEPT if resource else before
        if phase == ADDING:
            labels |= before
            found = (*found, *held(connection, number))
        if resource and not deleted:
            self._derive(deriver, number, person, resource, found)
            if kind == "Consent":
                effect_rows.put(connection, number, person, effects(resource))
            terms = unpacked(keys).terms
            deriver.unlocal(number, person, before, terms)
            deriver.local(number, person, labels, terms)
        if labels != before:
            connection.execute("UPDATE record SET labels = ? WHERE no = ?", (labels, number))
        self._versions(connection, number, phase)

    def _derive(
        self, deriver: Deriver, number: int, person: int | None, resource: Any, found: tuple[Found, ...]
    ) -> None:
        deriver.keep(number, person, resource, tuple(dict.fromkeys(found)))
        if person is not None and resource["resourceType"] in {"Patient", "Consent", "RelatedPerson", "Flag"}:
            deriver.decided([person])

    def _versions(self, connection: apsw.Connection, number: int, phase: int) -> None:
        """The versions before: each by its own body."""
        sql = "SELECT version, labels, body FROM superseded WHERE record = ? AND body IS NOT NULL"
        for version, before, body in list(connection.execute(sql, (number,))):
            resource = orjson.loads(plain(body))
            labels = mask(resource, self.rules.of(resource)) | before & KEPT
            labels |= before if phase == ADDING else 0
            if labels != before:
                connection.execute(
                    "UPDATE superseded SET labels = ? WHERE record = ? AND version = ?",
                    (labels, number, version),
                )


def progress(connection: apsw.Connection) -> Progress | None:
    """How far the labelling is; None where none runs."""
    sql = "SELECT phase, through, (SELECT coalesce(max(no), 0) FROM record) FROM labelling ORDER BY no DESC LIMIT 1"
    row = next(connection.execute(sql), None)
    return Progress(*row) if row and row[0] != DONE else None


def run(labelling: Labelling, keeper: Keeper, interned: Interned) -> None:
    """Step after step until all is done or the keeper closes; for a thread of its own."""
    try:
        while keeper.submit(lambda connection: labelling.step(connection, interned)).result() is not None:
            pass
    except (Busy, CancelledError):
        return


def held(connection: apsw.Connection, number: int) -> list[Found]:
    """The labels and marks that a record bears by rule, as they are kept beside it."""
    sql = "SELECT u.label, u.name FROM labelled l JOIN rule u ON u.no = l.rule WHERE l.record = ?"
    return [Found(*row) for row in connection.execute(sql, (number,))]

# ruff: noqa: S608 - statements are composed of our own words; values are always bound
"""緊急調閱: a reader's declaration that one person's life or health needs records now; ended by itself, then judged.

A declaration names the person by a full identifier and says why. One that names nobody is kept too, without what
was typed: it may have been somebody else's number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import apsw

from camphora.errors import Busy, Conflict, Forbidden, Invalid, NotFound
from camphora.gate.state import State, now
from camphora.policy import Role
from camphora.policy.asking import Emergency

Judgement = Literal["justified", "unjustified", "further"]
"""正當, 不當, 續查. The last may be judged again."""
HOUR = 3_600_000
MOST_WRONG, WITHIN = 10, HOUR
"""So many declarations of one reader that named nobody within an hour, then they wait."""
LONGEST_REASON = 1000
COLUMNS = (
    "no, reader, person, identifier, reason, declared, until, ended, reviewer, reviewed, judgement, note"
)


@dataclass(frozen=True, slots=True)
class EmergencyRules:
    """What a policy asks of a declaration: who may make one, for how long it holds, how long its reason is at least."""

    roles: frozenset[Role]
    hours: float
    least_reason: int


@dataclass(frozen=True, slots=True)
class Declared:
    """A declaration. Times in milliseconds UTC; `person` a Patient id, None where the identifier named nobody."""

    no: int
    reader: str
    person: str | None
    identifier: str
    reason: str
    declared: int
    until: int
    ended: int | None = None
    reviewer: str | None = None
    reviewed: int | None = None
    judgement: str | None = None
    note: str | None = None

    def holds(self, at: int) -> bool:
        return self.person is not None and self.declared <= at < self.over

    @property
    def over(self) -> int:
        """The first moment at which it opens nothing any more."""
        return self.until if self.ended is None else min(self.until, self.ended)

    def stated(self) -> Emergency:
        """As a decision weighs it."""
        return Emergency(self.identifier, self.reason, self.declared)


class Emergencies:
    """Keeps declarations and their judgements."""

    def __init__(self, state: State, rules: EmergencyRules) -> None:
        self._state = state
        self.rules = rules

    def declare(self, reader: str, person: str | None, identifier: str, reason: str) -> Declared:
        """Keep a declaration. Invalid `gate-emergency-reason` without a reason of the length that the policy asks
        for; Busy `gate-emergency-wait` after too many that named nobody."""
        reason = reason.strip()
        if not self.rules.least_reason <= len(reason) <= LONGEST_REASON:
            raise Invalid("gate-emergency-reason", least=self.rules.least_reason)
        at = now()
        values = (
            reader,
            person,
            identifier if person else "",
            reason,
            at,
            at + int(self.rules.hours * HOUR) if person else at,
        )

        def job(connection: apsw.Connection) -> int:
            _refuse_guessing(connection, reader, at)
            connection.execute(
                "INSERT INTO emergency (reader, person, identifier, reason, declared, until)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                values,
            )
            return int(connection.last_insert_rowid())

        return Declared(self._state.change(job), *values)

    def open_of(self, reader: str, person: str | None = None) -> list[Declared]:
        """The reader's declarations that hold now, for one person where named, the newest first."""
        at = now()
        found = self._read("reader = ? AND until > ? ORDER BY no DESC", reader, at)
        return [each for each in found if each.holds(at) and person in (None, each.person)]

    def end(self, number: int, reader: str) -> None:
        """End it before its time; only the reader who declared it may."""
        at = now()

        def job(connection: apsw.Connection) -> None:
            connection.execute(
                "UPDATE emergency SET ended = ? WHERE no = ? AND reader = ? AND ended IS NULL",
                (at, number, reader),
            )
            if not connection.changes() and not _is_of(connection, number, reader):
                raise NotFound("gate-no-emergency")

        self._state.change(job)

    def to_review(self) -> list[Declared]:
        """Those that nobody has judged finally, the oldest first."""
        return self._read("coalesce(judgement, 'further') = 'further' ORDER BY no")

    def reviewed(self, most: int = 200) -> list[Declared]:
        """Those judged, the newest judgement first."""
        return self._read("judgement IS NOT NULL ORDER BY reviewed DESC LIMIT ?", most)

    def of_person(self, person: str) -> list[Declared]:
        """All declarations about a person, the newest first: for telling her."""
        return self._read("person = ? ORDER BY no DESC", person)

    def one(self, number: int) -> Declared:
        found = self._read("no = ?", number)
        if not found:
            raise NotFound("gate-no-emergency")
        return found[0]

    def judge(self, number: int, reviewer: str, judgement: str, note: str = "") -> Declared:
        """Keep a judgement. Nobody judges their own declaration, and a final judgement stays."""
        if judgement not in get_args(Judgement) or len(note) > LONGEST_REASON:
            raise Invalid("gate-emergency-judgement")
        at = now()

        def job(connection: apsw.Connection) -> None:
            before = self._row(connection, number)
            if before.reader == reviewer:
                raise Forbidden("gate-emergency-own")
            if before.judgement in {"justified", "unjustified"}:
                raise Conflict("gate-emergency-judged")
            connection.execute(
                "UPDATE emergency SET reviewer = ?, reviewed = ?, judgement = ?, note = ? WHERE no = ?",
                (reviewer, at, judgement, note.strip(), number),
            )

        self._state.change(job)
        return self.one(number)

    def _row(self, connection: apsw.Connection, number: int) -> Declared:
        rows = list(connection.execute(f"SELECT {COLUMNS} FROM emergency WHERE no = ?", (number,)))
        if not rows:
            raise NotFound("gate-no-emergency")
        return Declared(*rows[0])

    def _read(self, where: str, *values: Any) -> list[Declared]:
        sql = f"SELECT {COLUMNS} FROM emergency WHERE {where}"
        return [Declared(*row) for row in self._state.rows(sql, *values)]


def _refuse_guessing(connection: apsw.Connection, reader: str, at: int) -> None:
    sql = "SELECT count(*) FROM emergency WHERE reader = ? AND person IS NULL AND declared > ?"
    (wrong,) = next(connection.execute(sql, (reader, at - WITHIN)))
    if wrong >= MOST_WRONG:
        raise Busy("gate-emergency-wait", most=MOST_WRONG)


def _is_of(connection: apsw.Connection, number: int, reader: str) -> bool:
    sql = "SELECT 1 FROM emergency WHERE no = ? AND reader = ?"
    return next(connection.execute(sql, (number, reader)), None) is not None

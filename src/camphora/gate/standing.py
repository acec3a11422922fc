# ruff: noqa: S608 - statements are composed of our own words; values are always bound
"""What a reader is limited to, belongs to and stands for, by account: areas, institutions, wards, memberships, FHIR
records and identifiers; from and until when, and by whom it was given. What follows from these, the store's records
say (`policy.actors`)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

import apsw

from camphora.errors import Conflict, Invalid, NotFound
from camphora.gate.state import State, now
from camphora.policy.asking import Scope

Kind = Literal["area", "institution", "ward", "membership", "record", "identifier", "organisation-kind"]
FORMS: dict[str, str] = {
    "area": r"\d{5}(\d{3})?",
    "institution": r"[A-Za-z0-9\-.]{1,64}",
    "ward": r"Location/[A-Za-z0-9\-.]{1,64}",
    "membership": r"(CareTeam|Group|Organization|PractitionerRole|OrganizationAffiliation)/[A-Za-z0-9\-.]{1,64}",
    "record": r"(Practitioner|PractitionerRole|Organization|Device)/[A-Za-z0-9\-.]{1,64}",
    "identifier": r"[^|\s]{1,200}\|\S{1,100}",
    "organisation-kind": r"[a-z][a-z\-]{0,40}",
}
"""How a value of each kind is written: areas as codes of 5 digits (county) or 8 (township), wards, memberships and
records as references, identifiers as `system|value`."""
ONE_OF = ("Practitioner/", "Device/")
"""Of the records for which an account stands there is at most one of these types."""
NO_LIMIT = Scope()
LIMITS: tuple[Kind, ...] = ("area", "institution", "ward")
NOWHERE = "-"
"""What an account is limited to where the time of all its limits of a kind is over: no such place is there, so that the
end of a limit by time opens nothing. Only somebody who ends it lifts it."""
COLUMNS = "no, user, kind, value, since, until, given, giver, ended, ender"


@dataclass(frozen=True, slots=True)
class Standing:
    """All that is kept of one account's standing. `records`: those for which it stands; `until`: the next moment, in
    milliseconds, at which it is another by time alone."""

    scope: Scope = NO_LIMIT
    memberships: frozenset[str] = frozenset()
    identifiers: frozenset[str] = frozenset()
    organisation_kind: str | None = None
    records: frozenset[str] = frozenset()
    until: int | None = None

    @property
    def practitioner(self) -> str | None:
        """The Practitioner for whom the account stands."""
        return self._one("Practitioner/")

    @property
    def device(self) -> str | None:
        """The Device for which a machine's account stands."""
        return self._one("Device/")

    def _one(self, kind: str) -> str | None:
        return next((name for name in sorted(self.records) if name.startswith(kind)), None)


@dataclass(frozen=True, slots=True)
class Given:
    """One value as it was given to an account: from and until when, by whom, and who took it back. Times in
    milliseconds UTC; `giver` is empty where it was set at the machine."""

    no: int
    user: str
    kind: Kind
    value: str
    since: int
    until: int | None
    given: int
    giver: str
    ended: int | None = None
    ender: str | None = None

    def holds(self, at: int) -> bool:
        return self.since <= at and not self.over(at)

    def over(self, at: int) -> bool:
        """Whether its time is over, or it was ended."""
        return self.ended is not None or (self.until is not None and self.until <= at)


class Standings:
    """Keeps the standing of accounts, and everything that was ever given."""

    def __init__(self, state: State) -> None:
        self._state = state

    def of(self, user: str) -> Standing:
        """An account's standing now; unlimited and belonging to nothing where nothing is kept."""
        at = now()
        kept = self._read("user = ? AND ended IS NULL", user)
        found: dict[str, set[str]] = {kind: set() for kind in get_args(Kind)}
        for each in kept:
            if each.holds(at):
                found[each.kind].add(each.value)
        for kind in LIMITS:
            if not found[kind] and any(each.kind == kind and each.since <= at for each in kept):
                found[kind].add(NOWHERE)
        moments = (moment for each in kept for moment in (each.since, each.until) if moment and moment > at)
        return Standing(
            Scope(frozenset(found["area"]), frozenset(found["institution"]), frozenset(found["ward"])),
            frozenset(found["membership"]),
            frozenset(found["identifier"]),
            next(iter(sorted(found["organisation-kind"])), None),
            frozenset(found["record"]),
            min(moments, default=None),
        )

    def all(self, user: str | None = None) -> list[Given]:
        """What was ever given, to one account where named, the newest first."""
        return self._read("?1 IS NULL OR user = ?1 ORDER BY no DESC", user)

    def one(self, number: int) -> Given:
        found = self._read("no = ?", number)
        if not found:
            raise NotFound("gate-no-standing")
        return found[0]

    def give(
        self, user: str, kind: str, value: str, *, by: str, since: int = 0, until: int | None = None
    ) -> Given:
        """Add a value beside those that are kept. Invalid `gate-standing` for what is no value of the kind,
        `gate-standing-time` for a time that is over before it begins; Conflict `gate-standing-kept` where the account
        has it, or has another where there can be one."""
        at = now()
        _require_values(kind, [value])
        if until is not None and until <= max(since, at):
            raise Invalid("gate-standing-time")

        def job(connection: apsw.Connection) -> int:
            sql = f"SELECT {COLUMNS} FROM standing_given WHERE user = ? AND kind = ? AND ended IS NULL"
            others = [
                one for row in connection.execute(sql, (user, kind)) if not (one := Given(*row)).over(at)
            ]
            if any(each.value == value or _is_single(kind, each.value, value) for each in others):
                raise Conflict("gate-standing-kept")
            return _add(connection, (user, kind, value, since, until, at, by))

        return self.one(self._state.change(job))

    def end(self, number: int, by: str) -> Given:
        """Take back what was given; what has been taken back stays as it was."""

        def job(connection: apsw.Connection) -> None:
            sql = "UPDATE standing_given SET ended = ?, ender = ? WHERE no = ? AND ended IS NULL"
            connection.execute(sql, (now(), by, number))

        self._state.change(job)
        return self.one(number)

    def set(self, user: str, kind: str, values: Iterable[str], by: str = "") -> None:
        """Put these values in place of all that were kept of this kind; none lifts the limit."""
        kept = sorted(set(values))
        _require_values(kind, kept)
        at = now()

        def job(connection: apsw.Connection) -> None:
            sql = (
                "UPDATE standing_given SET ended = ?, ender = ? WHERE user = ? AND kind = ? AND ended IS NULL"
            )
            connection.execute(sql, (at, by, user, kind))
            for value in kept:
                _add(connection, (user, kind, value, 0, None, at, by))

        self._state.change(job)

    def forget(self, user: str) -> None:
        """End all of an account's standing and its projects, when the account is taken away: another of this name is
        somebody else."""

        def job(connection: apsw.Connection) -> None:
            sql = "UPDATE standing_given SET ended = ?, ender = '' WHERE user = ? AND ended IS NULL"
            connection.execute(sql, (now(), user))
            connection.execute("DELETE FROM project_member WHERE user = ?", (user,))

        self._state.change(job)

    def _read(self, where: str, *values: object) -> list[Given]:
        sql = f"SELECT {COLUMNS} FROM standing_given WHERE {where}"
        return [Given(*row) for row in self._state.rows(sql, *values)]


def _require_values(kind: str, values: list[str]) -> None:
    if kind not in FORMS or not all(re.fullmatch(FORMS[kind], value) for value in values):
        raise Invalid("gate-standing", kind=kind)
    if any(_is_single(kind, *pair) for pair in pairwise(values)):
        raise Invalid("gate-standing", kind=kind)


def _is_single(kind: str, one: str, other: str) -> bool:
    """Whether an account can have only one of two values."""
    if kind == "record":
        return any(one.startswith(each) and other.startswith(each) for each in ONE_OF)
    return kind == "organisation-kind"


def _add(connection: apsw.Connection, row: tuple[object, ...]) -> int:
    sql = "INSERT INTO standing_given (user, kind, value, since, until, given, giver) VALUES (?, ?, ?, ?, ?, ?, ?)"
    connection.execute(sql, row)
    return int(connection.last_insert_rowid())

"""What a reader is limited to, belongs to and stands for, by account: areas, institutions, wards, memberships, FHIR
records and identifiers. What follows from these, the store's records say (`policy.actors`)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

import apsw

from camphora.errors import Invalid
from camphora.gate.state import State
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


@dataclass(frozen=True, slots=True)
class Standing:
    """All that is kept of one account's standing. `records`: those for which it stands."""

    scope: Scope = NO_LIMIT
    memberships: frozenset[str] = frozenset()
    identifiers: frozenset[str] = frozenset()
    organisation_kind: str | None = None
    records: frozenset[str] = frozenset()

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


class Standings:
    """Keeps the standing of accounts."""

    def __init__(self, state: State) -> None:
        self._state = state

    def of(self, user: str) -> Standing:
        """An account's standing; unlimited and belonging to nothing where nothing is kept."""
        found: dict[str, set[str]] = {kind: set() for kind in get_args(Kind)}
        for kind, value in self._state.rows("SELECT kind, value FROM standing WHERE user = ?", user):
            found[kind].add(value)
        scope = Scope(frozenset(found["area"]), frozenset(found["institution"]), frozenset(found["ward"]))
        return Standing(
            scope,
            frozenset(found["membership"]),
            frozenset(found["identifier"]),
            next(iter(sorted(found["organisation-kind"])), None),
            frozenset(found["record"]),
        )

    def set(self, user: str, kind: str, values: Iterable[str]) -> None:
        """Put these values in place of all that were kept of this kind; none lifts the limit."""
        kept = sorted(set(values))
        if kind not in FORMS or not all(re.fullmatch(FORMS[kind], value) for value in kept):
            raise Invalid("gate-standing", kind=kind)
        single = ("",) if kind == "organisation-kind" else ONE_OF if kind == "record" else ()
        if any(sum(value.startswith(each) for value in kept) > 1 for each in single):
            raise Invalid("gate-standing", kind=kind)

        def job(connection: apsw.Connection) -> None:
            connection.execute("DELETE FROM standing WHERE user = ? AND kind = ?", (user, kind))
            connection.executemany(
                "INSERT INTO standing VALUES (?, ?, ?)", [(user, kind, value) for value in kept]
            )

        self._state.change(job)

    def forget(self, user: str) -> None:
        """Drop all of an account's standing and its projects, when the account is taken away: another of this name is
        somebody else."""

        def job(connection: apsw.Connection) -> None:
            connection.execute("DELETE FROM standing WHERE user = ?", (user,))
            connection.execute("DELETE FROM project_member WHERE user = ?", (user,))

        self._state.change(job)

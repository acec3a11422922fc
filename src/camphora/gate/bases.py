# ruff: noqa: S608 - statements are composed of our own words; values are always bound
"""Legal bases that are applied for: a registered basis, a written reason, a period, and somebody else's approval.

requested → approved or refused; an approved one is in force from its first moment to its last, or until it is ended.
Every use of one is noted here as well as in the receipts of what was read with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import apsw

from camphora.errors import Conflict, Forbidden, Invalid, NotFound
from camphora.gate.state import State, now
from camphora.policy import Policy, Reader, Whom, decide
from camphora.policy.asking import Asked, Basis, Reason, Scope

BasisState = Literal["requested", "refused", "approved", "in-force", "ended"]
LONGEST_REASON = 1000
DAY = 86_400_000
LONGEST_DAYS = 366
COLUMNS = "no, basis, applicant, reason, purposes, categories, since, until, asked, approver, decided, approved, ended"


@dataclass(frozen=True, slots=True)
class Claim:
    """An application for a legal basis. Times in milliseconds UTC; `until` is the first moment after it."""

    no: int
    basis: str
    applicant: str
    reason: str
    purposes: tuple[str, ...]
    categories: tuple[str, ...]
    since: int
    until: int
    asked: int
    approver: str | None = None
    decided: int | None = None
    approved: bool | None = None
    ended: int | None = None

    def state(self, at: int) -> BasisState:
        if self.approved is None:
            return "requested" if at < self.until else "ended"
        if not self.approved:
            return "refused"
        if at >= self.until or (self.ended is not None and at >= self.ended):
            return "ended"
        return "in-force" if at >= self.since else "approved"

    def covers(self, purposes: Sequence[str]) -> bool:
        """Whether it was applied for to serve these purposes."""
        return set(purposes) <= set(self.purposes)

    def stated(self) -> Basis:
        """As a decision weighs it."""
        until = self.until if self.ended is None else min(self.until, self.ended)
        return Basis(self.basis, self.reason, self.since, until, self.approver if self.approved else None)


def hindrance(
    policy: Policy, reader: Reader, basis: Basis, purposes: Sequence[str], at: int
) -> Reason | None:
    """Why this basis counts for nothing where the reader claims it for these purposes: the decision's own reason, the
    first of them; None where it counts for one of them. The areas of persons are not weighed: none is asked for yet."""
    row = policy.bases.get(basis.id)
    somebody = Whom("Patient/-", area=next(iter(sorted(row.areas)), None) if row else None)
    asker, first = replace(reader.asker(), scope=Scope()), None
    for purpose in purposes:
        asked = Asked(asker, (purpose,), "access", at, basis, None)
        decision = decide(asked, somebody, None, policy)
        against = [each for each in decision.reasons if each.code.startswith("basis-") and not each.permits]
        if not against and decision.permitted:
            return None
        first = first or next(iter(against), decision.reasons[-1])
    return first


def if_granted(basis: str, at: int) -> Basis:
    """A basis as it would stand if it were granted for this moment: to see who may claim it at all."""
    return Basis(basis, "-" * LONGEST_REASON, at, at + DAY, "-")


class Bases:
    """Keeps applications, decisions about them, and their uses."""

    def __init__(self, state: State) -> None:
        self._state = state

    def apply(
        self,
        applicant: str,
        basis: str,
        reason: str,
        *,
        purposes: Sequence[str],
        categories: Sequence[str] = (),
        since: int,
        until: int,
        least_reason: int,
    ) -> Claim:
        """Ask for a basis. `basis` must be one that the policy registers: that is the caller's to check."""
        reason = reason.strip()
        if not least_reason <= len(reason) <= LONGEST_REASON:
            raise Invalid("gate-basis-reason", least=least_reason)
        at = now()
        if not purposes or not max(since, at) < until <= since + LONGEST_DAYS * DAY:
            raise Invalid("gate-basis-period", days=LONGEST_DAYS)
        values = (basis, applicant, reason, " ".join(purposes), " ".join(categories), since, until, at)

        def job(connection: apsw.Connection) -> int:
            connection.execute(
                "INSERT INTO legal_basis (basis, applicant, reason, purposes, categories, since, until, asked)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )
            return int(connection.last_insert_rowid())

        return self.one(self._state.change(job))

    def decide(self, number: int, approver: str, *, approved: bool) -> Claim:
        """Approve or refuse, once. Nobody approves what they asked for."""
        at = now()

        def job(connection: apsw.Connection) -> None:
            claim = _one(connection.execute(f"SELECT {COLUMNS} FROM legal_basis WHERE no = ?", (number,)))
            if claim.applicant == approver:
                raise Forbidden("gate-basis-own")
            if claim.state(at) != "requested":
                raise Conflict("gate-basis-decided")
            connection.execute(
                "UPDATE legal_basis SET approver = ?, decided = ?, approved = ? WHERE no = ?",
                (approver, at, approved, number),
            )

        self._state.change(job)
        return self.one(number)

    def end(self, number: int) -> Claim:
        """End it now; what was over before stays as it was."""
        at = now()

        def job(connection: apsw.Connection) -> None:
            _one(connection.execute(f"SELECT {COLUMNS} FROM legal_basis WHERE no = ?", (number,)))
            sql = "UPDATE legal_basis SET ended = ? WHERE no = ? AND ended IS NULL AND until > ?"
            connection.execute(sql, (at, number, at))

        self._state.change(job)
        return self.one(number)

    def one(self, number: int) -> Claim:
        sql = f"SELECT {COLUMNS} FROM legal_basis WHERE no = ?"
        return _one(iter(self._state.rows(sql, number)))

    def all(self, most: int = 500) -> list[Claim]:
        """The newest applications first."""
        rows = self._state.rows(f"SELECT {COLUMNS} FROM legal_basis ORDER BY no DESC LIMIT ?", most)
        return [_claim(row) for row in rows]

    def of(self, applicant: str) -> list[Claim]:
        sql = f"SELECT {COLUMNS} FROM legal_basis WHERE applicant = ? ORDER BY no DESC"
        return [_claim(row) for row in self._state.rows(sql, applicant)]

    def in_force(self, applicant: str, number: int) -> Claim:
        """A basis that the reader may use now; Forbidden `gate-basis-not-in-force` otherwise. That is no use yet: it
        may not serve what is asked."""
        sql = f"SELECT {COLUMNS} FROM legal_basis WHERE no = ? AND applicant = ?"
        row = next(iter(self._state.rows(sql, number, applicant)), None)
        claim = _claim(row) if row else None
        if claim is None or claim.state(now()) != "in-force":
            raise Forbidden("gate-basis-not-in-force")
        return claim

    def use(self, number: int) -> None:
        """Note a use that was permitted."""
        values = (number, now())

        def job(connection: apsw.Connection) -> None:
            connection.execute("INSERT INTO legal_basis_use VALUES (?, ?)", values)

        self._state.change(job)

    def uses(self) -> dict[int, int]:
        """How often each basis was used."""
        return dict(self._state.rows("SELECT basis, count(*) FROM legal_basis_use GROUP BY basis"))


def _one(rows: Any) -> Claim:
    row = next(rows, None)
    if row is None:
        raise NotFound("gate-no-basis")
    return _claim(row)


def _claim(row: tuple[Any, ...]) -> Claim:
    number, basis, applicant, reason, purposes, categories, since, until, asked, approver, decided = row[:11]
    approved, ended = row[11:]
    return Claim(
        number,
        basis,
        applicant,
        reason,
        tuple(purposes.split()),
        tuple(categories.split()),
        since,
        until,
        asked,
        approver,
        decided,
        None if approved is None else bool(approved),
        ended,
    )

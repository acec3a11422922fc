"""The gate: a reader and a purpose become an Access, or a refusal with its reasons.

A person's choices are asked of the store through the inner Access `deciding`, at each request, so that a
choice made a moment ago already holds. What an Access stands on beside (an emergency, a legal basis, a project) must
hold in the gate's own state at that moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import orjson

from camphora.audit.unusual import Suspicion
from camphora.errors import Forbidden, NotFound
from camphora.fhir.search import parse_query
from camphora.gate.bases import Bases, Claim
from camphora.gate.bearers import Bearers
from camphora.gate.emergencies import Declared, Emergencies, EmergencyRules
from camphora.gate.identity import Identity
from camphora.gate.projects import SYSTEM, Projects
from camphora.gate.reviews import Reviews
from camphora.gate.standing import Standings
from camphora.gate.state import State, now
from camphora.policy import Access, Admission, Purpose, Reader, Reason, Request, Role, Whom, admit
from camphora.policy.codes import categories
from camphora.policy.internal import deciding, identifying, notifying, registering, working
from camphora.policy.lives import Life
from camphora.policy.policy import LegalBasis, Policy
from camphora.records import Look, SQLiteStore

ANYBODY = Reader(id="public", name="", role=Role.PUBLIC)
LONGEST_IDENTIFIER, MOST_LOOKS = 100, 100_000

USUAL: dict[Role, Purpose] = {
    Role.PUBLIC: Purpose.OPEN,
    Role.CITIZEN: Purpose.SELF,
    Role.CLINICIAN: Purpose.CARE,
    Role.PHARMACIST: Purpose.CARE,
    Role.OFFICER: Purpose.SECONDARY,
    Role.MANAGER: Purpose.SECONDARY,
    Role.ANALYST: Purpose.SECONDARY,
    Role.SUPPLY: Purpose.OPEN,
    Role.ADMINISTRATOR: Purpose.OPERATION,
    Role.PRIVACY: Purpose.OPERATION,
}
"""The purpose that a role reads for where the request names none."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a request claims beside its purpose: codes of use or projects, and the number of a legal basis."""

    purposes: tuple[str, ...] = ()
    basis: int | None = None


NO_GROUNDS = Grounds()


class Gate:
    """Decides; knows who is signed in through `identity`, and keeps emergencies, bases, standing and projects."""

    def __init__(
        self, identity: Identity, store: SQLiteStore, state: State, policy: Policy | None = None
    ) -> None:
        self.identity = identity
        self.state = state
        self.policy = policy or Policy.taiwan()
        self.emergencies = Emergencies(state, _emergency_rules(self.policy))
        self.bases = Bases(state)
        self.standings = Standings(state)
        self.projects = Projects(state)
        self.reviews = Reviews(state)
        self._store = store
        self._bearers = Bearers(
            identity, self.access, lambda name: self.standings.of(name).until, (identity.path, state.path)
        )

    def close(self) -> None:
        self._bearers.close()
        self.identity.close()
        self.state.close()

    def decide(
        self, reader: Reader, purpose: Purpose, person: str | None = None, grounds: Grounds = NO_GROUNDS
    ) -> Admission:
        """The decision with its reasons. `person`: whose record, for a relative reading for them, and for care where
        the reader has declared an emergency for that person: the Access then opens this person alone."""
        reader = self.standing_of(reader)
        for code in grounds.purposes:
            self._require_member(reader, code)
        admission = admit(
            Request(
                reader,
                purpose,
                person if purpose is Purpose.SELF else None,
                self.letting_in(reader),
                grounds.purposes,
            ),
            self.policy,
        )
        if admission.access is None:
            return admission
        if admission.access.ground == "let-in":
            return self._standing_in(admission, admission.access)
        if purpose is Purpose.CARE and person is not None:
            opened = self.emergencies.open_of(reader.id, person)
            if opened:
                return self._in_emergency(admission, admission.access, opened[0])
        if grounds.basis is not None:
            return self._on_basis(admission, admission.access, self.bases.in_force(reader.id, grounds.basis))
        return admission

    def access(
        self,
        reader: Reader,
        purpose: Purpose | None = None,
        person: str | None = None,
        grounds: Grounds = NO_GROUNDS,
    ) -> Access:
        """The Access for a purpose (the role's usual one where none is named), or `Forbidden` with the reason, which
        leaves a receipt of nobody where the reader is signed in. A legal basis that it stands on is used by it."""
        named = purpose or USUAL[reader.role]
        try:
            decision = self.decide(reader, named, person, grounds)
            if decision.access is None:
                raise Forbidden(f"gate-{decision.reasons[-1].code}", role=reader.role)
        except Forbidden:
            if reader.role is not Role.PUBLIC:
                nothing = Access(
                    reader, named, persons=frozenset(), types=frozenset(), purposes=grounds.purposes
                )
                self._store.leave(nothing, "admit", (), (), ruling="deny")
            raise
        if decision.access.basis is not None and grounds.basis is not None:
            self.bases.use(grounds.basis)
        return decision.access

    def of_bearer(self, token: str, since: float | None = None) -> Access | None:
        """The usual Access of a token's account, as it stands now, or stood at some moment behind `since`
        (`time.perf_counter`); None where the token is nobody's."""
        return self._bearers.access(token, since)

    def standing_of(self, reader: Reader) -> Reader:
        """The reader with what is kept of their account: scope, records it stands for, memberships, identifiers."""
        if reader is ANYBODY:
            return reader
        kept = self.standings.of(reader.id)
        return replace(
            reader,
            scope=kept.scope,
            reference=kept.practitioner,
            device=kept.device,
            memberships=kept.memberships | (kept.records - {kept.practitioner, kept.device}),
            identifiers=kept.identifiers,
            organisation_kind=kept.organisation_kind,
        )

    def letting_in(self, reader: Reader) -> frozenset[str]:
        """The Patient ids of those who let this reader in now."""
        if reader.person is None:
            return frozenset()
        return self._store.letting_in(deciding(reader.person), reader.person)

    def stood_for(self, reader: Reader) -> list[Access]:
        """The Accesses of a guardian or a proxy, one for each person for whom this reader acts now."""
        made = (self.decide(reader, Purpose.SELF, name).access for name in sorted(self.letting_in(reader)))
        return [access for access in made if access is not None and access.ground in {"guardian", "proxy"}]

    def declare(self, reader: Reader, identifier: str, reason: str) -> Declared:
        """Declare an emergency for the one person whose whole identifier this is, in either case of letters.

        NotFound `gate-emergency-nobody` where it is nobody's, which is kept too unless it was left empty. Forbidden
        where the role may not."""
        if reader.role not in self.emergencies.rules.roles:
            raise Forbidden("gate-emergency-role", role=reader.role)
        self.access(reader, Purpose.CARE)
        if not identifier.strip():
            raise NotFound("gate-emergency-nobody")
        person, whole = self._identified(identifier.strip())
        declared = self.emergencies.declare(reader.id, person, whole, reason)
        if person is None:
            raise NotFound("gate-emergency-nobody")
        return declared

    def read_in(self, declared: Declared) -> list[Look]:
        """What was read under a declaration, newest first: receipts of it, without any content."""
        if declared.person is None:
            return []
        looks = self._store.looks(deciding(declared.person), declared.person, MOST_LOOKS)
        basis = f"emergency:{declared.declared}"
        return [look for look in looks if look.basis == basis and look.reader == declared.reader]

    def unusual(self, access: Access, since: int) -> list[Suspicion]:
        """Readers whose reading for care since a moment is unusual. A reader is known as a patient by an identifier of
        their account's standing."""
        famous = [one.person for one in self.reviews.well_known()]
        return self._store.unusual(access, since, famous, dict(self._as_patients()))

    def _as_patients(self) -> Iterator[tuple[str, str]]:
        for user in self.identity.users():
            for identifier in self.standings.of(user.name).identifiers:
                person, _ = self._identified(identifier.rpartition("|")[2])
                if person is not None:
                    yield user.name, person

    def patient_with(self, access: Access, identifier: str) -> str:
        """The Patient id of the one person with this whole identifier, for the privacy officer's register; NotFound
        where it is nobody's."""
        if access.reader.role is not Role.PRIVACY:
            raise Forbidden("gate-role-lacks-purpose", role=access.reader.role)
        person, _ = self._identified(identifier.strip())
        if person is None:
            raise NotFound("gate-emergency-nobody")
        return person

    def registrar(self, reader: Reader) -> Access:
        """The Access of an administrator who keeps the person index: Patients, whoever they are, and no record of
        care. Forbidden for every other role."""
        self.access(reader, Purpose.OPERATION)
        if reader.role is not Role.ADMINISTRATOR:
            raise Forbidden("gate-role-lacks-purpose", role=reader.role)
        return registering(self.standing_of(reader))

    def worker(self, reader: Reader) -> Access:
        """The Access of an officer at work on signals: Tasks about nobody, of the areas of their account. Forbidden for
        every role that has no surveillance to do, and where the policy opens none."""
        self.access(reader, Purpose.SURVEILLANCE)
        return working(self.standing_of(reader))

    def notifier(self, reader: Reader, number: str, also: frozenset[str]) -> Access:
        """The Access of an officer who enters a case that was reported, of whoever bears this whole number and of the
        persons named beside, as far as they live in the areas of the account. Forbidden as `worker`."""
        self.access(reader, Purpose.SURVEILLANCE)
        bearers: set[str] = set()
        if 0 < len(number) <= LONGEST_IDENTIFIER:
            asked = parse_query("Patient", [("identifier", number), ("_count", "100")], strict=True)
            bearers = {row.id for row in self._store.search(identifying(), asked).rows}
        return notifying(self.standing_of(reader), also | bearers)

    def _identified(self, identifier: str) -> tuple[str | None, str]:
        """Patient id and `system|value` of the person who bears this identifier, of several the one who bore it first;
        (None, "") where nobody does."""
        if not 0 < len(identifier) <= LONGEST_IDENTIFIER:
            return None, ""
        person = self._store.first_bearer(identifying(), identifier)
        if person is None:
            return None, ""
        body = self._store.read(identifying(), "Patient", person).body or b"{}"
        numbers = orjson.loads(body).get("identifier", ())
        whole = (
            f"{each.get('system', '')}|{each['value']}"
            for each in numbers
            if str(each.get("value", "")).casefold() == identifier.casefold()
        )
        return person, min(whole)

    def _require_member(self, reader: Reader, purpose: str) -> None:
        system, _, project = purpose.rpartition("|")
        if system == SYSTEM:
            self.projects.one_of(reader.id, project)

    def _in_emergency(self, admission: Admission, access: Access, declared: Declared) -> Admission:
        """The Access for care, for this one person: the store opens what they hid and closed as long as the emergency
        holds, and keeps the choices of everybody whom their records name beside."""
        opened = replace(
            access,
            persons=frozenset({str(declared.person)}),
            ground="emergency",
            emergency=declared.stated(),
        )
        return self._opened(admission, opened, "emergency")

    def _standing_in(self, admission: Admission, access: Access) -> Admission:
        """A guardian's or a proxy's Access for the person whom they act for: they make choices for them too. It stands
        on the law, whether or not the person let them in."""
        person = next(iter(access.persons or ()))
        whom = self._store.whom(deciding(person), person)
        kind = self.acting_for(whom, f"Patient/{access.reader.person}")
        if kind is None:
            return admission
        opened = replace(access, ground=kind, refused=frozenset(), writes=frozenset({"Consent"}))
        return Admission(opened, (Reason(kind, permits=True, source=self.policy.source(kind)),))

    def acting_for(self, whom: Whom, who: str, at: int | None = None) -> str | None:
        """`guardian` or `proxy` where this reference acts for the person at that moment, now where none is named: a
        guardian until majority or while the person is incapable, a proxy while they are."""
        at, life = at or now(), Life.of(whom)
        unable = life.unable(at)
        if (unable or life.minor(self.policy["ages.majority"], at)) and life.acting("guardian", [who], at):
            return "guardian"
        return "proxy" if unable and life.acting("proxy", [who], at) else None

    def may_choose(self, whom: Whom) -> bool:
        """Whether the person may make choices of their own at this moment: of the age for it, and able to."""
        at, life = now(), Life.of(whom)
        return life.may_be_of(self.policy["ages.own_act"], at) and not life.unable(at) and not life.dead(at)

    def _on_basis(self, admission: Admission, access: Access, claim: Claim) -> Admission:
        """The Access on a legal basis in force: within what was applied for, and, where the basis overrides choices,
        without what they hid. Forbidden `gate-basis-outside` for another use than that."""
        row = self.policy.bases.get(claim.basis)
        if row is None or not claim.covers(access.purposes) or not self._is_within(row, access):
            raise Forbidden("gate-basis-outside")
        types = access.types
        if claim.categories:
            named = frozenset(name for name, category in categories().items() if category in claim.categories)
            types = named if types is None else types & named
        if row.overrides and (row.categories or row.types):
            named = _reached(row)
            types = named if types is None else types & named
        if not row.overrides or row.areas:
            # Where it overrides within some areas only, the decision itself opens the records of who lives there.
            code = "basis-noted" if not row.overrides else "legal-basis"
            return self._opened(admission, replace(access, types=types, basis=claim.stated()), code, row.law)
        opened = replace(
            access, types=types, hidden=(), closed=(), ground="legal-basis", basis=claim.stated()
        )
        return self._opened(admission, opened, "legal-basis", row.law)

    def _is_within(self, row: LegalBasis, access: Access) -> bool:
        reader = access.reader
        lines = [self.policy.lineage(purpose) for purpose in access.purposes]
        return (
            all(row.purposes & set(line) for line in lines)
            and (not row.roles or reader.role in row.roles)
            and (not row.organisations or reader.organisation_kind in row.organisations)
        )

    def _opened(self, admission: Admission, access: Access, code: str, law: str = "") -> Admission:
        reason = Reason(code, permits=True, source=law or self.policy.source(code))
        return Admission(access, (*admission.reasons[:1], reason))


def _reached(row: LegalBasis) -> frozenset[str]:
    """The record types that a basis reaches."""
    by_category = frozenset(name for name, category in categories().items() if category in row.categories)
    return row.types & by_category if row.types and row.categories else row.types or by_category


def _emergency_rules(policy: Policy) -> EmergencyRules:
    roles = frozenset(Role(role) for role in policy["emergency.roles"])
    return EmergencyRules(roles, policy["emergency.hours"], policy["emergency.least_reason"])

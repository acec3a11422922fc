"""Why a reader would or would not have a record: the decision as it stands, without opening the record to whoever asks.

What is told names laws, rules and Consents, never content: no label, no code, no value. That a Consent exists is told,
since nothing could be explained without it; the one who asks leaves a receipt that the person sees.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import orjson

from camphora.errors import Forbidden, Invalid, NotFound
from camphora.fhir.definitions import resource_types
from camphora.gate.gate import Gate
from camphora.policy import Access, Decision, Reader, Reason
from camphora.policy.admission import CLASSES, SHARED_TYPES, admit
from camphora.policy.admission import Request as Admitted
from camphora.policy.asking import Action, Asked
from camphora.policy.codes import categories, class_of
from camphora.policy.compiling import compile as compiled
from camphora.policy.internal import explaining
from camphora.policy.policy import Policy
from camphora.policy.vocabulary import Purpose
from camphora.records import SQLiteStore

ACT = "explain"
ABOVE_CHOICES = {"emergency": "emergency", "legal-basis": "override"}
"""The reasons that stand above choices, as receipts call such a decision."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision explained. `sets`: name and version of each set that a query of this reader would join. `receipt`:
    what a reading would leave, as fields; `number`: the receipt that this explanation itself left."""

    reader: str
    role: str
    purposes: tuple[str, ...]
    record: str
    at: int
    decision: Decision
    policy: str
    choices: int
    sets: tuple[tuple[str, int], ...]
    receipt: dict[str, object]
    number: int | None

    @property
    def deciding(self) -> Reason:
        return self.decision.reasons[-1]


class Explaining:
    """Explains with the gate's own knowledge; every explanation leaves a receipt for the person."""

    def __init__(self, gate: Gate, store: SQLiteStore) -> None:
        self._gate = gate
        self._store = store

    def explain(
        self,
        by: Access,
        name: str,
        purposes: Sequence[str],
        record: str,
        at: int | None = None,
        *,
        basis: int | None = None,
    ) -> Explanation:
        """The decision about `record` (`Type/id`) for the account `name`, on a legal basis of theirs where one is named
        by its number; that is no use of it. `by` is who asks to know. `at` moves the time alone: record, account and
        choices are those of now.

        NotFound where there is no such account, record or basis; Invalid `gate-explain-record`,
        `gate-explain-purpose`; Forbidden `gate-basis-outside` for a basis that was not applied for to serve this."""
        user = self._gate.identity.user(name)
        if user is None:
            raise NotFound("gate-no-user", name=name)
        kind, _, key = record.partition("/")
        if kind not in resource_types() or not key:
            raise Invalid("gate-explain-record")
        reader = self._gate.standing_of(user.reader())
        moment = at if at is not None else int(time.time() * 1000)
        person, facts = self._store.explained(explaining(), kind, key)
        whom = self._store.whom(explaining(person), person) if person else None
        purpose = _purpose(purposes, self._gate.policy)
        action: Action = "use" if purpose is Purpose.SECONDARY else "access"
        asked = Asked(reader.asker(), tuple(purposes), action, moment)
        named = reader.reference is not None or reader.person is not None
        asked = self._store.known(explaining(), asked, person, named=named)
        asked = self._in_emergency(asked, name, person, moment)
        if basis is not None:
            asked = self._on_basis(asked, name, basis, kind)
        decision = compiled(whom, self._gate.policy).judge(asked)(facts)
        number = self._store.attest(by, ACT, [kind], [person] if person else [])
        known = replace(reader, memberships=asked.reader.memberships, identifiers=asked.reader.identifiers)
        admitted = admit(
            Admitted(
                known,
                purpose,
                person,
                frozenset({person} if person else ()),
                tuple(purposes),
            ),
            self._gate.policy,
        )
        return Explanation(
            reader=name,
            role=reader.role,
            purposes=tuple(purposes),
            record=record,
            at=moment,
            decision=decision,
            policy=f"{self._gate.policy.id} {self._gate.policy.version}",
            choices=whom.version if whom else 0,
            sets=self._sets(admitted.access, kind, decision) if kind not in SHARED_TYPES else (),
            receipt=self._receipt(reader, asked, kind, decision, admitted.access),
            number=number,
        )

    def _on_basis(self, asked: Asked, name: str, number: int, kind: str) -> Asked:
        """On the reader's own application, whether or not it is in force: the decision weighs its parts."""
        if number >= 1 << 63:
            raise NotFound("gate-no-basis")
        claim = self._gate.bases.one(number)
        if claim.applicant != name:
            raise NotFound("gate-no-basis")
        within = not claim.categories or categories().get(kind, "other") in claim.categories
        if not within or not claim.covers(asked.purposes):
            raise Forbidden("gate-basis-outside")
        return replace(asked, basis=claim.stated())

    def _sets(self, access: Access | None, kind: str, decision: Decision) -> tuple[tuple[str, int], ...]:
        """Each set with the version of the choices up to which it holds now. What stands above choices joins none."""
        if access is None or decision.reasons[-1].code in ABOVE_CHOICES:
            return ()
        version = self._store.last_change()
        names = [each.name for each in access.hidden_for(kind)] + [each.name for each in access.closed]
        return tuple((name, version) for name in names)

    def _receipt(
        self, reader: Reader, asked: Asked, kind: str, decision: Decision, access: Access | None
    ) -> dict[str, object]:
        """What a reading would leave, without time, nonce, person and digest, which are made when it happens."""
        ruling = "permit" if decision.permitted else "deny"
        deciding = decision.reasons[-1].code
        weighs = access is not None and bool(access.hidden or access.closed)
        return {
            "reader": reader.id,
            "name": reader.name,
            "role": str(reader.role),
            "organisation": reader.organisation,
            "purposes": list(asked.purposes),
            "act": "read",
            "types": [kind],
            "decision": ABOVE_CHOICES.get(deciding, ruling),
            "ground": deciding,
            "basis": asked.basis.id if asked.basis else None,
            "policy": self._gate.policy.version,
            "choices": self._store.mark(self._store.last_change()) if weighs else "",
        }

    def _in_emergency(self, asked: Asked, name: str, person: str | None, at: int) -> Asked:
        """With the emergency that the reader has declared for this person, where one holds at that moment."""
        found = self._gate.emergencies.of_person(person) if person else []
        held = next((each for each in found if each.reader == name and each.holds(at)), None)
        return replace(asked, emergency=held.stated()) if held else asked


def _purpose(purposes: Sequence[str], policy: Policy) -> Purpose:
    """The purpose under which the portal would ask for these codes."""
    for code in purposes:
        named = class_of(policy.lineage(code))
        for purpose, classes in CLASSES.items():
            if named in classes:
                return purpose
    raise Invalid("gate-explain-purpose")


def as_json(told: Explanation) -> bytes:
    """An explanation as JSON. Obligations name what is done and where, never labels or codes."""
    fields = {
        "reader": told.reader,
        "role": told.role,
        "purposes": told.purposes,
        "record": told.record,
        "at": told.at,
        "outcome": "permit" if told.decision.permitted else "deny",
        "reasons": [
            {
                "code": each.code,
                "permits": each.permits,
                "source": each.source,
                "consent": each.consent,
                "provision": each.provision,
            }
            for each in told.decision.reasons
        ],
        "obligations": [{"kind": each.kind, "path": each.path} for each in told.decision.obligations],
        "policy": told.policy,
        "choices": told.choices,
        "choices_as_of": "now",
        "sets": [{"name": name, "version": version} for name, version in told.sets],
        "receipt": told.receipt,
        "explained": told.number,
    }
    return orjson.dumps(fields)

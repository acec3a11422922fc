"""The gate: a reader and a purpose become an Access, or a refusal with its reasons.

A person's choices are asked of the store through the inner Access `deciding`, at each request, so that a
choice made a moment ago already holds.
"""

from __future__ import annotations

from camphora.errors import Forbidden
from camphora.gate.identity import Identity
from camphora.policy import Access, Admission, Purpose, Reader, Request, Role, admit
from camphora.policy.internal import deciding
from camphora.records import SQLiteStore

ANYBODY = Reader(id="public", name="", role=Role.PUBLIC)

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
}
"""The purpose that a role reads for where the request names none."""


class Gate:
    """Decides; knows who is signed in through `identity`."""

    def __init__(self, identity: Identity, store: SQLiteStore) -> None:
        self.identity = identity
        self._store = store

    def decide(self, reader: Reader, purpose: Purpose, person: str | None = None) -> Admission:
        """The decision with its reasons; `person`: whose record, for a relative reading for them."""
        return admit(Request(reader, purpose, person, self.letting_in(reader)))

    def access(self, reader: Reader, purpose: Purpose | None = None, person: str | None = None) -> Access:
        """The Access for a purpose (the role's usual one where none is named), or `Forbidden` with the reason."""
        decision = self.decide(reader, purpose or USUAL[reader.role], person)
        if decision.access is None:
            raise Forbidden(f"gate-{decision.reasons[-1].code}", role=reader.role)
        return decision.access

    def letting_in(self, reader: Reader) -> frozenset[str]:
        """The Patient ids of those who let this reader in now."""
        if reader.person is None:
            return frozenset()
        return self._store.letting_in(deciding(reader.person), reader.person)

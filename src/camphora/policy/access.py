"""The Access: an immutable permission that every read and write carries first."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

from camphora.policy.asking import Action, Asked, Asker, Basis, Emergency, Scope
from camphora.policy.choices import allowed, stopped
from camphora.policy.codes import TOP, ancestry, categories, is_project
from camphora.policy.vocabulary import Purpose, Role

POLICY_VERSION = 2


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks. `person` is the Patient id of a citizen, `organisation` the Organization id of staff.

    `reference` is the Practitioner for whom the account stands (`Practitioner/ACCOUNT` where it names none), `device`
    the Device of a machine; `memberships`, `identifiers` and `scope` are as in `Asker`, and hold at this moment.
    """

    id: str
    name: str
    role: Role
    organisation: str | None = None
    person: str | None = None
    reference: str | None = None
    device: str | None = None
    memberships: frozenset[str] = frozenset()
    identifiers: frozenset[str] = frozenset()
    organisation_kind: str | None = None
    scope: Scope = field(default=Scope())

    def asker(self) -> Asker:
        """This reader as a decision sees them."""
        person = f"Patient/{self.person}" if self.person else None
        organisation = f"Organization/{self.organisation}" if self.organisation else None
        own = person if self.role is Role.CITIZEN and person else f"Practitioner/{self.id}"
        return Asker(
            self.reference or own, self.role, person, organisation, self.device, self.memberships,
            self.identifiers, self.organisation_kind, self.scope,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class HiddenSet:
    """Persons who are absent for this Access; the rows lie in the store under this name.

    `unless` names a set of `allowed` persons whom this one does not hide: those who agreed to the project asked
    for. `version` is that of the choices when the Access was minted, 0 where it is not known.
    """

    name: str
    unless: str | None = None
    version: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ClosedSet:
    """Pairs of person and sensitivity label whose records are closed for this Access."""

    name: str
    version: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Access:
    """What a reader may reach. Minted by the gate, and by `policy.internal` for the inner readers.

    `persons`: Patient ids, or None for every person who is not hidden. `types`: record types, or None for all.
    `tables`: declared tables with readers' restrictions, or None for all; public tables are open to any Access.
    `hidden` and `closed` name sets that lie as rows in the store, so that a query plan can join them; what hides
    in one type of record is told by `hidden_for`. `refused`: record types never covered. `writes`: the types that
    may be written, None for all covered ones. `ground` is the reason by which it was minted. `purposes` are codes of
    v3-ActReason or of projects; `basis` and `emergency` are those by which it was opened, else None.
    """

    reader: Reader
    purpose: Purpose
    persons: frozenset[str] | None
    types: frozenset[str] | None
    tables: frozenset[str] | None = frozenset()
    hidden: tuple[HiddenSet, ...] = ()
    closed: tuple[ClosedSet, ...] = ()
    refused: frozenset[str] = frozenset()
    writes: frozenset[str] | None = frozenset()
    ground: str = ""
    purposes: tuple[str, ...] = ()
    basis: Basis | None = None
    emergency: Emergency | None = None
    under: tuple[tuple[str, str], ...] = ()
    """Purposes of foreign systems, each with the purpose under which the policy puts it."""
    policy_version: int = POLICY_VERSION

    @property
    def asker(self) -> Asker:
        return self.reader.asker()

    @property
    def scope(self) -> Scope:
        """The areas, institutions and wards to which the reader is limited."""
        return self.reader.scope

    def asked(self, action: Action, at: int) -> Asked:
        """The request that this Access stands for, as `decide` weighs it; `at` in milliseconds UTC."""
        return Asked(self.asker, self.purposes, action, at, self.basis, self.emergency)

    def covers(self, record_type: str) -> bool:
        return record_type not in self.refused and (self.types is None or record_type in self.types)

    def may_write(self, record_type: str) -> bool:
        return self.covers(record_type) and (self.writes is None or record_type in self.writes)

    def hidden_for(self, record_type: str) -> tuple[HiddenSet, ...]:
        """Every set that hides persons in records of this type: `hidden`, and the stops of a part of secondary use.

        A stop of (category, purpose) holds for the purpose that it names and for all below it.
        """
        if self.purpose is not Purpose.SECONDARY or self.ground == "legal-basis":
            return self.hidden
        category = categories().get(record_type, "other")
        named = (self._stops(category, purpose) for purpose in self.purposes)
        return tuple(dict.fromkeys([*self.hidden, *(each for stops in named for each in stops)]))

    def _stops(self, category: str, purpose: str) -> list[HiddenSet]:
        lifts = allowed(purpose) if is_project(purpose) else None
        stops = [HiddenSet(stopped(category), lifts)]
        line = ancestry(purpose)
        parent = dict(self.under).get(purpose)
        line = line or ((purpose, *ancestry(parent)) if parent else ())
        for code in line[: line.index(TOP)] if line else ():
            unless = None if code == purpose else lifts
            stops += [HiddenSet(stopped(None, code), unless), HiddenSet(stopped(category, code), unless)]
        return stops

    def digest(self) -> str:
        """What a page token is bound to: another reader, scope, purpose, basis or policy has another digest."""
        parts = (
            self.reader.id,
            _sorted(self.asker),
            self.purpose,
            self.purposes,
            sorted(self.persons) if self.persons is not None else None,
            sorted(self.types) if self.types is not None else None,
            sorted(self.refused),
            [(each.name, each.unless) for each in self.hidden],
            [each.name for each in self.closed],
            self.basis,
            self.emergency,
            self.under,
            self.policy_version,
        )
        return hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()


def _sorted(asker: Asker) -> list[object]:
    """The asker with every set in order, the same in each process."""
    scope = asker.scope
    sets = (asker.memberships, asker.identifiers, scope.areas, scope.institutions, scope.wards)
    bare = replace(asker, memberships=frozenset(), identifiers=frozenset(), scope=Scope())
    return [bare, *(sorted(each) for each in sets)]

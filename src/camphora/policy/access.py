"""The Access: an immutable permission that every read and write carries first."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from camphora.policy.vocabulary import Purpose, Role

POLICY_VERSION = 1


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks. `person` is the Patient id of a citizen, `organisation` the Organization id of staff."""

    id: str
    name: str
    role: Role
    organisation: str | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class HiddenSet:
    """Persons who are absent for this Access; the rows lie in the store under this name."""

    name: str


@dataclass(frozen=True, slots=True)
class ClosedSet:
    """Pairs of person and sensitivity label whose records are closed for this Access."""

    name: str


@dataclass(frozen=True, slots=True)
class Access:
    """What a reader may reach. Minted by the gate, and by `policy.internal` for two inner readers.

    `persons`: Patient ids, or None for every person who is not hidden. `types`: record types, or None for all.
    `tables`: declared tables with readers' restrictions, or None for all; public tables are open to any Access.
    `hidden` and `closed` name sets that lie as rows in the store, so that a query plan can join them.
    `refused`: record types never covered. `writes`: the types that may be written, None for all covered ones.
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
    basis: str = ""
    policy_version: int = POLICY_VERSION

    def covers(self, record_type: str) -> bool:
        return record_type not in self.refused and (self.types is None or record_type in self.types)

    def may_write(self, record_type: str) -> bool:
        return self.covers(record_type) and (self.writes is None or record_type in self.writes)

    def digest(self) -> str:
        """What a page token is bound to: another reader, role, purpose or policy has another digest."""
        parts = (
            self.reader.id,
            self.reader.role,
            self.reader.organisation,
            self.purpose,
            sorted(self.persons) if self.persons is not None else None,
            sorted(self.types) if self.types is not None else None,
            sorted(self.refused),
            self.hidden,
            self.closed,
            self.policy_version,
        )
        return hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()

"""What a decision weighs, and what it answers: see docs/explanation/decision.md, sections 1 and 2.

References are written `Type/id`, identifiers and codes `system|value`, times milliseconds UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from camphora.policy.vocabulary import Role

Action = Literal["access", "collect", "use", "disclose", "correct"]
Span = tuple[int | None, int | None]
"""First and last millisecond, both included; None is open."""


@dataclass(frozen=True, slots=True)
class Scope:
    """To what a reader is limited; an empty set is no limit. Areas are codes of counties or townships."""

    areas: frozenset[str] = frozenset()
    institutions: frozenset[str] = frozenset()
    wards: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Asker:
    """The reader as a decision sees them, at this moment.

    `unresolved`: names in the person's Consents of whom nobody can tell whether the reader is meant (`actors.teams`).
    """

    id: str
    role: Role
    person: str | None = None
    organisation: str | None = None
    device: str | None = None
    memberships: frozenset[str] = frozenset()
    identifiers: frozenset[str] = frozenset()
    organisation_kind: str | None = None
    scope: Scope = Scope()
    unresolved: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Basis:
    """A legal basis that is claimed for one use. `since` up to `until`, the latter excluded."""

    id: str
    reason: str
    since: int | None
    until: int | None
    approver: str | None


@dataclass(frozen=True, slots=True)
class Emergency:
    """A declaration by which closed or restricted records of one person are opened for care."""

    identifier: str
    reason: str
    declared: int


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: who, for which purposes, to do what, when, on which special ground."""

    reader: Asker
    purposes: tuple[str, ...]
    action: Action
    at: int
    basis: Basis | None = None
    emergency: Emergency | None = None


@dataclass(frozen=True, slots=True)
class StandIn:
    """Somebody who may act for a person: a guardian, a proxy while they are incapable, an heir after death."""

    kind: Literal["guardian", "proxy", "heir"]
    who: str
    period: Span = (None, None)


@dataclass(frozen=True, slots=True)
class Whom:
    """The person whom a record is about, with all their Consents. `born` and `died` are R4 dates, partial or none."""

    id: str
    identifiers: tuple[str, ...] = ()
    born: str | None = None
    died: str | None = None
    area: str | None = None
    institutions: frozenset[str] = frozenset()
    wards: frozenset[str] = frozenset()
    incapable: tuple[Span, ...] = ()
    stand_ins: tuple[StandIn, ...] = ()
    consents: tuple[Mapping[str, Any], ...] = ()
    version: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a record that bears labels or codes of its own."""

    path: str
    labels: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Facts:
    """A record as a decision sees it. `period`: first and last moment of what it is about, None without a date.

    `authors`: references, and `system|value` of those whom the record names by identifier; of its organisation these
    stand in `organisation_identifiers`.
    """

    type: str
    id: str = ""
    category: str | None = None
    labels: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    authors: frozenset[str] = frozenset()
    organisation: str | None = None
    period: tuple[int, int] | None = None
    references: frozenset[str] = frozenset()
    parts: tuple[Part, ...] = ()
    notifiable: bool = False
    organisation_identifiers: frozenset[str] = frozenset()

    def may_have(self, _values: tuple[bytes, ...]) -> bool:
        """Whether the record may say one of these texts (UTF-8; a code or an id with its quotes). False where it says
        none, which may be told without reading it."""
        return True


@dataclass(frozen=True, slots=True)
class Reason:
    """One step of a decision. `code` has a sentence in both languages; `source` names the law or the rule."""

    code: str
    permits: bool
    source: str = ""
    consent: str | None = None
    provision: str | None = None


@dataclass(frozen=True, slots=True)
class Obligation:
    """What must be done with a permit: redact, mask, notify, review, log-override, no-redisclosure."""

    kind: str
    path: str | None = None
    labels: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Decision:
    """Permit or deny, with what must be done and why; the last reason decided."""

    permitted: bool
    reasons: tuple[Reason, ...]
    obligations: tuple[Obligation, ...] = field(default=())

"""What goes into the oracle and comes out of it: its own words for reasons, obligations and a policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta, timezone
from typing import Any, NamedTuple

TAIPEI = timezone(timedelta(hours=8))
ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
TYPES = "http://hl7.org/fhir/resource-types"
CATEGORIES = "https://camphora.tw/data-category"
ROLES = "https://camphora.tw/role"
PROJECT = "https://camphora.tw/project|"
RISING = "ULMNRV"
STRICTEST = ("refused", "secondary", "operation", "claims", "surveillance", "family", "self", "care")
ABOUT_THE_RECORD = frozenset({"securityLabel", "class", "code", "dataPeriod", "data"})
OPEN = (-(10**18), 10**18)

Json = Mapping[str, Any]


class Told(NamedTuple):
    """A reason, without its source."""

    code: str
    permits: bool
    consent: str | None = None
    provision: str | None = None


class Duty(NamedTuple):
    """An obligation."""

    kind: str
    path: str | None = None
    labels: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Found:
    """The oracle's answer."""

    permitted: bool
    reasons: tuple[Told, ...]
    obligations: tuple[Duty, ...] = ()


@dataclass(frozen=True)
class Rules:
    """A policy as plain data: `settings` by dotted name, roles' types by class (None: all), bases, shared types."""

    settings: Mapping[str, Any]
    classes: Mapping[str, str]
    roles: Mapping[str, Mapping[str, Any]]
    bases: Mapping[str, Mapping[str, Any]]
    shared: frozenset[str]
    under: Mapping[str, str] = field(default_factory=dict)

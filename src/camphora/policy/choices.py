"""A person's choices as FHIR Consents, and what each does.

Four choices exist here: stop of secondary use (停止特定目的外利用), restriction of one institution
(限制該院所查閱), closing the records under one sensitivity label, and letting a relative in (家人代看).
Each is a Consent (R4 section 6.2) with a root provision; `effects` reads it back. A Consent that is not
active, or whose provision says something else, has no effect here and is kept as it came.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

from camphora.policy.vocabulary import ACT_CODE, ACT_REASON, ACT_REASONS, Purpose, label_mask

STOPPED = "stopped:secondary"
CLOSED = "closed:care"
RECIPIENT = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]
}
TAIPEI = timezone(timedelta(hours=8))


def restricted(organisation: str) -> str:
    """The name of the set of persons who refuse this institution."""
    return f"restricted:{organisation}"


@dataclass(frozen=True, slots=True)
class Hides:
    """The person is absent for every Access that carries this set."""

    set_name: str
    since: int
    until: int | None


@dataclass(frozen=True, slots=True)
class Closes:
    """The person's records with these labels are closed for every Access that carries this set."""

    set_name: str
    mask: int
    since: int
    until: int | None


@dataclass(frozen=True, slots=True)
class LetsIn:
    """Another person may read for this one."""

    person: str
    since: int
    until: int | None


Effect = Hides | Closes | LetsIn


def effects(consent: dict[str, Any]) -> tuple[Effect, ...]:
    """What an active Consent does. Times are milliseconds UTC; `until` is the first moment after it."""
    provision = consent.get("provision") or {}
    if consent.get("status") != "active" or not provision:
        return ()
    since, until = _span(provision.get("period") or {})
    purposes = _purposes(provision)
    if provision.get("type") == "permit":
        return _permits(provision, purposes, since, until)
    return _denies(provision, purposes, since, until)


def _permits(
    provision: dict[str, Any], purposes: set[Purpose], since: int, until: int | None
) -> tuple[Effect, ...]:
    if Purpose.SELF not in purposes:
        return ()
    return tuple(LetsIn(name, since, until) for kind, name in _actors(provision) if kind == "Patient")


def _denies(
    provision: dict[str, Any], purposes: set[Purpose], since: int, until: int | None
) -> tuple[Effect, ...]:
    actors = _actors(provision)
    labels = [label["code"] for label in provision.get("securityLabel", []) if "code" in label]
    if Purpose.SECONDARY in purposes and not actors and not labels:
        return (Hides(STOPPED, since, until),)
    if Purpose.CARE not in purposes:
        return ()
    if actors and not labels:
        return tuple(Hides(restricted(name), since, until) for kind, name in actors if kind == "Organization")
    if labels and not actors:
        return (Closes(CLOSED, label_mask(labels), since, until),)
    return ()


def _purposes(provision: dict[str, Any]) -> set[Purpose]:
    return {
        ACT_REASONS[coding["code"]]
        for coding in provision.get("purpose", [])
        if coding.get("system") == ACT_REASON and coding.get("code") in ACT_REASONS
    }


def _actors(provision: dict[str, Any]) -> list[tuple[str, str]]:
    references = [actor.get("reference", {}).get("reference", "") for actor in provision.get("actor", [])]
    return [(kind, name) for kind, _, name in (reference.partition("/") for reference in references) if name]


def _span(period: dict[str, str]) -> tuple[int, int | None]:
    since = _moment(period["start"], end=False) if "start" in period else 0
    until = _moment(period["end"], end=True) if "end" in period else None
    return since, until


def _moment(text: str, *, end: bool) -> int:
    """A FHIR dateTime as milliseconds; an end that names a whole year, month or day includes all of it."""
    if "T" in text:
        moment = datetime.fromisoformat(text)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=TAIPEI)
        return int(aware.timestamp() * 1000)
    year, month, day = (int(part) for part in (text + "-01-01").split("-")[:3])
    start = date(year, month, day)
    if end:
        start = _after(start, len(text))
    return int(datetime(start.year, start.month, start.day, tzinfo=TAIPEI).timestamp() * 1000)


def _after(start: date, precision: int) -> date:
    if precision == 4:
        return date(start.year + 1, 1, 1)
    if precision == 7:
        return date(start.year + start.month // 12, start.month % 12 + 1, 1)
    return start + timedelta(days=1)


def stop_secondary_use(person: str, now: datetime) -> dict[str, Any]:
    """The Consent by which a person stops all secondary use."""
    return _consent(person, now, "research", {"type": "deny", "purpose": [_reason("HRESCH")]})


def restrict(person: str, organisation: str, now: datetime) -> dict[str, Any]:
    """The Consent by which a person restricts one institution from reading."""
    actor = {"role": RECIPIENT, "reference": {"reference": f"Organization/{organisation}"}}
    return _consent(
        person, now, "patient-privacy", {"type": "deny", "actor": [actor], "purpose": [_reason("TREAT")]}
    )


def close_part(person: str, label: str, now: datetime) -> dict[str, Any]:
    """The Consent by which a person closes, for care, the records under one sensitivity label."""
    provision = {
        "type": "deny",
        "securityLabel": [{"system": ACT_CODE, "code": label}],
        "purpose": [_reason("TREAT")],
    }
    return _consent(person, now, "patient-privacy", provision)


def let_in(person: str, relative: str, until: date, now: datetime) -> dict[str, Any]:
    """The Consent by which a person lets a relative read for them until a day, that day included."""
    provision = {
        "type": "permit",
        "period": {"end": until.isoformat()},
        "actor": [{"role": RECIPIENT, "reference": {"reference": f"Patient/{relative}"}}],
        "purpose": [_reason("FAMRQT")],
    }
    return _consent(person, now, "patient-privacy", provision)


def ended(consent: dict[str, Any]) -> dict[str, Any]:
    """The same Consent, withdrawn: kept in history, without effect from now on."""
    return {**consent, "status": "inactive"}


def _reason(code: str) -> dict[str, str]:
    return {"system": ACT_REASON, "code": code}


def _consent(person: str, now: datetime, scope: str, provision: dict[str, Any]) -> dict[str, Any]:
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": scope}]
        },
        "category": [{"coding": [{"system": ACT_CODE, "code": "IDSCL"}]}],
        "patient": {"reference": f"Patient/{person}"},
        "dateTime": now.astimezone(TAIPEI).isoformat(timespec="seconds"),
        "performer": [{"reference": f"Patient/{person}"}],
        "policyRule": {
            "coding": [{"system": ACT_CODE, "code": "OPTIN" if provision["type"] == "permit" else "OPTOUT"}]
        },
        "provision": provision,
    }

"""A person's choices as FHIR Consents, and what each does.

Four choices exist here: stop of secondary use (停止特定目的外利用), restriction of one institution
(限制該院所查閱), closing the records under one sensitivity label, and letting a relative in (家人代看).
Each is a Consent (R4 section 6.2) with a root provision; `effects` reads it back. A Consent that is not active, or a
permit that says something else, has no effect and is kept as it came; a denial that says something else is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

from camphora.errors import Invalid, Place
from camphora.fhir.dates import span as span_of
from camphora.policy.vocabulary import ACT_CODE, ACT_REASON, ACT_REASONS, Purpose, label_mask

STOPPED = "stopped:secondary"
CLOSED = "closed:care"
RECIPIENT = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]
}
PLAIN = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})")
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


UNDERSTOOD = frozenset({"id", "type", "period", "actor", "purpose", "securityLabel"})
"""What a provision may say to be honoured here; the rest of R4's Consent comes with the gate issue."""


def effects(consent: dict[str, Any]) -> tuple[Effect, ...]:
    """What an active Consent does. Times are milliseconds UTC; `until` is the first moment after it.

    A permit that says more than is understood here has no effect. Raises Invalid `policy-consent-not-honoured` for
    an active denial that is not understood: it would otherwise promise what does not hold.
    """
    provision = consent.get("provision") or {}
    if consent.get("status") != "active" or not provision:
        return ()
    if provision.get("type") == "permit":
        return _permits(provision)
    found = _denies(provision)
    if not found:
        raise Invalid("policy-consent-not-honoured", place=Place(path="Consent.provision"))
    return found


def _permits(provision: dict[str, Any]) -> tuple[Effect, ...]:
    plain = provision.keys() <= UNDERSTOOD - {"securityLabel"}
    if not plain or _purposes(provision) != {Purpose.SELF}:
        return ()
    span = _span(provision.get("period") or {})
    return tuple(LetsIn(name, *span) for kind, name in _actors(provision) if kind == "Patient")


def _denies(provision: dict[str, Any]) -> tuple[Effect, ...]:
    """The effects of a denial, none where it is not understood as a whole. Without a purpose it means all."""
    purposes = _purposes(provision) if "purpose" in provision else set(Purpose)
    actors, labels = _actors(provision), provision.get("securityLabel", [])
    if not provision.keys() <= UNDERSTOOD:
        return ()
    span = _span(provision.get("period") or {})
    if (
        actors
        and not labels
        and Purpose.CARE in purposes
        and all(kind == "Organization" for kind, _ in actors)
    ):
        return tuple(Hides(restricted(name), *span) for name in sorted({name for _, name in actors}))
    if labels and not actors and Purpose.CARE in purposes and all("code" in label for label in labels):
        return (Closes(CLOSED, label_mask([label["code"] for label in labels]), *span),)
    if not actors and not labels and purposes == {Purpose.SECONDARY}:
        return (Hides(STOPPED, *span),)
    return ()


def _purposes(provision: dict[str, Any]) -> set[Purpose]:
    """The purposes that are named and known."""
    return {
        ACT_REASONS[coding["code"]]
        for coding in provision.get("purpose", [])
        if coding.get("system") == ACT_REASON and coding.get("code") in ACT_REASONS
    }


def _actors(provision: dict[str, Any]) -> list[tuple[str, str]]:
    """Type and id of each actor, once; ("", "") for one that is not named by a plain reference."""
    references = [actor.get("reference", {}).get("reference", "") for actor in provision.get("actor", [])]
    plain = [PLAIN.fullmatch(reference) for reference in references]
    return list(dict.fromkeys((found[1], found[2]) if found else ("", "") for found in plain))


def _span(period: dict[str, str]) -> tuple[int, int | None]:
    """A period as (first millisecond, first millisecond after it)."""
    since = _first_and_last(period["start"])[0] if "start" in period else 0
    until = _first_and_last(period["end"])[1] + 1 if "end" in period else None
    return since, until


def _first_and_last(text: str) -> tuple[int, int]:
    try:
        return span_of(text)
    except ValueError:
        raise Invalid("policy-consent-not-honoured", place=Place(path="Consent.provision.period")) from None


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

"""A person's choices as FHIR Consents, and what each does to the sets that queries join.

The choices that the portal offers are simple: a stop of secondary use, whole or for a category or purpose
(停止特定目的外利用), a restriction of one institution (限制該院所查閱), closing the records under one sensitivity
label, letting a relative in (家人代看), and agreeing to one project. Each is a Consent (R4 section 6.2) with a root
provision. `effects` reads a Consent back: a simple one as rows of sets; any other that is in force in some way
makes its person `Ruled`, whose records are decided one by one (docs/explanation/decision.md, section 4).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Any, Literal

from camphora.fhir.dates import span as span_of
from camphora.policy.codes import TOP, ancestry, class_of, codes_of, is_project, purposes
from camphora.policy.vocabulary import ACT_CODE, ACT_REASON, LABELS, label_mask

DATA_CATEGORY = "https://camphora.tw/data-category"
STOPPED = "stopped:secondary"
CLOSED = "closed:care"
RESTRICTED = "restricted:"
"""How the name of a set of persons who refuse an institution begins."""
RECIPIENT = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]
}
PLAIN = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})")
TAIPEI = timezone(timedelta(hours=8))
Weighed = Literal["care", "secondary", "family"]
"""The classes of purposes in which a Consent is weighed at all (rules, section 4)."""


def restricted(organisation: str) -> str:
    """The name of the set of persons who refuse this institution."""
    return f"{RESTRICTED}{organisation}"


def stopped(category: str | None = None, purpose: str | None = None) -> str:
    """The name of the set of persons who stop a data category, a purpose, or both; of neither: all secondary use."""
    return f"stopped:{category or '*'}:{purpose or '*'}" if category or purpose else STOPPED


def is_stop(set_name: str) -> bool:
    """Whether a set is of persons who stop secondary use, in whole or part. A denial of care reaches the uses of many
    that stand below care (TREAT: CLINTRL, POPHLTH) and keeps the person from those; nobody made it as a stop."""
    if not set_name.startswith("stopped:"):
        return False
    line = purposes().get(set_name.rpartition(":")[2], ())
    return set_name == STOPPED or not line or class_of(line) == "secondary"


def allowed(project: str) -> str:
    """The name of the set of persons who agree to a project, given by its purpose."""
    return f"project:{project.partition('|')[2]}"


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
    """Another person may read for this one. `person`: their Patient id, or `RelatedPerson/id`."""

    person: str
    since: int
    until: int | None


@dataclass(frozen=True, slots=True)
class Allows:
    """The person agrees to one project, whatever else they stopped. `given`: when they did, None where that is not
    said; whether they were of age and able then is for the store to weigh, which knows their life."""

    set_name: str
    since: int
    until: int | None
    given: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Ruled:
    """The Consent says more than sets can: in these classes the person's records are decided one by one."""

    classes: tuple[Weighed, ...]
    since: int
    until: int | None


Effect = Hides | Closes | LetsIn | Allows | Ruled
TREAT = frozenset({"TREAT"})
Purposes = frozenset[str] | None
"""Codes of use and projects that a provision names; None where it names none and means all."""


def effects(consent: dict[str, Any]) -> tuple[Effect, ...]:
    """What a Consent does while it is in force. Times are milliseconds UTC; `until` is the first moment after it.

    A denial of secondary use that is not of the form category and purpose hides the person wholly from the
    purposes that it names: the protective side, since answers over many cannot ask each record.
    """
    provision = consent.get("provision") or {}
    pending = consent.get("status") == "proposed" and sense_of(consent) == "deny"
    if not (consent.get("status") == "active" or pending) or not (provision or sense_of(consent)):
        return ()
    simple = _simple(consent, provision) if consent.get("status") == "active" else None
    return simple if simple is not None else _ruled(consent, provision)


def sense_of(consent: dict[str, Any]) -> Literal["permit", "deny"] | None:
    """The sense of the root: its type, else what the policy rule says, else nothing."""
    said = (consent.get("provision") or {}).get("type")
    if said is None:
        codings = (consent.get("policyRule") or {}).get("coding", [])
        codes = {coding.get("code") for coding in codings if coding.get("system", ACT_CODE) == ACT_CODE}
        said = "deny" if codes & {"OPTOUT", "OPTOUTE"} else "permit" if codes & {"OPTIN", "OPTINR"} else None
    return "permit" if said == "permit" else "deny" if said == "deny" else None


def _simple(consent: dict[str, Any], provision: dict[str, Any]) -> tuple[Effect, ...] | None:
    """The effects of a Consent in one of the forms that the portal writes; None for every other form."""
    if not _own(consent) or "provision" in provision or _modified(consent):
        return None
    try:
        since, until = _span(provision.get("period") or {})
        named = _purposes(provision)
        if sense_of(consent) == "permit":
            given = span_of(consent["dateTime"])[0] if "dateTime" in consent else None
            return _permits(provision, named, (max(since, given or 0), until), given)
        return _denies(provision, named, (since, until))
    except (ValueError, TypeError, AttributeError, KeyError):
        return None


def _modified(element: Any) -> bool:
    """Whether an extension that changes a meaning, which nobody here understands, stands anywhere in it."""
    if isinstance(element, dict):
        return bool(element.get("modifierExtension")) or any(map(_modified, element.values()))
    return isinstance(element, list) and any(map(_modified, element))


def _own(consent: dict[str, Any]) -> bool:
    """Whether it is the person's own act and nothing about it waits for verification."""
    person = (consent.get("patient") or {}).get("reference")
    performers = consent.get("performer") or [{"reference": person}]
    checked = consent.get("verification") or [{"verified": True}]
    return {each.get("reference") for each in performers} == {person} and any(
        each.get("verified") is True for each in checked
    )


def _permits(
    provision: dict[str, Any], named: Purposes, span: tuple[int, int | None], given: int | None
) -> tuple[Effect, ...] | None:
    keys = provision.keys() - {"id", "type", "period", "purpose"}
    if named and not keys and all(is_project(code) for code in named):
        return tuple(Allows(allowed(code), *span, given) for code in sorted(named))
    actors = _actors(provision)
    relatives = all(kind in {"Patient", "RelatedPerson"} for kind, _ in actors)
    if named == frozenset({"FAMRQT"}) and keys == {"actor"} and relatives:
        return tuple(LetsIn(name if kind == "Patient" else f"{kind}/{name}", *span) for kind, name in actors)
    return None


def _denies(
    provision: dict[str, Any], named: Purposes, span: tuple[int, int | None]
) -> tuple[Effect, ...] | None:
    keys = provision.keys() - {"id", "type", "period", "purpose"}
    actors = _actors(provision)
    if keys == {"actor"} and named == TREAT and all(kind == "Organization" for kind, _ in actors):
        return tuple(Hides(restricted(name), *span) for name in sorted({name for _, name in actors}))
    if keys == {"securityLabel"} and named == TREAT and (mask := _mask(provision["securityLabel"])):
        return (Closes(CLOSED, mask, *span),)
    if named and weighed(named) == ("secondary",) and (stops := _stops(provision, keys, named)):
        return tuple(Hides(name, *span) for name in stops)
    return None


def _stops(provision: dict[str, Any], keys: set[str], named: frozenset[str]) -> list[str]:
    """The sets of a stop of the form category and purpose; none where it is of another form."""
    classes = provision.get("class", [])
    if keys - {"class"} or any(each.get("system") != DATA_CATEGORY for each in classes):
        return []
    categories = [each["code"] for each in classes] or [None]
    codes: list[str | None] = [None] if covers_secondary(named) else [*sorted(named)]
    return [stopped(category, code) for category in categories for code in codes]


def _mask(labels: list[dict[str, Any]]) -> int:
    """The labels as bits; 0 where one of them is not of the list itself, which its bit would stretch too far."""
    codes = [each.get("code", "") for each in labels]
    plain = all(each.get("system") == ACT_CODE for each in labels)
    return label_mask(codes) if plain and set(codes) <= set(LABELS) - {"OTHER"} else 0


def covers_secondary(named: Purposes) -> bool:
    """Whether these purposes are all that belongs to secondary use."""
    return named is None or all(named & set(ancestry(code)) for code in codes_of("secondary"))


def weighed(named: Purposes) -> tuple[Weighed, ...]:
    """The classes in which a provision with these purposes is weighed. A purpose of a foreign system may be any."""
    order: tuple[Weighed, ...] = ("care", "secondary", "family")
    foreign = {code for code in named or () if "|" in code}
    if any(not is_project(code) for code in foreign):
        return order
    lines = purposes().values()
    classes = {class_of(line) for line in lines if named is None or named & set(line)}
    classes |= {"secondary"} if foreign else set()
    return tuple(each for each in order if each in classes)


def _ruled(consent: dict[str, Any], provision: dict[str, Any]) -> tuple[Effect, ...]:
    """For a Consent that is to be decided record by record: whom it rules, and what it hides meanwhile."""
    try:
        if consent.get("modifierExtension") or provision.get("modifierExtension"):
            raise ValueError  # what it states outright may be meant otherwise
        (since, until), named = _reach(provision, sense_of(consent))
    except (ValueError, TypeError, AttributeError, KeyError):
        since, until, named = 0, None, None
    classes = weighed(named)
    found: list[Effect] = [Ruled(classes, since, until)] if classes else []
    if "secondary" in classes and any(_senses(provision, sense_of(consent))):
        codes = [None] if covers_secondary(named) or named is None else sorted(named)
        found += [Hides(stopped(None, code), since, until) for code in codes if not code or _secondary(code)]
        projects = _projects(provision) - set(codes)
        found += [Hides(stopped(None, project), since, until) for project in sorted(projects)]
    return tuple(found)


def _reach(provision: dict[str, Any], sense: str | None) -> tuple[tuple[int, int | None], Purposes]:
    """The span and the purposes outside which no provision matches: the root's, with what provisions of its sense state
    anew inside it."""
    spans = [_span(each.get("period") or {}) for each in _widening(provision, sense)]
    ends = [until for _, until in spans]
    until = None if None in ends else max(end for end in ends if end is not None)
    found: set[str] = set()
    for each in _widening(provision, sense):
        named = _purposes(each)
        if named is None and each is provision:
            return (min(since for since, _ in spans), until), None
        found |= named or set()
    return (min(since for since, _ in spans), until), frozenset(found)


def _widening(provision: dict[str, Any], sense: str | None) -> Iterator[dict[str, Any]]:
    """A provision and those of its sense inside it, as far as nothing of another sense stands between."""
    yield provision
    for each in provision.get("provision", []) if sense else ():
        if each.get("type") == sense:
            yield from _widening(each, sense)


def _projects(provision: dict[str, Any]) -> set[str]:
    """The projects that a provision or one inside it names: who agreed to one by another Consent is stopped by a denial
    that names it."""
    codings = provision.get("purpose", [])
    named = {f"{each.get('system', '')}|{each.get('code', '')}" for each in codings}
    inside = (_projects(each) for each in provision.get("provision", []))
    return {code for code in named if is_project(code)}.union(*inside)


def _senses(provision: dict[str, Any], sense: str | None) -> Iterator[bool]:
    """For each provision of the tree whether it denies, or may."""
    yield sense == "deny" or provision.get("type", sense) not in {"permit", None}
    opposite = {"permit": "deny", "deny": "permit"}.get(sense or "")
    for each in provision.get("provision", []):
        yield from _senses(each, each.get("type", opposite))


def _secondary(code: str) -> bool:
    return "secondary" in weighed(frozenset({code}))


def _purposes(provision: dict[str, Any]) -> Purposes:
    """The codes of use and the projects that are named; what stands above all use counts as its top. ValueError for one
    that names no code system, which may be any."""
    if "purpose" not in provision:
        return None
    found: set[str] = set()
    for coding in provision["purpose"]:
        system, code = coding.get("system"), coding["code"]
        if not system or not code:
            raise ValueError
        if system == ACT_REASON:
            found |= {code} if code in purposes() else _above(code)
        else:
            found.add(f"{system}|{code}")
    return frozenset(found)


def may_be_asked(coding: dict[str, Any]) -> bool:
    """Whether some reader may ask for a purpose that a Consent names; one of a foreign system may be known."""
    code = str(coding.get("code", ""))
    return coding.get("system") != ACT_REASON or code in purposes() or bool(_above(code))


def _above(code: str) -> set[str]:
    """The top of all codes of use, where it is this one or stands below it."""
    return {TOP} if any(code in line for line in purposes().values()) else set()


def _actors(provision: dict[str, Any]) -> list[tuple[str, str]]:
    """Type and id of each reader who is named, once; ("", "") for an actor that is not named by a plain reference, or
    that is whose record it is and not who reads."""
    actors = provision.get("actor", [])
    references = [
        ""
        if _of_record(each) or "identifier" in each.get("reference", {})
        else each.get("reference", {}).get("reference", "")
        for each in actors
    ]
    plain = [PLAIN.fullmatch(reference) for reference in references]
    return list(dict.fromkeys((found[1], found[2]) if found else ("", "") for found in plain))


def _of_record(actor: dict[str, Any]) -> bool:
    """Whether an actor is held against a record, as its keeper or author (rules, section 4)."""
    return any(coding.get("code") in {"CST", "AUT"} for coding in actor.get("role", {}).get("coding", []))


def _span(period: dict[str, str]) -> tuple[int, int | None]:
    """A period as (first millisecond, first millisecond after it); ValueError where it cannot be read."""
    since = span_of(period["start"])[0] if "start" in period else 0
    until = span_of(period["end"])[1] + 1 if "end" in period else None
    return since, until


def stop_secondary_use(person: str, now: datetime) -> dict[str, Any]:
    """The Consent by which a person stops all secondary use."""
    return stop_part(person, now)


def stop_part(
    person: str, now: datetime, category: str | None = None, purpose: str | None = None
) -> dict[str, Any]:
    """The Consent by which a person stops secondary use of a data category, for a purpose, or both; of neither: all.

    `purpose` is a code of v3-ActReason or a project.
    """
    named = [_reason(purpose)] if purpose else [_reason(code) for code in secondary_tops()]
    provision: dict[str, Any] = {"type": "deny", "purpose": named}
    if category:
        provision["class"] = [{"system": DATA_CATEGORY, "code": category}]
    return _consent(person, now, "research", provision)


def agree_to_project(person: str, project: str, until: date, now: datetime) -> dict[str, Any]:
    """The Consent by which a person agrees to one project until a day, that day included."""
    provision = {"type": "permit", "period": {"end": until.isoformat()}, "purpose": [_reason(project)]}
    return _consent(person, now, "research", provision)


def secondary_tops() -> list[str]:
    """The codes of secondary use that stand below no other of them: together all of it."""
    codes = codes_of("secondary")
    return sorted(code for code in codes if not codes & set(ancestry(code)[1:]))


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


def close_record(person: str, record: str, now: datetime) -> dict[str, Any]:
    """The Consent by which a person closes one record (`Type/id`) for care."""
    data = [{"meaning": "instance", "reference": {"reference": record}}]
    provision = {"type": "deny", "purpose": [_reason("TREAT")], "data": data}
    return _consent(person, now, "patient-privacy", provision)


def given_by(consent: dict[str, Any], performer: str) -> dict[str, Any]:
    """The same Consent, given by somebody who acts for the person: a guardian or a proxy, by reference."""
    return {**consent, "performer": [{"reference": performer}]}


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


def _reason(purpose: str) -> dict[str, str]:
    system, _, code = purpose.rpartition("|")
    return {"system": system or ACT_REASON, "code": code}


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

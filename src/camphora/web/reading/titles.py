"""What each kind of record is called, when it was, and where."""

from __future__ import annotations

from camphora.policy.choices import Allows, Closes, Effect, Hides, LetsIn, Ruled, effects
from camphora.web.reading.chart import name_of
from camphora.web.reading.plain import DEPARTMENT, Json, Reading

DATES = (
    "effectiveDateTime", "effectiveInstant", "occurrenceDateTime", "performedDateTime", "whenHandedOver",
    "whenPrepared", "authoredOn", "onsetDateTime", "recordedDate", "dateTime", "issued", "date", "created",
    "birthDate",
)  # fmt: skip
PERIODS = ("period", "effectivePeriod", "performedPeriod", "occurrencePeriod")
CODES = ("code", "medicationCodeableConcept", "vaccineCode", "type")


def date_of(resource: Json) -> str:
    """The FHIR date by which a record is told; empty where it has none."""
    for name in PERIODS:
        if name in resource:
            return str(resource[name].get("start") or resource[name].get("end") or "")
    return next((str(resource[name]) for name in DATES if name in resource), "")


def kind(reading: Reading, record_type: str) -> str:
    """What this type of record is called."""
    key = f"kind.{record_type}"
    return reading.words(key) if key in reading.words else record_type


def title(reading: Reading, resource: Json) -> str:
    """The record's own title: what it says, else what kind it is."""
    record_type = resource["resourceType"]
    if record_type == "Encounter":
        return visit_title(reading, resource)
    if record_type == "Consent":
        return consent_title(reading, resource)
    if name := name_of(resource):
        return name
    for name in CODES:
        value = resource.get(name)
        said = reading.concept(value) if isinstance(value, dict) else ""
        if said:
            return said
    return kind(reading, record_type)


def department(reading: Reading, encounter: Json) -> str:
    """The department that was visited: coded as the NHI has them, where it is."""
    values = [each for each in (encounter.get("serviceType"), *encounter.get("type", ())) if each]
    values.sort(
        key=lambda value: all(coding.get("system") != DEPARTMENT for coding in value.get("coding", ()))
    )
    return next((said for value in values if (said := reading.concept(value))), "")


def visit_title(reading: Reading, encounter: Json) -> str:
    """Department and kind of visit: 家醫科門診; Outpatient visit, family medicine."""
    code = encounter.get("class", {}).get("code", "")
    key = f"visit.{code}" if f"visit.{code}" in reading.words else "visit.other"
    where = department(reading, encounter)
    return reading.words(key, department=where) if where else reading.words("visit.plain." + key[6:])


def consent_title(reading: Reading, consent: Json) -> str:
    """Which choice a Consent holds."""
    for effect in honoured({**consent, "status": "active", "performer": []}):
        match effect:
            case LetsIn():
                return reading.words("consent.let_in")
            case Closes():
                return reading.words("consent.close")
            case Allows():
                return reading.words("consent.agree")
            case Hides(set_name=name):
                return reading.words("consent.restrict" if name.startswith("restricted:") else "consent.stop")
            case Ruled() if len(consent.get("provision", {}).get("data", ())) == 1:
                return reading.words("consent.record")
    return kind(reading, "Consent")


def honoured(consent: Json) -> tuple[Effect, ...]:
    """What a Consent does to the sets that queries join."""
    return effects(consent)


def place(reading: Reading, resource: Json) -> str:
    """The institution of a record, where it names one."""
    named = resource.get("serviceProvider") or resource.get("managingOrganization")
    if isinstance(named, dict):
        return reading.reference(named)
    performers = resource.get("performer", ())
    performers = performers if isinstance(performers, list) else [performers]
    actors = [each.get("actor") or each for each in performers if isinstance(each, dict)]
    return next((name for actor in actors if (name := reading.reference(actor))), "")

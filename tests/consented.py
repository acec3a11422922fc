"""Persons and choices for tests of the decision inside the query."""

from builders import NOW, clinician, observation, patient
from camphora.policy import Purpose, Reader, Request, Role
from camphora.policy.admission import admit
from camphora.policy.asking import Scope
from camphora.policy.choices import TAIPEI
from camphora.policy.internal import loading

LOAD = loading("deciding")
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
INLINE = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"


def at_home(person, county, town):
    """A Patient who lives there."""
    made = patient(person, "林大同", "1980-01-01", f"A{sum(map(ord, person)):09}")
    return {**made, "address": [{"use": "home", "district": county, "city": town}]}


def diagnosis(name, person, code):
    return {
        "resourceType": "Condition",
        "id": name,
        "code": {"coding": [{"system": ICD, "code": code}]},
        "subject": {"reference": f"Patient/{person}"},
    }


def consent(name, person, provision, **more):
    """An active Consent of the person's own."""
    return {
        "resourceType": "Consent",
        "id": name,
        "status": "active",
        "scope": {"coding": [{"code": "patient-privacy"}]},
        "category": [{"coding": [{"system": ACT, "code": "IDSCL"}]}],
        "patient": {"reference": f"Patient/{person}"},
        "dateTime": NOW.astimezone(TAIPEI).isoformat(timespec="seconds"),
        "performer": [{"reference": f"Patient/{person}"}],
        "provision": provision,
        **more,
    }


def treating(**criteria):
    """A provision about care."""
    return {"type": "deny", "purpose": [{"system": REASON, "code": "TREAT"}], **criteria}


def labelled_part(name, person):
    """An Observation with a component that is labelled HIV by itself, and a narrative that tells it."""
    made = observation(name, person, "58410-2", "2026-03-01")
    made["text"] = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">HIV 陽性</div>'}
    label = {"url": INLINE, "valueCoding": {"system": ACT, "code": "HIV"}}
    hidden = {
        "extension": [label],
        "code": {"coding": [{"system": "urn:t", "code": "hiv-test"}]},
        "valueString": "陽性",
    }
    made["component"] = [
        hidden,
        {"code": {"coding": [{"system": "urn:t", "code": "other"}]}, "valueString": "1.50"},
    ]
    return made


def officer(*areas):
    """An officer who looks into an outbreak, limited to these areas."""
    reader = Reader("officer", "疫情調查", Role.OFFICER, scope=Scope(areas=frozenset(areas)))
    return admit(Request(reader, Purpose.SURVEILLANCE)).access


def at_ward(*, institutions=(), wards=()):
    """A clinician limited to institutions or wards."""
    access = clinician()
    scope = Scope(institutions=frozenset(institutions), wards=frozenset(wards))
    reader = Reader("dr-h1", "林醫師", Role.CLINICIAN, organisation="h1", scope=scope)
    assert access is not None
    return admit(Request(reader, Purpose.CARE)).access

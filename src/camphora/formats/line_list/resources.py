"""A case as FHIR R4: Patient, Encounter, Observation and the Condition that is notifiable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from camphora.fhir.taiwan import identifiers
from camphora.formats import address
from camphora.formats.line_list.cases import Case

Json = dict[str, Any]
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
CASE = "https://camphora.tw/line-list/"
"""The system of case numbers: this and the name of the mapping."""
INSTITUTION = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/organization-identifier-tw"
ASSERTED = "http://hl7.org/fhir/StructureDefinition/condition-assertedDate"
"""The extension of R4 with the day on which it was diagnosed, from which the law's clock runs."""
HL7 = "http://terminology.hl7.org/CodeSystem/"
RESULTS = {"POS": ("陽性", "Positive"), "NEG": ("陰性", "Negative"), "IND": ("未確定", "Indeterminate")}


class Ids(NamedTuple):
    """Whose list it is; `name`: from words the end of an id that does not give them away; `patient`: the id of a
    Patient that is known already, who is then not written."""

    list: str
    name: Callable[[str], str]
    patient: str | None = None


def patient_id(case: Case, ids: Ids) -> str:
    """The id under which this list writes the person: the same for all lists where a number is given."""
    key = case.person_key
    return "ll-" + ids.name(key if key.startswith("id|") else f"{ids.list}|{key}")


def case_id(case: Case, ids: Ids) -> str:
    """The id under which this list writes the case."""
    return "ll-" + ids.name(f"{ids.list}|{case.key}")


def resources(case: Case, ids: Ids) -> list[Json]:
    """The resources of a case, the Patient first (none where the person is known), the Condition last."""
    own = case_id(case, ids)
    subject = {"reference": f"Patient/{ids.patient or patient_id(case, ids)}"}
    made = [] if ids.patient else [patient(case, patient_id(case, ids))]
    encounter = _encounter(case, own, subject)
    observation = _observation(case, own, subject, encounter)
    beside = [one for one in (encounter, observation) if one]
    return [*made, *beside, _condition(case, own, subject, beside, ids)]


def patient(case: Case, name: str) -> Json:
    """The person of a case as a Patient under this id."""
    made: Json = {"resourceType": "Patient", "id": name}
    if number := case.national_id:
        kind = identifiers.kinds_of(number)[0]
        system = next(system for system, kinds in identifiers.systems().items() if kind in kinds)
        code = identifiers.kinds()[kind].type
        made["identifier"] = [
            {"use": "official", "type": _coded(HL7 + "v2-0203", code), "system": system, "value": number}
        ]
    if case.name:
        made["name"] = [{"use": "official", "text": case.name}]
    if case.phone:
        made["telecom"] = [{"system": "phone", "value": case.phone}]
    given = {"gender": case.sex, "birthDate": case.birth_date, "address": _address(case)}
    return made | {key: value for key, value in given.items() if value}


def _address(case: Case) -> list[Json]:
    """Where the person lives, from the columns of places or from the line."""
    read = address.usual(address.parse(case.address or ""))
    parts = {"county": case.county, "town": case.town, "village": case.village}
    placed = address.Address(**{**_parts(read), **{key: value for key, value in parts.items() if value}})
    found = address.to_fhir(placed)
    return [{"use": "home", **found}] if found.get("text") else []


def _parts(read: address.Address) -> dict[str, str]:
    return {name: getattr(read, name) for name in address.Address.__slots__}


def _encounter(case: Case, own: str, subject: Json) -> Json | None:
    """The visit at which it was diagnosed, where institution or day is known."""
    if not (case.hospital or case.hospital_code or case.diagnosed):
        return None
    kind = ("IMP", "inpatient encounter") if case.hospitalised else ("AMB", "ambulatory")
    made: Json = {
        "resourceType": "Encounter",
        "id": own,
        "status": "unknown",
        "class": {"system": HL7 + "v3-ActCode", "code": kind[0], "display": kind[1]},
        "subject": subject,
        "reasonCode": [_disease(case)],
    }
    if case.diagnosed:
        made["period"] = {"start": case.diagnosed}
    if case.hospital or case.hospital_code:
        made["serviceProvider"] = _institution(case)
    return made


def _institution(case: Case) -> Json:
    made: Json = {"type": "Organization"}
    if case.hospital_code:
        made["identifier"] = {"system": INSTITUTION, "value": case.hospital_code}
    if case.hospital:
        made["display"] = case.hospital
    return made


def _observation(case: Case, own: str, subject: Json, encounter: Json | None) -> Json | None:
    if not case.result:
        return None
    zh, en = RESULTS[case.result]
    said = _coded(HL7 + "v3-ObservationInterpretation", case.result, en)
    made: Json = {
        "resourceType": "Observation",
        "id": own,
        "status": "final",
        "category": [_coded(HL7 + "observation-category", "laboratory", "Laboratory"), _disease(case)],
        "code": {"text": case.test or f"{case.disease.zh}檢驗"},
        "subject": subject,
        "valueCodeableConcept": {**said, "text": zh},
    }
    if encounter:
        made["encounter"] = _reference(encounter)
    if case.sampled:
        made["effectiveDateTime"] = case.sampled
    return made


def _condition(case: Case, own: str, subject: Json, beside: list[Json], ids: Ids) -> Json:
    """`beside`: the Encounter and the Observation, where there are."""
    status = case.status or "unconfirmed"
    made: Json = {
        "resourceType": "Condition",
        "id": own,
        "clinicalStatus": _coded(HL7 + "condition-clinical", "inactive" if status == "refuted" else "active"),
        "verificationStatus": _coded(HL7 + "condition-ver-status", status),
        "category": [_coded(HL7 + "condition-category", "encounter-diagnosis", "Encounter Diagnosis")],
        "code": _disease(case),
        "subject": subject,
    }
    if case.case_number:
        made["identifier"] = [{"system": CASE + ids.list, "value": case.case_number}]
    for one in beside:
        if one["resourceType"] == "Encounter":
            made["encounter"] = _reference(one)
        else:
            made["evidence"] = [{"detail": [_reference(one)]}]
    if case.onset:
        made["onsetDateTime"] = case.onset
    if case.notified:
        made["recordedDate"] = case.notified
    if case.diagnosed:
        made["extension"] = [{"url": ASSERTED, "valueDateTime": case.diagnosed}]
    return made


def _disease(case: Case) -> Json:
    """The disease, which visit and result name too: they belong to what must be notified, and are seen with it."""
    return {"coding": [{"system": ICD10CM, "code": case.disease.code}], "text": case.disease.zh}


def _reference(resource: Json) -> Json:
    return {"reference": f"{resource['resourceType']}/{resource['id']}"}


def _coded(system: str, code: str, display: str = "") -> Json:
    coding = {"system": system, "code": code}
    return {"coding": [{**coding, "display": display} if display else coding]}

"""The short hand in which the vectors' rows are written: who asks, about whom, for which record, and what is expected.

Nothing here decides anything: `row` only writes out what a row says.
"""

from __future__ import annotations

import re
from typing import Any

Json = dict[str, Any]

NOW = "2026-03-10T09:00:00+08:00"
NATIONAL = "http://www.moi.gov.tw"
RESEARCH = "https://camphora.tw/project|"
TERMS = "http://terminology.hl7.org/CodeSystem/"
READERS: dict[str, Json] = {
    "clinician": {"id": "Practitioner/lin", "organisation": "Organization/tainan"},
    "pharmacist": {"id": "Practitioner/wang", "organisation": "Organization/pharmacy"},
    "officer": {"id": "Practitioner/hsu", "organisation": "Organization/bureau"},
    "manager": {"id": "Practitioner/kao", "organisation": "Organization/tainan"},
    "analyst": {"id": "Practitioner/ho", "organisation": "Organization/university"},
    "supply": {"id": "Practitioner/su", "organisation": "Organization/supplier"},
    "administrator": {"id": "Practitioner/ting", "organisation": "Organization/centre"},
    "citizen": {"id": "Person/chen", "person": "Patient/chen"},
    "public": {"id": "Person/anybody"},
}
CHEN = {
    "id": "Patient/chen",
    "identifiers": [f"{NATIONAL}|A123456789"],
    "born": "1980-05-17",
    "area": "67000",
    "institutions": ["Organization/tainan"],
}


def asked(
    role: str = "clinician", *purposes: str, action: str = "access", at: str = NOW, **more: Any
) -> Json:
    """Who asks for what; `more` are fields of the reader, or `basis` and `emergency`."""
    ground = {key: more.pop(key) for key in ("basis", "emergency") if key in more}
    reader = {"role": role, **READERS[role], **more}
    reader = {key: value for key, value in reader.items() if value is not None}
    return {"reader": reader, "purposes": list(purposes or ("TREAT",)), "action": action, "at": at, **ground}


def whom(*consents: Json, **more: Any) -> Json:
    """陳小姐, born 1980, of 臺南, with these Consents; a field given as None is left out."""
    found = {**CHEN, **more, "consents": list(consents)}
    return {key: value for key, value in found.items() if value not in (None, [])}


def record(kind: str = "Observation", *labels: str, **more: Any) -> Json:
    """A laboratory result of 2025-06-01 without labels, or what is said instead."""
    found = {"type": kind, "id": "r1", "category": CATEGORIES.get(kind, "other"), "labels": list(labels)}
    found |= {"period": {"start": "2025-06-01", "end": "2025-06-01"}, **more}
    return {key: value for key, value in found.items() if value not in (None, [])}


CATEGORIES = {
    "Observation": "laboratory", "DiagnosticReport": "laboratory", "Specimen": "laboratory",
    "Condition": "diagnoses", "AllergyIntolerance": "diagnoses", "MedicationRequest": "medicines",
    "MedicationDispense": "medicines", "Encounter": "visits", "Composition": "visits", "ImagingStudy": "imaging",
    "Procedure": "procedures", "Immunization": "immunisation", "MolecularSequence": "genetic",
    "FamilyMemberHistory": "genetic", "CarePlan": "care-plans", "Claim": "claims", "Coverage": "claims",
    "Patient": "person", "RelatedPerson": "person",
}  # fmt: skip


def consent(
    provision: Json | None = None, name: str = "c1", date: str | None = "2025-01-10", **more: Any
) -> Json:
    """An active Consent of 陳小姐."""
    found = {
        "resourceType": "Consent",
        "id": name,
        "status": "active",
        "scope": {"coding": [{"system": TERMS + "consentscope", "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": "Patient/chen"},
        "dateTime": date,
        "provision": provision,
        **more,
    }
    if isinstance(found.get("performer"), str):
        found["performer"] = [{"reference": one} for one in found["performer"].split()]
    return {key: value for key, value in found.items() if value is not None}


def permit(*inner: Json, **criteria: Any) -> Json:
    return provision("permit", *inner, **criteria)


def deny(*inner: Json, **criteria: Any) -> Json:
    return provision("deny", *inner, **criteria)


def provision(sense: str | None, /, *inner: Json, **criteria: Any) -> Json:
    """A provision; texts of a criterion stand apart by blanks. Spans are `first/last`, either may be empty."""
    found: Json = {"type": sense} if sense else {}
    found |= {_NAMES.get(name, name): _WRITE[name](said) for name, said in criteria.items()}
    if inner:
        found["provision"] = list(inner)
    return found


def _span(said: str) -> Json:
    first, last = said.split("/")
    return {key: value for key, value in (("start", first), ("end", last)) if value}


def _reason(one: str) -> Json:
    system, _, code = one.rpartition("|")
    return {"system": system or TERMS + "v3-ActReason", "code": code}


def _label(one: str) -> Json:
    system = "v3-Confidentiality" if re.fullmatch("[ULMNRV]", one) else "v3-ActCode"
    return {"system": TERMS + system, "code": one}


def _actor(one: str) -> Json:
    kind, _, rest = one.partition(":")
    role = kind if kind in ("CST", "AUT") else "IRCP"
    found: Json = {"role": {"coding": [{"system": TERMS + "v3-ParticipationType", "code": role}]}}
    if kind == "role":
        return found | {"reference": {"identifier": {"system": "https://camphora.tw/role", "value": rest}}}
    if kind == "id":
        system, value = rest.split("|")
        return found | {"reference": {"identifier": {"system": system, "value": value}}}
    return found | {"reference": {"reference": rest if role != "IRCP" else one}}


def _class(one: str) -> Json:
    types, categories = "http://hl7.org/fhir/resource-types", "https://camphora.tw/data-category"
    return {"system": types if one[0].isupper() else categories, "code": one}


def _code(one: str) -> Json:
    system, _, code = one.rpartition("|")
    return {"coding": [{"system": system, "code": code}]}


def _data(one: str) -> Json:
    meaning, _, target = one.partition(":")
    return {"meaning": meaning, "reference": {"reference": target}}


def _action(one: str) -> Json:
    return {"coding": [{"system": TERMS + "consentaction", "code": one}]}


def _each(write: Any) -> Any:
    return lambda said: [write(one) for one in said.split()]


_NAMES = {"label": "securityLabel", "dates": "dataPeriod", "kind": "class"}
_WRITE = {
    "period": _span, "dates": _span, "purpose": _each(_reason), "label": _each(_label), "actor": _each(_actor),
    "kind": _each(_class), "code": _each(_code), "data": _each(_data), "action": _each(_action),
}  # fmt: skip


def expected(said: str) -> Json:
    """`permit consent-permits @c1:provision +redact:Observation.note:PSY`: outcome, codes, Consent, obligations."""
    outcome, codes, *rest = said.split()
    found: Json = {"outcome": outcome, "obligations": [], "reasons": codes.split(",")}
    for one in rest:
        if one.startswith("@"):
            found["consent"], found["provision"] = one[1:].split(":")
        else:
            kind, *where = one[1:].split(":", 2)
            duty: Json = {"kind": kind}
            if where:
                duty["path"] = where[0]
            if where[1:]:
                duty["codes" if kind == "mask" else "labels"] = where[1].split(",")
            found["obligations"].append(duty)
    return found


def to(reference: str) -> Json:
    return {"reference": reference}


def by(number: str) -> Json:
    system, value = number.split("|")
    return {"identifier": {"system": system, "value": value}}


def entry(kind: str, key: str, number: str = "", **more: Any) -> Json:
    """A record of a register, with the number that it bears."""
    made: Json = {"resourceType": kind, "id": key}
    return {**made, **({"identifier": [by(number)["identifier"]]} if number else {}), **more}


class Dimension:
    """The rows of one dimension, numbered as they are written: append, never reorder."""

    def __init__(self, name: str, zh: str, en: str, source: str) -> None:
        self.name, self.zh, self.en, self.source = name, zh, en, source
        self.vectors: list[Json] = []

    def row(  # noqa: PLR0917 - a row of a table
        self,
        zh: str,
        en: str,
        said: str,
        who: Json | None = None,
        about: Json | None = None,
        what: Json | None = None,
        *,
        nobody: bool = False,
        known: bool = False,
        policy: Json | None = None,
        source: str = "",
        register: list[Json] | None = None,
    ) -> None:
        """One vector. `nobody`: a record about no person. `known`: whether the person may be known, without record."""
        vector: Json = {
            "id": f"{self.name}-{len(self.vectors) + 1:02d}",
            "dimension": self.name,
            "title": {"zh-TW": zh, "en": en},
            "source": source or self.source,
            "policy": {"base": "taiwan", "set": policy} if policy else "taiwan",
            "asked": who or asked(),
        }
        if not nobody:
            vector["whom"] = about or whom()
        if not known:
            vector["facts"] = what or record()
        if register is not None:
            vector["register"] = register
        vector["expected"] = expected(said)
        self.vectors.append(vector)

    def document(self) -> Json:
        return {"dimension": self.name, "title": {"zh-TW": self.zh, "en": self.en}, "vectors": self.vectors}

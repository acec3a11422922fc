"""The Patient of a person, with TW Core's identifiers and address parts, and family as RelatedPerson."""

from __future__ import annotations

from random import Random

from camphora.synth.names import Name
from camphora.synth.numbers import mobile
from camphora.synth.people import Person
from camphora.synth.places import Facility, Place
from camphora.synth.record import iso
from camphora.synth.terms import PROFILE, TWCORE, Json, coding, concept, hl7, meta

_NATIONAL = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/v2-0203",
            "code": "NNxxx",
            "_code": {
                "extension": [
                    {
                        "extension": [
                            {"url": "suffix", "valueString": "TWN"},
                            {"url": "valueSet", "valueCanonical": "http://hl7.org/fhir/ValueSet/iso3166-1-3"},
                        ],
                        "url": PROFILE + "identifier-suffix",
                    }
                ]
            },
        }
    ]
}
_RESIDENT, _CHART, _BARE = (hl7("v2-0203", code) for code in ("PRC", "MR", "NNxxx"))
"""The extension of `_NATIONAL` belongs to Patient and Practitioner only; a RelatedPerson has the bare code."""
_GENDER = {"m": "male", "f": "female"}
_LANGUAGE = [{"language": concept("urn:ietf:bcp:47", "zh-TW"), "preferred": True}]
ROADS = (
    "中正", "中山", "民生", "民權", "民族", "復興", "忠孝", "仁愛", "信義", "和平", "中華", "光復",
    "建國", "自由", "文化", "三民", "大同", "公園", "成功", "永安", "長春", "學府", "新生", "博愛",
)  # fmt: skip
_NUMERALS = "一二三四五"
COUNTRIES = {"china": "CN", "vietnam": "VN", "indonesia": "ID", "philippines": "PH", "thailand": "TH"}


def address(rng: Random, place: Place) -> Json:
    """An address in TW Core's parts. Road and numbers are invented; village, town and postcode are real."""
    draw = rng.random
    parts = {
        "tw-village": place.villages[int(draw() * len(place.villages))],
        "tw-neighborhood": f"{1 + int(draw() * 28)}鄰",
    }
    road = ROADS[int(draw() * len(ROADS))] + "路"
    if draw() < 0.3:
        parts["tw-section"] = _NUMERALS[int(draw() * 5)] + "段"
    if draw() < 0.45:
        parts["tw-lane"] = f"{1 + int(draw() * 380)}巷"
        if draw() < 0.35:
            parts["tw-alley"] = f"{1 + int(draw() * 40)}弄"
    parts["tw-number"] = f"{1 + int(draw() * 320)}號"
    if draw() < 0.7:
        parts["tw-floor"] = f"{1 + int(draw() * 14)}樓"
    rest = "".join(parts.get(f"tw-{name}", "") for name in ("section", "lane", "alley", "number", "floor"))
    text = f"{place.county}{place.town}{parts['tw-village']}{parts['tw-neighborhood']}{road}{rest}"
    postcode = concept(TWCORE + "CodeSystem/postal-code3-tw", place.postcode)
    return {
        "extension": [{"url": PROFILE + name, "valueString": value} for name, value in parts.items()],
        "use": "home", "text": text, "line": [road], "city": place.town, "district": place.county,
        "_postalCode": {"extension": [{"url": PROFILE + "tw-postal-code", "valueCodeableConcept": postcode}]},
        "country": "TW",
    }  # fmt: skip


def human_name(name: Name) -> Json:
    return {"use": "official", "text": name.text, "family": name.family, "given": [name.given]}


def identifier(person: Person, national: Json = _NATIONAL) -> Json:
    """National ID, or resident number for foreigners; form right, check digit wrong."""
    if person.origin:
        return {
            "use": "official",
            "type": _RESIDENT,
            "system": "http://www.immigration.gov.tw",
            "value": person.identity,
        }
    return {"use": "official", "type": national, "system": "http://www.moi.gov.tw", "value": person.identity}


def _chart(person: Person, hospital: Facility) -> Json:
    number = 1_000_000 + person.serial * 7_919 % 9_000_000
    system = f"urn:camphora:chart:{hospital.code}"
    return {"use": "official", "type": _CHART, "system": system, "value": str(number)}


def patient(person: Person, home: Json, hospital: Facility, today: int, single: bool) -> Json:
    """The Patient resource. `single` is drawn for adults without a partner: never married or divorced."""
    resource: Json = {
        "resourceType": "Patient", "id": person.id, "meta": meta("Patient"),
        "identifier": [identifier(person), _chart(person, hospital)],
        "active": True, "name": [human_name(person.name)],
        "telecom": [{"system": "phone", "value": mobile(person.serial), "use": "mobile"}],
        "gender": _GENDER[person.sex], "birthDate": iso(person.born),
        "address": [home], "communication": _LANGUAGE,
    }  # fmt: skip
    if person.origin:
        resource["extension"] = [_nationality(COUNTRIES[person.origin])]
    if person.died:
        resource["deceasedDateTime"] = iso(person.died)
    if person.age(person.died or today) >= 18:
        code = "W" if person.widowed else "M" if person.partner >= 0 else "S" if single else "D"
        resource["maritalStatus"] = _MARITAL[code]
    return resource


_MARITAL = {code: hl7("v3-MaritalStatus", code) for code in "WMSD"}


def _nationality(country: str) -> Json:
    code = {"coding": [coding("urn:iso:std:iso:3166", country)]}
    return {
        "url": "http://hl7.org/fhir/StructureDefinition/patient-nationality",
        "extension": [{"url": "code", "valueCodeableConcept": code}],
    }


def related(key: str, subject: dict[str, str], relative: Person, role: str) -> Json:
    """A relative of the subject, who is a Patient too: same name, number and birthday."""
    return {
        "resourceType": "RelatedPerson", "id": key, "meta": meta("RelatedPerson"),
        "identifier": [identifier(relative, _BARE)], "active": True, "patient": subject,
        "relationship": [concept("http://terminology.hl7.org/CodeSystem/v3-RoleCode", role)],
        "name": [human_name(relative.name)],
        "telecom": [{"system": "phone", "value": mobile(relative.serial), "use": "mobile"}],
        "gender": _GENDER[relative.sex], "birthDate": iso(relative.born),
    }  # fmt: skip

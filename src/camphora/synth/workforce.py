"""Who works where: the facilities, their places and the invented people who work in them.

Facilities are real (code and name of the NHI list); everybody who works in them is invented.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from zlib import crc32

from camphora.synth.names import han_name, surname
from camphora.synth.numbers import mobile, national_id
from camphora.synth.places import Country, Facility
from camphora.synth.terms import DEPARTMENT, DEPARTMENTS, TWCORE, Json, concept, hl7, meta

DOCTORS = {
    "hospital": ("AB", "AG", "AA", "AC", "AD", "AH", "12", "13", "06", "08", "05", "04", "03", "10"),
    "clinic": ("01",),
    "station": ("01",),
    "dental": ("40",),
    "pharmacy": ("",),
}
"""The departments with a doctor, by kind of facility; a pharmacy has its pharmacist."""
STANDS_IN = {
    "AE": "AG",
    "AF": "AG",
    "BA": "03",
    "22": "03",
    "14": "06",
    "09": "03",
    "11": "AH",
    "01": "AG",
    "40": "03",
}
"""Whose doctor sees a patient of a department that has none of its own."""
PROFESSION = TWCORE + "CodeSystem/health-professional-tw"
_PHYSICIAN = concept(PROFESSION, "A", "西醫師", "西醫師")
_DENTIST = concept(PROFESSION, "C", "牙醫師", "牙醫師")
_PHARMACIST = concept(PROFESSION, "D", "藥師", "藥師")
_PRN = hl7("v2-0203", "PRN")
_PROVIDER = [hl7("organization-type", "prov")]
_FIRST_SERIAL = 9_000_000


def seen_by(facility: Facility, department: str) -> str:
    """The department whose doctor sees a patient of `department` at this facility."""
    here = DOCTORS[facility.kind]
    if len(here) == 1:
        return here[0]
    return department if department in here else STANDS_IN.get(department, here[0])


def practitioner_id(facility: Facility, department: str) -> str:
    return f"d{facility.code}-{department}" if department else f"d{facility.code}"


def foundation(country: Country) -> Iterator[Json]:
    """What all records point to: Organizations (real facilities), Locations of hospitals, Practitioners and
    PractitionerRoles. Load it once, before any household."""
    serial = _FIRST_SERIAL
    for facility in country.facilities:
        yield _organization(facility)
        if facility.kind == "hospital":
            yield _location(facility)
        for department in DOCTORS[facility.kind]:
            serial += 1
            yield _practitioner(facility, department, serial)
            yield _role(facility, department)


def _organization(facility: Facility) -> Json:
    return {
        "resourceType": "Organization", "id": f"f{facility.code}", "meta": meta("Organization-hosp"),
        "identifier": [
            {
                "use": "official", "type": _PRN,
                "system": TWCORE + "CodeSystem/organization-identifier-tw", "value": facility.code,
            }
        ],
        "active": True, "type": _PROVIDER, "name": facility.name,
        "address": [_address(facility)],
    }  # fmt: skip


def _address(facility: Facility) -> Json:
    town = {"city": facility.town} if facility.town else {}
    return {"district": facility.county, **town, "country": "TW"}


def _location(facility: Facility) -> Json:
    return {
        "resourceType": "Location", "id": f"l{facility.code}", "meta": meta("Location"), "status": "active",
        "name": f"{facility.name}門診", "mode": "instance",
        "managingOrganization": {"reference": f"Organization/f{facility.code}"},
    }  # fmt: skip


def _profession(facility: Facility) -> Json:
    return {"dental": _DENTIST, "pharmacy": _PHARMACIST}.get(facility.kind, _PHYSICIAN)


def _practitioner(facility: Facility, department: str, serial: int) -> Json:
    rng = Random(crc32(f"{facility.code}{department}".encode()))
    sex = "m" if rng.random() < 0.66 else "f"
    born = 1958 + int(rng.random() * 36)
    name = han_name(rng, surname(rng), sex, born)
    return {
        "resourceType": "Practitioner", "id": practitioner_id(facility, department),
        "meta": meta("Practitioner"),
        "identifier": [
            {
                "use": "official", "type": hl7("v2-0203", "NNxxx"), "system": "http://www.moi.gov.tw",
                "value": national_id(facility.county, sex, serial),
            },
            {
                "use": "official", "type": hl7("v2-0203", "MD"), "system": f"urn:camphora:staff:{facility.code}",
                "value": f"S{serial - _FIRST_SERIAL:05d}",
            },
        ],
        "active": True,
        "name": [{"use": "official", "text": name.text, "family": name.family, "given": [name.given]}],
        "telecom": [{"system": "phone", "value": mobile(serial), "use": "work"}],
        "gender": "male" if sex == "m" else "female",
        "birthDate": f"{born}-{1 + int(rng.random() * 12):02d}-{1 + int(rng.random() * 28):02d}",
        "qualification": [{"code": _profession(facility)}],
    }  # fmt: skip


def _role(facility: Facility, department: str) -> Json:
    key = practitioner_id(facility, department)
    role: Json = {
        "resourceType": "PractitionerRole", "id": f"r{key[1:]}", "meta": meta("PractitionerRole"), "active": True,
        "practitioner": {"reference": f"Practitioner/{key}"},
        "organization": {"reference": f"Organization/f{facility.code}"},
        "code": [_profession(facility)],
    }  # fmt: skip
    if department:
        role["specialty"] = [concept(DEPARTMENT, department, DEPARTMENTS[department])]
    return role

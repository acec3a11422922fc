"""A registrar, and Patients who may be one."""

from camphora.policy import Reader, Role
from camphora.policy.internal import registering

REASON = "查驗身分證正本"
MOI, NIA, CARD = "http://www.moi.gov.tw", "http://www.immigration.gov.tw", "urn:camphora:nhi-card"


def registrar():
    return registering(Reader("keeper", "登錄人員", Role.ADMINISTRATOR))


def person(name, text="王小明", born="1950-02-01", *numbers, sex="female", **more):
    """A Patient with numbers, each a pair of system and value."""
    bears = [{"system": system, "value": value} for system, value in numbers]
    return {
        "resourceType": "Patient",
        "id": name,
        **({"identifier": bears} if bears else {}),
        "name": [{"text": text}],
        "birthDate": born,
        "gender": sex,
        **more,
    }


def phone(number):
    return {"telecom": [{"system": "phone", "value": number}]}

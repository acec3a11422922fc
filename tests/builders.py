"""Small worlds for tests, as plain functions."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from camphora.policy import Purpose, Reader, Request, Role, admit

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


def people():
    return [
        {"resourceType": "Organization", "id": "h1", "name": "仁愛醫院"},
        {"resourceType": "Organization", "id": "h2", "name": "和平醫院"},
        patient("ada", "王小明", "1950-02-01", "A123456780"),
        patient("bo", "陳美玲", "1990-07-15", "B223456780"),
        observation("o1", "ada", "8480-6", "2026-01-05"),
        observation("o2", "ada", "8480-6", "2026-03-05"),
        observation("o3", "ada", "4548-4", "2026-02"),
        observation("o4", "bo", "8480-6", "2026-03-01T08:00:00+08:00"),
        condition("c1", "ada", "F32.9", "PSY"),
        condition("c2", "ada", "I10", None),
    ]


def patient(name, text, born, number):
    return {
        "resourceType": "Patient",
        "id": name,
        "identifier": [{"system": "http://www.moi.gov.tw", "value": number}],
        "name": [{"text": text, "family": text[0], "given": [text[1:]]}],
        "birthDate": born,
        "gender": "female",
    }


def observation(name, person, code, when):
    return {
        "resourceType": "Observation",
        "id": name,
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"reference": f"Patient/{person}"},
        "effectiveDateTime": when,
        "valueQuantity": {"value": 6.5, "unit": "%"},
    }


def condition(name, person, code, label):
    made = {
        "resourceType": "Condition",
        "id": name,
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code}]},
        "subject": {"reference": f"Patient/{person}"},
    }
    if label:
        made["meta"] = {
            "security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": label}]
        }
    return made


def clinician(organisation="h1"):
    reader = Reader(f"dr-{organisation}", "林醫師", Role.CLINICIAN, organisation=organisation)
    return admit(Request(reader, Purpose.CARE)).access


def citizen(person="ada"):
    reader = Reader(f"citizen-{person}", "本人", Role.CITIZEN, person=person)
    return admit(Request(reader, Purpose.SELF)).access


def analyst():
    reader = Reader("analyst", "分析人員", Role.ANALYST)
    return admit(Request(reader, Purpose.SECONDARY)).access


def cohort(size):
    """Persons p0, p1, … born from 1950 on, every third female, each with one diagnosis and one value of 6.5 %."""
    made = []
    for number in range(size):
        person = patient(f"p{number}", "林大同", f"{1950 + number % 40}-01-01", "A123456780")
        home = {"use": "home", "city": "信義區", "district": "臺北市"}
        made.append(
            {
                **person,
                "gender": "female" if number % 3 == 0 else "male",
                "deceasedBoolean": False,
                "address": [home],
            }
        )
        made.append(condition(f"pc{number}", f"p{number}", "I10" if number % 2 else "E11.9", None))
        made.append(observation(f"po{number}", f"p{number}", "4548-4", "2026-03-01T23:30:00Z"))
    return made


def in_a_loop(coroutine):
    """What a coroutine answers, from an event loop in a thread of its own: a browser may hold this thread's."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()

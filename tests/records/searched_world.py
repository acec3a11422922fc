"""What search is tested on: synthetic households, and around them records of the kinds that they lack."""

from datetime import date

from builders import NOW
from camphora.fhir.extract import extract
from camphora.policy import choices
from camphora.policy.admission import SHARED_TYPES
from camphora.policy.facts import codes_of
from camphora.synth import Country, population
from consented import consent, treating

HOSPITAL = "h1"
UCUM, LOINC = "http://unitsofmeasure.org", "http://loinc.org"
BLOOD_PRESSURE = {"system": LOINC, "code": "85354-9"}
CHROMOSOME = "http://terminology.hl7.org/CodeSystem/chromosome-human"


class People:
    """Some households, two persons who restrict the hospital, one who restricts another, one who has closed a part, one
    whose records are judged by their codes, and what names them."""

    def __init__(self, size=40, seed=7):
        households = population(Country.load(), size, seed, date(2026, 11, 21))
        self.resources = [resource for household in households for resource in household.resources()]
        self.people = [one["id"] for one in self.resources if one["resourceType"] == "Patient"]
        self.hidden = {self.people[3], self.people[9]}
        labelled = next(
            r["subject"]["reference"] for r in self.resources if r.get("meta", {}).get("security")
        )
        self.closed = labelled.removeprefix("Patient/")
        held = {(one["resourceType"], one["id"]) for one in self.resources}
        self.resources += [one for one in around(self.people) if (one["resourceType"], one["id"]) not in held]
        self.judged = next(one for one in self.people[11:] if one != self.closed)
        self.consents = [choices.restrict(one, HOSPITAL, NOW) for one in sorted(self.hidden)]
        self.consents.append(choices.restrict(self.people[5], "h9", NOW))
        self.consents.append(consent("by-code", self.judged, treating(code=[{"coding": [BLOOD_PRESSURE]}])))
        self.consents.append(choices.close_part(self.closed, "PSY", NOW))

    def seen(self, resource, index):
        """Whether a clinician of the hospital may see a record."""
        if resource["resourceType"] in SHARED_TYPES:
            return True
        person = index.person[1] if index.person else None
        named = {key for _, kind, key in index.references if kind == "Patient"}
        if person is None or person in self.hidden or named & self.hidden:
            return False
        is_blood_pressure = f"{BLOOD_PRESSURE['system']}|{BLOOD_PRESSURE['code']}" in set(codes_of(resource))
        if is_blood_pressure and self.judged in named | {person}:
            return False
        return not (person == self.closed and "PSY" in extract(resource["resourceType"])(resource).labels)


def around(people):
    """Places, institutions, lists, risks, sequences, forms: about these people."""
    for number in range(4):
        yield {
            "resourceType": "Organization",
            "id": f"org-{number}",
            "name": f"Clinique Générale {number}",
            **({"partOf": {"reference": f"Organization/org-{number - 1}"}} if number else {}),
        }
    for number in range(12):
        yield {
            "resourceType": "Location",
            "id": f"place-{number}",
            "name": f"站點{number}",
            "position": {"latitude": 25.0 + number * 0.013, "longitude": 121.5 + number * 0.021},
            "managingOrganization": {"reference": f"Organization/org-{number % 4}"},
            **({"partOf": {"reference": f"Location/place-{number // 2}"}} if number else {}),
        }
    yield {
        "resourceType": "Questionnaire",
        "id": "form",
        "url": "http://camphora.test/Questionnaire/sleep",
        "version": "1.2",
        "status": "active",
        "title": "Sleep",
    }
    for number, person in enumerate(people):
        yield from _of_one(number, person, people)


def _of_one(number, person, people):
    about = {"reference": f"Patient/{person}"}
    other = {"reference": f"Patient/{people[(number + 1) % len(people)]}"}
    yield {
        "resourceType": "RiskAssessment",
        "id": f"risk-{number}",
        "status": "final",
        "subject": about,
        "prediction": [
            {"probabilityDecimal": number / 40},
            {"probabilityRange": {"low": {"value": 0.1}, "high": {"value": number}}},
        ],
    }
    yield {
        "resourceType": "MolecularSequence",
        "id": f"sequence-{number}",
        "coordinateSystem": 0,
        "patient": about,
        "referenceSeq": {
            "chromosome": {
                "coding": [{"system": "http://terminology.hl7.org/CodeSystem/chromosome-human", "code": "1"}]
            },
            "windowStart": number * 10,
            "windowEnd": number * 10 + 50,
        },
        "variant": [{"start": number * 10 + 5, "end": number * 10 + 6}, {"start": 7, "end": 400}],
    }
    yield {
        "resourceType": "Observation",
        "id": f"measured-{number}",
        "status": "final",
        "category": [{"coding": [{"system": "http://x", "code": "lab"}], "text": "Analyse Sanguine"}],
        "code": {"coding": [{"system": LOINC, "code": f"100{number % 3}-1", "display": "Glucose"}]},
        "subject": about,
        "effectivePeriod": {"start": f"2026-0{1 + number % 8}-05", "end": f"2026-0{1 + number % 8}-20"}
        if number % 3
        else {"start": "2026-02-01"},
        "valueQuantity": {
            "value": number / 10,
            "unit": "公克",
            "system": UCUM,
            "code": "g" if number % 2 else "mg",
        },
        "performer": [other if number % 4 == 0 else about, {"reference": "Organization/org-1"}],
        "component": [
            {"code": {"coding": [{"system": LOINC, "code": "2000-1"}]}, "valueQuantity": {"value": number}},
            {
                "code": {"coding": [{"system": LOINC, "code": "2000-2"}]},
                "valueQuantity": {"value": number % 5},
            },
        ],
    }
    yield {
        "resourceType": "Encounter",
        "id": f"stay-{number}",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
        "subject": about,
        "serviceProvider": {"reference": f"Organization/org-{number % 4}"},
        "location": [{"location": {"reference": f"Location/place-{number % 12}"}}],
        "period": {"start": "2026-05-01", "end": f"2026-05-{2 + number % 20:02d}"},
    }
    yield {
        "resourceType": "List",
        "id": f"list-{number}",
        "status": "current",
        "mode": "working",
        "subject": about,
        "entry": [
            {"item": {"reference": f"Observation/measured-{number}"}},
            {"item": {"reference": f"RiskAssessment/risk-{number}"}, "deleted": True},
            {"item": {"reference": f"Encounter/stay-{number}"}},
        ],
    }
    yield {
        "resourceType": "QuestionnaireResponse",
        "id": f"answers-{number}",
        "status": "completed",
        "subject": about,
        "questionnaire": "http://camphora.test/Questionnaire/sleep|1.2",
    }
    yield {
        "resourceType": "Account",
        "id": f"account-{number}",
        "status": "active",
        "subject": [about, other],
        "name": f"帳戶{number}",
    }

"""One person's record while it is written: running ids, the shapes of FHIR resources, the visit at hand.

Shapes are built as plain dictionaries around shared constants (`terms.py`); they hold what TW Core 0.3.2
requires and what a reader needs. All times are Taiwan's (+08:00).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any

from camphora.synth.body import Body
from camphora.synth.people import Person
from camphora.synth.places import Country, Facility
from camphora.synth.terms import ACT, SERVICE_TYPES, VISIT_TYPES, Illness, Json, coding, concept, hl7, meta
from camphora.synth.workforce import practitioner_id, seen_by

_FIRST_DAY = date(1900, 1, 1).toordinal()
_DAYS = [date.fromordinal(day).isoformat() for day in range(_FIRST_DAY, date(2060, 1, 1).toordinal())]
_TIMES = tuple(
    (f"T{at // 60:02d}:{at % 60:02d}:00+08:00", f"T{(at + 15) // 60:02d}:{(at + 15) % 60:02d}:00+08:00")
    for at in (*range(510, 700, 10), *range(810, 1000, 10), *range(1080, 1240, 10))
)
CLASSES = {
    "AMB": coding(ACT, "AMB", "ambulatory"),
    "IMP": coding(ACT, "IMP", "inpatient encounter"),
    "EMER": coding(ACT, "EMER", "emergency"),
}
ACTIVE, RESOLVED = hl7("condition-clinical", "active"), hl7("condition-clinical", "resolved")
CONFIRMED = hl7("condition-ver-status", "confirmed")
PROBLEM = [hl7("condition-category", "problem-list-item")]
DIAGNOSIS = [hl7("condition-category", "encounter-diagnosis")]
DISCHARGED = {
    "home": {"dischargeDisposition": concept("http://terminology.hl7.org/CodeSystem/discharge-disposition", "home")},
    "exp": {"dischargeDisposition": concept("http://terminology.hl7.org/CodeSystem/discharge-disposition", "exp")},
}  # fmt: skip


def iso(day: int) -> str:
    """The calendar date of a day number."""
    return _DAYS[day - _FIRST_DAY]


def reference(kind: str, key: str) -> dict[str, str]:
    return {"reference": f"{kind}/{key}"}


@dataclass(slots=True)
class Visit:
    """A visit at hand: what the resources written during it point to."""

    day: int
    start: str
    encounter: dict[str, str]
    doctor: dict[str, str]
    facility: Facility
    label: str
    condition: dict[str, str]


@dataclass(slots=True)
class Record:
    """Collects one person's resources. `first` and `last` bound the days told in detail."""

    person: Person
    rng: Random
    country: Country
    body: Body
    today: int
    first: int
    last: int
    hospital: Facility
    clinic: Facility
    dentist: Facility
    pharmacy: Facility
    out: list[Json] = field(default_factory=list)
    subject: dict[str, str] = field(default_factory=dict)
    conditions: dict[str, dict[str, str]] = field(default_factory=dict)
    allergies: set[str] = field(default_factory=set)
    _count: int = 0

    def key(self) -> str:
        self._count += 1
        return f"{self.person.id}-{self._count}"

    def add(self, kind: str, profile: str, label: str, **elements: Any) -> dict[str, str]:
        """Writes one resource and returns a reference to it."""
        key = self.key()
        self.out.append({"resourceType": kind, "id": key, "meta": meta(profile, label), **elements})
        return {"reference": f"{kind}/{key}"}

    def problem(self, illness: Illness, onset: int) -> None:
        """A lasting illness on the problem list."""
        self.conditions[illness.key] = self.add(
            "Condition", "Condition", illness.label, clinicalStatus=ACTIVE, verificationStatus=CONFIRMED,
            category=PROBLEM, code=illness.code, subject=self.subject, onsetDateTime=iso(onset),
            recordedDate=iso(onset),
        )  # fmt: skip

    def visit(
        self,
        day: int,
        facility: Facility,
        illness: Illness,
        *,
        kind: str = "AMB",
        until: int = 0,
        outcome: str = "home",
    ) -> Visit:
        """A visit about an illness: the Encounter and, unless it is on the problem list, its Condition.

        A clinic visit that would fall on a Sunday is on the Saturday before."""
        if kind == "AMB" and day % 7 == 0 and day > self.person.born:
            day -= 1
        start, end = _TIMES[int(self.rng.random() * len(_TIMES))]
        begins, ends = iso(day) + start, iso(until or day) + end
        encounter = {"reference": f"Encounter/{self.key()}"}
        condition = self.conditions.get(illness.key) or self._diagnosis(day, illness, encounter, until)
        doctor = reference("Practitioner", practitioner_id(facility, seen_by(facility, illness.department)))
        resource: Json = {
            "resourceType": "Encounter", "id": encounter["reference"][10:],
            "meta": meta("Encounter", illness.label), "status": "finished", "class": CLASSES[kind],
            "type": VISIT_TYPES[illness.department], "serviceType": SERVICE_TYPES[illness.department],
            "subject": self.subject,
            "participant": [{"individual": doctor}], "period": {"start": begins, "end": ends},
            "reasonCode": [illness.code], "diagnosis": [{"condition": condition}],
            "serviceProvider": {"reference": f"Organization/f{facility.code}", "display": facility.name},
        }  # fmt: skip
        if kind == "IMP":
            resource["hospitalization"] = DISCHARGED[outcome]
        if facility.kind == "hospital":
            resource["location"] = [{"location": {"reference": f"Location/l{facility.code}"}}]
        self.out.append(resource)
        return Visit(day, begins, encounter, doctor, facility, illness.label, condition)

    def _diagnosis(self, day: int, illness: Illness, encounter: dict[str, str], until: int) -> dict[str, str]:
        ends = max(until, day + 3 + int(self.rng.random() * 8))
        over = ends <= self.last and ends < self.today
        elements: Json = {
            "clinicalStatus": RESOLVED if over else ACTIVE, "verificationStatus": CONFIRMED,
            "category": DIAGNOSIS, "code": illness.code, "subject": self.subject, "encounter": encounter,
            "onsetDateTime": iso(day), "recordedDate": iso(day),
        }  # fmt: skip
        if over:
            elements["abatementDateTime"] = iso(ends)
        return self.add("Condition", "Condition", illness.label, **elements)

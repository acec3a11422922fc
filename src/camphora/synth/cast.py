"""The characters of the demonstration, who live in household 0 of every population.

A citizen of 67 with high blood pressure, diabetes and a refillable prescription, overdue for two screenings,
who once sought help for depression at a second hospital; her daughter, who may be let in to her record; the
clinicians and hospitals that have seen her.
"""

from __future__ import annotations

from dataclasses import dataclass

from camphora.errors import Invalid
from camphora.synth import care, prevention
from camphora.synth.people import Person, code_of
from camphora.synth.places import Country, Facility
from camphora.synth.record import Record
from camphora.synth.terms import terms
from camphora.synth.workforce import practitioner_id

HOSPITAL, OTHER_HOSPITAL = "0421040011", "0121050011"
FEWEST = 200
ONSETS = {"hypertension": 9.2, "lipids": 6.5, "diabetes": 3.1, "depression": 2.2, "knee": 4.0}
"""The citizen's lasting illnesses: years ago."""
LAST_VISIT = 50
"""Days since her last visit for them: two of three supplies are dispensed, the third is due in six days."""
LAST_SCREENINGS = {"fit": 2.4, "mammography": 2.3, "adult_check": 0.55}
"""Years since her screenings: the first two programmes call every two years."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Ids, without the resource type, of the characters: Patients, a RelatedPerson, Practitioners with their
    PractitionerRoles, Organizations."""

    citizen: str
    daughter: str
    relative: str
    clinician: str
    clinician_role: str
    hospital: str
    other_clinician: str
    other_clinician_role: str
    other_hospital: str


def cast(country: Country, seed: int, people: int) -> Cast:  # noqa: ARG001 - the same for every seed
    """The characters of a population of at least 200 people; the same ids for every seed.

    Raises Invalid `synth-too-few-people` below that."""
    if people < FEWEST:
        raise Invalid("synth-too-few-people", people=people, fewest=FEWEST)
    home = code_of(0)
    first = practitioner_id(_facility(country, HOSPITAL), "AB")
    other = practitioner_id(_facility(country, OTHER_HOSPITAL), "13")
    return Cast(
        citizen=f"{home}-1", daughter=f"{home}-3", relative=f"{home}-1-r1",
        clinician=first, clinician_role=f"r{first[1:]}", hospital=f"f{HOSPITAL}",
        other_clinician=other, other_clinician_role=f"r{other[1:]}", other_hospital=f"f{OTHER_HOSPITAL}",
    )  # fmt: skip


def is_citizen(person: Person) -> bool:
    return person.serial == 0


def _facility(country: Country, code: str) -> Facility:
    return next(facility for facility in country.facilities if facility.code == code)


def settle_citizen(record: Record) -> None:
    """The traits and illnesses that the demonstration needs, in place of drawn ones."""
    record.hospital = _facility(record.country, HOSPITAL)
    body = record.body
    body.bmi, body.adherence, body.pressure, body.fats, body.sugar = 26.4, 0.75, 4.0, 0.4, 0.3
    body.onset = {key: record.today - int(years * 365.25) for key, years in ONSETS.items()}


def tell_citizen(record: Record) -> None:
    table = terms()
    care.allergy(record, next(row for row in table.allergens if row["key"] == "penicillin"))
    for key, onset in record.body.onset.items():
        record.problem(table.chronic[key].illness, onset)
    prevention.seasonal(record)
    for key, years in LAST_SCREENINGS.items():
        programme = next(item for item in table.screenings if item.key == key and item.oldest > 66)
        prevention.screen(record, programme, record.today - int(years * 365.25))
    care.series(record, "medical", ["hypertension", "diabetes", "lipids"], last_seen=LAST_VISIT)
    care.passing(record)
    record.hospital = _facility(record.country, OTHER_HOSPITAL)
    care.series(record, "mind", ["depression"], last_seen=20)

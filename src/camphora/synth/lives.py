"""The life of each member of a household, as FHIR resources: who they are, then what befell them."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from camphora.synth import care, illness, patient, prevention
from camphora.synth.body import Body
from camphora.synth.cast import is_citizen, settle_citizen, tell_citizen
from camphora.synth.people import Person
from camphora.synth.places import Country, Facility, Place
from camphora.synth.record import Record
from camphora.synth.terms import Json

YEARS = 3.2
"""Years told in detail, back from today."""


def tell(
    rng: Random, country: Country, place: Place, people: tuple[Person, ...], today: int
) -> Iterator[Json]:
    """All resources of a household, each person's Patient before the rest of the record."""
    home = patient.address(rng, place)
    near = {
        kind: country.nearby[place.county, place.town, kind]
        for kind in ("hospital", "clinic", "dental", "pharmacy")
    }
    doctors = {kind: found[int(rng.random() * len(found))] for kind, found in near.items()}
    for number, person in enumerate(people):
        record = Record(
            person, rng, country, Body(rng, person.sex, person.born, today), today,
            first=max(person.born, today - int(YEARS * 365.25)), last=(person.died or today + 1) - 1,
            hospital=_hospital(rng, near["hospital"]), clinic=doctors["clinic"], dentist=doctors["dental"],
            pharmacy=doctors["pharmacy"], subject={"reference": f"Patient/{person.id}"},
        )  # fmt: skip
        yield from _record(record, people, number, home)


def _hospital(rng: Random, found: tuple[Facility, ...]) -> Facility:
    """The hospital a person goes to: the county's first ones draw most."""
    return found[int(rng.random() ** 1.6 * len(found))]


def _record(record: Record, people: tuple[Person, ...], number: int, home: Json) -> list[Json]:
    person = record.person
    if is_citizen(person):
        settle_citizen(record)
    single = record.rng.random() < 0.75
    record.out.append(patient.patient(person, home, record.hospital, record.today, single))
    _relatives(record, people, number)
    if is_citizen(person):
        tell_citizen(record)
    else:
        _ordinary(record, people, number)
    return record.out


def _relatives(record: Record, people: tuple[Person, ...], number: int) -> None:
    """Children have a parent, people over 65 a grown child to speak for them, where one lives with them."""
    person, today = record.person, record.today
    if person.age(today) < 18:
        parents = ((person.mother, "MTH"), (person.father, "FTH"))
        kin = [(people[n], role) for n, role in parents if n >= 0]
    else:
        children = (other for other in people if number in {other.mother, other.father})
        kin = [(child, "DAU" if child.sex == "f" else "SON") for child in children if child.age(today) >= 18]
        kin = kin if person.age(today) >= 65 else []
    for n, (relative, role) in enumerate([pair for pair in kin if not pair[0].died][:2], 1):
        record.out.append(patient.related(f"{person.id}-r{n}", record.subject, relative, role))


def _ordinary(record: Record, people: tuple[Person, ...], number: int) -> None:
    care.allergies(record)
    illness.fall_ill(record)
    prevention.childhood(record)
    prevention.seasonal(record)
    prevention.screenings(record)
    care.tracks(record)
    care.passing(record)
    care.admissions(record)
    care.cataract_surgery(record)
    if record.person.sex == "f" and record.last > record.first:
        care.pregnancies(record, [other.born for other in people if other.mother == number])
    care.last_illness(record)

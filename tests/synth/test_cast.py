from __future__ import annotations

from datetime import date, timedelta

import pytest

from camphora.errors import Invalid
from camphora.synth import cast, population

TODAY = date(2026, 11, 21)


@pytest.fixture(scope="module", params=[1, 2026])
def first_home(request, country):
    return list(next(iter(population(country, 200, seed=request.param, today=TODAY))).resources())


@pytest.fixture(scope="module")
def people(country):
    return cast(country, 1, 200)


def own(resources, person, kind):
    patient = f"Patient/{person}"
    return [
        r for r in resources
        if r["resourceType"] == kind and (r.get("subject") or r.get("patient"))["reference"] == patient
    ]  # fmt: skip


def test_a_small_population_has_no_cast(country):
    with pytest.raises(Invalid) as refused:
        cast(country, 1, 199)
    assert refused.value.code == "synth-too-few-people"
    assert "200" in refused.value.remedy("zh-TW")


def test_every_character_exists_in_every_population(first_home, people, shared):
    here = {f"{r['resourceType']}/{r['id']}" for r in [*shared, *first_home]}
    assert {
        f"Patient/{people.citizen}",
        f"Patient/{people.daughter}",
        f"RelatedPerson/{people.relative}",
    } <= here
    assert {f"Practitioner/{people.clinician}", f"Practitioner/{people.other_clinician}"} <= here
    assert {
        f"PractitionerRole/{people.clinician_role}",
        f"PractitionerRole/{people.other_clinician_role}",
    } <= here
    assert {f"Organization/{people.hospital}", f"Organization/{people.other_hospital}"} <= here


def test_the_relative_is_the_daughter(first_home, people):
    daughter = next(r for r in first_home if r["resourceType"] == "Patient" and r["id"] == people.daughter)
    relative = next(r for r in first_home if r["id"] == people.relative)
    assert relative["patient"]["reference"] == f"Patient/{people.citizen}"
    assert relative["identifier"][0]["value"] == daughter["identifier"][0]["value"]
    assert relative["relationship"][0]["coding"][0]["code"] == "DAU"


def test_the_citizen_has_the_illnesses_of_the_story(first_home, people):
    codes = {r["code"]["coding"][0]["code"] for r in own(first_home, people.citizen, "Condition")}
    assert {"I10", "E11.9", "E78.5", "F32.A"} <= codes
    assert len(own(first_home, people.citizen, "Observation")) > 40


def test_both_hospitals_have_seen_her_and_the_second_for_her_mind(first_home, people):
    visits = own(first_home, people.citizen, "Encounter")
    by_place = {
        place: [v for v in visits if v["serviceProvider"]["reference"] == f"Organization/{place}"]
        for place in (people.hospital, people.other_hospital)
    }
    assert len(by_place[people.hospital]) > 8
    assert by_place[people.other_hospital]
    assert all(v["meta"]["security"][0]["code"] == "PSY" for v in by_place[people.other_hospital])
    doctors = {v["participant"][0]["individual"]["reference"] for v in by_place[people.hospital]}
    assert f"Practitioner/{people.clinician}" in doctors


def test_her_next_refill_is_due_within_a_week(first_home, people):
    given = [
        date.fromisoformat(r["whenHandedOver"][:10]) for r in own(first_home, people.citizen, "MedicationDispense")
        if not r["meta"].get("security")
    ]  # fmt: skip
    assert TODAY < max(given) + timedelta(days=28) <= TODAY + timedelta(days=7)


def test_two_screenings_are_overdue_and_the_adult_check_is_not(first_home, people):
    last = {}
    for r in own(first_home, people.citizen, "Procedure"):
        key = r["code"]["coding"][0]["code"]
        last[key] = max(last.get(key, ""), r["performedDateTime"][:10])
    two_years_ago, last_year = (TODAY.replace(year=TODAY.year - n).isoformat() for n in (2, 1))
    assert last["fit"] < two_years_ago
    assert last["mammography"] < two_years_ago
    assert last["adult_check"] > last_year

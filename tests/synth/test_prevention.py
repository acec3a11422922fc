from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

from camphora.synth.medicines import CLASH
from camphora.synth.places import rows

TODAY = date(2026, 11, 21)
PROGRAMMES = {
    "fit": (45, 74, None), "mammography": (40, 74, "female"), "smear": (30, 120, "female"),
    "adult_check": (30, 120, None), "lung": (50, 74, None), "oral": (30, 120, None),
}  # fmt: skip
"""Ages of the programmes from 2025 (Health Promotion Administration)."""


def age_on(patient, day: str) -> int:
    born, on = date.fromisoformat(patient["birthDate"]), date.fromisoformat(day[:10])
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def patients_of(resources):
    return {f"Patient/{r['id']}": r for r in resources if r["resourceType"] == "Patient"}


def of(resources, kind):
    return [r for r in resources if r["resourceType"] == kind]


def test_screenings_are_of_people_of_the_age_and_sex_that_the_programme_calls(resources):
    patients, seen = patients_of(resources), set()
    for r in of(resources, "Procedure"):
        first = r["code"]["coding"][0]
        if first["system"] == "urn:camphora:screening":
            low, high, sex = PROGRAMMES[first["code"]]
            patient = patients[r["subject"]["reference"]]
            assert low <= age_on(patient, r["performedDateTime"]) <= high
            assert sex in {None, patient["gender"]}
            seen.add(first["code"])
    assert seen == set(PROGRAMMES)


def test_each_stool_screening_has_its_result(resources):
    visits = {
        r["encounter"]["reference"] for r in of(resources, "Procedure")
        if r["code"]["coding"][0]["code"] == "fit"
    }  # fmt: skip
    results = [r for r in of(resources, "Observation") if r["code"]["coding"][0]["code"] == "29771-3"]
    assert {r["encounter"]["reference"] for r in results} == visits
    assert {r["valueCodeableConcept"]["coding"][0]["code"] for r in results} <= {"POS", "NEG"}


def test_refillable_prescriptions_tell_the_next_refill(resources):
    given = defaultdict(list)
    for r in of(resources, "MedicationDispense"):
        given[r["authorizingPrescription"][0]["reference"]].append(r["whenHandedOver"][:10])
    refillable = [
        r for r in of(resources, "MedicationRequest") if r["dispenseRequest"]["numberOfRepeatsAllowed"]
    ]
    active = [r for r in refillable if r["status"] == "active"]
    assert len(active) > 50
    for r in active:
        request, days = r["dispenseRequest"], sorted(given[f"MedicationRequest/{r['id']}"])
        supply = timedelta(days=request["expectedSupplyDuration"]["value"])
        assert 1 <= len(days) <= 1 + request["numberOfRepeatsAllowed"]
        assert days[0] == r["authoredOn"][:10]
        assert TODAY.isoformat() <= request["validityPeriod"]["end"]
        assert len(days) == 3 or date.fromisoformat(days[-1]) + supply > TODAY


def test_nobody_is_given_what_they_are_allergic_to(resources):
    keys = {(r["system"], r["code"]): r["key"] for r in rows("allergens.csv")}
    atc = {r["atc"]: r["key"] for r in rows("ingredients.csv")}
    allergic = defaultdict(set)
    for r in of(resources, "AllergyIntolerance"):
        coding = r["code"]["coding"][0]
        allergic[r["patient"]["reference"]].add(keys[coding["system"], coding["code"]])
    assert len(allergic) > 20
    for r in of(resources, "MedicationRequest"):
        key = atc[r["medicationCodeableConcept"]["coding"][1]["code"]]
        assert not allergic[r["subject"]["reference"]].intersection(CLASH.get(key, ()))


def test_doses_of_a_childhood_vaccine_come_in_order_and_at_their_age(resources):
    schedule = {r["cvx"]: [int(m) for m in r["doses_months"].split()] for r in rows("vaccines.csv")}
    patients, count = patients_of(resources), 0
    for r in of(resources, "Immunization"):
        months = schedule[r["vaccineCode"]["coding"][0]["code"]]
        if months:
            dose = r["protocolApplied"][0]["doseNumberPositiveInt"]
            born = date.fromisoformat(patients[r["patient"]["reference"]]["birthDate"])
            days = (date.fromisoformat(r["occurrenceDateTime"]) - born).days
            assert -1 <= days - months[dose - 1] * 30.4 <= 27
            count += 1
    assert count > 100


def test_influenza_vaccination_is_in_autumn_and_commoner_among_elders(resources):
    patients, by_age = patients_of(resources), defaultdict(set)
    for r in of(resources, "Immunization"):
        if r["vaccineCode"]["coding"][0]["code"] == "150":
            assert r["occurrenceDateTime"][5:7] in {"10", "11", "12"}
            by_age[age_on(patients[r["patient"]["reference"]], TODAY.isoformat()) >= 66].add(
                r["patient"]["reference"]
            )
    total = defaultdict(int)
    for patient in patients.values():
        total[age_on(patient, TODAY.isoformat()) >= 66] += 1
    assert len(by_age[True]) / total[True] > 1.4 * len(by_age[False]) / total[False]


def test_medicines_for_young_children_carry_no_adult_dose(resources):
    patients, count = patients_of(resources), 0
    for r in of(resources, "MedicationRequest"):
        if age_on(patients[r["subject"]["reference"]], r["authoredOn"]) < 11:
            assert "doseAndRate" not in r["dosageInstruction"][0]
            count += 1
    assert count > 50

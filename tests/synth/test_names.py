from __future__ import annotations

import csv
import gzip
from importlib.resources import files

TERMS = files("camphora.terminology") / "data"
TWCORE = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/"
NAMED = {
    "Condition": "code", "Observation": "code", "Procedure": "code", "Immunization": "vaccineCode",
    "MedicationRequest": "medicationCodeableConcept", "MedicationDispense": "medicationCodeableConcept",
    "AllergyIntolerance": "code", "DiagnosticReport": "code",
}  # fmt: skip


def plain_names() -> dict[tuple[str, str], dict[str, str]]:
    rows = list(csv.DictReader((TERMS / "plain_names.csv").read_text("utf-8").splitlines()))
    assert len({(r["system"], r["code"]) for r in rows}) == len(rows)
    return {(r["system"], r["code"]): r for r in rows}


def listed(name: str) -> set[str]:
    lines = gzip.decompress((TERMS / f"{name}.csv.gz").read_bytes()).decode("utf-8").splitlines()
    return {row["code"] for row in csv.DictReader(lines)}


def codings(value) -> list[dict]:
    if isinstance(value, dict):
        own = [value] if "system" in value and "code" in value else []
        return own + [c for child in value.values() for c in codings(child)]
    return [c for child in value for c in codings(child)] if isinstance(value, list) else []


def test_every_plain_name_is_in_both_languages():
    for row in plain_names().values():
        assert all(row.values())
        assert any("\u4e00" <= sign <= "\u9fff" for sign in row["zh"])
        assert row["en"].isascii()


def test_every_code_that_a_record_is_about_has_a_plain_name(resources):
    names, used = plain_names(), set()
    for r in resources:
        if r["resourceType"] in NAMED:
            used |= {(c["system"], c["code"]) for c in r[NAMED[r["resourceType"]]]["coding"]}
            used |= {
                (c["system"], c["code"]) for part in r.get("component", ()) for c in part["code"]["coding"]
            }
    assert len(used) > 200
    assert used - set(names) == set()


def test_codes_are_in_the_national_lists(resources, shared):
    found = {}
    for r in [*resources, *shared]:
        for c in codings(r):
            found.setdefault(c["system"], set()).add(c["code"])
    lists = {
        "medication-nhi-tw": "nhi_drug", "medical-service-payment-tw": "nhi_fee",
        "medical-consultation-department-nhi-tw": "medical_consultation_department_nhi_tw",
        "medication-frequency-nhi-tw": "medication_frequency_nhi_tw", "medication-path-tw": "medication_path_tw",
        "health-professional-tw": "health_professional_tw", "postal-code3-tw": "postal_code3_tw",
    }  # fmt: skip
    for system, name in lists.items():
        assert found[TWCORE + system] <= listed(name), system


def test_facilities_are_real_ones(country):
    codes = listed("nhi_facility")
    assert {facility.code for facility in country.facilities} <= codes
    counties = {place.county for place in country.places}
    assert {facility.county for facility in country.facilities} == counties


def test_no_code_of_snomed_is_used(resources, shared):
    assert not any("snomed" in c["system"] for r in [*resources, *shared] for c in codings(r))

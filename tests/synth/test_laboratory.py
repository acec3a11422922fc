from __future__ import annotations

from collections import defaultdict
from datetime import date
from itertools import pairwise
from math import isclose

import pytest

from camphora.synth.body import creatinine_for, egfr

GLUCOSE, HBA1C, CREATININE, EGFR = "1558-6", "4548-4", "2160-0", "98979-8"
TOTAL, TRIGLYCERIDE, HDL, LDL = "2093-3", "2571-8", "2085-9", "13457-7"
HEIGHT, WEIGHT, BMI = "8302-2", "29463-7", "39156-5"


def code(resource) -> str:
    return resource["code"]["coding"][0]["code"]


@pytest.fixture(scope="module")
def sheets(resources):
    """Per visit: the patient, its day and each value by LOINC code."""
    patients = {f"Patient/{r['id']}": r for r in resources if r["resourceType"] == "Patient"}
    found = defaultdict(dict)
    for r in resources:
        if r["resourceType"] == "Observation" and "valueQuantity" in r:
            sheet = found[r["encounter"]["reference"]]
            sheet["patient"], sheet["day"] = patients[r["subject"]["reference"]], r["effectiveDateTime"][:10]
            sheet[code(r)] = r["valueQuantity"]["value"]
    return list(found.values())


def with_all(sheets, *codes):
    chosen = [sheet for sheet in sheets if all(c in sheet for c in codes)]
    assert len(chosen) > 100
    return chosen


def age(sheet) -> int:
    born, day = (date.fromisoformat(text) for text in (sheet["patient"]["birthDate"], sheet["day"]))
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def ckd_epi_2021(creatinine: float, years: int, gender: str) -> float:
    """Inker et al., NEJM 2021;385:1737, as the National Kidney Foundation prints it."""
    kappa, alpha = (0.7, -0.241) if gender == "female" else (0.9, -0.302)
    low, high = min(creatinine / kappa, 1) ** alpha, max(creatinine / kappa, 1) ** -1.200
    return 142 * low * high * 0.9938**years * (1.012 if gender == "female" else 1)


def test_the_filtration_formula_gives_the_value_of_the_national_kidney_foundations_calculator():
    """kidney.org: a man of 55 with 1.2 mg/dL has 71 mL/min/1.73 m²."""
    assert round(egfr(1.2, 55, "m")) == 71


@pytest.mark.parametrize("sex", ["m", "f"])
@pytest.mark.parametrize("target", [18, 45, 59.5, 90, 126])
def test_creatinine_for_a_filtration_turns_the_formula_round(sex, target):
    assert isclose(egfr(creatinine_for(target, 64, sex), 64, sex), target, rel_tol=1e-9)


def test_reported_filtration_equals_the_formula_of_the_creatinine_beside_it(sheets):
    for sheet in with_all(sheets, CREATININE, EGFR):
        computed = ckd_epi_2021(sheet[CREATININE], age(sheet), sheet["patient"]["gender"])
        assert abs(sheet[EGFR] - computed) <= 0.51


def test_fasting_sugar_belongs_to_the_three_month_sugar(sheets):
    for sheet in with_all(sheets, GLUCOSE, HBA1C):
        average = 28.7 * sheet[HBA1C] - 46.7
        assert 0.6 * average < sheet[GLUCOSE] < 1.2 * average


def test_total_cholesterol_is_the_sum_of_its_parts(sheets):
    for sheet in with_all(sheets, TOTAL, TRIGLYCERIDE, HDL, LDL):
        assert abs(sheet[TOTAL] - sheet[HDL] - sheet[LDL] - sheet[TRIGLYCERIDE] / 5) <= 0.51
        assert sheet[TRIGLYCERIDE] < 400


def test_body_mass_index_follows_from_height_and_weight(sheets):
    for sheet in with_all(sheets, HEIGHT, WEIGHT, BMI):
        assert abs(sheet[BMI] - sheet[WEIGHT] / (sheet[HEIGHT] / 100) ** 2) <= 0.051


def test_children_grow_and_adults_keep_their_height(sheets):
    by_person = defaultdict(list)
    for sheet in with_all(sheets, HEIGHT):
        by_person[sheet["patient"]["id"]].append((sheet["day"], age(sheet), sheet[HEIGHT]))
    for rows in by_person.values():
        rows.sort()
        for (_, _, before), (_, years, after) in pairwise(rows):
            assert after >= before if years < 14 else abs(after - before) < 4 or years < 19


def test_diabetics_have_higher_sugar_and_others_hardly_any_diabetic_values(resources, sheets):
    ill = {
        r["subject"]["reference"] for r in resources
        if r["resourceType"] == "Condition" and code(r) == "E11.9"
    }  # fmt: skip
    groups = {True: [], False: []}
    for sheet in with_all(sheets, HBA1C):
        groups[f"Patient/{sheet['patient']['id']}" in ill].append(sheet[HBA1C])
    means = {key: sum(values) / len(values) for key, values in groups.items()}
    assert 6.6 < means[True] < 8.2
    assert 5.0 < means[False] < 5.8
    assert sum(value >= 6.5 for value in groups[False]) / len(groups[False]) < 0.02


def test_kidney_patients_filter_below_sixty(resources, sheets):
    onset = {
        r["subject"]["reference"]: r["onsetDateTime"] for r in resources
        if r["resourceType"] == "Condition" and code(r) == "N18.30"
    }  # fmt: skip
    values = [
        s[EGFR] for s in with_all(sheets, EGFR)
        if s["day"] >= onset.get(f"Patient/{s['patient']['id']}", "9999")
    ]  # fmt: skip
    assert len(values) > 20
    assert sum(value < 60 for value in values) / len(values) > 0.85


def test_interpretation_agrees_with_the_reference_range(resources):
    checked = 0
    for r in resources:
        if r["resourceType"] == "Observation" and "referenceRange" in r:
            low = r["referenceRange"][0].get("low", {}).get("value", float("-inf"))
            high = r["referenceRange"][0].get("high", {}).get("value", float("inf"))
            value = r["valueQuantity"]["value"]
            expected = "L" if value < low else "H" if value > high else "N"
            assert r["interpretation"][0]["coding"][0]["code"] == expected
            checked += 1
    assert checked > 2000


def test_pressure_has_both_parts_and_the_upper_above_the_lower(resources):
    readings = [r for r in resources if r["resourceType"] == "Observation" and code(r) == "85354-9"]
    for r in readings:
        upper, lower = (part["valueQuantity"]["value"] for part in r["component"])
        assert [code(part) for part in r["component"]] == ["8480-6", "8462-4"]
        assert 70 < upper < 220
        assert upper - lower >= 20
    assert len(readings) > 500


def test_reports_gather_the_results_of_their_own_visit(resources):
    by_key = {f"Observation/{r['id']}": r for r in resources if r["resourceType"] == "Observation"}
    for r in resources:
        if r["resourceType"] == "DiagnosticReport":
            assert {by_key[x["reference"]]["encounter"]["reference"] for x in r["result"]} == {
                r["encounter"]["reference"]
            }

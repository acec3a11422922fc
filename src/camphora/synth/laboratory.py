"""Vital signs and laboratory values of a visit, with reference ranges, interpretation and reports."""

from __future__ import annotations

from typing import Any

from camphora.synth.body import egfr
from camphora.synth.record import Record, Visit
from camphora.synth.terms import Json, Measure, concept, hl7, meta, terms

VITAL = [hl7("observation-category", "vital-signs")]
LABORATORY = [hl7("observation-category", "laboratory")]
REPORT = [hl7("v2-0074", "LAB")]
_INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
HIGH, LOW, NORMAL = ([concept(_INTERPRETATION, code)] for code in "HLN")
POSITIVE = concept(_INTERPRETATION, "POS", "Positive", "陽性")
NEGATIVE = concept(_INTERPRETATION, "NEG", "Negative", "陰性")
RESULT = "Observation-laboratoryResult"
PROFILES = {
    "height": "Observation-body-height",
    "weight": "Observation-body-weight",
    "bmi": "Observation-bmi",
    "pressure": "Observation-bloodPressure",
    "pulse": "Observation-heart-rate",
    "temperature": "Observation-body-temperature",
}


def _observe(
    record: Record, visit: Visit, measure: Measure, value: Json, profile: str = ""
) -> dict[str, str]:
    key, label = record.key(), visit.label
    record.out.append(
        {
            "resourceType": "Observation", "id": key, "meta": meta(profile or RESULT, label), "status": "final",
            "category": VITAL if profile else LABORATORY, "code": measure.code, "subject": record.subject,
            "encounter": visit.encounter, "effectiveDateTime": visit.start, **value,
        }
    )  # fmt: skip
    return {"reference": f"Observation/{key}"}


def vital(record: Record, visit: Visit, key: str, value: float) -> None:
    """One vital sign that is a single number."""
    measure = terms().measures[key]
    quantity = {"valueQuantity": {"value": value, **measure.unit}}
    _observe(record, visit, measure, quantity, PROFILES[key])


def pressure(record: Record, visit: Visit) -> None:
    """Blood pressure, one Observation with two components."""
    measures, body = terms().measures, record.body
    upper = body.systolic(visit.day)
    lower = body.diastolic(upper, visit.day)
    components = [
        {"code": measures[key].code, "valueQuantity": {"value": value, **measures[key].unit}}
        for key, value in (("systolic", upper), ("diastolic", lower))
    ]
    interpretation = HIGH if upper >= 140 or lower >= 90 else LOW if upper < 90 else NORMAL
    value = {"component": components, "interpretation": interpretation}
    _observe(record, visit, measures["pressure"], value, PROFILES["pressure"])


def build(record: Record, visit: Visit) -> None:
    """Height, weight and, from two years of age, the BMI that follows from them."""
    body, day = record.body, visit.day
    height, weight = body.height(day), body.weight(day)
    vital(record, visit, "height", height)
    vital(record, visit, "weight", weight)
    if body.age(day) >= 2:
        vital(record, visit, "bmi", round(weight / (height / 100) ** 2, 1))


def temperature(record: Record, visit: Visit) -> None:
    vital(record, visit, "temperature", round(37.9 + record.rng.random() * 1.6, 1))


def _values(record: Record, panel: str, day: int) -> list[tuple[str, float]]:
    body, sex = record.body, record.person.sex
    if panel == "sugar":
        hba1c = body.hba1c(day)
        return [("glucose", body.glucose(hba1c)), ("hba1c", hba1c)]
    if panel == "lipid":
        return list(zip(("cholesterol", "triglyceride", "hdl", "ldl"), body.fat_values(day), strict=True))
    if panel == "kidney":
        creatinine = body.creatinine(day)
        found: list[tuple[str, float]] = [("creatinine", creatinine), ("urate", body.urate(day))]
        age = record.person.age(day)
        if age >= 18:
            found.insert(1, ("egfr", round(egfr(creatinine, age, sex))))
        return found
    if panel == "liver":
        return list(zip(("ast", "alt"), body.enzymes(day), strict=True))
    if panel == "thyroid":
        return [("tsh", body.tsh(day))]
    gauss = record.rng.gauss
    white, platelets = round(max(2.5, gauss(6.4, 1.4)), 1), round(max(60, gauss(242, 48)))
    return [("haemoglobin", body.haemoglobin(day)), ("white_cells", white), ("platelets", platelets)]


def _interpretation(measure: Measure, sex: str, value: float) -> list[Json]:
    low, high = measure.low[sex], measure.high[sex]
    if low is not None and value < low:
        return LOW
    return HIGH if high is not None and value > high else NORMAL


def panel(record: Record, visit: Visit, name: str) -> None:
    """The laboratory values of a panel and the report that gathers them."""
    measures, sex = terms().measures, record.person.sex
    results = []
    for key, number in _values(record, name, visit.day):
        measure = measures[key]
        value: dict[str, Any] = {
            "valueQuantity": {"value": number, **measure.unit},
            "interpretation": _interpretation(measure, sex, number),
        }
        if measure.ranges[sex]:
            value["referenceRange"] = measure.ranges[sex]
        results.append(_observe(record, visit, measure, value))
    _report(record, visit, name, results)


def stool_test(record: Record, visit: Visit, positive: bool) -> None:
    """A faecal immunochemical test with its report."""
    value = {"valueCodeableConcept": POSITIVE if positive else NEGATIVE}
    measure = terms().measures["faecal_blood"]
    result = _observe(record, visit, measure, value)
    _report(record, visit, "stool", [result])


def _report(record: Record, visit: Visit, name: str, results: list[dict[str, str]]) -> None:
    record.add(
        "DiagnosticReport", "DiagnosticReport", visit.label, status="final", category=REPORT,
        code=terms().panels[name], subject=record.subject, encounter=visit.encounter,
        effectiveDateTime=visit.start, issued=visit.start, performer=[visit.doctor], result=results,
    )  # fmt: skip

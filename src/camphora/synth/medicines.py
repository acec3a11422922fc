"""Prescriptions: short ones, and refillable ones for lasting illness (慢性病連續處方箋).

A refillable prescription covers 28 days and may be dispensed three times (two repeats) within 90 days of
its date, as the NHI's rules have it (assumption of ours: always 28 days, always three times). Dispensings
are written for prescriptions of the last hundred days, so that the next refill can be told.
"""

from __future__ import annotations

from camphora.synth.record import Record, Visit, iso
from camphora.synth.terms import Json, Medicine, concept, hl7, meta, terms

SUPPLY, REPEATS, VALID = 28, 2, 90
_OUTPATIENT = [hl7("medicationrequest-category", "outpatient")]
_CONTINUOUS = concept(
    "http://terminology.hl7.org/CodeSystem/medicationrequest-course-of-therapy", "continuous"
)
_ACUTE = concept("http://terminology.hl7.org/CodeSystem/medicationrequest-course-of-therapy", "acute")
_BY_WEIGHT = "依體重計算劑量"
FOR_CHILDREN = frozenset(
    [
        "acetaminophen",
        "ibuprofen",
        "cetirizine",
        "ambroxol",
        "amoxicillin",
        "cephalexin",
        "dextromethorphan",
        "salbutamol",
        "budesonide",
    ]
)
CLASH = {
    "amoxicillin": ("penicillin",), "ibuprofen": ("nsaid", "aspirin"), "celecoxib": ("nsaid", "sulfa"),
    "aspirin": ("aspirin", "nsaid"), "furosemide": ("sulfa",),
}  # fmt: skip
"""Allergies with which a medicine is not prescribed."""


def allowed(record: Record, key: str, day: int) -> bool:
    """Whether this person may be given the medicine: not against an allergy, and to children few."""
    if any(allergy in record.allergies for allergy in CLASH.get(key, ())):
        return False
    return key in FOR_CHILDREN or record.body.age(day) >= 12


def pick(record: Record, key: str) -> Medicine:
    products = terms().medicines[key]
    return products[record.person.serial % len(products)]


def _dosage(record: Record, medicine: Medicine, day: int) -> list[Json]:
    if record.body.age(day) >= 12:
        return medicine.dosage
    whole = medicine.dosage[0]
    return [{"text": _BY_WEIGHT, "timing": whole["timing"], "route": whole["route"]}]


def _quantity(medicine: Medicine, days: int) -> Json:
    return {"value": max(1, round(medicine.daily * days)), **medicine.unit}


def _days(count: int) -> Json:
    return {"value": count, "unit": "天", "system": "http://unitsofmeasure.org", "code": "d"}


def short(record: Record, visit: Visit, key: str) -> None:
    """A prescription for some days, dispensed at once."""
    medicine = pick(record, key)
    status = "active" if visit.day + medicine.days > record.today else "completed"
    request = {
        "validityPeriod": {"start": iso(visit.day), "end": iso(visit.day + 2)},
        "numberOfRepeatsAllowed": 0, "quantity": _quantity(medicine, medicine.days),
        "expectedSupplyDuration": _days(medicine.days),
    }  # fmt: skip
    _prescribe(record, visit, medicine, status=status, course=_ACUTE, request=request)


def refillable(record: Record, visit: Visit, key: str) -> None:
    """A refillable prescription, with its dispensings where it is recent."""
    medicine = pick(record, key)
    until = visit.day + VALID
    request = {
        "validityPeriod": {"start": iso(visit.day), "end": iso(until)},
        "numberOfRepeatsAllowed": REPEATS, "quantity": _quantity(medicine, SUPPLY),
        "expectedSupplyDuration": _days(SUPPLY),
    }  # fmt: skip
    died = record.person.died
    status = "stopped" if 0 < died < until else "active" if until >= record.today else "completed"
    order = _prescribe(record, visit, medicine, status=status, course=_CONTINUOUS, request=request)
    if visit.day > record.today - 100:
        _dispense(record, visit, medicine, order)


def _prescribe(
    record: Record, visit: Visit, medicine: Medicine, *, status: str, course: Json, request: Json
) -> dict[str, str]:
    key = record.key()
    record.out.append(
        {
            "resourceType": "MedicationRequest", "id": key, "meta": _meta(visit), "status": status,
            "intent": "order", "category": _OUTPATIENT, "medicationCodeableConcept": medicine.code,
            "subject": record.subject, "encounter": visit.encounter, "authoredOn": visit.start,
            "requester": visit.doctor, "reasonReference": [visit.condition],
            "courseOfTherapyType": course, "dosageInstruction": _dosage(record, medicine, visit.day),
            "dispenseRequest": request,
        }
    )  # fmt: skip
    return {"reference": f"MedicationRequest/{key}"}


def _meta(visit: Visit) -> Json:
    return meta("MedicationRequest", visit.label)


def _dispense(record: Record, visit: Visit, medicine: Medicine, order: dict[str, str]) -> None:
    place = visit.facility if visit.facility.kind == "hospital" else record.pharmacy
    keeper = "Organization/f" + place.code
    for turn in range(REPEATS + 1):
        day = visit.day + turn * SUPPLY
        if day > record.last:
            break
        given = f"{iso(day)}{visit.start[10:]}" if turn else visit.start
        record.add(
            "MedicationDispense", "MedicationDispense", visit.label, status="completed",
            medicationCodeableConcept=medicine.code, subject=record.subject,
            performer=[{"actor": {"reference": keeper}}], authorizingPrescription=[order],
            quantity=_quantity(medicine, SUPPLY), daysSupply=_days(SUPPLY), whenHandedOver=given,
            dosageInstruction=medicine.dosage,
        )  # fmt: skip

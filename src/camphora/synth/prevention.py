"""What keeps people well: vaccinations, child checks and screening programmes.

Ages and intervals of the screenings follow the programmes of 2025 (Health Promotion Administration);
vaccines follow the national childhood schedule. The shares of people who come are assumptions of ours.
"""

from __future__ import annotations

from datetime import date

from camphora.synth import laboratory
from camphora.synth.record import Record, Visit, iso
from camphora.synth.terms import Screening, terms

CHILD_CHECKS = (1, 2, 4, 6, 12, 18, 24, 36, 48, 60, 72)
SCREENING_YEARS = 5
POSITIVE_SHARE = 0.06
CHECK_PANELS = ("sugar", "lipid", "kidney", "liver")


def months_after(day: int, months: float) -> int:
    return day + int(months * 30.4375)


def vaccinate(record: Record, day: int, key: str, dose: int, encounter: dict[str, str] | None = None) -> None:
    """One dose; `dose` counts from 1."""
    elements = {"encounter": encounter} if encounter else {}
    record.add(
        "Immunization", "Immunization", "", status="completed", vaccineCode=terms().vaccines[key],
        patient=record.subject, **elements, occurrenceDateTime=iso(day), primarySource=True,
        performer=[{"actor": {"reference": f"Organization/f{record.clinic.code}"}}],
        protocolApplied=[{"doseNumberPositiveInt": dose}],
    )  # fmt: skip


def childhood(record: Record) -> None:
    """Checks and vaccinations of the first six years, for children born in the last eight years."""
    born = record.person.born
    if born < record.today - 8 * 365:
        return
    check = terms().occasions["child_check"]
    for months in CHILD_CHECKS:
        day = months_after(born, months) + int(record.rng.random() * 20)
        if max(record.first, born) <= day <= record.last:
            laboratory.build(record, record.visit(day, record.clinic, check))
    for key, doses in terms().schedule:
        for number, months in enumerate(doses, 1):
            day = months_after(born, months) + int(record.rng.random() * 25)
            if day <= record.last and record.rng.random() < 0.97:
                vaccinate(record, day, key, number)


def seasonal(record: Record) -> None:
    """Influenza each autumn, COVID-19 since 2021, pneumococcal once for elders, HPV for girls."""
    rng, born = record.rng, record.person.born
    year = date.fromordinal(record.today).year
    habit = rng.random()
    for autumn in range(year - 4, year + 1):
        day = date(autumn, 10, 1).toordinal() + int(rng.random() * 75)
        age = (day - born) / 365.25
        share = 0.56 if age >= 65 else 0.28 if age >= 50 else 0.45 if 1 <= age < 18 else 0.12
        if born + 200 < day <= record.last and habit < share:
            vaccinate(record, day, "influenza", 1)
    _covid(record, habit)
    if (record.last - born) / 365.25 >= 66 and habit < 0.45:
        vaccinate(
            record, max(born + 65 * 365, record.last - int(rng.random() * 1400)), "pneumococcal_elder", 1
        )
    hpv = born + int(12.6 * 365.25) + int(rng.random() * 200)
    if record.person.sex == "f" and date(2018, 9, 1).toordinal() <= hpv <= record.last - 200 and habit < 0.85:
        vaccinate(record, hpv, "papilloma", 1)
        vaccinate(record, hpv + 185, "papilloma", 2)


def _covid(record: Record, habit: float) -> None:
    rng, start = record.rng, date(2021, 6, 15).toordinal()
    if habit > 0.88 or (start - record.person.born) / 365.25 < 12:
        return
    kind = ("covid_az", "covid_moderna", "covid_pfizer")[int(rng.random() * 3)]
    day = start + int(rng.random() * 150)
    later = [(day, kind, 1), (day + 80, kind, 2), (day + 190, "covid_moderna", 3)]
    if habit < 0.3:
        later.append((date(2023, 10, 2).toordinal() + int(rng.random() * 100), "covid_xbb", 4))
    for when, key, dose in later:
        if when <= record.last:
            vaccinate(record, when, key, dose)


def screenings(record: Record) -> None:
    """Each programme's rounds in the last years, for those who come."""
    for programme in terms().screenings:
        if programme.sex and programme.sex[0] != record.person.sex:
            continue
        habit = record.rng.random()
        interval = programme.years * 365 + 30
        day = record.today - int(record.rng.random() * interval)
        while day > record.today - SCREENING_YEARS * 365:
            _round(record, programme, day, habit)
            day -= interval + int(record.rng.random() * 120)


def _round(record: Record, programme: Screening, day: int, habit: float) -> None:
    if not max(record.first, record.person.born) <= day <= record.last:
        return
    age = record.person.age(day)
    if not programme.youngest <= age <= programme.oldest or habit > programme.uptake:
        return
    screen(record, programme, day)


def screen(record: Record, programme: Screening, day: int) -> Visit:
    """One attendance: the visit, the Procedure that says what was done, and its results."""
    place = record.hospital if programme.key in {"mammography", "lung"} else record.clinic
    visit = record.visit(day, place, terms().occasions[programme.reason])
    record.add(
        "Procedure", "Procedure", "", status="completed", code=programme.code, subject=record.subject,
        encounter=visit.encounter, performedDateTime=visit.start, performer=[{"actor": visit.doctor}],
    )  # fmt: skip
    if programme.key == "fit":
        _stool(record, visit)
    elif programme.key == "adult_check":
        laboratory.build(record, visit)
        laboratory.pressure(record, visit)
        for panel in CHECK_PANELS:
            laboratory.panel(record, visit, panel)
    return visit


def _stool(record: Record, visit: Visit) -> None:
    positive = record.rng.random() < POSITIVE_SHARE
    laboratory.stool_test(record, visit, positive)
    after = visit.day + 20 + int(record.rng.random() * 50)
    if positive and record.rng.random() < 0.72 and after <= record.last:
        look = record.visit(after, record.hospital, terms().occasions["colon_screen"])
        record.add(
            "Procedure", "Procedure", "", status="completed", code=terms().procedures["colonoscopy"],
            subject=record.subject, encounter=look.encounter, performedDateTime=look.start,
            performer=[{"actor": look.doctor}],
        )  # fmt: skip

"""Visits for lasting illness, passing illness, admissions, pregnancy and the end of life."""

from __future__ import annotations

from bisect import bisect
from functools import cache
from itertools import accumulate
from math import exp

from camphora.synth import laboratory, medicines
from camphora.synth.places import Facility
from camphora.synth.record import Record, Visit
from camphora.synth.terms import Chronic, Illness, Passing, coding, hl7, terms

INTERVAL = 84
"""Days between visits for lasting illness: three supplies of 28 days."""
HOSPITAL_TRACKS = {"liver", "nerve", "cancer", "mind", "hiv", "urology", "bone"}
SEVERE = {"coronary", "failure", "kidney", "stroke", "fibrillation", "rheumatoid"}
PANELS = {
    "hypertension": ("kidney", "lipid"), "diabetes": ("sugar", "kidney", "lipid"), "lipids": ("lipid", "liver"),
    "kidney": ("kidney", "blood"), "gout": ("kidney",), "coronary": ("lipid",), "hepatitis_b": ("liver",),
    "hepatitis_c": ("liver",), "thyroid_low": ("thyroid",), "thyroid_cancer": ("thyroid",), "cancer": ("blood",),
    "hiv": ("blood", "liver"), "bipolar": ("kidney", "thyroid"), "failure": ("kidney",),
}  # fmt: skip
IN_CARE = 0.78
"""Share of the ill who see a doctor for it regularly (assumption of ours)."""


def tracks(record: Record, *, always: bool = False) -> None:
    """Regular visits: one series per group of illnesses that is looked after together."""
    groups: dict[str, list[str]] = {}
    for key in record.body.onset:
        groups.setdefault(terms().chronic[key].track, []).append(key)
    for track, keys in groups.items():
        if track == "none":
            _now_and_then(record, keys)
        elif always or record.rng.random() < IN_CARE:
            series(record, track, keys)
        else:
            record.body.adherence = 0.0


def _now_and_then(record: Record, keys: list[str]) -> None:
    for key in keys:
        illness = terms().chronic[key].illness
        for day in _days(record, 0.7, record.body.onset[key]):
            place = record.clinic if illness.department in {"09", "11", "01"} else record.hospital
            visit = record.visit(day, place, illness)
            for medicine in illness.medicines[:1]:
                if medicines.allowed(record, medicine, day):
                    medicines.short(record, visit, medicine)


def series(record: Record, track: str, keys: list[str], last_seen: int = -1) -> None:
    """Visits every twelve weeks since the first onset; the last one `last_seen` days ago where that is given."""
    rng, onset = record.rng, record.body.onset
    begin = max(record.first, min(onset[key] for key in keys))
    place = _place(record, track, keys)
    day = record.last - (int(rng.random() * INTERVAL) if last_seen < 0 else last_seen)
    days = []
    while day >= begin:
        days.append(day)
        day -= INTERVAL + int(rng.random() * 7) - 2
    for number, when in enumerate(reversed(days)):
        present = [key for key in keys if onset[key] <= when]
        if present:
            _regular(record, when, place, present, number)


def _place(record: Record, track: str, keys: list[str]) -> Facility:
    if track in HOSPITAL_TRACKS or SEVERE.intersection(keys) or record.body.adherence > 0.7:
        return record.hospital
    return record.clinic


def _regular(record: Record, day: int, place: Facility, keys: list[str], number: int) -> None:
    table = terms().chronic
    visit = record.visit(day, place, table[keys[0]].illness)
    if table[keys[0]].track in {"medical", "liver", "cancer"}:
        laboratory.pressure(record, visit)
        if number % 4 == 0:
            laboratory.build(record, visit)
    wanted = {panel: None for key in keys for panel in _panels(key, table[key])}
    for panel in wanted:
        if number % (2 if panel in {"sugar", "kidney"} else 4) == 0:
            laboratory.panel(record, visit, panel)
    for medicine in _regimen(record, keys):
        medicines.refillable(record, visit, medicine)


def _panels(key: str, chronic: Chronic) -> tuple[str, ...]:
    return PANELS.get(key) or PANELS.get(chronic.track, ())


def _regimen(record: Record, keys: list[str]) -> list[str]:
    """One medicine per illness, two for badly controlled pressure or sugar; each once."""
    chosen: dict[str, None] = {}
    for key in keys:
        options = terms().chronic[key].illness.medicines
        count = 2 if key in {"diabetes", "hypertension"} and record.body.pressure > 3 else 1
        shift = record.person.serial % len(options) if options and count == 1 else 0
        for medicine in (*options[shift:], *options[:shift])[:count]:
            if medicines.allowed(record, medicine, record.last):
                chosen[medicine] = None
    return list(chosen)


def _days(record: Record, rate: float, begin: int = 0) -> list[int]:
    """Days of a Poisson process with `rate` events a year between `begin` and the last day told."""
    start = max(record.first, begin)
    span = record.last - start
    if span <= 0:
        return []
    count, limit, product = 0, exp(-rate * span / 365.25), record.rng.random()
    while product > limit:
        count += 1
        product *= record.rng.random()
    return [start + int(record.rng.random() * span) for _ in range(count)]


@cache
def _menu(kind: str, group: int, sex: str) -> tuple[tuple[Passing, ...], list[float]]:
    """What may befall a person of an age group (0 child, 1 adult, 2 elder) and cumulative yearly rates."""
    listed = terms().acute if kind == "acute" else terms().admissions
    named = {"male": "m", "female": "f", "fertile": "f"}
    fits = tuple(item for item in listed if item.rates[group] > 0 and named.get(item.sex, sex) == sex)
    return fits, list(accumulate(item.rates[group] for item in fits))


def _befalls(record: Record, kind: str) -> list[tuple[int, Passing]]:
    age = record.body.age((max(record.first, record.person.born) + record.last) // 2)
    fits, rates = _menu(kind, 0 if age < 12 else 1 if age < 65 else 2, record.person.sex)
    drawn = ((day, fits[bisect(rates, record.rng.random() * rates[-1])]) for day in _days(record, rates[-1]))
    return [(day, item) for day, item in drawn if _possible(record, day, item)]


def _possible(record: Record, day: int, item: Passing) -> bool:
    age = record.body.age(day)
    if item.sex == "fertile":
        return 13 <= age <= 50
    return age >= 18 if item.sex == "adult" or item.illness.label in {"SEX", "SDV"} else True


def passing(record: Record) -> None:
    """Colds, sprains, teeth: short visits with short prescriptions."""
    for day, item in _befalls(record, "acute"):
        illness = item.illness
        visit = record.visit(
            day, _where(record, illness), illness, kind="EMER" if illness.department == "22" else "AMB"
        )
        if record.rng.random() < item.fever:
            laboratory.temperature(record, visit)
        if illness.department == "40":
            _procedure(record, visit, "filling" if illness.key == "caries" else "scaling")
        for medicine in illness.medicines[: 1 + int(record.rng.random() * 2)]:
            if medicines.allowed(record, medicine, day):
                medicines.short(record, visit, medicine)


def _where(record: Record, illness: Illness) -> Facility:
    if illness.department == "40":
        return record.dentist
    at_hospital = illness.department in {"12", "22", "AH"} or illness.label or record.rng.random() < 0.15
    return record.hospital if at_hospital else record.clinic


def admissions(record: Record) -> None:
    """Stays in hospital, some with an operation."""
    for day, item in _befalls(record, "admission"):
        until = day + max(1, round(item.days * (0.6 + 0.8 * record.rng.random())))
        if until < record.last:
            stay(record, day, until, item)


def stay(record: Record, day: int, until: int, item: Passing, outcome: str = "home") -> None:
    visit = record.visit(day, record.hospital, item.illness, kind="IMP", until=until, outcome=outcome)
    laboratory.panel(record, visit, "blood")
    laboratory.panel(record, visit, "kidney")
    if item.procedure:
        _procedure(record, visit, item.procedure)


def last_illness(record: Record) -> None:
    """Six in ten of those who died did so in hospital."""
    person = record.person
    if not person.died or record.rng.random() > 0.6:
        return
    fits, _ = _menu("admission", 2, person.sex)
    item = fits[int(record.rng.random() * len(fits))]
    begin = max(person.born, person.died - 2 - int(record.rng.random() * 15))
    visit = record.visit(begin, record.hospital, item.illness, kind="IMP", until=person.died, outcome="exp")
    laboratory.panel(record, visit, "blood")


def _procedure(record: Record, visit: Visit, key: str) -> None:
    record.add(
        "Procedure", "Procedure", visit.label, status="completed", code=terms().procedures[key],
        subject=record.subject, encounter=visit.encounter, performedDateTime=visit.start,
        performer=[{"actor": visit.doctor}],
    )  # fmt: skip


def pregnancies(record: Record, births: list[int]) -> None:
    """Antenatal visits and births of the children in the household; some women expect a child now."""
    for birth in births:
        _antenatal(record, birth)
        if record.first <= birth - 1 and birth + 3 <= record.last:
            item = Passing(terms().occasions["delivery"], "f", (0, 0, 0), days=3, procedure="birth")
            stay(record, birth, birth + 3, item)
    age = record.person.age(record.last)
    expecting = record.person.partner >= 0 and 22 <= age <= 42 and record.rng.random() < 0.045
    if expecting and not record.person.died and all(birth < record.today - 300 for birth in births):
        _antenatal(record, record.today + 20 + int(record.rng.random() * 200))


def _antenatal(record: Record, birth: int) -> None:
    illness = terms().occasions["pregnancy"]
    for weeks in (10, 16, 24, 30, 36):
        day = birth - 280 + weeks * 7 + int(record.rng.random() * 6)
        if record.first <= day <= record.last:
            visit = record.visit(day, record.hospital, illness)
            laboratory.pressure(record, visit)
            if weeks == 24:
                laboratory.panel(record, visit, "blood")


def cataract_surgery(record: Record) -> None:
    onset = record.body.onset.get("cataract")
    if onset and record.rng.random() < 0.3:
        for day in _days(record, 0.4, onset)[:1]:
            _procedure(
                record,
                record.visit(day, record.hospital, terms().chronic["cataract"].illness),
                "cataract_surgery",
            )


def allergies(record: Record) -> None:
    """Seven in a hundred people have a known allergy."""
    if record.rng.random() >= 0.07:
        return
    listed = terms().allergens
    weights = list(accumulate(int(row["weight"]) for row in listed))
    allergy(record, listed[bisect(weights, record.rng.random() * weights[-1])])


def allergy(record: Record, row: dict[str, str]) -> None:
    record.allergies.add(row["key"])
    record.add(
        "AllergyIntolerance", "AllergyIntolerance", "",
        clinicalStatus=hl7("allergyintolerance-clinical", "active"),
        verificationStatus=hl7("allergyintolerance-verification", "confirmed"),
        type="allergy", category=[row["category"]], criticality="low",
        code={"coding": [coding(row["system"], row["code"], row["zh"])], "text": row["zh"]},
        patient=record.subject, reaction=[{"manifestation": [{"text": row["reaction_zh"]}]}],
    )  # fmt: skip

"""A person as a row: name, sex, age, birthday, number."""

from __future__ import annotations

from datetime import date

from camphora.pages import dates
from camphora.web.contexts import PatientRow
from camphora.web.reading.chart import name_of
from camphora.web.reading.plain import Json, Reading, day_of

NATIONAL = ("http://www.moi.gov.tw", "http://www.immigration.gov.tw")


def masked(number: str) -> str:
    """A national number with its middle hidden: enough to tell two people of one name apart."""
    return f"{number[:2]}{'*' * max(0, len(number) - 5)}{number[-3:]}" if len(number) > 5 else number


def number_of(patient: Json) -> str:
    """The national or resident number; empty where there is none."""
    numbers = (each for each in patient.get("identifier", ()) if each.get("system") in NATIONAL)
    return next((str(each.get("value", "")) for each in numbers), "")


def born(patient: Json) -> date | None:
    """The birthday, where it is known to the day."""
    return day_of(patient.get("birthDate"))


def age_of(reading: Reading, patient: Json, day: date | None = None) -> str:
    """The age on this day; without one today, or at death."""
    birthday = born(patient)
    until = day or day_of(patient.get("deceasedDateTime")) or reading.day
    return dates.age(birthday, until, reading.lang) if birthday else ""


def row(reading: Reading, patient: Json, href: str) -> PatientRow:
    """The row of a list and the head of a summary."""
    ended = patient.get("deceasedDateTime")
    return PatientRow(
        name=name_of(patient),
        href=href,
        sex=reading.word(str(patient.get("gender", "unknown"))),
        age=age_of(reading, patient),
        birth=reading.words("reading.born", date=reading.when(patient["birthDate"]))
        if "birthDate" in patient
        else "",
        number=masked(number_of(patient)),
        text=reading.words("reading.died", date=reading.when(ended)) if ended else "",
    )

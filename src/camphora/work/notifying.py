"""The law's clock: until when a disease must be notified, from dated rows.

`rules/data/notifiable.csv` says which category a disease is in and how many hours its category leaves (Communicable
Disease Control Act, Art. 39). The rows come from public texts and are to be confirmed by those who use them: what they
do not say is not known here, and no deadline is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import as_file, files
from math import ceil
from typing import Literal

from camphora.errors import NotFound
from camphora.rules import InForce, Rule, Rules

State = Literal["in-time", "late", "open", "overdue"]


@dataclass(frozen=True, slots=True)
class Clock:
    """`category`: of the law; `hours` within which it must be notified and `due`, the last day of them, None where the
    deadline is announced disease by disease; `source` and `note` of the row that says so."""

    category: int
    hours: int | None
    due: date | None
    source: str
    note: str

    def state(self, notified: date | None, today: date) -> State | None:
        """How a notification stands; None where no deadline is known."""
        if self.due is None:
            return None
        if notified is None:
            return "overdue" if today > self.due else "open"
        return "late" if notified > self.due else "in-time"


@cache
def rules() -> Rules:
    """The rows, as they come with the package."""
    with as_file(files("camphora.rules").joinpath("data", "notifiable.csv")) as path:
        return Rules.load(path)


def clock(code: str, diagnosed: date, known: Rules | None = None) -> Clock | None:
    """The clock of a diagnosis by its ICD-10-CM code, from the day on which it was made; None for a disease or a day of
    which the rows say nothing. Hours are counted in whole days, since lists tell no hour: 24 end with the next day."""
    held = (known or rules()).on(diagnosed)
    category = _category(held, code)
    if category is None:
        return None
    number = int(category.value)
    found = _found(held, "report_hours", category=str(number))
    hours = int(found.value) if found else None
    due = diagnosed + timedelta(days=ceil(hours / 24)) if hours is not None else None
    said = found or category
    return Clock(number, hours, due, said.source, said.note)


def _category(held: InForce, code: str) -> Rule | None:
    """The row of the code, or of the nearest code above it: A01 for A01.00."""
    while len(code) >= len("A00"):
        if row := _found(held, "category", disease=code):
            return row
        code = code[:-1].rstrip(".")
    return None


def _found(held: InForce, name: str, **strata: str) -> Rule | None:
    try:
        return held.find(name, **strata)
    except NotFound:
        return None

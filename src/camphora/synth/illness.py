"""Who has which lasting illness, and since when.

Prevalence rises with age along a logistic curve per illness (`data/illnesses.csv`, assumptions of ours of
the order that Taiwan's surveys give). Weight, diabetes and high pressure raise the odds of one another.
"""

from __future__ import annotations

from functools import cache
from math import exp

from camphora.synth.record import Record
from camphora.synth.terms import Chronic, terms

WEIGHT_MATTERS = {
    "hypertension": 0.06, "diabetes": 0.10, "lipids": 0.04, "gout": 0.08, "fatty_liver": 0.14, "knee": 0.05,
}  # fmt: skip
TOGETHER = {
    "diabetes": {"hypertension": 1.4, "lipids": 1.5, "kidney": 2.2, "coronary": 1.6},
    "hypertension": {"lipids": 1.2, "kidney": 1.5, "coronary": 1.5, "stroke": 1.6, "failure": 1.6},
    "coronary": {"failure": 2.5, "lipids": 1.6},
    "fibrillation": {"stroke": 2.0},
    "asthma": {"rhinitis": 2.0, "eczema": 1.6},
    "depression": {"insomnia": 3.0, "anxiety": 3.0},
}
"""The first illness multiplies the odds of the others; they are drawn in this order."""


@cache
def _ordered(sex: str, age: int) -> tuple[tuple[str, Chronic, float], ...]:
    """The illnesses that a person of this age may have, those that raise others first."""
    table = terms().chronic
    keys = [*TOGETHER, *(key for key in table if key not in TOGETHER)]
    found = ((key, table[key], table[key].prevalence[sex][min(age, 110)]) for key in keys)
    return tuple(entry for entry in found if entry[2] > 0)


def fall_ill(record: Record, certain: tuple[str, ...] = ()) -> None:
    """Draws the person's lasting illnesses and writes each on the problem list; `certain` ones always."""
    rng, body, person = record.rng, record.body, record.person
    age = person.age(record.last)
    raised: dict[str, float] = {}
    for key, chronic, prevalence in _ordered(person.sex, age):
        share = prevalence * raised.get(key, 1.0)
        if key in WEIGHT_MATTERS:
            share *= exp(WEIGHT_MATTERS[key] * (body.bmi - 24)) if age >= 18 else 0.0
        if rng.random() < share or key in certain:
            body.onset[key] = _onset(record, chronic, age)
            for other, factor in TOGETHER.get(key, {}).items():
                raised[other] = raised.get(other, 1.0) * factor
    for key, onset in sorted(body.onset.items(), key=lambda item: item[1]):
        record.problem(terms().chronic[key].illness, onset)


def _onset(record: Record, chronic: Chronic, age: int) -> int:
    """A day between the age at which the illness begins to appear and the last day told."""
    youngest = min(0.55 * chronic.middle, 0.9 * age)
    years = max(0.1, age - youngest)
    ago = int(record.rng.random() ** 1.4 * min(years, 22) * 365.25)
    return max(record.person.born, record.last - 1 - ago)

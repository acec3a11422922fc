"""Who lives together: the family around one person, by generation, with ages that hang together.

The shares below are assumptions of ours, chosen to resemble households in Taiwan. They need no fit to any
census: the weights with which anchors are drawn (`data/seeds.csv.gz`) are computed from these functions so
that the families of all anchors add up to the real population of each township by age and sex.
"""

from __future__ import annotations

import math
from random import Random
from typing import Literal, NamedTuple

Sex = Literal["m", "f"]
ELDER, MIDDLE, CHILD = 0, 1, 2


class Kin(NamedTuple):
    """One member: generation (0 elders, 1 the couple, 2 their children), sex, age in whole years."""

    generation: int
    sex: Sex
    age: int


def family(rng: Random, age: int, sex: Sex) -> list[Kin]:
    """The household of a person of this age and sex, adults first; the person is one of its members."""
    if rng.random() < _share_living_with_parents(age):
        return _around_child(rng, age, sex)
    if age >= 62 and rng.random() < (0.28 if age < 80 else 0.45):
        return _around_elder(rng, age, sex)
    return _around_couple(rng, age, sex)


def _share_living_with_parents(age: int) -> float:
    if age < 19:
        return 1.0
    if age < 30:
        return 0.72
    return 0.45 if age < 40 else 0.14 if age < 50 else 0.05 if age < 60 else 0.0


def _around_child(rng: Random, age: int, sex: Sex) -> list[Kin]:
    mother = age + _years_to_child(rng)
    father = mother + _older_by(rng)
    draw = rng.random()
    couple = [Kin(MIDDLE, "m", father), Kin(MIDDLE, "f", mother)]
    if draw < 0.04 + 0.004 * age:
        couple.pop(0)
    elif draw < 0.06 + 0.006 * age:
        couple.pop(1)
    couple = [kin for kin in couple if kin.age <= 100]
    if not couple:
        return [Kin(MIDDLE, sex, age)]
    siblings = [
        Kin(CHILD, _sex(rng), other)
        for other in _siblings(rng, age)
        if 19 <= mother - other <= 45 and other < 45
    ]
    elders = _elders(rng, couple, 0.14)
    children = sorted([Kin(CHILD, sex, age), *siblings], key=lambda kin: -kin.age)
    return [*couple, *elders, *children]


def _siblings(rng: Random, age: int) -> list[int]:
    draw = rng.random()
    gap = 2 + int(rng.random() * 3)
    if draw < 0.42 or (age > 24 and draw < 0.72):
        return []
    one = age + gap if rng.random() < 0.5 else age - gap
    others = [one] if draw < 0.9 else [age + gap, age - gap]
    return [other for other in others if other >= 0]


def _around_elder(rng: Random, age: int, sex: Sex) -> list[Kin]:
    """An elder in the household of a grown son or daughter."""
    elders = [Kin(ELDER, sex, age)]
    if rng.random() < _share_with_partner(age, sex):
        elders.append(_partner(rng, age, sex, ELDER))
    mother = next((kin.age for kin in elders if kin.sex == "f"), age - 2)
    middle_age = max(20, mother - _years_to_child(rng))
    rest = _around_couple(rng, middle_age, "m" if rng.random() < 0.7 else "f")
    couple = [kin for kin in rest if kin.generation == MIDDLE]
    young = [kin for kin in rest if kin.generation == CHILD]
    return [*couple, *elders, *young]


def _around_couple(rng: Random, age: int, sex: Sex) -> list[Kin]:
    me = Kin(MIDDLE, sex, age)
    if rng.random() >= _share_with_partner(age, sex):
        children = _children(rng, age - (3 if sex == "m" else 0)) if rng.random() < 0.15 else []
        return [me, *_elders(rng, [me], 0.12), *children]
    couple = [me, _partner(rng, age, sex, MIDDLE)]
    mother = couple[0].age if sex == "f" else couple[1].age
    return [*couple, *_elders(rng, couple, 0.13), *_children(rng, mother)]


def _share_with_partner(age: int, sex: Sex) -> float:
    if age < 25:
        return 0.12
    if age < 35:
        return 0.5
    if age < 65:
        return 0.74
    if sex == "m":
        return 0.78 if age < 80 else 0.62 if age < 90 else 0.4
    return 0.62 if age < 75 else 0.34 if age < 82 else 0.16 if age < 88 else 0.03


def _partner(rng: Random, age: int, sex: Sex, generation: int) -> Kin:
    if sex == "f":
        return Kin(generation, "m", min(100, max(20, age + _older_by(rng))))
    return Kin(generation, "f", min(100, max(20, age - _older_by(rng))))


def _older_by(rng: Random) -> int:
    """By how many years the husband is older."""
    return max(-6, min(12, round(rng.gauss(2.4, 3.0))))


def _years_to_child(rng: Random) -> int:
    """The mother's age at a birth, in whole years: 20 to 43."""
    return max(20, min(43, round(rng.gauss(29.3, 4.6))))


def _elders(rng: Random, couple: list[Kin], share: float) -> list[Kin]:
    """Parents of one of the couple, where they live in the house."""
    middle = couple[0]
    if not 24 <= middle.age <= 68 or rng.random() >= share:
        return []
    mother = middle.age + _years_to_child(rng)
    father = mother + _older_by(rng)
    alone = 0.35 + 0.012 * max(0, mother - 60)
    draw = rng.random()
    pair = [Kin(ELDER, "m", father), Kin(ELDER, "f", mother)]
    if draw < alone * 0.72:
        pair.pop(0)
    elif draw < alone:
        pair.pop(1)
    return [kin for kin in pair if rng.random() < math.exp(min(0.0, (72 - kin.age) / 9))]


def _children(rng: Random, mother: int) -> list[Kin]:
    """Children at home, the oldest first."""
    if mother < 21:
        return []
    draw = rng.random()
    count = 0 if draw < 0.30 else 1 if draw < 0.62 else 2 if draw < 0.94 else 3
    children, at = [], _years_to_child(rng)
    for _ in range(count):
        age = mother - at
        if 0 <= age < 50 and at <= 45 and rng.random() < _share_at_home(age):
            children.append(Kin(CHILD, _sex(rng), age))
        at += 2 + int(rng.random() * 3)
    return children


def _share_at_home(age: int) -> float:
    return 1.0 if age < 19 else 0.7 if age < 27 else 0.4 if age < 36 else 0.16


def _sex(rng: Random) -> Sex:
    return "m" if rng.random() < 0.518 else "f"

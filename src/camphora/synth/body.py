"""One person's body over time: height, weight, pressure and laboratory values that hang together.

Every value follows from a few latent traits drawn once (build, pressure, sugar, fats, kidney) plus age, the
person's illnesses since their onset, and small noise. Sugar and HbA1c are tied by the ADAG line
(eAG = 28.7 × HbA1c − 46.7), total cholesterol is HDL + LDL + triglycerides / 5 (Friedewald), eGFR is
computed from creatinine by CKD-EPI 2021. The levels themselves are assumptions of ours.
"""

from __future__ import annotations

from bisect import bisect
from math import exp, log
from random import Random

GROWTH_AGES = (0, 0.25, 0.5, 1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 18)
GROWTH = {
    "m": (50, 61, 67.5, 76, 87, 96, 103, 110, 116, 128, 139, 151, 165, 171, 173),
    "f": (49.5, 60, 66, 75, 86, 95, 102, 109, 115, 127, 139, 152, 158.5, 160, 160.5),
}
CHILD_BMI_AGES = (0, 0.5, 1, 3, 6, 10, 14, 18)
CHILD_BMI = (13.3, 17.3, 16.8, 15.7, 15.5, 17.5, 20, 22)


def egfr(creatinine: float, age: int, sex: str) -> float:
    """Estimated filtration, mL/min/1.73 m², from creatinine in mg/dL (CKD-EPI 2021, Inker et al., NEJM 2021)."""
    kappa, alpha, factor = (0.9, -0.302, 1.0) if sex == "m" else (0.7, -0.241, 1.012)
    ratio = creatinine / kappa
    power = ratio**alpha if ratio < 1 else ratio**-1.2
    return float(142 * power * 0.9938**age * factor)


def creatinine_for(target: float, age: int, sex: str) -> float:
    """The creatinine that gives this filtration: `egfr` turned round."""
    kappa, alpha, factor = (0.9, -0.302, 1.0) if sex == "m" else (0.7, -0.241, 1.012)
    power = target / (142 * 0.9938**age * factor)
    return float(kappa * power ** (1 / alpha if power > 1 else -1 / 1.2))


def _between(ages: tuple[float, ...], values: tuple[float, ...], age: float) -> float:
    if age >= ages[-1]:
        return values[-1]
    i = bisect(ages, age)
    low, high = ages[i - 1], ages[i]
    return values[i - 1] + (values[i] - values[i - 1]) * (age - low) / (high - low)


class Body:
    """Latent traits; `onset` maps illness keys to day numbers, `treated` says who takes care of them."""

    __slots__ = (
        "adherence", "bmi", "born", "drift", "fats", "liver", "onset", "pressure", "rng", "sex", "size",
        "stature", "sugar", "today",
    )  # fmt: skip

    def __init__(self, rng: Random, sex: str, born: int, today: int) -> None:
        gauss = rng.gauss
        self.rng, self.sex, self.born, self.today = rng, sex, born, today
        self.stature = gauss(0, 1)
        self.size = gauss(0, 1)
        self.pressure = gauss(0, 7)
        self.sugar = gauss(0, 1)
        self.fats = gauss(0, 1)
        self.liver = gauss(0, 1)
        self.drift = gauss(0.05, 0.15)
        self.adherence = rng.random()
        self.bmi = (24.4 if sex == "m" else 23.1) + 3.4 * self.size
        if self.size > 0:
            self.bmi += 0.8 * self.size * self.size
        self.bmi = max(16.5, self.bmi)
        self.onset: dict[str, int] = {}

    def age(self, day: int) -> float:
        return (day - self.born) / 365.25

    def since(self, illness: str, day: int) -> float:
        """Years since the illness began; negative before it or without it."""
        onset = self.onset.get(illness)
        return -1.0 if onset is None else (day - onset) / 365.25

    def height(self, day: int) -> float:
        age = self.age(day)
        median = _between(GROWTH_AGES, GROWTH[self.sex], age)
        born_earlier = max(0.0, self.age(self.today) - 30) * 0.13
        shrunk = max(0.0, age - 60) * 0.06
        return round(median * (1 + 0.036 * self.stature) - born_earlier - shrunk, 1)

    def mass_index(self, day: int) -> float:
        age = self.age(day)
        if age < 18:
            return _between(CHILD_BMI_AGES, CHILD_BMI, age) * exp(0.09 * self.size)
        grown = self.bmi + self.drift * (day - self.today) / 365.25
        return max(15.5, grown - max(0.0, (28 - age) * 0.12) - max(0.0, (age - 75) * 0.1))

    def weight(self, day: int) -> float:
        metres = self.height(day) / 100
        noise = 1 + 0.008 * self.rng.gauss(0, 1)
        return round(self.mass_index(day) * metres * metres * noise, 1)

    def systolic(self, day: int) -> int:
        age = self.age(day)
        if age < 18:
            return round(88 + 1.7 * age + 0.6 * self.pressure + self.rng.gauss(0, 5))
        base = 107 + 0.22 * (age - 20) + 0.7 * (self.bmi - 23) + self.pressure
        years = self.since("hypertension", day)
        if years >= 0:
            base = max(base, 118) + 26 * exp(-years * 1.2) + 16 * (1 - self.adherence) + 3
        return round(min(205, max(84, base + self.rng.gauss(0, 6))))

    def diastolic(self, systolic: int, day: int) -> int:
        age = self.age(day)
        value = 0.44 * systolic + 21 - 0.16 * max(0.0, age - 50) + self.rng.gauss(0, 4)
        return round(min(systolic - 22, max(42, value)))

    def pulse(self, day: int) -> int:
        age = self.age(day)
        rest = 74 if age >= 18 else 140 - 3.6 * age
        return round(min(170, max(46, rest + self.rng.gauss(0, 8))))

    def hba1c(self, day: int) -> float:
        age = self.age(day)
        value = min(6.0, 5.0 + 0.007 * max(0.0, age - 20) + 0.025 * (self.bmi - 23) + 0.12 * self.sugar)
        years = self.since("diabetes", day)
        if years >= 0:
            settled = 6.4 + 1.9 * (1 - self.adherence) + 0.25 * self.sugar
            value = settled + max(0.0, 1.9 * exp(-years * 1.5)) + 0.02 * min(years, 15)
        return round(min(13.5, max(4.4, value + self.rng.gauss(0, 0.12))), 1)

    def glucose(self, hba1c: float) -> int:
        """Fasting sugar that belongs to this HbA1c."""
        return round(max(62, (28.7 * hba1c - 46.7) * 0.87 + self.rng.gauss(0, 5)))

    def fat_values(self, day: int) -> tuple[int, int, int, int]:
        """(total cholesterol, triglycerides, HDL, LDL) in mg/dL."""
        age, gauss = self.age(day), self.rng.gauss
        years = self.since("lipids", day)
        ldl = 104 + 0.35 * min(45, max(0.0, age - 20)) + 18 * self.fats
        if years >= 0:
            ldl = max(ldl, 132) + 22 - (38 + 30 * self.adherence) * (1 - exp(-years * 3))
        hdl = (49 if self.sex == "m" else 59) - 0.9 * (self.bmi - 23) - 3 * self.sugar
        triglyceride = exp(log(92) + 0.055 * (self.bmi - 23) + 0.25 * self.fats + gauss(0, 0.12))
        parts = round(max(38, ldl + gauss(0, 6))), round(min(390, max(32, triglyceride)))
        good = round(min(105, max(24, hdl + gauss(0, 2.5))))
        return parts[0] + good + round(parts[1] / 5), parts[1], good, parts[0]

    def creatinine(self, day: int) -> float:
        age = self.age(day)
        filtration = 117 - 0.72 * max(0.0, age - 28) + 5 * self.stature
        years = self.since("kidney", day)
        if years >= 0:
            filtration = min(filtration, 57 - 1.6 * min(years, 12) + 2 * self.stature)
        filtration = min(128, max(16, filtration + self.rng.gauss(0, 2.5)))
        return round(max(0.2, creatinine_for(filtration, int(age), self.sex)), 2)

    def urate(self, day: int) -> float:
        value = (5.9 if self.sex == "m" else 4.7) + 0.11 * (self.bmi - 23) + 0.4 * self.fats
        years = self.since("gout", day)
        if years >= 0:
            value = max(value, 6.8) + 1.9 * exp(-years * 2) - 1.2 * self.adherence
        return round(min(12.5, max(2.0, value + self.rng.gauss(0, 0.3))), 1)

    def enzymes(self, day: int) -> tuple[int, int]:
        """(AST, ALT) in U/L."""
        level = 0.24 * self.liver + 0.03 * (self.bmi - 23)
        for illness, effect in (
            ("fatty_liver", 0.3),
            ("hepatitis_b", 0.35),
            ("hepatitis_c", 0.4),
            ("alcohol", 0.6),
        ):
            if self.since(illness, day) >= 0:
                level += effect
        alt = 20 * exp(1.25 * level + self.rng.gauss(0, 0.1))
        ast = 21 * exp(0.8 * level + self.rng.gauss(0, 0.08))
        return round(min(400, ast)), round(min(500, alt))

    def haemoglobin(self, day: int) -> float:
        value = (14.9 if self.sex == "m" else 13.1) + 0.5 * self.stature - max(0.0, self.age(day) - 70) * 0.04
        years = self.since("anemia", day)
        if years >= 0:
            value -= 2.9 * exp(-years * 0.9)
        if self.since("kidney", day) >= 0:
            value -= 1.0
        return round(max(6.8, value + self.rng.gauss(0, 0.25)), 1)

    def tsh(self, day: int) -> float:
        years = self.since("thyroid_low", day)
        value = (
            1.7 * exp(0.3 * self.sugar)
            if years < 0
            else 2.4 + 6.0 * exp(-years * 2) + 2 * (1 - self.adherence)
        )
        return round(value * exp(self.rng.gauss(0, 0.1)), 2)

"""Hazard of death by sex and age: a Gompertz line for adults, small constants before.

Assumption of ours, near the published life tables: of men aged 60 about 11 in 1,000 die within a year and
of men aged 80 about 65; of women 4.5 and 40.
"""

from __future__ import annotations

import math


def hazard(sex: str, age: float) -> float:
    """Deaths per person-year at this age."""
    if age < 1:
        return 0.004
    at_60, slope, floor = (0.0115, 0.0866, 0.0002) if sex == "m" else (0.0045, 0.109, 0.00015)
    return min(0.6, max(floor, at_60 * math.exp(slope * (age - 60))))


def survival(sex: str, age: int, years: int) -> float:
    """Share of people of this age who live that many years more."""
    return math.exp(-sum(hazard(sex, age + year + 0.5) for year in range(years)))

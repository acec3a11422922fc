"""How fast cases grow: the doubling time of the last days, with its interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from camphora.engines.watch.season.counts import Floats

FEWEST = 10
"""Fewer cases in the days that are fitted say nothing of their growth."""
ROUNDS, EXACT = 50, 1e-10


@dataclass(frozen=True, slots=True)
class Growth:
    """The rate per day with its 95 % interval."""

    rate: float
    low: float
    high: float

    @property
    def rises(self) -> bool:
        return self.low > 0

    @property
    def falls(self) -> bool:
        return self.high < 0

    def doubling(self) -> tuple[float, float, float]:
        """Days in which cases double where they rise (halve where they fall): middle, shortest, longest; infinite
        where the interval holds no change."""
        middle, *ends = (
            np.log(2) / abs(each) if each else np.inf for each in (self.rate, self.low, self.high)
        )
        longest = max(ends) if self.rises or self.falls else np.inf
        return middle, min(ends), longest


def growth_of(cases: Floats) -> Growth | None:
    """A line through the logarithm of the mean: a quasi-Poisson fit of the cases of consecutive days, with Student's
    interval; None where there are too few."""
    days = len(cases)
    if days < 4 or cases.sum() < FEWEST:
        return None
    design = np.stack([np.ones(days), np.arange(days) - (days - 1) / 2], axis=1)
    beta = np.array([np.log(cases.mean()), 0.0])
    for _ in range(ROUNDS):
        mean = np.exp(np.clip(design @ beta, -30, 30))
        information = design.T @ (design * mean[:, None])
        step = np.linalg.solve(information, design.T @ (cases - mean))
        beta = beta + np.clip(step, -2, 2)
        if np.abs(step).max() < EXACT:
            break
    mean = np.exp(np.clip(design @ beta, -30, 30))
    spread = max(1.0, float(((cases - mean) ** 2 / mean).sum() / (days - 2)))
    error = float(np.sqrt(spread * np.linalg.inv(design.T @ (design * mean[:, None]))[1, 1]))
    wide = float(stdtrit(days - 2, 0.975)) * error
    return Growth(float(beta[1]), float(beta[1]) - wide, float(beta[1]) + wide)

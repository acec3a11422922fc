"""The serial interval by whole days: the time from the onset of a case to the onset of whom it infected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammainc

from camphora.errors import Invalid
from camphora.methods.arguments import Floats, inside, numbers, whole
from camphora.methods.made import Made

VERSION = 1
LONGEST = 1e6
"""Days: of an interval's mean and standard deviation."""


@dataclass(frozen=True, slots=True)
class SerialInterval:
    """`probability[k]` of k days, k from 0; `mean` and `sd` are those of the discretised interval, in days."""

    probability: Floats
    mean: float
    sd: float
    made: Made


def discretised(*, mean: float, sd: float, days: int) -> SerialInterval:
    """A gamma interval shifted by one day, discretised over days 0 to `days`.

    With F the distribution function of 1 + Gamma(shape ((mean-1)/sd)^2, scale sd^2/(mean-1)), an onset that is equally
    likely at any hour of its day gives w(k) = integral of F(k+1-u) - F(k-u) over u in 0..1, k >= 1, and w(0) = 0; what
    lies beyond `days` is left out, so that the sum is slightly below 1.
    Source: Cori, Ferguson, Fraser, Cauchemez, Am J Epidemiol 2013;178:1505-12, web appendix 11.
    Assumes that nobody infects on the day of the own onset. Invalid `methods-range` unless mean > 1 and sd > 0.
    """
    days = whole(days, 1, 100_000, "days")
    checked_moments(mean, sd)
    made = Made("reproduction.serial_interval.discretised", VERSION, {"mean": mean, "sd": sd, "days": days})
    return _described(weights(np.array([mean]), np.array([sd]), days)[0], made)


def given(*, probability: Sequence[float]) -> SerialInterval:
    """An interval that is known by days, from day 0: none on day 0, none negative, sum 1 within 0.01. Invalid
    `methods-serial-interval`."""
    found = checked(probability, "probability")
    return _described(
        found, Made("reproduction.serial_interval.given", VERSION, {"probability": found.tolist()})
    )


def checked(probability: Sequence[float], name: str = "serial_interval") -> Floats:
    """As an array, or Invalid `methods-serial-interval`."""
    found = numbers(probability, name)
    good = found.ndim == 1 and found.size > 1 and found[0] == 0 and bool(np.all(found >= 0))
    if not good or abs(found.sum() - 1) > 0.01:
        raise Invalid("methods-serial-interval", argument=name)
    return found


def checked_moments(mean: float, sd: float) -> None:
    """Invalid `methods-range` unless both are numbers, the mean above 1 and the sd above 0."""
    inside(mean, 1.0, LONGEST, "mean")
    inside(sd, 0.0, LONGEST, "sd")


def weights(mean: Floats, sd: Floats, days: int) -> Floats:
    """Many intervals at once, shape (intervals, days + 1): the formula of `discretised`."""
    if not np.all(mean > 1):
        raise Invalid("methods-range", argument="mean", low="1 (excluded)", high="∞")
    if not np.all(sd > 0):
        raise Invalid("methods-range", argument="sd", low="0 (excluded)", high="∞")
    shape, scale = (((mean - 1) / sd) ** 2)[:, None], (sd**2 / (mean - 1))[:, None]
    day = np.arange(-2.0, days + 1)[None]
    at = np.maximum(day, 0) / scale
    below, moment = gammainc(shape, at), shape * scale * gammainc(shape + 1, at)
    # The integral of F up to a day; its second difference is the chance of that many whole days.
    area = day * below - moment
    found: Floats = np.maximum(area[:, 2:] - 2 * area[:, 1:-1] + area[:, :-2], 0)
    return found


def _described(probability: Floats, made: Made) -> SerialInterval:
    day = np.arange(probability.size)
    mean = float(day @ probability)
    variance = float(day**2 @ probability) - mean**2
    return SerialInterval(probability, mean, float(np.sqrt(max(variance, 0.0))), made)

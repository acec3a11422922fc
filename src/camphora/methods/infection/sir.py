"""The standardised infection ratio, and when it is not to be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from camphora.methods.arguments import Floats, one_of, within
from camphora.methods.infection.rates import INTERVALS, alike, limits, more
from camphora.methods.made import Made

TOLD, FEW = "told", "predicted-below-least"


@dataclass(frozen=True, slots=True)
class Ratio:
    """`ratio` of observed to predicted with its interval `lower` to `upper` and two-sided `p`; NaN where it is not to
    be told; `why`: "told", "predicted-below-least" or "missing". All of shape (units,)."""

    ratio: Floats
    lower: Floats
    upper: Floats
    p: Floats
    why: NDArray[Any]
    made: Made


@dataclass(frozen=True, slots=True)
class Compared:
    """`relative`: the second ratio over the first, with its interval and two-sided `p`; shape (pairs,)."""

    relative: Floats
    lower: Floats
    upper: Floats
    p: Floats
    made: Made


def sir(
    observed: ArrayLike,
    predicted: ArrayLike,
    *,
    level: float = 0.95,
    interval: str = "mid-p",
    least: float = 1.0,
) -> Ratio:
    """Observed over predicted infections by unit, shape (units,), with mid-P interval and test of a ratio of 1.

    The rules of NHSN ("Keys to Success with the SIR"): below `least` = 1.0 predicted the ratio is not calculated, and
    nothing of it is told; where none was observed the lower limit is not given (NaN). The p value is twice the smaller
    tail, at most 1, with half the probability of what was seen ("exact": all of it). NaN gives NaN and "missing".
    Assumes the prediction known without error and the count Poisson.
    Invalid `methods-shape`, `methods-negative`, `methods-not-whole` (a fraction of an infection), `methods-range`,
    `methods-choice`.
    """
    seen, awaited = alike(observed, predicted, "observed", "predicted")
    one_of(interval, INTERVALS, "interval")
    within(least, 0.0, 1e9, "least")
    low, high = limits(seen, level, interval)
    missing = np.isnan(seen) | np.isnan(awaited)
    told = ~missing & (awaited >= least)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio, low, high = (np.where(told, each / awaited, np.nan) for each in (seen, low, high))
    low = np.where(seen > 0, low, np.nan)
    p = np.where(told, _two_sided(seen, awaited, interval), np.nan)
    why = np.where(missing, "missing", np.where(told, TOLD, FEW))
    made = Made("infection.sir.sir", 1, {"level": level, "interval": interval, "least": least})
    return Ratio(ratio, low, high, p, why, made)


def compare(
    observed: ArrayLike,
    predicted: ArrayLike,
    other_observed: ArrayLike,
    other_predicted: ArrayLike,
    *,
    level: float = 0.95,
) -> Compared:
    """Two ratios against each other, as (other_observed/other_predicted) / (observed/predicted): given all infections
    of both, those of the other are binomial; mid-P interval and p value (Rothman, Modern Epidemiology, on two rates).

    Where the first observed none the relative ratio and the upper limit are infinite; where the other observed none the
    ratio and lower limit are 0; where both did, NaN. Not subject to the rule of the least predicted. NaN gives NaN.
    Errors as in `sir`.
    """
    seen, awaited = alike(observed, predicted, "observed", "predicted")
    other, other_awaited = alike(other_observed, other_predicted, "other_observed", "other_predicted")
    tail = (1 - within(level, 0.0, 1.0, "level")) / 2
    whole = seen + other
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = awaited / other_awaited
        relative = np.where(whole > 0, other / seen * scale, np.nan)
        low = np.where(other > 0, _odds(other, whole, tail), 0.0) * scale
        high = np.where(seen > 0, _odds(other, whole, 1 - tail), np.inf) * scale
        over = _more_binomial(other, whole, other_awaited / (awaited + other_awaited))
    empty = ~(whole > 0)
    low, high, p = (
        np.where(empty, np.nan, each) for each in (low, high, np.minimum(2 * np.minimum(over, 1 - over), 1.0))
    )
    return Compared(relative, low, high, p, Made("infection.sir.compare", 1, {"level": level}))


def _two_sided(seen: Floats, awaited: Floats, interval: str) -> Floats:
    over = more(seen, awaited)
    if interval == "mid-p":
        return np.asarray(np.minimum(2 * np.minimum(over, 1 - over), 1.0))
    upper = np.where(seen > 0, special.gammainc(np.maximum(seen, 1e-300), awaited), 1.0)
    lower = special.gammaincc(seen + 1, awaited)
    return np.asarray(np.minimum(2 * np.minimum(upper, lower), 1.0))


def _more_binomial(x: Floats, n: Floats, share: Floats) -> Floats:
    """P(X > x) + P(X = x)/2 for a binomial count."""
    at_least = np.where(x > 0, special.betainc(np.maximum(x, 1e-300), n - x + 1, share), 1.0)
    above = np.where(x < n, special.betainc(x + 1, np.maximum(n - x, 1e-300), share), 0.0)
    return np.asarray((at_least + above) / 2)


def _odds(x: Floats, n: Floats, wanted: float) -> Floats:
    """The odds p/(1-p) at which `_more_binomial` is `wanted`, by halving."""
    low, high = np.zeros_like(x), np.ones_like(x)
    for _ in range(80):
        middle = (low + high) / 2
        under = _more_binomial(x, n, middle) < wanted
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return np.asarray(low / (1 - low))

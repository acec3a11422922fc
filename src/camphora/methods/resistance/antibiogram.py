"""Antibiograms: the share of isolates that each drug would have reached."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from camphora.errors import Invalid
from camphora.methods.arguments import Floats, names, numbers, one_of, within
from camphora.methods.compiling import njit
from camphora.methods.made import Made
from camphora.methods.resistance.exact import exact
from camphora.methods.resistance.first_isolates import grades

INTERVALS = ("wilson", "clopper-pearson")


@dataclass(frozen=True, slots=True)
class Limits:
    """`lower` and `upper` limit, in the shape of the counts."""

    lower: Floats
    upper: Floats
    made: Made


@dataclass(frozen=True, slots=True)
class Antibiogram:
    """`organisms` name the rows; every array is of shape (organisms, drugs): isolates `tested`, those that count as
    `hit`, their `share` with its interval `lower` to `upper`, and whether it is `told`."""

    organisms: NDArray[Any]
    tested: Floats
    hit: Floats
    share: Floats
    lower: Floats
    upper: Floats
    told: NDArray[np.bool_]
    made: Made


def antibiogram(
    results: ArrayLike,
    organisms: ArrayLike,
    *,
    of: str = "S",
    interval: str = "wilson",
    level: float = 0.95,
    least: int = 30,
) -> Antibiogram:
    """The share of the tested isolates of each organism with result `of`: "S" (CLSI M39 counts S alone), "SI"
    (EUCAST's S and I, where I is susceptible with more exposure), "R" or "IR", for each drug.

    `results`: text S, I, R or empty, of shape (isolates, drugs); `organisms` of shape (isolates,). Give first isolates
    only. An empty result is not tested. Where fewer than `least` isolates were tested (M39: 30) the share and interval
    are there but `told` is False; where none was, they are NaN. Intervals: Wilson (1927), Journal of the American
    Statistical Association 22:209-212; Clopper and Pearson (1934), Biometrika 26:404-413. Assumes isolates
    independent. Invalid `methods-shape`, `methods-choice`, `methods-range`.
    """
    one_of(of, ("S", "SI", "R", "IR"), "of")
    within(least, 0, 1e9, "least")
    found, which = grades(results), names(organisms, "organisms")
    if found.ndim != 2 or which.shape != found.shape[:1]:
        raise Invalid(
            "methods-shape", argument="organisms", wanted=str(found.shape[:1]), found=str(which.shape)
        )
    organism, row = np.unique(which, return_inverse=True)
    wanted = [" SIR".index(letter) for letter in of]
    shape = (len(organism), found.shape[1])
    tested, hit = np.zeros(shape), np.zeros(shape)
    np.add.at(tested, row, found > 0)
    np.add.at(hit, row, np.isin(found, wanted))
    low, high = _limits(hit, tested, level, interval)
    with np.errstate(invalid="ignore"):
        share = np.where(tested > 0, hit / tested, np.nan)
    parameters = {"of": of, "interval": interval, "level": level, "least": least}
    made = Made("resistance.antibiogram.antibiogram", 1, parameters)
    return Antibiogram(organism, tested, hit, share, low, high, (tested >= least) & (tested > 0), made)


def proportion_limits(
    hit: ArrayLike, of: ArrayLike, *, level: float = 0.95, interval: str = "wilson"
) -> Limits:
    """Limits of the share of `hit` among `of`; NaN where `of` is 0 or either is NaN. Sources and errors as
    `antibiogram`."""
    x, n = numbers(hit, "hit"), numbers(of, "of")
    if x.shape != n.shape:
        raise Invalid("methods-shape", argument="of", wanted=str(x.shape), found=str(n.shape))
    if np.any(x < 0) or np.any(n < x):
        raise Invalid("methods-range", argument="hit", low=0, high="of")
    low, high = _limits(np.atleast_1d(x), np.atleast_1d(n), level, interval)
    made = Made("resistance.antibiogram.proportion_limits", 1, {"level": level, "interval": interval})
    return Limits(low, high, made)


def _limits(x: Floats, n: Floats, level: float, interval: str) -> tuple[Floats, Floats]:
    one_of(interval, INTERVALS, "interval")
    within(level, 0.0, 1.0, "level")
    with np.errstate(invalid="ignore", divide="ignore"):
        return (_wilson if interval == "wilson" else exact)(x, n, level)


def _wilson(x: Floats, n: Floats, level: float) -> tuple[Floats, Floats]:
    if level == 1.0:
        return np.where(n > 0, 0.0, np.nan) + 0.0 * x, np.where(n > 0, 1.0, np.nan) + 0.0 * x
    low, high = _scored(x.ravel(), n.ravel(), float(special.ndtri((1 + level) / 2)))
    return low.reshape(x.shape), high.reshape(x.shape)


@njit(cache=True, error_model="numpy")
def _scored(x: Floats, n: Floats, z: float) -> tuple[Floats, Floats]:
    low, high = np.empty(x.size), np.empty(x.size)
    for i in range(x.size):
        if not n[i] > 0:
            low[i] = high[i] = np.nan
            continue
        whole = n[i] + z * z
        middle = (x[i] + z * z / 2) / whole
        wide = math.sqrt(x[i] * (n[i] - x[i]) / n[i] + z * z / 4) * (z / whole)
        # rounding must not give none a limit above 0, nor all one below 1
        low[i] = 0.0 if x[i] == 0 else middle - wide
        high[i] = 1.0 if x[i] == n[i] else middle + wide
    return low, high

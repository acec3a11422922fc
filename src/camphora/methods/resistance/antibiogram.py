"""Antibiograms: the share of isolates that each drug would have reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from camphora.errors import Invalid
from camphora.methods.arguments import Floats, numbers, one_of, within
from camphora.methods.made import Made
from camphora.methods.resistance.first_isolates import grades

INTERVALS = ("wilson", "clopper-pearson")


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
    found, which = grades(results), np.asarray(organisms)
    if found.ndim != 2 or which.shape != found.shape[:1]:
        raise Invalid(
            "methods-shape", argument="organisms", wanted=f"({len(found)},)", found=str(which.shape)
        )
    names, row = np.unique(which, return_inverse=True)
    wanted = [" SIR".index(letter) for letter in of]
    shape = (len(names), found.shape[1])
    tested, hit = np.zeros(shape), np.zeros(shape)
    np.add.at(tested, row, found > 0)
    np.add.at(hit, row, np.isin(found, wanted))
    low, high = proportion_limits(hit, tested, level=level, interval=interval)
    with np.errstate(invalid="ignore"):
        share = np.where(tested > 0, hit / tested, np.nan)
    parameters = {"of": of, "interval": interval, "level": level, "least": least}
    made = Made("resistance.antibiogram.antibiogram", 1, parameters)
    return Antibiogram(names, tested, hit, share, low, high, (tested >= least) & (tested > 0), made)


def proportion_limits(
    hit: ArrayLike, of: ArrayLike, *, level: float = 0.95, interval: str = "wilson"
) -> tuple[Floats, Floats]:
    """Limits of the share of `hit` among `of`; NaN where `of` is 0. Invalid as `antibiogram`."""
    x, n = numbers(hit, "hit"), numbers(of, "of")
    one_of(interval, INTERVALS, "interval")
    within(level, 0.0, 1.0, "level")
    if x.shape != n.shape:
        raise Invalid("methods-shape", argument="of", wanted=str(x.shape), found=str(n.shape))
    if np.any(x < 0) or np.any(n < x):
        raise Invalid("methods-range", argument="hit", low=0, high="of")
    with np.errstate(invalid="ignore", divide="ignore"):
        return (_wilson if interval == "wilson" else _exact)(np.atleast_1d(x), np.atleast_1d(n), level)


def _wilson(x: Floats, n: Floats, level: float) -> tuple[Floats, Floats]:
    z = float(special.ndtri((1 + level) / 2))
    whole = n + z**2
    middle = (x + z**2 / 2) / whole
    wide = np.sqrt(x * (n - x) / n + z**2 / 4) * (z / whole)
    low, high = middle - wide, middle + wide
    # rounding must not give none a limit above 0, nor all one below 1
    low[x == 0], high[x == n] = 0.0, 1.0
    low[n == 0], high[n == 0] = np.nan, np.nan
    return low, high


def _exact(x: Floats, n: Floats, level: float) -> tuple[Floats, Floats]:
    tail, n = (1 - level) / 2, np.where(n > 0, n, np.nan)
    low = special.betaincinv(np.maximum(x, 1e-300), n - x + 1, tail)
    high = special.betaincinv(x + 1, np.maximum(n - x, 1e-300), 1 - tail)
    return np.where(x == 0, 0.0 * n, low), np.where(x == n, 1.0 + 0.0 * n, high)

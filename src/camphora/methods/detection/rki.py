"""The rule of the Robert Koch Institute: two standard deviations, or for small counts a Poisson interval."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from camphora.methods.arguments import flags, series
from camphora.methods.detection.bounds import Bounds, evaluated, references, whole
from camphora.methods.made import Made

CROW_GARDNER = np.array(
    [
        *(3.285, 5.323, 6.686, 8.102, 9.598, 11.177, 12.817, 13.765, 14.921, 16.768, 17.633),
        *(19.050, 20.335, 21.364, 22.945, 23.762, 25.400, 26.306, 27.735, 28.966, 30.017),
    ]
)
"""Upper ends of the 95 % confidence intervals of a Poisson mean for 0 to 20 cases (Crow and Gardner 1959, table 1)."""


def rki(
    counts: ArrayLike,
    *,
    b: int = 0,
    w: int = 6,
    current: bool = True,
    frequency: int = 52,
    last: int | None = None,
) -> Bounds:
    """The mean of the reference counts and two standard deviations; up to a mean of 20 the upper end of the 95 %
    interval of a Poisson mean for as many cases as the mean, rounded down. A count above the bound alarms.

    `counts`: cases a period, shape (series, times); `b` years back with `w` points to either side of the same point,
    and with `current` the `w` points just before; `frequency`: points a year; `last`: how many of the last points are
    evaluated (all by default).

    Assumes no season beyond the window and no trend. Missing references are left out; the standard deviation divides by
    n - 1, so a single reference with a count above 20 gives NaN. Where the series had not begun `b` years and `w`
    points before, the bound is NaN and nothing alarms. All references zero: 3.285.

    Source: the rule as in A. Riebler, Empirischer Vergleich von statistischen Methoden zur Ausbruchserkennung, LMU
    2004; the intervals of E. L. Crow and R. S. Gardner, Confidence intervals for the expectation of a Poisson variable,
    Biometrika 1959;46:441-453. Errors: Invalid `methods-range`, `methods-shape`, `methods-negative`, `methods-short`.
    """
    found = series(counts)
    b, w = whole(b, 0, "b"), whole(w, 0, "w")
    flags(current=current)
    parameters: dict[str, Any] = {
        "b": b,
        "w": w,
        "current": current,
        "frequency": whole(frequency, 1, "frequency"),
        "last": last,
    }
    at = evaluated(found.shape[1], last)
    known = references(found, at, b=b, w=w, current=current, frequency=frequency)
    number = np.where(at >= b * frequency + w, np.sum(~np.isnan(known), axis=2), 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nansum(known, axis=2) / number
        spread = np.sqrt(np.nansum((known - mean[..., None]) ** 2, axis=2) / (number - 1))
    few = CROW_GARDNER[np.minimum(np.nan_to_num(mean), 20).astype(np.int64)]
    upper = np.where(mean <= 20, few, mean + 2 * spread)
    return Bounds(at, upper, found[:, at] > upper, Made("detection.rki.rki", 1, parameters))

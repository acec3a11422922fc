"""The Bayes rule: the next count as its reference counts foretell it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from camphora.methods.arguments import Floats, flags, series, within
from camphora.methods.detection.bounds import Bounds, evaluated, references, whole
from camphora.methods.made import Made


def bayes(
    counts: ArrayLike,
    *,
    alpha: float = 0.05,
    b: int = 0,
    w: int = 6,
    current: bool = True,
    frequency: int = 52,
    last: int | None = None,
) -> Bounds:
    """The 1 - `alpha` quantile of the count that the reference counts foretell; a count above it alarms.

    With Jeffreys' prior Gamma(1/2, 0) on a Poisson mean and n references that add up to s, the next count is negative
    binomial with size s + 1/2 and probability n / (n + 1); the bound is its quantile, a whole number.

    `counts`: cases a period, shape (series, times); `b` years back with `w` points to either side of the same point,
    and with `current` the `w` points just before; `frequency`: points a year; `last`: how many of the last points are
    evaluated (all by default).

    Assumes references of one Poisson mean: no season beyond the window, no trend, no earlier outbreak among them.
    Missing references are left out. Where the series had not begun `b` years and `w` points before, the bound is NaN
    and nothing alarms. All references zero: the bound comes from the prior alone (size 1/2).

    Source: M. Höhle, surveillance: an R package for the monitoring of infectious diseases, Computational Statistics
    2007;22:571-582; A. Riebler, Empirischer Vergleich von statistischen Methoden zur Ausbruchserkennung, LMU 2004.
    Errors: Invalid `methods-range`, `methods-shape`, `methods-negative`, `methods-short`.
    """
    parameters: dict[str, Any] = {key: value for key, value in locals().items() if key != "counts"}
    found = series(counts)
    _refuse(alpha=alpha, b=b, w=w, current=current, frequency=frequency)
    at = evaluated(found.shape[1], last)
    known = references(found, at, b=b, w=w, current=current, frequency=frequency)
    begun = at >= b * frequency + w
    number = np.where(begun, np.sum(~np.isnan(known), axis=2), 0)
    upper = predictive_quantile(1 - alpha, np.nansum(known, axis=2), number)
    return Bounds(at, upper, found[:, at] > upper, Made("detection.bayes.bayes", 1, parameters))


def _refuse(*, alpha: float, b: int, w: int, current: bool, frequency: int) -> None:
    within(alpha, 1e-12, 1 - 1e-12, "alpha")
    whole(b, 0, "b")
    whole(w, 0, "w")
    flags(current=current)
    whole(frequency, 1, "frequency")


def predictive_quantile(level: float, total: Floats, number: Floats) -> Floats:
    """The quantile of the next count after `number` counts that add up to `total`; NaN after none. Each pair is worked
    out once: series of small counts hold few."""
    pairs, back = np.unique(np.stack([total.ravel(), number.ravel()]), axis=1, return_inverse=True)
    size, chance = pairs[0] + 0.5, pairs[1] / (pairs[1] + 1)
    known = pairs[1] > 0
    guess = special.nbdtrik(level, np.where(known, size, 1), np.where(known, chance, 0.5))
    count = np.maximum(np.ceil(guess), 0)
    # the root comes from an approximation: a whole number too many or too few is put right by the exact sum
    count += special.betainc(size, count + 1, np.where(known, chance, 0.5)) < level
    fewer = (count > 0) & (special.betainc(size, np.maximum(count, 1), np.where(known, chance, 0.5)) >= level)
    count = np.where(known, count - fewer, np.nan)
    answer: Floats = count[back.reshape(-1)].reshape(total.shape)
    return answer

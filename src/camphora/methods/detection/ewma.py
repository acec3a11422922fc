"""The exponentially weighted moving average: small lasting rises, seen sooner than by single counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from camphora.methods.arguments import Floats, series, within
from camphora.methods.compiling import njit
from camphora.methods.detection.bounds import evaluated, whole
from camphora.methods.made import Made


@dataclass(frozen=True, slots=True)
class Ewma:
    """`at`: which points were evaluated, counted from 0; `average`: the weighted average, `mean` and `spread`: of the
    baseline, `upper`: what the average may reach, `alarm`; all of shape (series, evaluated), NaN without baseline."""

    at: NDArray[np.int64]
    average: Floats
    mean: Floats
    spread: Floats
    upper: Floats
    alarm: NDArray[np.bool_]
    made: Made


def ewma(
    counts: ArrayLike,
    *,
    weight: float = 0.4,
    limit: float = 3.0,
    baseline: int = 28,
    guard: int = 2,
    least_spread: float = 0.5,
    last: int | None = None,
) -> Ewma:
    """z = `weight` × count + (1 - `weight`) × z before; alarms when z exceeds mean + `limit` × spread × sqrt(`weight` /
    (2 - `weight`)), mean and spread being of the `baseline` points that end `guard` points before the count.

    `counts`: cases a period, shape (series, times); `least_spread`: a baseline that hardly varies counts as varying so
    much; `last`: how many of the last points are evaluated (all by default; the average begins with the series either
    way).

    Assumes a level that stays over the baseline: no season shorter than it, no days of the week. z starts at the mean
    of the first baseline. A missing count leaves z as it was and never alarms; missing points of the baseline are left
    out; with fewer than two the bound is NaN. Before the first baseline is over all is NaN. A baseline of zeros has
    `least_spread`. The spread divides by n - 1.

    Source: S. W. Roberts, Control chart tests based on geometric moving averages, Technometrics 1959;1:239-250; with a
    moving baseline and a guard band as in H. S. Burkom, S. P. Murphy and G. Shmueli, Automated time series forecasting
    for biosurveillance, Statistics in Medicine 2007;26:4202-4218. Errors: Invalid `methods-range`, `methods-shape`,
    `methods-negative`, `methods-short`.
    """
    found = series(counts)
    within(weight, 1e-9, 1, "weight")
    within(limit, 0, 1e6, "limit")
    within(least_spread, 0, 1e12, "least_spread")
    baseline, guard = whole(baseline, 2, "baseline"), whole(guard, 0, "guard")
    parameters: dict[str, Any] = {
        "weight": weight,
        "limit": limit,
        "baseline": baseline,
        "guard": guard,
        "least_spread": least_spread,
        "last": last,
    }
    at = evaluated(found.shape[1], last)
    average, mean, spread = _averages(found, weight, baseline, guard, least_spread)
    upper = mean + limit * spread * np.sqrt(weight / (2 - weight))
    alarm = (average > upper) & ~np.isnan(found)
    made = Made("detection.ewma.ewma", 1, parameters)
    return Ewma(at, average[:, at], mean[:, at], spread[:, at], upper[:, at], alarm[:, at], made)


@njit(cache=True)
def _averages(
    counts: Floats, weight: float, baseline: int, guard: int, least: float
) -> tuple[Floats, Floats, Floats]:
    rows, times = counts.shape
    average, mean = np.full((rows, times), np.nan), np.full((rows, times), np.nan)
    spread = np.full((rows, times), np.nan)
    for row in range(rows):
        z = np.nan
        for t in range(baseline + guard, times):
            n, total = 0, 0.0
            for s in range(t - guard - baseline, t - guard):
                if not np.isnan(counts[row, s]):
                    n += 1
                    total += counts[row, s]
            if n >= 2:
                middle = total / n
                squares = 0.0
                for s in range(t - guard - baseline, t - guard):
                    if not np.isnan(counts[row, s]):
                        squares += (counts[row, s] - middle) ** 2
                mean[row, t] = middle
                spread[row, t] = max(np.sqrt(squares / (n - 1)), least)
                if np.isnan(z):
                    z = middle
            if not np.isnan(counts[row, t]) and not np.isnan(z):
                z = weight * counts[row, t] + (1 - weight) * z
            average[row, t] = z
    return average, mean, spread

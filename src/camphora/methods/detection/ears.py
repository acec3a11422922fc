"""EARS, the Early Aberration Reporting System: today against the mean of the days just before."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from camphora.methods.arguments import Floats, one_of, series, within
from camphora.methods.detection.bounds import Bounds, evaluated, whole
from camphora.methods.made import Made

GAP = 2  # points between the baseline and today in C2 and C3, so that an outbreak's first days do not hide it


def c1(
    counts: ArrayLike,
    *,
    alpha: float = 0.001,
    baseline: int = 7,
    min_sigma: float = 0.0,
    last: int | None = None,
) -> Bounds:
    """upper = m + z s: m and s are the mean and the standard deviation (divided by `baseline` - 1) of the `baseline`
    points just before, z the standard normal quantile of 1 - `alpha`, s at least `min_sigma`.

    `counts`: cases a day or week, shape (series, times); the `last` points are evaluated, all by default. Assumes
    nearly normal counts without trend or season within the baseline. A missing count within the baseline, or too few
    points before, gives NaN and no alarm; a missing count of today no alarm. A baseline of equal counts gives s = 0
    (`min_sigma` guards against it).

    Equal to earsC of R's surveillance. Source: L. Hutwagner, W. Thompson, G. M. Seeman and T. Treadwell, The
    bioterrorism preparedness and response Early Aberration Reporting System (EARS), Journal of Urban Health 2003;80
    (2 suppl 1):i89-i96. Errors: Invalid `methods-range`, `methods-shape`, `methods-negative`.
    """
    return _bounds(counts, "c1", alpha=alpha, baseline=baseline, min_sigma=min_sigma, last=last, gap=0)


def c2(
    counts: ArrayLike,
    *,
    alpha: float = 0.001,
    baseline: int = 7,
    min_sigma: float = 0.0,
    last: int | None = None,
) -> Bounds:
    """As C1, with two points left out between the baseline and today. All else as there."""
    return _bounds(counts, "c2", alpha=alpha, baseline=baseline, min_sigma=min_sigma, last=last, gap=GAP)


def c3(
    counts: ArrayLike,
    *,
    alpha: float = 0.025,
    baseline: int = 7,
    min_sigma: float = 0.0,
    last: int | None = None,
    like: str | None = None,
) -> Bounds:
    """C3 = the sum over today and the two points before of max(0, (y - m) / s - 1), m and s as in C2; above z it
    alarms.

    `upper` is the count of today above which it does: m + s (1 + z - what the two points before bring), and 0 where
    these alone bring more than z. With s = 0 a count above m brings infinity, any other nothing: give `min_sigma` for
    rare diseases. Missing values among today's baseline and those of the two points before, or among these two, give
    NaN and no alarm. Shapes, units, assumptions and source as in C1.

    `like="surveillance"` follows earsC of R's package, whose upper = max(0, y + s (z - what the two points before
    bring)) holds today's own count y, so that it alarms by the two points before alone, and is NaN where a baseline
    of equal counts meets the same count (0/0).
    """
    found = series(counts)
    z = _quantile(alpha)
    if like is not None:
        one_of(like, ("surveillance",), "like")
    mean, sigma = _baseline(found, baseline, min_sigma, GAP)
    with np.errstate(invalid="ignore", divide="ignore"):
        brought = np.maximum(0, (found - mean) / sigma - 1)
        if like is None:
            brought = np.where(sigma == 0, np.where(found > mean, np.inf, 0 * found), brought)
        before = _earlier(brought, 1) + _earlier(brought, 2)
        if like is None:
            upper = np.where(before > z, 0.0, mean + sigma * (1 + z - before))
            upper = np.where(np.isnan(before), np.nan, upper)
            alarm = before + brought > z
        else:
            upper = np.maximum(0, found + sigma * (z - before))
            alarm = found > upper
    parameters = _parameters(alpha, baseline, min_sigma, last) | {"like": like}
    at = evaluated(found.shape[1], last)
    return Bounds(at, upper[:, at], alarm[:, at], Made("detection.ears.c3", 1, parameters))


def _bounds(
    counts: ArrayLike, name: str, *, alpha: float, baseline: int, min_sigma: float, last: int | None, gap: int
) -> Bounds:
    found = series(counts)
    z = _quantile(alpha)
    mean, sigma = _baseline(found, baseline, min_sigma, gap)
    at = evaluated(found.shape[1], last)
    upper = (mean + z * sigma)[:, at]
    made = Made(f"detection.ears.{name}", 1, _parameters(alpha, baseline, min_sigma, last))
    return Bounds(at, upper, found[:, at] > upper, made)


def _baseline(counts: Floats, baseline: int, min_sigma: float, gap: int) -> tuple[Floats, Floats]:
    """Mean and standard deviation of the points before each, NaN where there are not as many."""
    whole(baseline, 2, "baseline")
    within(min_sigma, 0, 1e12, "min_sigma")
    mean = np.full(counts.shape, np.nan)
    sigma = np.full(counts.shape, np.nan)
    first = baseline + gap
    if counts.shape[1] > first:
        windows = np.lib.stride_tricks.sliding_window_view(counts, baseline, axis=1)[:, : -gap - 1]
        mean[:, first:] = windows.mean(axis=2)
        sigma[:, first:] = np.maximum(windows.std(axis=2, ddof=1), min_sigma)
    return mean, sigma


def _earlier(values: Floats, points: int) -> Floats:
    found = np.full(values.shape, np.nan)
    found[:, points:] = values[:, :-points]
    return found


def _quantile(alpha: float) -> float:
    return float(-special.ndtri(within(alpha, 1e-300, 0.5, "alpha")))


def _parameters(alpha: float, baseline: int, min_sigma: float, last: int | None) -> dict[str, Any]:
    return {"alpha": alpha, "baseline": baseline, "min_sigma": min_sigma, "last": last}

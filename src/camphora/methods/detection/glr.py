"""Likelihood-ratio charts: since when, and by how much, have counts run above the mean that was to be expected?"""
# ruff: noqa: PLR0917 - what numba compiles takes its arguments by position

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from camphora.methods.arguments import Floats, one_of, same_shape, series, within
from camphora.methods.detection import baseline
from camphora.methods.detection.baseline import Baseline
from camphora.methods.detection.bounds import evaluated, whole
from camphora.methods.made import Made

MOST_CASES = 10**9


@dataclass(frozen=True, slots=True)
class Glr:
    """`at`: which points were evaluated, counted from 0; `mean`: what was expected; `alpha`: dispersion of each series
    (variance = mean + alpha mean²); `statistic`; `alarm`; `cases`: the least count that would have alarmed, NaN unless
    asked for, -1 where no count would; `fits`: the baselines of each series, one and one more after each alarm with
    `refit`. All but `at`, `alpha` and `fits` of shape (series, evaluated)."""

    at: NDArray[np.int64]
    mean: Floats
    alpha: Floats
    statistic: Floats
    alarm: NDArray[np.bool_]
    cases: Floats
    fits: tuple[tuple[Baseline, ...], ...]
    made: Made


def glr(
    counts: ArrayLike,
    expected: ArrayLike | None = None,
    *,
    limit: float = 5.0,
    alpha: float | None = None,
    theta: float | None = None,
    change: str = "intercept",
    direction: str = "inc",
    window: int | None = None,
    least_window: int = 1,
    seasons: int = 1,
    trend: bool = True,
    refit: bool = False,
    cases: bool = False,
    frequency: int = 52,
    last: int = 52,
    like: str | None = None,
) -> Glr:
    """The generalised likelihood ratio of a rise that began at any earlier point, against none; at `limit` and above it
    alarms, and begins anew at the next point.

    At each point n the statistic is the largest, over the beginnings k, of the sum from k to n of log f(y; m1) - log
    f(y; m0). `change="intercept"`: m1 = m0 exp(kappa), `"epidemic"`: m1 = m0 + lambda × the count before; kappa above 0
    (below with `direction="dec"`) or lambda above 0 with the greatest likelihood. With `theta` kappa or lambda is that
    number and the statistic the plain sum, max(0, sum before + log ratio). f is Poisson (`alpha` 0) or negative
    binomial with variance m + `alpha` m².

    `counts`: cases a period, shape (series, times); the `last` points are evaluated. `expected`: m0 of the evaluated
    points, shape (series, `last`) or one row; by default a log-linear regression on all points before them, with
    `seasons` harmonics of `frequency` points a year and a `trend`. `alpha` None: estimated with it by maximum
    likelihood, from the first fit (with `expected` it must be given). `refit`: fitted anew after each alarm, to the
    points up to the alarm, alpha as at first. `window`: beginnings no more than so many points before n; `least_window`
    points at least. `cases`: also the least whole count at n that would alarm, given those before it (only for "inc").

    Assumes independent counts given m0, and a baseline without outbreaks. A missing count adds nothing and does not
    alarm; missing points of the baseline are left out. A baseline of zeros, or too short for its terms, gives NaN and
    no alarm. Lambda is the first maximum above 0.

    `like="surveillance"` follows algo.glrnb of R's package where it departs: regressions stop early; without `window`
    kappa of the negative binomial is sought by Newton's undamped steps from 0.5 for the longest window, then from the
    answer before, and a search that leaps below -18 stays there for the shorter windows, so that falls ("dec") go
    unseen for weeks; the epidemic chart of the negative binomial takes exp(kappa) of the intercept chart for lambda.

    Source: M. Höhle and M. Paul, Count data regression charts for the monitoring of surveillance time series,
    Computational Statistics & Data Analysis 2008;52:4357-4368. Errors: Invalid `methods-range`, `methods-choice`,
    `methods-shape`, `methods-negative`, `methods-short`.
    """
    found = series(counts, least=2)
    one_of(change, ("intercept", "epidemic"), "change")
    one_of(direction, ("inc", "dec"), "direction")
    within(limit, 1e-12, 1e9, "limit")
    if alpha is not None or expected is not None:
        within(np.nan if alpha is None else alpha, 0, 1e9, "alpha")
    if theta is not None:
        within(theta, -50 if change == "intercept" else 0, 50, "theta")
    if like is not None:
        one_of(like, ("surveillance",), "like")
    if cases:
        one_of(direction, ("inc",), "direction")
    parameters: dict[str, Any] = {
        "limit": limit,
        "alpha": alpha,
        "theta": theta,
        "change": change,
        "direction": direction,
        "window": window if window is None else whole(window, 1, "window"),
        "least_window": whole(least_window, 1, "least_window"),
        "seasons": whole(seasons, 0, "seasons"),
        "trend": trend,
        "refit": refit,
        "cases": cases,
        "frequency": whole(frequency, 1, "frequency"),
        "last": whole(last, 1, "last", found.shape[1] - 1),
        "like": like,
    }
    at = evaluated(found.shape[1], last)
    chart = _Chart(
        limit=limit,
        theta=np.nan if theta is None else theta,
        epidemic=change == "epidemic",
        sign=1.0 if direction == "inc" else -1.0,
        window=-1 if window is None else window,
        least=least_window,
        cases=cases,
        early=like is not None,
    )
    model = _Model(seasons, trend, frequency, refit, chart.early)
    means = None if expected is None else same_shape(series(expected, "expected"), found[:, at], "expected")
    rows = [
        _one(row, None if means is None else means[i], at, alpha, chart, model) for i, row in enumerate(found)
    ]
    mean, alphas, statistic, alarm, needed, fits = zip(*rows, strict=True)
    return Glr(
        at,
        np.array(mean),
        np.array(alphas),
        np.array(statistic),
        np.array(alarm),
        np.array(needed),
        tuple(fits),
        Made("detection.glr.glr", 1, parameters),
    )


@dataclass(frozen=True, slots=True)
class _Chart:
    limit: float
    theta: float
    epidemic: bool
    sign: float
    window: int
    least: int
    cases: bool
    early: bool


@dataclass(frozen=True, slots=True)
class _Model:
    seasons: int
    trend: bool
    frequency: int
    refit: bool
    early: bool

    def fitted(self, counts: Floats, theta: float | None, times: int) -> tuple[Baseline, Floats]:
        """The baseline of these counts, and the mean that it gives for all points."""
        rows = baseline.design(
            np.arange(1, times + 1), seasons=self.seasons, trend=self.trend, frequency=self.frequency
        )
        beta, size, converged = baseline.fit(counts, rows[: len(counts)], theta=theta, early=self.early)
        names = baseline.terms(seasons=self.seasons, trend=self.trend)
        return Baseline(names, beta, size, converged), np.exp(rows @ beta)


def _one(
    counts: Floats,
    mean: Floats | None,
    at: NDArray[np.int64],
    alpha: float | None,
    chart: _Chart,
    model: _Model,
) -> tuple[Floats, float, Floats, NDArray[np.bool_], Floats, tuple[Baseline, ...]]:
    first, times = int(at[0]), len(counts)
    fits: list[Baseline] = []
    if mean is None:
        theta = None if alpha is None else (np.inf if alpha == 0 else 1 / alpha)
        fit, fitted = model.fitted(counts[:first], theta, times)
        fits.append(fit)
        mean, alpha = fitted[first:].copy(), 1 / fit.theta
    assert alpha is not None
    y, before = counts[first:], counts[first - 1 : -1]
    statistic, alarm = np.full(len(at), np.nan), np.zeros(len(at), dtype=np.bool_)
    needed = np.full(len(at), np.nan)
    start = 0
    while start < len(at) and not np.isnan(mean[start:]).any() and not np.isnan(alpha):
        done = _run(y, mean, before, alpha, start, chart, statistic, needed)
        if done < 0:
            break
        alarm[done] = True
        start = done + 1
        if model.refit and fits and start < len(at):
            fit, fitted = model.fitted(counts[: first + start], np.inf if alpha == 0 else 1 / alpha, times)
            fits.append(fit)
            mean[start:] = fitted[first + start :]
    return mean, alpha, statistic, alarm, needed, tuple(fits)


def _run(
    y: Floats,
    mean: Floats,
    before: Floats,
    alpha: float,
    start: int,
    chart: _Chart,
    statistic: Floats,
    needed: Floats,
) -> int:
    known = ~np.isnan(y)
    counts, means = np.where(known, y, 0), np.where(known, mean, 0)
    rise = np.nan_to_num(before)
    done: int = _until_alarm(
        counts,
        means,
        rise,
        known,
        alpha,
        start,
        chart.limit,
        chart.theta,
        chart.epidemic,
        chart.sign,
        chart.window,
        chart.least,
        chart.cases,
        chart.early,
        statistic,
        needed,
    )
    return done


@njit(cache=True)
def _until_alarm(
    y: Floats,
    m: Floats,
    rise: Floats,
    known: NDArray[np.bool_],
    alpha: float,
    start: int,
    limit: float,
    theta: float,
    epidemic: bool,
    sign: float,
    window: int,
    least: int,
    cases: bool,
    early: bool,
    statistic: Floats,
    needed: Floats,
) -> int:
    """Fills in the statistic from `start` to the first alarm, and says where that is; -1: nowhere."""
    before = 0.0
    for n in range(start, len(y)):
        if cases and known[n]:
            needed[n] = _needed(
                y, m, rise, alpha, start, n, limit, theta, epidemic, sign, window, least, early, before
            )
        statistic[n] = _statistic(
            y, m, rise, alpha, start, n, theta, epidemic, sign, window, least, early, before
        )
        before = statistic[n]
        if statistic[n] >= limit and known[n]:
            return n
    return -1


@njit(cache=True)
def _needed(
    y: Floats,
    m: Floats,
    rise: Floats,
    alpha: float,
    start: int,
    n: int,
    limit: float,
    theta: float,
    epidemic: bool,
    sign: float,
    window: int,
    least: int,
    early: bool,
    before: float,
) -> float:
    seen = y[n]
    low, high = -1, 1
    y[n] = high
    while (
        _statistic(y, m, rise, alpha, start, n, theta, epidemic, sign, window, least, early, before) < limit
    ):
        low, high = high, 2 * high
        y[n] = high
        if high > MOST_CASES:
            y[n] = seen
            return -1.0
    while high - low > 1:
        middle = (low + high) // 2
        y[n] = middle
        if (
            _statistic(y, m, rise, alpha, start, n, theta, epidemic, sign, window, least, early, before)
            < limit
        ):
            low = middle
        else:
            high = middle
    y[n] = seen
    return float(high)


@njit(cache=True)
def _statistic(
    y: Floats,
    m: Floats,
    rise: Floats,
    alpha: float,
    start: int,
    n: int,
    theta: float,
    epidemic: bool,
    sign: float,
    window: int,
    least: int,
    early: bool,
    before: float,
) -> float:
    if not np.isnan(theta):
        here = m[n] + theta * rise[n] if epidemic else m[n] * np.exp(theta)
        return max(0.0, before + _ratio(y[n], m[n], here if m[n] > 0 else 0.0, alpha))
    best = 0.0
    first = start if window < 0 else max(start, n - window)
    if early and alpha > 0 and window < 0:
        kappa = 0.5
        for k in range(first, n - least + 2):
            kappa = _undamped(y, m, alpha, k, n, kappa)
            if epidemic:
                found = _sum_epidemic(y, m, rise, alpha, k, n, np.exp(kappa))
            else:
                found = _sum_intercept(y, m, alpha, k, n, kappa) if sign * kappa > 0 else 0.0
            if found > best and np.isfinite(found):
                best = found
            if np.isnan(kappa):
                kappa = 0.0
        return best
    # from the shortest window on, so that whether the rise points the right way is a running sum
    slope = 0.0
    total_y, total_m = 0.0, 0.0
    for k in range(n, first - 1, -1):
        total_y += y[k]
        total_m += m[k]
        if epidemic:
            if m[k] > 0:
                slope += rise[k] * (y[k] - m[k]) / (m[k] * (1 + alpha * m[k]))
        else:
            slope += (y[k] - m[k]) / (1 + alpha * m[k])
        if n - k + 1 < least or slope * sign <= 0:
            continue
        if epidemic:
            found = _sum_epidemic(y, m, rise, alpha, k, n, _rising(y, m, rise, alpha, k, n))
        elif total_y == 0:
            found = _nothing(m, alpha, k, n)
        elif alpha == 0:
            found = total_y * np.log(total_y / total_m) - (total_y - total_m)
        else:
            found = _sum_intercept(y, m, alpha, k, n, _kappa(y, m, alpha, k, n))
        best = max(best, found)
    return best


@njit(cache=True)
def _ratio(y: float, m: float, other: float, alpha: float) -> float:
    """log f(y; other) - log f(y; m)."""
    if m == 0:
        return 0.0
    if alpha == 0:
        return float(y * np.log(other / m) - (other - m))
    return float(y * np.log(other / m) - (y + 1 / alpha) * np.log((1 + alpha * other) / (1 + alpha * m)))


@njit(cache=True)
def _nothing(m: Floats, alpha: float, k: int, n: int) -> float:
    """The greatest ratio where all counts are zero: that of a mean of zero."""
    total = 0.0
    for t in range(k, n + 1):
        total += m[t] if alpha == 0 else np.log1p(alpha * m[t]) / alpha
    return total


@njit(cache=True)
def _sum_intercept(y: Floats, m: Floats, alpha: float, k: int, n: int, kappa: float) -> float:
    total, factor = 0.0, np.exp(kappa)
    for t in range(k, n + 1):
        if alpha == 0:
            total += y[t] * kappa - m[t] * (factor - 1)
        else:
            total += y[t] * kappa - (y[t] + 1 / alpha) * np.log(
                (1 + alpha * m[t] * factor) / (1 + alpha * m[t])
            )
    return total


@njit(cache=True)
def _sum_epidemic(y: Floats, m: Floats, rise: Floats, alpha: float, k: int, n: int, factor: float) -> float:
    total = 0.0
    for t in range(k, n + 1):
        if m[t] > 0:
            total += _ratio(y[t], m[t], m[t] + factor * rise[t], alpha)
    return total


@njit(cache=True)
def _kappa(y: Floats, m: Floats, alpha: float, k: int, n: int) -> float:
    """The kappa with the greatest likelihood: Newton's steps, halved into a bracket that always holds it."""
    low, high = np.inf, -np.inf
    total_y, total_m = 0.0, 0.0
    for t in range(k, n + 1):
        if m[t] > 0:
            low, high = min(low, y[t] / m[t]), max(high, y[t] / m[t])
            total_y += y[t]
            total_m += m[t]
    low, high = max(np.log(max(low, 1e-300)), -690.0), np.log(high)
    kappa = np.log(total_y / total_m)
    for _ in range(200):
        factor = np.exp(kappa)
        slope, bend = 0.0, 0.0
        for t in range(k, n + 1):
            e = m[t] * factor
            share = 1 / (1 + alpha * e)
            slope += (y[t] - e) * share
            bend += e * (1 + alpha * y[t]) * share * share
        if slope > 0:
            low = kappa
        else:
            high = kappa
        step = slope / bend
        if abs(step) <= 1e-12 or high - low <= 1e-13:
            return float(kappa + step if low <= kappa + step <= high else kappa)
        kappa += step
        if not low < kappa < high:
            kappa = (low + high) / 2
    return float(kappa)


@njit(cache=True)
def _undamped(y: Floats, m: Floats, alpha: float, k: int, n: int, kappa: float) -> float:
    """R's search: see `like` in `glr`."""
    before = kappa + 99
    for _ in range(1000):
        if not (abs(kappa - before) > 1e-6 and kappa > -18):
            break
        before = kappa
        factor = np.exp(kappa)
        slope, bend = 0.0, 0.0
        for t in range(k, n + 1):
            e = m[t] * factor
            slope += (y[t] - e) / (1 + alpha * e)
            bend -= e * (1 + alpha * y[t]) / (1 + alpha * e) ** 2
        kappa -= slope / bend if bend != 0 else slope * -np.inf
    return kappa


@njit(cache=True)
def _rising(y: Floats, m: Floats, rise: Floats, alpha: float, k: int, n: int) -> float:
    """The first lambda above 0 where the likelihood stops to grow, by halving; beyond `high` it only falls."""
    high = 0.0
    for t in range(k, n + 1):
        if rise[t] > 0 and m[t] > 0:
            high = max(high, (y[t] - m[t]) / rise[t])
    low = 0.0
    for _ in range(200):
        middle = (low + high) / 2
        slope = 0.0
        for t in range(k, n + 1):
            if rise[t] > 0 and m[t] > 0:
                e = m[t] + middle * rise[t]
                slope += rise[t] * (y[t] - e) / (e * (1 + alpha * e))
        if slope > 0:
            low = middle
        else:
            high = middle
        if high - low <= 1e-12 * (1 + low):
            break
    return (low + high) / 2

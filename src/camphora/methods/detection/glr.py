"""Likelihood-ratio charts: since when, and by how much, have counts run above the mean that was to be expected?"""
# ruff: noqa: PLR0917 - what numba compiles takes its arguments by position

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from camphora.methods.arguments import Floats, flags, one_of, same_shape, series, within
from camphora.methods.detection import baseline
from camphora.methods.detection.baseline import Baseline
from camphora.methods.detection.bounds import evaluated, whole
from camphora.methods.made import Made

MOST_CASES = 10**9
DEEPEST = 200  # parts of a span that wait to be looked at
_Row = tuple[Floats, float, Floats, NDArray[np.bool_], Floats, tuple[Baseline, ...]]


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
    (below with `direction="dec"`, which the epidemic chart has not) or lambda above 0 with the greatest likelihood.
    With `theta` kappa or lambda is that number and the statistic the plain sum, max(0, sum before + log ratio). f is
    Poisson (`alpha` 0) or negative binomial with variance m + `alpha` m².

    `counts`: cases a period, shape (series, times); the `last` points are evaluated. `expected`: m0 of the evaluated
    points, shape (series, `last`) or one row; by default a log-linear regression on all points before them, with
    `seasons` harmonics of `frequency` points a year and a `trend`. `alpha` None: estimated with it by maximum
    likelihood, from the first fit (with `expected` it must be given). `refit`: fitted anew after each alarm, to the
    points up to the alarm, alpha as at first. `window`: beginnings no more than so many points before n; `least_window`
    points at least. `cases`: also the least whole count at n that would alarm, given those before it (only for "inc").

    Assumes independent counts given m0, and a baseline without outbreaks. A missing count or mean adds nothing and does
    not alarm; missing points of the baseline are left out. A baseline of zeros, or too short for its terms, gives NaN
    and no alarm. Where m0 is 0 no case can come: a count of 0 adds nothing to the intercept chart, a case makes the
    statistic infinite and alarms (a fall, "dec" or `theta` below 0, passes such points over). The epidemic likelihood
    of the negative binomial may have several tops: the highest is given.

    `like="surveillance"` follows algo.glrnb and algo.glrpois of R's package where they depart. Regressions stop early.
    Negative binomial, without `window` or epidemic: kappa is sought by Newton's undamped steps from 0.5 for the longest
    window, then from the answer before, and a search that leaps below -18 stays there for the shorter windows, so that
    falls ("dec") go unseen for weeks. Its epidemic chart takes exp(kappa) of the intercept chart for lambda, whether or
    not `theta` is given, and nothing came before the first point evaluated. Poisson: the first `least_window` - 1
    points have no statistic, and then beginnings up to n itself count (with `window` up to n - `least_window`); windows
    without a case add nothing. Not followed: the Poisson epidemic chart, whose search for lambda fails in R (5 and 20
    cases at a mean of 6 give 4e-6, the largest being 10.08), and `cases`.

    Source: M. Höhle and M. Paul, Count data regression charts for the monitoring of surveillance time series,
    Computational Statistics & Data Analysis 2008;52:4357-4368. Errors: Invalid `methods-range`, `methods-choice`,
    `methods-shape`, `methods-negative`, `methods-short`.
    """
    parameters: dict[str, Any] = {
        key: value for key, value in locals().items() if key not in {"counts", "expected"}
    }
    found = series(counts, least=2)
    _refuse(found.shape[1], expected is not None, **parameters)
    at = evaluated(found.shape[1], last)
    chart = _chart(parameters)
    model = _Model(seasons, trend, frequency, refit, chart.early)
    means = None if expected is None else same_shape(series(expected, "expected"), found[:, at], "expected")
    rows = [
        _one(row, None if means is None else means[i], at, alpha, chart, model) for i, row in enumerate(found)
    ]
    return _together(at, rows, Made("detection.glr.glr", 4, parameters))


def _together(at: NDArray[np.int64], rows: list[_Row], made: Made) -> Glr:
    if not rows:
        nothing = np.empty((0, len(at)))
        return Glr(at, nothing, np.empty(0), nothing, nothing.astype(np.bool_), nothing, (), made)
    mean, alphas, statistic, alarm, needed, fits = zip(*rows, strict=True)
    return Glr(
        at,
        np.array(mean),
        np.array(alphas),
        np.array(statistic),
        np.array(alarm),
        np.array(needed),
        tuple(fits),
        made,
    )


def _refuse(
    times: int,
    expects: bool,
    *,
    limit: float,
    alpha: float | None,
    theta: float | None,
    change: str,
    direction: str,
    window: int | None,
    least_window: int,
    seasons: int,
    trend: bool,
    refit: bool,
    cases: bool,
    frequency: int,
    last: int,
    like: str | None,
) -> None:
    one_of(change, ("intercept", "epidemic"), "change")
    flags(trend=trend, refit=refit, cases=cases)
    rises = change == "epidemic" or cases
    one_of(direction, ("inc",) if rises else ("inc", "dec"), "direction")
    within(limit, 1e-12, 1e9, "limit")
    if alpha is not None or expects:
        within(np.nan if alpha is None else alpha, 0, 1e9, "alpha")
    if theta is not None:
        within(theta, -50 if change == "intercept" else 0, 50, "theta")
    if like is not None:
        one_of(like, ("surveillance",), "like")
    if window is not None:
        whole(window, 1, "window")
    whole(least_window, 1, "least_window")
    whole(seasons, 0, "seasons")
    whole(frequency, 1, "frequency")
    whole(last, 1, "last", times - 1)


class _Chart(NamedTuple):
    limit: float
    theta: float
    epidemic: bool
    falls: bool
    window: int
    least: int
    cases: bool
    early: bool


def _chart(p: dict[str, Any]) -> _Chart:
    return _Chart(
        limit=float(p["limit"]),
        theta=np.nan if p["theta"] is None else float(p["theta"]),
        epidemic=p["change"] == "epidemic",
        falls=p["direction"] == "dec",
        window=-1 if p["window"] is None else int(p["window"]),
        least=int(p["least_window"]),
        cases=p["cases"],
        early=p["like"] is not None,
    )


class _Points(NamedTuple):
    """The evaluated points of a series. Where one is not known its count, mean and count before are 0. `gain`: the most
    that a point can add to the statistic; `dip`, `crest`: the means where its likelihood falls most steeply, and where
    it bends upwards most."""

    y: Floats
    mean: Floats
    before: Floats
    known: NDArray[np.bool_]
    gain: Floats
    dip: Floats
    crest: Floats
    alpha: float


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
) -> _Row:
    first, times = int(at[0]), len(counts)
    fits: list[Baseline] = []
    if mean is None:
        theta = None if alpha is None else (np.inf if alpha == 0 else 1 / alpha)
        fit, fitted = model.fitted(counts[:first], theta, times)
        fits.append(fit)
        mean, alpha = fitted[first:].copy(), 1 / fit.theta
    assert alpha is not None
    y, before = counts[first:], counts[first - 1 : -1].copy()
    if chart.early:
        before[0] = 0.0
    statistic, alarm = np.full(len(at), np.nan), np.zeros(len(at), dtype=np.bool_)
    needed = np.full(len(at), np.nan)
    start = 0
    while start < len(at) and not np.isnan(mean[start:]).all() and not np.isnan(alpha):
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
    known = ~np.isnan(y) & ~np.isnan(mean)
    if chart.falls or chart.theta < 0:
        known &= mean > 0
    done: int = _unpacked(
        np.where(known, y, 0.0),
        np.where(known, mean, 0.0),
        np.where(known, np.nan_to_num(before), 0.0),
        known,
        float(alpha),
        *chart,
        start,
        statistic,
        needed,
    )
    return done


@njit(cache=True, error_model="numpy")
def _unpacked(
    y: Floats,
    mean: Floats,
    before: Floats,
    known: NDArray[np.bool_],
    alpha: float,
    limit: float,
    theta: float,
    epidemic: bool,
    falls: bool,
    window: int,
    least: int,
    cases: bool,
    early: bool,
    start: int,
    statistic: Floats,
    needed: Floats,
) -> int:
    """Tuples are made here: to hand them over from Python costs as much as many a chart."""
    shapes = np.zeros((3, len(y)))
    points = _Points(y, mean, before, known, shapes[0], shapes[1], shapes[2], alpha)
    chart = _Chart(limit, theta, epidemic, falls, window, least, cases, early)
    return _until_alarm(points, chart, start, statistic, needed)


@njit(cache=True, error_model="numpy")
def _until_alarm(points: _Points, chart: _Chart, start: int, statistic: Floats, needed: Floats) -> int:
    """Fills in the statistic from `start` to the first alarm, and says where that is; -1: nowhere."""
    before = 0.0
    for n in range(start, len(points.y)):
        if chart.cases and points.known[n]:
            needed[n] = _needed(points, chart, start, n, before)
        statistic[n] = _statistic(points, chart, start, n, before)
        before = statistic[n]
        if statistic[n] >= chart.limit and points.known[n]:
            return n
    return -1


@njit(cache=True, error_model="numpy")
def _needed(points: _Points, chart: _Chart, start: int, n: int, before: float) -> float:
    """The least count at n that alarms, by doubling and halving; -1: none does."""
    seen = points.y[n]
    low, high = -1, 1
    points.y[n] = high
    while _statistic(points, chart, start, n, before) < chart.limit:
        low, high = high, 2 * high
        points.y[n] = high
        if high > MOST_CASES:
            points.y[n] = seen
            return -1.0
    while high - low > 1:
        middle = (low + high) // 2
        points.y[n] = middle
        if _statistic(points, chart, start, n, before) < chart.limit:
            low = middle
        else:
            high = middle
    points.y[n] = seen
    return float(high)


@njit(cache=True, error_model="numpy")
def _statistic(points: _Points, chart: _Chart, start: int, n: int, before: float) -> float:
    y, m = points.y[n], points.mean[n]
    if m == 0 and y > 0:
        return np.inf
    if not np.isnan(chart.theta) and not (chart.early and chart.epidemic):
        raised = m + chart.theta * points.before[n] if chart.epidemic else m * np.exp(chart.theta)
        return max(0.0, before + _ratio(y, m, raised, points.alpha))
    first = start if chart.window < 0 else max(start, n - chart.window)
    if chart.early and points.alpha > 0 and (chart.window < 0 or chart.epidemic):
        return _early(points, chart, first, n)
    turned = y < m if chart.falls else y > m
    points.gain[n] = _ratio(y, m, y, points.alpha) if turned else 0.0
    if chart.early and points.alpha == 0 and n - start + 1 < chart.least:
        return 0.0
    if chart.epidemic:
        _shape(points, n)
        return _epidemic(points, chart, first, n)
    return _intercept(points, chart, first, n)


@njit(cache=True, error_model="numpy")
def _intercept(points: _Points, chart: _Chart, first: int, n: int) -> float:
    """The largest over the beginnings, from the shortest window on: what it can gain, and whether the best kappa points
    the right way, are running sums."""
    y, m, gains, alpha, least = points.y, points.mean, points.gain, points.alpha, chart.least
    if chart.early and alpha == 0:
        least = 1 if chart.window < 0 else least + 1
    sign = -1.0 if chart.falls else 1.0
    best, slope, gain, total_y, total_m = 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(n, first - 1, -1):
        total_y += y[k]
        total_m += m[k]
        slope += (y[k] - m[k]) / (1 + alpha * m[k])
        gain += gains[k]
        if n - k + 1 < least or slope * sign <= 0 or gain <= best:
            continue
        if total_y == 0:
            found = 0.0 if chart.early and alpha == 0 else _nothing(m, alpha, k, n)
        elif alpha == 0:
            found = total_y * np.log(total_y / total_m) - (total_y - total_m)
        else:
            found = _sum_intercept(y, m, alpha, k, n, _kappa(y, m, alpha, k, n))
        best = max(best, found)
    return best


@njit(cache=True, error_model="numpy")
def _epidemic(points: _Points, chart: _Chart, first: int, n: int) -> float:
    best, gain, gains = 0.0, 0.0, points.gain
    least = 1 if chart.early and points.alpha == 0 else chart.least
    for k in range(n, first - 1, -1):
        gain += gains[k]
        if n - k + 1 >= least and gain > best:
            best = _highest(points, k, n, best)
    return best


@njit(cache=True, error_model="numpy")
def _early(points: _Points, chart: _Chart, first: int, n: int) -> float:
    """R's search from the longest window on: see `like` in `glr`."""
    y, m, alpha = points.y, points.mean, points.alpha
    sign = -1.0 if chart.falls else 1.0
    best, kappa = 0.0, 0.5
    for k in range(first, n - chart.least + 2):
        kappa = _undamped(y, m, alpha, k, n, kappa)
        if chart.epidemic:
            found = _sum_epidemic(points, k, n, np.exp(kappa))
        else:
            found = _sum_intercept(y, m, alpha, k, n, kappa) if sign * kappa > 0 else 0.0
        if found > best and np.isfinite(found):
            best = found
        if np.isnan(kappa):
            kappa = 0.0
    return best


@njit(cache=True, error_model="numpy")
def _ratio(y: float, m: float, other: float, alpha: float) -> float:
    """log f(y; other) - log f(y; m). With m 0 the count is 0 too."""
    gained = y * np.log(other / m) if y > 0 else 0.0
    if alpha == 0:
        return float(gained - (other - m))
    return float(gained - (y + 1 / alpha) * np.log((1 + alpha * other) / (1 + alpha * m)))


@njit(cache=True, error_model="numpy")
def _nothing(m: Floats, alpha: float, k: int, n: int) -> float:
    """The greatest ratio where all counts are zero: that of a mean of zero."""
    total = 0.0
    for t in range(k, n + 1):
        total += m[t] if alpha == 0 else np.log1p(alpha * m[t]) / alpha
    return total


@njit(cache=True, error_model="numpy")
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


@njit(cache=True, error_model="numpy")
def _sum_epidemic(points: _Points, k: int, n: int, factor: float) -> float:
    y, m, before, alpha = points.y, points.mean, points.before, points.alpha
    total = 0.0
    for t in range(k, n + 1):
        if before[t] > 0:
            total += _ratio(y[t], m[t], m[t] + factor * before[t], alpha)
    return total


@njit(cache=True, error_model="numpy")
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


@njit(cache=True, error_model="numpy")
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


@njit(cache=True, error_model="numpy")
def _highest(points: _Points, k: int, n: int, best: float) -> float:
    """`best`, or the greatest ratio over lambda above 0 if that is more.

    Each point's likelihood rises to its own top and falls beyond, so that all tops of the sum lie below the last of
    these. A part of that span where the sum only rises, only falls, or is concave gives its best; one that cannot hold
    more than `best` is left; others are cut in two.
    """
    lows, highs = np.empty(DEEPEST), np.empty(DEEPEST)
    lows[0], highs[0], left = 0.0, _last_top(points, k, n), 1
    while left:
        left -= 1
        low, high = lows[left], highs[left]
        least_slope, most_slope, bend = _span(points, k, n, low, high)
        tried = (low + high) / 2 if low > high / 4 else max(2 * low, high / 8)
        if most_slope <= 0:
            tried = low
        elif least_slope >= 0:
            tried = high
        elif bend < 0:
            tried = _climbed(points, k, n, low, high)
        elif high - low > 1e-12 * (1 + high) and left + 2 <= DEEPEST:
            if _most(points, k, n, low, high) <= best + 1e-12 * (1 + best):
                continue
            lows[left], highs[left] = tried, high
            lows[left + 1], highs[left + 1] = low, tried
            left += 2
        best = max(best, _sum_epidemic(points, k, n, tried))
    return best


@njit(cache=True, error_model="numpy")
def _last_top(points: _Points, k: int, n: int) -> float:
    y, m, before = points.y, points.mean, points.before
    last = 0.0
    for t in range(k, n + 1):
        if before[t] > 0:
            last = max(last, (y[t] - m[t]) / before[t])
    return last


@njit(cache=True, error_model="numpy")
def _shape(points: _Points, n: int) -> None:
    y, alpha = points.y[n], points.alpha
    points.dip[n] = y + np.sqrt(y * y + y / alpha) if alpha > 0 else np.inf
    steep = np.cbrt(alpha * alpha * (1 + alpha * y) / y) - alpha if alpha > 0 and y > 0 else 0.0
    points.crest[n] = 1 / steep if steep > 0 else 0.0


@njit(cache=True, error_model="numpy")
def _span(points: _Points, k: int, n: int, low: float, high: float) -> tuple[float, float, float]:
    """Between two lambdas: what the slope of the sum lies between, and what its bend cannot exceed."""
    counts, mean, before, dip, crest = points.y, points.mean, points.before, points.dip, points.crest
    alpha = points.alpha
    least_slope, most_slope, most_bend = 0.0, 0.0, 0.0
    for t in range(k, n + 1):
        rise = before[t]
        if not rise > 0:
            continue
        y, below, above = counts[t], mean[t] + low * rise, mean[t] + high * rise
        one, two = _slope(y, below, alpha), _slope(y, above, alpha)
        most_slope += rise * max(one, two)
        inside = below < dip[t] < above
        least_slope += rise * (_slope(y, dip[t], alpha) if inside else min(one, two))
        most_bend += rise * rise * _bend(y, min(max(crest[t], below), above), alpha)
    return least_slope, most_slope, most_bend


@njit(cache=True, error_model="numpy")
def _most(points: _Points, k: int, n: int, low: float, high: float) -> float:
    """What the sum cannot exceed between two lambdas: every point at the mean there that is nearest to its count."""
    y, m, before, alpha = points.y, points.mean, points.before, points.alpha
    total = 0.0
    for t in range(k, n + 1):
        if before[t] > 0:
            near = min(max(y[t], m[t] + low * before[t]), m[t] + high * before[t])
            total += _ratio(y[t], m[t], near, alpha)
    return total


@njit(cache=True, error_model="numpy")
def _slope(y: float, e: float, alpha: float) -> float:
    """Of the log likelihood of y at the mean e: falls until e = y + sqrt(y² + y/alpha), and rises to 0 beyond."""
    return float((y / e if y > 0 else 0.0) - (1 + alpha * y) / (1 + alpha * e))


@njit(cache=True, error_model="numpy")
def _bend(y: float, e: float, alpha: float) -> float:
    """Its second derivative: rises up to the crest of `_shape`, and falls beyond."""
    share = 1 + alpha * e
    return float(alpha * (1 + alpha * y) / (share * share) - (y / (e * e) if y > 0 else 0.0))


@njit(cache=True, error_model="numpy")
def _climbed(points: _Points, k: int, n: int, low: float, high: float) -> float:
    """The lambda between these where the slope, which falls all the way, is 0: Newton's steps within the bracket."""
    counts, mean, before, alpha = points.y, points.mean, points.before, points.alpha
    factor = (low + high) / 2
    for _ in range(200):
        slope, bend = 0.0, 0.0
        for t in range(k, n + 1):
            rise = before[t]
            if rise > 0:
                y, e = counts[t], mean[t] + factor * rise
                slope += rise * _slope(y, e, alpha)
                bend += rise * rise * _bend(y, e, alpha)
        if slope > 0:
            low = factor
        else:
            high = factor
        after = factor - slope / bend if bend < 0 else (low + high) / 2
        if not low <= after <= high:
            after = (low + high) / 2
        if abs(after - factor) <= 1e-12 * (1 + factor):
            return float(after)
        factor = after
    return float(factor)

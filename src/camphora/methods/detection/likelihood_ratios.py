"""The likelihood ratios of `glr`, compiled: of a change since each earlier point, and of the greatest among them."""
# ruff: noqa: PLR0917 - what numba compiles takes its arguments by position

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from camphora.methods.arguments import Floats
from camphora.methods.compiling import njit

MOST_CASES = 10**9
DEEPEST = 200  # parts of a span that wait to be looked at


class Chart(NamedTuple):
    limit: float
    theta: float
    epidemic: bool
    falls: bool
    window: int
    least: int
    cases: bool
    early: bool


class Points(NamedTuple):
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


@njit(cache=True, error_model="numpy")
def until_alarm(
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
    points = Points(y, mean, before, known, shapes[0], shapes[1], shapes[2], alpha)
    chart = Chart(limit, theta, epidemic, falls, window, least, cases, early)
    return _to_the_alarm(points, chart, start, statistic, needed)


@njit(cache=True, error_model="numpy")
def _to_the_alarm(points: Points, chart: Chart, start: int, statistic: Floats, needed: Floats) -> int:
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
def _needed(points: Points, chart: Chart, start: int, n: int, before: float) -> float:
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
def _statistic(points: Points, chart: Chart, start: int, n: int, before: float) -> float:
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
def _intercept(points: Points, chart: Chart, first: int, n: int) -> float:
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
def _epidemic(points: Points, chart: Chart, first: int, n: int) -> float:
    best, gain, gains = 0.0, 0.0, points.gain
    least = 1 if chart.early and points.alpha == 0 else chart.least
    for k in range(n, first - 1, -1):
        gain += gains[k]
        if n - k + 1 >= least and gain > best:
            best = _highest(points, k, n, best)
    return best


@njit(cache=True, error_model="numpy")
def _early(points: Points, chart: Chart, first: int, n: int) -> float:
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
def _sum_epidemic(points: Points, k: int, n: int, factor: float) -> float:
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
def _highest(points: Points, k: int, n: int, best: float) -> float:
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
def _last_top(points: Points, k: int, n: int) -> float:
    y, m, before = points.y, points.mean, points.before
    last = 0.0
    for t in range(k, n + 1):
        if before[t] > 0:
            last = max(last, (y[t] - m[t]) / before[t])
    return last


@njit(cache=True, error_model="numpy")
def _shape(points: Points, n: int) -> None:
    y, alpha = points.y[n], points.alpha
    points.dip[n] = y + np.sqrt(y * y + y / alpha) if alpha > 0 else np.inf
    steep = np.cbrt(alpha * alpha * (1 + alpha * y) / y) - alpha if alpha > 0 and y > 0 else 0.0
    points.crest[n] = 1 / steep if steep > 0 else 0.0


@njit(cache=True, error_model="numpy")
def _span(points: Points, k: int, n: int, low: float, high: float) -> tuple[float, float, float]:
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
def _most(points: Points, k: int, n: int, low: float, high: float) -> float:
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
def _climbed(points: Points, k: int, n: int, low: float, high: float) -> float:
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

"""Quasi-Poisson regressions of many short series at once, with periods of the year and one straight trend.

log mean = log exposure + level of the period + slope * time. Such a design needs no matrix: given the slope, each
level is its period's cases over its exposure * exp(slope * time), so that the likelihood has one unknown, and all
variances follow from weighted means of time by period.
"""

# ruff: noqa: PLR0917 - compiled functions take their arrays positionally

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from camphora.methods.compiling import njit

EPSILON = 2.220446049250313e-16  # the least mean that R's log link gives
FIELDS = ("eta", "se", "phi", "slope", "trend", "converged", "exposure")
ETA, SE, PHI, SLOPE, TREND, CONVERGED, EXPOSURE = range(len(FIELDS))
Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@njit(cache=True, nogil=True)
def fit_all(
    counts: Floats,
    exposures: Floats,
    time: Floats,
    period: NDArray[np.int64],
    periods: int,
    ahead: Floats,
    trend: bool,
    reweight: bool,
    threshold: float,
    critical: Floats,
    early: bool,
    clamp: bool,
    clamp_test: bool,
    omega_alone: bool,
    out: Floats,
) -> None:
    """Fits each row of `counts` (series, references); NaN is left out. `exposures` is empty or of the same shape.

    `time` counts from the point to predict, at 0 in period 0 with exposure `ahead` (empty: 1). `critical`: by degrees
    of freedom, the t value above which a trend is kept. `early`: R's stopping rule. `clamp`, `clamp_test`: a
    dispersion below 1 counts as 1 in errors, and in the trend's test. `omega_alone`: after re-weighting, errors use
    the dispersion of the weights alone.
    """
    n = counts.shape[1]
    y, off = np.empty(n), np.zeros(n)
    t, g = np.empty(n), np.empty(n, np.int64)
    work = np.empty((5, n))
    sums = np.empty((5, periods))
    exposed = exposures.shape[0] > 0
    for row in range(counts.shape[0]):
        m = 0
        for i in range(n):
            if math.isnan(counts[row, i]):
                continue
            if exposed:
                if not exposures[row, i] > 0:
                    continue
                off[m] = math.log(exposures[row, i])
            y[m], t[m], g[m] = counts[row, i], time[i], period[i]
            m += 1
        base = math.log(ahead[row]) if exposed else 0.0
        for sloped in (trend, False):
            kept = _series(
                y, off, t, g, m, base, sloped, reweight, threshold, critical, early, clamp, clamp_test,
                omega_alone, work, sums, out[row],
            )  # fmt: skip
            if kept or not sloped:
                break


@njit(cache=True, nogil=True)
def _series(
    y: Floats,
    off: Floats,
    t: Floats,
    g: Whole,
    n: int,
    base: float,
    trend: bool,
    reweight: bool,
    threshold: float,
    critical: Floats,
    early: bool,
    clamp: bool,
    clamp_test: bool,
    omega_alone: bool,
    work: Floats,
    sums: Floats,
    out: Floats,
) -> bool:
    """One series; whether its trend may be kept (true where none was asked)."""
    omega, weight, residual = work[0], work[2], work[3]
    out[:] = np.nan
    out[TREND], out[CONVERGED] = (1.0 if trend else 0.0), 0.0
    omega[:n] = 1.0
    used = _used(g, n, sums)
    df = n - used - (1 if trend else 0)
    if df < 1 or sums[0, 0] == 0.0:
        return False
    slope, phi = 0.0, 1.0
    for step in range(2 if reweight else 1):
        if step == 1:
            _reweight(y, t, g, n, trend, max(phi, 1.0), threshold, work, sums)
        slope, ok = _fit(y, off, t, g, n, trend, early, slope, work, sums)
        if not ok:
            return False
        phi = _dispersion(weight, residual, n, df)
    spread = phi
    if omega_alone and reweight:
        spread = _dispersion(omega, residual, n, df)
    tested = max(spread, 1.0) if clamp_test else spread
    if clamp:
        spread = max(spread, 1.0)
    middle, around = _around(t, g, n, trend, weight, sums)
    level = sums[4, 0]
    eta = base + level
    variance = 1.0 / sums[0, 0] if sums[0, 0] > 0.0 else np.inf
    if trend:
        variance += middle * middle / around
        t_value = abs(slope) / math.sqrt(tested / around) if tested > 0.0 else np.inf
        most = 0.0
        for i in range(n):
            most = max(most, y[i])
        if not t_value > critical[df] or math.exp(eta) > most:
            return False
        out[SLOPE] = slope
    out[ETA], out[SE], out[PHI] = eta, math.sqrt(spread * variance), max(phi, 1.0)
    out[CONVERGED] = 1.0
    exposure = 0.0
    for i in range(n):
        if g[i] == 0:
            exposure += omega[i] * math.exp(off[i] - base + slope * t[i])
    out[EXPOSURE] = exposure
    return True


@njit(cache=True, nogil=True)
def _used(g: Whole, n: int, sums: Floats) -> int:
    """How many periods have a point."""
    sums[0] = 0.0
    for i in range(n):
        sums[0, g[i]] += 1.0
    used = 0
    for j in range(sums.shape[1]):
        if sums[0, j] > 0.0:
            used += 1
    return used


@njit(cache=True, nogil=True)
def _dispersion(weight: Floats, residual: Floats, n: int, df: int) -> float:
    total = 0.0
    for i in range(n):
        total += weight[i] * residual[i] * residual[i]
    return total / df


@njit(cache=True, nogil=True)
def _around(t: Floats, g: Whole, n: int, trend: bool, weight: Floats, sums: Floats) -> tuple[float, float]:
    """Weighted mean of time in period 0, and the weighted squares of time around its periods' means; leaves the sums
    of weights in sums[0] and the means in sums[1]."""
    sums[0] = 0.0
    sums[1] = 0.0
    for i in range(n):
        sums[0, g[i]] += weight[i]
        sums[1, g[i]] += weight[i] * t[i]
    for j in range(sums.shape[1]):
        if sums[0, j] > 0.0:
            sums[1, j] /= sums[0, j]
    around = 0.0
    if trend:
        for i in range(n):
            away = t[i] - sums[1, g[i]]
            around += weight[i] * away * away
    return sums[1, 0], around


@njit(cache=True, nogil=True)
def _reweight(
    y: Floats,
    t: Floats,
    g: Whole,
    n: int,
    trend: bool,
    phi: float,
    threshold: float,
    work: Floats,
    sums: Floats,
) -> None:
    """Weights by Anscombe's residuals s: those above the threshold weigh s^-2, all together n."""
    omega, mu, weight = work[0], work[1], work[2]
    _, around = _around(t, g, n, trend, weight, sums)
    total = 0.0
    for i in range(n):
        omega[i] = 1.0
        if y[i] > mu[i]:
            j = g[i]
            leverage = weight[i] / sums[0, j]
            if trend:
                away = t[i] - sums[1, j]
                leverage += weight[i] * away * away / around
            if leverage < 1.0:
                third = y[i] ** (2.0 / 3.0) / mu[i] ** (1.0 / 6.0) - math.sqrt(mu[i])
                s = 1.5 * third / math.sqrt(phi * (1.0 - leverage))
                if s > threshold:
                    omega[i] = 1.0 / (s * s)
        total += omega[i]
    for i in range(n):
        omega[i] *= n / total


@njit(cache=True, nogil=True)
def _fit(
    y: Floats,
    off: Floats,
    t: Floats,
    g: Whole,
    n: int,
    trend: bool,
    early: bool,
    start: float,
    work: Floats,
    sums: Floats,
) -> tuple[float, bool]:
    """The slope and whether the fit converged; leaves means, weights, working residuals, and the levels in sums[4]."""
    if early:
        return _scoring(y, off, t, g, n, trend, work, sums)
    return _profile(y, off, t, g, n, trend, start, work, sums)


@njit(cache=True, nogil=True)
def _profile(
    y: Floats, off: Floats, t: Floats, g: Whole, n: int, trend: bool, start: float, work: Floats, sums: Floats
) -> tuple[float, bool]:
    """Newton's steps on the slope alone, kept within the bracket of a concave likelihood, until they are below 1e-11
    of the whole span of time."""
    omega, mu, weight, residual = work[0], work[1], work[2], work[3]
    cases = sums[3]
    cases[:] = 0.0
    observed, total, far = 0.0, 0.0, 1.0
    for i in range(n):
        cases[g[i]] += omega[i] * y[i]
        total += omega[i] * y[i]
        observed += omega[i] * y[i] * t[i]
        far = max(far, abs(t[i]))
    slope = start
    low, high = -60.0 / far, 60.0 / far
    ok = not trend
    for _ in range(60):
        _moments(off, t, g, n, slope, work, sums)
        if not trend:
            break
        gradient, curve = observed, 0.0
        for j in range(sums.shape[1]):
            if cases[j] > 0.0:
                mean = sums[1, j] / sums[0, j]
                gradient -= cases[j] * mean
                curve += cases[j] * (sums[2, j] / sums[0, j] - mean * mean)
        if gradient > 0.0:
            low = slope
        else:
            high = slope
        if not curve > 1e-12 * total * far * far:
            break
        step = gradient / curve
        if abs(step) * far < 1e-11:
            ok = True
            break
        after = slope + max(-2.0 / far, min(2.0 / far, step))
        if not low < after < high:
            after = 0.5 * (low + high)
        if after == slope:
            ok = True
            break
        slope = after
    if abs(slope) * far > 50.0:
        ok = False
    for j in range(sums.shape[1]):
        sums[4, j] = math.log(cases[j] / sums[0, j]) if cases[j] > 0.0 else -np.inf
    for i in range(n):
        j = g[i]
        mu[i] = work[4, i] * cases[j] / sums[0, j]
        weight[i] = omega[i] * mu[i]
        residual[i] = y[i] / mu[i] - 1.0 if mu[i] > 0.0 else -1.0
    return slope, ok


@njit(cache=True, nogil=True)
def _moments(off: Floats, t: Floats, g: Whole, n: int, slope: float, work: Floats, sums: Floats) -> None:
    """exp(offset + slope * t) into work[4], and by period its weighted sums with 1, t and t² into sums[0:3]."""
    omega, grown = work[0], work[4]
    ratio = math.exp(slope)
    for j in range(sums.shape[1]):
        sums[0, j] = sums[1, j] = sums[2, j] = 0.0
    power = 0.0
    for i in range(n):
        if i > 0 and t[i] - t[i - 1] == 1.0:
            power *= ratio
        else:
            power = math.exp(slope * t[i])
        grown[i] = power * math.exp(off[i]) if off[i] != 0.0 else power
        j = g[i]
        first = omega[i] * grown[i]
        second = first * t[i]
        sums[0, j] += first
        sums[1, j] += second
        sums[2, j] += second * t[i]


@njit(cache=True, nogil=True)
def _scoring(
    y: Floats, off: Floats, t: Floats, g: Whole, n: int, trend: bool, work: Floats, sums: Floats
) -> tuple[float, bool]:
    """Fisher scoring from means y + 0.1, until the deviance changes by less than 1e-8 of itself plus 0.1, 25 times at
    most: the weights left are those of the last step."""
    omega, mu, weight, residual, eta = work[0], work[1], work[2], work[3], work[4]
    before = 0.0
    for i in range(n):
        mu[i] = y[i] + 0.1
        eta[i] = math.log(mu[i])
        before += _deviance(y[i], mu[i], omega[i])
    slope = 0.0
    for _ in range(25):
        for i in range(n):
            weight[i] = omega[i] * mu[i]
            residual[i] = eta[i] - off[i] + (y[i] - mu[i]) / mu[i]
        _, around = _around(t, g, n, trend, weight, sums)
        levels = sums[4]
        levels[:] = 0.0
        for i in range(n):
            levels[g[i]] += weight[i] * residual[i]
        for j in range(sums.shape[1]):
            if sums[0, j] > 0.0:
                levels[j] /= sums[0, j]
        if trend:
            if not around > 0.0:
                return slope, False
            slope = 0.0
            for i in range(n):
                slope += weight[i] * (t[i] - sums[1, g[i]]) * (residual[i] - levels[g[i]])
            slope /= around
            for j in range(sums.shape[1]):
                levels[j] -= slope * sums[1, j]
        after = 0.0
        for i in range(n):
            eta[i] = levels[g[i]] + slope * t[i] + off[i]
            mu[i] = max(math.exp(eta[i]), EPSILON)
            after += _deviance(y[i], mu[i], omega[i])
        if not math.isfinite(after):
            return slope, False
        if abs(after - before) / (abs(after) + 0.1) < 1e-8:
            for i in range(n):
                residual[i] = (y[i] - mu[i]) / mu[i]
            return slope, True
        before = after
    return slope, False


@njit(cache=True, nogil=True)
def _deviance(y: float, mu: float, omega: float) -> float:
    if y > 0.0:
        return 2.0 * omega * (y * math.log(y / mu) - (y - mu))
    return 2.0 * omega * mu

"""The mean that a series was to be expected to have: a log-linear season with trend, Poisson or negative binomial."""
# ruff: noqa: PLR0917 - what numba compiles takes its arguments by position

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camphora.methods.arguments import Floats
from camphora.methods.compiling import njit

STOP = 1e-8  # where R's glm.fit and MASS's glm.nb stop, relative to the deviance and to the log likelihood
TIGHT = 1e-13
ROUNDS = 200
EARLY_ROUNDS = 25
SETTLED = 1e-11
LARGEST = 1e10


@dataclass(frozen=True, slots=True)
class Baseline:
    """`coefficients` in the order of `terms` (log scale, t counted from 1); `theta`: the size of the negative binomial,
    infinity for Poisson; `converged`: NaN coefficients come with False."""

    terms: tuple[str, ...]
    coefficients: Floats
    theta: float
    converged: bool


def design(t: NDArray[np.int64], *, seasons: int, trend: bool, frequency: int) -> Floats:
    """A row for each t (counted from 1): 1, t where there is a trend, then cosine and sine of each harmonic."""
    columns = [np.ones(len(t))] + ([t.astype(np.float64)] if trend else [])
    for harmonic in range(1, seasons + 1):
        angle = 2 * harmonic * np.pi / frequency * t
        columns += [np.cos(angle), np.sin(angle)]
    return np.stack(columns, axis=1)


def terms(*, seasons: int, trend: bool) -> tuple[str, ...]:
    """The names of the columns of `design`."""
    waves = [f"{wave}{n}" for n in range(1, seasons + 1) for wave in ("cos", "sin")]
    return ("intercept", *(["trend"] if trend else []), *waves)


def fit(
    counts: Floats, rows: Floats, *, theta: float | None, early: bool = False
) -> tuple[Floats, float, bool]:
    """Coefficients, theta and whether the fit converged, by iterated weighted least squares; missing counts are left
    out. `theta` infinite: Poisson; a number: negative binomial of that size; None: estimated by turns with the
    coefficients. `early`: stopped where R stops. Too few counts or columns that depend on one another: NaN."""
    known = ~np.isnan(counts)
    y, x = np.ascontiguousarray(counts[known]), np.ascontiguousarray(rows[known])
    nothing = np.full(rows.shape[1], np.nan), np.nan, False
    scale = np.sqrt((x**2).mean(axis=0)) if len(y) else np.ones(rows.shape[1])
    if len(y) < rows.shape[1] or not y.any() or np.linalg.matrix_rank(x / scale) < rows.shape[1]:
        return nothing
    stop, rounds = (STOP, EARLY_ROUNDS) if early else (TIGHT, ROUNDS)
    scaled = x / scale
    size = 0.0 if theta is None or np.isinf(theta) else theta
    start = np.log(y + 0.1) if size == 0 else np.log(y + (y == 0) / 6)
    beta, mu, done = _reweighted(y, scaled, start, size, stop, rounds)
    if theta is not None:
        return beta / scale, theta, bool(done)
    beta, theta, done = (_by_early_turns if early else _by_turns)(y, scaled, mu)
    return beta / scale, theta, done


def _by_turns(y: Floats, x: Floats, mu: Floats) -> tuple[Floats, float, bool]:
    """Coefficients given theta and theta given the means, until neither moves. Counts that vary no more than Poisson
    ones let theta grow without bound; it is held at 1e10 then, which is Poisson to ten digits."""
    size = _size(y, mu, _moment(y, mu), False)
    beta, moved, done = np.zeros(x.shape[1]), np.inf, True
    for _ in range(ROUNDS):
        if abs(moved) <= SETTLED * size:
            return beta, size, bool(done)
        beta, mu, done = _reweighted(y, x, np.log(mu), size, TIGHT, ROUNDS)
        fresh = _size(y, mu, size, False)
        moved, size = size - fresh, fresh
    return beta, size, size >= LARGEST


def _by_early_turns(y: Floats, x: Floats, mu: Floats) -> tuple[Floats, float, bool]:
    """As MASS's glm.nb goes, by what its trace tells: a turn's theta is that of the means before the turn."""
    size = _size(y, mu, _moment(y, mu), True)
    scale = np.sqrt(2 * max(1, len(y) - x.shape[1]))
    likelihood, beta = _log_likelihood(y, mu, size), np.zeros(x.shape[1])
    for _ in range(EARLY_ROUNDS):
        beta, fitted, done = _reweighted(y, x, np.log(mu), size, STOP, EARLY_ROUNDS)
        before, was = likelihood, size
        size, mu = _size(y, mu, _moment(y, mu), True), fitted
        likelihood = _log_likelihood(y, mu, size)
        if abs(likelihood - before) / scale + abs(was - size) <= STOP:
            return beta, size, bool(done)
    return beta, size, size >= LARGEST


def _moment(y: Floats, mu: Floats) -> float:
    return len(y) / max(float(np.sum((y / mu - 1) ** 2)), 1e-10)


@njit(cache=True)
def _log_likelihood(y: Floats, mu: Floats, size: float) -> float:
    """Of negative binomial counts with these means and this size."""
    total = 0.0
    for i in range(len(y)):
        total += math.lgamma(size + y[i]) - math.lgamma(size) - math.lgamma(y[i] + 1)
        total += size * np.log(size) - (size + y[i]) * np.log(size + mu[i])
        if y[i] > 0:
            total += y[i] * np.log(mu[i])
    return total


@njit(cache=True, error_model="numpy")
def digamma(x: float) -> float:
    total = 0.0
    while x < 10:
        total -= 1 / x
        x += 1
    z = 1 / (x * x)
    series = z * (1 / 12 - z * (1 / 120 - z * (1 / 252 - z * (1 / 240 - z * (1 / 132 - z * 691 / 32760)))))
    return float(total + np.log(x) - 0.5 / x - series)


@njit(cache=True, error_model="numpy")
def trigamma(x: float) -> float:
    total = 0.0
    while x < 10:
        total += 1 / (x * x)
        x += 1
    z = 1 / (x * x)
    series = z * (1 / 6 - z * (1 / 30 - z * (1 / 42 - z * (1 / 30 - z * (5 / 66 - z * 691 / 2730)))))
    return total + 1 / x + z / 2 + series / x


@njit(cache=True)
def _size(y: Floats, mu: Floats, size: float, early: bool) -> float:
    """The size with the greatest likelihood given the means, by Newton's steps."""
    for _ in range(EARLY_ROUNDS - 1 if early else ROUNDS):
        size = abs(size)
        slope, bend = 0.0, 0.0
        here, there = digamma(size), trigamma(size)
        for i in range(len(y)):
            both = mu[i] + size
            if y[i] > 0:
                slope += digamma(size + y[i]) - here
                bend += there - trigamma(size + y[i])
            slope += np.log(size / both) + 1 - (y[i] + size) / both
            bend += -1 / size + 2 / both - (y[i] + size) / (both * both)
        if early:
            step = slope / bend
        else:
            # Newton may leap over the top from a poor start: half or double it at most
            step = slope / bend if bend > 0 else np.sign(slope) * size
            step = min(max(step, -size / 2), size)
        size += step
        if abs(step) <= (1.220703125e-4 if early else 1e-12 * size) or size > LARGEST:
            break
    return min(max(size, 1e-10), LARGEST)


@njit(cache=True)
def _deviance(y: Floats, mu: Floats, size: float) -> float:
    total = 0.0
    for i in range(len(y)):
        if y[i] > 0:
            total += 2 * y[i] * np.log(y[i] / mu[i])
        if size == 0:
            total -= 2 * (y[i] - mu[i])
        else:
            total -= 2 * (y[i] + size) * np.log((y[i] + size) / (mu[i] + size))
    return total


@njit(cache=True)
def _reweighted(
    y: Floats, x: Floats, eta: Floats, size: float, stop: float, rounds: int
) -> tuple[Floats, Floats, bool]:
    """Iterated weighted least squares with log link; size 0 means Poisson. Stops when the deviance changes by less than
    `stop` of itself and 0.1."""
    n, p = x.shape
    beta: Floats = np.zeros(p)
    mu: Floats = np.exp(eta)
    before = _deviance(y, mu, size)
    for _ in range(rounds):
        gram, right = np.zeros((p, p)), np.zeros(p)
        for i in range(n):
            weight = mu[i] if size == 0 else mu[i] / (1 + mu[i] / size)
            work = weight * (np.log(mu[i]) + (y[i] - mu[i]) / mu[i])
            for j in range(p):
                right[j] += x[i, j] * work
                for k in range(j + 1):
                    gram[j, k] += weight * x[i, j] * x[i, k]
        for j in range(p):
            for k in range(j):
                gram[k, j] = gram[j, k]
        beta = np.linalg.solve(gram, right).astype(np.float64)
        for i in range(n):
            value = 0.0
            for j in range(p):
                value += x[i, j] * beta[j]
            mu[i] = np.exp(min(max(value, -700.0), 700.0))
        deviance = _deviance(y, mu, size)
        if not np.isfinite(deviance):
            return np.full(p, np.nan), mu, False
        if abs(deviance - before) < stop * (abs(deviance) + 0.1):
            return beta, mu, True
        before = deviance
    return beta, mu, False

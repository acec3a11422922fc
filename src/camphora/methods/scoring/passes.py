"""Scores in one pass over their numbers, compiled. Shapes and arguments have been looked at by `scores`."""

from __future__ import annotations

import math

import numpy as np

from camphora.methods import mass
from camphora.methods.arguments import Floats, Whole
from camphora.methods.compiling import njit

MOST_TERMS = 1000.0  # a count up to which adding probabilities up is quicker than an incomplete function
LEAST_TERM = 1e-290
NEAR = 1e-5 + 1e-9  # how far from 1 a level and its opposite may add up
PIECES, END = 32, 9.0
_LOG_2PI = math.log(2 * math.pi)
_MIDDLE = 1 / math.sqrt(math.pi)


@njit(cache=True)
def weighted(forecasts: Floats, observed: Floats, levels: Floats) -> tuple[Floats, bool]:
    """The weighted interval score and its three parts, shape (4, forecasts), and whether all are finite."""
    half = levels.size // 2
    found, known = np.empty((4, observed.size)), 0.0
    for row in range(observed.size):
        y, median = observed[row], forecasts[row, half]
        spread, over, under = 0.0, max(median - y, 0.0) / 2, max(y - median, 0.0) / 2
        for k in range(half):
            low, high = forecasts[row, k], forecasts[row, levels.size - 1 - k]
            spread += levels[k] * (high - low)
            over += max(low - y, 0.0)
            under += max(y - high, 0.0)
        # A comparison hides what is missing; a sum does not.
        lost = 0.0 * (y + median)
        found[1, row] = spread / (half + 0.5) + lost
        found[2, row] = over / (half + 0.5) + lost
        found[3, row] = under / (half + 0.5) + lost + 0.0 * spread
        found[0, row] = found[1, row] + found[2, row] + found[3, row]
        known += 0.0 * found[0, row]
    return found, known == 0.0


@njit(cache=True)
def interval(observed: Floats, lower: Floats, upper: Floats, alpha: float) -> tuple[Floats, float]:
    """The score, and the largest number given."""
    found, weight = np.empty(observed.size), 2 / alpha
    one = two = three = 0.0  # each by itself: they need not wait for each other
    for i in range(observed.size):
        y, low, high = observed[i], lower[i], upper[i]
        missed = max(low - y, 0.0) + max(y - high, 0.0)
        found[i] = high - low + weight * missed + 0.0 * y
        one, two, three = max(one, abs(y)), max(two, abs(low)), max(three, abs(high))
    return found, max(one, two, three)


@njit(cache=True)
def symmetric(levels: Floats) -> bool:
    """Whether levels rise and each adds up to 1 with its opposite."""
    for k in range(levels.size):
        if not abs(levels[k] + levels[levels.size - 1 - k] - 1) <= NEAR:
            return False
        if k and not levels[k] > levels[k - 1]:
            return False
    return bool(levels[0] > 0)


@njit(cache=True)
def pinball(observed: Floats, quantiles: Floats, levels: Floats) -> Floats:
    found = np.empty(quantiles.shape)
    for row in range(observed.size):
        y = observed[row]
        for k in range(levels.size):
            found[row, k] = _lost(quantiles[row, k] - y, levels[k])
    return found


@njit(cache=True)
def crps_quantiles(observed: Floats, quantiles: Floats, levels: Floats) -> tuple[Floats, bool]:
    """Twice the mean of `pinball`, and whether all are finite. Four sums, so that none waits for the one before."""
    found, known, size = np.empty(observed.size), 0.0, levels.size
    whole = size - size % 4
    for row in range(observed.size):
        y, of = observed[row], quantiles[row]
        one = two = three = four = 0.0
        for k in range(0, whole, 4):
            one += _lost(of[k] - y, levels[k])
            two += _lost(of[k + 1] - y, levels[k + 1])
            three += _lost(of[k + 2] - y, levels[k + 2])
            four += _lost(of[k + 3] - y, levels[k + 3])
        for k in range(whole, size):
            one += _lost(of[k] - y, levels[k])
        found[row] = 2 * ((one + two) + (three + four)) / size
        known += 0.0 * found[row]
    return found, known == 0.0


@njit(cache=True)
def _lost(off: float, level: float) -> float:
    return (1 - level if off > 0 else -level) * off


@njit(cache=True)
def inside(observed: Floats, quantiles: Floats) -> tuple[Whole, int]:
    """How often what was observed lay between each quantile and its opposite, from the outermost pair on, and among how
    many rows without a gap."""
    half = quantiles.shape[1] // 2
    found, rows = np.zeros(half, dtype=np.int64), 0
    for row in range(observed.size):
        y = observed[row]
        whole = y
        for each in quantiles[row]:
            whole += each
        if math.isnan(whole):
            continue
        rows += 1
        for k in range(half):
            found[k] += quantiles[row, k] <= y <= quantiles[row, quantiles.shape[1] - 1 - k]
    return found, rows


def _pieces() -> Floats:
    """Taylor's polynomials of z (2 Phi(z) - 1) + 2 phi(z) - 1/sqrt(pi) about the middle of each piece of 0..END: their
    first term left out is below the last digit. Each derivative of phi is Hermite's polynomial times it."""
    z = (np.arange(int(PIECES * END)) + 0.5) / PIECES
    phi = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    risen = np.array([math.erf(each / math.sqrt(2)) for each in z])
    slopes = [z * risen + 2 * phi - _MIDDLE, risen]
    for order in range(6):
        hermite = np.polynomial.hermite_e.hermeval(z, [0.0] * order + [1.0])
        slopes.append(2 * (-1) ** order * hermite * phi)
    return np.stack([each / math.factorial(n) for n, each in enumerate(slopes)], axis=1)


NORMAL = _pieces()


@njit(cache=True)
def crps_normal(observed: Floats, mean: Floats, sd: Floats, pieces: Floats) -> tuple[Floats, float]:
    """The score, and the largest number given. `pieces`: NORMAL; beyond them the distribution is a point."""
    found = np.empty(observed.size)
    one = two = three = 0.0
    for i in range(observed.size):
        y, m, wide = observed[i], mean[i], sd[i]
        one, two, three = max(one, abs(y)), max(two, abs(m)), max(three, abs(wide))
        if not wide > 0.0:
            found[i] = np.nan
            continue
        z = abs(y - m) / wide
        if z < END:
            at = int(z * PIECES)
            t, of = z - (at + 0.5) / PIECES, pieces[at]
            low = (of[3] * t + of[2]) * t * t + (of[1] * t + of[0])
            high = (of[7] * t + of[6]) * t * t + (of[5] * t + of[4])
            found[i] = wide * (low + high * (t * t) * (t * t))
        else:
            found[i] = wide * (z - _MIDDLE)
    return found, max(one, two, three)


@njit(cache=True)
def log_normal(observed: Floats, mean: Floats, sd: Floats, log: Floats) -> tuple[Floats, float]:
    """The score, and the largest number given. `log`: of `sd`, which numpy takes of many at once."""
    found = np.empty(observed.size)
    one = two = three = 0.0
    for i in range(observed.size):
        y, m, wide = observed[i], mean[i], sd[i]
        one, two, three = max(one, abs(y)), max(two, abs(m)), max(three, abs(wide))
        z = (y - m) / wide if wide > 0.0 else np.nan
        found[i] = z * z / 2 + log[i] + _LOG_2PI / 2
    return found, max(one, two, three)


@njit(cache=True, error_model="numpy")
def summed(y: Floats, mean: Floats, size: Floats) -> tuple[Floats, Floats]:
    """p(y) and F(y) of the negative binomial (`size` infinite: Poisson) by adding up from y down; F is NaN where an
    incomplete function serves better: y is large, or p(y) next to nothing. Both are NaN unless y is whole and not
    negative."""
    first, upto = np.full(y.size, np.nan), np.full(y.size, np.nan)
    for i in range(y.size):
        if not (y[i] >= 0.0 and y[i] == math.floor(y[i]) and mean[i] > 0.0 and size[i] > 0.0):
            continue
        first[i] = math.exp(mass.negative_binomial(y[i], mean[i], size[i]))
        if y[i] <= MOST_TERMS and first[i] > LEAST_TERM:
            upto[i] = min(_added(y[i], first[i], mean[i], size[i]), 1.0)
    return first, upto


@njit(cache=True, error_model="numpy")
def _added(y: float, first: float, mean: float, size: float) -> float:
    poisson = not size < mass.FLAT * (1.0 + mean)
    share = 1.0 / mean if poisson else (size + mean) / mean
    term = total = first
    for step in range(int(y)):
        k = y - step
        term *= k * share if poisson else k * share / (size + k - 1.0)
        total += term
        if term < 1e-17 * total:
            break
    return total

"""Quantiles and upper tails of the Poisson and the negative binomial distribution, for many means at once."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

from camphora.methods import mass
from camphora.methods.compiling import njit

Floats = NDArray[np.float64]
WIDE = 2000.0  # a standard deviation, or a dispersion, beyond which terms are not summed one by one
HUGE = 1e12  # a mean beyond which counts are no longer told apart


def upper(mean: Floats, phi: Floats, p: float) -> Floats:
    """The least count whose distribution function is at least `p`: negative binomial of that mean and variance
    `phi` * mean, Poisson where `phi` is 1. NaN for NaN, infinite for an infinite mean."""
    found = np.empty(mean.shape)
    _quantiles(mean.ravel(), phi.ravel(), p, found.reshape(-1))
    for where in zip(*np.nonzero(found == -1.0), strict=True):
        found[where] = _searched(float(mean[where]), float(phi[where]), p)
    return found


def at_least(counts: Floats, mean: Floats, phi: Floats) -> Floats:
    """The probability of so many cases or more. NaN for NaN."""
    found = np.empty(mean.shape)
    _tails(counts.ravel(), mean.ravel(), phi.ravel(), found.reshape(-1))
    far = found == -1.0
    if far.any():
        found[far] = _survival(counts[far] - 1, mean[far], phi[far])
    return found


def _survival(count: Floats, mean: Floats, phi: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        size = np.minimum(mean / (phi - 1), 1e300)
        # The complement of 1 / phi is the exact one of the two where phi is hardly above 1.
        binomial = special.betainc(count + 1, size, (phi - 1) / phi)
        beyond = np.where(phi > 1, binomial, special.gammainc(count + 1, mean))
        normal = special.ndtr((mean - count - 0.5) / np.sqrt(phi * mean))
    found = np.where(mean > HUGE, normal, beyond)
    return np.where(count < 0, 1.0, np.where(np.isinf(mean), 1.0, found))


def _searched(mean: float, phi: float, p: float) -> float:
    """By bisection around the normal quantile mended for skewness, which alone serves where means are huge."""
    sd, z = math.sqrt(phi * mean), float(special.ndtri(p))
    near = mean + sd * z + (2 * phi - 1) * (z * z - 1) / 6
    if mean > HUGE:
        return float(max(0.0, near))

    def enough(count: float) -> bool:
        return float(_survival(np.array(count), np.array(mean), np.array(phi))) <= 1 - p

    low = high = max(0.0, math.floor(near))
    step = max(1.0, math.floor(sd / 100))
    while not enough(high):
        low, high, step = high, high + step, 2 * step
    while low > 0 and enough(low):
        high, low, step = low, max(0.0, low - step), 2 * step
    if enough(low):
        return low
    while high - low > 1:
        middle = math.floor((low + high) / 2)
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


@njit(cache=True, nogil=True)
def _log_mass(k: float, mean: float, phi: float) -> float:
    if phi > 1.0:
        return mass.negative_binomial(k, mean, mean / (phi - 1.0))
    return mass.poisson(k, mean)


@njit(cache=True, nogil=True)
def _ratio(k: float, mean: float, phi: float) -> float:
    """The mass at k + 1 over that at k."""
    if phi > 1.0:
        return (k * (phi - 1.0) + mean) / ((k + 1.0) * phi)
    return mean / (k + 1.0)


@njit(cache=True, nogil=True)
def _quantiles(mean: Floats, phi: Floats, p: float, out: Floats) -> None:
    for i in range(mean.size):
        out[i] = _quantile(mean[i], phi[i], p)


@njit(cache=True, nogil=True)
def _quantile(mean: float, phi: float, p: float) -> float:
    """-1 where it must be searched otherwise."""
    if math.isnan(mean) or math.isnan(phi):
        return np.nan
    if math.isinf(mean):
        return np.inf
    if mean <= 0.0:
        return 0.0
    sd = math.sqrt(phi * mean)
    if sd > WIDE or phi > WIDE or 1.0 - p < 1e-12:
        return -1.0
    k = max(0.0, math.floor(mean - 12.0 * sd))
    term = math.exp(_log_mass(k, mean, phi))
    below = term
    while below < p * (1.0 - 1.5e-14):
        if term < 1e-18 and k > mean:
            return -1.0
        term *= _ratio(k, mean, phi)
        k += 1.0
        below += term
    return k


@njit(cache=True, nogil=True)
def _tails(counts: Floats, mean: Floats, phi: Floats, out: Floats) -> None:
    for i in range(counts.size):
        out[i] = _tail(counts[i], mean[i], phi[i])


@njit(cache=True, nogil=True)
def _tail(count: float, mean: float, phi: float) -> float:
    """-1 where it must be found otherwise."""
    if math.isnan(count) or math.isnan(mean) or math.isnan(phi):
        return np.nan
    if count <= 0.0:
        return 1.0
    if mean <= 0.0:
        return 0.0
    sd = math.sqrt(phi * mean)
    if not (sd <= WIDE and phi <= WIDE):
        return -1.0
    k = float(math.ceil(count))
    if count <= mean:
        term = math.exp(_log_mass(k - 1.0, mean, phi))
        below, j = 0.0, k - 1.0
        while j >= 0.0 and term > 1e-18 * below:
            below += term
            if j == 0.0:
                break
            term /= _ratio(j - 1.0, mean, phi)
            j -= 1.0
        return 1.0 - below
    term = math.exp(_log_mass(k, mean, phi))
    above = 0.0
    while term > 1e-18 * above:
        above += term
        term *= _ratio(k, mean, phi)
        k += 1.0
    return above

"""Probabilities of counts on the logarithmic scale that keep their digits, also where counts are large or the negative
binomial is nearly Poisson: the saddle-point expansion of C. Loader, Fast and accurate computation of binomial
probabilities (2000), in which no large logarithms of factorials are subtracted from each other."""

from __future__ import annotations

import math

import numpy as np

from camphora.methods.arguments import Floats
from camphora.methods.compiling import njit

_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
FLAT = 1e18
"""A size beyond which the negative binomial is Poisson to the last digit."""


@njit(cache=True, nogil=True)
def poisson(k: float, mean: float) -> float:
    """log p(k), whole k and mean of 0 or more."""
    if mean == 0.0:
        return 0.0 if k == 0.0 else -math.inf
    if k == 0.0:
        return -mean
    return k * _log1pmx((mean - k) / k, mean / k) - _stirling(k) - _HALF_LOG_2PI - 0.5 * math.log(k)


@njit(cache=True, nogil=True)
def negative_binomial(k: float, mean: float, size: float) -> float:
    """log p(k) where the variance is mean + mean² / size, size above 0."""
    if not size < FLAT * (1.0 + mean):
        return poisson(k, mean)
    if mean == 0.0:
        return 0.0 if k == 0.0 else -math.inf
    if k == 0.0:
        return -size * math.log1p(mean / size)
    away = (mean - k) / (size + mean)
    whole = (size + k) / (size + mean)
    found = size * _log1pmx(-away, whole) + k * _log1pmx(size * away / k, mean / k * whole)
    found += _stirling(size + k) - _stirling(size) - _stirling(k) - _HALF_LOG_2PI
    return found - 0.5 * (math.log1p(k / size) + math.log(k))


@njit(cache=True, nogil=True)
def _log1pmx(x: float, more: float) -> float:
    """log(1 + x) - x, with `more` = 1 + x given, as near -1 it cannot be told from x."""
    if abs(x) > 0.2:
        return math.log(more) - x
    t = x / (2.0 + x)
    square, power, total = t * t, 1.0, 0.0
    for odd in range(3, 23, 2):
        total += power / odd
        power *= square
    return -x * t + 2.0 * t * square * total


@njit(cache=True, nogil=True)
def _stirling(x: float) -> float:
    """What Stirling's formula for log x! leaves out."""
    if x < 10.0:
        return math.lgamma(x + 1.0) - (x + 0.5) * math.log(x) + x - _HALF_LOG_2PI
    y = 1.0 / (x * x)
    series = 1 / 1188.0 - y * 691 / 360360.0
    for each in (-1 / 1680.0, 1 / 1260.0, -1 / 360.0, 1 / 12.0):
        series = each + y * series
    return series / x


def log_poisson(k: Floats, mean: Floats) -> Floats:
    """As `poisson`, of arrays of one shape; NaN for NaN, for a mean below 0 and for what is no whole number of 0 or
    more."""
    return _each(k.ravel(), mean.ravel(), np.full(k.size, np.inf)).reshape(k.shape)


def log_negative_binomial(k: Floats, mean: Floats, size: Floats) -> Floats:
    """As `negative_binomial`, of arrays of one shape; NaN as in `log_poisson`, and for a size of 0 or less."""
    return _each(k.ravel(), mean.ravel(), size.ravel()).reshape(k.shape)


@njit(cache=True)
def _each(k: Floats, mean: Floats, size: Floats) -> Floats:
    found = np.full(k.size, np.nan)
    for i in range(k.size):
        if k[i] >= 0.0 and mean[i] >= 0.0 and size[i] > 0.0 and k[i] == math.floor(k[i]):
            found[i] = negative_binomial(k[i], mean[i], size[i])
    return found

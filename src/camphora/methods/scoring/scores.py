"""Proper scores: lower is better, 0 is perfect for all but the logarithmic score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike
from scipy.special import betainc, betaincc, hyp2f1, ive, ndtr, pdtr

from camphora.errors import Invalid
from camphora.methods.arguments import Floats, chances, inside, numbers, one_of, same_shape
from camphora.methods.made import Made
from camphora.methods.mass import log_negative_binomial as log_negative_binomial_mass
from camphora.methods.mass import log_poisson as log_poisson_mass

VERSION = 1
TRUSTED, FLAT = 50.0, 500.0
STEP = 0.05
ESTIMATORS = ("quantiles", "fair")


@dataclass(frozen=True, slots=True)
class Score:
    """`value`, in the shape of what was observed; NaN where that, or the forecast, is missing."""

    value: Floats
    made: Made


@dataclass(frozen=True, slots=True)
class Weighted:
    """The weighted interval score `value` and what it is made of: `spread` (width of the intervals), `over` (forecasts
    above what came) and `under`; the three add up."""

    value: Floats
    spread: Floats
    over: Floats
    under: Floats
    made: Made


def wis(observed: ArrayLike, quantiles: ArrayLike, *, levels: Sequence[float]) -> Weighted:
    """The weighted interval score of quantiles (..., levels) for what was observed (...).

    With K central intervals (l, u) of level 1 - alpha and the median m:
    (|y - m| / 2 + sum of alpha/2 (u - l) + (l - y)+ + (y - u)+) / (K + 1/2), which is twice the mean pinball loss and
    tends to the CRPS. Source: Bracher, Ray, Gneiting, Reich, PLoS Comput Biol 2021;17:e1008618.
    `levels` rise, are symmetric and contain 0.5. Units are those of what is observed. Quantiles that cross are scored
    as given. Invalid `methods-levels`, `methods-shape`.
    """
    at = checked_levels(levels)
    plain = type(quantiles) is np.ndarray and quantiles.dtype == np.float64
    given, forecast = _pair(observed, quantiles, at, look=not plain)
    made = Made("scoring.scores.wis", VERSION, {"levels": at.tolist()})
    flat = np.ascontiguousarray(forecast.reshape(-1, at.size))
    parts = _weighted(flat, np.ascontiguousarray(given).reshape(-1), at)
    # Looking for infinite numbers costs as much as the score: only where a score shows that there may be some.
    if plain and not np.isfinite(parts[0]).all():
        numbers(quantiles, "quantiles")
    value, spread, over, under = (part.reshape(given.shape) for part in parts)
    return Weighted(value, spread, over, under, made)


def interval(observed: ArrayLike, lower: ArrayLike, upper: ArrayLike, *, alpha: float) -> Score:
    """u - l + 2/alpha ((l - y)+ + (y - u)+) for a central interval of level 1 - alpha. Source: Gneiting, Raftery, J Am
    Stat Assoc 2007;102:359-78. Invalid `methods-range` unless 0 < alpha < 1, `methods-shape`."""
    inside(alpha, 0.0, 1.0, "alpha")
    y, low, high = _broadcast(observed=observed, lower=lower, upper=upper)
    missed = np.maximum(low - y, 0) + np.maximum(y - high, 0)
    return Score(high - low + 2 / alpha * missed, Made("scoring.scores.interval", VERSION, {"alpha": alpha}))


def pinball(observed: ArrayLike, quantiles: ArrayLike, *, levels: Sequence[float]) -> Score:
    """The loss of each quantile, (..., levels): (1{y < q} - level) (q - y)."""
    at = chances(levels, "levels")
    given, forecast = _pair(observed, quantiles, at)
    off = forecast - given[..., None]
    value = np.where(off > 0, 1 - at, -at) * off
    return Score(value, Made("scoring.scores.pinball", VERSION, {"levels": at.tolist()}))


def crps_samples(observed: ArrayLike, samples: ArrayLike, *, estimator: str = "quantiles") -> Score:
    """The continuous ranked probability score of samples (..., samples).

    "quantiles" is that of the empirical distribution, E|X - y| - E|X - X'| / 2 over all pairs; "fair" leaves a sample's
    pair with itself out, which is unbiased for the distribution that the samples came from (Ferro, Q J R Meteorol Soc
    2014;140:1917-23) and needs two samples.
    """
    one_of(estimator, ESTIMATORS, "estimator")
    drawn = np.sort(np.atleast_1d(numbers(samples, "samples")), axis=-1)
    size = drawn.shape[-1]
    if size < 2:
        raise Invalid("methods-short", argument="samples", least=2, found=size)
    given = same_shape(numbers(observed, "observed"), drawn[..., 0], "observed")
    first = np.abs(drawn - given[..., None]).mean(axis=-1)
    pairs = ((2 * np.arange(size) - size + 1) * drawn).sum(axis=-1)
    spread = pairs / (size * size if estimator == "quantiles" else size * (size - 1))
    return Score(first - spread, Made("scoring.scores.crps_samples", VERSION, {"estimator": estimator}))


def crps_normal(observed: ArrayLike, mean: ArrayLike, sd: ArrayLike) -> Score:
    """sd (z (2 Phi(z) - 1) + 2 phi(z) - 1/sqrt(pi)), z = (y - mean) / sd. Source: Gneiting, Raftery 2007. NaN unless
    sd > 0."""
    y, centre, wide = _broadcast(observed=observed, mean=mean, sd=sd)
    wide = np.where(wide > 0, wide, np.nan)
    z = (y - centre) / wide
    density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    value = wide * (z * (2 * ndtr(z) - 1) + 2 * density - 1 / np.sqrt(np.pi))
    return Score(value, Made("scoring.scores.crps_normal", VERSION, {}))


def crps_poisson(observed: ArrayLike, mean: ArrayLike) -> Score:
    """(y - m) (2 P(y) - 1) + 2 m p(y) - m exp(-2m) (I0(2m) + I1(2m)), P the distribution function. Source: Wei, Held,
    Test 2014;23:787-805. NaN unless mean > 0 and y is whole."""
    y, m = _broadcast(observed=observed, mean=mean)
    m, y = np.where(m > 0, m, np.nan), np.where(y % 1 == 0, y, np.nan)
    below, mass = pdtr(y, m), np.exp(log_poisson_mass(y, m))
    value = (y - m) * (2 * below - 1) + 2 * m * mass - m * (ive(0, 2 * m) + ive(1, 2 * m))
    return Score(value, Made("scoring.scores.crps_poisson", VERSION, {}))


def crps_negative_binomial(observed: ArrayLike, mean: ArrayLike, size: ArrayLike) -> Score:
    """Of the negative binomial with variance mean + mean^2 / size, in closed form. Source: Wei, Held 2014. NaN unless
    mean > 0, size > 0 and y is whole. Half the mean difference of two draws is Gauss's hypergeometric function, or,
    where that loses digits (size above 50 or mean above 500 times size), the integral of `_mean_difference`."""
    y, m, r = _broadcast(observed=observed, mean=mean, size=size)
    m, r, y = np.where(m > 0, m, np.nan), np.where(r > 0, r, np.nan), np.where(y % 1 == 0, y, np.nan)
    # F(y; r) and F(y - 1; r + 1).
    below = np.where(y >= 0, _upto(np.maximum(y, 0), m / (r + m), r), 0.0)
    above = np.where(y >= 1, _upto(np.maximum(y, 1) - 1, m / (r + m), r + 1), 0.0)
    value = y * (2 * below - 1) - m * (2 * above - 1) - _half_difference(m, r)
    return Score(value, Made("scoring.scores.crps_negative_binomial", VERSION, {}))


def log_normal_density(observed: ArrayLike, mean: ArrayLike, sd: ArrayLike) -> Score:
    """The logarithmic score -log f(y) of a normal distribution. Source: Good, J R Stat Soc B 1952;14:107-14."""
    y, centre, wide = _broadcast(observed=observed, mean=mean, sd=sd)
    wide = np.where(wide > 0, wide, np.nan)
    value = ((y - centre) / wide) ** 2 / 2 + np.log(wide) + np.log(2 * np.pi) / 2
    return Score(value, Made("scoring.scores.log_normal_density", VERSION, {}))


def log_poisson(observed: ArrayLike, mean: ArrayLike) -> Score:
    """-log p(y) of a Poisson distribution; infinite where mean is 0 and y is not, NaN unless y is whole and neither is
    negative. Source of the arithmetic: `methods.mass`."""
    y, m = _broadcast(observed=observed, mean=mean)
    return Score(-log_poisson_mass(y, m), Made("scoring.scores.log_poisson", VERSION, {}))


def log_negative_binomial(observed: ArrayLike, mean: ArrayLike, size: ArrayLike) -> Score:
    """-log p(y) of the negative binomial with variance mean + mean^2 / size. NaN as in `log_poisson`, and unless
    size > 0."""
    y, m, r = _broadcast(observed=observed, mean=mean, size=size)
    value = log_negative_binomial_mass(y, m, r)
    return Score(-value, Made("scoring.scores.log_negative_binomial", VERSION, {}))


def _upto(y: Floats, chance: Floats, r: Floats) -> Floats:
    """The distribution function of a negative binomial, `chance` = mean / (size + mean): the incomplete beta function
    of 1 - chance, or where that loses digits, by its complement, which is slower."""
    plain = ~((chance < 1e-3) | (r > TRUSTED + 1))
    found = betainc(r, y + 1, 1 - chance)
    if not plain.all():
        near = ~plain
        found = np.array(found)
        found[near] = betaincc(y[near] + 1, r[near], chance[near])
    return np.asarray(found)


def _half_difference(m: Floats, r: Floats) -> Floats:
    """E|X - X'| / 2 of two draws of a negative binomial."""
    variance = m * (1 + m / r)
    plain = (r <= TRUSTED) & (m <= FLAT * r)
    rest = _mean_difference(np.where(plain, np.nan, m).ravel(), r.ravel()).reshape(m.shape)
    with np.errstate(all="ignore"):
        found = variance * hyp2f1(r + 1, 0.5, 2, -4 * np.where(plain, variance / r, 0.0))
    return np.asarray(np.where(plain, found, rest / 2))


@njit(cache=True)
def _mean_difference(means: Floats, sizes: Floats) -> Floats:
    """(1/pi) times the integral over x > 0 of (1 - h(x)) / x^2, h the squared modulus of the characteristic function at
    2 arctan x: |n| is the mean of (1 - cos nt)/(1 - cos t) over t. By the trapezoidal rule in log x, whose error falls
    exponentially."""
    found = np.full(means.size, np.nan)
    for i in range(means.size):
        m, r = means[i], sizes[i]
        if not (m > 0.0 and r > 0.0):
            continue
        variance = m * (1.0 + m / r)
        unit = 1.0 / math.sqrt(4.0 * variance + 1.0)
        total = 0.0
        for step in range(-800, 801):
            x = unit * math.exp(step * STEP)
            share = 1.0 / (1.0 + 1.0 / (x * x))
            total += -math.expm1(-r * math.log1p(4.0 * variance / r * share)) / x
        found[i] = total * STEP / math.pi
    return found


@njit(cache=True)
def _weighted(forecasts: Floats, observed: Floats, levels: Floats) -> Floats:
    """The score and its three parts in one pass over the quantiles."""
    half = levels.size // 2
    found = np.empty((4, observed.size))
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
    return found


def checked_levels(levels: Sequence[float]) -> Floats:
    """Rising, symmetric about 0.5, which is among them. Invalid `methods-levels`."""
    at = numbers(levels, "levels")
    symmetric = at.ndim == 1 and at.size % 2 == 1 and np.allclose(at + at[::-1], 1, atol=1e-9)
    if not symmetric or np.any(np.diff(at) <= 0) or at[0] <= 0:
        raise Invalid("methods-levels", argument="levels")
    return at


def _pair(
    observed: ArrayLike, quantiles: ArrayLike, at: Floats, *, look: bool = True
) -> tuple[Floats, Floats]:
    forecast = numbers(quantiles, "quantiles") if look else np.asarray(quantiles)
    if not forecast.ndim or forecast.shape[-1] != at.size:
        raise Invalid(
            "methods-shape", argument="quantiles", wanted=f"(..., {at.size})", found=str(forecast.shape)
        )
    return same_shape(numbers(observed, "observed"), forecast[..., 0], "observed"), forecast


def _broadcast(**given: ArrayLike) -> tuple[Floats, ...]:
    """Of one shape. Invalid `methods-shape` names the first that does not go with those before it."""
    found = {name: numbers(each, name) for name, each in given.items()}
    shape: tuple[int, ...] = ()
    for name, each in found.items():
        try:
            shape = np.broadcast_shapes(shape, each.shape)
        except ValueError:
            raise Invalid("methods-shape", argument=name, wanted=str(shape), found=str(each.shape)) from None
    return tuple(np.broadcast_to(each, shape) for each in found.values())

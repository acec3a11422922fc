"""Proper scores: lower is better, 0 is perfect for all but the logarithmic score."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, betaincc, hyp2f1, i0e, i1e, pdtr

from camphora.errors import Invalid
from camphora.methods.arguments import MOST, Floats, chances, inside, numbers, one_of, same_shape
from camphora.methods.compiling import njit
from camphora.methods.made import Made
from camphora.methods.mass import log_negative_binomial as log_negative_binomial_mass
from camphora.methods.mass import log_poisson as log_poisson_mass
from camphora.methods.scoring import passes

VERSION = 1
VERSION_OF_COUNTS = 2
"""Of the CRPS of counts: a mean of 0, and counts below 0, had none before."""
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
    plain = _plain(quantiles)
    given, forecast = _pair(observed, quantiles, at, look=not plain)
    made = Made("scoring.scores.wis", VERSION, {"levels": at.tolist()})
    flat = np.ascontiguousarray(forecast.reshape(-1, at.size))
    parts, finite = passes.weighted(flat, np.ascontiguousarray(given).reshape(-1), at)
    # Looking for infinite numbers costs as much as the score: only where a score shows that there may be some.
    if plain and not finite:
        numbers(quantiles, "quantiles")
    value, spread, over, under = (part.reshape(given.shape) for part in parts)
    return Weighted(value, spread, over, under, made)


def interval(observed: ArrayLike, lower: ArrayLike, upper: ArrayLike, *, alpha: float) -> Score:
    """u - l + 2/alpha ((l - y)+ + (y - u)+) for a central interval of level 1 - alpha. Source: Gneiting, Raftery, J Am
    Stat Assoc 2007;102:359-78. Invalid `methods-range` unless 0 < alpha < 1, `methods-shape`."""
    inside(alpha, 0.0, 1.0, "alpha")
    value = _passed(passes.interval, (float(alpha),), observed=observed, lower=lower, upper=upper)
    return Score(value, Made("scoring.scores.interval", VERSION, {"alpha": alpha}))


def pinball(observed: ArrayLike, quantiles: ArrayLike, *, levels: Sequence[float]) -> Score:
    """The loss of each quantile, (..., levels): (1{y < q} - level) (q - y)."""
    at = chances(levels, "levels")
    given, forecast = _pair(observed, quantiles, at)
    rows = np.ascontiguousarray(forecast.reshape(-1, at.size))
    value = passes.pinball(np.ascontiguousarray(given).reshape(-1), rows, at).reshape(forecast.shape)
    return Score(value, Made("scoring.scores.pinball", VERSION, {"levels": at.tolist()}))


def crps_quantiles(observed: ArrayLike, quantiles: ArrayLike, *, levels: Sequence[float]) -> Score:
    """The continuous ranked probability score by quantiles (..., levels) of any levels: twice their mean `pinball`
    loss, and so the value of `wis` where they are symmetric. Source: Laio, Tamea, Hydrol Earth Syst Sci
    2007;11:1267-77. Invalid `methods-range`, `methods-shape`."""
    at = chances(levels, "levels")
    plain = _plain(quantiles)
    given, forecast = _pair(observed, quantiles, at, look=not plain)
    rows = np.ascontiguousarray(forecast.reshape(-1, at.size))
    value, finite = passes.crps_quantiles(np.ascontiguousarray(given).reshape(-1), rows, at)
    if plain and not finite:
        numbers(quantiles, "quantiles")
    made = Made("scoring.scores.crps_quantiles", VERSION, {"levels": at.tolist()})
    return Score(value.reshape(given.shape), made)


def crps_samples(observed: ArrayLike, samples: ArrayLike, *, estimator: str = "quantiles") -> Score:
    """The continuous ranked probability score of samples (..., samples).

    "quantiles" is that of the empirical distribution, E|X - y| - E|X - X'| / 2 over all pairs; "fair" leaves a sample's
    pair with itself out, which is unbiased for the distribution that the samples came from (Ferro, Q J R Meteorol Soc
    2014;140:1917-23) and needs two samples. One sample, by "quantiles", is a point: |y - x|. Invalid `methods-too-few`,
    `methods-choice`, `methods-shape`.
    """
    one_of(estimator, ESTIMATORS, "estimator")
    drawn = np.sort(np.atleast_1d(numbers(samples, "samples")), axis=-1)
    size, least = drawn.shape[-1], 2 if estimator == "fair" else 1
    if size < least:
        raise Invalid("methods-too-few", argument="samples", least=least, found=size)
    given = same_shape(numbers(observed, "observed"), drawn[..., 0], "observed")
    first = np.abs(drawn - given[..., None]).mean(axis=-1)
    pairs = ((2 * np.arange(size) - size + 1) * drawn).sum(axis=-1)
    spread = pairs / (size * size if estimator == "quantiles" else size * (size - 1))
    return Score(first - spread, Made("scoring.scores.crps_samples", VERSION, {"estimator": estimator}))


def crps_normal(observed: ArrayLike, mean: ArrayLike, sd: ArrayLike) -> Score:
    """sd (z (2 Phi(z) - 1) + 2 phi(z) - 1/sqrt(pi)), z = (y - mean) / sd. Source: Gneiting, Raftery 2007. NaN unless
    sd > 0."""
    value = _passed(passes.crps_normal, (passes.NORMAL,), observed=observed, mean=mean, sd=sd)
    return Score(value, Made("scoring.scores.crps_normal", VERSION, {}))


def crps_poisson(observed: ArrayLike, mean: ArrayLike) -> Score:
    """(y - m) (2 P(y) - 1) + 2 m p(y) - m exp(-2m) (I0(2m) + I1(2m)), P the distribution function. Source: Wei, Held,
    Test 2014;23:787-805. A mean of 0 is a point at 0: |y|. NaN unless mean >= 0 and y is whole."""
    y, m = _broadcast(observed=observed, mean=mean)
    point, m, y = m == 0, np.where(m > 0, m, np.nan), np.where(y % 1 == 0, y, np.nan)
    mass, below = _masses(y, m, np.full(m.shape, np.inf))
    far = np.isnan(below)
    below[far] = np.where(y[far] < 0, 0.0, pdtr(y[far], m[far]))
    mass = np.where(y < 0, 0.0, mass)
    value = (y - m) * (2 * below - 1) + 2 * m * mass - m * (i0e(2 * m) + i1e(2 * m))
    value = np.where(point, np.abs(y), value)
    return Score(value, Made("scoring.scores.crps_poisson", VERSION_OF_COUNTS, {}))


def crps_negative_binomial(observed: ArrayLike, mean: ArrayLike, size: ArrayLike) -> Score:
    """Of the negative binomial with variance mean + mean^2 / size, in closed form. Source: Wei, Held 2014. A mean of 0
    is a point at 0: |y|. NaN unless mean >= 0, size > 0 and y is whole. Half the mean difference of two draws is
    Gauss's hypergeometric function, or, where that loses digits (size above 50 or mean above 500 times size), the
    integral of `_mean_difference`."""
    y, m, r = _broadcast(observed=observed, mean=mean, size=size)
    point = (m == 0) & (r > 0)
    m, r, y = np.where(m > 0, m, np.nan), np.where(r > 0, r, np.nan), np.where(y % 1 == 0, y, np.nan)
    below, above = _both(y, m, r)
    value = y * (2 * below - 1) - m * (2 * above - 1) - _half_difference(m, r)
    value = np.where(point, np.abs(y), value)
    return Score(value, Made("scoring.scores.crps_negative_binomial", VERSION_OF_COUNTS, {}))


def log_normal_density(observed: ArrayLike, mean: ArrayLike, sd: ArrayLike) -> Score:
    """The logarithmic score -log f(y) of a normal distribution. Source: Good, J R Stat Soc B 1952;14:107-14."""
    wide = sd if _plain(sd) else numbers(sd, "sd")
    with np.errstate(all="ignore"):
        log = np.log(wide)
    value = _passed(passes.log_normal, (), observed=observed, mean=mean, sd=wide, log=log)
    return Score(value, Made("scoring.scores.log_normal_density", VERSION, {}))


def log_poisson(observed: ArrayLike, mean: ArrayLike) -> Score:
    """-log p(y) of a Poisson distribution; where mean is 0, 0 for y = 0 and infinite for others; NaN unless y is
    whole and neither is negative. Source of the arithmetic: `methods.mass`."""
    y, m = _broadcast(observed=observed, mean=mean)
    return Score(-log_poisson_mass(y, m), Made("scoring.scores.log_poisson", VERSION, {}))


def log_negative_binomial(observed: ArrayLike, mean: ArrayLike, size: ArrayLike) -> Score:
    """-log p(y) of the negative binomial with variance mean + mean^2 / size. Infinite and NaN as in `log_poisson`; NaN
    also unless size > 0."""
    y, m, r = _broadcast(observed=observed, mean=mean, size=size)
    value = log_negative_binomial_mass(y, m, r)
    return Score(-value, Made("scoring.scores.log_negative_binomial", VERSION, {}))


def _both(y: Floats, m: Floats, r: Floats) -> tuple[Floats, Floats]:
    """F(y; r) and F(y - 1; r + 1) of a negative binomial; they differ by p(y) (r + y) / r, both the incomplete beta
    function integrated by parts."""
    mass, below = _masses(y, m, r)
    above = np.asarray(below - mass * (r + y) / r)
    far = np.isnan(below)
    if far.any():
        y, m, r = y[far], m[far], r[far]
        below[far] = np.where(y >= 0, _upto(np.maximum(y, 0), m / (r + m), r), 0.0)
        above[far] = np.where(y >= 1, _upto(np.maximum(y, 1) - 1, m / (r + m), r + 1), 0.0)
    return below, above


def _masses(y: Floats, m: Floats, r: Floats) -> tuple[Floats, Floats]:
    """p(y), and F(y) where it is soon added up, else NaN."""
    mass, below = passes.summed(*(np.ascontiguousarray(each).reshape(-1) for each in (y, m, r)))
    return mass.reshape(y.shape), below.reshape(y.shape)


def _passed(work: Callable[..., tuple[Floats, float]], more: tuple[Any, ...], **given: ArrayLike) -> Floats:
    """`work` on what is given, made of one shape and then flat. It says what the largest number was: to look for that
    before would cost as much as a score."""
    known = {name: each if _plain(each) else numbers(each, name) for name, each in given.items()}
    found = _alike(known)
    flat = (each if each.ndim == 1 else np.ascontiguousarray(each).reshape(-1) for each in found)
    value, most = work(*flat, *more)
    if not most <= MOST:
        for name, each in known.items():
            numbers(each, name)
    return value.reshape(found[0].shape)


def _plain(given: ArrayLike) -> bool:
    return type(given) is np.ndarray and given.dtype == np.float64


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


def checked_levels(levels: Sequence[float]) -> Floats:
    """Rising, symmetric about 0.5, which is among them. Invalid `methods-levels`."""
    at = numbers(levels, "levels")
    if at.ndim != 1 or at.size % 2 == 0 or not passes.symmetric(at):
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
    """As numbers of one shape. Invalid `methods-shape` names the first that does not go with those before it."""
    return _alike({name: numbers(each, name) for name, each in given.items()})


def _alike(found: dict[str, Any]) -> tuple[Floats, ...]:
    shape: tuple[int, ...] = ()
    for name, each in found.items():
        try:
            shape = np.broadcast_shapes(shape, each.shape)
        except ValueError:
            raise Invalid("methods-shape", argument=name, wanted=str(shape), found=str(each.shape)) from None
    return tuple(np.broadcast_to(each, shape) for each in found.values())

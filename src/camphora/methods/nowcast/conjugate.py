"""The nowcast of Höhle and an der Heiden in closed form: each day by itself, without drawing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, gammaln

from camphora.errors import Invalid
from camphora.methods.arguments import Floats, chances, one_of, whole, within
from camphora.methods.compiling import njit
from camphora.methods.made import Made
from camphora.methods.nowcast.bayes import LEVELS, Posterior
from camphora.methods.nowcast.delays import Hazards, hazards
from camphora.methods.nowcast.triangle import checked

VERSION = 1
DELAYS = ("truncated", "whole")
PRIORS = ("negative binomial", "poisson", "uniform")
MOST = 4096
REACH = 1e-10


def conjugate(
    triangle: ArrayLike,
    *,
    prior: str = "negative binomial",
    prior_mean: float = 10.0,
    prior_sd: float = 300**0.5,
    delays: str = "truncated",
    kappa: float = 0.1,
    window: int | None = None,
    largest: int | None = None,
    levels: Sequence[float] = LEVELS,
) -> Posterior:
    """Cases by day of onset when all are reported, from triangles (series, days, delays) or one of them.

    Cases of each day are negative binomial a priori, with `prior_mean` and `prior_sd` of the count itself (a Poisson
    count whose level is Gamma), up to `largest`; `prior="poisson"`: Poisson with `prior_mean`, `"uniform"`: each number
    up to `largest`, which must be given, is as likely; what of mean and sd is not named tells nothing.
    `delays="truncated"`: that long delays of the last days cannot have been seen yet is reckoned with: each chance g(x)
    of delay x among delays <= x is Beta(kappa, kappa) a priori, a generalised Dirichlet posterior. "whole": it is not:
    the delays reported so far are taken for all, with a Dirichlet(kappa) prior, which is right where the list ends long
    after the last onset and else tells too few cases.
    Source: Höhle, an der Heiden, Biometrics 2014;70:993-1002.

    Exact, where the paper draws: given N, those with delay <= x - 1 among those with delay <= x are beta-binomial, so
    that the chance of what is reported is a product of sums. Each day stands by itself; `bayes` lends from day to day.
    `largest`: by default where the posterior ends whatever the delays (but for 1e-10), at most 4,096. A day without
    reports is estimated from the prior. Zero counts are data. Only reports of the last `window` days tell of delays.
    Quantiles are whole numbers, never below what is reported. Invalid `methods-triangle`, `methods-shape`,
    `methods-choice`, `methods-range` (also unless prior_sd^2 > prior_mean where it tells), `methods-not-whole`.
    """
    window = None if window is None else whole(window, 1, 100_000, "window")
    at = chances(levels, "levels")
    parameters: dict[str, Any] = {
        "prior": prior, "prior_mean": prior_mean, "prior_sd": prior_sd, "delays": delays, "kappa": kappa,
        "window": window, "largest": largest, "levels": at.tolist(),
    }  # fmt: skip
    _refuse(parameters)
    counts = checked(triangle)
    reported = np.nansum(counts[:, -counts.shape[2] :], axis=2)
    if np.any(reported % 1):
        raise Invalid("methods-not-whole", argument="triangle")
    least = int(reported.max(initial=0))
    top = _reach(least, parameters) if largest is None else whole(largest, least, MOST, "largest")
    before = _before(np.arange(top + 1.0), parameters)
    seen = hazards(counts, window)
    means, quantiles = np.empty(reported.shape), np.empty((*reported.shape, at.size))
    for row in range(counts.shape[0]):
        if delays == "whole":
            told = _whole(counts[row], window, kappa, reported[row], top)
        else:
            told = _truncated(seen, row, kappa, reported[row], top)
        means[row], quantiles[row] = _summed(told + before, at)
    made = Made("nowcast.conjugate.conjugate", VERSION, parameters)
    return Posterior(reported, means, np.maximum(quantiles, reported[..., None]), made)


def _refuse(p: dict[str, Any]) -> None:
    one_of(p["delays"], DELAYS, "delays")
    within(p["prior_mean"], 1e-12, 1e6, "prior_mean")
    if one_of(p["prior"], PRIORS, "prior") == PRIORS[0]:
        within(p["prior_sd"], p["prior_mean"] ** 0.5 * (1 + 1e-9), 1e6, "prior_sd")
    within(p["kappa"], 1e-9, 1e6, "kappa")


def _summed(log_weight: Floats, levels: Floats) -> tuple[Floats, Floats]:
    """Mean and quantiles of each day, from the log weight of N = 0.., shape (days, top + 1)."""
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    below = np.cumsum(weight, axis=1)
    below /= below[:, -1:]
    mean = (weight / weight.sum(axis=1, keepdims=True)) @ np.arange(weight.shape[1], dtype=np.float64)
    return mean, np.array([np.searchsorted(each, levels - 1e-12) for each in below], dtype=np.float64)


def _gamma(p: dict[str, Any]) -> tuple[float, float]:
    """Shape and rate of the level whose Poisson count has the moments of the prior."""
    mean, more = p["prior_mean"], p["prior_sd"] ** 2 - p["prior_mean"]
    return mean**2 / more, mean / more


def _before(number: Floats, p: dict[str, Any]) -> Floats:
    """The log chance of each number a priori."""
    from scipy.stats import nbinom, poisson  # its import takes a second and 50 MB

    if p["prior"] == "uniform":
        return np.zeros_like(number)
    if p["prior"] == "poisson":
        return np.asarray(poisson.logpmf(number, p["prior_mean"]))
    shape, rate = _gamma(p)
    return np.asarray(nbinom.logpmf(number, shape, rate / (1 + rate)))


def _reach(least: int, p: dict[str, Any]) -> int:
    """Where the posterior ends if no report tells of what is still to come. Invalid `methods-range` of a prior that
    has no end."""
    from scipy.stats import nbinom, poisson

    if p["prior"] == "uniform":
        raise Invalid("methods-range", argument="largest", low=least, high=MOST)
    if p["prior"] == "poisson":
        more = float(poisson.ppf(1 - REACH, p["prior_mean"]))
    else:
        shape, rate = _gamma(p)
        more = float(nbinom.ppf(1 - REACH, shape + least, rate / (1 + rate)))
    within(least + more + 1, least, MOST, "largest")
    return int(least + more + 1)


def _truncated(seen: Hazards, row: int, kappa: float, reported: Floats, top: int) -> Floats:
    """The log chance of what is reported given N = 0..top, shape (days, top + 1)."""
    days = reported.size
    # Of all days at once: chance[n, day] that n of those with a delay of up to x are what is reported by now.
    chance = np.zeros((top + 1, days))
    found = np.empty((days, top + 1))
    for delay in range(days):
        day = days - 1 - delay
        if delay > 0:
            late, on_time = (
                seen.reported[row, delay - 1],
                seen.exposed[row, delay - 1] - seen.reported[row, delay - 1],
            )
            chance = _thinned(chance, late + kappa, on_time + kappa)
        chance[:, day] = np.arange(top + 1) == reported[day]
        if delay == days - 1:
            found[:] = chance.T
    with np.errstate(divide="ignore"):
        return np.log(found)


@njit(cache=True)
def _thinned(chance: Floats, late: float, on_time: float) -> Floats:
    """From the chance by the number on time to that by the number of all: beta-binomial, k of n on time."""
    size, days = chance.shape
    plain, left, right, both = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    for n in range(size):
        plain[n], both[n] = math.lgamma(n + 1.0), math.lgamma(n + late + on_time)
        left[n], right[n] = math.lgamma(n + on_time), math.lgamma(n + late)
    found = np.zeros((size, days))
    for n in range(size):
        for k in range(n + 1):
            share = left[k] - left[0] + right[n - k] - right[0] - both[n] + both[0]
            share = math.exp(share + plain[n] - plain[k] - plain[n - k])
            for day in range(days):
                found[n, day] += share * chance[k, day]
    return found


def _whole(counts: Floats, window: int | None, kappa: float, reported: Floats, top: int) -> Floats:
    days, width = counts.shape
    known = np.nan_to_num(counts)
    first = [0 if window is None else max(0, days - delay - window) for delay in range(width)]
    total = np.array([known[first[delay] : days - delay, delay].sum() for delay in range(width)]) + kappa
    upto = np.cumsum(total)
    number = np.arange(top + 1.0)
    found = np.full((width, top + 1), -np.inf)
    for at, seen in enumerate(reported):
        early = upto[width - 1 - at]
        late = upto[-1] - early
        rest = np.maximum(number - seen, 0)
        if at == 0:
            found[at, int(seen)] = 0.0
            continue
        chance = gammaln(number + 1) - gammaln(seen + 1) - gammaln(rest + 1)
        chance += betaln(seen + early, rest + late) - betaln(early, late)
        found[at] = np.where(number >= seen, chance, -np.inf)
    return found

"""The nowcast of Höhle and an der Heiden in closed form: each day by itself, without drawing."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import ArrayLike
from scipy.special import betaln, gammaln
from scipy.stats import nbinom

from camphora.errors import Invalid
from camphora.methods.arguments import Floats, chances, one_of, whole, within
from camphora.methods.made import Made
from camphora.methods.nowcast.bayes import LEVELS, Posterior
from camphora.methods.nowcast.delays import Hazards, hazards
from camphora.methods.nowcast.triangle import checked

VERSION = 1
DELAYS = ("truncated", "whole")
MOST = 4096
REACH = 1e-10


def conjugate(
    triangle: ArrayLike,
    *,
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
    count whose level is Gamma), up to `largest`. `delays="truncated"`: that long delays of the last days cannot have
    been seen yet is reckoned with: each chance g(x) of delay x among delays <= x is Beta(kappa, kappa) a priori, a
    generalised Dirichlet posterior. "whole": it is not: the delays reported so far are taken for all, with a
    Dirichlet(kappa) prior, which is right where the list ends long after the last onset and else tells too few cases.
    Source: Höhle, an der Heiden, Biometrics 2014;70:993-1002.

    Exact, where the paper draws: given N, those with delay <= x - 1 among those with delay <= x are beta-binomial, so
    that the chance of what is reported is a product of sums. Each day stands by itself; `bayes` lends from day to day.
    `largest`: by default where the posterior ends whatever the delays (but for 1e-10), at most 4,096. A day without
    reports is estimated from the prior. Zero counts are data. Only reports of the last `window` days tell of delays.
    Quantiles are whole numbers, never below what is reported. Invalid `methods-triangle`, `methods-shape`,
    `methods-choice`, `methods-range` (also unless prior_sd^2 > prior_mean), `methods-not-whole`.
    """
    one_of(delays, DELAYS, "delays")
    within(prior_mean, 1e-12, 1e6, "prior_mean")
    within(prior_sd, prior_mean**0.5 * (1 + 1e-9), 1e6, "prior_sd")
    within(kappa, 1e-9, 1e6, "kappa")
    window = None if window is None else whole(window, 1, 100_000, "window")
    at = chances(levels, "levels")
    counts = checked(triangle)
    reported = np.nansum(counts[:, -counts.shape[2] :], axis=2)
    if np.any(reported % 1):
        raise Invalid("methods-not-whole", argument="triangle")
    shape, rate = (each / (prior_sd**2 - prior_mean) for each in (prior_mean**2, prior_mean))
    least = int(reported.max(initial=0))
    top = _reach(least, shape, rate) if largest is None else whole(largest, least, MOST, "largest")
    made = Made(
        "nowcast.conjugate.conjugate",
        VERSION,
        {
            "prior_mean": prior_mean,
            "prior_sd": prior_sd,
            "delays": delays,
            "kappa": kappa,
            "window": window,
            "largest": largest,
            "levels": at.tolist(),
        },
    )
    number = np.arange(top + 1.0)
    prior = nbinom.logpmf(number, shape, rate / (1 + rate))
    seen = hazards(counts, window)
    means, quantiles = np.empty(reported.shape), np.empty((*reported.shape, at.size))
    for row in range(counts.shape[0]):
        told = _truncated(seen, row, kappa, reported[row], top)
        if delays == "whole":
            told = _whole(counts[row], window, kappa, reported[row], top)
        weight = np.exp(told + prior - (told + prior).max(axis=1, keepdims=True))
        below = np.cumsum(weight, axis=1)
        below /= below[:, -1:]
        means[row] = (weight / weight.sum(axis=1, keepdims=True)) @ number
        quantiles[row] = [np.searchsorted(each, at - 1e-12) for each in below]
    return Posterior(reported, means, np.maximum(quantiles, reported[..., None]), made)


def _reach(least: int, shape: float, rate: float) -> int:
    """Where the posterior ends if no report tells of what is still to come."""
    found = least + float(nbinom.ppf(1 - REACH, shape + least, rate / (1 + rate))) + 1
    within(found, least, MOST, "largest")
    return int(found)


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

"""A Bayesian nowcast: uncertain delays, and a level that moves slowly from day to day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from camphora.methods.arguments import Floats, chances, seeded, whole, within
from camphora.methods.made import Made
from camphora.methods.nowcast.delays import hazards, reported_by
from camphora.methods.nowcast.triangle import checked

VERSION = 1
LEVELS = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)


@dataclass(frozen=True, slots=True)
class Posterior:
    """By series and day, the last `delays` days (the last is now): `reported` so far; `mean` and `quantiles` (series,
    days, levels) of all cases with onset on that day, as they will be known in the end."""

    reported: Floats
    mean: Floats
    quantiles: Floats
    made: Made


def bayes(
    triangle: ArrayLike,
    *,
    prior_mean: float = 1.0,
    prior_sd: float = 10.0,
    discount: float = 0.8,
    kappa: float = 0.1,
    window: int | None = None,
    levels: Sequence[float] = LEVELS,
    draws: int = 2000,
    seed: int = 1,
) -> Posterior:
    """Cases by day of onset when all are reported, from triangles (series, days, delays) or one of them.

    Delays: each reverse-time chance g(x) has a Beta(kappa, kappa) prior, so that the delay has a generalised Dirichlet
    posterior in spite of the truncation (Höhle, an der Heiden, Biometrics 2014;70:993-1002). Cases of a day are Poisson
    with a level that is Gamma before the first day (`prior_mean`, `prior_sd`) and moves on with a discount
    (West, Harrison, Bayesian Forecasting 1997, 10.8; Harvey, Fernandes, J Bus Econ Stat 1989;7:407-17):
    a(t) = discount a(t-1) + (1 - discount) a(0) + reported(t), and b(t) likewise with F(t) for reported(t). Given the
    delays, those still unreported of day t are negative binomial with size a(t) and chance b(t) / (b(t) + 1 - F(t)).
    `draws` draws of delays and of cases by `seed`. `discount=0` gives each day the same prior and no memory (the
    Poisson-Gamma prior of Höhle and an der Heiden).

    A day without reports is estimated from the level. Delays are assumed not to change within the `window` of report
    days. Quantiles are whole numbers, never below what is reported. Invalid `methods-triangle`, `methods-range`.
    """
    within(discount, 0.0, 1.0, "discount")
    within(kappa, 1e-9, 1e6, "kappa")
    draws = whole(draws, 1, 1_000_000, "draws")
    seed = seeded(seed)
    at = chances(levels, "levels")
    within(prior_mean, 1e-12, 1e12, "prior_mean")
    within(prior_sd, 1e-12, 1e12, "prior_sd")
    window = None if window is None else whole(window, 1, 100_000, "window")
    counts = checked(triangle)
    made = Made(
        "nowcast.bayes.bayes",
        VERSION,
        {
            "prior_mean": prior_mean,
            "prior_sd": prior_sd,
            "discount": discount,
            "kappa": kappa,
            "window": window,
            "levels": at.tolist(),
            "draws": draws,
            "seed": seed,
        },
    )
    seen = hazards(counts, window)
    prior = (prior_mean / prior_sd) ** 2, prior_mean / prior_sd**2
    means, quantiles = [], []
    for row in range(counts.shape[0]):
        random = np.random.default_rng([seed, row])
        chance = random.beta(
            seen.reported[row] + kappa,
            seen.exposed[row] - seen.reported[row] + kappa,
            size=(draws, seen.reported.shape[1]),
        )
        total = _totals(counts[row], reported_by(chance), prior, discount, random)
        means.append(total.mean(axis=0))
        quantiles.append(np.quantile(total, at, axis=0, method="inverted_cdf").T)
    reported = np.nansum(counts[:, -counts.shape[2] :], axis=2)
    return Posterior(reported, np.stack(means), np.stack(quantiles), made)


def _totals(
    counts: Floats, share: Floats, prior: tuple[float, float], discount: float, random: np.random.Generator
) -> Floats:
    """Draws of the cases of the last days, shape (draws, delays)."""
    days, delays = counts.shape
    reported = np.nansum(counts, axis=1)
    shape, rate = np.full(share.shape[0], prior[0]), np.full(share.shape[0], prior[1])
    found = np.empty((share.shape[0], delays))
    for day in range(days):
        age = days - 1 - day
        part = share[:, age] if age < delays else np.ones(share.shape[0])
        # The prior is never forgotten quite: without it a long time of no cases would end in certainty.
        shape = discount * shape + (1 - discount) * prior[0] + reported[day]
        rate = discount * rate + (1 - discount) * prior[1] + part
        if age < delays:
            level = random.gamma(shape) / rate
            found[:, delays - 1 - age] = reported[day] + random.poisson(level * (1 - part))
    return found

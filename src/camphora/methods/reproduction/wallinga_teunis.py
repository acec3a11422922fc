"""Wallinga and Teunis: whom each case probably infected, looking back on the epidemic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from camphora.errors import Invalid
from camphora.methods.arguments import Floats, one_of, same_shape, seeded, series, whole
from camphora.methods.compiling import njit
from camphora.methods.made import Made
from camphora.methods.reproduction import serial_interval as intervals

VERSION = 1
ENDS = ("none", "cauchemez")


@dataclass(frozen=True, slots=True)
class Cohort:
    """By series and window: the `mean` number infected by a case of the window, `lower` and `upper` of 95 % from
    simulated trees of infection (NaN without simulations); `by_day` (series, days) the mean by day of onset."""

    mean: Floats
    lower: Floats
    upper: Floats
    by_day: Floats
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    made: Made


def cohort(
    counts: ArrayLike,
    imported: ArrayLike | None = None,
    *,
    serial_interval: Sequence[float],
    window: int = 7,
    simulations: int = 0,
    seed: int = 1,
    at_end: str = "none",
) -> Cohort:
    """The number of cases that those with onset in a window infect.

    A local case of day t was infected by a given case of day s with probability p(s, t) = w(t-s) / sum over u of
    w(t-u) I(u); a case of day s infects R(s) = sum over t of I(t) p(s, t). Source: Wallinga, Teunis, Am J Epidemiol
    2004;160:509-16; windows as in Cori et al. 2013: the mean over the cases of the window, sliding from day 1.
    `imported` cases infect but nobody infected them. Where no earlier case could have infected (the first day, gaps
    beyond the interval) a case counts as imported. Towards the last day R falls because the infected are not yet
    seen; `at_end="cauchemez"` divides by the share of the interval that has passed (Cauchemez et al., Emerg Infect
    Dis 2006;12:110-3), which corrects the mean and widens what is uncertain without saying so: days with less than a
    tenth passed are NaN. A window without cases is NaN. Missing days are refused (Invalid `methods-missing`): each
    case needs its whole past. `simulations` trees by `seed` give the interval, of whole cases alone.
    """
    weight = intervals.checked(serial_interval)
    one_of(at_end, ENDS, "at_end")
    simulations = whole(simulations, 0, 100_000, "simulations")
    window, seed = whole(window, 1, 100_000, "window"), seeded(seed)
    local = series(counts, least=window + 1)
    came = np.zeros_like(local)
    if imported is not None:
        came = same_shape(series(imported, "imported"), local, "imported")
    if np.isnan(local).any() or np.isnan(came).any():
        raise Invalid("methods-missing", argument="counts")
    if simulations and np.any(local != np.round(local)):
        raise Invalid("methods-not-whole", argument="counts")
    made = Made(
        "reproduction.wallinga_teunis.cohort",
        VERSION,
        {
            "serial_interval": weight.tolist(),
            "window": window,
            "simulations": simulations,
            "seed": seed,
            "at_end": at_end,
        },
    )
    present = local + came
    infected = _infected(local, present, weight)
    passed = _passed(weight, local.shape[1]) if at_end == "cauchemez" else np.ones(local.shape[1])
    mean, by_day = _per_case(infected, present, window, passed)
    lower, upper = np.full_like(mean, np.nan), np.full_like(mean, np.nan)
    for row in range(local.shape[0] if simulations else 0):
        random = np.random.default_rng([seed, row])
        trees = _trees(local[row], present[row], weight, simulations, random)
        drawn, _ = _per_case(trees, np.broadcast_to(present[row], trees.shape), window, passed)
        lower[row], upper[row] = np.quantile(drawn, (0.025, 0.975), axis=0)
    first = np.arange(1, local.shape[1] - window + 1)
    return Cohort(mean, lower, upper, by_day, first, first + window - 1, made)


def _passed(weight: Floats, days: int) -> Floats:
    """The share of the interval that has passed by the end of the data, for a case of each day."""
    whole = np.zeros(days)
    whole[: min(days, weight.size)] = weight[:days]
    share = np.minimum(np.cumsum(whole) / weight.sum(), 1)[::-1]
    return np.where(share < 0.1, np.nan, share)


def _per_case(infected: Floats, present: Floats, window: int, passed: Floats) -> tuple[Floats, Floats]:
    with np.errstate(divide="ignore", invalid="ignore"):
        by_day = np.where(present > 0, infected / present / passed, np.nan)
        # A day without cases infects nobody, whether or not its time has passed.
        whole = np.where(present > 0, infected / passed, 0.0)
        mean = _sums(whole, window) / _sums(present, window)
    return mean, by_day


def _sums(values: Floats, window: int) -> Floats:
    found: Floats = np.lib.stride_tricks.sliding_window_view(values[:, 1:], window, axis=1).sum(axis=2)
    return found


@njit(cache=True)
def _infected(local: Floats, present: Floats, weight: Floats) -> Floats:
    rows, days = local.shape
    found = np.zeros((rows, days))
    for row in range(rows):
        for day in range(days):
            if local[row, day] == 0:
                continue
            furthest = min(day, weight.size - 1)
            force = 0.0
            for back in range(1, furthest + 1):
                force += weight[back] * present[row, day - back]
            if force > 0:
                for back in range(1, furthest + 1):
                    share = weight[back] * present[row, day - back] / force
                    found[row, day - back] += local[row, day] * share
    return found


def _trees(
    local: Floats, present: Floats, weight: Floats, simulations: int, random: np.random.Generator
) -> Floats:
    """How many the cases of each day infect, in each simulated tree of one series."""
    found = np.zeros((simulations, local.size))
    for day in np.flatnonzero(local > 0):
        back = np.arange(1, min(int(day), weight.size - 1) + 1)
        force = weight[back] * present[day - back]
        if force.sum() > 0:
            found[:, day - back] += random.multinomial(int(local[day]), force / force.sum(), size=simulations)
    return found

"""Cori's reproduction number: those infected in a window per infectiousness present in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammainc, gammaincinv, gammaln

from camphora.errors import Invalid
from camphora.methods.arguments import (
    Floats,
    flag,
    inside,
    numbers,
    positions,
    same_shape,
    seeded,
    series,
    whole,
    within,
)  # fmt: skip
from camphora.methods.compiling import njit
from camphora.methods.made import Made
from camphora.methods.reproduction import serial_interval as intervals

Days = NDArray[np.int64]
Windows = tuple[Days, Days]
Mixture = tuple[Floats, Floats, Floats]

VERSION = 1
QUANTILES = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)
# A day that is missing may count as no case where it would bear no more than this share of the infectiousness.
TOLERATED = 1e-3


@dataclass(frozen=True, slots=True)
class Infectivity:
    """`value`, shape (series, days): the total infectiousness of earlier cases on each day."""

    value: Floats
    made: Made


@dataclass(frozen=True, slots=True)
class Reproduction:
    """By series and window: `mean`, `sd` and `quantiles` (series, windows, levels) of the posterior of R; the windows
    by their first and last day (`starts`, `ends`, from 0, both included). NaN where nothing can be estimated."""

    mean: Floats
    sd: Floats
    quantiles: Floats
    starts: Days
    ends: Days
    made: Made


@dataclass(frozen=True, slots=True)
class Uncertain:
    """As Reproduction, and the intervals that were drawn: `means`, `sds`."""

    mean: Floats
    sd: Floats
    quantiles: Floats
    starts: Days
    ends: Days
    means: Floats
    sds: Floats
    made: Made


def infectivity(
    counts: ArrayLike, imported: ArrayLike | None = None, *, serial_interval: Sequence[float]
) -> Infectivity:
    """The total infectiousness Lambda(t) = sum over s = 1..t of w(s) * I(t - s), of local and imported cases alike.

    `counts` and `imported` (further cases, infected elsewhere), shape (series, days); `serial_interval` w by days
    from 0. The first day has no past: NaN. A missing day counts as no case where it would bear at most a thousandth
    of the infectiousness; elsewhere the answer is NaN. Source: Cori et al. 2013.
    """
    weight = intervals.checked(serial_interval)
    local, came = _cases(counts, imported)
    made = Made("reproduction.cori.infectivity", VERSION, {"serial_interval": weight.tolist()})
    return Infectivity(pressure(local + came, weight), made)


def certain(
    counts: ArrayLike,
    imported: ArrayLike | None = None,
    *,
    serial_interval: Sequence[float] | None = None,
    mean: float | None = None,
    sd: float | None = None,
    starts: Sequence[int] | None = None,
    ends: Sequence[int] | None = None,
    window: int = 7,
    prior_mean: float = 5.0,
    prior_sd: float = 5.0,
    first_imported: bool = True,
) -> Reproduction:
    """R of each window with a serial interval that is known.

    The local cases of a day are Poisson with mean R * Lambda(t), so that a Gamma(a, scale b) prior gives the posterior
    Gamma(a + cases of the window, 1 / (1/b + sum of Lambda over the window)).
    Source: Cori, Ferguson, Fraser, Cauchemez, Am J Epidemiol 2013;178:1505-12.

    `counts` (series, days): local cases; `imported`: cases infected elsewhere, who infect but were not infected here.
    The interval is given by days from 0 (`serial_interval`), or as mean and sd of a shifted gamma (`discretised`).
    Windows: `starts` and `ends` (from 0, included), or sliding ones of `window` days from day 1. With `first_imported`
    the cases of the first day count as imported: nobody before them can have infected them. A window that ends at or
    before the mean of the interval (in days from 1) has no estimate: NaN; so has one with a missing day, in itself or
    in the past that bears on it. Zero cases are data. Assumes that reporting is constant and the interval does not
    change. Invalid `methods-serial-interval`, `methods-window`, `methods-range`.
    """
    local, came = _cases(counts, imported)
    weight = _weight(serial_interval, mean, sd, local.shape[1])
    first, last = _windows(starts, ends, window, local.shape[1])
    parameters = _common(starts, ends, window, prior_mean, prior_sd, first_imported)
    parameters |= {"serial_interval": _plain(serial_interval), "mean": mean, "sd": sd}
    made = Made("reproduction.cori.certain", VERSION, parameters)
    shape, rate = _posterior(
        (local, came), weight, (first, last), _prior(prior_mean, prior_sd), first_imported
    )
    levels = np.array(QUANTILES)
    quantiles = gammaincinv(shape[..., None], levels) / rate[..., None]
    return Reproduction(shape / rate, np.sqrt(shape) / rate, quantiles, first, last, made)


def uncertain(
    counts: ArrayLike,
    imported: ArrayLike | None = None,
    *,
    mean: float = 0.0,
    mean_sd: float = 0.0,
    mean_range: Sequence[float] = (0.0, 0.0),
    sd: float = 0.0,
    sd_sd: float = 0.0,
    sd_range: Sequence[float] = (0.0, 0.0),
    pairs: Sequence[Sequence[float]] | None = None,
    samples: int = 200,
    draws: int | None = None,
    seed: int = 1,
    starts: Sequence[int] | None = None,
    ends: Sequence[int] | None = None,
    window: int = 7,
    prior_mean: float = 5.0,
    prior_sd: float = 5.0,
    first_imported: bool = True,
) -> Uncertain:
    """R of each window with a serial interval that is uncertain: `samples` pairs of its mean and sd from normal
    distributions cut at their ranges, the sd below the mean; the posteriors of `certain` for each, mixed equally.

    The recipe of Cori et al. 2013 takes `draws` values of each posterior and reads mean, sd and quantiles off the
    draws; that is done where `draws` is given. By default the mixture is solved exactly, which leaves no noise but
    that of the pairs. `pairs`: (mean, sd) pairs given, none are drawn. A pair whose mean the window does not outlast
    gives no posterior there and is left out of the mixture; where none is left the answer is NaN. Else as `certain`.
    """
    local, came = _cases(counts, imported)
    first, last = _windows(starts, ends, window, local.shape[1])
    samples, seed = whole(samples, 1, 100_000, "samples"), seeded(seed)
    draws = None if draws is None else whole(draws, 1, 100_000, "draws")
    random = np.random.default_rng(seed)
    chosen = _pairs(pairs, (mean, mean_sd, mean_range), (sd, sd_sd, sd_range), samples, random)
    parameters = _common(starts, ends, window, prior_mean, prior_sd, first_imported)
    parameters |= {"mean": mean, "mean_sd": mean_sd, "mean_range": _plain(mean_range)}
    parameters |= {"sd": sd, "sd_sd": sd_sd, "sd_range": _plain(sd_range)}
    parameters |= {"pairs": _plain(pairs), "samples": samples, "draws": draws, "seed": seed}
    made = Made("reproduction.cori.uncertain", VERSION, parameters)
    weight = intervals.weights(chosen[:, 0], chosen[:, 1], local.shape[1] - 1)
    prior = _prior(prior_mean, prior_sd)
    found = [_posterior((local, came), each, (first, last), prior, first_imported) for each in weight]
    shape, rate = np.stack([each[0] for each in found]), np.stack([each[1] for each in found])
    middle, spread, quantiles = _mixed(shape, rate) if draws is None else _drawn(shape, rate, draws, random)
    return Uncertain(middle, spread, quantiles, first, last, chosen[:, 0], chosen[:, 1], made)


def _common(  # noqa: PLR0917 - in the order of the parameters
    starts: Sequence[int] | None,
    ends: Sequence[int] | None,
    window: int,
    prior_mean: float,
    prior_sd: float,
    first_imported: bool,
) -> dict[str, Any]:
    """The parameters that both have, checked."""
    _prior(prior_mean, prior_sd)
    return {
        "starts": _plain(starts),
        "ends": _plain(ends),
        "window": window,
        "prior_mean": prior_mean,
        "prior_sd": prior_sd,
        "first_imported": flag(first_imported, "first_imported"),
    }


def _cases(counts: ArrayLike, imported: ArrayLike | None) -> tuple[Floats, Floats]:
    local = series(counts, least=2)
    if imported is None:
        return local, np.zeros_like(local)
    return local, same_shape(series(imported, "imported"), local, "imported")


def _weight(given: Sequence[float] | None, mean: float | None, sd: float | None, days: int) -> Floats:
    if given is not None:
        return intervals.checked(given)
    if mean is None or sd is None:
        raise Invalid("methods-serial-interval", argument="serial_interval")
    intervals.checked_moments(mean, sd)
    found: Floats = intervals.weights(np.array([mean]), np.array([sd]), days - 1)[0]
    return found


def _windows(starts: Sequence[int] | None, ends: Sequence[int] | None, window: int, days: int) -> Windows:
    if starts is None and ends is None:
        window = whole(window, 1, days - 1, "window")
        sliding = np.arange(1, days - window + 1, dtype=np.int64)
        return sliding, sliding + (window - 1)
    first = positions([] if starts is None else starts, "starts")
    last = positions([] if ends is None else ends, "ends")
    good = first.shape == last.shape and first.size > 0
    if not good or np.any(first < 1) or np.any(last < first) or np.any(last >= days):
        raise Invalid("methods-window", days=days)
    return first, last


def _plain(given: Sequence[Any] | None) -> list[Any] | None:
    """As JSON holds it."""
    found: list[Any] | None = None if given is None else np.asarray(given).tolist()
    return found


def _prior(mean: float, sd: float) -> tuple[float, float]:
    within(mean, 1e-12, 1e12, "prior_mean")
    within(sd, 1e-12, 1e12, "prior_sd")
    return (mean / sd) ** 2, mean / sd**2


def _posterior(
    cases: tuple[Floats, Floats], weight: Floats, windows: Windows, prior: tuple[float, float], no_past: bool
) -> tuple[Floats, Floats]:
    """Shape and rate of the posterior by series and window."""
    local, came = cases
    force = pressure(local + came, weight)
    infected = local.copy()
    if no_past:
        infected[:, 0] = 0
    shape = prior[0] + _summed(infected, *windows)
    rate = prior[1] + _summed(force, *windows)
    early = windows[1] + 1 <= np.arange(weight.size) @ weight
    return np.where(early, np.nan, shape), np.where(early, np.nan, rate)


def _summed(values: Floats, first: Days, last: Days) -> Floats:
    """The sum of each window; a missing day makes it missing. Not by differences of running sums: those would lose
    digits where counts are large and windows small."""
    found = np.empty((values.shape[0], first.size))
    for width in np.unique(last - first):
        chosen = np.flatnonzero(last - first == width)
        view = np.lib.stride_tricks.sliding_window_view(values, int(width) + 1, axis=1)
        found[:, chosen] = view[:, first[chosen]].sum(axis=2)
    return found


def pressure(counts: Floats, weight: Floats) -> Floats:
    """Lambda of `infectivity` on cases that were checked."""
    found: Floats = _convolved(np.ascontiguousarray(counts), weight, TOLERATED)
    return found


@njit(cache=True)
def _convolved(counts: Floats, weight: Floats, tolerated: float) -> Floats:
    rows, days = counts.shape
    last = min(weight.size - 1, days - 1)
    while last > 0 and weight[last] == 0:
        last -= 1
    found = np.full((rows, days), np.nan)
    for row in range(rows):
        for day in range(1, days):
            total, lost = 0.0, 0.0
            for back in range(1, min(day, last) + 1):
                cases = counts[row, day - back]
                if np.isnan(cases):
                    lost += weight[back]
                else:
                    total += weight[back] * cases
            if lost <= tolerated:
                found[row, day] = total
    return found


def _pairs(
    given: Sequence[Sequence[float]] | None,
    means: tuple[float, float, Any],
    sds: tuple[float, float, Any],
    samples: int,
    random: np.random.Generator,
) -> Floats:
    if given is not None:
        found = numbers(given, "pairs")
        if found.ndim != 2 or found.shape[1] != 2:
            raise Invalid("methods-shape", argument="pairs", wanted="(pairs, 2)", found=str(found.shape))
        if not found.size or not np.all(found <= intervals.LONGEST):
            raise Invalid("methods-range", argument="pairs", low=0, high=intervals.LONGEST)
        return found
    means, sds = _ends(*means, "mean_range"), _ends(*sds, "sd_range")
    within(means[0], means[2][0], means[2][1], "mean")
    within(sds[0], sds[2][0], sds[2][1], "sd")
    within(means[2][0], 1.0 + 1e-9, means[2][1], "mean_range")
    found = np.empty((samples, 2))
    wrong = np.arange(samples)
    # The sd is to lie below the mean: what does not is drawn anew.
    for _ in range(10_000):
        found[wrong, 0] = _cut_normal(*means, wrong.size, random)
        found[wrong, 1] = _cut_normal(*sds, wrong.size, random)
        wrong = np.flatnonzero(found[:, 1] >= found[:, 0])
        if not wrong.size:
            return found
    raise Invalid("methods-range", argument="sd_range", low=sds[2][0], high=means[2][1])


def _ends(centre: float, spread: float, ends: Sequence[float], name: str) -> tuple[float, float, Floats]:
    found = numbers(ends, name)
    if found.shape != (2,):
        raise Invalid("methods-shape", argument=name, wanted="(2,)", found=str(found.shape))
    inside(found[1], max(0.0, float(found[0])), intervals.LONGEST, name)
    return centre, spread, found


def _cut_normal(centre: float, spread: float, ends: Floats, size: int, random: np.random.Generator) -> Floats:
    within(spread, 1e-12, 1e12, "mean_sd, sd_sd")
    low, high = (ends[0] - centre) / spread, (ends[1] - centre) / spread
    from scipy.stats import truncnorm  # its import takes a second and 50 MB

    found: Floats = truncnorm.rvs(low, high, loc=centre, scale=spread, size=size, random_state=random)
    return found


def _drawn(shape: Floats, rate: Floats, draws: int, random: np.random.Generator) -> Mixture:
    kept = np.isfinite(shape)
    values = random.gamma(np.where(kept, shape, 1)[..., None], size=(*shape.shape, draws))
    values = np.where(kept[..., None], values / np.where(kept, rate, 1)[..., None], np.nan)
    pool = np.moveaxis(values, -1, 1).reshape(-1, *shape.shape[1:])
    some = kept.any(axis=0)
    out = [np.full(some.shape, np.nan), np.full(some.shape, np.nan), np.full((*some.shape, 7), np.nan)]
    for where in zip(*np.nonzero(some), strict=True):
        column = pool[(slice(None), *where)]
        column = column[np.isfinite(column)]
        if column.size < 2:
            continue
        out[0][where], out[1][where] = column.mean(), column.std(ddof=1)
        out[2][where] = np.quantile(column, QUANTILES)
    return out[0], out[1], out[2]


def _mixed(shape: Floats, rate: Floats) -> Mixture:
    """Mean, sd and quantiles of an equal mixture of gamma distributions over the first axis."""
    kept = np.isfinite(shape)
    size = kept.sum(axis=0)
    a, b = np.where(kept, shape, 1.0), np.where(kept, rate, 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(kept, a / b, 0).sum(axis=0) / size
        square = np.where(kept, a * (a + 1) / b**2, 0).sum(axis=0) / size
        sd = np.sqrt(np.maximum(square - mean**2, 0))
    quantiles = np.full((*mean.shape, len(QUANTILES)), np.nan)
    some = size > 0
    for at, level in enumerate(QUANTILES):
        begin = gammaincinv((mean / sd)[some] ** 2, level) * (sd**2 / mean)[some]
        quantiles[some, at] = _mixture_quantile(a[:, some], b[:, some], kept[:, some], level, begin)
    return mean, sd, quantiles


def _mixture_quantile(a: Floats, b: Floats, kept: Floats, level: float, point: Floats) -> Floats:
    """By Newton's steps from `point`, the quantile of one gamma of the same mean and sd, kept within a bracket."""
    low, high = np.zeros_like(point), np.full_like(point, np.inf)
    size = kept.sum(axis=0)
    for _ in range(60):
        at = b * point
        over = np.where(kept, gammainc(a, at), 0).sum(axis=0) / size - level
        low, high = np.where(over < 0, point, low), np.where(over < 0, high, point)
        slope = np.where(kept, _density(a, at) * b, 0).sum(axis=0) / size
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            step = point - over / slope
        good = (step > low) & (step < high)
        fresh = np.where(good, step, np.where(np.isfinite(high), (low + high) / 2, 2 * point))
        if np.all(np.abs(fresh - point) <= 1e-12 * np.maximum(point, 1e-300)):
            return fresh
        point = fresh
    return point


def _density(a: Floats, at: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.exp((a - 1) * np.log(at) - at - gammaln(a))
    return found

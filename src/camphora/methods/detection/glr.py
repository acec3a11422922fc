"""Likelihood-ratio charts: since when, and by how much, have counts run above the mean that was to be expected?"""
# ruff: noqa: PLR0917 - what is handed to compiled functions goes by position

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from camphora.methods.arguments import Floats, flags, one_of, same_shape, series, within
from camphora.methods.detection import baseline
from camphora.methods.detection.baseline import Baseline
from camphora.methods.detection.bounds import evaluated, whole
from camphora.methods.detection.likelihood_ratios import Chart, until_alarm
from camphora.methods.made import Made

_Row = tuple[Floats, float, Floats, NDArray[np.bool_], Floats, tuple[Baseline, ...]]


@dataclass(frozen=True, slots=True)
class Glr:
    """`at`: which points were evaluated, counted from 0; `mean`: what was expected; `alpha`: dispersion of each series
    (variance = mean + alpha mean²); `statistic`; `alarm`; `cases`: the least count that would have alarmed, NaN unless
    asked for, -1 where no count would; `fits`: the baselines of each series, one and one more after each alarm with
    `refit`. All but `at`, `alpha` and `fits` of shape (series, evaluated)."""

    at: NDArray[np.int64]
    mean: Floats
    alpha: Floats
    statistic: Floats
    alarm: NDArray[np.bool_]
    cases: Floats
    fits: tuple[tuple[Baseline, ...], ...]
    made: Made


def glr(
    counts: ArrayLike,
    expected: ArrayLike | None = None,
    *,
    limit: float = 5.0,
    alpha: float | None = None,
    theta: float | None = None,
    change: str = "intercept",
    direction: str = "inc",
    window: int | None = None,
    least_window: int = 1,
    seasons: int = 1,
    trend: bool = True,
    refit: bool = False,
    cases: bool = False,
    frequency: int = 52,
    last: int = 52,
    like: str | None = None,
) -> Glr:
    """The generalised likelihood ratio of a rise that began at any earlier point, against none; at `limit` and above it
    alarms, and begins anew at the next point.

    At each point n the statistic is the largest, over the beginnings k, of the sum from k to n of log f(y; m1) - log
    f(y; m0). `change="intercept"`: m1 = m0 exp(kappa), `"epidemic"`: m1 = m0 + lambda × the count before; kappa above 0
    (below with `direction="dec"`, which the epidemic chart has not) or lambda above 0 with the greatest likelihood.
    With `theta` kappa or lambda is that number and the statistic the plain sum, max(0, sum before + log ratio). f is
    Poisson (`alpha` 0) or negative binomial with variance m + `alpha` m².

    `counts`: cases a period, shape (series, times); the `last` points are evaluated. `expected`: m0 of the evaluated
    points, shape (series, `last`) or one row; by default a log-linear regression on all points before them, with
    `seasons` harmonics of `frequency` points a year and a `trend`. `alpha` None: estimated with it by maximum
    likelihood, from the first fit (with `expected` it must be given). `refit`: fitted anew after each alarm, to the
    points up to the alarm, alpha as at first. `window`: beginnings no more than so many points before n; `least_window`
    points at least. `cases`: also the least whole count at n that would alarm, given those before it (only for "inc").

    Assumes independent counts given m0, and a baseline without outbreaks. A missing count or mean adds nothing and does
    not alarm; missing points of the baseline are left out. A baseline of zeros, or too short for its terms, gives NaN
    and no alarm. Where m0 is 0 no case can come: a count of 0 adds nothing to the intercept chart, a case makes the
    statistic infinite and alarms (a fall, "dec" or `theta` below 0, passes such points over). The epidemic likelihood
    of the negative binomial may have several tops: the highest is given.

    `like="surveillance"` follows algo.glrnb and algo.glrpois of R's package where they depart. Regressions stop early.
    Negative binomial, without `window` or epidemic: kappa is sought by Newton's undamped steps from 0.5 for the longest
    window, then from the answer before, and a search that leaps below -18 stays there for the shorter windows, so that
    falls ("dec") go unseen for weeks. Its epidemic chart takes exp(kappa) of the intercept chart for lambda, whether or
    not `theta` is given, and nothing came before the first point evaluated. Poisson: the first `least_window` - 1
    points have no statistic, and then beginnings up to n itself count (with `window` up to n - `least_window`); windows
    without a case add nothing. Not followed: the Poisson epidemic chart, whose search for lambda fails in R (5 and 20
    cases at a mean of 6 give 4e-6, the largest being 10.08), and `cases`.

    Source: M. Höhle and M. Paul, Count data regression charts for the monitoring of surveillance time series,
    Computational Statistics & Data Analysis 2008;52:4357-4368. Errors: Invalid `methods-range`, `methods-choice`,
    `methods-shape`, `methods-negative`, `methods-short`.
    """
    parameters: dict[str, Any] = {
        key: value for key, value in locals().items() if key not in {"counts", "expected"}
    }
    found = series(counts, least=2)
    _refuse(found.shape[1], expected is not None, **parameters)
    at = evaluated(found.shape[1], last)
    chart = _chart(parameters)
    model = _Model(seasons, trend, frequency, refit, chart.early)
    means = None if expected is None else same_shape(series(expected, "expected"), found[:, at], "expected")
    rows = [
        _one(row, None if means is None else means[i], at, alpha, chart, model) for i, row in enumerate(found)
    ]
    return _together(at, rows, Made("detection.glr.glr", 4, parameters))


def _together(at: NDArray[np.int64], rows: list[_Row], made: Made) -> Glr:
    if not rows:
        nothing = np.empty((0, len(at)))
        return Glr(at, nothing, np.empty(0), nothing, nothing.astype(np.bool_), nothing, (), made)
    mean, alphas, statistic, alarm, needed, fits = zip(*rows, strict=True)
    return Glr(
        at,
        np.array(mean),
        np.array(alphas),
        np.array(statistic),
        np.array(alarm),
        np.array(needed),
        tuple(fits),
        made,
    )


def _refuse(
    times: int,
    expects: bool,
    *,
    limit: float,
    alpha: float | None,
    theta: float | None,
    change: str,
    direction: str,
    window: int | None,
    least_window: int,
    seasons: int,
    trend: bool,
    refit: bool,
    cases: bool,
    frequency: int,
    last: int,
    like: str | None,
) -> None:
    one_of(change, ("intercept", "epidemic"), "change")
    flags(trend=trend, refit=refit, cases=cases)
    rises = change == "epidemic" or cases
    one_of(direction, ("inc",) if rises else ("inc", "dec"), "direction")
    within(limit, 1e-12, 1e9, "limit")
    if alpha is not None or expects:
        within(np.nan if alpha is None else alpha, 0, 1e9, "alpha")
    if theta is not None:
        within(theta, -50 if change == "intercept" else 0, 50, "theta")
    if like is not None:
        one_of(like, ("surveillance",), "like")
    if window is not None:
        whole(window, 1, "window")
    whole(least_window, 1, "least_window")
    whole(seasons, 0, "seasons")
    whole(frequency, 1, "frequency")
    whole(last, 1, "last", times - 1)


def _chart(p: dict[str, Any]) -> Chart:
    return Chart(
        limit=float(p["limit"]),
        theta=np.nan if p["theta"] is None else float(p["theta"]),
        epidemic=p["change"] == "epidemic",
        falls=p["direction"] == "dec",
        window=-1 if p["window"] is None else int(p["window"]),
        least=int(p["least_window"]),
        cases=p["cases"],
        early=p["like"] is not None,
    )


@dataclass(frozen=True, slots=True)
class _Model:
    seasons: int
    trend: bool
    frequency: int
    refit: bool
    early: bool

    def fitted(self, counts: Floats, theta: float | None, times: int) -> tuple[Baseline, Floats]:
        """The baseline of these counts, and the mean that it gives for all points."""
        rows = baseline.design(
            np.arange(1, times + 1), seasons=self.seasons, trend=self.trend, frequency=self.frequency
        )
        beta, size, converged = baseline.fit(counts, rows[: len(counts)], theta=theta, early=self.early)
        names = baseline.terms(seasons=self.seasons, trend=self.trend)
        return Baseline(names, beta, size, converged), np.exp(rows @ beta)


def _one(
    counts: Floats,
    mean: Floats | None,
    at: NDArray[np.int64],
    alpha: float | None,
    chart: Chart,
    model: _Model,
) -> _Row:
    first, times = int(at[0]), len(counts)
    fits: list[Baseline] = []
    if mean is None:
        theta = None if alpha is None else (np.inf if alpha == 0 else 1 / alpha)
        fit, fitted = model.fitted(counts[:first], theta, times)
        fits.append(fit)
        mean, alpha = fitted[first:].copy(), 1 / fit.theta
    assert alpha is not None
    y, before = counts[first:], counts[first - 1 : -1].copy()
    if chart.early:
        before[0] = 0.0
    statistic, alarm = np.full(len(at), np.nan), np.zeros(len(at), dtype=np.bool_)
    needed = np.full(len(at), np.nan)
    start = 0
    while start < len(at) and not np.isnan(mean[start:]).all() and not np.isnan(alpha):
        done = _run(y, mean, before, alpha, start, chart, statistic, needed)
        if done < 0:
            break
        alarm[done] = True
        start = done + 1
        if model.refit and fits and start < len(at):
            fit, fitted = model.fitted(counts[: first + start], np.inf if alpha == 0 else 1 / alpha, times)
            fits.append(fit)
            mean[start:] = fitted[first + start :]
    return mean, alpha, statistic, alarm, needed, tuple(fits)


def _run(
    y: Floats,
    mean: Floats,
    before: Floats,
    alpha: float,
    start: int,
    chart: Chart,
    statistic: Floats,
    needed: Floats,
) -> int:
    known = ~np.isnan(y) & ~np.isnan(mean)
    if chart.falls or chart.theta < 0:
        known &= mean > 0
    done: int = until_alarm(
        np.where(known, y, 0.0),
        np.where(known, mean, 0.0),
        np.where(known, np.nan_to_num(before), 0.0),
        known,
        float(alpha),
        *chart,
        start,
        statistic,
        needed,
    )
    return done

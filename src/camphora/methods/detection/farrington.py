"""Farrington's method of 1996 and its flexible successor: a quasi-Poisson regression on like weeks of earlier
years."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from camphora.errors import Invalid
from camphora.methods.arguments import Floats, day, flags, numbers, one_of, same_shape, series, within
from camphora.methods.detection import quasi_poisson, tails
from camphora.methods.detection.bounds import evaluated, whole
from camphora.methods.detection.reference_weeks import References, by_dates, by_rows, references
from camphora.methods.made import Made

IMPROVED = MappingProxyType(
    {
        "no_periods": 10,
        "past_weeks_not_included": 26,
        "weights_threshold": 2.58,
        "p_threshold_trend": 1.0,
        "threshold_method": "nbPlugin",
    }
)
"""The settings of Noufaily et al. 2013: `flexible(counts, **IMPROVED)`."""

POWERS = {"2/3": 2 / 3, "1/2": 0.5, "none": 1.0}
METHODS = ("delta", "nbPlugin", "muan")


@dataclass(frozen=True, slots=True)
class Farrington:
    """`at`: the rows evaluated, counted from 0; all else of shape (series, evaluated).

    `expected`: the mean foreseen; `upper`: the bound; `score`: (count - expected) / (upper - expected), above 1 where
    the count is above the bound, infinite for a case where the mean is 0 and so none could come; `p`: the probability
    of so many cases or more; `trend`, `slope`: whether a trend was kept, and it (per row, on the log scale); `phi`: the
    dispersion, at least 1; `bound_mean`: the mean whose quantile the bound is (nbPlugin, muan); `enough`: enough cases
    of late; `converged`: whether the regression could be made; `alarm`.

    `expected` and `upper` are NaN without enough cases, and everything is where nothing could be fitted.
    """

    at: NDArray[np.int64]
    expected: Floats
    upper: Floats
    score: Floats
    p: Floats
    trend: NDArray[np.bool_]
    slope: Floats
    phi: Floats
    bound_mean: Floats
    enough: NDArray[np.bool_]
    converged: NDArray[np.bool_]
    alarm: NDArray[np.bool_]
    made: Made


@dataclass(frozen=True, slots=True)
class Classic:
    """As `Farrington`; `below`: the probability of fewer cases, by the same transformation; `upper` is 0 without
    enough cases."""

    at: NDArray[np.int64]
    expected: Floats
    upper: Floats
    below: Floats
    trend: NDArray[np.bool_]
    enough: NDArray[np.bool_]
    converged: NDArray[np.bool_]
    alarm: NDArray[np.bool_]
    made: Made


def flexible(
    counts: ArrayLike,
    population: ArrayLike | None = None,
    *,
    last: int = 1,
    b: int = 5,
    w: int = 3,
    no_periods: int = 1,
    past_weeks_not_included: int | None = None,
    reweight: bool = True,
    weights_threshold: float = 2.58,
    alpha: float = 0.05,
    trend: bool = True,
    p_threshold_trend: float = 0.05,
    limit54: tuple[float, int] = (5, 4),
    powertrans: str = "2/3",
    threshold_method: str = "delta",
    frequency: int = 52,
    first: str | None = None,
    days: int = 7,
    fit_all: bool = True,
    stopping: str | None = None,
    like: str | None = None,
) -> Farrington:
    """log mean = level of the part of the year + slope * week, fitted to the weeks of `references`, quasi-Poisson.

    `counts`: cases a week (or day), shape (series, times); the `last` rows are evaluated. References are the rows
    within `w` of the same time in each of `b` earlier years, without the `past_weeks_not_included` rows just before
    (None: `w`); `no_periods` > 1 takes the rows between as well, in `no_periods` - 1 parts with levels of their own.
    The same time of the year is `frequency` rows before, or, with the date of the first row as `first`
    ("2006-12-31"), the row nearest to the same date, rows being `days` apart. `population`: an exposure of the same
    shape; its logarithm is the offset.

    After the first fit, weeks with Anscombe residuals s = 3/2 (y^(2/3) mu^(-1/6) - mu^(1/2)) / (phi (1 - h))^(1/2)
    above `weights_threshold` weigh s^-2 (`reweight`); phi = Pearson's chi-square over its degrees of freedom, at
    least 1. A slope is kept if its two-sided t test gives p < `p_threshold_trend` (1: always), `b` >= 3, and the mean
    foreseen is not above the largest reference count; else the fits are made without. Bounds: delta, the 1 - `alpha`
    quantile of the normal on the scale `powertrans` ("2/3", "1/2", "none"); nbPlugin, that of the negative binomial
    with the mean foreseen and phi times it as variance; muan, the same at the 1 - `alpha` quantile of that mean. A
    count above the bound alarms, if at least `limit54[0]` cases were seen in the last `limit54[1]` weeks.
    `fit_all=False` fits only the series with so many: alarms and bounds are the same, `p` and the rest are NaN for
    the others.

    Assumes independent weeks, given the regression. Missing counts are left out of references and count as none in
    `limit54`; a missing count of the week has no score and no alarm. Parts of the year without a case have mean 0:
    muan then takes the exact upper limit of a Poisson mean without a case, phi * -log(alpha) / exposure. Where the
    bound lies at or below the mean (rare cases: the quantile of a small mean is 0) the score is z(p) / z(`alpha`), z
    being the standard normal quantile: what the other score is for large means, above 1 where p < `alpha`, and 0 for a
    count of 0. Where a mean's upper limit overflows, the bound is infinite.

    `like="surveillance"` follows farringtonFlexible of R's package where it differs: after re-weighting, standard
    errors and the trend's test use sum(omega r²) / df, omega being the re-weighting alone and r the working
    residuals, with no lower limit of 1; the score of nbPlugin and muan uses the logarithm of the mean, and alarms
    above 1, which differs where the bound lies below that logarithm; an overflow is NaN; and fits stop as R's do.
    `stopping` sets the last apart: "converged" (the default otherwise), or "surveillance" (the deviance changes by
    less than 1e-8 of itself plus 0.1, 25 steps; a fit that has not converged with a trend is made without).

    Source: A. Noufaily, D. G. Enki, P. Farrington et al., An improved algorithm for outbreak detection in multiple
    surveillance systems, Statistics in Medicine 2013;32:1206-1222; M. Salmon, D. Schumacher and M. Höhle, Monitoring
    count time series in R, Journal of Statistical Software 2016;70(10); C. P. Farrington et al. 1996, as in
    `classic`. Errors: Invalid `methods-range`, `methods-choice`, `methods-shape`, `methods-negative`,
    `methods-short`, `methods-date`, `methods-not-positive`.
    """
    parameters = {key: value for key, value in locals().items() if key not in {"counts", "population"}}
    found = series(counts)
    _refuse_flexible(parameters)
    at = evaluated(found.shape[1], last)
    enough = _enough(found, at, limit54)
    left_out = w if past_weeks_not_included is None else past_weeks_not_included
    of_rows = _references(
        at, b=b, w=w, no_periods=no_periods, left_out=left_out, frequency=frequency, first=first, days=days
    )
    rules = _flexible_rules(parameters)
    fits = _fits(found, _exposure(population, found), at, of_rows, rules, wanted=None if fit_all else enough)
    judge = _judged if like is None else _judged_like
    judged = judge(found[:, at], fits, rules, method=threshold_method, power=POWERS[powertrans], alpha=alpha)
    return _told(at, fits, judged, enough, Made("detection.farrington.flexible", 3, parameters))


def classic(
    counts: ArrayLike,
    *,
    last: int = 1,
    b: int = 5,
    w: int = 3,
    reweight: bool = True,
    alpha: float = 0.05,
    trend: bool = True,
    limit54: tuple[float, int] = (5, 4),
    powertrans: str = "2/3",
    frequency: int = 52,
    first: str | None = None,
    days: int = 7,
    stopping: str | None = None,
    like: str | None = None,
) -> Classic:
    """log mean = level + slope * week, quasi-Poisson, on the weeks within `w` of the same one in `b` earlier years.

    Weeks with Anscombe residuals above 1 are weighted down; a slope is kept if p < 0.05, `b` >= 3 and the mean
    foreseen is not above the largest reference count. upper = mean (1 + 2/3 z (phi mean + var)^(1/2) / mean)^(3/2)
    with z the quantile of 1 - `alpha` / 2, var the variance of the mean, phi at least 1; `powertrans` other than
    "2/3" likewise. Arguments, missing values, few cases and errors as in `flexible`, but that `upper` is 0 without
    enough cases.

    `like="surveillance"` follows algo.farrington of R's package: the trend's test uses the dispersion without its
    lower limit of 1, and fits stop as R's do (`stopping`, as in `flexible`).

    Source: C. P. Farrington, N. J. Andrews, A. D. Beale and M. A. Catchpole, A statistical algorithm for the early
    detection of outbreaks of infectious disease, Journal of the Royal Statistical Society A 1996;159:547-563.
    """
    parameters = {key: value for key, value in locals().items() if key != "counts"}
    found = series(counts)
    _refuse(alpha=alpha, powertrans=powertrans, reweight=reweight, trend=trend)
    at = evaluated(found.shape[1], last)
    enough = _enough(found, at, limit54)
    of_rows = _references(at, b=b, w=w, no_periods=1, left_out=w, frequency=frequency, first=first, days=days)
    rules = _Rules(
        trend=trend and b >= 3,
        reweight=reweight,
        threshold=1.0,
        p_trend=0.05,
        early=_stopping(stopping, like) == "surveillance",
        clamp=True,
        clamp_test=like is None,
        omega_alone=False,
    )
    fits = _fits(found, None, at, of_rows, rules, wanted=None)
    mean, se, phi = _foreseen(fits, rules)
    upper, _, below = _delta(
        found[:, at], mean, se, phi, z=-special.ndtri(alpha / 2), power=POWERS[powertrans]
    )
    return Classic(
        at,
        mean,
        np.where(enough, upper, 0.0),
        below,
        fits[:, :, quasi_poisson.TREND] == 1,
        enough,
        fits[:, :, quasi_poisson.CONVERGED] == 1,
        enough & (found[:, at] > upper),
        Made("detection.farrington.classic", 1, parameters),
    )


class _Rules(NamedTuple):
    """How fits are made: as `fit_all` of quasi_poisson takes it, but `p_trend`, the p-value that keeps a trend."""

    trend: bool
    reweight: bool
    threshold: float
    p_trend: float
    early: bool
    clamp: bool
    clamp_test: bool
    omega_alone: bool


def _flexible_rules(p: dict[str, Any]) -> _Rules:
    return _Rules(
        trend=p["trend"] and p["b"] >= 3,
        reweight=p["reweight"],
        threshold=p["weights_threshold"],
        p_trend=p["p_threshold_trend"],
        early=_stopping(p["stopping"], p["like"]) == "surveillance",
        clamp=p["like"] is None,
        clamp_test=p["like"] is None,
        omega_alone=p["like"] is not None,
    )


class _Judged(NamedTuple):
    """`over`: whether the count lies above its bound."""

    mean: Floats
    bound_mean: Floats
    upper: Floats
    p: Floats
    score: Floats
    over: NDArray[np.bool_]


def _judged(y: Floats, fits: Floats, rules: _Rules, *, method: str, power: float, alpha: float) -> _Judged:
    """The counts of the evaluated weeks beside their bounds."""
    mean, se, phi = _foreseen(fits, rules)
    bound_mean, upper, p = mean, mean, mean
    if method == "delta":
        bound_mean = np.full(mean.shape, np.nan)
        upper, p, _ = _delta(y, mean, se, phi, z=-special.ndtri(alpha), power=power)
    else:
        if method == "muan":
            bound_mean = _limit_of_mean(fits, phi, alpha)
        upper = tails.upper(bound_mean, phi, 1 - alpha)
        p = tails.at_least(y, bound_mean, phi)
    return _Judged(mean, bound_mean, upper, p, _score(y, mean, upper, p, alpha), y > upper)


def _judged_like(
    y: Floats, fits: Floats, rules: _Rules, *, method: str, power: float, alpha: float
) -> _Judged:
    """The same as R has it: scores of nbPlugin and muan use the logarithm of the mean, and decide."""
    mean, se, phi = _foreseen(fits, rules)
    bound_mean, middle = mean, fits[:, :, quasi_poisson.ETA]
    if method == "delta":
        bound_mean, middle = np.full(mean.shape, np.nan), mean
        upper, p, _ = _delta(y, mean, se, phi, z=-special.ndtri(alpha), power=power)
    else:
        if method == "muan":
            with np.errstate(invalid="ignore", over="ignore"):
                bound_mean = np.exp(middle - special.ndtri(alpha) * se)
            bound_mean = np.where(np.isinf(bound_mean), np.nan, bound_mean)
        upper = tails.upper(bound_mean, phi, 1 - alpha)
        p = tails.at_least(y, bound_mean, phi)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        score = (y - middle) / (upper - middle)
    over = y > upper if method == "delta" else (score > 1) & (y > 0)
    return _Judged(mean, bound_mean, upper, p, score, over)


def _foreseen(fits: Floats, rules: _Rules) -> tuple[Floats, Floats, Floats]:
    """Mean, the standard error of its logarithm, dispersion."""
    mean = np.exp(fits[:, :, quasi_poisson.ETA])
    if rules.early:
        mean = np.maximum(mean, quasi_poisson.EPSILON)
    return mean, fits[:, :, quasi_poisson.SE], fits[:, :, quasi_poisson.PHI]


def _told(
    at: NDArray[np.int64], fits: Floats, judged: _Judged, enough: NDArray[np.bool_], made: Made
) -> Farrington:
    return Farrington(
        at,
        np.where(enough & ~np.isnan(judged.upper), judged.mean, np.nan),
        np.where(enough, judged.upper, np.nan),
        judged.score,
        judged.p,
        fits[:, :, quasi_poisson.TREND] == 1,
        fits[:, :, quasi_poisson.SLOPE],
        fits[:, :, quasi_poisson.PHI],
        judged.bound_mean,
        enough,
        fits[:, :, quasi_poisson.CONVERGED] == 1,
        enough & judged.over,
        made,
    )


def _refuse_flexible(p: dict[str, Any]) -> None:
    one_of(p["threshold_method"], METHODS, "threshold_method")
    within(p["p_threshold_trend"], 0, 1, "p_threshold_trend")
    within(p["weights_threshold"], 0, 1e6, "weights_threshold")
    flags(fit_all=p["fit_all"])
    _refuse(alpha=p["alpha"], powertrans=p["powertrans"], reweight=p["reweight"], trend=p["trend"])


def _refuse(*, alpha: float, powertrans: str, reweight: bool, trend: bool) -> None:
    one_of(powertrans, tuple(POWERS), "powertrans")
    within(alpha, 1e-12, 0.5, "alpha")
    flags(reweight=reweight, trend=trend)


def _stopping(stopping: str | None, like: str | None) -> str:
    if like is not None:
        one_of(like, ("surveillance",), "like")
    if stopping is None:
        return "converged" if like is None else "surveillance"
    return one_of(stopping, ("converged", "surveillance"), "stopping")


def _references(
    at: NDArray[np.int64],
    *,
    b: int,
    w: int,
    no_periods: int,
    left_out: int,
    frequency: int,
    first: str | None,
    days: int,
) -> list[References]:
    whole(b, 1, "b", 100)
    whole(w, 0, "w")
    whole(no_periods, 1, "no_periods", 366)
    whole(frequency, 1, "frequency")
    whole(days, 1, "days")
    whole(left_out, 0, "past_weeks_not_included")
    start = None if first is None else day(first, "first")
    found: list[References] = []
    for row in reversed(at.tolist()):  # the latest week has the longest past
        back = by_rows(b, frequency) if start is None else _by_dates(start, row, b, days)
        try:
            found.append(references(row, back, w=w, no_periods=no_periods, left_out=left_out))
        except Invalid:
            if not found:
                raise
            raise Invalid("methods-range", argument="last", low=1, high=len(found)) from None
    return found[::-1]


def _by_dates(start: date, row: int, b: int, days: int) -> list[int]:
    try:
        return by_dates(start + timedelta(days=row * days), b, days)
    except (ValueError, OverflowError):  # before the year 1, or after 9999
        raise Invalid("methods-date", argument="first") from None


def _exposure(population: ArrayLike | None, counts: Floats) -> Floats | None:
    if population is None:
        return None
    found = same_shape(np.atleast_2d(numbers(population, "population")), counts, "population")
    if not np.all(found > 0):
        raise Invalid("methods-not-positive", argument="population")
    return found


def _enough(counts: Floats, at: NDArray[np.int64], limit54: tuple[float, int]) -> NDArray[np.bool_]:
    try:
        cases, weeks = limit54
    except (TypeError, ValueError):
        raise Invalid(
            "methods-shape", argument="limit54", wanted="(cases, weeks)", found=str(np.shape(limit54))
        ) from None
    within(cases, 0, 1e12, "limit54")
    whole(weeks, 1, "limit54")
    late = [np.nansum(counts[:, max(0, row - weeks + 1) : row + 1], axis=1) for row in at.tolist()]
    return np.stack(late, axis=1) >= cases


def _fits(
    counts: Floats,
    exposure: Floats | None,
    at: NDArray[np.int64],
    of_rows: list[References],
    rules: _Rules,
    *,
    wanted: NDArray[np.bool_] | None,
) -> Floats:
    """The fits of quasi_poisson, shape (series, evaluated, fields)."""
    found = np.full((len(counts), len(at), len(quasi_poisson.FIELDS)), np.nan)
    found[:, :, quasi_poisson.TREND] = found[:, :, quasi_poisson.CONVERGED] = 0
    for where, (row, like) in enumerate(zip(at.tolist(), of_rows, strict=True)):
        chosen = np.arange(len(counts)) if wanted is None else np.flatnonzero(wanted[:, where])
        if not len(chosen) or not len(like.rows):
            continue
        out = np.empty((len(chosen), len(quasi_poisson.FIELDS)))
        quasi_poisson.fit_all(
            _taken(counts, chosen, like.rows),
            np.empty((0, 0)) if exposure is None else _taken(exposure, chosen, like.rows),
            (like.rows - row).astype(np.float64),
            like.period,
            int(like.period.max()) + 1,
            np.empty(0) if exposure is None else exposure[chosen, row],
            rules.trend,
            rules.reweight,
            rules.threshold,
            _critical(len(like.rows), rules.p_trend),
            rules.early,
            rules.clamp,
            rules.clamp_test,
            rules.omega_alone,
            out,
        )
        found[chosen, where] = out
    return found


def _taken(values: Floats, series_: NDArray[np.int64], rows: NDArray[np.int64]) -> Floats:
    few = (
        values[:, rows[0] : rows[-1] + 1]
        if len(series_) == len(values)
        else values[series_, rows[0] : rows[-1] + 1]
    )
    return np.ascontiguousarray(
        few if len(rows) == few.shape[1] else few[:, rows - rows[0]], dtype=np.float64
    )


def _critical(most: int, p: float) -> Floats:
    """By degrees of freedom, the t value that has this two-sided p; below 0 where every trend is kept."""
    if p >= 1:
        return np.full(most + 1, -1.0)
    found = np.full(most + 1, np.inf)
    found[1:] = -special.stdtrit(np.arange(1, most + 1), p / 2) if p > 0 else np.inf
    return found


def _delta(
    y: Floats, mean: Floats, se: Floats, phi: Floats, *, z: float, power: float
) -> tuple[Floats, Floats, Floats]:
    """The bound on the scale of a power, and the probabilities of more and of fewer cases there."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        deviation = np.sqrt(phi * mean + (mean * se) ** 2)
        scale = power * mean ** (power - 1) * deviation
        upper = np.maximum(0, mean**power + z * scale) ** (1 / power)
        away = (y**power - mean**power) / scale
    away = np.where((mean == 0) & ~np.isnan(y), np.where(y > 0, np.inf, -np.inf), away)
    return np.where(mean == 0, 0.0, upper), special.ndtr(-away), special.ndtr(away)


def _limit_of_mean(fits: Floats, phi: Floats, alpha: float) -> Floats:
    eta, se, exposure = (
        fits[:, :, each] for each in (quasi_poisson.ETA, quasi_poisson.SE, quasi_poisson.EXPOSURE)
    )
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        found = np.exp(eta - special.ndtri(alpha) * se)
        return np.where(np.isneginf(eta), -float(np.log(alpha)) * phi / exposure, found)


def _score(y: Floats, mean: Floats, upper: Floats, p: Floats, alpha: float) -> Floats:
    """On the scale of counts, or of normal quantiles where the bound is not above the mean."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        found = (y - mean) / (upper - mean)
        by_p = np.where(p == 1, 0.0, -special.ndtri(p) / max(-special.ndtri(alpha), 1e-300))
    return np.where(upper > mean, found, by_p)

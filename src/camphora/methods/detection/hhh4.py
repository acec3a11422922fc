"""Counts that feed on themselves, on their neighbours' and on what is there anyway: the endemic-epidemic model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from camphora.errors import Invalid
from camphora.methods.arguments import Floats, flags, series
from camphora.methods.detection.bounds import whole
from camphora.methods.detection.hhh4_law import log_law
from camphora.methods.detection.hhh4_model import DEFAULTS, Model, spread
from camphora.methods.detection.hhh4_search import best, climb, inverse
from camphora.methods.made import Made

UNBOUNDED = 1000.0  # a standard error on the log scale that says: nothing holds this coefficient


@dataclass(frozen=True, slots=True)
class Hhh4:
    """`terms`, `estimate` and `se`: the coefficients as R names them, log scale, at last the overdispersion on its own
    scale; `covariance` of the coefficients with the overdispersion as -log; `mean` of each count from the second on,
    shape (units, times - 1), and its parts `endemic`, `autoregressive`, `neighbourhood`; `slope`: the largest part of
    the gradient left, in standard errors."""

    terms: tuple[str, ...]
    estimate: Floats
    se: Floats
    covariance: Floats
    loglik: float
    aic: float
    bic: float
    nobs: int
    converged: bool
    slope: float
    mean: Floats
    endemic: Floats
    autoregressive: Floats
    neighbourhood: Floats
    made: Made


@dataclass(frozen=True, slots=True)
class OneStep:
    """`at`: the points foretold, counted from 0; `mean` and `size` (infinite for Poisson) of each foretold count, shape
    (units, at); `log_score`: minus the log probability of the count that came."""

    at: NDArray[np.int64]
    mean: Floats
    size: Floats
    log_score: Floats
    made: Made


def hhh4(
    counts: ArrayLike,
    neighbours: ArrayLike | None = None,
    offset: ArrayLike | None = None,
    *,
    endemic: str = "common",
    trend: bool = False,
    seasons: int = 1,
    ar: str = "common",
    ar_trend: bool = False,
    ar_seasons: int = 0,
    ne: str = "none",
    ne_trend: bool = False,
    ne_seasons: int = 0,
    family: str = "NegBin1",
    frequency: float = 52,
    units: list[str] | None = None,
    start: list[float] | None = None,
    like: str | None = None,
) -> Hhh4:
    """The mean of unit i at t is offset × exp(endemic) + exp(ar) × its own count before + exp(ne) × the sum over j of
    neighbours[j, i] × the count of j before; fitted by maximum likelihood given the first point.

    Each exponent has a level that is "none" (the part is absent, or for `endemic` there is no constant), "common" or
    "unit" (one for each row), a trend in t (counted from 0) and so many sine and cosine waves of `frequency` points.
    `family`: Poisson, or negative binomial with variance m + psi m², psi common (NegBin1) or one for each row
    (NegBinM). `counts`: cases a period, shape (units, times), one row for one series; `neighbours`: weights, shape
    (units, units), from row to column, the diagonal not used; `offset`: a share or population, shape (units, times) or
    what spreads to it, 1 by default; `units`: names for the terms.

    Standard errors are from the observed information; for psi by the delta method. The likelihood can have several
    tops: the search (damped Newton steps, exact derivatives) starts from several places and the highest top found is
    given; `start`, in the order and on the scale of `estimate`, gives the top next to it instead. `aic`, `bic`: with
    the counts used. `like="surveillance"`: one search only, from where hhh4 of R's package begins (0, and 2 for -log
    psi) and by the way of the search that it uses (`hhh4_port`), to the top at which that stops, also where another is
    higher. Of the 22 counties of Taiwan whose weekly visits for influenza-like illness were fitted alone (NegBin1,
    trend, one wave) all end at R's top.

    Assumes counts independent given those before. A missing count is not fitted, and neither are the counts that it
    would feed: the next of its unit, and of its neighbours where there is a part for them. Zeros are counts like
    others; a unit without any case has no maximum and gives `converged` False. At the edge (a part that vanishes) the
    coefficient runs off: `converged` is False too, and the other numbers hold. Where `offset` is 0 and no count came
    before, the mean is 0: a count of 0 there is left out, a case is the error `methods-impossible`. A part that is 0 at
    every count is the error `methods-no-part`, counts without a case `methods-no-cases`, and a start from which the
    likelihood overflows `methods-no-fit`.

    Source: L. Held, M. Höhle and M. Hofmann, A statistical framework for the analysis of multivariate infectious
    disease surveillance counts, Statistical Modelling 2005;5:187-199; M. Paul and L. Held, Predictive assessment of a
    non-linear random effects model for multivariate time series of infectious disease counts, Statistics in Medicine
    2011;30:1118-1136. Errors: Invalid `methods-choice`, `methods-range`, `methods-shape`, `methods-negative`,
    `methods-short`.
    """
    parameters: dict[str, Any] = {
        key: value for key, value in locals().items() if key not in {"counts", "neighbours", "offset"}
    }
    model = Model.of(counts, neighbours, offset, parameters)
    return _result(model, best(model, parameters), parameters)


@np.errstate(all="ignore")
def _result(model: Model, fit: Floats, parameters: dict[str, Any]) -> Hhh4:
    value, gradient, bend = model.derivatives(fit)
    covariance, certain = inverse(bend)
    spread = np.sqrt(np.maximum(np.diag(covariance), 0))
    slope = float(np.max(np.abs(gradient) * spread))
    estimate, se = fit.copy(), spread
    if model.data.sizes:
        estimate[-model.data.sizes :] = np.exp(-fit[-model.data.sizes :])
        se = np.concatenate(
            [spread[: -model.data.sizes], spread[-model.data.sizes :] * estimate[-model.data.sizes :]]
        )
    nobs, parts = len(model.data.y), model.parts(fit)
    return Hhh4(
        terms=model.terms,
        estimate=estimate,
        se=se,
        covariance=covariance,
        loglik=value,
        aic=2 * len(fit) - 2 * value,
        bic=math.log(nobs) * len(fit) - 2 * value,
        nobs=nobs,
        converged=certain and slope < 1e-5 and float(spread.max()) < UNBOUNDED,
        slope=slope,
        mean=parts[0] + parts[1] + parts[2],
        endemic=parts[0],
        autoregressive=parts[1],
        neighbourhood=parts[2],
        made=Made("detection.hhh4.hhh4", 2, parameters),
    )


@np.errstate(all="ignore")
def one_step(
    counts: ArrayLike,
    neighbours: ArrayLike | None = None,
    offset: ArrayLike | None = None,
    *,
    last: int,
    refit: bool = True,
    **model: Any,
) -> OneStep:
    """What the model foretells of each of the `last` points from those before it: fitted anew up to each point with
    `refit`, from the whole series once without ("final": it has seen what it foretells). `model`: as for `hhh4`; errors
    as there."""
    found = series(counts, least=3)
    whole(last, 1, "last", found.shape[1] - 2)
    flags(refit=refit)
    names = {"units": None, "frequency": 52, "start": None, "like": None, **DEFAULTS, **model}
    unknown = set(model) - {"units", "frequency", "start", "like", *DEFAULTS}
    if unknown:
        raise Invalid("methods-choice", argument=min(unknown), known="、".join(sorted(names)))
    at = np.arange(found.shape[1] - last, found.shape[1])
    all_of = Model.of(found, neighbours, offset, names)
    mean, size = np.full((len(found), last), np.nan), np.full((len(found), last), np.inf)
    fit = None if refit else best(all_of, names)
    for column, t in enumerate(at):
        if refit:
            shorter = None if offset is None else spread(offset, found)[:, :t]
            before = Model.of(found[:, :t], neighbours, shorter, names)
            fit = best(before, names) if fit is None else climb(before, fit)[0]
        assert fit is not None
        mean[:, column] = sum(part[:, t - 1] for part in all_of.parts(fit))
        if all_of.data.sizes:
            size[:, column] = np.exp(fit[-all_of.data.sizes :])
    seen = found[:, at]
    score = -log_law(np.nan_to_num(seen).ravel(), mean.ravel(), size.ravel()).reshape(seen.shape)
    made = Made("detection.hhh4.one_step", 1, {"last": last, "refit": refit, **names})
    return OneStep(at, mean, size, np.where(np.isnan(seen), np.nan, score), made)

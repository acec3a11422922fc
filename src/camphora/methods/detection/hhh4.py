"""Counts that feed on themselves, on their neighbours' and on what is there anyway: the endemic-epidemic model."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy import linalg, optimize

from camphora.errors import Invalid
from camphora.methods.arguments import Floats, flags, inside, numbers, one_of, same_shape, series, texts
from camphora.methods.detection.baseline import digamma, trigamma
from camphora.methods.detection.bounds import whole
from camphora.methods.made import Made

FAMILIES = ("Poisson", "NegBin1", "NegBinM")
LEVELS = ("none", "common", "unit")
ROUNDS = 200
LARGE = 1e6  # a size from which Stirling's series serves better than the difference of two of its values
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
    the counts used. `like="surveillance"`: one search only, from -1 for the levels of the epidemic parts and 0 for all
    else, in a region of trust of radius 1 as hhh4 of R's package does through nlminb: it stops at the first top.

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
    model = _Model.of(counts, neighbours, offset, parameters)
    return _result(model, _best(model, parameters), parameters)


@np.errstate(all="ignore")
def _result(model: _Model, fit: Floats, parameters: dict[str, Any]) -> Hhh4:
    value, gradient, bend = model.derivatives(fit)
    covariance, certain = _inverse(bend)
    spread = np.sqrt(np.maximum(np.diag(covariance), 0))
    slope = float(np.max(np.abs(gradient) * spread))
    estimate, se = fit.copy(), spread
    if model.sizes:
        estimate[-model.sizes :] = np.exp(-fit[-model.sizes :])
        se = np.concatenate([spread[: -model.sizes], spread[-model.sizes :] * estimate[-model.sizes :]])
    nobs, parts = len(model.y), model.parts(fit)
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
    names = {"units": None, "frequency": 52, "start": None, "like": None, **_DEFAULTS, **model}
    unknown = set(model) - {"units", "frequency", "start", "like", *_DEFAULTS}
    if unknown:
        raise Invalid("methods-choice", argument=min(unknown), known="、".join(sorted(names)))
    at = np.arange(found.shape[1] - last, found.shape[1])
    all_of = _Model.of(found, neighbours, offset, names)
    mean, size = np.full((len(found), last), np.nan), np.full((len(found), last), np.inf)
    fit = None if refit else _best(all_of, names)
    for column, t in enumerate(at):
        if refit:
            shorter = None if offset is None else _spread(offset, found)[:, :t]
            before = _Model.of(found[:, :t], neighbours, shorter, names)
            fit = _best(before, names) if fit is None else _climb(before, fit)[0]
        assert fit is not None
        mean[:, column] = sum(part[:, t - 1] for part in all_of.parts(fit))
        if all_of.sizes:
            size[:, column] = np.exp(fit[-all_of.sizes :])
    seen = found[:, at]
    score = -_log_law(np.nan_to_num(seen).ravel(), mean.ravel(), size.ravel()).reshape(seen.shape)
    made = Made("detection.hhh4.one_step", 1, {"last": last, "refit": refit, **names})
    return OneStep(at, mean, size, np.where(np.isnan(seen), np.nan, score), made)


_DEFAULTS: dict[str, Any] = {
    "endemic": "common",
    "trend": False,
    "seasons": 1,
    "ar": "common",
    "ar_trend": False,
    "ar_seasons": 0,
    "ne": "none",
    "ne_trend": False,
    "ne_seasons": 0,
    "family": "NegBin1",
}


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of the mean: `columns` of time, shape (times - 1, n), a level for each unit where `unit`, and what it is
    multiplied with, shape (units, times - 1)."""

    columns: Floats
    unit: bool
    times: Floats

    def width(self) -> int:
        common: int = self.columns.shape[1]
        return common + (len(self.times) if self.unit else 0)

    def mean(self, beta: Floats) -> Floats:
        """Shape (units, times - 1)."""
        wave = self.columns @ beta[: self.columns.shape[1]]
        level = beta[self.columns.shape[1] :, None] if self.unit else 0.0
        return self.times * np.exp(np.minimum(wave[None] + level, 500.0))


@dataclass(frozen=True, slots=True)
class _Model:
    y: Floats
    where: tuple[NDArray[np.int64], NDArray[np.int64]]
    pieces: tuple[_Part | None, ...]
    rows: tuple[Floats, ...]
    units: tuple[slice, ...]
    sizes: int
    terms: tuple[str, ...]

    @classmethod
    def of(
        cls, counts: ArrayLike, neighbours: ArrayLike | None, offset: ArrayLike | None, p: dict[str, Any]
    ) -> _Model:
        found = series(counts, least=3)
        _refuse(p)
        if (p["ne"] != "none") != (neighbours is not None):
            raise Invalid(
                "methods-choice", argument="ne", known="none" if neighbours is None else "common、unit"
            )
        if not np.nansum(found[:, 1:]) > 0:
            raise Invalid("methods-no-cases", argument="counts")
        names = [str(n) for n in range(1, len(found) + 1)]
        if p["units"] is not None:
            names = [str(each) for each in texts(p["units"], "units", (len(found),))]
        factors = (found[:, :-1], _arriving(found[:, :-1], neighbours), _spread(offset, found)[:, 1:])
        known = ~np.isnan(found[:, 1:])
        pieces: list[_Part | None] = []
        terms: list[str] = []
        settings = (
            ("ar", p["ar"], p["ar_trend"], p["ar_seasons"]),
            ("ne", p["ne"], p["ne_trend"], p["ne_seasons"]),
            ("end", p["endemic"], p["trend"], p["seasons"]),
        )
        for (part, level, trend, seasons), factor in zip(settings, factors, strict=True):
            if part != "end" and level == "none":
                pieces.append(None)
                continue
            known &= ~np.isnan(factor)
            columns, labels = _columns(found.shape[1], level == "common", trend, seasons, p["frequency"])
            pieces.append(_Part(columns, level == "unit", np.nan_to_num(factor)))
            terms += [f"{part}.{label}" for label in labels]
            terms += [f"{part}.1.{name}" for name in names] if level == "unit" else []
        sizes = {"Poisson": 0, "NegBin1": 1, "NegBinM": len(found)}[p["family"]]
        terms += ["overdisp"] if sizes == 1 and p["family"] == "NegBin1" else []
        terms += [f"overdisp.{name}" for name in names] if p["family"] == "NegBinM" else []
        rows_of, times_of = np.nonzero(_explained(found[:, 1:], known, pieces))
        where = rows_of.astype(np.int64), times_of.astype(np.int64)
        y = found[:, 1:][where]
        if len(y) <= len(terms):
            raise Invalid("methods-short", argument="counts", least=len(terms) + 2, found=len(y))
        rows = tuple(_rows(piece, where) for piece in pieces if piece is not None)
        edges = np.searchsorted(where[0], np.arange(len(found) + 1))
        units = tuple(slice(int(low), int(high)) for low, high in itertools.pairwise(edges))
        return cls(y, where, tuple(pieces), rows, units, sizes, tuple(terms))

    def columns_of(self, unit: int) -> NDArray[np.int64]:
        """Which coefficients the columns of `rows` stand for in this unit."""
        found: list[int] = []
        begin = 0
        for piece in self.pieces:
            if piece is not None:
                common = piece.columns.shape[1]
                found += range(begin, begin + common)
                found += [begin + common + unit] if piece.unit else []
                begin += piece.width()
        return np.array(found, dtype=np.int64)

    def parts(self, fit: Floats) -> tuple[Floats, Floats, Floats]:
        """The means of the endemic, the autoregressive and the neighbours' part."""
        found, begin = [], 0
        shape = next(piece for piece in self.pieces if piece is not None).times.shape
        for piece in self.pieces:
            if piece is None:
                found.append(np.zeros(shape))
                continue
            found.append(piece.mean(fit[begin : begin + piece.width()]))
            begin += piece.width()
        return found[2], found[0], found[1]

    def size_of(self, fit: Floats) -> Floats:
        """-log psi of each count that is fitted; infinite for Poisson."""
        if not self.sizes:
            return np.full(len(self.y), np.inf)
        values = fit[-self.sizes :]
        answer: Floats = values[self.where[0] if self.sizes > 1 else np.zeros(len(self.y), dtype=np.int64)]
        return answer

    def value(self, fit: Floats) -> float:
        mean = sum(self.parts(fit))[self.where]  # type: ignore[index]
        if not np.all(np.isfinite(mean)) or np.any(mean <= 0):
            return -np.inf
        return float(_log_law(self.y, mean, np.exp(self.size_of(fit))).sum())

    def derivatives(self, fit: Floats) -> tuple[float, Floats, Floats]:
        """The log likelihood, its gradient and its negated second derivatives."""
        each, begin = [], 0
        for piece in self.pieces:
            if piece is not None:
                each.append(piece.mean(fit[begin : begin + piece.width()])[self.where])
                begin += piece.width()
        mean = np.sum(each, axis=0)
        law, by_mean, by_mean_2, by_size, by_both, by_size_2 = _law(self.y, mean, self.size_of(fit))
        outer = np.concatenate(
            [rows * part[:, None] for rows, part in zip(self.rows, each, strict=True)], axis=1
        )
        gradient, bend = np.zeros(len(fit)), np.zeros((len(fit), len(fit)))
        for unit, here in enumerate(self.units):
            columns = self.columns_of(unit)
            gradient[columns] += by_mean[here] @ outer[here]
            small = -(outer[here].T @ (outer[here] * by_mean_2[here, None]))
            place = 0
            for rows, part in zip(self.rows, each, strict=True):
                block = slice(place, place + rows.shape[1])
                small[block, block] -= rows[here].T @ (rows[here] * (by_mean[here] * part[here])[:, None])
                place += rows.shape[1]
            bend[np.ix_(columns, columns)] += small
            if self.sizes:
                own = begin + (unit if self.sizes > 1 else 0)
                gradient[own] += by_size[here].sum()
                bend[own, own] -= by_size_2[here].sum()
                across = by_both[here] @ outer[here]
                bend[own, columns] -= across
                bend[columns, own] -= across
        return float(law.sum()), gradient, bend


def _refuse(p: dict[str, Any]) -> None:
    one_of(p["family"], FAMILIES, "family")
    for name in ("endemic", "ar", "ne"):
        one_of(p[name], LEVELS, name)
    flags(trend=p["trend"], ar_trend=p["ar_trend"], ne_trend=p["ne_trend"])
    # the sine of half the frequency is 0 at every point
    most = math.ceil(inside(p["frequency"], 1, 100_000, "frequency") / 2) - 1
    for name in ("seasons", "ar_seasons", "ne_seasons"):
        whole(p[name], 0, name, most)


def _explained(y: Floats, known: NDArray[np.bool_], pieces: list[_Part | None]) -> NDArray[np.bool_]:
    """Which known counts the parts can explain. A count of 0 where all parts are 0 tells nothing and is left out."""
    some = np.zeros_like(known)
    for name, piece in zip(("ar", "neighbours", "offset"), pieces, strict=True):
        if piece is not None:
            here = piece.times > 0
            if known.any() and not np.any(here & known):
                raise Invalid("methods-no-part", argument=name)
            some |= here
    if np.any(known & ~some & (y > 0)):
        raise Invalid("methods-impossible", argument="offset")
    return known & some


def _columns(
    times: int, level: bool, trend: bool, seasons: int, frequency: float
) -> tuple[Floats, list[str]]:
    t = np.arange(1, times, dtype=np.float64)
    columns, labels = ([np.ones(times - 1)], ["1"]) if level else ([], [])
    if trend:
        columns.append(t)
        labels.append("t")
    period = f"{frequency:g}"
    for harmonic in range(1, seasons + 1):
        angle = 2 * harmonic * np.pi * t / frequency
        columns += [np.sin(angle), np.cos(angle)]
        labels += [f"sin({2 * harmonic} * pi * t/{period})", f"cos({2 * harmonic} * pi * t/{period})"]
    return np.stack(columns, axis=1) if columns else np.zeros((times - 1, 0)), labels


def _rows(piece: _Part, where: tuple[NDArray[np.int64], NDArray[np.int64]]) -> Floats:
    """The columns of each fitted count, and a 1 for the level of its own unit."""
    rows = piece.columns[where[1]]
    return np.concatenate([rows, np.ones((len(rows), 1))], axis=1) if piece.unit else rows


def _arriving(before: Floats, neighbours: ArrayLike | None) -> Floats:
    if neighbours is None:
        return np.zeros_like(before)
    weights = numbers(neighbours, "neighbours")
    if weights.shape != (len(before), len(before)):
        wanted = str((len(before), len(before)))
        raise Invalid("methods-shape", argument="neighbours", wanted=wanted, found=str(weights.shape))
    if np.isnan(weights).any() or np.any(weights < 0):
        raise Invalid("methods-negative", argument="neighbours")
    away = weights * (1 - np.eye(len(before)))
    missing = (away > 0).T.astype(np.float64) @ np.isnan(before) > 0
    arriving = away.T @ np.nan_to_num(before)
    return np.where(missing, np.nan, arriving)


def _spread(offset: ArrayLike | None, counts: Floats) -> Floats:
    if offset is None:
        return np.ones_like(counts)
    given = numbers(offset, "offset")
    if np.any(given < 0):
        raise Invalid("methods-negative", argument="offset")
    return same_shape(
        given[:, None] if given.ndim == 1 and len(given) == len(counts) else given, counts, "offset"
    )


@np.errstate(all="ignore")
def _best(model: _Model, p: dict[str, Any]) -> Floats:
    """The highest top found. Invalid `methods-no-fit`."""
    tried = [_climb(model, each) for each in _starts(model, p)]
    fit, value = max(tried, key=lambda each: each[1])
    if not np.isfinite(value):
        raise Invalid("methods-no-fit", argument="counts" if p.get("start") is None else "start")
    return fit


def _starts(model: _Model, p: dict[str, Any]) -> list[Floats]:
    given = p.get("start")
    if given is not None:
        fit = numbers(given, "start").copy()
        if fit.shape != (len(model.terms),):
            wanted = str((len(model.terms),))
            raise Invalid("methods-shape", argument="start", wanted=wanted, found=str(fit.shape))
        if np.any(np.isnan(fit)):
            raise Invalid("methods-not-numbers", argument="start")
        if model.sizes:
            if np.any(fit[-model.sizes :] <= 0):
                raise Invalid("methods-range", argument="start", low=0, high="∞")
            fit[-model.sizes :] = -np.log(fit[-model.sizes :])
        return [fit]
    if p.get("like") is not None:
        one_of(p["like"], ("surveillance",), "like")
        return [_trusted(model, _level(model, -1.0, 0.0))]
    starts = [_start(model, -0.7)]
    if len(model.rows) > 1:
        # a season in the endemic part so steep that it is an outbreak a year is found from flat levels only
        starts += [_level(model, -1.0, -1.0), _level(model, 0.0, 2.0)]
        starts.append(_trusted(model, _level(model, -1.0, 0.0)))
    return starts


def _start(model: _Model, share: float) -> Floats:
    """Epidemic parts that together give exp(share) of the mean, the rest endemic, psi 0.1."""
    fit: list[float] = []
    parts = [piece for piece in model.pieces if piece is not None]
    epidemic = len(parts) - 1
    for number, piece in enumerate(parts):
        part = np.exp(share) / epidemic if number < epidemic else (1 - np.exp(share) if epidemic else 1.0)
        beta = np.zeros(piece.width())
        if piece.unit:
            seen = np.array([model.y[here].mean() if here.stop > here.start else 0.0 for here in model.units])
            beta[piece.columns.shape[1] :] = np.log(part * seen / (piece.times.mean(axis=1) + 1e-10) + 1e-10)
        elif piece.columns.shape[1] and np.all(piece.columns[:, 0] == 1):
            beta[0] = np.log(part * model.y.mean() / (piece.times.mean() + 1e-10) + 1e-10)
        fit += beta.tolist()
    return np.array(fit + [np.log(10.0)] * model.sizes)


def _level(model: _Model, epidemic: float, size: float) -> Floats:
    """All 0 but the levels of the epidemic parts, and the sizes."""
    fit = np.zeros(len(model.terms))
    begin = 0
    for number, piece in enumerate(model.pieces):
        if piece is None:
            continue
        if number < 2:
            first = begin + piece.columns.shape[1] if piece.unit else begin
            fit[first : begin + piece.width() if piece.unit else begin + 1] = epidemic
        begin += piece.width()
    fit[len(fit) - model.sizes :] = size
    return fit


def _trusted(model: _Model, fit: Floats) -> Floats:
    known: dict[bytes, tuple[float, Floats, Floats]] = {}

    def derivatives(tried: Floats) -> tuple[float, Floats, Floats]:
        if tried.tobytes() not in known:
            known.clear()
            known[tried.tobytes()] = model.derivatives(tried)
        return known[tried.tobytes()]

    def falling(tried: Floats) -> float:
        value = model.value(tried)
        return -value if np.isfinite(value) else 1e100

    try:
        found = optimize.minimize(
            falling,
            fit,
            jac=lambda tried: -derivatives(tried)[1],
            hess=lambda tried: derivatives(tried)[2],
            method="trust-exact",
            options={"initial_trust_radius": 1.0, "gtol": 1e-3, "maxiter": 500},
        )
    except (
        ValueError,
        linalg.LinAlgError,
    ):  # derivatives that overflow; the climb begins where this search did
        return fit
    answer: Floats = found.x
    return answer


def _climb(model: _Model, fit: Floats) -> tuple[Floats, float]:
    """Newton's steps, damped until they rise; scaled so that trend and level weigh alike."""
    damping = 1e-3
    value, gradient, bend = model.derivatives(fit)
    if not _finite(value, gradient, bend):
        return fit, -np.inf
    for _ in range(ROUNDS):
        scale = np.sqrt(np.maximum(np.abs(np.diag(bend)), 1e-12))
        turned = bend / scale[:, None] / scale[None]
        roots, axes = np.linalg.eigh(turned)
        steep = axes.T @ (gradient / scale)
        if np.min(roots) > 0 and float(steep @ (steep / roots)) < 1e-9:
            break
        risen = False
        for _ in range(40):
            step = (axes @ (steep / (np.abs(roots) + damping))) / scale
            tried = fit + step
            after = model.value(tried)
            if after > value:
                risen = True
                break
            damping = max(damping, 1e-12) * 8
        if not risen:
            break
        damping = damping / 16 if damping > 1e-12 else 0.0
        there = model.derivatives(tried)
        if not _finite(*there):
            break
        fit, (value, gradient, bend) = tried, there
    # two last full steps: their gain is below what the likelihood can show, their use for the digits is not
    for _ in range(2):
        last = fit + _inverse(bend)[0] @ gradient
        if not np.all(np.isfinite(last)) or not model.value(last) >= value - 1e-9 * abs(
            value
        ):  # NaN is no rise
            break
        nearer = model.derivatives(last)
        if not _finite(*nearer) or np.abs(nearer[1]).max() > np.abs(gradient).max():
            break
        fit, (value, gradient, bend) = last, nearer
    return fit, value


def _finite(value: float, gradient: Floats, bend: Floats) -> bool:
    return bool(np.isfinite(value) and np.isfinite(gradient).all() and np.isfinite(bend).all())


def _inverse(bend: Floats) -> tuple[Floats, bool]:
    """The inverse, and whether the matrix was positive definite."""
    scale = np.sqrt(np.maximum(np.abs(np.diag(bend)), 1e-300))
    turned = bend / scale[:, None] / scale[None]
    try:
        factor = linalg.cho_factor(turned)
    except (ValueError, linalg.LinAlgError):  # not finite, or not positive definite
        return np.full_like(bend, np.nan), False
    answer: Floats = linalg.cho_solve(factor, np.eye(len(bend))) / scale[:, None] / scale[None]
    return answer, True


@njit(cache=True, error_model="numpy")
def _log_law(y: Floats, mean: Floats, size: Floats) -> Floats:
    """The log probability of each count; size infinite: Poisson. What depends on the size alone is kept from one count
    to the next."""
    found = np.empty(len(y))
    last, of_size = np.nan, 0.0
    for i in range(len(y)):
        log_mean = np.log(mean[i]) if y[i] > 0 else 0.0
        if np.isinf(size[i]):
            found[i] = y[i] * log_mean - mean[i] - math.lgamma(y[i] + 1)
            continue
        k = size[i]
        if k != last:
            last, of_size = k, math.lgamma(k)
        both = np.log1p(mean[i] / k)
        found[i] = -k * both
        if y[i] > 0:
            found[i] += _risen(y[i], k, of_size) - math.lgamma(y[i] + 1)
            found[i] += y[i] * (log_mean - np.log(k) - both)
    return found


@njit(cache=True, error_model="numpy")
def _risen(y: float, k: float, of_size: float) -> float:
    """log gamma(y + k) - log gamma(k). The difference of two large numbers has no digits left where k is large."""
    if k < LARGE:
        return math.lgamma(y + k) - of_size
    both = k + y
    return float((both - 0.5) * np.log1p(y / k) + y * np.log(k) - y + 1 / (12 * both) - 1 / (12 * k))


@njit(cache=True, error_model="numpy")
def _law(y: Floats, mean: Floats, log_size: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
    """The log probability of each count and its first and second derivatives by the mean and by the log of the size."""
    law = _log_law(y, mean, np.exp(log_size))
    by_mean, by_mean_2 = np.empty(len(y)), np.empty(len(y))
    by_size, by_both, by_size_2 = np.zeros(len(y)), np.zeros(len(y)), np.zeros(len(y))
    last, k, slope_of_size, bend_of_size = np.nan, 0.0, 0.0, 0.0
    for i in range(len(y)):
        m = mean[i]
        if np.isinf(log_size[i]):
            by_mean[i], by_mean_2[i] = y[i] / m - 1, -y[i] / (m * m)
            continue
        if log_size[i] != last:
            last, k = log_size[i], np.exp(log_size[i])
            slope_of_size, bend_of_size = digamma(k), trigamma(k)
        both = k + m
        by_mean[i] = y[i] / m - (y[i] + k) / both
        by_mean_2[i] = -y[i] / (m * m) + (y[i] + k) / (both * both)
        slope = (m - y[i]) / both - np.log1p(m / k)
        bend = m / (k * both) - (m - y[i]) / (both * both)
        if y[i] > 0:
            slope += digamma(y[i] + k) - slope_of_size
            bend += trigamma(y[i] + k) - bend_of_size
        by_size[i] = k * slope
        by_both[i] = k * (y[i] - m) / (both * both)
        by_size_2[i] = k * slope + k * k * bend
    return law, by_mean, by_mean_2, by_size, by_both, by_size_2

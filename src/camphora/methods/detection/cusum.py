"""The cumulative sum: how far counts have run above their mean, each less what chance allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from camphora.methods.arguments import Floats, flags, one_of, series, within
from camphora.methods.compiling import njit
from camphora.methods.detection import baseline
from camphora.methods.detection.bounds import evaluated, whole
from camphora.methods.made import Made

TRANSFORMATIONS = ("standard", "rossi", "anscombe", "anscombe2nd", "pearsonNegBin", "anscombeNegBin", "none")


@dataclass(frozen=True, slots=True)
class Cusum:
    """`at`: which points were evaluated, counted from 0; `mean`: the reference mean; `cusum`: the sum after each point;
    `upper`: the count that would have brought it to `h`, 0 where it lay there already; `alarm`; all but `at` of shape
    (series, evaluated)."""

    at: NDArray[np.int64]
    mean: Floats
    cusum: Floats
    upper: Floats
    alarm: NDArray[np.bool_]
    made: Made


def cusum(
    counts: ArrayLike,
    *,
    k: float = 1.04,
    h: float = 2.26,
    mean: str | float = "mean",
    transform: str = "standard",
    alpha: float = 0.1,
    reset: bool = False,
    frequency: int = 52,
    last: int = 52,
    like: str | None = None,
) -> Cusum:
    """S = max(0, S before + x - `k`), x being the count made to resemble a standard normal one; S > `h` alarms.

    `counts`: cases a period, shape (series, times); the `last` points are evaluated, S starts at 0 and all before them
    are the reference. `mean`: "mean" of the reference, "glm" (a Poisson regression on them with one harmonic of
    `frequency` points a year, converged), or a number. `transform` (m the mean, y the count):
    standard (y - m) / sqrt(m); rossi (y - 3m + 2 sqrt(m y)) / (2 sqrt(m)); anscombe 3/2 (y^(2/3) - m^(2/3)) / m^(1/6);
    anscombe2nd the same with m^(2/3) - m^(-1/3)/9; pearsonNegBin (y - m) / sqrt(m + `alpha` m²); anscombeNegBin, with
    the integral of dy / (y + `alpha` y²)^(1/3) from m to y over the sixth root of the variance; none y itself.
    `reset`: S begins anew at 0 after an alarm.

    Assumes independent counts with a known mean. A missing count leaves S as it was and does not alarm; missing
    reference points are left out; a reference of zeros, or too short for the regression, gives NaN and no alarm.

    `like="surveillance"` follows algo.cusum of R's package: the regression stops early, the upper count of `standard`
    is rounded up, that of `anscombe2nd` uses m^(1/3)/9 where the transformation has m^(-1/3)/9, that of `rossi` squares
    a root below 0 where no count is as low, that of `none` is `h` less the sum itself, 0 at least;
    a sum of just `h` alarms. The default is the exact inverse, unrounded; the statistic is the same either way.

    Source: E. S. Page, Continuous inspection schemes, Biometrika 1954;41:100-115; G. Rossi, L. Lampugnani and M.
    Marchi, An approximate CUSUM procedure for surveillance of health events, Statistics in Medicine 1999;18:2111-2122;
    D. A. Pierce and D. W. Schafer, Residuals in generalized linear models, JASA 1986;81:977-986. Errors: Invalid
    `methods-range`, `methods-choice`, `methods-shape`, `methods-negative`, `methods-short`.
    """
    parameters: dict[str, Any] = {key: value for key, value in locals().items() if key != "counts"}
    found = series(counts, least=2)
    _refuse(found.shape[1], parameters)
    at = evaluated(found.shape[1], last)
    expected = _means(found, at, mean, frequency, like)
    x = _transformed(found[:, at], expected, transform, alpha)
    total = _sums(x, k, h, reset)
    if transform == "none" and like is not None:
        upper = np.where(np.isnan(expected), np.nan, np.maximum(h - total, 0))
    else:
        upper = _count_for(h + k - _before(total, h, reset), expected, transform, alpha, like)
    alarm = ((total > h) if like is None else (total >= h)) & ~np.isnan(x)
    return Cusum(at, expected, total, upper, alarm, Made("detection.cusum.cusum", 2, parameters))


def _refuse(times: int, p: dict[str, Any]) -> None:
    one_of(p["transform"], TRANSFORMATIONS, "transform")
    for name in ("k", "h", "alpha"):
        within(p[name], 0, 1e6, name)
    flags(reset=p["reset"])
    if p["like"] is not None:
        one_of(p["like"], ("surveillance",), "like")
    whole(p["last"], 1, "last", times - 1)
    whole(p["frequency"], 1, "frequency")


def _before(total: Floats, h: float, reset: bool) -> Floats:
    """The sum that each point began from."""
    before = np.concatenate([np.zeros((len(total), 1)), total[:, :-1]], axis=1)
    return np.where(before > h, 0, before) if reset else before


def _means(
    counts: Floats, at: NDArray[np.int64], mean: str | float, frequency: int, like: str | None
) -> Floats:
    shape = (len(counts), len(at))
    if not isinstance(mean, str):
        return np.full(shape, within(mean, 1e-12, 1e12, "mean"))
    one_of(mean, ("mean", "glm"), "mean")
    past = counts[:, : at[0]]
    if mean == "mean":
        number = np.sum(~np.isnan(past), axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            level = np.nansum(past, axis=1) / number
        return np.repeat(np.where(level > 0, level, np.nan)[:, None], shape[1], axis=1)
    rows = baseline.design(np.arange(1, at[-1] + 2), seasons=1, trend=False, frequency=frequency)
    fits = [
        baseline.fit(each, rows[: at[0]], theta=np.inf, early=like is not None)[0].tolist() for each in past
    ]
    answer: Floats = np.exp(np.array(fits) @ rows[at].T)
    return answer


def _transformed(y: Floats, m: Floats, transform: str, alpha: float) -> Floats:
    if transform == "standard":
        return (y - m) / np.sqrt(m)
    if transform == "rossi":
        return np.asarray((y - 3 * m + 2 * np.sqrt(y * m)) / (2 * np.sqrt(m)))
    if transform == "anscombe":
        return np.asarray(1.5 * (y ** (2 / 3) - m ** (2 / 3)) / m ** (1 / 6))
    if transform == "anscombe2nd":
        return np.asarray(1.5 * (y ** (2 / 3) - m ** (2 / 3) + m ** (-1 / 3) / 9) / m ** (1 / 6))
    if transform == "pearsonNegBin":
        return (y - m) / np.sqrt(m + alpha * m**2)
    if transform == "anscombeNegBin":
        return (_anscombe_area(y, alpha) - _anscombe_area(m, alpha)) / (m + alpha * m**2) ** (1 / 6)
    return np.where(np.isnan(m), np.nan, y)


def _anscombe_area(y: Floats, alpha: float) -> Floats:
    """The integral of 1 / (u + alpha u²)^(1/3) from 0 to y."""
    answer: Floats = 1.5 * y ** (2 / 3) * special.hyp2f1(1 / 3, 2 / 3, 5 / 3, -alpha * y)
    return answer


def _count_for(x: Floats, m: Floats, transform: str, alpha: float, like: str | None) -> Floats:
    """The count whose transformed value is x; 0 where none is as low."""
    if transform == "standard":
        count = m + x * np.sqrt(m)
        count = np.ceil(count) if like else count
    elif transform == "rossi":
        # y + 2 sqrt(m y) = 2 x sqrt(m) + 3 m is a square in sqrt(y) + sqrt(m)
        root = np.sqrt(np.maximum(2 * x * np.sqrt(m) + 4 * m, 0)) - np.sqrt(m)
        count = (root if like else np.maximum(root, 0)) ** 2
        count = np.where(2 * x + 4 * np.sqrt(m) < 0, 0.0, count)
    elif transform in ("anscombe", "anscombe2nd"):
        shift = 0.0 if transform == "anscombe" else m ** (1 / 3 if like else -1 / 3) / 9
        count = np.maximum(m ** (2 / 3) - shift + x * m ** (1 / 6) * 2 / 3, 0) ** 1.5
    elif transform == "pearsonNegBin":
        count = m + x * np.sqrt(m + alpha * m**2)
    elif transform == "anscombeNegBin":
        count = _area_turned(_anscombe_area(m, alpha) + x * (m + alpha * m**2) ** (1 / 6), alpha)
    else:
        count = np.where(np.isnan(m), np.nan, x)
    return np.where(count < 0, 0.0, count)


def _area_turned(area: Floats, alpha: float) -> Floats:
    """The y up to which the integral of `_anscombe_area` is so much: Newton's steps from that of alpha 0."""
    wanted = np.maximum(area, 0)
    y = np.maximum((wanted / 1.5) ** 1.5, 1e-12)
    for _ in range(100):
        # the area is concave in y, so that steps from below never pass the root
        step = (wanted - _anscombe_area(y, alpha)) * (y + alpha * y**2) ** (1 / 3)
        y = np.maximum(y + step, 1e-12)
        if np.all(np.isnan(step) | (np.abs(step) <= 1e-13 * y)):
            break
    return np.where(area <= 0, 0.0, y)


@njit(cache=True)
def _sums(x: Floats, k: float, h: float, reset: bool) -> Floats:
    total = np.empty_like(x)
    for row in range(x.shape[0]):
        level = 0.0
        for t in range(x.shape[1]):
            if not np.isnan(x[row, t]):
                level = max(0.0, level + x[row, t] - k)
            total[row, t] = level
            if reset and level > h:
                level = 0.0
    return total

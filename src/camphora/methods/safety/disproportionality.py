"""PRR, ROR and IC: is the pair reported more often than the rest of the reports would have it?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from camphora.errors import Invalid
from camphora.methods.arguments import Floats, flag, not_negative, numbers, one_of, within
from camphora.methods.made import Made

ZERO = ("half", "limit", "missing")
MOST_REPORTS = 1e15
LN2 = float(np.log(2.0))


@dataclass(frozen=True, slots=True)
class Ratio:
    """`estimate` with its interval `lower` to `upper`; `chi_square`: Pearson's, corrected by Yates unless
    `yates=False` (with strata Mantel and Haenszel's); `corrected`: where 0.5 was added. All of shape (pairs,)."""

    estimate: Floats
    lower: Floats
    upper: Floats
    chi_square: Floats
    corrected: Any
    made: Made


@dataclass(frozen=True, slots=True)
class Information:
    """`ic` on the scale of log2, its interval `lower` to `upper`, all of shape (pairs,)."""

    ic: Floats
    lower: Floats
    upper: Floats
    made: Made


def prr(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    d: ArrayLike,
    *,
    level: float = 0.95,
    zero: str = "half",
    yates: bool = True,
) -> Ratio:
    """The proportional reporting ratio [a/(a+b)] / [c/(c+d)], its interval by the normal approximation of its
    logarithm, var = 1/a - 1/(a+b) + 1/c - 1/(c+d), and the chi-square: Evans, Waller, Davis (2001),
    Pharmacoepidemiology and Drug Safety 10:483-486.

    Cells of shape (pairs,), or (strata, pairs): then Mantel and Haenszel's ratio of risks with the variance of
    Greenland and Robins (1985), Biometrics 41:55-68.

    Zero cells: `zero="half"` adds 0.5 to the four cells of a table that has a zero among a and c (summed over its
    strata; then 0.5/strata is added to each cell of each stratum) and says so in `corrected`; "limit" gives 0 or
    infinity with an interval of NaN; "missing" gives NaN. Where the drug or the rest has no reports at all, the result
    is NaN under every rule. NaN in a cell gives NaN. Assumes that each report is counted in one cell.
    Invalid `methods-shape`, `methods-negative`, `methods-range`, `methods-choice`.
    """
    return _ratio("prr", (a, b, c, d), level, zero, yates)


def ror(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    d: ArrayLike,
    *,
    level: float = 0.95,
    zero: str = "half",
    yates: bool = True,
) -> Ratio:
    """The reporting odds ratio ad/(bc), its interval by Woolf, var = 1/a + 1/b + 1/c + 1/d: van Puijenbroek et al.
    (2002), Pharmacoepidemiology and Drug Safety 11:3-10.

    Cells of shape (pairs,), or (strata, pairs): then Mantel and Haenszel's odds ratio with the variance of Robins,
    Breslow and Greenland (1986), Biometrics 42:311-323. Zero cells as in `prr`, here a zero in any of the four.
    """
    return _ratio("ror", (a, b, c, d), level, zero, yates)


def information_component(n: ArrayLike, expected: ArrayLike, *, level: float = 0.95) -> Information:
    """IC = log2((n + 1/2) / (E + 1/2)), its interval the exact quantiles of the posterior Gamma(n + 1/2, E + 1/2):
    Noren, Hopstadius, Bate (2013), Statistical Methods in Medical Research 22:57-69.

    Counts and expected counts of shape (pairs,), stratified where E was summed over strata. n = 0 and E = 0 are
    defined; NaN gives NaN. Assumes counts Poisson around E times the ratio. Invalid `methods-shape`,
    `methods-negative`, `methods-range`.
    """
    counted, awaited = _alike([n, expected], ("n", "expected"))
    within(level, 0.0, 1.0, "level")
    tail = (1 - level) / 2
    with np.errstate(divide="ignore"):
        low, high = (
            np.log2(stats.gamma.ppf(each, counted + 0.5) / (awaited + 0.5)) for each in (tail, 1 - tail)
        )
    made = Made("safety.disproportionality.information_component", 1, {"level": level})
    return Information(np.log2((counted + 0.5) / (awaited + 0.5)), low, high, made)


def bcpnn(
    a: ArrayLike, b: ArrayLike, c: ArrayLike, d: ArrayLike, *, level: float = 0.95, moments: str = "exact"
) -> Information:
    """The IC of the Bayesian confidence propagation neural network: log2 of p(drug, event)/(p(drug) p(event)), each a
    beta distribution a posteriori, with gamma11 = alpha1 = beta1 = 1, alpha = beta = 2 and gamma such that the prior
    means give a ratio of 1: Bate et al. (1998), European Journal of Clinical Pharmacology 54:315-321. The interval is
    the normal one of its mean and standard deviation.

    `moments="exact"`: mean and variance by digamma and trigamma functions (Gould 2003, Pharmacoepidemiology and Drug
    Safety 12:559-574); "delta": the approximations printed in 1998. Cells of shape (pairs,); with (strata, pairs) the
    table is pooled, as this model has no strata (`information_component` has). All zeros are defined; a table without
    reports gives 0 by "delta", and by "exact" 0.24, since the mean of a logarithm is not the logarithm of a mean. NaN
    gives NaN. Invalid as `prr`.
    """
    cells = _cells((a, b, c, d))
    within(level, 0.0, 1.0, "level")
    one_of(moments, ("exact", "delta"), "moments")
    both, drug_only, event_only, neither = cells.sum(axis=1)
    total = both + drug_only + event_only + neither
    drug, event = both + drug_only, both + event_only
    gamma = (total + 2) * (total + 2) / ((drug + 1) * (event + 1))
    betas = ((both + 1, total + gamma, 1), (drug + 1, total + 2, -1), (event + 1, total + 2, -1))
    mean, variance = _exact(betas) if moments == "exact" else _delta(betas)
    wide = stats.norm.ppf((1 + level) / 2) * np.sqrt(variance)
    made = Made("safety.disproportionality.bcpnn", 1, {"level": level, "moments": moments})
    return Information(mean, mean - wide, mean + wide, made)


def _exact(betas: Any) -> tuple[Floats, Floats]:
    mean = sum(sign * (special.digamma(first) - special.digamma(whole)) for first, whole, sign in betas) / LN2
    spread = sum(special.polygamma(1, first) - special.polygamma(1, whole) for first, whole, _ in betas)
    return mean, spread / LN2**2


def _delta(betas: Any) -> tuple[Floats, Floats]:
    mean = sum(sign * np.log2(first / whole) for first, whole, sign in betas)
    spread = sum((whole - first) / (first * (1 + whole)) for first, whole, _ in betas)
    return mean, spread / LN2**2


def _ratio(kind: str, given: Any, level: float, zero: str, yates: bool) -> Ratio:
    cells = _cells(given)
    within(level, 0.0, 1.0, "level")
    one_of(zero, ZERO, "zero")
    flag(yates, "yates")
    pooled = cells.sum(axis=1)
    chi_square = _chi_square(cells, 0.5 if yates else 0.0)
    deciding = pooled[[0, 2]] if kind == "prr" else pooled
    bare = (deciding == 0).any(axis=0)
    corrected = bare & (zero == "half")
    used = cells + np.where(corrected, 0.5 / cells.shape[1], 0.0)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        estimate, variance = (_risks if kind == "prr" else _odds)(*used)
        wide = stats.norm.ppf((1 + level) / 2) * np.sqrt(np.where(bare & ~corrected, np.nan, variance))
        low, high = estimate * np.exp(-wide), estimate * np.exp(wide)
    empty = (pooled[0] + pooled[1] == 0) | (pooled[2] + pooled[3] == 0) | (bare & (zero == "missing"))
    missing = np.isnan(pooled).any(axis=0)
    empty |= missing
    chi_square = np.where(missing, np.nan, chi_square)
    if kind == "ror":
        empty |= (pooled[0] + pooled[2] == 0) | (pooled[1] + pooled[3] == 0)
    estimate, low, high = (np.where(empty, np.nan, each) for each in (estimate, low, high))
    made = Made(f"safety.disproportionality.{kind}", 1, {"level": level, "zero": zero, "yates": yates})
    return Ratio(estimate, low, high, chi_square, corrected & ~empty, made)


def _risks(a: Floats, b: Floats, c: Floats, d: Floats) -> tuple[Floats, Floats]:
    exposed, rest = a + b, c + d
    total = exposed + rest
    over, under = _sum(a * rest / total), _sum(c * exposed / total)
    spread = _sum(((a + c) * exposed * rest - a * c * total) / total**2)
    return over / under, spread / (over * under)


def _odds(a: Floats, b: Floats, c: Floats, d: Floats) -> tuple[Floats, Floats]:
    total = a + b + c + d
    share, other = (a + d) / total, (b + c) / total
    over, under = a * d / total, b * c / total
    r, s = _sum(over), _sum(under)
    variance = (
        _sum(share * over) / (2 * r**2)
        + _sum(share * under + other * over) / (2 * r * s)
        + _sum(other * under) / (2 * s**2)
    )
    return r / s, variance


def _sum(each: Floats) -> Floats:
    """Over strata; an empty stratum (0/0) adds nothing, as long as another has reports."""
    return np.asarray(np.where(np.isnan(each).all(axis=0), np.nan, np.nansum(each, axis=0)))


def _chi_square(cells: Floats, less: float) -> Floats:
    a, b, c, d = cells
    total = a + b + c + d
    with np.errstate(invalid="ignore", divide="ignore"):
        away = np.abs(_sum(a - (a + b) * (a + c) / total))
        if cells.shape[1] == 1:
            spread = _sum((a + b) * (c + d) * (a + c) * (b + d) / total**3)
        else:
            spread = _sum((a + b) * (c + d) * (a + c) * (b + d) / (total**2 * np.maximum(total - 1, 1)))
        return np.asarray(np.maximum(away - less, 0.0) ** 2 / spread)


def _cells(given: Any) -> Floats:
    """Shape (4, strata, pairs)."""
    four = _alike(given, ("a", "b", "c", "d"))
    shape = four[0].shape
    if len(shape) > 2:
        raise Invalid("methods-shape", argument="a", wanted="(pairs,), (strata, pairs)", found=str(shape))
    return np.array([np.atleast_2d(each) for each in four])


def _alike(given: Any, names: tuple[str, ...]) -> list[Floats]:
    found = [np.atleast_1d(numbers(each, name)) for each, name in zip(given, names, strict=True)]
    for each, name in zip(found, names, strict=True):
        if each.shape != found[0].shape:
            raise Invalid("methods-shape", argument=name, wanted=str(found[0].shape), found=str(each.shape))
        if np.any(each > MOST_REPORTS):
            raise Invalid("methods-range", argument=name, low=0, high=MOST_REPORTS)
        not_negative(each, name)
    return found

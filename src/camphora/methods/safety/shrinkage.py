"""EBGM: the gamma-Poisson shrinker of DuMouchel, its prior fitted to the table itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from camphora.errors import Invalid
from camphora.methods.arguments import Floats, flag, not_negative, numbers, one_of, whole, within
from camphora.methods.made import Made

START = (0.2, 0.1, 2.0, 4.0, 1 / 3)
"""DuMouchel's own start (1999, section 2)."""
SMALL, LARGE = 1e-6, 1e6
MOST_REPORTS = 1e15


@dataclass(frozen=True, slots=True)
class Prior:
    """`theta`: alpha1, beta1, alpha2, beta2, and the share P of the first gamma distribution; `log_likelihood` of the
    (weighted) table; `converged` is False where the search ended at its limit of steps."""

    theta: tuple[float, float, float, float, float]
    log_likelihood: float
    steps: int
    converged: bool
    made: Made


@dataclass(frozen=True, slots=True)
class Likelihood:
    """`value`: the log likelihood of the (weighted) table."""

    value: float
    made: Made


@dataclass(frozen=True, slots=True)
class Shrunk:
    """`ebgm` with its posterior quantiles `lower` (EB05) and `upper` (EB95); `share`: how probably the pair's ratio
    came from the first gamma distribution. All of shape (pairs,)."""

    ebgm: Floats
    lower: Floats
    upper: Floats
    share: Floats
    made: Made


@dataclass(frozen=True, slots=True)
class Squashed:
    """Fewer points of nearly the same likelihood: `weights` of them stand for that many pairs."""

    n: Floats
    expected: Floats
    weights: Floats
    made: Made


def ebgm(n: ArrayLike, expected: ArrayLike, *, theta: Sequence[float], tail: float = 0.05) -> Shrunk:
    """EBGM = exp(E[log lambda | n]) and the quantiles `tail` and 1 - `tail` of lambda a posteriori, for counts
    n ~ Poisson(lambda E) and lambda a mixture of two gamma distributions, `theta` = (alpha1, beta1, alpha2, beta2, P):
    DuMouchel (1999), The American Statistician 53(3):177-190, equations 6 to 11.

    Counts and expected counts of shape (pairs,). n = 0 is defined; E = 0 gives NaN, as does NaN. The quantiles are
    solved to a relative step below 1e-12. Invalid `methods-shape`, `methods-negative`, `methods-range`.
    """
    counted, awaited = _pairs(n, expected)
    alpha1, beta1, alpha2, beta2, share = _theta(theta)
    within(tail, SMALL, 0.5, "tail")
    awaited = np.where(awaited > 0, awaited, np.nan)
    # A share of 0 or 1 leaves one of the two.
    with np.errstate(divide="ignore"):
        first = np.log(share) + _log_density(counted, awaited, alpha1, beta1)
        second = np.log1p(-share) + _log_density(counted, awaited, alpha2, beta2)
    posterior = special.expit(first - second)
    one, two = (alpha1 + counted, beta1 + awaited), (alpha2 + counted, beta2 + awaited)
    mean = posterior * (special.digamma(one[0]) - np.log(one[1]))
    mean += (1 - posterior) * (special.digamma(two[0]) - np.log(two[1]))
    low, high = (_quantile(each, posterior, one, two) for each in (tail, 1 - tail))
    made = Made("safety.shrinkage.ebgm", 1, {"theta": [alpha1, beta1, alpha2, beta2, share], "tail": tail})
    return Shrunk(np.exp(mean), low, high, posterior, made)


def fit(
    n: ArrayLike,
    expected: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    zeros: bool = False,
    method: str = "likelihood",
    truncation: str = "mixture",
    start: Sequence[float] = START,
    steps: int = 2000,
    tolerance: float = 1e-10,
) -> Prior:
    """The prior by which the counts are most likely: `method="likelihood"` maximises the likelihood itself (L-BFGS-B
    on logarithms with its gradient), "em" by steps of expectation and maximisation. Both reach the same maximum from
    the same start; a table may have several maxima, so compare `log_likelihood` from other starts.

    `zeros=True`: the table holds its pairs with no report; False: only pairs with n >= 1 are in the table, and the
    likelihood is conditional on that. Then `truncation="mixture"` conditions the mixture as a whole, so that P means
    the same as with zeros; "component" conditions each of the two negative binomials by itself (DuMouchel and Pregibon
    2001, Proceedings of KDD: 67-76), where P is the share among the reported; it goes with "likelihood" only.
    `weights`: of squashed points. Pairs with n = 0 (unless `zeros`), E = 0 or NaN are left out.
    Invalid `methods-shape`, `methods-negative`, `methods-range`, `methods-choice`, `methods-too-few` (no pair left).
    """
    one_of(method, ("likelihood", "em"), "method")
    one_of(truncation, ("mixture",) if method == "em" else ("mixture", "component"), "truncation")
    begin = np.array(_theta(start))
    steps = whole(steps, 1, 1_000_000, "steps")
    within(tolerance, 1e-15, 1.0, "tolerance")
    data = _table(n, expected, weights, flag(zeros, "zeros"))
    cut = "none" if zeros else truncation
    search = _climb if method == "likelihood" else _expect
    theta, taken, done = search(begin, data, cut, steps, tolerance)
    parameters = {
        "zeros": zeros, "method": method, "truncation": truncation, "start": begin.tolist(),
        "steps": steps, "tolerance": tolerance,
    }  # fmt: skip
    reached = -_loss(_free(theta), data, cut)[0]
    one, two, three, four, share = (float(each) for each in theta)
    return Prior(
        (one, two, three, four, share), reached, taken, done, Made("safety.shrinkage.fit", 1, parameters)
    )


def log_likelihood(
    n: ArrayLike,
    expected: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    theta: Sequence[float],
    zeros: bool = False,
    truncation: str = "mixture",
) -> Likelihood:
    """What `fit` maximises, at `theta`, of the pairs that `fit` does not leave out. Errors as `fit`."""
    one_of(truncation, ("mixture", "component"), "truncation")
    at = _theta(theta)
    data = _table(n, expected, weights, flag(zeros, "zeros"))
    value = -_loss(_free(np.array(at)), data, "none" if zeros else truncation)[0]
    parameters = {"theta": list(at), "zeros": zeros, "truncation": truncation}
    return Likelihood(float(value), Made("safety.shrinkage.log_likelihood", 1, parameters))


def _table(n: ArrayLike, expected: ArrayLike, weights: ArrayLike | None, zeros: bool) -> Any:
    """Counts, expected counts and weights of the pairs that tell of the prior."""
    counted, awaited = _pairs(n, expected)
    weighed = np.ones_like(counted) if weights is None else _pairs(n, weights, "weights")[1]
    kept = np.isfinite(counted) & (awaited > 0) & (weighed > 0) & (counted >= (0 if zeros else 1))
    if not kept.any():
        raise Invalid("methods-too-few", argument="n", least=1, found=0)
    return counted[kept], awaited[kept], weighed[kept]


def squash(
    n: ArrayLike, expected: ArrayLike, *, bin_size: int = 50, keep: int = 100, upto: int = 1_000_000
) -> Squashed:
    """Data squashing: among pairs of the same count n <= `upto`, the `keep` with the largest expected counts stay as
    they are, the rest, in order of E, become bins of `bin_size` (the last may be smaller) with their mean E and the
    number of their pairs as weight: DuMouchel and Pregibon (2001), section 3. The number of pairs and the sum of the
    expected counts stay the same. NaN is left out. Invalid `methods-shape`, `methods-negative`, `methods-range`.
    """
    counted, awaited = _pairs(n, expected)
    bin_size, keep = whole(bin_size, 1, 10**9, "bin_size"), whole(keep, 0, 10**9, "keep")
    within(upto, 0, MOST_REPORTS, "upto")
    good = np.isfinite(counted) & np.isfinite(awaited)
    order = np.lexsort((awaited[good], counted[good]))
    counted, awaited = counted[good][order], awaited[good][order]
    first = np.searchsorted(counted, counted, side="left")
    place = np.arange(len(counted)) - first
    many = np.searchsorted(counted, counted, side="right") - first - keep
    alone = (place >= many) | (counted > upto)
    label = np.where(alone, place, place // bin_size * bin_size)
    opens = np.ones(len(counted), dtype=bool)
    opens[1:] = (counted[1:] != counted[:-1]) | (label[1:] != label[:-1]) | alone[1:] | alone[:-1]
    starts = np.flatnonzero(opens)
    weights = np.diff(np.append(starts, len(counted))).astype(np.float64)
    mean = np.add.reduceat(awaited, starts) / weights if len(starts) else awaited
    made = Made("safety.shrinkage.squash", 1, {"bin_size": bin_size, "keep": keep, "upto": upto})
    return Squashed(counted[starts], mean, weights, made)


def _log_density(n: Floats, expected: Floats, alpha: float, beta: float) -> Floats:
    """Of the negative binomial that a gamma(alpha, beta) ratio makes of a Poisson count."""
    whole = beta + expected
    size = special.gammaln(alpha + n) - special.gammaln(alpha) - special.gammaln(n + 1)
    return np.asarray(size + alpha * np.log(beta / whole) + special.xlogy(n, expected / whole))


def _slopes(n: Floats, expected: Floats, alpha: float, beta: float) -> tuple[Floats, Floats]:
    """Of the log density, by log alpha and by log beta."""
    whole = beta + expected
    by_alpha = np.log(beta / whole) + special.digamma(alpha + n) - special.digamma(alpha)
    return alpha * by_alpha, alpha * expected / whole - n * beta / whole


def _loss(free: Floats, data: Any, cut: str) -> tuple[float, Floats]:
    """Minus the log likelihood and its gradient by log alpha1, log beta1, log alpha2, log beta2, logit P."""
    n, expected, weights = data
    alpha1, beta1, alpha2, beta2 = np.exp(free[:4])
    logs = np.array([_log_share(free[4]), _log_share(-free[4])])
    pairs = ((alpha1, beta1), (alpha2, beta2))
    share = special.expit(free[4])
    sides = [_log_density(n, expected, *pair) for pair in pairs]
    slopes = [_slopes(n, expected, *pair) for pair in pairs]
    if cut == "component":
        for side, pair in enumerate(pairs):
            fall, tilt = _unseen(expected, pair)
            sides[side] = sides[side] - np.log1p(-np.exp(fall))
            odds = 1 / np.expm1(-fall)
            own, lean = slopes[side]
            slopes[side] = (own + odds * tilt[0], lean + odds * tilt[1])
    total = np.logaddexp(logs[0] + sides[0], logs[1] + sides[1])
    first = np.exp(logs[0] + sides[0] - total)
    gradient = _gradient(weights, first, slopes, share)
    reached = float(np.sum(weights * total))
    if cut == "mixture":
        falls = [_unseen(expected, pair) for pair in pairs]
        lost = np.logaddexp(logs[0] + falls[0][0], logs[1] + falls[1][0])
        lost = np.minimum(lost, -1e-300)
        odds = 1 / np.expm1(-lost)
        own = np.exp(logs[0] + falls[0][0] - lost)
        gradient = gradient + _gradient(weights * odds, own, [fall[1] for fall in falls], share)
        reached -= float(np.sum(weights * np.log(-np.expm1(lost))))
    return -reached, -gradient


def _gradient(weights: Floats, first: Floats, slopes: Any, share: float) -> Floats:
    sides = (weights * first, weights * (1 - first))
    four = [float(np.sum(side * slope)) for side, pair in zip(sides, slopes, strict=True) for slope in pair]
    return np.array([*four, float(np.sum(weights * (first - share)))])


def _unseen(expected: Floats, pair: tuple[float, float]) -> tuple[Floats, tuple[Floats, Floats]]:
    """Log of the probability of no report, and its slopes."""
    alpha, beta = pair
    log0 = alpha * np.log(beta / (beta + expected))
    return log0, (log0, alpha * expected / (beta + expected))


def _log_share(logit: float) -> float:
    return float(-np.logaddexp(0.0, -logit))


def _free(theta: Floats) -> Floats:
    return np.array([*np.log(theta[:4]), special.logit(np.clip(theta[4], 1e-12, 1 - 1e-12))])


def _bound(free: Floats) -> Floats:
    return np.array([*np.exp(free[:4]), special.expit(free[4])])


LIMITS = [(np.log(SMALL), np.log(LARGE))] * 4 + [(-25.0, 25.0)]


def _climb(begin: Floats, data: Any, cut: str, steps: int, tolerance: float) -> tuple[Floats, int, bool]:
    options = {"maxiter": steps, "maxfun": 20 * steps, "ftol": tolerance * 1e-3, "gtol": 1e-7, "maxcor": 20}
    scale = float(np.sum(data[2]))

    def loss(free: Floats) -> tuple[float, Floats]:
        value, gradient = _loss(free, data, cut)
        return value / scale, gradient / scale

    found = optimize.minimize(loss, _free(begin), jac=True, method="L-BFGS-B", bounds=LIMITS, options=options)
    return _bound(found.x), int(found.nit), bool(found.success)


def _expect(begin: Floats, data: Any, cut: str, steps: int, tolerance: float) -> tuple[Floats, int, bool]:
    """Expectation and maximisation, two steps at a time and then a jump along them where the likelihood rises by it
    (SQUAREM: Varadhan and Roland 2008, Scandinavian Journal of Statistics 35:335-353)."""
    free = _free(begin)
    before = -_loss(free, data, cut)[0]
    for step in range(1, steps + 1):
        one = _improved(free, data, cut)
        two = _improved(one, data, cut)
        way, bend = one - free, two - 2 * one + free
        far = max(1.0, float(np.linalg.norm(way) / max(float(np.linalg.norm(bend)), 1e-300)))
        leap = np.clip(free + 2 * far * way + far**2 * bend, *np.array(LIMITS).T)
        after = _improved(leap, data, cut)
        reached, jumped = -_loss(two, data, cut)[0], -_loss(after, data, cut)[0]
        free, reached = (after, jumped) if jumped >= reached else (two, reached)
        if abs(reached - before) <= tolerance * (abs(reached) + 1):
            return _bound(free), step, True
        before = reached
    return _bound(free), steps, False


def _improved(free: Floats, data: Any, cut: str) -> Floats:
    """One step. Pairs that could not be seen are missing data: beside each pair stand as many zeros, at its expected
    count, as its probability of zero makes probable."""
    parts = _parts(free, data, cut)
    sizes = [max(float(np.sum(part[2])), 1e-300) for part in parts]
    return np.array(
        [
            *_maximised(free[0:2], parts[0]),
            *_maximised(free[2:4], parts[1]),
            np.clip(np.log(sizes[0] / sizes[1]), -25, 25),
        ]
    )


def _parts(free: Floats, data: Any, cut: str) -> list[Any]:
    """For each component: counts, expected counts and how much of each pair is its own."""
    n, expected, weights = data
    pairs = (tuple(np.exp(free[:2])), tuple(np.exp(free[2:4])))
    logs = (_log_share(free[4]), _log_share(-free[4]))
    sides = [log + _log_density(n, expected, *pair) for log, pair in zip(logs, pairs, strict=True)]
    total = np.logaddexp(*sides)
    if cut == "none":
        return [(n, expected, weights * np.exp(side - total)) for side in sides]
    lost = [log + _unseen(expected, pair)[0] for log, pair in zip(logs, pairs, strict=True)]
    seen = -np.expm1(np.minimum(np.logaddexp(*lost), -1e-300))
    both, twice = np.concatenate([n, np.zeros_like(n)]), np.concatenate([expected, expected])
    return [
        (both, twice, np.concatenate([weights * np.exp(side - total), weights * np.exp(gone) / seen]))
        for side, gone in zip(sides, lost, strict=True)
    ]


def _maximised(free: Floats, part: Any) -> Floats:
    """One Newton step of the negative binomial's log alpha and log beta, halved until it does not fall."""
    n, expected, weights = part
    gradient, bend = _curve(free, n, expected, weights)
    lowest = float(np.linalg.eigvalsh(bend)[-1])
    if lowest >= 0:
        bend = bend - (lowest + 1e-6 + 0.1 * float(np.abs(bend).max())) * np.eye(2)
    step = np.clip(-np.linalg.solve(bend, gradient), -2.0, 2.0)
    now = float(np.sum(weights * _log_density(n, expected, *np.exp(free))))
    for _ in range(20):
        after = np.clip(free + step, *LIMITS[0])
        if float(np.sum(weights * _log_density(n, expected, *np.exp(after)))) >= now:
            return np.asarray(after)
        step = step / 2
    return free


def _curve(free: Floats, n: Floats, expected: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Gradient and second derivatives of the weighted log density by log alpha and log beta."""
    alpha, beta = np.exp(free)
    whole = beta + expected
    by_alpha, by_beta = (float(np.sum(weights * slope)) for slope in _slopes(n, expected, alpha, beta))
    fall = special.polygamma(1, alpha + n) - special.polygamma(1, alpha)
    first = alpha**2 * float(np.sum(weights * fall)) + by_alpha
    cross = alpha * float(np.sum(weights * expected / whole))
    spread = -alpha * (1 - (beta / whole) ** 2) + n * (beta / whole) ** 2
    second = float(np.sum(weights * spread)) + by_beta
    return np.array([by_alpha, by_beta]), np.array([[first, cross], [cross, second]])


def _quantile(wanted: float, share: Floats, one: Any, two: Any) -> Floats:
    """Of the mixture of two gamma distributions: it lies between theirs. Newton's steps, halved where they leave."""
    ends = [special.gammaincinv(shape, wanted) / rate for shape, rate in (one, two)]
    low, high = np.minimum(*ends), np.maximum(*ends)
    at = share * ends[0] + (1 - share) * ends[1]
    for _ in range(200):
        below = share * special.gammainc(one[0], one[1] * at)
        below += (1 - share) * special.gammainc(two[0], two[1] * at)
        low, high = np.where(below < wanted, at, low), np.where(below < wanted, high, at)
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = share * _gamma_density(at, *one) + (1 - share) * _gamma_density(at, *two)
            step = at - (below - wanted) / slope
        after = np.where((step >= low) & (step <= high), step, (low + high) / 2)
        moved = np.abs(after - at) > 1e-13 * np.abs(after)
        at = after
        if not np.any(moved):
            break
    return np.asarray(at)


def _gamma_density(x: Floats, shape: Floats, rate: Floats) -> Floats:
    return np.asarray(
        np.exp(shape * np.log(rate) + (shape - 1) * np.log(x) - rate * x - special.gammaln(shape))
    )


def _pairs(n: ArrayLike, expected: ArrayLike, name: str = "expected") -> tuple[Floats, Floats]:
    counted, awaited = np.atleast_1d(numbers(n, "n")), np.atleast_1d(numbers(expected, name))
    if counted.shape != awaited.shape or counted.ndim != 1:
        raise Invalid("methods-shape", argument=name, wanted=f"({counted.size},)", found=str(awaited.shape))
    for each, called in ((counted, "n"), (awaited, name)):
        if np.any(each > MOST_REPORTS):
            raise Invalid("methods-range", argument=called, low=0, high=MOST_REPORTS)
        not_negative(each, called)
    return counted, awaited


def _theta(given: Sequence[float]) -> tuple[float, float, float, float, float]:
    found = numbers(given, "theta")
    if found.shape != (5,):
        raise Invalid("methods-shape", argument="theta", wanted="(5,)", found=str(found.shape))
    for each in found[:4]:
        within(float(each), SMALL, LARGE, "theta")
    within(float(found[4]), 0.0, 1.0, "theta")
    one, two, three, four, share = (float(each) for each in found)
    return one, two, three, four, share

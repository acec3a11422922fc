"""MaxSPRT: watching the harm of one product as cases come in, with an error rate that holds over all looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from camphora.errors import Invalid
from camphora.methods.arguments import Floats, not_negative, numbers, whole, within
from camphora.methods.compiling import njit
from camphora.methods.made import Made

EQUAL = 1e-9


@dataclass(frozen=True, slots=True)
class LogRatio:
    """`value`: the log likelihood ratio, in the shape of the counts."""

    value: Floats
    made: Made


@dataclass(frozen=True, slots=True)
class Critical:
    """A signal is a log likelihood ratio of at least `value`; `alpha`: the exact probability of one where there is no
    harm. Where counts are discrete, no value may give the wanted alpha exactly; then it is below."""

    value: float
    alpha: float
    made: Made


@dataclass(frozen=True, slots=True)
class Performance:
    """`power`: the probability of a signal; `time_to_signal`: its mean time where there is one; `time`: mean length of
    the surveillance; times in expected cases under no harm (Poisson) or in events (binomial)."""

    power: float
    time_to_signal: float
    time: float
    made: Made


@dataclass(frozen=True, slots=True)
class Watched:
    """`ratio`: the log likelihood ratio at each look; `critical`; `signal`: the first look (from 0) with a signal, or
    -1."""

    ratio: Floats
    critical: float
    signal: int
    made: Made


def poisson_ratio(cases: ArrayLike, expected: ArrayLike) -> LogRatio:
    """E - c + c log(c/E) where c > E, else 0, of cumulative cases c and cumulative expected cases E: Kulldorff et al.
    (2011), Sequential Analysis 30:58-78, equation 4. E = 0 with cases is infinite. NaN gives NaN. Invalid
    `methods-shape`, `methods-negative`."""
    c = _cases(cases, "cases")
    found = _poisson_ratio(c, _alike(expected, c, "expected"))
    return LogRatio(found, Made("safety.maxsprt.poisson_ratio", 1, {}))


def _poisson_ratio(c: Floats, awaited: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(c > awaited, awaited - c + c * np.log(c / awaited), 0.0 * (c + awaited)))


def binomial_ratio(cases: ArrayLike, events: ArrayLike, *, controls: float) -> LogRatio:
    """Of `cases` among `events` (cases and controls together), where no harm makes a case of an event with probability
    p = 1/(1 + controls): c log(c/(np)) + (n-c) log((n-c)/(n(1-p))) where c/n > p, else 0. NaN gives NaN. Kulldorff et
    al. (2011), section 4. Invalid `methods-shape`, `methods-negative`, `methods-range` (more cases than events)."""
    c = _cases(cases, "cases")
    n = _alike(events, c, "events")
    if np.any(c > n):
        raise Invalid("methods-range", argument="cases", low=0, high="events")
    found = _binomial_ratio(c, n, _share(controls))
    return LogRatio(found, Made("safety.maxsprt.binomial_ratio", 1, {"controls": controls}))


def _binomial_ratio(c: Floats, n: Floats, p: float) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        found = special.xlogy(c, c / (n * p)) + special.xlogy(n - c, (n - c) / (n * (1 - p)))
        return np.asarray(np.where(c > n * p, found, 0.0 * (c + n)))


def poisson_critical(
    *, upper: float, alpha: float = 0.05, least: int = 1, first: float = 0.0, looks: Sequence[float] = ()
) -> Critical:
    """The critical value for surveillance until `upper` cases would be expected, computed exactly from the chance that
    a Poisson process touches the boundary: Kulldorff et al. (2011), section 3.

    `least`: a signal needs that many cases; `first`: none before that many are expected (Kulldorff and Silva 2015,
    arXiv 1503.01978). `looks`: expected cases (cumulative) at each look, the last of them `upper`, where one looks at
    intervals; without them one looks always. Where even `least` cases are rarer than
    alpha, the value is 1e-6: any excess is a signal. Exact to 1e-10. Invalid `methods-range`, `methods-rising`.
    """
    parameters: dict[str, Any] = {"upper": upper, "alpha": alpha, "least": least, "first": first}
    _watch_range(upper, least, first, looks)
    looks = parameters["looks"] = [float(each) for each in looks]
    within(alpha, 1e-9, 0.5, "alpha")

    def error(value: float) -> float:
        return _poisson(_boundary(value, upper, least, first, looks), 1.0, first)[0]

    value = _least_value(error, alpha)
    return Critical(value, error(value), Made("safety.maxsprt.poisson_critical", 1, parameters))


def poisson_performance(
    *,
    upper: float,
    critical: float,
    risk: float = 1.0,
    least: int = 1,
    first: float = 0.0,
    looks: Sequence[float] = (),
) -> Performance:
    """How the surveillance of `poisson_critical` does where the true relative risk is `risk`: exact power, mean time to
    a signal and mean time of surveillance (Kulldorff et al. 2011, tables 2 and 3). Invalid `methods-range`."""
    parameters: dict[str, Any] = {"upper": upper, "critical": critical, "risk": risk, "least": least}
    _watch_range(upper, least, first, looks)
    looks = [float(each) for each in looks]
    parameters |= {"first": first, "looks": looks}
    within(critical, 1e-9, 1e6, "critical")
    within(risk, 1e-9, 1e9, "risk")
    steps = _boundary(critical, upper, least, first, looks)
    power, moment = _poisson(steps, risk, first, at_looks=bool(looks))
    wait = moment / power if power > 0 else float("nan")
    made = Made("safety.maxsprt.poisson_performance", 1, parameters)
    return Performance(power, wait, moment + (1 - power) * upper, made)


def poisson_watch(
    cases: ArrayLike,
    expected: ArrayLike,
    *,
    upper: float,
    alpha: float = 0.05,
    least: int = 1,
    first: float = 0.0,
    looks: Sequence[float] = (),
) -> Watched:
    """The ratio at each look and the first signal, from cumulative cases and cumulative expected cases (looks,). Looks
    after `upper` raise no signal. NaN raises none. Invalid `methods-shape`, `methods-negative`, `methods-range`."""
    c, awaited = _cases(cases, "cases"), _cases(expected, "expected")
    if c.shape != awaited.shape:
        raise Invalid("methods-shape", argument="expected", wanted=str(c.shape), found=str(awaited.shape))
    found = poisson_critical(upper=upper, alpha=alpha, least=least, first=first, looks=looks)
    ratio = _poisson_ratio(c, awaited)
    over = (ratio >= found.value - EQUAL) & (c >= least) & (awaited >= first) & (awaited <= upper)
    made = Made("safety.maxsprt.poisson_watch", 1, dict(found.made.parameters))
    return Watched(ratio, found.value, int(np.argmax(over)) if over.any() else -1, made)


def binomial_critical(*, upper: int, controls: float, alpha: float = 0.05, least: int = 1) -> Critical:
    """The critical value for surveillance until `upper` events (cases and controls), one look at each event, `controls`
    of them expected to a case (matched controls, or the control interval over the risk interval); a signal needs
    `least` cases: Kulldorff et al. (2011), section 4. The least ratio that can occur whose exact error does not exceed
    alpha; infinite where there is none. Invalid `methods-range`."""
    upper, least = whole(upper, 1, 5000, "upper"), whole(least, 1, 5000, "least")
    within(alpha, 1e-9, 0.5, "alpha")
    p = _share(controls)
    ratios = _ratios(upper, controls)
    values = np.unique(np.round(ratios[(ratios > 0) & np.isfinite(ratios)], 10))
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        error = _binomial(_thresholds(ratios, float(values[middle]), least), p)[0]
        low, high = (low, middle) if error <= alpha else (middle + 1, high)
    value = float(values[low]) if low < len(values) else float("inf")
    reached = _binomial(_thresholds(ratios, value, least), p)[0]
    parameters = {"upper": upper, "controls": controls, "alpha": alpha, "least": least}
    return Critical(value, reached, Made("safety.maxsprt.binomial_critical", 1, parameters))


def binomial_performance(
    *, upper: int, controls: float, critical: float, risk: float = 1.0, least: int = 1
) -> Performance:
    """How the surveillance of `binomial_critical` does where the true relative risk is `risk`: then an event is a case
    with probability risk/(risk + controls). Exact. Invalid `methods-range`."""
    upper, least = whole(upper, 1, 5000, "upper"), whole(least, 1, 5000, "least")
    within(critical, 1e-9, np.inf, "critical")
    within(risk, 1e-9, 1e9, "risk")
    _share(controls)
    power, moment = _binomial(
        _thresholds(_ratios(upper, controls), critical, least), risk / (risk + controls)
    )
    parameters = {"upper": upper, "controls": controls, "critical": critical, "risk": risk, "least": least}
    wait = moment / power if power > 0 else float("nan")
    made = Made("safety.maxsprt.binomial_performance", 1, parameters)
    return Performance(power, wait, moment + (1 - power) * upper, made)


def _boundary(
    value: float, upper: float, least: int, first: float, looks: Sequence[float]
) -> tuple[Floats, Floats]:
    """Times and thresholds: who has reached the threshold by that time has had a signal. Looking always, n cases are a
    signal as long as fewer than mu(n) are expected, where the ratio of n cases falls to the critical value."""
    n = np.arange(1.0, _most(value, upper) + 1)
    with np.errstate(under="ignore"):
        mu = np.real(-n * special.lambertw(-np.exp(-1 - value / n)))
    if looks:
        times = np.asarray(looks, dtype=np.float64)
        needed = np.maximum(1.0 + np.searchsorted(mu, times - EQUAL, side="left"), least)
        return times[times >= first], needed[times >= first]
    kept = (n >= least) & (mu >= first)
    n, mu = n[kept], mu[kept]
    last = int(np.searchsorted(mu, upper)) + 1
    return np.minimum(mu[:last], upper), n[:last]


def _most(value: float, upper: float) -> int:
    """More cases than the boundary needs at the end."""
    most = int(upper) + 10
    while upper - most + most * np.log(most / upper) <= value + 1:
        most = most + most // 4 + 5
    return most + 5


def _poisson(steps: Any, risk: float, first: float, *, at_looks: bool = False) -> tuple[float, float]:
    """Probability of a signal, and its mean time times that."""
    times, needed = steps
    if not len(times):
        return 0.0, 0.0
    log_factorials = special.gammaln(np.arange(1.0, needed[-1] + 4))
    power, moment = _walk(times, needed.astype(np.int64), risk, at_looks, log_factorials)
    if first > 0 and not at_looks and needed[0] > 0:
        moment += _waiting(first, int(needed[0]), risk)
    return float(power), float(moment)


def _waiting(first: float, needed: int, risk: float) -> float:
    """Who has the cases before the first look waits for it."""
    mean = risk * first
    before = float(special.gammainc(needed, mean))
    return first * before - needed / risk * float(special.gammainc(needed + 1, mean))


@njit(cache=True)
def _walk(
    times: Floats, needed: NDArray[np.int64], risk: float, at_looks: bool, log_factorials: Floats
) -> tuple[float, float]:
    """The counts of those without a signal, from one time to the next; `alive[k]`: the probability of k cases. What is
    below 1e-25 is dropped."""
    size = needed[-1] + 2
    alive, after, chance = np.zeros(size), np.zeros(size), np.zeros(size)
    alive[0] = 1.0
    power, moment, before, wide = 0.0, 0.0, 0.0, 1
    for step in range(len(times)):
        mean, limit = risk * (times[step] - before), needed[step]
        reach = min(limit + 1, int(mean + 14 * np.sqrt(mean) + 26))
        chance[: reach + 1] = 0.0
        if mean > 0:
            for j in range(reach + 1):
                chance[j] = np.exp(j * np.log(mean) - mean - log_factorials[j])
        else:
            chance[0] = 1.0
        after[: limit + 1] = 0.0
        for k in range(min(wide, limit)):
            if alive[k] < 1e-25:
                continue
            short = limit - k
            for j in range(min(short, reach + 1)):
                after[k + j] += alive[k] * chance[j]
            if short > reach:
                continue
            leaving, j, term = 0.0, short, chance[short]
            while term > 1e-22 or j < mean:
                leaving += term
                j += 1
                term *= mean / j
            power += alive[k] * leaving
            late = leaving - chance[short]
            wait = times[step] * leaving if at_looks else before * leaving + short / risk * late
            moment += alive[k] * wait
        alive, after = after, alive
        before, wide = times[step], limit
    return power, moment


def _ratios(upper: int, controls: float) -> Floats:
    """[n, c] for n events up to `upper` and c cases; -1 where c > n."""
    n, c = np.meshgrid(np.arange(upper + 1.0), np.arange(upper + 1.0), indexing="ij")
    found = _binomial_ratio(np.minimum(c, n), n, _share(controls))
    return np.where((c <= n) & (n > 0), found, -1.0)


def _thresholds(ratios: Floats, value: float, least: int) -> Any:
    """The least number of cases that is a signal, by number of events; more than there are events where none is."""
    over = ratios >= value - EQUAL
    over[:, :least] = False
    return np.where(over.any(axis=1), np.argmax(over, axis=1), ratios.shape[0] + 1).astype(np.int64)


@njit(cache=True)
def _binomial(needed: NDArray[np.int64], p: float) -> tuple[float, float]:
    size = len(needed)
    alive = np.zeros(size + 1)
    alive[0] = 1.0
    power, moment = 0.0, 0.0
    for n in range(1, size):
        for c in range(n, 0, -1):
            alive[c] = alive[c] * (1 - p) + alive[c - 1] * p
        alive[0] *= 1 - p
        for c in range(min(needed[n], size), n + 1):
            power += alive[c]
            moment += alive[c] * n
            alive[c] = 0.0
    return power, moment


def _least_value(error: Callable[[float], float], alpha: float) -> float:
    """The least value whose error does not exceed alpha, by halving: the error falls as the value rises, by jumps
    where counts are discrete."""
    low, high = 1e-6, 1.0
    while error(high) > alpha:
        low, high = high, high * 2
        if high > 1e4:
            return float("inf")
    if error(low) <= alpha:
        return low
    while high - low > 1e-11 * (1 + high):
        middle = (low + high) / 2
        low, high = (middle, high) if error(middle) > alpha else (low, middle)
    return high


def _watch_range(upper: float, least: int, first: float, looks: Sequence[float]) -> None:
    within(upper, 1e-6, 1e5, "upper")
    whole(least, 1, 100_000, "least")
    within(first, 0, upper, "first")
    if numbers(looks, "looks").ndim != 1:
        raise Invalid("methods-shape", argument="looks", wanted="(looks,)", found="?")
    for each in looks:
        within(each, 0, upper, "looks")
    if any(later <= earlier for earlier, later in pairwise(looks)):
        raise Invalid("methods-rising", argument="looks")


def _cases(given: ArrayLike, name: str) -> Floats:
    found = numbers(given, name)
    return not_negative(found, name)


def _alike(given: ArrayLike, other: Floats, name: str) -> Floats:
    found = _cases(given, name)
    if other.ndim and found.shape != other.shape and found.ndim:
        raise Invalid("methods-shape", argument=name, wanted=str(other.shape), found=str(found.shape))
    return found


def _share(controls: float) -> float:
    return 1 / (1 + within(controls, 1e-9, 1e9, "controls"))

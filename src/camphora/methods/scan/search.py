"""The search itself, compiled: the best cylinder of observed or simulated cases."""
# ruff: noqa: PLR0917 - what numba compiles takes its arguments by position

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from camphora.methods.arguments import Floats

Whole = NDArray[np.int64]
POISSON, BERNOULLI = 0, 1


def cumulated(each: NDArray[Any], kind: type) -> NDArray[Any]:
    """Sums over time up to each point, with a 0 before: shape (..., times + 1)."""
    found = np.zeros((*each.shape[:-1], each.shape[-1] + 1), dtype=kind)
    np.cumsum(each, axis=-1, out=found[..., 1:])
    return found


@njit(cache=True)
def ratio(c: float, e: float, total: float, everybody: float, model: int) -> float:
    """The log likelihood ratio of `c` cases where `e` were expected (Poisson), or among `e` people (Bernoulli), out of
    `total`; 0 unless there are more than elsewhere."""
    if model == POISSON:
        if c <= e or e <= 0:
            return 0.0
        found = c * np.log(c / e)
        if total > c:
            found += (total - c) * np.log((total - c) / (total - e))
        return float(found)
    others = everybody - e
    if e <= 0 or others <= 0 or c * others <= (total - c) * e:
        return 0.0
    return _share(c, e) + _share(total - c, others) - _share(total, everybody)


@njit(cache=True)
def _share(c: float, n: float) -> float:
    found = 0.0
    if c > 0:
        found += c * np.log(c / n)
    if n > c:
        found += (n - c) * np.log((n - c) / n)
    return found


@njit(cache=True, inline="always")
def _may_exceed(c: float, e: float, total: float, best: float) -> bool:
    """A bound without logarithms: the ratio is at most d² / 2e + d² / (total - e) with d = c - e, since (1 + x) log(1 +
    x) - x is at most x² / 2 for x above 0 and x² for x from -1 to 0."""
    more = c - e
    return more > 0 and more * more * (total + e) >= 2 * best * e * (total - e)


@njit(cache=True)
def every(
    cases: Whole,
    expected: Floats,
    order: Whole,
    ends: NDArray[np.bool_],
    longest: int,
    alive: bool,
    model: int,
    everybody: float,
) -> tuple[Floats, Whole, Whole]:
    """For each centre and circle the best interval: its ratio, beginning and end (not included). `cases` and `expected`
    cumulated over time, shape (places, times + 1)."""
    places, times = cases.shape[0], cases.shape[1] - 1
    best, begin, end = (
        np.zeros((places, places)),
        np.zeros((places, places), np.int64),
        np.zeros((places, places), np.int64),
    )
    total = float(cases[:, times].sum())
    for centre in range(places):
        here, there = np.zeros(times + 1), np.zeros(times + 1)
        for step in range(places):
            place = order[centre, step]
            for t in range(times + 1):
                here[t] += cases[place, t]
                there[t] += expected[place, t]
            if not ends[centre, step]:
                continue
            for a in range(times):
                for b in range(a + 1, min(times, a + longest) + 1):
                    if alive and b != times:
                        continue
                    c, e = here[b] - here[a], there[b] - there[a]
                    if model == POISSON and not _may_exceed(c, e, total, best[centre, step]):
                        continue
                    found = ratio(c, e, total, everybody, model)
                    if found > best[centre, step]:
                        best[centre, step], begin[centre, step], end[centre, step] = found, a, b
    return best, begin, end


@njit(cache=True, inline="always")
def _any_may_exceed(here: Floats, there: Floats, length: int, total: float, best: float) -> bool:
    """Whether any interval of this length passes the test of `_may_exceed`. It stops at none, so that the processor can
    weigh several at once."""
    twice = 2 * best
    found = 0
    for a in range(len(here) - length):
        e = there[a + length] - there[a]
        more = here[a + length] - here[a] - e
        found += (more > 0) & (more * more * (total + e) >= twice * e * (total - e))
    return found > 0


@njit(cache=True)
def _best_of(here: Whole, there: Floats, length: int, total: float, best: float) -> float:
    """The highest Poisson ratio of the intervals of this length, or `best` if none is higher."""
    for a in range(len(here) - length):
        c, e = here[a + length] - here[a], there[a + length] - there[a]
        if _may_exceed(c, e, total, best):
            best = max(best, ratio(float(c), e, total, 0.0, POISSON))
    return best


@njit(cache=True)
def _of_all_lengths(here: Whole, there: Floats, longest: int, total: float, best: float) -> float:
    """The highest Poisson ratio of the intervals up to the longest, or `best` if none is higher."""
    # Cases as floats, so that the quick look at each length subtracts and compares one kind of number.
    cases = here.astype(np.float64)
    for length in range(1, longest + 1):
        if _any_may_exceed(cases, there, length, total, best):
            best = _best_of(here, there, length, total, best)
    return best


@njit(cache=True, parallel=True)
def highest(
    simulated: Whole,
    expected: Floats,
    order: Whole,
    ends: NDArray[np.bool_],
    longest: int,
    alive: bool,
    steady: bool,
    model: int,
    everybody: float,
) -> Floats:
    """The highest ratio of each replicate; `simulated` cumulated over time, shape (replicates, places, times + 1), of
    32-bit whole numbers. `steady`: what is expected grows evenly in time, so that of all intervals of one length only
    the one with most cases can be the best."""
    replicates, places, times = simulated.shape[0], simulated.shape[1], simulated.shape[2] - 1
    answer = np.zeros(replicates)
    for replicate in prange(replicates):
        cases = simulated[replicate]
        total = 0.0
        for place in range(places):
            total += cases[place, times]
        best = 0.0
        here, there = np.zeros(times + 1, np.int32), np.zeros(times + 1)
        for centre in range(places):
            here[:] = 0
            there[:] = 0
            last = -1
            for step in range(places):
                if ends[centre, step]:
                    last = step
            for step in range(last + 1):
                place = order[centre, step]
                for t in range(times + 1):
                    here[t] += cases[place, t]
                    there[t] += expected[place, t]
                if not ends[centre, step]:
                    continue
                if alive:
                    for a in range(times - longest, times):
                        c, e = here[times] - here[a], there[times] - there[a]
                        if model != POISSON or _may_exceed(c, e, total, best):
                            best = max(best, ratio(float(c), e, total, everybody, model))
                elif steady:
                    for length in range(1, longest + 1):
                        most = 0
                        for a in range(times - length + 1):
                            most = max(most, here[a + length] - here[a])
                        e = there[length]
                        if model != POISSON or _may_exceed(most, e, total, best):
                            best = max(best, ratio(float(most), e, total, everybody, model))
                else:
                    best = _of_all_lengths(here, there, longest, total, best)
        answer[replicate] = best
    return answer

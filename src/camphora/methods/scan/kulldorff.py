"""Kulldorff's scans: in space, in space and time, and in space and time from the cases alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from camphora.errors import Invalid
from camphora.methods.arguments import Floats, flags, numbers, one_of, seeded, series, whole, within
from camphora.methods.made import Made
from camphora.methods.scan import search
from camphora.methods.scan.circles import Circles

CHUNK = 64
MOST_CASES = 2**31 - 1
"""So many cases a replicate can count."""
MOST_EXCHANGED = 10**8
"""So many cases whose times are exchanged one by one."""
MOST_PEOPLE = 10**9 - 1
"""Of so many the hypergeometric distribution can be drawn."""


@dataclass(frozen=True, slots=True)
class Clusters:
    """The most likely cluster first, then others that share no place with one before: `places` of each (from its
    centre outwards) and the `radius`; `begin` and `end`, positions in time, both inside; `cases`, `expected`, `ratio`
    (log likelihood ratio) and `p`; `simulated`: the highest ratio of each replicate."""

    places: tuple[tuple[int, ...], ...]
    radius: Floats
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    cases: Floats
    expected: Floats
    ratio: Floats
    p: Floats
    simulated: Floats
    made: Made


def spatial(
    cases: ArrayLike,
    population: ArrayLike,
    places: ArrayLike,
    *,
    model: str = "poisson",
    most: float = 0.5,
    replicates: int = 999,
    seed: int = 0,
    clusters: int = 10,
    geographic: bool = False,
) -> Clusters:
    """Circles with more cases than their population foretells.

    `cases` and `population`, shape (places,); `places`: planar x and y, or latitude and longitude in degrees with
    `geographic` (then in km), shape (places, 2). Around each place every circle up to the share `most` of the
    population is tried. Poisson: ratio = c log(c/e) + (C - c) log((C - c)/(C - e)), e the cases expected by population
    (or by any weight, such as one adjusted for age); `model="bernoulli"`: `population` are whole people, each a case or
    not, fewer than 1e9 in all. `p`: rank among `replicates` drawn with as many cases (multinomial; hypergeometric), so
    at least 1/(replicates + 1); the others of `clusters` are ranked against the same highest ratios, which is strict.
    Equal ratios: the centre that comes first, then the smaller circle. Places at one distance enter together. A missing
    count or population takes the place out. No cases: no cluster.

    Source: M. Kulldorff, A spatial scan statistic, Communications in Statistics: Theory and Methods 1997;26:1481-1496.
    Errors: Invalid `methods-shape`, `methods-range`, `methods-choice`, `methods-negative`.
    """
    one_of(model, ("poisson", "bernoulli"), "model")
    parameters = _asked(
        model=model, most=most, replicates=replicates, seed=seed, clusters=clusters, geographic=geographic
    )
    counts, weight = _counts(
        np.atleast_1d(numbers(cases, "cases"))[:, None], numbers(population, "population")
    )
    if model == "bernoulli":
        if np.any((weight % 1 != 0) | (weight < counts)):
            raise Invalid("methods-range", argument="population", low="cases", high=MOST_PEOPLE)
        within(float(weight.sum()), 0, MOST_PEOPLE, "population")
    kind = search.BERNOULLI if model == "bernoulli" else search.POISSON

    def draw(random: np.random.Generator, number: int) -> NDArray[np.int64]:
        total = int(counts.sum())
        if kind == search.BERNOULLI:
            people = weight[:, 0].astype(np.int64)
            return random.multivariate_hypergeometric(people, total, number, method="marginals")[:, :, None]
        return random.multinomial(total, weight[:, 0] / weight.sum(), number)[:, :, None]

    made = Made("scan.kulldorff.spatial", 1, parameters)
    return _scanned(counts, weight, numbers(places, "places"), kind, draw, 1, False, made)


def space_time(
    cases: ArrayLike,
    population: ArrayLike,
    places: ArrayLike,
    *,
    most: float = 0.5,
    longest: int | None = None,
    alive: bool = True,
    replicates: int = 999,
    seed: int = 0,
    clusters: int = 10,
    geographic: bool = False,
) -> Clusters:
    """Cylinders, a circle over an interval, with more cases than population and length foretell.

    `cases`, shape (places, times); `population`, shape (places,) for one that stays, or (places, times). `longest`: an
    interval's most points, half of all by default; `alive`: only those that last to the end (prospective), else any.
    All else as in `spatial`; replicates are multinomial over places and times. A missing count, or one of a missing
    population, is taken out with what would be expected of it. There is no season or trend but that of `population`:
    give expected counts there to adjust for them.

    Source: M. Kulldorff, Prospective time periodic geographical disease surveillance using a scan statistic, Journal of
    the Royal Statistical Society A 2001;164:61-72. Errors: as in `spatial`.
    """
    parameters = _asked(
        most=most, longest=longest, alive=alive, replicates=replicates, seed=seed, clusters=clusters,
        geographic=geographic,
    )  # fmt: skip
    counts, weight = _counts(series(cases, "cases"), numbers(population, "population"))

    def draw(random: np.random.Generator, number: int) -> NDArray[np.int64]:
        flat = weight.ravel() / weight.sum()
        return random.multinomial(int(counts.sum()), flat, number).reshape(number, *counts.shape)

    made = Made("scan.kulldorff.space_time", 1, parameters)
    return _scanned(
        counts,
        weight,
        numbers(places, "places"),
        search.POISSON,
        draw,
        _longest(counts, longest),
        alive,
        made,
    )


def permutation(
    cases: ArrayLike,
    places: ArrayLike,
    *,
    most: float = 0.5,
    longest: int | None = None,
    alive: bool = True,
    replicates: int = 999,
    seed: int = 0,
    clusters: int = 10,
    geographic: bool = False,
) -> Clusters:
    """Cylinders with more cases than the place's share of all cases and the interval's share foretell: no population is
    needed, and what is common to all places or to all times (season, habits of reporting) is adjusted for.

    As `space_time`, with expected = cases of the circle × cases of the interval / all cases; `most` is a share of the
    cases. Replicates exchange the times of the cases at random. A missing count is one without cases: it should be
    missing everywhere at that time.

    Source: M. Kulldorff, R. Heffernan, J. Hartman, R. Assunção and F. Mostashari, A space-time permutation scan
    statistic for disease outbreak detection, PLoS Medicine 2005;2:e59. Errors: as in `spatial`.
    """
    parameters = _asked(
        most=most, longest=longest, alive=alive, replicates=replicates, seed=seed, clusters=clusters,
        geographic=geographic,
    )  # fmt: skip
    found = series(cases, "cases")
    counts, _ = _counts(found, np.ones(len(found)))
    within(float(counts.sum()), 0, MOST_EXCHANGED, "cases")
    of_place, of_time = counts.sum(axis=1).astype(np.int64), counts.sum(axis=0).astype(np.int64)
    where = np.repeat(np.arange(len(counts)), of_place) * counts.shape[1]
    when = np.repeat(np.arange(counts.shape[1]), of_time)

    def draw(random: np.random.Generator, number: int) -> NDArray[np.int64]:
        drawn = [
            np.bincount(where + random.permutation(when), minlength=counts.size).reshape(counts.shape)
            for _ in range(number)
        ]
        return np.array(drawn, dtype=np.int64)

    made = Made("scan.kulldorff.permutation", 1, parameters)
    weight = np.outer(of_place, of_time).astype(np.float64)
    return _scanned(
        counts,
        weight,
        numbers(places, "places"),
        search.POISSON,
        draw,
        _longest(counts, longest),
        alive,
        made,
    )


def _asked(**given: Any) -> dict[str, Any]:
    """The parameters, checked but for `longest`. Invalid `methods-range`, `methods-not-whole`, `methods-choice`."""
    within(given["most"], 1e-12, 1, "most")
    given["replicates"] = whole(given["replicates"], 0, 1_000_000, "replicates")
    given["clusters"] = whole(given["clusters"], 1, 10_000, "clusters")
    given["seed"] = seeded(given["seed"])
    flags(**{name: given[name] for name in ("alive", "geographic") if name in given})
    return given


def _counts(cases: Floats, population: Floats) -> tuple[Floats, Floats]:
    """Cases and weights of one shape, without what is missing."""
    weight = population[:, None] if population.ndim == 1 else population
    if weight.ndim != 2 or weight.shape[0] != len(cases) or weight.shape[1] not in (1, cases.shape[1]):
        wanted = f"({len(cases)},)"
        raise Invalid("methods-shape", argument="population", wanted=wanted, found=str(population.shape))
    if np.any(weight < 0) or np.any(cases < 0):
        raise Invalid("methods-negative", argument="population" if np.any(weight < 0) else "cases")
    weight = np.broadcast_to(weight, cases.shape)
    known = ~np.isnan(cases) & ~np.isnan(weight)
    counts = np.where(known, cases, 0.0)
    if np.any(counts % 1 != 0):
        raise Invalid("methods-not-numbers", argument="cases")
    within(float(counts.sum()), 0, MOST_CASES, "cases")
    return counts, np.where(known, weight, 0.0)


def _longest(counts: Floats, longest: int | None) -> int:
    times = counts.shape[1]
    return max(1, times // 2) if longest is None else whole(longest, 1, times, "longest")


def _scanned(  # noqa: PLR0917 - what the three scans have in common
    counts: Floats,
    weight: Floats,
    places: Floats,
    kind: int,
    draw: Callable[[np.random.Generator, int], NDArray[np.int64]],
    longest: int,
    alive: bool,
    made: Made,
) -> Clusters:
    p = made.parameters
    circles = Circles.around(places, weight.sum(axis=1), most=p["most"], geographic=p["geographic"])
    total, everybody = counts.sum(), weight.sum()
    if total == 0 or everybody == 0:
        nothing, none = np.zeros(0), np.zeros(0, dtype=np.int64)
        untried = np.zeros(p["replicates"])
        return Clusters((), nothing, none, none, nothing, nothing, nothing, nothing, untried, made)
    expected = weight if kind == search.BERNOULLI else weight * (total / everybody)
    over_time = search.cumulated(expected, np.float64)
    looked = (over_time, circles.order, circles.ends, longest, alive)
    best = search.every(search.cumulated(counts, np.int64), *looked, kind, everybody)
    steady = bool(np.all(np.ptp(weight, axis=1) <= 1e-12 * weight.max()))
    simulated = np.concatenate(
        [np.zeros(0)]
        + [
            search.highest(search.cumulated(drawn, np.int32), *looked, steady, kind, everybody)
            for drawn in _chunks(draw, p["seed"], p["replicates"])
        ]
    )
    return _described(best, simulated, circles, counts, weight, made)


def _described(  # noqa: PLR0917 - what was looked for, and where
    best: tuple[Floats, NDArray[np.int64], NDArray[np.int64]],
    simulated: Floats,
    circles: Circles,
    counts: Floats,
    weight: Floats,
    made: Made,
) -> Clusters:
    """The clusters of the best interval of each circle, ranked among the simulated."""
    ratio, begin, end = best
    found = list(_apart(ratio, circles, made.parameters["clusters"]))
    shares = [(circles.order[c, : s + 1], int(begin[c, s]), int(end[c, s])) for c, s in found]
    ratios = np.array([ratio[each] for each in found])
    higher = (simulated[None] >= ratios[:, None] * (1 - 1e-12)).sum(axis=1)
    return Clusters(
        places=tuple(tuple(inside.tolist()) for inside, _, _ in shares),
        radius=np.array([circles.distance[each] for each in found]),
        begin=np.array([a for _, a, _ in shares], dtype=np.int64),
        end=np.array([b - 1 for _, _, b in shares], dtype=np.int64),
        cases=np.array([counts[inside, a:b].sum() for inside, a, b in shares]),
        expected=np.array([weight[inside, a:b].sum() for inside, a, b in shares])
        * (counts.sum() / weight.sum()),
        ratio=ratios,
        p=(1 + higher) / (len(simulated) + 1),
        simulated=simulated,
        made=made,
    )


def _chunks(
    draw: Callable[[np.random.Generator, int], NDArray[np.int64]], seed: int, replicates: int
) -> Iterator[NDArray[Any]]:
    random = np.random.default_rng(seed)
    for first in range(0, replicates, CHUNK):
        yield draw(random, min(CHUNK, replicates - first))


def _apart(ratio: Floats, circles: Circles, most: int) -> Iterator[tuple[int, int]]:
    """Centre and size of the best circles, none of which shares a place with one before."""
    taken = np.zeros(len(ratio), dtype=np.bool_)
    number = 0
    for flat in np.argsort(-ratio, axis=None, kind="stable"):
        centre, size = divmod(int(flat), ratio.shape[1])
        if ratio[centre, size] <= 0 or number == most:
            return
        inside = circles.order[centre, : size + 1]
        if not taken[inside].any():
            taken[inside] = True
            number += 1
            yield centre, size

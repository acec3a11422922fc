"""Weekly series with outbreaks of which the truth is known, seeded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camphora.errors import Invalid
from camphora.methods.arguments import Floats, numbers, positions, seeded, whole, within
from camphora.methods.made import Made
from camphora.methods.simulation.scenarios import SCENARIOS, Scenario

Ints = NDArray[np.int64]
COURSE = ("level", "ratio", "trend", "season", "times")
MOST_TIMES = 1000.0


@dataclass(frozen=True, slots=True)
class Outbreaks:
    """One row per outbreak: in which `series`, its `start` (week from 0), its last week with a case `end`, its `size`
    in cases, `times`: of how many standard deviations its mean size was, and whether it is `current` (in the weeks that
    are evaluated)."""

    series: Ints
    start: Ints
    end: Ints
    size: Ints
    times: Floats
    current: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Simulated:
    """`counts`: what a detector sees; `mean`: of the baseline; `cases`: those of outbreaks among the counts; all of
    shape (series, weeks). `kind`: the position of each series' scenario; `evaluated`: how many last weeks."""

    counts: Floats
    mean: Floats
    cases: Floats
    kind: Ints
    outbreaks: Outbreaks
    evaluated: int
    made: Made


def noufaily(
    *,
    scenarios: Sequence[int] = tuple(range(1, 43)),
    replicates: int = 100,
    weeks: int = 624,
    evaluated: int = 49,
    baseline: int = 263,
    past: int = 4,
    past_times: Sequence[float] = (2, 3, 5, 10),
    current: int = 1,
    current_times: Sequence[float] = tuple(range(1, 11)),
    seed: int = 1,
) -> Simulated:
    """Series by the recipe of Noufaily et al. (2013), sections 3.1 and 3.2, as Bedubourg and Le Strat (2017), PLoS ONE
    12(7):e0181227, evaluate it: 624 weeks; `past` outbreaks begin in the 263 weeks before the evaluated ones and
    `current` ones in the last 49. An outbreak has Poisson many cases with mean k standard deviations of the baseline
    (the square root of phi mu) in the week of its start, spread over floor(lognormal(0, 0.5)) weeks after it; k is
    drawn from `past_times` or `current_times`.

    `replicates` series of each of the `scenarios` (1 to 42), in that order. Weeks of start differ among the outbreaks
    of one series and period. Cases that would fall after the
    last week of their period are counted in it. An outbreak without a case is
    drawn again (a limit of no size has no truth to find), so that each has at least one. Invalid `methods-range`.
    """
    weeks, evaluated, opens = _spans(weeks, evaluated, whole(baseline, 0, 100_000, "baseline"))
    past, current = whole(past, 0, 100_000, "past"), whole(current, 0, 100_000, "current")
    before, now, seed = (
        times_of(past_times, "past_times"),
        times_of(current_times, "current_times"),
        seeded(seed),
    )
    scenarios = [whole(number, 1, 42, "scenarios") for number in positions(scenarios, "scenarios").tolist()]
    kinds = [SCENARIOS[number - 1] for number in scenarios]
    kind = np.repeat(np.arange(len(kinds)), whole(replicates, 1, 1_000_000, "replicates"))
    table = np.array([_mean(each, weeks) for each in kinds]).reshape(-1, weeks)[kind]
    phi = np.array([each.phi for each in kinds])[kind]
    plan = [(opens - int(baseline), opens, past, before, False), (opens, weeks, current, now, True)]
    parameters = {
        "scenarios": scenarios, "replicates": replicates, "weeks": weeks, "evaluated": evaluated,
        "baseline": baseline, "past": past, "past_times": list(before), "current": current,
        "current_times": list(now), "seed": seed,
    }  # fmt: skip
    made = Made("simulation.outbreaks.noufaily", 1, parameters)
    return _simulated(table, phi, kind, plan, evaluated, 1, seed, made)


def recipe(
    *,
    series: Sequence[Mapping[str, float]],
    weeks: int = 522,
    evaluated: int = 104,
    past: int = 3,
    current: int = 3,
    seed: int = 20260701,
) -> Simulated:
    """Series by the recipe of the project's own synthetic answers. Each of `series` has a `level`, a `ratio` of
    variance to mean, flags `trend` (a factor 2 over the whole time, half below, half above the level) and `season` (on
    the log scale 0.5 cos(2 pi (t-5)/52.18) + 0.2 sin(4 pi (t-1)/52.18)), and `times`, of how many standard deviations
    an outbreak's mean size is. `past` outbreaks begin before the last `evaluated` weeks and `current` ones within
    them, of at least 2 cases. Invalid `methods-range`."""
    past, current = whole(past, 0, 100_000, "past"), whole(current, 0, 100_000, "current")
    weeks, evaluated, opens = _spans(weeks, evaluated, past)
    seed, series = seeded(seed), _courses(series)
    t = np.arange(weeks, dtype=np.float64)
    trend = np.log(2.0) * (t / max(weeks - 1, 1) - 0.5)
    season = 0.5 * np.cos(2 * np.pi * (t + 1 - 5) / 52.18) + 0.2 * np.sin(4 * np.pi * t / 52.18)
    rows = [np.log(each["level"]) + each["trend"] * trend + each["season"] * season for each in series]
    phi = np.array([each["ratio"] for each in series])
    times = [float(each["times"]) for each in series]
    plan = [(0, opens, past, times, False), (opens, weeks, current, times, True)]
    parameters = {
        "series": series, "weeks": weeks, "evaluated": evaluated, "past": past,
        "current": current, "seed": seed,
    }  # fmt: skip
    made = Made("simulation.outbreaks.recipe", 1, parameters)
    kind = np.arange(len(rows))
    return _simulated(
        np.exp(np.array(rows).reshape(-1, weeks)), phi, kind, plan, evaluated, 2, seed, made, own_times=True
    )


def times_of(given: Sequence[float], name: str) -> tuple[float, ...]:
    """Of how many standard deviations outbreaks are: at least one number above 0. Invalid `methods-range`,
    `methods-shape`."""
    found = numbers(given, name)
    if found.ndim != 1 or not found.size:
        raise Invalid("methods-shape", argument=name, wanted="(1+,)", found=str(found.shape))
    return tuple(within(float(each), 0, MOST_TIMES, name) for each in found)


def _spans(weeks: int, evaluated: int, before: int) -> tuple[int, int, int]:
    """The weeks, those evaluated, and the first of these."""
    evaluated = whole(evaluated, 1, 100_000, "evaluated")
    weeks = whole(weeks, evaluated + before, 100_000, "weeks")
    return weeks, evaluated, weeks - evaluated


def _courses(series: Sequence[Mapping[str, float]]) -> list[dict[str, float]]:
    """The series of `recipe`, each with all that it needs. Invalid `methods-choice`, `methods-range`."""
    if not isinstance(series, list | tuple) or not all(
        isinstance(each, Mapping) and set(each) >= set(COURSE) for each in series
    ):
        raise Invalid("methods-choice", argument="series", known="、".join(COURSE))
    for each in series:
        within(each["level"], 1e-6, 1e9, "level")
        within(each["ratio"], 1, 1e6, "ratio")
        within(each["times"], 0, MOST_TIMES, "times")
        whole(each["trend"], 0, 1, "trend")
        whole(each["season"], 0, 1, "season")
    return [dict(each) for each in series]


def _mean(kind: Scenario, weeks: int) -> Floats:
    t = np.arange(1.0, weeks + 1)
    waves = sum(
        kind.gamma1 * np.cos(2 * np.pi * j * t / 52) + kind.gamma2 * np.sin(2 * np.pi * j * t / 52)
        for j in range(1, kind.m + 1)
    )
    return np.asarray(np.exp(kind.theta + kind.beta * t + waves))


def negative_binomial(mean: Floats, phi: Floats, generator: np.random.Generator) -> Floats:
    """Counts with this mean and variance phi times it, of the same shape; Poisson where phi is 1."""
    over = np.maximum(phi - 1, 0.0) + 0.0 * mean
    loose = over > 0
    rate = mean.copy()
    rate[loose] = generator.gamma(mean[loose] / over[loose], over[loose])
    return generator.poisson(rate).astype(np.float64)


def _simulated(  # noqa: PLR0917
    mean: Floats,
    phi: Floats,
    kind: Ints,
    plan: Any,
    evaluated: int,
    least: int,
    seed: int,
    made: Made,
    *,
    own_times: bool = False,
) -> Simulated:
    generator = np.random.default_rng(seed)
    counts = negative_binomial(mean, phi[:, None], generator)
    cases = np.zeros_like(counts)
    rows: list[tuple[int, int, int, int, float, bool]] = []
    for at in range(len(mean)):
        for begins, ends, many, times, current in plan:
            if many > ends - begins:
                raise Invalid(
                    "methods-range", argument="current" if current else "past", low=0, high=ends - begins
                )
            starts = np.sort(generator.choice(np.arange(begins, ends), size=many, replace=False))
            for begin in starts:
                chosen = times[at] if own_times else generator.choice(times)
                wanted = chosen * np.sqrt(phi[at] * mean[at, begin])
                cases_now = _size(wanted, least, generator)
                weeks = begin + np.floor(generator.lognormal(0.0, 0.5, cases_now)).astype(np.int64)
                # outbreaks in the past keep out of the weeks that are evaluated
                np.minimum(weeks, (len(mean[at]) if current else len(mean[at]) - evaluated) - 1, out=weeks)
                np.add.at(cases[at], weeks, 1)
                rows.append((at, int(begin), int(weeks.max()), cases_now, float(chosen), current))
    columns = list(zip(*rows, strict=True)) or [()] * 6
    series, start, end, size = [np.array(each, dtype=np.int64) for each in columns[:4]]
    times_of, current_of = np.array(columns[4], dtype=np.float64), np.array(columns[5], dtype=bool)
    found = Outbreaks(series, start, end, np.asarray(size), times_of, current_of)
    return Simulated(counts + cases, mean, cases, kind, found, evaluated, made)


def _size(mean: float, least: int, generator: np.random.Generator) -> int:
    """Poisson, drawn again below `least`; `least` itself where the mean is so small that hardly any draw reaches it."""
    for _ in range(1000):
        size = int(generator.poisson(mean))
        if size >= least:
            return size
    return least

"""A nation of which the truth is known: diseases by nation, county and township, outbreaks of one township or of a
county, and how many of them a week's few signals find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camphora.errors import Invalid
from camphora.methods.arguments import Floats, positions, seeded, whole, within
from camphora.methods.made import Made
from camphora.methods.simulation.outbreaks import Ints, Simulated, noufaily, times_of
from camphora.methods.simulation.scenarios import SETS

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Nation:
    """`counts`: shape (series, weeks), a parent's being the sum of its children's; `parent`: the row above, -1 for the
    nation of each disease; `level`: 0 nation, 1 county, 2 township; `evaluated`: how many last weeks.

    Of each outbreak in these weeks: `place` (the row of the least place that holds it), `start` and `end` (weeks from
    0), `size` in cases, `times` (of how many standard deviations of its place its mean size was). `touched`: a row per
    outbreak, series and week in which a signal is one of it: (outbreak, series, week from the first evaluated one)."""

    counts: Floats
    parent: Ints
    level: Ints
    place: Ints
    start: Ints
    end: Ints
    size: Ints
    times: Floats
    touched: Ints
    evaluated: int
    made: Made


@dataclass(frozen=True, slots=True)
class Found:
    """`detected`: the share of outbreaks with a signal of theirs; `at_once`: in their first week; `delay`: mean weeks
    from start to signal, of those detected; `timeliness`: mean of delay / length, 1 where not detected; `precision`:
    the share of signals that are of an outbreak; `outbreaks_per_signal`: outbreaks detected over signals, which telling
    of one outbreak again does not raise; `signals_a_week`; `waits`: by outbreak, weeks to the first signal, -1 where
    none. Shares of nothing are NaN."""

    detected: float
    at_once: float
    delay: float
    timeliness: float
    precision: float
    outbreaks_per_signal: float
    signals_a_week: float
    waits: Ints
    made: Made


def nation(
    *,
    sets: Sequence[int] = (1, 2, 3, 4, 5, 6, 7),
    counties: int = 22,
    townships: int = 368,
    share: float = 0.1,
    wide: int = 8,
    weeks: int = 624,
    evaluated: int = 49,
    times: Sequence[float] = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
    seed: int = 1,
) -> Nation:
    """Townships by `outbreaks.noufaily`, past outbreaks included, and the sums above them.

    One disease for each of `sets` (1 to 7: levels of the mean and the dispersion, as in `scenarios.SETS`); each of its
    townships has one of that set's six courses, with or without trend, with no, one or two waves a year. Within the
    `evaluated` weeks a `share` of the townships has one outbreak each, and each disease `wide` outbreaks of a county:
    Poisson many cases, with a mean of k (of `times`) standard deviations of the county's week, each in a township by
    its mean and in a week by floor(lognormal(0, 0.5)) after the start. Townships are dealt to counties at random, one
    each at least.

    A signal is of a township's outbreak if it is that township's, from the outbreak's start to its last case; of a
    county's, if it is the county's in these weeks, or a township's within in a week with a case there. A signal further
    above is of no outbreak. Invalid `methods-range`.
    """
    counties = whole(counties, 1, 10_000, "counties")
    townships = whole(townships, counties, 1_000_000, "townships")
    within(share, 0, 1, "share")
    wide, evaluated = whole(wide, 0, 1_000_000, "wide"), whole(evaluated, 1, 10_000, "evaluated")
    weeks, seed = whole(weeks, evaluated, 100_000, "weeks"), seeded(seed)
    kinds = [whole(each, 1, 7, "sets") for each in positions(sets, "sets").tolist()]
    draw = np.random.default_rng(seed)
    county = np.concatenate([np.arange(counties), draw.integers(0, counties, townships - counties)])
    tree = np.concatenate([[-1], np.zeros(counties, np.int64), 1 + county])
    plan = _Plan(tree, county, counties, share, wide, weeks, evaluated, times_of(times, "times"))
    parts = [_disease(each, plan, draw, at) for at, each in enumerate(kinds)]
    if not parts:
        raise Invalid("methods-range", argument="sets", low=1, high=7)
    step = len(tree)
    parameters = {
        "sets": kinds, "counties": counties, "townships": townships, "share": share,
        "wide": wide, "weeks": weeks, "evaluated": evaluated, "times": list(plan.times), "seed": seed,
    }  # fmt: skip
    outbreaks = np.concatenate([part.outbreaks for part in parts])
    before = np.cumsum([0] + [len(part.outbreaks) for part in parts])
    touched = [part.touched + np.array([start, 0, 0]) for part, start in zip(parts, before, strict=False)]
    return Nation(
        np.concatenate([part.counts for part in parts]),
        np.concatenate([np.where(tree < 0, -1, tree + at * step) for at in range(len(parts))]),
        np.tile(np.repeat([0, 1, 2], [1, counties, townships]), len(parts)),
        outbreaks[:, 0],
        outbreaks[:, 1],
        outbreaks[:, 2],
        outbreaks[:, 3],
        outbreaks[:, 4].astype(np.float64),
        np.concatenate(touched),
        evaluated,
        Made("simulation.nation.nation", 1, parameters),
    )


def found_by(truth: Nation, shown: Flags) -> Found:
    """What the signals `shown`, shape (series, evaluated weeks), find of this nation's outbreaks. Invalid
    `methods-shape`."""
    if not isinstance(truth, Nation):
        raise Invalid("methods-choice", argument="truth", known="simulation.nation.Nation")
    wanted = (len(truth.counts), truth.evaluated)
    if not isinstance(shown, np.ndarray) or shown.dtype != np.bool_:
        raise Invalid("methods-choice", argument="shown", known="True、False")
    if shown.shape != wanted:
        raise Invalid("methods-shape", argument="shown", wanted=str(wanted), found=str(shown.shape))
    opens = truth.counts.shape[1] - truth.evaluated
    hits = truth.touched[shown[truth.touched[:, 1], truth.touched[:, 2]]]
    first = np.full(len(truth.place), truth.evaluated, dtype=np.int64)
    np.minimum.at(first, hits[:, 0], hits[:, 2])
    seen = first < truth.evaluated
    waits = np.where(seen, first - (truth.start - opens), -1)
    length = truth.end - truth.start + 1
    true = len(np.unique(hits[:, 1:], axis=0))
    return Found(
        detected=_share(seen.sum(), len(seen)),
        at_once=_share((waits == 0).sum(), len(seen)),
        delay=_share(waits[seen].sum(), seen.sum()),
        timeliness=_share(np.where(seen, waits / length, 1.0).sum(), len(seen)),
        precision=_share(true, shown.sum()),
        outbreaks_per_signal=_share(seen.sum(), shown.sum()),
        signals_a_week=_share(shown.sum(), truth.evaluated),
        waits=waits,
        made=Made("simulation.nation.found_by", 1, {}),
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    tree: Ints
    county: Ints
    counties: int
    share: float
    wide: int
    weeks: int
    evaluated: int
    times: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """`outbreaks`: rows of place, start, end, size, times."""

    counts: Floats
    outbreaks: Ints
    touched: Ints


def _disease(number: int, plan: _Plan, draw: np.random.Generator, at: int) -> _Part:
    townships = len(plan.county)
    order = draw.permutation(townships)
    ill = round(plan.share * townships)
    parts = [
        (chosen, _townships(number, len(chosen), current, plan, draw))
        for chosen, current in ((order[:ill], 1), (order[ill:], 0))
        if len(chosen)
    ]
    counts, mean = np.empty((townships, plan.weeks)), np.empty((townships, plan.weeks))
    for chosen, made in parts:
        counts[chosen], mean[chosen] = made.counts, made.mean
    rows, touched = _local(parts, plan, at)
    phi = SETS[number - 1][4]
    for place in draw.choice(plan.counties, plan.wide):
        row, cells = _wide(int(place), mean, phi, counts, plan, draw, at)
        cells[:, 0] = len(rows)
        rows.append(row)
        touched.append(cells)
    above = np.zeros((plan.counties, plan.weeks))
    np.add.at(above, plan.county, counts)
    empty = np.empty((0, 3), dtype=np.int64)
    return _Part(
        np.concatenate([counts.sum(axis=0)[None], above, counts]),
        np.array(rows, dtype=np.int64).reshape(-1, 5),
        np.concatenate([empty, *touched]),
    )


def _townships(number: int, size: int, current: int, plan: _Plan, draw: np.random.Generator) -> Simulated:
    courses = 6 * (number - 1) + 1 + draw.integers(0, 6, size)
    return noufaily(
        scenarios=courses.tolist(), replicates=1, weeks=plan.weeks, evaluated=plan.evaluated, current=current,
        baseline=min(263, plan.weeks - plan.evaluated), current_times=plan.times,
        seed=int(draw.integers(2**62)),
    )  # fmt: skip


def _local(
    parts: list[tuple[Ints, Simulated]], plan: _Plan, at: int
) -> tuple[list[tuple[int, int, int, int, int]], list[Ints]]:
    """The outbreaks that the simulator put into single townships."""
    rows: list[tuple[int, int, int, int, int]] = []
    touched: list[Ints] = []
    opens, first = plan.weeks - plan.evaluated, at * len(plan.tree) + 1 + plan.counties
    for chosen, made in parts:
        each = made.outbreaks
        for here in np.flatnonzero(each.current):
            place, start, end = (
                first + int(chosen[each.series[here]]),
                int(each.start[here]),
                int(each.end[here]),
            )
            span = np.arange(start - opens, end - opens + 1)
            touched.append(np.stack([np.full_like(span, len(rows)), np.full_like(span, place), span], axis=1))
            rows.append((place, start, end, int(each.size[here]), int(each.times[here])))
    return rows, touched


def _wide(  # noqa: PLR0917
    place: int, mean: Floats, phi: float, counts: Floats, plan: _Plan, draw: np.random.Generator, at: int
) -> tuple[tuple[int, int, int, int, int], Ints]:
    """One outbreak of a county, added to `counts`."""
    opens, first = plan.weeks - plan.evaluated, at * len(plan.tree) + 1
    inside = np.flatnonzero(plan.county == place)
    start, times = int(draw.integers(opens, plan.weeks)), float(draw.choice(plan.times))
    here = mean[inside, start]
    size = max(1, int(draw.poisson(times * np.sqrt(phi * here.sum()))))
    towns = draw.choice(inside, size, p=here / here.sum())
    weeks = np.minimum(start + np.floor(draw.lognormal(0.0, 0.5, size)).astype(np.int64), plan.weeks - 1)
    np.add.at(counts, (towns, weeks), 1)
    span = np.arange(start - opens, weeks.max() - opens + 1)
    cells = np.unique(np.stack([towns + first + plan.counties, weeks - opens], axis=1), axis=0)
    cells = np.concatenate([np.stack([np.full_like(span, first + place), span], axis=1), cells])
    row = (first + place, start, int(weeks.max()), size, int(times))
    return row, np.concatenate([np.zeros((len(cells), 1), dtype=np.int64), cells], axis=1)


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")

"""How many the last weeks will have once all is reported, from the editions of a table that were kept week by week.

Each weekly file holds the whole history, so two of them tell what came late. From three on, the delays of the weeks
they share are known, and what is still missing of the last weeks can be estimated. Of a week only the editions that
were there in it are used, so that a bulletin of the past says the same whenever it is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camphora.engines.watch.series import Series
from camphora.errors import CamphoraError
from camphora.methods.nowcast.lawless import lawless
from camphora.methods.nowcast.triangle import hidden

Floats = NDArray[np.float64]
LEAST = 3
"""From fewer editions nothing can be said of delays."""
MOST = 9
"""So many editions are read, the newest; delays of up to 8 weeks."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """One week of one place: what was reported by now, and what is expected once all is, with a 95 % interval."""

    week: str
    reported: float
    estimate: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Nowcast:
    """`editions`: so many were there; `weeks`: oldest first, the last is the week itself, empty where they were fewer
    than three; `spread`: how much more counties differ in their delays than chance alone would have them (1: no more),
    by which the intervals are widened; `made`: how."""

    editions: int
    weeks: tuple[Corrected, ...] = ()
    spread: float = 1.0
    made: Mapping[str, Any] | None = None


def nowcast(vintages: Sequence[Series], week: str, area: str = "", group: str = "") -> Nowcast:
    """Of a place and group in a week. `vintages`: the series of each edition, oldest first. What an edition takes back
    counts as no report of that week. Weeks without an edition count as weeks in which nothing was reported."""
    then = [each for each in vintages if str(each.label[-1]) <= week][-MOST:]
    kept = {str(each.label[-1]): each for each in then}
    if len(kept) < LEAST or week not in kept:
        return Nowcast(len(kept))
    now = kept[week]
    first = now.at(next(iter(kept)))
    span = [str(label) for label in now.label[first:]]
    try:
        own = _triangle(kept, span, area, group)
        others = [_triangle(kept, span, each, group) for each, other in now.keys if each and other == group]
        found = lawless(own)
    except CamphoraError:  # of a place that an edition does not hold
        return Nowcast(len(kept))
    spread = _spread(others or [own])
    estimate, reported = found.estimate[0], found.reported[0]
    low = np.maximum(reported, estimate - (estimate - found.lower[0]) * spread)
    high = estimate + (found.upper[0] - estimate) * spread
    made = {**found.made.plain(), "editions": len(kept), "spread": round(spread, 3)}
    weeks = tuple(
        Corrected(label, *(float(values[at]) for values in (reported, estimate, low, high)))
        for at, label in enumerate(span)
    )
    return Nowcast(len(kept), weeks, spread, made)


def _triangle(kept: Mapping[str, Series], span: Sequence[str], area: str, group: str) -> Floats:
    """Reports by week and by weeks of delay, NaN where they lie ahead."""
    size = len(span)
    told = np.full((size, size), np.nan)
    for delay_from, label in enumerate(span):
        if label in kept:
            edition = kept[label]
            row = edition.counts[edition.row(area, group)]
            for week in range(delay_from + 1):
                told[week, delay_from - week] = row[edition.at(span[week])]
    for delay in range(size):
        before = told[:, delay - 1] if delay else np.zeros(size)
        told[:, delay] = np.where(np.isnan(told[:, delay]), before, told[:, delay])
    told = np.maximum.accumulate(np.nan_to_num(told), axis=1)
    counts: Floats = np.diff(told, axis=1, prepend=0.0)
    counts[hidden(size, size)] = np.nan
    return counts


def _spread(triangles: Sequence[Floats]) -> float:
    """The square root of Pearson's dispersion of what places report at each delay about the delays of all of them."""
    counts = np.array(triangles)
    until = np.nancumsum(counts, axis=2)
    apart, number = 0.0, 0
    for delay in range(1, counts.shape[2]):
        known = ~np.isnan(counts[:, :, delay])
        came, all_by = counts[:, :, delay][known], until[:, :, delay][known]
        share = came.sum() / all_by.sum() if all_by.sum() else 0.0
        if 0 < share < 1:
            some = all_by > 0
            expected = all_by[some] * share
            apart += float(((came[some] - expected) ** 2 / (expected * (1 - share))).sum())
            number += int(some.sum()) - 1
    return max(1.0, float(np.sqrt(apart / number))) if number > 0 else 1.0

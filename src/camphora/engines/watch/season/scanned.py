"""The scan of every day of a season, each with nothing but the days up to it: which clusters it would have shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from camphora.engines.watch.season.counts import Counts
from camphora.engines.watch.season.declaration import Season

if TYPE_CHECKING:
    from camphora.methods.scan import kulldorff

SHOWN = 8
"""Clusters of a day at most."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """`places`: where townships stand in the counts, the centre first; `radius` in km around it; `begin`: the day on
    which it begins, by its place among the days; it lasts to the day of the scan."""

    places: tuple[int, ...]
    radius: float
    begin: int
    cases: float
    expected: float
    p: float

    @property
    def ratio(self) -> float:
        return self.cases / self.expected if self.expected else float("inf")


@dataclass(frozen=True, slots=True)
class Scanned:
    """`clusters` of each day, the most likely first, with all that were found; `made`: how, with every parameter."""

    clusters: tuple[tuple[Cluster, ...], ...]
    made: Mapping[str, Any]


def warning(season: Season, found: Iterable[Cluster]) -> tuple[Cluster, ...]:
    """Those that warn: improbable enough, and of enough cases."""
    rule = season.scan
    return tuple(each for each in found if each.p <= rule.alpha and each.cases >= rule.least)


def scanned_of(season: Season, counts: Counts) -> Scanned:
    """The scan of every day."""
    each = [clusters_of(season, counts, at) for at in range(len(counts.days))]
    return Scanned(tuple(found for found, _ in each), each[-1][1])


def clusters_of(season: Season, counts: Counts, at: int) -> tuple[tuple[Cluster, ...], Mapping[str, Any]]:
    """Kulldorff's prospective space-time scan of one day: Poisson, by people, over the last days of the window; and how
    it was made. The seed is the day's place among the days, so that every run gives the same. A day before the first
    whole window shows none."""
    first = at + 1 - season.scan.window
    if first < 0:
        return (), {}
    from camphora.methods.scan import kulldorff  # loads numba, which whoever only reads does without

    made = kulldorff.space_time(
        counts.cases[:, first : at + 1],
        np.array([each.people for each in counts.townships], dtype=np.float64),
        np.array([(each.latitude, each.longitude) for each in counts.townships]),
        most=season.scan.most,
        longest=season.scan.longest,
        alive=True,
        replicates=season.scan.replicates,
        seed=at,
        clusters=SHOWN,
        geographic=True,
    )
    return _clusters(made, first), made.made.plain()


def _clusters(made: kulldorff.Clusters, first: int) -> tuple[Cluster, ...]:
    return tuple(
        Cluster(
            tuple(int(each) for each in made.places[number]),
            float(made.radius[number]),
            first + int(made.begin[number]),
            float(made.cases[number]),
            float(made.expected[number]),
            float(made.p[number]),
        )
        for number in range(len(made.places))
    )

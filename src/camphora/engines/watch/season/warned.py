"""When each township was first warned of, against the day on which its counts alone made it plain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from camphora.engines.watch.season.counts import Counts, Floats
from camphora.engines.watch.season.declaration import Season
from camphora.engines.watch.season.scanned import Scanned, warning


@dataclass(frozen=True, slots=True)
class Warned:
    """Of one township, by its place in the counts; days by their place, None: never. `first`: the first day on which it
    lies in a cluster that warns, `own`: its own cases in the days of `plain` up to then; `plain`: the first day on
    which these reach the declared number; `total`: its cases of the season."""

    township: int
    first: int | None
    own: float
    plain: int | None
    total: float

    @property
    def lead(self) -> int | None:
        """Days from the first warning to the plain day: above 0, the warning came first."""
        return None if self.first is None or self.plain is None else self.plain - self.first


def recent(cases: Floats, days: int) -> Floats:
    """Cases of the last days, of each row and day."""
    summed = np.cumsum(cases, axis=-1)
    summed[..., days:] -= summed[..., :-days].copy()
    return summed


def warned(
    season: Season, counts: Counts, scanned: Scanned, *, until: int | None = None
) -> tuple[Warned, ...]:
    """Every township with a case or a warning up to a day (the last one where none is given), in the order of the
    warnings."""
    last = len(counts.days) - 1 if until is None else until
    first: dict[int, int] = {}
    for at in range(last + 1):
        for cluster in warning(season, scanned.clusters[at]):
            for place in cluster.places:
                first.setdefault(place, at)
    lately = recent(counts.cases, season.plain.days)
    found = []
    for place in range(len(counts.townships)):
        total = float(counts.cases[place, : last + 1].sum())
        plain = np.flatnonzero(lately[place, : last + 1] >= season.plain.cases)
        if total or place in first:
            day = first.get(place)
            own = 0.0 if day is None else float(lately[place, day])
            found.append(Warned(place, day, own, int(plain[0]) if len(plain) else None, total))
    never = len(counts.days)
    return tuple(sorted(found, key=lambda each: (never if each.first is None else each.first, -each.total)))

"""A season over one state of its data: counts, clusters of every day, warnings, growth and R."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from camphora.engines.watch.once import Once
from camphora.engines.watch.season.counts import Counts, Floats
from camphora.engines.watch.season.declaration import Season
from camphora.engines.watch.season.growth import Growth, growth_of
from camphora.engines.watch.season.scanned import Cluster, Scanned, clusters_of, scanned_of, warning
from camphora.engines.watch.season.warned import Warned, warned
from camphora.engines.watch.workshop import Job
from camphora.errors import Lang
from camphora.methods.reproduction import cori


@dataclass(frozen=True)
class Followed:
    """As `Watched` is of a watch by week. `as_of`, `source`, `version`: of the table that is counted."""

    watch: Season
    counts: Counts
    as_of: str
    source: Mapping[str, str]
    version: str
    job: Job | None = field(default=None, compare=False, repr=False)
    beforehand: bool = True
    """All days are scanned in a thread as soon as somebody asks for them."""
    _whole: Once[Scanned] = field(default_factory=Once, compare=False, repr=False)
    _days: dict[int, Once[tuple[Cluster, ...]]] = field(default_factory=dict, compare=False, repr=False)

    sharing = ()
    is_weighed = True
    """It shares no budget of signals, and its first picture waits for no scan."""

    def ready(self, day: str) -> bool:
        """Whether the page of a day (the last where empty) need not wait for its scan, which is begun."""
        if self.job is None or self.is_foreseen or (day and day not in self.counts.days):
            return True
        at = self.counts.at(day) if day else len(self.counts.days) - 1
        return self._day(at).soon(lambda: clusters_of(self.watch, self.counts, at)[0], SOON) is not None

    def _day(self, at: int) -> Once[tuple[Cluster, ...]]:
        return self._days.setdefault(at, Once())

    def choices(self, kind: str) -> list[str]:
        """What an address may name: days, or townships with a case (the empty one is all)."""
        if kind == "day":
            return list(self.counts.days)
        if kind == "area":
            with_case = self.counts.cases.sum(axis=1) > 0
            pairs = zip(self.counts.townships, with_case, strict=True)
            return ["", *(each.code for each, has in pairs if has)]
        return []

    def place_name(self, code: str, lang: Lang) -> str:
        """A township as a list of choices names it. Invalid `watch-no-series`."""
        one = self.counts.townships[self.counts.township(code)]
        return one.name if lang == "zh-TW" else one.name_en

    @property
    def scanned(self) -> Scanned:
        """The clusters of every day; waits until they are made, some forty seconds of work."""
        return self._whole.waited(self._scanned)

    @property
    def is_foreseen(self) -> bool:
        """Whether all days have been scanned."""
        return self._whole.made is not None or (self.job is not None and self.job.is_done("season"))

    def clusters(self, at: int) -> tuple[Cluster, ...]:
        """Those of a day that warn, the most likely first."""
        if self.is_foreseen:
            return warning(self.watch, self.scanned.clusters[at])
        found = self._day(at).waited(lambda: clusters_of(self.watch, self.counts, at)[0])
        return warning(self.watch, found)

    def warned(self) -> tuple[Warned, ...] | None:
        """Of the whole season; None while the days are being scanned, which begins now."""
        if self.job is not None and not self.is_foreseen:
            return None
        if self.is_foreseen:
            return warned(self.watch, self.counts, self.scanned)
        made = self._whole.soon(self._scanned) if self.beforehand else None
        return None if made is None else warned(self.watch, self.counts, made)

    @property
    def _scanned(self) -> Callable[[], Scanned]:
        season, counts, job = self.watch, self.counts, self.job
        return lambda: (job and job.season()) or scanned_of(season, counts)

    def growth(self, county: str, at: int) -> Growth | None:
        """Of a county's last days up to a day; None where there are too few cases."""
        counted = self.counts.by_county.get(county)
        first = max(0, at + 1 - self.watch.growth)
        return None if counted is None else growth_of(counted[first : at + 1])

    @cached_property
    def _rt(self) -> Callable[[str, int], Floats | None]:
        rule, names = self.watch.reproduction, list(self.watch.counties)
        cases = np.array([self.counts.by_county.get(name, np.zeros(len(self.counts.days))) for name in names])
        found = cori.certain(cases, mean=rule.mean, sd=rule.sd, window=rule.window)
        ends = {int(end): number for number, end in enumerate(found.ends)}
        levels = (cori.QUANTILES.index(0.025), cori.QUANTILES.index(0.5), cori.QUANTILES.index(0.975))
        lately = np.cumsum(cases, axis=1)

        def of(county: str, at: int) -> Floats | None:
            row, window = names.index(county), ends.get(at)
            before = lately[row, at - rule.window] if at >= rule.window else 0.0
            if window is None or lately[row, at] - before < FEWEST:
                return None
            values: Floats = found.quantiles[row, window, list(levels)]
            return None if np.isnan(values).any() else values

        return of

    def reproduction(self, county: str, at: int) -> Floats | None:
        """R of the days up to a day: 2.5 %, middle and 97.5 % of its posterior; None where there are too few cases."""
        return self._rt(county, at)


SOON = 0.25
"""Seconds that a page waits for the scan of its day before it says that this is being made."""
FEWEST = 11
"""Cori and others ask for so many cases in a window, for the posterior's coefficient of variation to be 0.3."""

"""What an address asks for: which watch, in which week, of which place and group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from camphora.engines.watch.declaration import Watch
from camphora.engines.watch.series import ALL_KEY, NATION_KEY
from camphora.engines.watch.watching import Watched
from camphora.errors import NotFound

Floats = NDArray[np.float64]
Verdict = Literal["unknown", "first", "late", "above", "within"]
LATE = 5
"""So many cases are expected where none is no likely count: by chance it comes once in 150 weeks."""


@dataclass(frozen=True, slots=True)
class Count:
    """One count held against what was to be expected by the method that ranks it; None where that is not known."""

    observed: float | None
    expected: float | None
    upper: float | None

    @property
    def ratio(self) -> float | None:
        """How many times the expected count."""
        return self.observed / self.expected if self.observed is not None and self.expected else None

    @property
    def verdict(self) -> Verdict:
        """`first`: cases where the weeks that it is compared with had none, so that no bound can be; `late`: none where
        so many are expected that the place has perhaps not reported yet."""
        if self.observed is None or self.upper is None:
            return "unknown"
        if not self.expected and not self.upper:
            return "first" if self.observed else "within"
        if not self.observed and (self.expected or 0) >= LATE:
            return "late"
        return "above" if self.observed > self.upper else "within"

    @property
    def above(self) -> bool:
        return self.verdict == "above"


@dataclass(frozen=True, slots=True)
class Asked:
    """`at`: the week's place in the series, `row`: that of the place and group; `system`: whose page it is."""

    watched: Watched
    at: int
    row: int
    system: str

    @property
    def watch(self) -> Watch:
        return self.watched.watch

    @property
    def area(self) -> str:
        return self.watched.series.keys[self.row][0]

    @property
    def group(self) -> str:
        return self.watched.series.keys[self.row][1]

    @property
    def week(self) -> str:
        return str(self.watched.series.label[self.at])

    @property
    def counts(self) -> Floats:
        """Those of the place and group, of all weeks."""
        row: Floats = self.watched.series.counts[self.row]
        return row

    @property
    def areas(self) -> list[str]:
        """All places, without the nation."""
        return [area for area in self.watched.choices("area") if area]

    def rows(self, area: str) -> list[int]:
        """The rows of a place's groups; empty where places are not parted."""
        keys = self.watched.series.keys
        return [row for row, (each, group) in enumerate(keys) if each == area and group]

    def row_of(self, area: str, group: str) -> int:
        return self.watched.series.row(area, group)

    def count(self, row: int, at: int) -> Count:
        """One count with what was expected of it."""
        sweep = self.watched.sweep
        lead = sweep.evidence[int(sweep.by[row, at])]
        observed = known(self.watched.series.counts[row, at])
        return Count(observed, known(lead.expected[row, at]), known(lead.upper[row, at]))

    def counts_of(self, row: int, weeks: range) -> list[Count]:
        """As `count`, of weeks that follow one another."""
        sweep, span = self.watched.sweep, slice(weeks.start, weeks.stop)
        by = sweep.by[row, span]
        expected = np.choose(by, [one.expected[row, span] for one in sweep.evidence])
        upper = np.choose(by, [one.upper[row, span] for one in sweep.evidence])
        found = (self.watched.series.counts[row, span], expected, upper)
        values = [[None if value != value else value for value in each.tolist()] for each in found]  # noqa: PLR0124
        return [Count(*each) for each in zip(*values, strict=True)]


def asked(watched: Mapping[str, Watched], parameters: Mapping[str, str]) -> Asked:
    """What the parameters mean: a signal by its `key`, or a `watch`, `week`, `area` and `group`; what is not said is
    the first watch, the last week, the nation, all groups. NotFound `watch-no-signal`, Invalid `watch-no-week`,
    `watch-no-series`."""
    if "key" in parameters:
        return _of_key(watched, parameters["key"], parameters.get("system", ""))
    name, week, area, group = (parameters.get(each, "") for each in ("watch", "week", "area", "group"))
    found = watched.get(name or next(iter(watched)))
    if found is None:
        raise NotFound("watch-no-signal")
    at = found.series.at(week) if week else len(found.series.label) - 1
    return Asked(found, at, found.series.row(area, group), parameters.get("system", ""))


def _of_key(watched: Mapping[str, Watched], key: str, system: str) -> Asked:
    """What a signal's key means, `ili-2019-05-65000-0-6`; names of places and groups may hold a hyphen."""
    name, year, week, rest = ([*key.split("-", 3), "", "", ""])[:4]
    if name not in watched or not rest:
        raise NotFound("watch-no-signal")
    found = watched[name]
    at = found.series.at(f"{year}-{week}")
    names = [f"{area or NATION_KEY}-{group or ALL_KEY}" for area, group in found.series.keys]
    if rest not in names:
        raise NotFound("watch-no-signal")
    return Asked(found, at, names.index(rest), system)


def key_of(watch: str, week: str, area: str, group: str) -> str:
    return "-".join((watch, week, area or NATION_KEY, group or ALL_KEY))


def known(value: float) -> float | None:
    """None for a value that is not known."""
    return None if np.isnan(value) else float(value)
